/**
 * What a step relies on of XState beyond its documented surface, in one place. Each copy of XState that a machine comes from is tried once
 * (probe.ts) before it is trusted with it.
 */
import type { AnyEventObject, AnyStateMachine } from 'xstate'
import type { MachinePath } from '../../events/machine.ts'

export const processing = { running: 1, stopped: 2 } as const

export interface InsideSnapshot {
  readonly status: 'active' | 'done' | 'error' | 'stopped'
  readonly output?: unknown
  readonly error?: unknown
  /** Of machines. */
  readonly value?: unknown
  readonly machine?: unknown
  readonly context?: unknown
  readonly children?: Readonly<Record<string, InsideActor | undefined>>
  readonly _nodes?: { readonly order: number; readonly ownEvents: readonly string[] }[]
}

export interface InsideLogic {
  transition(snapshot: InsideSnapshot, event: AnyEventObject, scope: InsideScope): InsideSnapshot
  getInitialSnapshot(scope: InsideScope, input: unknown): InsideSnapshot
  getPersistedSnapshot(snapshot: InsideSnapshot, options?: unknown): unknown
  restoreSnapshot?(snapshot: unknown, scope: InsideScope): InsideSnapshot
  /** What makes an actor more than its transitions: a promise, a callback, an observable begin here. */
  start?: ((snapshot: InsideSnapshot, scope: InsideScope) => void) | undefined
}

export interface ExecutableAction {
  readonly type: string
  readonly info: { readonly context: unknown; readonly event: unknown }
  readonly params: unknown
  readonly exec?: ((info: unknown, params: unknown) => unknown) | undefined
}

export interface InsideScope {
  self: InsideActor
  sessionId: string
  logger: (...args: unknown[]) => void
  emit: (event: AnyEventObject) => void
  actionExecutor: (action: ExecutableAction) => void
}

export interface InsideSystem {
  get(systemId: string): InsideActor | undefined
  getAll(): Readonly<Record<string, InsideActor | undefined>>
  _bookId: () => string
  _relay: (source: InsideActor | undefined, target: InsideActor, event: AnyEventObject) => void
  _sendInspectionEvent: (event: InsideInspection) => void
  readonly scheduler: {
    schedule: (
      source: InsideActor,
      target: InsideActor,
      event: AnyEventObject,
      delay: number,
      id?: string,
    ) => void
    cancel: (source: InsideActor, id: string) => void
    cancelAll: (source: InsideActor) => void
  }
}

export interface InsideInspection {
  readonly type:
    | '@xstate.actor'
    | '@xstate.event'
    | '@xstate.snapshot'
    | '@xstate.microstep'
    | '@xstate.action'
  readonly actorRef: InsideActor
  readonly sourceRef?: InsideActor | undefined
  readonly snapshot?: unknown
  readonly action?: { readonly type: string; readonly params: unknown }
}

export interface InsideActor {
  readonly id: string
  sessionId: string
  readonly systemId?: string | undefined
  readonly src: unknown
  logic: InsideLogic
  readonly options: { readonly input?: unknown }
  readonly system: InsideSystem
  readonly _parent: InsideActor | undefined
  readonly _actorScope: InsideScope
  readonly _processingStatus: number
  readonly _deferred: (() => void)[]
  getSnapshot(): InsideSnapshot
  getPersistedSnapshot(): unknown
  start(): unknown
  subscribe(observer: { readonly error: (error: unknown) => void }): unknown
  _stop(): unknown
}

/** An actor as it is inside: its type hides the rest. */
export function insideOf(actor: object): InsideActor {
  return actor as InsideActor
}

/** Logic that is a machine, from whatever copy of XState. */
export function isMachine(logic: unknown): logic is AnyStateMachine {
  return typeof logic === 'object' && logic !== null && 'getTransitionData' in logic && 'root' in logic
}

/** The logic that a machine knows by that name; one that stands in an `invoke` itself has a name made of where it stands. */
export function logicOf(machine: AnyStateMachine, src: unknown): InsideLogic | undefined {
  if (typeof src !== 'string') return undefined
  const inline = /^xstate\.invoke\.(\d+)\.(.*)$/s.exec(src)
  if (inline === null) return asLogic(ownOf(machine.implementations.actors, src))
  const invoked = ownOf(ownOf(nodeOf(machine, inline[2] ?? ''), 'config'), 'invoke')
  const one: unknown = Array.isArray(invoked) ? invoked[Number(inline[1])] : invoked
  return asLogic(ownOf(one, 'src'))
}

/** The state of a machine that has this id. */
export function nodeOf(machine: AnyStateMachine, id: string): unknown {
  const byId = ownOf(machine, 'idMap')
  return byId instanceof Map ? byId.get(id) : undefined
}

function asLogic(found: unknown): InsideLogic | undefined {
  // What a machine names as an actor is logic; XState takes it as it is, too.
  return typeof found === 'object' && found !== null ? (found as InsideLogic) : undefined
}

export function ownOf(table: unknown, key: string): unknown {
  return typeof table === 'object' && table !== null && Object.hasOwn(table, key)
    ? Reflect.get(table, key)
    : undefined
}

/** Ids of an actor's way from the root downwards. Kept, as the ids of what is gone are asked for too. */
const paths = new WeakMap<object, MachinePath>()

export function pathOf(actor: InsideActor): MachinePath {
  let path = paths.get(actor)
  if (path === undefined) {
    path = actor._parent === undefined ? [] : [...pathOf(actor._parent), actor.id]
    paths.set(actor, path)
  }
  return path
}

/** One text for a path, so that it can be looked up. */
export function keyOf(path: MachinePath): string {
  return path.length === 0 ? '' : JSON.stringify(path)
}

/** `order`, or `order/kid` for a child. */
export function nameOf(machineId: string, path: MachinePath): string {
  return [machineId, ...path].join('/')
}
