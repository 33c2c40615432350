/** What a check of a machine can be told. */
import type {
  AnyMachineSnapshot,
  AnyStateMachine,
  EventFromLogic,
  EventObject,
  InputFrom,
  SnapshotFrom,
} from 'xstate'
import type { EventsGiven } from './events.ts'
import type { Invariant } from './judge.ts'

/** What is wrong on purpose: it is no problem, and it becomes one when it is not so any more. */
export interface Declared {
  /** States that are never reached, by their names: `editing.archived`. */
  readonly unreachable?: readonly string[]
  /** Transitions that are never taken, by their names as a report gives them: `failed: task.recover [retryable] → recovered`. */
  readonly neverTaken?: readonly string[]
  /** States from which nothing may lead anywhere, though they are not final: by their names, or several at once as `left.on & right.off`. */
  readonly deadEnds?: readonly string[]
  /** Events that lead out of a machine that is done; an actor is stopped there, and takes them no more. */
  readonly afterDone?: readonly string[]
  /** Not everything is looked at: the machine never comes to an end of different snapshots, as one that counts, and a bound is met. */
  readonly cutShort?: boolean
}

export interface MachineCheckOptions<Machine extends AnyStateMachine> extends Declared {
  readonly input?: InputFrom<Machine>
  /** Data for events; an event that is left out is tried with its type alone. */
  readonly events?: EventsGiven<Extract<EventFromLogic<Machine>, EventObject>>
  /** What must hold wherever the machine comes to rest, by the names that a report tells. */
  readonly invariants?: Readonly<Record<string, Invariant<SnapshotFrom<Machine>>>>
  /** The same seed makes the same walks and samples; chosen anew if left out, and told in the report. */
  readonly seed?: number
  /** Random walks; 100 if left out. */
  readonly numRuns?: number
  /** Events of a random walk at most; 40 if left out. */
  readonly lengthMax?: number
  /** Different snapshots from which paths are followed at most; 500 if left out. */
  readonly statesMax?: number
  /** Events tried on paths at most; 10,000 if left out. */
  readonly stepsMax?: number
  /** Data tried on paths for each event given as an arbitrary; 5 if left out. */
  readonly samplesPerEvent?: number
}

/** The options as the work takes them, whatever the type of the machine. */
export type AnyMachineCheckOptions = Omit<MachineCheckOptions<AnyStateMachine>, 'events' | 'invariants'> & {
  readonly events?: object
  readonly invariants?: Readonly<Record<string, Invariant<AnyMachineSnapshot>>>
}
