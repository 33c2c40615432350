/** What a check says when a promise does not hold: what was expected, and what was found. It belongs to no test runner. */
import { inspect } from 'node:util'
import { WaymarkError } from '../../kernel/errors.ts'
import { firstDifference } from '../../replay/verify/difference.ts'

/** Two values are the same, bytes by their content; a field that is undefined counts as not there. */
export function expectSame(found: unknown, expected: unknown, what: string): void {
  const difference = firstDifference(plain(expected), plain(found))
  if (difference === null) return
  const { path, recorded, now } = difference
  const [whole, wholeFound] = [shown(plain(expected)), shown(plain(found))]
  const isShort = whole.length + wholeFound.length < shortCharacters
  throw new Error(
    isShort
      ? `${what}: expected ${whole}, found ${wholeFound}`
      : `${what}: expected ${shown(recorded)}, found ${shown(now)}, at ${path === '' ? 'the top' : path}`,
  )
}

/** An object has the fields given, whatever else it has. */
export function expectFields(found: object | null | undefined, fields: object, what: string): void {
  const picked =
    found === null || found === undefined
      ? found
      : Object.fromEntries(Object.keys(fields).map((key) => [key, Reflect.get(found, key)]))
  expectSame(picked, fields, what)
}

export function expectThat(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`expected ${what}, which is not so`)
}

/** It fails with an error of that code. */
export async function expectCode(use: () => Promise<unknown>, code: string, what: string): Promise<void> {
  const outcome = await use().then(
    () => 'no error',
    (error: unknown) => (error instanceof WaymarkError ? error.code : shown(error)),
  )
  expectSame(outcome, code, what)
}

/** It fails with that very error. */
export async function expectError(use: Promise<unknown>, expected: Error, what: string): Promise<void> {
  const error: unknown = await use.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (error !== expected) throw new Error(`${what}: expected ${shown(expected)}, found ${shown(error)}`)
}

/** Characters of two values that are shown whole; of longer ones, the first difference. */
const shortCharacters = 600

function shown(value: unknown): string {
  const text = inspect(value, {
    depth: 4,
    breakLength: Number.POSITIVE_INFINITY,
    compact: true,
    maxArrayLength: 40,
  })
  return text.length <= shortCharacters ? text : `${text.slice(0, shortCharacters)} …`
}

/** Plain data: bytes as a text, functions left out. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('hex')}`
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  const fields = Object.entries(value).filter(([, field]) => typeof field !== 'function')
  return Object.fromEntries(fields.map(([key, field]) => [key, plain(field)]))
}
