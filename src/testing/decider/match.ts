/** What a test says it expects, held against what is there. */
import { reasonOf } from './decider.ts'
import { equal } from './plain.ts'

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

/** Why a refusal is not the expected one; `null` when it is. */
export function refusalMismatch(expected: RefusalMatcher, refusal: unknown): string | null {
  const reason = reasonOf(refusal)
  if (typeof expected === 'string') {
    return reason.includes(expected) ? null : `expected a reason with: ${expected}\nfound: ${reason}`
  }
  if (expected instanceof RegExp) {
    return expected.test(reason) ? null : `expected a reason like ${expected}\nfound: ${reason}`
  }
  if (isErrorClass(expected)) {
    return refusal instanceof expected ? null : `expected ${expected.name}\nfound: ${String(refusal)}`
  }
  if (isPredicate(expected)) {
    return expected(refusal) ? null : `expected another refusal\nfound: ${reason}`
  }
  return partMismatch(expected, refusal)
}

function isErrorClass(matcher: RefusalMatcher): matcher is abstract new (...values: never[]) => Error {
  return typeof matcher === 'function' && (matcher === Error || matcher.prototype instanceof Error)
}

function isPredicate(matcher: RefusalMatcher): matcher is (refusal: unknown) => boolean {
  return typeof matcher === 'function'
}

/** Where a value lacks what is expected of it; `null` when it has all of it. Fields that are not named are not looked at. */
export function partMismatch(expected: unknown, found: unknown, path = ''): string | null {
  if (!isFields(expected) || !isFields(found)) {
    if (equal(expected, found)) return null
    const where = path === '' ? '' : `${path}: `
    return `${where}expected ${shortly(expected)}, found ${shortly(found)}`
  }
  for (const [name, wanted] of Object.entries(expected)) {
    const own = Object.hasOwn(found, name) ? found[name] : undefined
    const mismatch = partMismatch(wanted, own, path === '' ? name : `${path}.${name}`)
    if (mismatch !== null) return mismatch
  }
  return null
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Characters of a value that are shown in one line. */
const shownMax = 200

function shortly(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length <= shownMax ? text : `${text.slice(0, shownMax)}…`
}
