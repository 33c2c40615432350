/**
 * The whole events of a sealed block without the detour over their rows. The plain way is `unsealedRows` and `decodeRow`. A block with
 * anything unusual in it (a row that was kept as its texts, an event of another age) goes that way.
 *
 * Data was checked against its schema before it was sealed, so an event of a shape of today is not checked again.
 */
import type { LoggedEvent } from '../../events/envelope.ts'
import { envelopeAt } from './envelope.ts'
import type { SealedBlock } from './format.ts'
import { type HotHalf, isAny, openCold, openHot, type RowRange } from './open.ts'
import { makerOf } from './shape.ts'

/** The events of a block, or those of some places in it; `null` when only the plain way can tell. */
export function wholeEvents(
  { hot: hotBytes, cold: coldBytes }: Pick<SealedBlock, 'hot' | 'cold'>,
  part?: RowRange,
): readonly LoggedEvent[] | null {
  const hot = openHot(hotBytes, part)
  if (hot === null || !isUsual(hot)) return null
  const cold = openCold(coldBytes, hot)
  if (cold === null || !hot.isWhole || !cold.isWhole) return null
  const makers = hot.shapes.map(({ shape: { data } }, number) =>
    isAny(hot.rows[number]) ? makerOf(data, cold.columns[number] ?? []) : null,
  )
  const rowOfShape = hot.rows.map(({ from }) => from)
  const events: LoggedEvent[] = []
  for (let index = hot.wanted.from; index < hot.wanted.to; index++) {
    const number = hot.shapeOf[index] ?? 0
    const row = rowOfShape[number] ?? 0
    rowOfShape[number] = row + 1
    const envelope = envelopeAt(hot, cold, index)
    if (envelope === null) return null
    // `isUsual` has found the type to be known and its shape to be that of today.
    events.push({ ...envelope, data: makers[number]?.(row) } as LoggedEvent)
  }
  return events
}

function isUsual({ shapes }: HotHalf): boolean {
  return shapes.every(({ type }) => type !== null)
}
