/** Histories as people read them: a line for each command or event. */
import fc from 'fast-check'

/** Characters of one value that are shown. */
const shownMax = 60

/**
 * A history as text, a line for each command or event, as a failing test shows it.
 *
 * @param wrongAt the place of the one that is refused, counted from 0
 * @example
 * ```ts
 * describeHistory([{ type: 'session.start' }, { type: 'task.start', taskId: 'A' }], 1)
 * // '1. session.start\n2. task.start taskId: \'A\'   <- refused'
 * ```
 */
export function describeHistory(history: readonly unknown[], wrongAt?: number): string {
  if (history.length === 0) return '(nothing)'
  return history
    .map((item, index) => `${index + 1}. ${lineOf(item)}${index === wrongAt ? '   <- refused' : ''}`)
    .join('\n')
}

function lineOf(item: unknown): string {
  if (typeof item !== 'object' || item === null || !('type' in item)) return shown(item)
  const { type, ...fields } = item
  const rest = Object.entries(fields).map(([name, value]) => `${name}: ${shown(value)}`)
  return [String(type), rest.join(', ')].filter((part) => part !== '').join(' ')
}

/** A value as a JavaScript literal, cut where it gets long. */
function shown(value: unknown): string {
  const text = literal(value)
  return text.length <= shownMax ? text : `${text.slice(0, shownMax - 1)}…`
}

function literal(value: unknown): string {
  if (typeof value === 'string') return `'${value.replaceAll("'", "\\'")}'`
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`
  if (typeof value !== 'object' || value === null) return String(value)
  const fields = Object.entries(value).map(([name, inner]) => `${name}: ${literal(inner)}`)
  return fields.length === 0 ? '{}' : `{ ${fields.join(', ')} }`
}

/** The same list, which fast-check shows as `text` where it reports a failure. Nothing else can see the difference. */
export function shownAs<List extends object>(list: List, text: () => string): List {
  Object.defineProperty(list, fc.toStringMethod, { value: () => `\n${text()}\n`, enumerable: false })
  return list
}
