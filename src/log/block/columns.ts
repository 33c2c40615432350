/**
 * Columns of a sealed block: the values of one field over many events, as one line of JSON. The shortest form that gives the same
 * values back is taken:
 *
 * - `[…]`: the values themselves;
 * - `{"all":v}`: each is `v`;
 * - `{"sums":[…]}`: integers, each told by how far it is from the one before it;
 * - `{"refs":[…]}`: texts, each told by its place in the block's list of texts.
 */
import { integersIn } from './integers.ts'
import { type BlockLines, parsedLine, rangeOfLine } from './lines.ts'

/** Places in a block's list of texts. */
export type TextPlaces = ReadonlyMap<string, number>

const noTexts: TextPlaces = new Map()

/** One column as a line. */
export function columnLine(values: readonly unknown[], texts: TextPlaces = noTexts): string {
  const [first] = values
  if (values.every((value) => value === first) && typeof first !== 'object') return line({ all: first })
  if (values.every((value) => typeof value === 'string')) {
    const refs = values.map((text) => texts.get(text))
    return refs.includes(undefined) ? line(values) : line({ refs })
  }
  const plain = line(values)
  if (!values.every(Number.isSafeInteger)) return plain
  const sums = line({ sums: differences(values as readonly number[]) }) // each has just been found to be one
  return sums.length < plain.length ? sums : plain
}

/** JSON has no `undefined`: an empty column is `{"all":null}`. */
function line(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => (part === undefined ? null : part))
}

/** How far each number is from the one before it; the first from 0. Differences of safe integers may not be safe. */
function differences(values: readonly number[]): readonly number[] {
  return values.map((value, index) => value - (values[index - 1] ?? 0))
}

/** The values of the column in a line; `null` when the line is none of `count` values. */
export function columnValues(
  lines: BlockLines,
  line: number,
  count: number,
  texts: readonly string[],
): unknown[] | null {
  return integerColumn(lines, line, count, texts) ?? plainColumn(parsedLine(lines, line), count, texts)
}

/** A column that is nothing but integers, straight from its bytes; `null` for any other. `plainColumn` is its twin. */
export function integerColumn(
  lines: BlockLines,
  line: number,
  count: number,
  texts: readonly string[],
): unknown[] | null {
  const range = rangeOfLine(lines, line)
  if (range === null) return null
  const { bytes } = lines
  const [start, end] = range
  if (bytes[start] === bracketOpen) return integersIn(bytes, start, end, count)
  // `{"sums":` and `{"refs":` are equally long, and differ in their third letter.
  if (!isListOf(lines, start, end)) return null
  const listStart = start + refsBegin.length
  if (bytes[start + 2] === sumsLetter) return integersIn(bytes, listStart, end - 1, count, 'sums')
  const refs = integersIn(bytes, listStart, end - 1, count)
  return refs === null ? null : resolved(refs, texts)
}

const bracketOpen = 91
const braceClose = 125
const sumsBegin = Buffer.from('{"sums":')
const refsBegin = Buffer.from('{"refs":')
const [, , sumsLetter] = sumsBegin

function isListOf({ bytes }: BlockLines, start: number, end: number): boolean {
  const begin = bytes[start + 2] === sumsLetter ? sumsBegin : refsBegin
  return bytes[end - 1] === braceClose && begin.every((byte, index) => bytes[start + index] === byte)
}

/** The values of a column that was parsed as JSON; `null` when it is none of `count` values. */
export function plainColumn(column: unknown, count: number, texts: readonly string[]): unknown[] | null {
  if (Array.isArray(column)) return column.length === count ? column : null
  if (typeof column !== 'object' || column === null) return null
  // oxlint-disable-next-line unicorn/no-new-array -- of a known length: made by a function it costs several times as much
  if ('all' in column) return new Array<unknown>(count).fill(column.all)
  if ('refs' in column && Array.isArray(column.refs) && column.refs.length === count) {
    return resolved(column.refs, texts)
  }
  if ('sums' in column && Array.isArray(column.sums) && column.sums.length === count) {
    return summed(column.sums)
  }
  return null
}

function resolved(refs: readonly unknown[], texts: readonly string[]): unknown[] | null {
  // oxlint-disable-next-line unicorn/no-new-array -- of a known length: made by a function it costs several times as much
  const values = new Array<unknown>(refs.length)
  for (let index = 0; index < refs.length; index++) {
    const text = texts[Number(refs[index])]
    if (text === undefined) return null
    values[index] = text
  }
  return values
}

function summed(sums: readonly unknown[]): unknown[] | null {
  let sum = 0
  const values = sums.map((difference) => {
    sum += Number(difference)
    return sum
  })
  return Number.isSafeInteger(sum) ? values : null
}

/**
 * The texts of a block's list: those that stand in several places, the most frequent first, for these have the shortest numbers; then
 * the others of columns that are made up of repeated texts for the most part, so that all of such a column is told by places.
 */
export function listedTexts(columns: readonly (readonly unknown[])[]): readonly string[] {
  const counts = new Map<string, number>()
  for (const column of columns) {
    for (const value of column) if (typeof value === 'string') counts.set(value, (counts.get(value) ?? 0) + 1)
  }
  const repeated = [...counts]
    .filter(([, count]) => count > 1)
    .sort(([, a], [, b]) => b - a)
    .map(([text]) => text)
  const listed = new Set(repeated)
  for (const column of columns) {
    if (!column.every((value) => typeof value === 'string')) continue
    const known = column.filter((text) => listed.has(text)).length
    if (known * 2 >= column.length) for (const text of column) listed.add(text)
  }
  return [...listed]
}
