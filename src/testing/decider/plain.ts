/** Values as a log keeps them: plain data, which JSON gives back as it was; and values that nobody changes. */
import { inspect, isDeepStrictEqual } from 'node:util'

/** Whether two values are the same, however deep. In plain data a field that is undefined counts as not there. */
export function equal(a: unknown, b: unknown): boolean {
  if (isDeepStrictEqual(a, b)) return true
  const arePlain = notPlain(a) === null && notPlain(b) === null
  return arePlain && isDeepStrictEqual(throughJson(a), throughJson(b))
}

/** What stands in a value that JSON would not give back, with its path; `null` when it is plain data. */
export function notPlain(value: unknown, path = ''): string | null {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return null
  if (typeof value === 'number') {
    if (Object.is(value, -0)) return `${path || 'it'} is -0`
    return Number.isFinite(value) ? null : `${path || 'it'} is ${value}`
  }
  if (typeof value !== 'object') return `${path || 'it'} is ${typeof value}`
  const prototype: unknown = Object.getPrototypeOf(value)
  if (!Array.isArray(value) && prototype !== Object.prototype && prototype !== null) {
    return `${path || 'it'} is a ${value.constructor.name}`
  }
  for (const [key, inner] of Object.entries(value)) {
    // JSON leaves out a field that is undefined; one that is there and one that is not are the same to it.
    if (inner === undefined && !Array.isArray(value)) continue
    const found = notPlain(
      inner,
      Array.isArray(value) ? `${path}[${key}]` : [path, key].filter(Boolean).join('.'),
    )
    if (found !== null) return found
  }
  return null
}

/** What JSON makes of a value. */
export function throughJson<T>(value: T): T {
  // A value that JSON gives back is of the type it was; whether it does is looked at first.
  return value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T)
}

/** A copy that shares nothing with a plain value; any other value itself, because a copy of it would not be the same. */
export function copyOf<T>(value: T): T {
  return notPlain(value) === null ? structuredClone(value) : value
}

/** What a value looks like now, to be compared with what it looks like later. */
export function pictureOf(value: unknown): unknown {
  if (notPlain(value) === null) return structuredClone(value)
  return inspect(value, { depth: Infinity, maxArrayLength: Infinity, maxStringLength: Infinity })
}

/** The value, which throws from here on when it is changed. Only plain data can be frozen so. */
export function frozenDeep<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value) && !ArrayBuffer.isView(value)) {
    Object.freeze(value)
    for (const inner of Object.values(value)) frozenDeep(inner)
  }
  return value
}
