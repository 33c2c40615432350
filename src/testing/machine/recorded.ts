/** Which parts of a machine were met by what was recorded of it. */
import type { AnyEventObject, AnyStateMachine, InputFrom, StateValue } from 'xstate'
import { machineBounds } from './bounds.ts'
import { type Coverage, coverageFrom, type OutsideStep } from './coverage.ts'
import { checkIsMachine, checkIterable, checkRecorded } from './given.ts'
import { type ObservedMachine, observed } from './observe.ts'
import { valueText } from './places.ts'
import { textOf } from './spell.ts'
import { count, countOffered, countPerhaps, emptyTally, type Tally } from './tally.ts'
import { type Explain, unguarded } from './unguarded.ts'

/** A step that was recorded of a machine: where it was, what came, and where it was then. */
export interface RecordedStep {
  readonly value: StateValue
  /** What the machine remembered before the event. Without it, transitions that only a guard tells apart may stay undecided. */
  readonly context?: object
  /** With its data, if the context is there: the guards are asked again. */
  readonly event: AnyEventObject
  readonly next: StateValue
  /** Only accepted events were recorded. Without it, a step that stays where it was may have been refused. */
  readonly accepted?: true
  /** How often this very step was made; once if left out. */
  readonly count?: number
}

/** The events that a machine took from its start, in order. */
export type RecordedHistory = readonly AnyEventObject[]

export interface CoverageOptions<Machine extends AnyStateMachine> {
  /** The input that the machine of a history was started with. */
  readonly input?: InputFrom<Machine>
}

/**
 * Tells which states, transitions and guards of a machine recorded steps or histories have met, and so which of them production never
 * did. Steps that the machine as it is now does not make are listed as `outside`: it has changed since, or something else moved it.
 *
 * @throws WaymarkError `USAGE` for what is no machine, no step and no history
 *
 * @example
 * ```ts
 * const coverage = coverageOf(recoveryMachine, [
 *   { value: 'restoring', event: { type: 'recovery.restore' }, next: 'validating' },
 *   { value: 'validating', event: { type: 'recovery.fail' }, next: 'failed', count: 2 },
 * ])
 * coverage.transitions.filter(({ count }) => count > 0).map(({ name, count }) => [name, count])
 * // [['restoring: recovery.restore → validating', 1], ['validating: recovery.fail → failed', 2]]
 * coverage.states.filter(({ why }) => why === null).map(({ name }) => name) // ['restoring', 'validating', 'failed']
 * ```
 */
export function coverageOf<Machine extends AnyStateMachine>(
  machine: Machine,
  recorded: Iterable<RecordedStep | RecordedHistory>,
  options: CoverageOptions<Machine> = {},
): Coverage {
  checkIsMachine(machine)
  checkIterable(recorded)
  const watched = observed(machine)
  const reading: Reading = {
    machine: watched,
    explain: unguarded(machine),
    tally: emptyTally(watched.places),
    outside: new Map(),
    counts: { steps: 0, refused: 0, outside: 0 },
  }
  for (const one of recorded) {
    checkRecorded(one)
    if (isHistory(one)) readHistory(reading, one, options.input)
    else readStep(reading, one)
  }
  const { counts, tally, outside } = reading
  return coverageFrom(tally, {
    steps: counts.steps,
    refused: counts.refused,
    outside: [...outside.values()],
    outsideCount: counts.outside,
    cutShort: [],
  })
}

interface Reading {
  readonly machine: ObservedMachine
  readonly explain: Explain
  readonly tally: Tally
  readonly outside: Map<string, OutsideStep>
  readonly counts: { steps: number; refused: number; outside: number }
}

function isHistory(one: RecordedStep | RecordedHistory): one is RecordedHistory {
  return Array.isArray(one)
}

/** A history is followed as far as the machine goes. */
function readHistory({ machine, tally, counts }: Reading, history: RecordedHistory, input: unknown): void {
  const start = machine.start(input)
  count(tally, start)
  let before = start.snapshot
  for (const event of history) {
    if (event.type === 'xstate.init') continue
    const seen = machine.step(before, event)
    counts.steps += 1
    if (!seen.accepted) counts.refused += 1
    count(tally, seen)
    countOffered(tally, before, event)
    before = seen.snapshot
  }
}

function readStep(reading: Reading, step: RecordedStep): void {
  const { tally, counts } = reading
  const times = step.count ?? 1
  counts.steps += times
  if (step.context !== undefined && readAsked(reading, step, step.context, times)) return
  const { possible, taken, perhaps, visited, looks } = reading.explain(step)
  if (!possible) {
    tellOutside(reading, step, times)
    return
  }
  if (taken.length + perhaps.length === 0) counts.refused += times
  countBefore(reading, step, visited, times)
  count(tally, { taken, visited: new Set(), looks }, times)
  for (const transition of perhaps) countPerhaps(tally, transition, times)
}

/** The guards are asked again, with the context that was recorded. Where that leads elsewhere, the step is looked at without it. */
function readAsked(
  { machine, tally, counts }: Reading,
  step: RecordedStep,
  context: object,
  times: number,
): boolean {
  try {
    const before = machine.machine.resolveState({ value: step.value, context })
    const next = machine.machine.resolveState({ value: step.next, context })
    const seen = machine.step(before, step.event)
    if (seen.thrown !== null || textOf(seen.snapshot.value) !== textOf(next.value)) return false
    if (!seen.accepted) counts.refused += times
    count(tally, { ...seen, visited: new Set([...seen.visited, ...statesOf(machine, step.value)]) }, times)
    countOffered(tally, before, step.event, times)
    return true
  } catch {
    // The record names a state that the machine does not have.
    return false
  }
}

function statesOf({ machine, places }: ObservedMachine, value: StateValue): readonly number[] {
  const { _nodes } = machine.resolveState({ value, context: {} })
  return _nodes.flatMap((node) => places.stateOf.get(node)?.number ?? [])
}

/** A recorded step begins in a state too, and may be the first that tells of it. */
function countBefore(
  { machine, tally }: Reading,
  { value, event }: RecordedStep,
  visited: ReadonlySet<number>,
  times: number,
): void {
  const before = machine.machine.resolveState({ value, context: {} })
  const states = new Set([...visited, ...statesOf(machine, value)])
  count(tally, { taken: [], visited: states, looks: [] }, times)
  countOffered(tally, before, event, times)
}

function tellOutside(
  { outside, counts }: Reading,
  { value, event, next }: RecordedStep,
  times: number,
): void {
  counts.outside += times
  const key = textOf([value, event.type, next])
  const known = outside.get(key)
  if (known === undefined && outside.size >= machineBounds.outsideListedMax) return
  outside.set(key, {
    from: valueText(value),
    event: event.type,
    to: valueText(next),
    count: (known?.count ?? 0) + times,
  })
}
