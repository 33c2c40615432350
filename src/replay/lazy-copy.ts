/** A state that is about to be changed in a few places: what makes it large is copied entry by entry, when it is first looked at. */
import type { ReadonlyState, SessionState } from '../fold/state.ts'
import { isObject, mapPaths, type PlainRecord, placeOf, recordPaths, setOwn } from './parts.ts'
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
    for (const { place, proxy, map } of wrapped) {
      if (place.record[place.key] === proxy) place.record[place.key] = map
    }
    return deeplyFrozen(state)
  }
  return { state, settled }
}

interface WrappedMap {
  readonly place: { readonly record: PlainRecord; readonly key: string }
  readonly proxy: PlainRecord
  readonly map: PlainRecord
}

function wrappedAt(record: PlainRecord, path: string): readonly WrappedMap[] {
  const place = placeOf(record, path)
  const found = place?.record[place.key]
  if (place === null || !isObject(found)) return []
  // A map of the state: plain, with entries of one kind. A small one is a part by itself, and shared as a whole.
  const map = (Object.isFrozen(found) ? { ...found } : found) as PlainRecord
  // Nothing to watch over: as in a state before its first event, from which a million may follow.
  if (!Object.values(map).some((entry) => Object.isFrozen(entry))) {
    place.record[place.key] = map
    return []
  }
  const proxy = new Proxy(map, copyingEntries)
  place.record[place.key] = proxy
  return [{ place, proxy, map }]
}

/** Whoever looks at an entry gets a copy of his own, which is in the map from then on. */
const copyingEntries: ProxyHandler<PlainRecord> = {
  get(map, key) {
    const value: unknown = Reflect.get(map, key)
    if (typeof key !== 'string' || !isObject(value) || !Object.isFrozen(value)) return value
    const copy = copied(value)
    setOwn(map, key, copy)
    return copy
  },
}

/** Copies what is frozen and shared. */
function thaw(record: PlainRecord): void {
  for (const [key, value] of Object.entries(record)) {
    if (isObject(value) && Object.isFrozen(value)) setOwn(record, key, copied(value))
  }
}
