/** Two values as JSON would have them, compared: whether they are the same, and if not, the first place where they are not. */
import type { DecidedEvent } from '../../events/catalogue.ts'
import type { LoggedEvent } from '../../events/envelope.ts'

/** The smallest difference: one place, and what stands there on each side; `null` for nothing. */
export interface Difference {
  /** `[1].data.to`: of the batch's second event, the field `to` of its data. */
  readonly path: string
  readonly recorded: unknown
  readonly now: unknown
}

/** Whether two values are the same; a field that is undefined counts as not there. Shared parts cost nothing. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  if (Array.isArray(a) && Array.isArray(b) && a.length !== b.length) return false
  for (const key in a) {
    if (!same(fieldOf(a, key), fieldOf(b, key))) return false
  }
  for (const key in b) {
    if (!Object.hasOwn(a, key) && fieldOf(b, key) !== undefined) return false
  }
  return true
}

function fieldOf(value: object, key: string): unknown {
  // Not `Object.hasOwn` first: nearly every key is there, and one that is not is none of an object's own methods.
  const field: unknown = Reflect.get(value, key)
  return typeof field === 'function' || key === '__proto__' ? ownOf(value, key) : field
}

function ownOf(value: object, key: string): unknown {
  return Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined
}

/** The first place, in the order of canonical JSON, at which two values differ; `null` when they do not. */
export function firstDifference(recorded: unknown, now: unknown, path = ''): Difference | null {
  if (same(recorded, now)) return null
  if (!isContainer(recorded) || !isContainer(now) || Array.isArray(recorded) !== Array.isArray(now)) {
    return { path, recorded: recorded ?? null, now: now ?? null }
  }
  const keys = [...new Set([...Object.keys(recorded), ...Object.keys(now)])]
  if (!Array.isArray(recorded)) keys.sort()
  for (const key of keys) {
    const inner = Array.isArray(recorded) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`
    const found = firstDifference(ownOf(recorded, key), ownOf(now, key), inner)
    if (found !== null) return found
  }
  return { path, recorded, now }
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

/** Whether a batch is what is decided now. */
export function isSameBatch(recorded: readonly LoggedEvent[], decided: readonly DecidedEvent[]): boolean {
  if (recorded.length !== decided.length) return false
  for (let index = 0; index < recorded.length; index++) {
    const was = recorded[index]
    const is = decided[index]
    if (was?.type !== is?.type || !same(was?.data, is?.data)) return false
  }
  return true
}

/** The first place at which a batch differs from what is decided now. */
export function batchDifference(
  recorded: readonly LoggedEvent[],
  decided: readonly DecidedEvent[],
): Difference {
  for (let index = 0; index < Math.max(recorded.length, decided.length); index++) {
    const was = recorded[index]
    const is = decided[index]
    if (was?.type !== is?.type) {
      return { path: `[${index}].type`, recorded: was?.type ?? null, now: is?.type ?? null }
    }
    const found = firstDifference(was?.data, is?.data, `[${index}].data`)
    if (found !== null) return found
  }
  return { path: '', recorded: null, now: null }
}
