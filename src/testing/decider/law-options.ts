/** What the laws of a decider are checked with. */
import type fc from 'fast-check'
import type { Invariant } from '../machine/judge.ts'
import type { Decider, IsRefusal } from './decider.ts'

/** What a decider's laws are checked with: the decider itself, commands for it, and what else is true of it. */
export interface DeciderLaws<Command, Event, State> extends Decider<Command, Event, State> {
  /** Random commands. From small pools of ids, so that they meet each other. */
  readonly commands: fc.Arbitrary<Command>
  /** Folds many events at once, if there is such a way: it has to agree with `evolve`. */
  readonly fold?: (state: State, events: readonly Event[]) => State
  /** Whether two states, or two lists of events, are the same. As deep as they go, if left out. */
  readonly equals?: (a: unknown, b: unknown) => boolean
  /** The command that a batch of events answers. With it, the command has to be readable from its events. */
  readonly commandOf?: (events: readonly Event[]) => Command | null
  /** Commands that change nothing when they come a second time. */
  readonly isIdempotent?: (command: Command) => boolean
  /** What is true of every state, by name: it holds with `true` or nothing; `false`, a text with the reason, or an error break it. */
  readonly invariants?: Readonly<Record<string, Invariant<State>>>
  /** Which of the errors that `decide` throws are refusals: all but those of the language itself, if left out. */
  readonly isRefusal?: IsRefusal
  /** `evolve` has to take any events in any order, as after a merge or a repair. */
  readonly anyOrder?: boolean
  /** States and events are plain data, as a log and its snapshots need them. `false` for those that are not meant to be. */
  readonly plainData?: boolean
  /** Commands of a history at most; 30 if left out. */
  readonly lengthMax?: number
  /** Histories that each law is checked on; 100 if left out. */
  readonly runs?: number
  /** Both from a failure's message, to see it again. */
  readonly seed?: number
  readonly path?: string
}
