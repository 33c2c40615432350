/** Whether what was played is what was recorded. */
import type { LoggedEvent } from '../events/envelope.ts'

/** Whether two JSON values are equal; a field that is `undefined` counts as left out. */
export function isSameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false
    return a.every((item, index) => isSameValue(item, b[index]))
  }
  return fieldsAgree(a, b) && fieldsAgree(b, a)
}

function fieldsAgree(a: object, b: object): boolean {
  for (const key of Object.keys(a)) {
    const value: unknown = Reflect.get(a, key)
    const other: unknown = Object.hasOwn(b, key) ? Reflect.get(b, key) : undefined
    if (!isSameValue(value, other)) return false
  }
  return true
}

/** Whether two events say the same: type, data, time and id. Where they lie in the log does not count. */
function isSameEvent(a: LoggedEvent, b: LoggedEvent): boolean {
  return a.id === b.id && a.time === b.time && a.type === b.type && isSameValue(a.data, b.data)
}

export function areSameEvents(a: readonly LoggedEvent[], b: readonly LoggedEvent[]): boolean {
  if (a.length !== b.length) return false
  return a.every((event, index) => {
    const other = b[index]
    return other !== undefined && isSameEvent(event, other)
  })
}

/**
 * The same, but for the configuration itself: what a beginning says of it, and changes of it. What follows from it is what counts. Ids of
 * events count less here, as an event fewer moves them.
 */
export function areSameApartFromConfiguration(a: readonly LoggedEvent[], b: readonly LoggedEvent[]): boolean {
  const [ours, theirs] = [a, b].map((events) =>
    events.filter(({ type }) => type !== 'session.configured').map(withoutConfiguration),
  )
  return (
    ours?.length === theirs?.length &&
    (ours ?? []).every((event, index) => isSameFact(event, theirs?.[index]))
  )
}

function isSameFact(a: Fact, b: Fact | undefined): boolean {
  return b !== undefined && a.time === b.time && a.type === b.type && isSameValue(a.data, b.data)
}

interface Fact {
  readonly type: string
  readonly time: string
  readonly data: unknown
}

function withoutConfiguration({ type, time, data }: LoggedEvent): Fact {
  return { type, time, data: type === 'session.started' ? { ...Object(data), configuration: null } : data }
}
