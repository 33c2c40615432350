/** Opens the two halves of a block: lines of JSON to columns. What cannot be read is `null`, and nothing is guessed in its place. */
import { z } from 'zod'
import { expand } from '../../kernel/compress.ts'
import { limits } from '../../kernel/limits.ts'
import { columnValues } from './columns.ts'
import { type BlockHeader, type ColdField, coldFields, type HeaderLine, isCold } from './format.ts'
import { type KnownShape, knownShape } from './known-shapes.ts'
import { type BlockLines, linesOf, lineText, parsedLine } from './lines.ts'
import type { LeafColumns } from './shape.ts'

/** Rows of a column, or events of a block, by their place in it: the first, and the one behind the last. */
export interface RowRange {
  readonly from: number
  readonly to: number
}

export interface HotHalf {
  readonly header: BlockHeader
  readonly shapes: readonly KnownShape[]
  /** The number of its shape, for each event. */
  readonly shapeOf: readonly number[]
  /** When each event happened, in milliseconds since 1970 or as it was written. */
  readonly times: readonly unknown[]
  /** The columns of each shape; `null` for those in `cold`, for one that cannot be read, and for those that no wanted event has. */
  readonly columns: readonly LeafColumns[]
  /** The events that are wanted. */
  readonly wanted: RowRange
  /** The rows of each shape that belong to them. */
  readonly rows: readonly RowRange[]
  /** Every line that they need could be read. */
  readonly isWhole: boolean
}

export interface ColdHalf {
  readonly fields: Readonly<Record<ColdField, readonly unknown[] | null>>
  /** The columns of each shape, those of `hot` among them. */
  readonly columns: readonly LeafColumns[]
  readonly isWhole: boolean
}

const headerShape = z.strictObject({
  format: z.literal(1),
  sessionId: z.string(),
  firstVersion: z.int().min(1),
  count: z.int().min(1).max(limits.blockEventsMax),
  shapes: z.int().min(1).max(limits.blockEventsMax),
  salts: z.array(z.tuple([z.int().min(0), z.int().min(0)])).optional(),
})

/** Compiled when the first block is opened: most commands open none. */
let compiledHeader: typeof headerShape | undefined

/**
 * `null` when not even the header, or which event has which shape, can be read.
 *
 * @param part the events that are wanted, all of them if left out: columns that only others have are passed over
 */
export function openHot(bytes: Uint8Array, part?: RowRange): HotHalf | null {
  const lines = linesOf(bytes)
  compiledHeader ??= z.compile(headerShape)
  const parsed = compiledHeader.safeParse(parsedLine(lines, 0))
  if (!parsed.success) return null
  // A header without an optional key and one with `undefined` there are the same to every reader.
  const headerLine = parsed.data as HeaderLine
  const { count } = headerLine
  const shapes = shapesIn(lines, headerLine.shapes)
  let line = 1 + headerLine.shapes
  const texts = parsedLine(lines, line++)
  const shapeOf = columnValues(lines, line++, count, [])
  const times = columnValues(lines, line++, count, [])
  if (shapes === null || !Array.isArray(texts) || times === null) return null
  if (shapeOf === null || !areShapes(shapeOf, shapes)) return null
  const wanted = part ?? { from: 0, to: count }
  const rowsOf = rowCounts(shapeOf, shapes.length)
  const rows = rowsAmong(shapeOf, shapes.length, wanted)
  let isWhole = true
  const columns = shapes.map(({ shape, leaves }, number) => {
    const read: (readonly unknown[] | null)[] = []
    const isWanted = isAny(rows[number])
    for (let leaf = 0; leaf < leaves; leaf++) {
      if (isCold(shape, leaf)) {
        read.push(null)
        continue
      }
      const values = isWanted ? columnValues(lines, line, rowsOf[number] ?? 0, texts) : null
      line += 1
      if (isWanted && values === null) isWhole = false
      read.push(values)
    }
    return read
  })
  const header = { ...headerLine, shapes: shapes.map(({ shape }) => shape) }
  return { header, shapes, shapeOf, times, columns, wanted, rows, isWhole }
}

/** Which rows of each shape belong to events of a range. */
function rowsAmong(shapeOf: readonly number[], shapes: number, { from, to }: RowRange): readonly RowRange[] {
  if (from === 0 && to === shapeOf.length)
    return rowCounts(shapeOf, shapes).map((count) => ({ from: 0, to: count }))
  const before = rowCounts(shapeOf.slice(0, from), shapes)
  const among = rowCounts(shapeOf.slice(from, to), shapes)
  return before.map((first, number) => ({ from: first, to: first + (among[number] ?? 0) }))
}

export function isAny(rows: RowRange | undefined): boolean {
  return rows !== undefined && rows.from < rows.to
}

/** The shapes on the lines after the header; `null` when one of them is none. */
function shapesIn(lines: BlockLines, count: number): readonly KnownShape[] | null {
  const shapes: KnownShape[] = []
  for (let number = 0; number < count; number++) {
    const shape = knownShape(lineText(lines, 1 + number))
    if (shape === null) return null
    shapes.push(shape)
  }
  return shapes
}

/** The other half, for the events that are wanted of `hot`; `null` when it cannot be expanded. */
export function openCold(packed: Uint8Array, hot: HotHalf): ColdHalf | null {
  const bytes = expand(packed, limits.blockBytesMax)
  if (bytes === null) return null
  const lines = linesOf(bytes)
  const { count } = hot.header
  const rowsOf = rowCounts(hot.shapeOf, hot.shapes.length)
  let isWhole = true
  let line = 0
  const next = (rows: number): readonly unknown[] | null => {
    const values = columnValues(lines, line++, rows, [])
    if (values === null) isWhole = false
    return values
  }
  const fields = Object.fromEntries(coldFields.map((field) => [field, next(count)]))
  const columns = hot.shapes.map(({ shape }, number) =>
    (hot.columns[number] ?? []).map((values, leaf) => {
      if (!isCold(shape, leaf)) return values
      if (isAny(hot.rows[number])) return next(rowsOf[number] ?? 0)
      line += 1
      return null
    }),
  )
  // One entry for each name.
  return { fields: fields as ColdHalf['fields'], columns, isWhole }
}

function rowCounts(shapeOf: readonly number[], shapes: number): readonly number[] {
  const counts: number[] = Array.from({ length: shapes }, () => 0)
  for (const number of shapeOf) counts[number] = (counts[number] ?? 0) + 1
  return counts
}

function areShapes(numbers: readonly unknown[], shapes: readonly KnownShape[]): numbers is readonly number[] {
  return numbers.every((number) => typeof number === 'number' && shapes[number] !== undefined)
}
