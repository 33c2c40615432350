/**
 * A machine of somebody else as deciding asks it. Each step is a question: from a recorded state, what does this lead to? Nothing runs
 * meanwhile; what would have run stands in the answer.
 */
import type { AnyActorLogic, AnyMachineSnapshot } from 'xstate'
import type { JsonValue } from '../../events/json.ts'
import type {
  MachineAction,
  MachineEffect,
  MachineFailure,
  MachinePath,
  MachineTimer,
} from '../../events/machine.ts'
import type { MachineState, PersistedSnapshot } from '../../fold/machine-state.ts'
import type { DeepReadonly } from '../../fold/state.ts'
import type { LiveRefs } from './live-step.ts'

/** A machine's recorded state. */
export type RecordedMachine = DeepReadonly<MachineState>

/** An event as it was recorded: a type, and what else it carries. */
export type RecordedEventObject = Readonly<Record<string, unknown>> & { readonly type: string }

/** What reaches a machine. */
export type Delivery =
  | { readonly kind: 'event'; readonly event: RecordedEventObject; readonly to: MachinePath }
  | {
      readonly kind: 'effect'
      readonly effectId: string
      readonly outcome: 'done' | 'error'
      readonly output: JsonValue | undefined
      readonly error: MachineFailure | undefined
    }
  | { readonly kind: 'timer'; readonly timerId: string }

/** What a step leads to: all of it JSON, as it goes into the event. */
export interface StepOutcome {
  readonly snapshot: PersistedSnapshot
  /** Timers that were set. */
  readonly timers: readonly MachineTimer[]
  readonly cancelledTimers: readonly string[]
  /** Effects that were begun. */
  readonly effects: readonly MachineEffect[]
  readonly stoppedEffects: readonly string[]
  readonly actions: readonly MachineAction[]
}

export type StepAnswer =
  | { readonly ok: true; readonly outcome: StepOutcome }
  | {
      readonly ok: false
      /** `unknown-event`: there is no transition for it where the machine is. */
      readonly kind: 'unknown-event' | 'no-such-child' | 'not-running'
      readonly reason: string
      /** The types of events that are accepted there now. */
      readonly accepted: readonly string[]
    }

export interface DurableMachine {
  readonly machineId: string
  readonly machineVersion: string | null
  readonly machineHash: string
  /** @throws WaymarkError `MACHINE_FAILED`, `MACHINE_INVALID` */
  start(input: JsonValue | undefined, at: { readonly now: string }): StepAnswer
  /** @throws WaymarkError `MACHINE_FAILED`, `MACHINE_INVALID`, `MACHINE_MISMATCH` */
  deliver(state: RecordedMachine, delivery: Delivery, at: { readonly now: string }): StepAnswer
  /** XState's snapshot of a recorded state. @throws WaymarkError `MACHINE_MISMATCH` at once when the machine has no such state */
  snapshotOf(state: RecordedMachine): AnyMachineSnapshot
  /** Logic and input of an effect, to run it; actors in its input are taken from `refs`. @throws WaymarkError `MACHINE_MISMATCH` */
  effectOf(
    state: RecordedMachine,
    effectId: string,
    refs?: LiveRefs,
  ): { readonly logic: AnyActorLogic; readonly input: unknown }
}
