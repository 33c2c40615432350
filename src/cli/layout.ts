/** How rows become text: aligned columns for people, tab-separated values for programs. Nothing is cut off in either. */
import { countText, type Tone } from '../views/text.ts'

export interface StyledText {
  readonly text: string
  readonly tone?: Tone
}

/** Nothing known is `null`. */
export type Cell = string | number | null | StyledText

export type Paint = (text: string, tone: Tone) => string

const unknownCell = '–'
const gap = '  '

// Built from code points, so that no control character stands in this source.
const range = (from: number, to: number): string => `\\u{${from.toString(16)}}-\\u{${to.toString(16)}}`
/** Control characters, and those that turn the direction of the text around. */
const controls = [range(0, 0x1f), range(0x7f, 0x9f), range(0x2028, 0x202e), range(0x2066, 0x2069)].join('')
const controlCharacters = new RegExp(`[${controls}]`, 'gu')
const escapedCharacters = new RegExp(`[\\\\${controls}]`, 'gu')

const namedEscapes: Readonly<Record<string, string>> = { '\t': '\\t', '\n': '\\n', '\r': '\\r', '\\': '\\\\' }

function escapeOf(character: string): string {
  return namedEscapes[character] ?? `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`
}

/** Text from anywhere on one line of a terminal: control characters are written out, so that no record can move the cursor. */
export function visible(text: string): string {
  return text.replace(controlCharacters, escapeOf)
}

/** Several lines of text from anywhere; each is made visible. */
export function visibleLines(text: string): string {
  return text.split('\n').map(visible).join('\n')
}

/** A row of tab-separated values. Tabs, line ends and backslashes inside a value are written as `\t`, `\n`, `\r`, `\\`. */
export function tabSeparated(cells: readonly Cell[]): string {
  return cells.map((cell) => rawText(cell).replace(escapedCharacters, escapeOf)).join('\t')
}

function rawText(cell: Cell): string {
  if (cell === null) return ''
  if (typeof cell === 'object') return cell.text
  return String(cell)
}

/** A cell as people read it. */
function shownText(cell: Cell): string {
  if (cell === null) return unknownCell
  if (typeof cell === 'number') return Number.isInteger(cell) ? countText(cell) : cell.toFixed(1)
  return visible(typeof cell === 'object' ? cell.text : cell)
}

/** Rows in columns as wide as their widest cell; numbers stand at the right, the last column is not padded. */
export function aligned(rows: readonly (readonly Cell[])[], paint: Paint, widths = widthsOf(rows)): string[] {
  return rows.map((row) => alignedRow(row, widths, paint))
}

export function widthsOf(rows: readonly (readonly Cell[])[]): number[] {
  const widths: number[] = []
  for (const row of rows) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, widthOf(shownText(cell)))
    }
  }
  return widths
}

export function alignedRow(row: readonly Cell[], widths: readonly number[], paint: Paint): string {
  const cells = row.map((cell, column) => {
    const text = shownText(cell)
    const padding = ' '.repeat(Math.max(0, (widths[column] ?? 0) - widthOf(text)))
    const painted = paint(text, typeof cell === 'object' && cell !== null ? (cell.tone ?? 'plain') : 'plain')
    if (typeof cell === 'number') return `${padding}${painted}`
    return column === row.length - 1 ? painted : `${painted}${padding}`
  })
  return cells.join(gap).trimEnd()
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })
const wide =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u
const plainAscii = /^[\x20-\x7e]*$/

/** Columns a text takes up in a terminal. */
export function widthOf(text: string): number {
  if (plainAscii.test(text)) return text.length
  let width = 0
  for (const { segment } of graphemes.segment(text)) width += wide.test(segment) ? 2 : 1
  return width
}
