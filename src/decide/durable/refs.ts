/** Actors within values: written by id, found again by where they stand, and replaced by what stands in for them once a step is over. */
import type { MachinePath } from '../../events/machine.ts'
import { insideOf, isMachine, ownOf, pathOf } from './inside.ts'
import { isActorRef, isWrittenRef } from './json.ts'
import type { LiveRefs } from './live-step.ts'

/** A written actor within a copy: who finds it replaces it there. */
export interface RefPlace {
  readonly holder: object
  readonly key: string
  readonly id: string
  /** The machine whose value it is. */
  readonly owner: MachinePath
}

/**
 * A copy of plain JSON that may be changed. Where actors were written, `places` is told. Its names stand in order: the log keeps none, so that a
 * step which asks for them in turn must not depend on whether the state was read again since.
 */
export function copied(value: unknown, owner: MachinePath, places: RefPlace[]): unknown {
  if (typeof value !== 'object' || value === null) return value
  const copy: object = Array.isArray(value) ? [] : {}
  for (const key of Object.keys(value).sort()) {
    const item: unknown = Reflect.get(value, key)
    if (isWrittenRef(item)) places.push({ holder: copy, key, id: item.id, owner })
    Reflect.set(copy, key, copied(item, owner, places))
  }
  return copy
}

/**
 * Where the actor stands that a machine's value names by its id: among its children, else it itself, else upwards, its parent's other children and
 * its parent. `null` for one that is gone.
 */
export function pathOfRef(
  snapshot: unknown,
  machineId: string,
  owner: MachinePath,
  id: string,
): MachinePath | null {
  for (let depth = owner.length; depth >= 0; depth--) {
    const at = owner.slice(0, depth)
    if (ownOf(childrenAt(snapshot, at), id) !== undefined) return [...at, id]
    if ((at.at(-1) ?? machineId) === id) return at
  }
  return null
}

function childrenAt(snapshot: unknown, path: MachinePath): unknown {
  let children = ownOf(snapshot, 'children')
  for (const id of path) children = ownOf(ownOf(ownOf(children, id), 'snapshot'), 'children')
  return children
}

/** The value with each actor of a step replaced by what stands in for it; the value itself when there is none in it. */
export function withRefs(value: unknown, refs: LiveRefs, seen: ReadonlySet<object> = new Set()): unknown {
  if (typeof value !== 'object' || value === null || seen.has(value)) return value
  if (isActorRef(value)) return refs.refOf(pathOf(insideOf(value)))
  const prototype: unknown = Object.getPrototypeOf(value)
  const isPlain = Array.isArray(value) || prototype === null || Object.getPrototypeOf(prototype) === null
  // Machines know themselves in circles, and hold no actor.
  if (!isPlain || isMachine(value)) return value
  const within = new Set(seen).add(value)
  let copy: object | null = null
  for (const key of Object.keys(value)) {
    const item: unknown = Reflect.get(value, key)
    const replaced = withRefs(item, refs, within)
    if (replaced === item) continue
    copy ??= Array.isArray(value) ? [...value] : { ...value }
    Reflect.set(copy, key, replaced)
  }
  return copy ?? value
}
