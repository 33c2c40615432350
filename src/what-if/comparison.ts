/** What was recorded and what was played, side by side: phases of the budget, checkpoints, refusals, and where both part. */
import type { LoggedEvent, RecordedEvent } from '../events/envelope.ts'
import { isKnown } from '../events/envelope.ts'
import type { BudgetPhase } from '../events/usage.ts'
import { limits } from '../kernel/limits.ts'
import type { PlayedStep, StepKind } from './play.ts'
import { eventsOfStep, firstVersionOf } from './script-step.ts'

/** A list that tells its first entries and counts all. */
export interface Told<T> {
  readonly count: number
  readonly listed: readonly T[]
}

/** A change of the budget's phase. Versions are those of the record: that of the command at which it came. */
export interface PhaseStep {
  readonly version: number
  readonly time: string
  readonly from: BudgetPhase
  readonly to: BudgetPhase
  readonly percent: number
}

export interface CheckpointTaken {
  /** Version of the record: that of the command at which it was taken. */
  readonly version: number
  readonly time: string
  readonly trigger: string
  readonly reason: string | null
}

export interface StepRefused {
  readonly version: number
  readonly time: string
  readonly command: string
  readonly subject: string
  readonly status: string
  readonly reason: string
  readonly accepted: readonly string[]
}

/** Where both histories part: the first step whose events are not those of the record. */
export interface Parting {
  /** Version of the record: the first of the step. What lies before is the same. */
  readonly version: number
  readonly time: string
  readonly command: string
  /** What became of it. */
  readonly kind: StepKind | 'refused'
  /** Types of events that came out, and that the record has. */
  readonly played: readonly string[]
  readonly recorded: readonly string[]
}

export interface Comparison {
  readonly partsAt: Parting | null
  readonly phases: { readonly recorded: Told<PhaseStep>; readonly played: Told<PhaseStep> }
  readonly checkpoints: {
    readonly recorded: number
    readonly played: number
    /** Taken in the record, and not when it was played. */
    readonly missing: Told<CheckpointTaken>
    /** Taken when it was played, and not in the record. */
    readonly added: Told<CheckpointTaken>
  }
  /** Commands of the record, and inserted ones, that were refused when they were played. */
  readonly refused: Told<StepRefused>
  /** Commands of the record that had nothing to add when they were played. */
  readonly withoutEvents: number
}

/** Collects a comparison, step by step. */
export class Comparing {
  readonly #recordedPhases = new Telling<PhaseStep>()
  readonly #playedPhases = new Telling<PhaseStep>()
  readonly #missing = new Telling<CheckpointTaken>()
  readonly #added = new Telling<CheckpointTaken>()
  readonly #refused = new Telling<StepRefused>()
  #checkpoints = { recorded: 0, played: 0 }
  #withoutEvents = 0
  #parting: Parting | null = null

  add(played: PlayedStep): void {
    const recorded = played.kind === 'inserted' ? [] : eventsOfStep(played.step)
    const { version } = played.step
    if (this.#parting === null && !played.sameApartFromConfiguration)
      this.#parting = partingOf(played, recorded)
    for (const event of recorded) this.#recordedPhases.addAll(phaseOf(event, version))
    for (const event of played.events) this.#playedPhases.addAll(phaseOf(event, version))
    this.#addCheckpoints(played, recorded)
    if (played.refusal !== null) this.#refused.add(refusedStep(played, played.refusal))
    else if (played.kind !== 'inserted' && played.command !== null && played.ownEvents.length === 0) {
      this.#withoutEvents += 1
    }
  }

  result(): Comparison {
    return {
      partsAt: this.#parting,
      phases: { recorded: this.#recordedPhases.told, played: this.#playedPhases.told },
      checkpoints: { ...this.#checkpoints, missing: this.#missing.told, added: this.#added.told },
      refused: this.#refused.told,
      withoutEvents: this.#withoutEvents,
    }
  }

  /** Checkpoints of one step are the same when their trigger is. */
  #addCheckpoints({ step, events }: PlayedStep, recorded: readonly LoggedEvent[]): void {
    const [before, now] = [recorded.filter(isCheckpoint), events.filter(isCheckpoint)]
    this.#checkpoints.recorded += before.length
    this.#checkpoints.played += now.length
    if (before.length === 0 && now.length === 0) return
    const rest = [...now]
    for (const event of before) {
      const index = rest.findIndex(({ data }) => data.trigger === event.data.trigger)
      if (index === -1) this.#missing.add(takenAt(event, step.version))
      else rest.splice(index, 1)
    }
    for (const event of rest) this.#added.add(takenAt(event, step.version))
  }
}

/** Entries that are all counted; the first are kept. */
export class Telling<T> {
  #count = 0
  readonly #listed: T[] = []

  add(entry: T): void {
    this.#count += 1
    if (this.#listed.length < limits.whatIfListedMax) this.#listed.push(entry)
  }

  addAll(entries: readonly T[]): void {
    for (const entry of entries) this.add(entry)
  }

  get told(): Told<T> {
    return { count: this.#count, listed: this.#listed }
  }
}

function phaseOf(event: LoggedEvent, version: number): readonly PhaseStep[] {
  if (!isKnown(event) || event.type !== 'budget.phase-changed') return []
  const { from, to, percent } = event.data
  return [{ version, time: event.time, from, to, percent }]
}

type CheckpointCreated = RecordedEvent<'checkpoint.created'>

function isCheckpoint(event: LoggedEvent): event is CheckpointCreated {
  return isKnown(event) && event.type === 'checkpoint.created'
}

function takenAt({ time, data }: CheckpointCreated, version: number): CheckpointTaken {
  return { version, time, trigger: data.trigger, reason: data.reason ?? null }
}

function refusedStep(
  { step }: PlayedStep,
  { command, subject, status, reason, accepted }: NonNullable<PlayedStep['refusal']>,
): StepRefused {
  return { version: step.version, time: timeOf(step), command, subject, status, reason, accepted }
}

function partingOf(
  { kind, step, command, events, refusal }: PlayedStep,
  recorded: readonly LoggedEvent[],
): Parting {
  return {
    version: kind === 'inserted' ? step.version : firstVersionOf(step),
    time: timeOf(step),
    command: command?.type ?? step.command?.type ?? 'unknown',
    kind: refusal === null ? kind : 'refused',
    played: events.map(({ type }) => type),
    recorded: recorded.map(({ type }) => type),
  }
}

function timeOf({ time, recordedAt }: PlayedStep['step']): string {
  return time ?? recordedAt
}
