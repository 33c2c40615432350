/** The events of a sealed block for folding, taken out of its columns one by one. `wholeEvents` and the rows of the block are the plain ways. */
import type { EventType } from '../../events/catalogue.ts'
import type { FoldableEvent } from '../../events/envelope.ts'
import type { PackedPage } from '../../fold/page.ts'
import { isoOf } from '../../kernel/clock.ts'
import { isTime, timeText } from './envelope.ts'
import { type HotHalf, isAny, openHot, type RowRange } from './open.ts'
import type { DataMaker } from './shape.ts'

/**
 * What folding looks at of a block's events, from `hot` alone; `null` when only the plain way can tell.
 *
 * @param part the events that are wanted, by their place in the block; all of them if left out
 */
export function packedPage(hotBytes: Uint8Array, part?: RowRange): PackedPage | null {
  const hot = openHot(hotBytes, part)
  if (hot === null || !hot.isWhole) return null
  const types = hot.shapes.flatMap(({ type }) => (type === null ? [] : [type]))
  if (types.length < hot.shapes.length || !hot.times.every(isTime)) return null
  return {
    length: hot.wanted.to - hot.wanted.from,
    types,
    kinds: part === undefined ? hot.shapeOf : hot.shapeOf.slice(part.from, part.to),
    next: nextOf(hot, types),
    latestTime: (counts) => latestTime(hot, counts),
    [Symbol.iterator]: () => eachAnew(hot, types),
  }
}

const nothing: DataMaker = () => ({})

function makersOf({ shapes, columns, rows }: HotHalf): readonly DataMaker[] {
  return shapes.map(
    ({ folded }, number) => (isAny(rows[number]) ? folded?.(columns[number] ?? []) : null) ?? nothing,
  )
}

/** One event that is filled anew each time: a fold keeps parts of its data, and nothing else of it. */
function nextOf(hot: HotHalf, types: readonly EventType[]): (place: number) => FoldableEvent {
  const { header, shapeOf, times } = hot
  const { from } = hot.wanted
  const makers = makersOf(hot)
  const rows = hot.rows.map((range) => range.from)
  const event = { type: '', version: 0, time: '', data: {} as unknown }
  return (index) => {
    const place = from + index
    const kind = shapeOf[place] ?? 0
    const row = rows[kind] ?? 0
    rows[kind] = row + 1
    event.type = types[kind] ?? ''
    event.version = header.firstVersion + place
    event.time = timeText(times[place]) ?? ''
    event.data = makers[kind]?.(row)
    // The shape is one of today, so its data has the form that the type's schema has accepted.
    return event as FoldableEvent
  }
}

function* eachAnew(hot: HotHalf, types: readonly EventType[]): Generator<FoldableEvent, void, undefined> {
  const next = nextOf(hot, types)
  for (let index = 0; index < hot.wanted.to - hot.wanted.from; index++) {
    yield { ...next(index) }
  }
}

/** Between these milliseconds, texts of times are in the same order as their numbers. */
const yearZeroMs = -62_167_219_200_000
const year10000Ms = 253_402_300_800_000

function latestTime(hot: HotHalf, counts: readonly boolean[]): string | null {
  const { from, to } = hot.wanted
  const shapeOf = hot.shapeOf.slice(from, to)
  const times = hot.times.slice(from, to)
  let latestMs = Number.NEGATIVE_INFINITY
  for (let place = 0; place < times.length; place++) {
    if (counts[shapeOf[place] ?? 0] !== true) continue
    const time = times[place]
    if (typeof time !== 'number' || time < yearZeroMs || time >= year10000Ms)
      return latestText(shapeOf, times, counts)
    if (time > latestMs) latestMs = time
  }
  return latestMs === Number.NEGATIVE_INFINITY ? null : isoOf(latestMs)
}

/** The plain twin, for times of any form. */
function latestText(
  shapeOf: readonly number[],
  times: readonly unknown[],
  counts: readonly boolean[],
): string | null {
  let latest: string | null = null
  for (const [place, time] of times.entries()) {
    const text = counts[shapeOf[place] ?? 0] === true ? timeText(time) : null
    if (text !== null && (latest === null || text > latest)) latest = text
  }
  return latest
}
