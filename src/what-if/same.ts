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
export function isSameEvent(a: LoggedEvent, b: LoggedEvent): boolean {
  return a.id === b.id && a.time === b.time && a.type === b.type && isSameValue(a.data, b.data)
}

export function areSameEvents(a: readonly LoggedEvent[], b: readonly LoggedEvent[]): boolean {
  if (a.length !== b.length) return false
  return a.every((event, index) => {
    const other = b[index]
    return other !== undefined && isSameEvent(event, other)
  })
}

const configuring: ReadonlySet<string> = new Set(['session.started', 'session.configured'])

/** The same, but for the configuration that a beginning or a change of it states: what follows from it is what counts. */
export function areSameApartFromConfiguration(a: readonly LoggedEvent[], b: readonly LoggedEvent[]): boolean {
  return areSameEvents(a.map(withoutConfiguration), b.map(withoutConfiguration))
}

function withoutConfiguration(event: LoggedEvent): LoggedEvent {
  if (!configuring.has(event.type)) return event
  // Only for comparing: the shape is no event's any more.
  return { ...event, data: { ...Object(event.data), configuration: null } } as LoggedEvent
}
