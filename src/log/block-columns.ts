/**
 * Columns of a sealed block: the values of one field over many events, as one line of JSON. The shortest form that gives the same
 * values back is taken:
 *
 * - `[…]`: the values themselves;
 * - `{"all":v}`: each is `v`;
 * - `{"sums":[…]}`: integers, each told by how far it is from the one before it;
 * - `{"refs":[…]}`: texts; a number stands for the text of that place in the block's list of repeated texts.
 */

/** Places of the texts that a block repeats. */
export type TextPlaces = ReadonlyMap<string, number>

const noTexts: TextPlaces = new Map()

/** One column as a line. */
export function columnLine(values: readonly unknown[], texts: TextPlaces = noTexts): string {
  const [first] = values
  if (values.every((value) => value === first) && typeof first !== 'object') return line({ all: first })
  if (values.every((value) => typeof value === 'string')) {
    return texts.size === 0 ? line(values) : line({ refs: values.map((text) => texts.get(text) ?? text) })
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

/** The values of a column; `null` when the line is none of `count` values. */
export function columnValues(
  text: string | undefined,
  count: number,
  texts: readonly string[],
): unknown[] | null {
  const column = parsed(text)
  if (Array.isArray(column)) return column.length === count ? column : null
  if (typeof column !== 'object' || column === null) return null
  if ('all' in column) return new Array<unknown>(count).fill(column.all)
  if ('refs' in column && Array.isArray(column.refs) && column.refs.length === count) {
    return resolved(column.refs, texts)
  }
  if ('sums' in column && Array.isArray(column.sums) && column.sums.length === count) {
    return summed(column.sums)
  }
  return null
}

function resolved(refs: unknown[], texts: readonly string[]): unknown[] | null {
  for (let index = 0; index < refs.length; index++) {
    const ref = refs[index]
    if (typeof ref !== 'number') continue
    const text = texts[ref]
    if (text === undefined) return null
    refs[index] = text
  }
  return refs
}

function summed(sums: unknown[]): unknown[] | null {
  let sum = 0
  for (let index = 0; index < sums.length; index++) {
    sum += Number(sums[index])
    sums[index] = sum
  }
  return Number.isSafeInteger(sum) ? sums : null
}

function parsed(text: string | undefined): unknown {
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Texts that stand in several places, the most frequent first: these have the shortest numbers. */
export function repeatedTexts(columns: Iterable<readonly unknown[]>): readonly string[] {
  const counts = new Map<string, number>()
  for (const column of columns) {
    for (const value of column) {
      if (typeof value === 'string' && value.length >= textLengthMin) {
        counts.set(value, (counts.get(value) ?? 0) + 1)
      }
    }
  }
  return [...counts]
    .filter(([, count]) => count > 1)
    .sort(([, a], [, b]) => b - a)
    .map(([text]) => text)
}

/** A shorter text is no longer than the number that would stand for it. */
const textLengthMin = 4
