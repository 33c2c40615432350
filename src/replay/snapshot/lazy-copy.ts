/** A state that is about to be changed in a few places: what makes it large is copied entry by entry, when it is first looked at. */
import type { ReadonlyState, SessionState } from '../../fold/state.ts'
import {
  hasSharedEntries,
  isObject,
  mapPaths,
  type PlainRecord,
  placeOf,
  recordPaths,
  setOwn,
} from './parts.ts'
import { copied, deeplyFrozen } from './shared.ts'

export interface LazyCopy {
  /** For `foldInto` and nothing else. */
  readonly state: SessionState
  /** Gives it away: from here on nobody may change it. Entries that were not looked at are the same objects as before. */
  readonly settled: () => ReadonlyState
}

/** Takes over a state that `unpackSnapshot` has just put together: what is frozen in it is shared, the rest is held by nobody else. */
export function lazilyCopied(state: SessionState): LazyCopy {
  // The state by its paths, which the compiler does not know.
  const record = state as unknown as PlainRecord
  const wrapped = [...mapPaths].flatMap((path) => wrappedAt(record, path))
  thaw(record)
  for (const path of recordPaths) {
    const inner = record[path]
    // A record of the state; it is never a part, so it is nobody else's.
    if (isObject(inner)) thaw(inner as PlainRecord)
  }
  const settled = (): ReadonlyState => {
    for (const { place, proxy, map, changed } of wrapped) {
      // A recipe may have put another map in its place.
      if (place.record[place.key] !== proxy) continue
      place.record[place.key] = map
      freezeChanged(map, changed)
    }
    return deeplyFrozen(state)
  }
  return { state, settled }
}

interface WrappedMap {
  readonly place: { readonly record: PlainRecord; readonly key: string }
  readonly proxy: PlainRecord
  readonly map: PlainRecord
  /** Keys of entries that are not the frozen ones of before. */
  readonly changed: ReadonlySet<string>
}

/** Freezes a map of which all but the changed entries are frozen: most of it is not looked at. */
function freezeChanged(map: PlainRecord, changed: ReadonlySet<string>): void {
  for (const key of changed) {
    const entry = Object.hasOwn(map, key) ? map[key] : undefined
    if (isObject(entry)) deeplyFrozen(entry)
  }
  Object.freeze(map)
}

function wrappedAt(record: PlainRecord, path: string): readonly WrappedMap[] {
  const place = placeOf(record, path)
  const found = place?.record[place.key]
  if (place === null || !isObject(found)) return []
  // A map of the state: plain, with entries of one kind. A small one is a part by itself, and shared as a whole.
  const map = (Object.isFrozen(found) ? { ...found } : found) as PlainRecord
  // Nothing to watch over: as in a state before its first event, from which a million may follow.
  if (!hasSharedEntries(found)) {
    place.record[place.key] = map
    return []
  }
  const changed = new Set<string>()
  const proxy = new Proxy(map, copyingEntries(changed))
  place.record[place.key] = proxy
  return [{ place, proxy, map, changed }]
}

/** Whoever looks at an entry gets a copy of his own, which is in the map from then on. */
function copyingEntries(changed: Set<string>): ProxyHandler<PlainRecord> {
  return {
    get(map, key) {
      const value: unknown = Reflect.get(map, key)
      if (typeof key !== 'string' || !isObject(value) || !Object.isFrozen(value)) return value
      const copy = copied(value)
      setOwn(map, key, copy)
      changed.add(key)
      return copy
    },
    // Also what is set by assignment comes this way.
    defineProperty(map, key, descriptor) {
      if (typeof key === 'string') changed.add(key)
      return Reflect.defineProperty(map, key, descriptor)
    },
  }
}

/** Copies what is frozen and shared. */
function thaw(record: PlainRecord): void {
  for (const [key, value] of Object.entries(record)) {
    if (isObject(value) && Object.isFrozen(value)) setOwn(record, key, copied(value))
  }
}
