/** What a test says it expects, held against what is there. */
import { inspect } from 'node:util'
import { usage } from '../usage.ts'
import { isPromise, kindOf, reasonOf } from './decider.ts'
import { equal, notPlain } from './plain.ts'

/**
 * What a refusal has to be like: a text that its reason holds, a pattern, the class of the error, some of its fields, or a function that says
 * whether it is the one.
 */
export type RefusalMatcher =
  | string
  | RegExp
  // A class of errors is known by its instances; what it is made with does not matter here.
  | (abstract new (
      ...values: never[]
    ) => Error)
  | Readonly<Record<string, unknown>>
  | ((refusal: unknown) => boolean)

/** Why a refusal is not the expected one; `null` when it is. @throws WaymarkError `USAGE` for a matcher that holds for anything */
export function refusalMismatch(expected: RefusalMatcher, refusal: unknown): string | null {
  const reason = reasonOf(refusal)
  if (typeof expected === 'string') {
    if (expected === '') throw empty("thenRefused('')")
    return reason.includes(expected) ? null : `expected a reason with: ${expected}\nfound: ${reason}`
  }
  if (expected instanceof RegExp) {
    // Not `test`, which goes on from where a global pattern was found the last time.
    return reason.search(expected) >= 0 ? null : `expected a reason like ${expected}\nfound: ${reason}`
  }
  if (isErrorClass(expected)) {
    return refusal instanceof expected ? null : `expected ${expected.name}\nfound: ${String(refusal)}`
  }
  if (isPredicate(expected)) {
    return says(expected, refusal) ? null : `expected another refusal\nfound: ${reason}`
  }
  return partMismatch(expected, refusal)
}

/** What a function of a test says of a value. @throws WaymarkError `USAGE` when it says neither true nor false */
export function says<Value>(predicate: (value: Value) => unknown, value: Value): boolean {
  const said = predicate(value)
  if (typeof said === 'boolean') return said
  throw usage(
    `the function that was given to a check answered ${kindOf(said)}`,
    'it has to answer true or false, and at once',
  )
}

function isErrorClass(matcher: RefusalMatcher): matcher is abstract new (...values: never[]) => Error {
  return typeof matcher === 'function' && (matcher === Error || matcher.prototype instanceof Error)
}

function isPredicate(matcher: RefusalMatcher): matcher is (refusal: unknown) => boolean {
  return typeof matcher === 'function'
}

/**
 * Where a value lacks what is expected of it; `null` when it has all of it. Fields that are not named are not looked at; dates, sets, maps,
 * lists and objects of a class are compared whole.
 *
 * @throws WaymarkError `USAGE` for a promise, which cannot be compared, and for an object without fields, which asks for nothing
 */
export function partMismatch(expected: unknown, found: unknown, path = ''): string | null {
  const where = path === '' ? '' : `${path}: `
  if (isPromise(expected)) {
    throw usage(`${where}expected is ${kindOf(expected)}`, 'a promise cannot be compared: await it before')
  }
  if (isPromise(found)) return `${where}expected ${shortly(expected)}, found ${kindOf(found)}`
  if (!isNaming(expected) || !hasFields(found)) {
    return equal(expected, found) ? null : `${where}expected ${shortly(expected)}, found ${shortly(found)}`
  }
  const names = Object.entries(expected)
  if (names.length === 0) throw empty(`${where}{}`)
  for (const [name, wanted] of names) {
    const own = Object.hasOwn(found, name) ? Reflect.get(found, name) : undefined
    const mismatch = partMismatch(wanted, own, path === '' ? name : `${path}.${name}`)
    if (mismatch !== null) return mismatch
  }
  return null
}

function empty(what: string): Error {
  return usage(
    `${what} holds for anything`,
    'name what is expected, or say it with a function, also that something is empty',
  )
}

/** Whether an expected value names fields, as a literal does. */
function isNaming(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** Whether all that a value is stands in its fields, or may: not so for what keeps it inside. */
function hasFields(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !keepsInside(value)
}

const keepers = [Date, Set, Map, WeakSet, WeakMap, RegExp, ArrayBuffer, Number, String, Boolean] as const

function keepsInside(value: object): boolean {
  return ArrayBuffer.isView(value) || keepers.some((keeper) => value instanceof keeper)
}

/** Characters of a value that are shown in one line. */
const shownMax = 200

function shortly(value: unknown): string {
  const text = notPlain(value) === null ? JSON.stringify(value) : inspect(value, { breakLength: Infinity })
  return text.length <= shownMax ? text : `${text.slice(0, shownMax)}…`
}
