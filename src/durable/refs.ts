/** Stand-ins for the actors of a machine that is run on the log: what is sent to them is recorded, what they are is read from the state. */
import type { AnyEventObject, AnyMachineSnapshot } from 'xstate'
import type { LiveRef, LiveRefs } from '../decide/durable/live-step.ts'
import { withRefs as replaced } from '../decide/durable/refs.ts'
import type { MachinePath } from '../events/machine.ts'

export interface RefHost {
  readonly sessionId: string
  readonly machineId: string
  snapshot(): AnyMachineSnapshot
  send(path: MachinePath, event: AnyEventObject): void
}

/** A ref as viewers of XState's inspection look at it. */
export interface InspectedRef extends LiveRef {
  readonly _parent: InspectedRef | undefined
  readonly logic: unknown
  readonly src: unknown
}

export class Refs implements LiveRefs {
  readonly #host: RefHost
  readonly #refs = new Map<string, { readonly path: MachinePath; readonly ref: InspectedRef }>()

  constructor(host: RefHost) {
    this.#host = host
  }

  refOf(path: MachinePath): InspectedRef {
    const key = JSON.stringify(path)
    const known = this.#refs.get(key)
    if (known !== undefined) return known.ref
    const host = this.#host
    const parent = path.length === 0 ? undefined : this.refOf(path.slice(0, -1))
    const find = (): unknown => actorAt(host.snapshot(), path)
    const ref: InspectedRef = {
      id: path.at(-1) ?? host.machineId,
      sessionId: [host.sessionId, ...path].join('/'),
      _parent: parent,
      get logic() {
        return path.length === 0 ? host.snapshot().machine : propertyOf(find(), 'logic')
      },
      get src() {
        return path.length === 0 ? host.machineId : propertyOf(find(), 'src')
      },
      send: (event) => host.send(path, event),
      getSnapshot: () => {
        const snapshot = snapshotAt(host.snapshot(), path)
        return hasChildren(snapshot) ? this.#withRefs(path, snapshot) : snapshot
      },
    }
    this.#refs.set(key, { path, ref })
    return ref
  }

  /** A snapshot whose children are the stand-ins: what is sent to them is recorded. */
  withRefs(snapshot: AnyMachineSnapshot): AnyMachineSnapshot {
    this.#forget(snapshot.children)
    return this.#withRefs([], snapshot)
  }

  #withRefs<S extends object>(path: MachinePath, snapshot: S & { readonly children: object }): S {
    const children = Object.keys(snapshot.children).map((id) => [id, this.refOf([...path, id])])
    const context = replaced(Reflect.get(snapshot, 'context'), this)
    // A snapshot's methods go by `this`, so a copy with other children is a snapshot as well.
    return { ...snapshot, context, children: Object.fromEntries(children) }
  }

  /** Those of children that are gone: a machine may spawn many over time. */
  #forget(children: object): void {
    for (const [key, { path }] of this.#refs) {
      const [id] = path
      if (id !== undefined && !Object.hasOwn(children, id)) this.#refs.delete(key)
    }
  }
}

function actorAt(snapshot: AnyMachineSnapshot, path: MachinePath): unknown {
  let found: unknown = { getSnapshot: () => snapshot }
  for (const id of path) found = propertyOf(propertyOf(snapshotOf(found), 'children'), id)
  return found
}

function snapshotAt(snapshot: AnyMachineSnapshot, path: MachinePath): unknown {
  return path.length === 0 ? snapshot : snapshotOf(actorAt(snapshot, path))
}

function snapshotOf(ref: unknown): unknown {
  const read = propertyOf(ref, 'getSnapshot')
  return typeof read === 'function' ? Reflect.apply(read, ref, []) : undefined
}

function propertyOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

function hasChildren(snapshot: unknown): snapshot is { readonly children: object } {
  const children = propertyOf(snapshot, 'children')
  return typeof children === 'object' && children !== null
}
