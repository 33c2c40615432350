/** The lines of a half of a block, found without making texts of them: most hold nothing but integers. */
import { isAscii } from 'node:buffer'

export interface BlockLines {
  readonly bytes: Uint8Array
  /** Where each line begins, and where one more would. */
  readonly starts: readonly number[]
  readonly isAscii: boolean
}

const lineFeed = 10

export function linesOf(bytes: Uint8Array): BlockLines {
  const starts = [0]
  for (let end = bytes.indexOf(lineFeed); end >= 0; end = bytes.indexOf(lineFeed, end + 1))
    starts.push(end + 1)
  starts.push(bytes.length + 1)
  return { bytes, starts, isAscii: isAscii(bytes) }
}

/** Where a line begins and ends; `null` when there is none of that number. */
export function rangeOfLine({ starts }: BlockLines, line: number): readonly [number, number] | null {
  const start = starts[line]
  const next = starts[line + 1]
  return start === undefined || next === undefined ? null : [start, next - 1]
}

/** The text of a line; empty when there is none of that number. */
export function lineText(lines: BlockLines, line: number): string {
  const range = rangeOfLine(lines, line)
  if (range === null) return ''
  const bytes = lines.bytes.subarray(range[0], range[1])
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  // A text of ASCII characters is made, and parsed, in half the time: in most lines there are no others.
  return text.toString(lines.isAscii || isAscii(bytes) ? 'latin1' : 'utf8')
}

/** What a line of JSON says; `undefined` when it is none. */
export function parsedLine(lines: BlockLines, line: number): unknown {
  try {
    return JSON.parse(lineText(lines, line))
  } catch {
    return undefined
  }
}
