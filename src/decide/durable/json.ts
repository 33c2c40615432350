/** Plain JSON, or where it is not: what a machine holds has to be the same after it was written and read. */
import type { JsonValue } from '../../events/json.ts'
import { WaymarkError } from '../../kernel/errors.ts'
import { limits } from '../../kernel/limits.ts'

/** How XState writes an actor in a context: by the id of the child. */
export interface WrittenRef {
  readonly xstate$$type: 1
  readonly id: string
}

/**
 * A copy of a value as plain JSON. Properties that are `undefined` are left out, errors become `{ name, message }`, actors `{ xstate$$type, id }`.
 *
 * @param what is named in the error: `context of machine order`
 * @throws WaymarkError `MACHINE_INVALID` with the path of what cannot be written
 */
export function plainOf(value: unknown, what: string): JsonValue {
  return plainAt(value, what, [])
}

function plainAt(value: unknown, what: string, path: string[]): JsonValue {
  switch (typeof value) {
    case 'string':
      if (/\p{Surrogate}/u.test(value)) throw notPlain(what, path, 'half a character (a lone surrogate)')
      return value
    case 'boolean':
      return value
    case 'number':
      if (!Number.isFinite(value)) throw notPlain(what, path, String(value))
      return value === 0 ? 0 : value
    case 'object':
      return value === null ? null : plainObject(value, what, path)
    default:
      throw notPlain(what, path, article(typeof value))
  }
}

function plainObject(value: object, what: string, path: string[]): JsonValue {
  if (path.length >= limits.machineJsonDepthMax) {
    throw notPlain(what, path.slice(0, 8), `itself, or more than ${limits.machineJsonDepthMax} levels`)
  }
  if (Array.isArray(value)) {
    return Array.from(value, (item: unknown, index) => below(item, String(index), what, path))
  }
  if (isActorRef(value)) return { xstate$$type: 1, id: value.id }
  // What else an error carries is kept as far as it is JSON.
  if (isError(value)) {
    return { ...fieldsOf(value), name: wellFormed(value.name), message: wellFormed(value.message) }
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  // An object of another realm has another `Object.prototype`, which has none above it either.
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null)
    throw notPlain(what, path, article(classOf(value)))
  const copy: Record<string, JsonValue> = {}
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue
    if (key === '__proto__') throw notPlain(what, path, 'a property named __proto__')
    if (/\p{Surrogate}/u.test(key))
      throw notPlain(what, path, 'a name with half a character (a lone surrogate)')
    copy[key] = below(item, key, what, path)
  }
  return copy
}

function below(item: unknown, key: string, what: string, path: string[]): JsonValue {
  path.push(key)
  const plain = plainAt(item, what, path)
  path.pop()
  return plain
}

function notPlain(what: string, path: readonly string[], found: string): WaymarkError {
  const pointer = path.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
  return new WaymarkError('MACHINE_INVALID', {
    message: `${what} holds ${found}${pointer === '' ? '' : ` at ${pointer}`}, which JSON cannot hold`,
    hint: 'keep plain values there: texts, finite numbers, booleans, null, arrays and objects of these; a date as its ISO text',
    details: { what, path: pointer, found },
  })
}

function article(name: string): string {
  if (name === 'undefined') return 'undefined'
  return /^[aeiou]/i.test(name) ? `an ${name}` : `a ${name}`
}

function classOf(value: object): string {
  const made: unknown = Reflect.get(value, 'constructor')
  return typeof made === 'function' && made.name !== '' ? made.name : 'object of a class'
}

function wellFormed(text: unknown): string {
  return String(text)
    .replaceAll(/\p{Surrogate}/gu, '\uFFFD')
    .slice(0, limits.textCharactersMax)
}

/** By the same three properties as XState's own persistence. */
export function isActorRef(value: object): value is { readonly id: string } {
  return 'sessionId' in value && 'send' in value && 'ref' in value
}

function isError(value: object): value is Error {
  return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]'
}

export function isWrittenRef(value: unknown): value is WrittenRef {
  return (
    typeof value === 'object' &&
    value !== null &&
    'xstate$$type' in value &&
    value.xstate$$type === 1 &&
    'id' in value &&
    typeof value.id === 'string'
  )
}

/** An error that was written as `{ name, message }`, as an Error again; anything else as it is. */
export function revivedError(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (!('name' in value && 'message' in value) || typeof value.message !== 'string') return value
  if ('value' in value) return value.value
  const error = new Error(value.message)
  if ('data' in value) Object.assign(error, value.data)
  if (value.name !== 'Error') {
    Object.defineProperty(error, 'name', { value: String(value.name), writable: true, configurable: true })
  }
  return error
}

/** The fields of an error beside name and message that are JSON. */
function fieldsOf(error: object): Record<string, JsonValue> {
  return Object.fromEntries(Object.entries(error).flatMap(([key, value]) => entryOf(key, value)))
}

/** A property as JSON; nothing where it cannot be. */
export function entryOf(key: string, value: unknown): readonly (readonly [string, JsonValue])[] {
  try {
    return value === undefined || key === '__proto__' ? [] : [[key, plainOf(value, key)]]
  } catch {
    return []
  }
}
