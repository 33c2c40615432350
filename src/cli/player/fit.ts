/** Lines fitted into a terminal: as many as it has rows, as wide as it has columns. */
import { limits } from '../../kernel/limits.ts'
import { countOf } from '../../views/text.ts'
import { type StyledText, visible, widthOf } from '../layout.ts'

/** A line of the screen, part by part. */
export type Line = readonly StyledText[]

export interface Section {
  readonly title: string
  readonly lines: readonly Line[]
}

/** As much of the sections as there is room for: each has its title and a first line before any has a second one. */
export function fitted(sections: readonly Section[], room: number): readonly Line[] {
  const given = sections.map(() => 0)
  let left = room
  for (const isFirst of [true, false]) {
    for (let isGiving = true; isGiving && left > 0; ) {
      isGiving = false
      for (const [index, { lines }] of sections.entries()) {
        const has = given[index] ?? 0
        // The first line of a section comes with a blank line and its title.
        const cost = has === 0 ? Math.min(lines.length, 1) + 2 : 1
        const wants = isFirst ? has === 0 : has > 0 && has < lines.length
        if (!wants || cost > left) continue
        given[index] = Math.max(1, has + 1)
        left -= cost
        isGiving = !isFirst
      }
    }
  }
  return sections.flatMap(({ title, lines }, index): readonly Line[] => {
    const count = given[index] ?? 0
    if (count === 0) return []
    const hidden = lines.length - count
    const shown: readonly Line[] =
      hidden <= 0
        ? lines
        : [...lines.slice(0, count - 1), [{ text: `… ${countOf(hidden + 1, 'more line')}`, tone: 'quiet' }]]
    return [[], [{ text: title, tone: 'strong' }], ...shown.map((line): Line => [{ text: '  ' }, ...line])]
  })
}

/** A line no wider than the columns, with an ellipsis where something was left out. Control characters are written out. */
export function cutTo(line: Line, columns: number): Line {
  const parts: StyledText[] = []
  let left = columns
  for (const { text, tone } of line) {
    const shown = visible(text.slice(0, limits.lineCharactersMax))
    const width = widthOf(shown)
    if (width <= left) {
      parts.push({ text: shown, ...(tone === undefined ? {} : { tone }) })
      left -= width
      continue
    }
    const fitting = beginningOf(shown, left - 1)
    return left <= 0 ? parts : [...parts, { text: `${fitting}…`, ...(tone === undefined ? {} : { tone }) }]
  }
  return parts
}

/** As many characters as fit into so many columns. */
function beginningOf(text: string, columns: number): string {
  let fitting = ''
  let width = 0
  for (const character of text) {
    width += widthOf(character)
    if (width > columns) break
    fitting += character
  }
  return fitting
}

/** A text on two lines at most, broken between words. */
export function wrapped(text: string, columns: number): readonly string[] {
  const shown = visible(text.slice(0, limits.lineCharactersMax))
  const first = beginningOf(shown, columns)
  if (first === shown) return [shown]
  const space = first.lastIndexOf(' ')
  const end = space > 0 ? space : first.length
  return [shown.slice(0, end), shown.slice(end).trimStart()]
}
