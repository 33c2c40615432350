/**
 * A state cut into parts, and put together again. Maps that grow are cut where the hashes of their keys say, so that a change of one
 * entry touches one part and leaves its neighbours alone. The rest of the state is small, and stays in one piece.
 */
import type { ReadonlyState } from '../../fold/state.ts'
import { compress } from '../../kernel/compress.ts'
import { sha256 } from '../../kernel/hash.ts'
import { limits } from '../../kernel/limits.ts'
import type { SnapshotPart } from '../../log/port.ts'

/** What was taken out of a state, by its path: a value as one part, or a map as so many. */
export type Slot = readonly [path: string, chunks: number]

/** Slots of values that are one part. */
const wholeValue = 0

/** A record of values of any kind. */
export type PlainRecord = Record<string, unknown>

export interface SplitState {
  /** The state without what was taken out. */
  readonly rest: PlainRecord
  readonly slots: readonly Slot[]
  /** In the order of the slots. */
  readonly parts: readonly SnapshotPart[]
}

/** Objects whose keys are looked at one by one, as those of the state itself. */
export const recordPaths = new Set(['context', 'knowledge', 'talk', 'growth', 'usage'])

/** Objects with an entry for each thing of a kind: these are what makes states large. */
export const mapPaths = new Set([
  'tasks',
  'openCalls',
  'context.items',
  'knowledge.specs',
  'knowledge.milestones',
  'knowledge.servers',
  'usage.byModel',
])

/** Cuts a state into parts. Parts that were cut before, of objects that are frozen since, cost next to nothing. */
export function splitState(state: ReadonlyState): SplitState {
  const slots: Slot[] = []
  const parts: SnapshotPart[] = []
  const takeOut = (path: string, value: object): boolean => {
    if (mapPaths.has(path)) {
      const chunks = chunksOf(value)
      if (chunks.length > 0) {
        slots.push([path, chunks.length])
        parts.push(...chunks)
        return true
      }
    }
    const part = partOfValue(value)
    if (part === null) return false
    slots.push([path, wholeValue])
    parts.push(part)
    return true
  }
  const restOf = (record: object, prefix: string): PlainRecord => {
    const rest: PlainRecord = {}
    for (const [key, value] of Object.entries(record)) {
      const path = `${prefix}${key}`
      if (!isObject(value)) rest[key] = value
      else if (recordPaths.has(path)) rest[key] = restOf(value, `${path}.`)
      else if (!takeOut(path, value)) rest[key] = value
    }
    return rest
  }
  return { rest: restOf(state, ''), slots, parts }
}

/** Hashes of what was cut before. Only of frozen objects, which stay what they are; `null` for what is too small to be a part. */
const knownValues = new WeakMap<object, string | null>()

function partOfValue(value: object): SnapshotPart | null {
  const known = knownValues.get(value)
  if (known === null) return null
  if (known !== undefined) return { hash: known, body: once(() => compress(bytesOf(value))) }
  const bytes = bytesOf(value)
  const part = bytes.length < limits.partBytesMin ? null : partOfBytes(bytes)
  if (Object.isFrozen(value)) knownValues.set(value, part?.hash ?? null)
  return part
}

interface KnownChunk {
  readonly keys: readonly string[]
  readonly values: readonly unknown[]
  readonly hash: string
}

/** Chunks by the object that is their first value. */
const knownChunks = new WeakMap<object, KnownChunk>()
/** All chunks of a map that is frozen. */
const knownMaps = new WeakMap<object, readonly KnownChunk[]>()

/** A map in chunks of its entries, in their order; none when it is small enough to stay as it is. */
function chunksOf(map: object): readonly SnapshotPart[] {
  const known = knownMaps.get(map)
  if (known !== undefined) return known.map((chunk) => partOfKnown(chunk))
  const keys = Object.keys(map)
  if (keys.length < chunkedEntriesMin) return []
  const values: readonly unknown[] = Object.values(map)
  const most = entriesPerChunk(keys.length)
  const made: { readonly part: SnapshotPart; readonly chunk: KnownChunk }[] = []
  for (let from = 0; from < keys.length; ) {
    const to = endOfChunk(keys, from, most)
    made.push(partOfChunk(keys.slice(from, to), values.slice(from, to)))
    from = to
  }
  if (Object.isFrozen(map) && made.every(({ chunk }) => chunk.values.every(isFixed))) {
    knownMaps.set(
      map,
      made.map(({ chunk }) => chunk),
    )
  }
  return made.map(({ part }) => part)
}

/** Fewer entries are one part, or none. */
const chunkedEntriesMin = 8

/** As many entries as chunks, about: what a change rewrites and what a snapshot lists are then equally few. */
function entriesPerChunk(entries: number): number {
  let most = 16
  while (most * most < entries) most *= 2
  return most
}

/** A chunk ends behind a key whose hash says so, whatever lies before it: entries that come and go move no other chunk. */
function endOfChunk(keys: readonly string[], from: number, most: number): number {
  const last = Math.min(from + 2 * most, keys.length)
  for (let at = from; at < last; at++) if (spread(keys[at] ?? '') % most === 0) return at + 1
  return last
}

/** A number between 0 and 2^32 that keys which differ little do not share: FNV-1a, with its high bits brought down. */
function spread(key: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193)
  return (hash ^ (hash >>> 15)) >>> 0
}

function partOfChunk(
  keys: readonly string[],
  values: readonly unknown[],
): { readonly part: SnapshotPart; readonly chunk: KnownChunk } {
  const [first] = values
  const known = isObject(first) ? knownChunks.get(first) : undefined
  if (known !== undefined && isSameList(known.values, values) && isSameList(known.keys, keys)) {
    return { part: partOfKnown(known), chunk: known }
  }
  const part = partOfBytes(bytesOf(pairsOf(keys, values)))
  const chunk = { keys, values, hash: part.hash }
  if (isObject(first) && values.every(isFixed)) knownChunks.set(first, chunk)
  return { part, chunk }
}

function partOfKnown({ keys, values, hash }: KnownChunk): SnapshotPart {
  return { hash, body: once(() => compress(bytesOf(pairsOf(keys, values)))) }
}

function partOfBytes(bytes: Uint8Array): SnapshotPart {
  return { hash: sha256(bytes), body: once(() => compress(bytes)) }
}

function pairsOf(keys: readonly string[], values: readonly unknown[]): readonly unknown[] {
  return keys.map((key, at) => [key, values[at]])
}

function bytesOf(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value))
}

function isSameList(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((value, at) => value === other[at])
}

function isFixed(value: unknown): boolean {
  return !isObject(value) || Object.isFrozen(value)
}

export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

/** A part's value, frozen; `null` when it cannot be had. */
export type ReadPart = (part: SnapshotPart) => object | null

/**
 * Puts a state together again in `rest`; `null` when a part is missing or is not what was put in. Maps are made anew, their entries and
 * what else lay in parts is frozen and shared.
 */
export function joinState(
  rest: PlainRecord,
  slots: readonly Slot[],
  parts: readonly SnapshotPart[],
  read: ReadPart,
): PlainRecord | null {
  let next = 0
  for (const [path, chunks] of slots) {
    const taken = parts.slice(next, next + Math.max(chunks, 1)).map(read)
    next += Math.max(chunks, 1)
    const owner = placeOf(rest, path)
    if (owner === null || taken.includes(null)) return null
    owner.record[owner.key] = chunks === wholeValue ? taken[0] : joinedMap(taken)
  }
  return next === parts.length ? rest : null
}

/** Where a path of a state leads: the record that holds it, and its key there. */
export function placeOf(
  state: PlainRecord,
  path: string,
): { readonly record: PlainRecord; readonly key: string } | null {
  const [first = '', second] = path.split('.')
  if (second === undefined) return { record: state, key: first }
  const record = state[first]
  // A record of the state, as its paths are known here.
  return isObject(record) ? { record: record as PlainRecord, key: second } : null
}

/** Maps that were put together from parts, so that nobody has to look through their entries to know. */
const joinedMaps = new WeakSet<object>()

/** Whether all entries of a map came out of parts, and are frozen and shared with others. */
export function hasSharedEntries(map: object): boolean {
  return joinedMaps.has(map) || Object.isFrozen(map)
}

function joinedMap(chunks: readonly unknown[]): PlainRecord {
  const map: PlainRecord = {}
  joinedMaps.add(map)
  for (const chunk of chunks) {
    if (!Array.isArray(chunk)) continue
    for (const [key, value] of chunk) setOwn(map, key, value)
  }
  return map
}

/** Sets a property whatever its name: one of the name `__proto__` too. */
export function setOwn(record: PlainRecord, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(record, key, { value, writable: true, enumerable: true, configurable: true })
  } else record[key] = value
}
