/** Plain values: copied to be changed, frozen, and compared. */
import { isObject, type PlainRecord, setOwn } from './parts.ts'

/** A copy of a plain value that may be changed: it shares nothing with the original. */
export function copied<T>(value: T): T {
  // A copy has the shape of its original; the compiler cannot follow it through the branches.
  return copyOf(value) as T
}

function copyOf(value: unknown): unknown {
  if (!isObject(value)) return value
  if (Array.isArray(value)) return value.map(copyOf)
  const copy: PlainRecord = {}
  // Plain objects have no inherited keys, and this is the quickest way through them.
  for (const key in value) setOwn(copy, key, copyOf((value as PlainRecord)[key]))
  return copy
}

/** Freezes a plain value with all that is in it; what is frozen already is not looked into. */
export function deeplyFrozen<T extends object>(value: T): T {
  if (Array.isArray(value)) for (const inner of value) freezeInner(inner)
  else for (const key in value) freezeInner(value[key])
  return Object.freeze(value)
}

function freezeInner(inner: unknown): void {
  if (isObject(inner) && !Object.isFrozen(inner)) deeplyFrozen(inner)
}

/** Whether two plain values are equal, in whatever order their keys stand. */
export function isSameValue(one: unknown, other: unknown): boolean {
  if (one === other) return true
  if (!isObject(one) || !isObject(other) || Array.isArray(one) !== Array.isArray(other)) return false
  const keys = Object.keys(one)
  if (keys.length !== Object.keys(other).length) return false
  // Plain objects and lists, looked at by their own keys.
  const [record, counterpart] = [one as PlainRecord, other as PlainRecord]
  return keys.every((key) => Object.hasOwn(counterpart, key) && isSameValue(record[key], counterpart[key]))
}
