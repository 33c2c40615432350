/** Opens the two halves of a block: lines of JSON to columns. What cannot be read is `null`, and nothing is guessed in its place. */
import { isAscii } from 'node:buffer'
import { z } from 'zod'
import { expand } from '../kernel/compress.ts'
import { limits } from '../kernel/limits.ts'
import { columnValues } from './block-columns.ts'
import { type BlockHeader, type ColdField, coldFields, isCold } from './block-format.ts'
import { type LeafColumns, leavesOf } from './block-shape.ts'

export interface HotHalf {
  readonly header: BlockHeader
  /** The number of its shape, for each event. */
  readonly shapeOf: readonly number[]
  /** When each event happened, in milliseconds since 1970 or as it was written. */
  readonly times: readonly unknown[]
  /** The columns of each shape; `null` for those in `cold`, and for one that cannot be read. */
  readonly columns: readonly LeafColumns[]
  /** Every line could be read. */
  readonly isWhole: boolean
}

export interface ColdHalf {
  readonly fields: Readonly<Record<ColdField, readonly unknown[] | null>>
  /** The columns of each shape, those of `hot` among them. */
  readonly columns: readonly LeafColumns[]
  readonly isWhole: boolean
}

const shape = z.strictObject({
  type: z.string().optional(),
  schemaVersion: z.int().optional(),
  ignorable: z.literal(true).optional(),
  data: z.custom<BlockHeader['shapes'][number]['data']>((value) => leavesOf(value) !== null),
  cold: z.array(z.int()).optional(),
})

const headerShape = z.strictObject({
  format: z.literal(1),
  sessionId: z.string(),
  firstVersion: z.int().min(1),
  count: z.int().min(1).max(limits.blockEventsMax),
  shapes: z.array(shape).min(1),
  salts: z.array(z.tuple([z.int().min(0), z.int().min(0)])).optional(),
})

/** Compiled when the first block is opened: most commands open none. */
let compiledHeader: typeof headerShape | undefined

/** `null` when not even the header, or which event has which shape, can be read. */
export function openHot(bytes: Uint8Array): HotHalf | null {
  const lines = linesOf(bytes)
  compiledHeader ??= z.compile(headerShape)
  const parsed = compiledHeader.safeParse(parsedLine(lines[0]))
  const texts = parsedLine(lines[1])
  if (!parsed.success || !Array.isArray(texts)) return null
  // A shape without an optional key and one with `undefined` there are the same to every reader.
  const header = parsed.data as BlockHeader
  const { count, shapes } = header
  const shapeOf = columnValues(lines[2], count, [])
  const times = columnValues(lines[3], count, [])
  if (shapeOf === null || times === null || !areShapes(shapeOf, shapes)) return null
  const rowsOf = rowCounts(shapeOf, shapes.length)
  let line = firstHotColumn
  let isWhole = true
  const columns = shapes.map((shape, number) => {
    const read: (readonly unknown[] | null)[] = []
    for (let leaf = 0; leaf < (leavesOf(shape.data) ?? 0); leaf++) {
      if (isCold(shape, leaf)) {
        read.push(null)
        continue
      }
      const values = columnValues(lines[line++], rowsOf[number] ?? 0, texts)
      if (values === null) isWhole = false
      read.push(values)
    }
    return read
  })
  return { header, shapeOf, times, columns, isWhole }
}

const firstHotColumn = 4

/** `null` when it cannot be expanded. */
export function openCold(packed: Uint8Array, hot: HotHalf): ColdHalf | null {
  const bytes = expand(packed, limits.blockBytesMax)
  if (bytes === null) return null
  const lines = linesOf(bytes)
  const { count, shapes } = hot.header
  const rowsOf = rowCounts(hot.shapeOf, shapes.length)
  let isWhole = true
  let line = 0
  const next = (rows: number): readonly unknown[] | null => {
    const values = columnValues(lines[line++], rows, [])
    if (values === null) isWhole = false
    return values
  }
  const fields = Object.fromEntries(coldFields.map((field) => [field, next(count)]))
  const columns = shapes.map((shape, number) =>
    (hot.columns[number] ?? []).map((values, leaf) =>
      isCold(shape, leaf) ? next(rowsOf[number] ?? 0) : values,
    ),
  )
  // One entry for each name.
  return { fields: fields as ColdHalf['fields'], columns, isWhole }
}

function rowCounts(shapeOf: readonly number[], shapes: number): readonly number[] {
  const counts = new Array<number>(shapes).fill(0)
  for (const number of shapeOf) counts[number] = (counts[number] ?? 0) + 1
  return counts
}

function areShapes(numbers: readonly unknown[], shapes: BlockHeader['shapes']): numbers is readonly number[] {
  return numbers.every((number) => typeof number === 'number' && shapes[number] !== undefined)
}

function linesOf(bytes: Uint8Array): readonly string[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return text.toString(isAscii(text) ? 'latin1' : 'utf8').split('\n')
}

function parsedLine(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '')
  } catch {
    return undefined
  }
}
