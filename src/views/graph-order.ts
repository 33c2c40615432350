/** The order of things that depend on each other, and the cycle that leaves none. Each is looked at once, however deep they lie. */

export interface Dependent {
  readonly id: string
  readonly dependsOn: readonly string[]
}

export interface DependencyOrder<T> {
  /** Each after all it depends on, as near to the given order as that allows. What waits for a cycle is left out. */
  readonly ordered: readonly T[]
  /** One cycle, `['a', 'b', 'a']` where a waits for b and b for a; `null` when there is none. */
  readonly cycle: readonly string[] | null
}

/**
 * Puts things into an order in which each comes after those it depends on. An id that none of them has is passed over.
 *
 * @example
 * ```ts
 * const order = inDependencyOrder([{ id: 'b', dependsOn: ['a'] }, { id: 'a', dependsOn: [] }])
 * order.ordered.map(({ id }) => id) // ['a', 'b']
 * inDependencyOrder([{ id: 'a', dependsOn: ['a'] }]).cycle // ['a', 'a']
 * ```
 */
export function inDependencyOrder<T extends Dependent>(items: readonly T[]): DependencyOrder<T> {
  const byId = new Map(items.map((item) => [item.id, item]))
  const known = (item: T): readonly string[] => [...new Set(item.dependsOn)].filter((id) => byId.has(id))
  const missing = new Map(items.map((item) => [item.id, known(item).length]))
  const dependants = dependantsOf(items)
  const ordered = [...byId.values()].filter(({ id }) => missing.get(id) === 0)
  // The list grows while it is gone through: what becomes free follows.
  for (const { id } of ordered) {
    for (const next of dependants.get(id) ?? []) {
      const left = (missing.get(next) ?? 0) - 1
      missing.set(next, left)
      const item = byId.get(next)
      if (left === 0 && item !== undefined) ordered.push(item)
    }
  }
  if (ordered.length === byId.size) return { ordered, cycle: null }
  const left = new Set([...byId.keys()].filter((id) => (missing.get(id) ?? 0) > 0))
  return { ordered, cycle: cycleAmong(left, (id) => byId.get(id)?.dependsOn ?? []) }
}

/** By id, those that depend on it directly, in the given order. */
export function dependantsOf(items: readonly Dependent[]): ReadonlyMap<string, readonly string[]> {
  const dependants = new Map<string, string[]>()
  for (const { id, dependsOn } of items) {
    for (const other of new Set(dependsOn)) {
      const known = dependants.get(other)
      if (known === undefined) dependants.set(other, [id])
      else known.push(id)
    }
  }
  return dependants
}

/** Each of them waits for another of them, so following one leads round sooner or later. */
function cycleAmong(
  left: ReadonlySet<string>,
  dependsOn: (id: string) => readonly string[],
): readonly string[] {
  const path = new Map<string, number>()
  let at = left.values().next().value
  while (at !== undefined && !path.has(at)) {
    path.set(at, path.size)
    at = dependsOn(at).find((id) => left.has(id))
  }
  return at === undefined ? [] : [...[...path.keys()].slice(path.get(at) ?? 0), at]
}
