/** Values as text: the same value gives the same text, whatever it is made of. For telling snapshots apart, and for messages. */
import { machineBounds } from './bounds.ts'

/**
 * A value as text, with the keys of objects in order. Unlike JSON it has a text for everything that a context may hold: maps, dates,
 * numbers that are none, functions, actors (by their id), errors, and what refers to itself.
 */
export function textOf(value: unknown): string {
  return spelled(value, [])
}

/** The same, short enough for a message. */
export function shortTextOf(value: unknown): string {
  const text = textOf(value)
  const { valueCharactersMax } = machineBounds
  return text.length > valueCharactersMax ? `${text.slice(0, valueCharactersMax)}…` : text
}

/** Names in a row for a message that one is missing from: those that begin alike come first, and of many the rest is counted. */
export function namesText(names: readonly string[], missing: string): string {
  const { namesToldMax } = machineBounds
  const sorted = names
    .map((name) => ({ name, alike: charactersAlike(name, missing) }))
    .sort((one, other) => other.alike - one.alike)
    .map(({ name }) => name)
  const more = sorted.length - namesToldMax
  return [...sorted.slice(0, namesToldMax), ...(more > 0 ? [`and ${more} more`] : [])].join('; ')
}

function charactersAlike(name: string, other: string): number {
  let count = 0
  while (count < name.length && name[count] === other[count]) count++
  return count
}

function spelled(value: unknown, above: readonly object[]): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'function') return `function ${value.name}`
  if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? '-0' : String(value)
  if (above.includes(value)) return 'itself'
  if (above.length >= machineBounds.valueDepthMax) return '…'
  return spelledObject(value, [...above, value])
}

function spelledObject(value: object, above: readonly object[]): string {
  const list = (items: Iterable<unknown>): string => [...items].map((item) => spelled(item, above)).join()
  if (Array.isArray(value)) return `[${list(value)}]`
  if (value instanceof Date) return `date ${value.getTime()}`
  if (value instanceof Error) return `${value.name} ${JSON.stringify(value.message)}`
  if (value instanceof Map) return `map [${list(value)}]`
  if (value instanceof Set) return `set [${list(value)}]`
  if ('sessionId' in value && 'id' in value && 'send' in value) return `actor ${String(value.id)}`
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1))
  return `{${entries.map(([key, part]) => `${JSON.stringify(key)}:${spelled(part, above)}`).join()}}`
}
