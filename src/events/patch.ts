/**
 * What changed from one JSON value to another, as a JSON Patch (RFC 6902) of three operations. Made when a step is decided, applied when it is
 * folded; applying is total: an operation that finds no place changes nothing.
 */
import { z } from 'zod'
import { limits } from '../kernel/limits.ts'
import { type JsonValue, jsonShape } from './json.ts'

const pointer = z.string().max(limits.textCharactersMax)

export const patchShape = z
  .array(
    z.union([
      z.strictObject({ op: z.enum(['add', 'replace']), path: pointer, value: jsonShape }),
      z.strictObject({ op: z.literal('remove'), path: pointer }),
    ]),
  )
  .max(limits.patchOperationsMax)
export type Patch = z.infer<typeof patchShape>

type Operation = Patch[number]
type JsonObject = { [key: string]: JsonValue }
type ReadonlyPatch = readonly Readonly<Operation>[]

/**
 * What turns `before` into `after`. A value is replaced as a whole where that is shorter than telling its changes, or where they would be
 * more than {@link limits.patchOperationsMax}; two equal values give no operations.
 *
 * @example
 * ```ts
 * patchBetween({ count: 1, items: ['a'] }, { count: 1, items: ['a', 'b'] }) // [{ op: 'add', path: '/items/1', value: 'b' }]
 * ```
 */
export function patchBetween(before: JsonValue, after: JsonValue): Patch {
  return changesAt('', before, after) ?? []
}

/** `null` where the two are equal. */
function changesAt(path: string, before: JsonValue, after: JsonValue): Operation[] | null {
  if (before === after) return null
  const changes = changesInside(path, before, after)
  if (changes?.length === 0) return null
  const whole: Operation = { op: 'replace', path, value: after }
  return changes === null || changes.length > limits.patchOperationsMax || !isShorter(changes, whole)
    ? [whole]
    : changes
}

/** The changes below a value; `null` where it has to be replaced as a whole. */
function changesInside(path: string, before: JsonValue, after: JsonValue): Operation[] | null {
  if (Array.isArray(before)) return Array.isArray(after) ? changesOfList(path, before, after) : null
  if (!isObject(before) || !isObject(after)) return null
  return changesOfObject(path, before, after)
}

function changesOfList(
  path: string,
  before: readonly JsonValue[],
  after: readonly JsonValue[],
): Operation[] | null {
  const changes: Operation[] = []
  const shared = Math.min(before.length, after.length)
  for (let at = 0; at < shared; at++) {
    const inner = changesAt(`${path}/${at}`, before[at] ?? null, after[at] ?? null)
    if (inner !== null && !collect(changes, inner)) return null
  }
  for (let at = before.length - 1; at >= after.length; at--) {
    if (!collect(changes, [{ op: 'remove', path: `${path}/${at}` }])) return null
  }
  for (let at = before.length; at < after.length; at++) {
    if (!collect(changes, [{ op: 'add', path: `${path}/${at}`, value: after[at] ?? null }])) return null
  }
  return changes
}

/** By name, as they are stored: a state that was read again gives the very same patch. */
function changesOfObject(path: string, before: JsonObject, after: JsonObject): Operation[] | null {
  const changes: Operation[] = []
  for (const key of Object.keys(before).sort()) {
    if (Object.hasOwn(after, key)) continue
    if (!collect(changes, [{ op: 'remove', path: inside(path, key) }])) return null
  }
  for (const key of Object.keys(after).sort()) {
    const value = after[key] ?? null
    const known = Object.hasOwn(before, key) ? before[key] : undefined
    const place = inside(path, key)
    const inner: Operation[] | null =
      known === undefined ? [{ op: 'add', path: place, value }] : changesAt(place, known, value)
    if (inner !== null && !collect(changes, inner)) return null
  }
  return changes
}

/** Adds changes to those before them; says no where they cannot be told one by one. */
function collect(changes: Operation[], more: readonly Operation[]): boolean {
  changes.push(...more)
  const isTellable = more.every(({ path }) => path.length <= limits.textCharactersMax)
  return isTellable && changes.length <= limits.patchOperationsMax
}

function inside(path: string, key: string): string {
  return `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
}

/** Whether the changes take fewer characters than the whole value; of a large value only as much is looked at as that takes. */
function isShorter(changes: readonly Operation[], whole: Operation): boolean {
  const most = changes.reduce((sum, change) => sum + JSON.stringify(change).length + 1, 0)
  return charactersOf(whole, most) > most
}

/** How many characters a value has as JSON, or any number above `most`. */
function charactersOf(value: unknown, most: number): number {
  if (!isObject(value) && !Array.isArray(value)) return JSON.stringify(value).length + 1
  let count = 2
  for (const [key, inner] of Object.entries(value)) {
    if (count > most) break
    count += (Array.isArray(value) ? 0 : key.length + 3) + charactersOf(inner, most - count)
  }
  return count
}

/**
 * The value that a patch leads to; `target` stays as it is, and what does not change is shared with it. Never throws: an operation whose
 * path does not lead to a place in the value is passed over.
 *
 * @example
 * ```ts
 * applyPatch({ count: 1 }, [{ op: 'replace', path: '/count', value: 2 }, { op: 'remove', path: '/gone' }]) // { count: 2 }
 * ```
 */
export function applyPatch(target: JsonValue, patch: ReadonlyPatch): JsonValue {
  // Lists and objects that this patch has copied already: each is copied once.
  const copies = new Set<object>()
  let value = target
  for (const operation of patch) {
    const keys = keysOf(operation.path)
    if (keys === null) continue
    value = changed(value, keys, operation, copies)
  }
  return value
}

/** The keys that a pointer names, `null` for a text that is none. */
function keysOf(path: string): readonly string[] | null {
  if (path === '') return []
  if (!path.startsWith('/')) return null
  return path
    .slice(1)
    .split('/')
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** Walks down to the place, then changes what holds it, and on the way up what holds that. A loop: a path may be long. */
function changed(
  root: JsonValue,
  keys: readonly string[],
  operation: Readonly<Operation>,
  copies: Set<object>,
): JsonValue {
  const last = keys[keys.length - 1]
  if (last === undefined) return operation.op === 'remove' ? root : operation.value
  const holders: JsonValue[] = [root]
  for (const key of keys.slice(0, -1)) {
    const inner = innerOf(holders[holders.length - 1], key)
    if (inner === undefined) return root
    holders.push(inner)
  }
  const holder = holders[holders.length - 1]
  if (holder === undefined || !hasPlace(holder, last, operation)) return root
  let value = placed(holder, last, operation, copies)
  for (let at = holders.length - 2; at >= 0; at--) {
    const outer = holders[at] ?? null
    value = placed(outer, keys[at] ?? '', { op: 'replace', path: '', value }, copies)
  }
  return value
}

function innerOf(holder: JsonValue | undefined, key: string): JsonValue | undefined {
  if (Array.isArray(holder)) return holder[indexOf(key) ?? holder.length]
  return isObject(holder) && Object.hasOwn(holder, key) ? holder[key] : undefined
}

function hasPlace(holder: JsonValue, key: string, { op }: Readonly<Operation>): boolean {
  if (op !== 'add') return innerOf(holder, key) !== undefined
  if (!Array.isArray(holder)) return isObject(holder)
  return key === '-' || (indexOf(key) ?? holder.length + 1) <= holder.length
}

/** What holds a place, after the operation at that place. */
function placed(
  holder: JsonValue,
  key: string,
  operation: Readonly<Operation>,
  copies: Set<object>,
): JsonValue {
  if (Array.isArray(holder)) {
    const list = ownCopy(holder, copies, () => [...holder])
    const at = key === '-' ? list.length : (indexOf(key) ?? list.length)
    if (operation.op === 'remove') list.splice(at, 1)
    else list.splice(at, operation.op === 'add' ? 0 : 1, operation.value)
    return list
  }
  if (!isObject(holder)) return holder
  const object = ownCopy(holder, copies, () => ({ ...holder }))
  if (operation.op === 'remove') delete object[key]
  else setOwn(object, key, operation.value)
  return object
}

function ownCopy<T extends object>(value: T, copies: Set<object>, copy: () => T): T {
  if (copies.has(value)) return value
  const own = copy()
  copies.add(own)
  return own
}

/** A key is data, whatever it is called: one of the name `__proto__` is a property like any other. */
function setOwn(object: JsonObject, key: string, value: JsonValue): void {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
  } else object[key] = value
}

function indexOf(key: string): number | null {
  return /^(?:0|[1-9]\d{0,8})$/.test(key) ? Number(key) : null
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
