/** What a step asks for that the log does not hold: functions to call, once the step is on disk. It is no part of the decision. */
import type { AnyEventObject } from 'xstate'
import type { MachinePath } from '../../events/machine.ts'

/** Stands in for the actors of a step, which are gone when what it asked for is done. */
export interface LiveRef {
  readonly id: string
  readonly sessionId: string
  send(event: AnyEventObject): void
  getSnapshot(): unknown
}

export interface LiveRefs {
  /** The child at a path, the root at an empty one. */
  refOf(path: MachinePath): LiveRef
}

/** A custom action, not run yet. */
export interface LiveAction {
  readonly effectId: string
  readonly path: MachinePath
  readonly type: string
  run(refs: LiveRefs): unknown
}

/** One of XState's inspection events; the actors in it are named by their paths. */
export interface LiveInspection {
  readonly type:
    | '@xstate.actor'
    | '@xstate.event'
    | '@xstate.snapshot'
    | '@xstate.microstep'
    | '@xstate.action'
  readonly path: MachinePath
  /** Of an event: who sent it, `null` when it came from outside. */
  readonly source: MachinePath | null
  /** The rest of the event as XState gives it: `event`, `snapshot`, `action`, `_transitions`. */
  readonly rest: Readonly<Record<string, unknown>>
}

export interface LiveStep {
  readonly transition: number
  /** Custom actions, in the order in which XState would have run them. */
  readonly actions: readonly LiveAction[]
  /** Events that the step sent to effects, such as a callback. */
  readonly deliveries: readonly { readonly effectId: string; readonly event: AnyEventObject }[]
  /** Events that `emit` made, for listeners. */
  readonly emitted: readonly { readonly path: MachinePath; readonly event: AnyEventObject }[]
  /** Empty unless it was asked for. */
  readonly inspection: readonly LiveInspection[]
}
