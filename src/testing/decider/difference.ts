/** What was expected beside what was found, as text: the lines that differ, with some around them. */
import { inspect } from 'node:util'

/** Lines of one value that are compared at most; what follows is told as a number of lines. */
const linesMax = 400
/** Lines that are shown around a difference. */
const around = 2

/**
 * Two values line by line: `-` what was expected, `+` what was found.
 */
export function differenceText(expected: unknown, found: unknown): string {
  const [before, after] = [linesOf(expected), linesOf(found)]
  const marked = merged(before, after)
  const isNear = marked.map((_, index) =>
    marked.slice(Math.max(0, index - around), index + around + 1).some(({ mark }) => mark !== ' '),
  )
  const shown = marked.flatMap(({ mark, line }, index) => {
    if (isNear[index] === true) return [`${mark} ${line}`]
    return isNear[index - 1] === true ? ['  …'] : []
  })
  return ['- expected', '+ found', '', ...shown].join('\n')
}

/** A value as text, many lines of it if need be. */
export function textOf(value: unknown): string {
  return linesOf(value).join('\n')
}

function linesOf(value: unknown): readonly string[] {
  const text = inspect(value, {
    depth: 12,
    sorted: true,
    compact: false,
    breakLength: 80,
    maxStringLength: 200,
  })
  const lines = text.split('\n')
  return lines.length <= linesMax
    ? lines
    : [...lines.slice(0, linesMax), `… and ${lines.length - linesMax} more lines`]
}

interface MarkedLine {
  readonly mark: ' ' | '-' | '+'
  readonly line: string
}

/** Both lists as one, by the longest list of lines that both have. */
function merged(before: readonly string[], after: readonly string[]): readonly MarkedLine[] {
  const common = commonLengths(before, after)
  const lines: MarkedLine[] = []
  let [row, column] = [0, 0]
  while (row < before.length || column < after.length) {
    const [one, other] = [before[row], after[column]]
    if (one !== undefined && one === other) {
      lines.push({ mark: ' ', line: one })
      row += 1
      column += 1
    } else if (
      one !== undefined &&
      (other === undefined || lengthAt(common, row + 1, column) >= lengthAt(common, row, column + 1))
    ) {
      lines.push({ mark: '-', line: one })
      row += 1
    } else {
      lines.push({ mark: '+', line: other ?? '' })
      column += 1
    }
  }
  return lines
}

/** For each pair of places, how many lines both have in common from there on. */
function commonLengths(before: readonly string[], after: readonly string[]): readonly (readonly number[])[] {
  const table: number[][] = Array.from({ length: before.length + 1 }, () =>
    Array.from({ length: after.length + 1 }, () => 0),
  )
  for (let row = before.length - 1; row >= 0; row--) {
    for (let column = after.length - 1; column >= 0; column--) {
      const own = table[row]
      if (own === undefined) continue
      own[column] =
        before[row] === after[column]
          ? lengthAt(table, row + 1, column + 1) + 1
          : Math.max(lengthAt(table, row + 1, column), lengthAt(table, row, column + 1))
    }
  }
  return table
}

function lengthAt(table: readonly (readonly number[])[], row: number, column: number): number {
  return table[row]?.[column] ?? 0
}
