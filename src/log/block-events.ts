/**
 * The events of a sealed block without the detour over their rows: for folding alone, or whole. The plain way is `unsealedRows` and
 * `decodeRow`. A block with anything unusual in it (a row that was kept as its texts, an event of another age) goes that way.
 *
 * Data was checked against its schema before it was sealed, so an event of a shape of today is not checked again.
 */
import { isEventType, schemaVersionOf } from '../events/catalogue.ts'
import type { FoldableEvent, LoggedEvent } from '../events/envelope.ts'
import { envelopeAt, timeText } from './block-envelope.ts'
import type { SealedBlock } from './block-format.ts'
import { type HotHalf, openCold, openHot } from './block-open.ts'
import { makerOf } from './block-shape.ts'

/** What folding looks at of a block's events, from `hot` alone; `null` when only the plain way can tell. */
export function foldableEvents(hotBytes: Uint8Array): readonly FoldableEvent[] | null {
  const hot = openHot(hotBytes)
  if (hot === null || !hot.isWhole || !isUsual(hot)) return null
  const { header, shapeOf, times, columns } = hot
  const makers = header.shapes.map(({ data }, number) => makerOf(data, columns[number] ?? []))
  const types = header.shapes.map(({ type }) => type ?? '')
  const rowOfShape = header.shapes.map(() => 0)
  const events = new Array<FoldableEvent>(shapeOf.length)
  for (let index = 0; index < shapeOf.length; index++) {
    const number = shapeOf[index] ?? 0
    const row = rowOfShape[number] ?? 0
    rowOfShape[number] = row + 1
    const time = timeText(times[index])
    if (time === null) return null
    const data = makers[number]?.(row) ?? {}
    const event = { type: types[number], version: header.firstVersion + index, time, data }
    // `isUsual` has found the type to be known and its shape to be that of today.
    events[index] = event as FoldableEvent
  }
  return events
}

/** The events of a block; `null` when only the plain way can tell. */
export function wholeEvents({
  hot: hotBytes,
  cold: coldBytes,
}: Pick<SealedBlock, 'hot' | 'cold'>): readonly LoggedEvent[] | null {
  const hot = openHot(hotBytes)
  if (hot === null || !isUsual(hot)) return null
  const cold = openCold(coldBytes, hot)
  if (cold === null || !hot.isWhole || !cold.isWhole) return null
  const makers = hot.header.shapes.map(({ data }, number) => makerOf(data, cold.columns[number] ?? []))
  const rowOfShape = hot.header.shapes.map(() => 0)
  const events: LoggedEvent[] = []
  for (const [index, number] of hot.shapeOf.entries()) {
    const row = rowOfShape[number] ?? 0
    rowOfShape[number] = row + 1
    const shape = hot.header.shapes[number]
    const envelope = envelopeAt(hot, cold, index)
    if (shape === undefined || envelope === null) return null
    events.push({
      id: envelope.id,
      sessionId: hot.header.sessionId,
      version: envelope.version,
      position: envelope.position,
      schemaVersion: shape.schemaVersion ?? 1,
      time: envelope.time,
      recordedAt: envelope.recordedAt,
      actor: envelope.actor,
      commandId: envelope.commandId,
      index: envelope.index,
      causationId: envelope.causationId,
      correlationId: envelope.correlationId,
      ignorable: shape.ignorable === true,
      type: shape.type,
      data: makers[number]?.(row),
      // `isUsual` has found the type to be known and its shape to be that of today.
    } as LoggedEvent)
  }
  return events
}

function isUsual({ header }: HotHalf): boolean {
  return header.shapes.every(
    ({ type, schemaVersion }) =>
      type !== undefined && isEventType(type) && schemaVersion === schemaVersionOf(type),
  )
}
