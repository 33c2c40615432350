/** Copying and freezing for states that share what did not change. */

/** Keys of maps that were copied. Asking an object of thousands for its keys takes as long as copying it. */
const keysOf = new WeakMap<object, readonly string[]>()

/** Maps of fewer entries are copied as fast without. */
const keptKeysMin = 256

/** A copy of a map, its entries shared. For thousands of entries this is what remains of the cost of changing one. */
export function copyOfMap<T>(map: Readonly<Record<string, T>>): Record<string, T> {
  const keys = keysOf.get(map) ?? Object.keys(map)
  const copy: Record<string, T> = {}
  for (const key of keys) {
    const value = map[key]
    if (value !== undefined) copy[key] = value
  }
  return copy
}

/** Remembers the keys of a map that will not change any more: those of the map it was copied from, and what was added since. */
export function keepKeys(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
  added: readonly string[],
): void {
  const known = keysOf.get(before) ?? Object.keys(before)
  if (known.length >= keptKeysMin) keysOf.set(after, added.length === 0 ? known : [...known, ...added])
}

/** The entry of that key, if the map itself has it; a key such as `constructor` finds nothing inherited. */
export function own<T>(map: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(map, key) ? map[key] : undefined
}

/**
 * Freezes what is new in `after`, which is a copy of `before` that was changed, and gives `before` back where it came out the same: who
 * compares by identity sees what has changed. What is frozen was there before.
 */
export function freezeNew(before: unknown, after: unknown): unknown {
  if (!isObject(after) || Object.isFrozen(after)) return after
  return Array.isArray(after) ? freezeList(before, after) : freezeFields(before, after)
}

function freezeFields(before: unknown, after: Record<string, unknown>): unknown {
  const old = isObject(before) ? before : {}
  const keys = Object.keys(after)
  let isSame = isObject(before) && Object.keys(before).length === keys.length
  for (const key of keys) {
    const value = freezeNew(old[key], after[key])
    if (value !== after[key]) after[key] = value
    isSame &&= value === old[key] && Object.hasOwn(old, key)
  }
  return isSame ? before : Object.freeze(after)
}

/** Lists grow at their end: what stands before an entry that was there was there as well. */
function freezeList(before: unknown, after: unknown[]): unknown {
  for (let index = after.length - 1; index >= 0; index--) {
    const entry = after[index]
    if (!isObject(entry) || Object.isFrozen(entry)) break
    after[index] = freezeNew(undefined, entry)
  }
  const isSame =
    Array.isArray(before) &&
    before.length === after.length &&
    after.every((entry, index) => entry === before[index])
  return isSame ? before : Object.freeze(after)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
