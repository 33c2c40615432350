/** A machine driven step by step as the log would drive it, each state written as JSON and read again, and what it leaves behind. */
import type { AnyEventObject, AnyStateMachine } from 'xstate'
import type { LiveRef, LiveRefs, LiveStep } from '../../src/decide/durable/live-step.ts'
import { durableMachine } from '../../src/decide/durable/machine.ts'
import type {
  Delivery,
  DurableMachine,
  RecordedMachine,
  StepAnswer,
  StepOutcome,
} from '../../src/decide/durable/port.ts'
import type { MachineFailure, MachinePath } from '../../src/events/machine.ts'
import { isoOf } from '../../src/kernel/clock.ts'

export const startedAt = Date.parse('2026-01-01T00:00:00.000Z')

export interface Driven {
  readonly machine: DurableMachine
  state: RecordedMachine
  nowMs: number
  readonly live: LiveStep[]
  readonly outcomes: StepOutcome[]
  /** Custom actions in order, as `path:type`. */
  readonly actions: string[]
  /** What the machine answers; a step that it makes is taken. */
  ask(delivery: Delivery, done?: readonly string[]): StepAnswer
  send(event: AnyEventObject, to?: MachinePath): StepOutcome
  settle(path: MachinePath, output?: unknown): StepOutcome
  fail(path: MachinePath, error: MachineFailure): StepOutcome
  fire(name: string): StepOutcome
  timerNames(): string[]
  effectPaths(): string[]
  context(): unknown
}

export function drive(
  machine: AnyStateMachine,
  input?: unknown,
  options: { readonly inspect?: boolean; readonly watched?: boolean } = {},
): Driven {
  const live: LiveStep[] = []
  return driveDurable(durableMachine(machine, { onStep: (step) => live.push(step), ...options }), live, input)
}

function driveDurable(machine: DurableMachine, live: LiveStep[], input: unknown): Driven {
  // What callers give is JSON; what is not is for the machine to refuse.
  const first = machine.start(input as never, { now: isoOf(startedAt) })
  if (!first.ok) throw new Error(first.reason)
  const begun: RecordedMachine = {
    machineId: machine.machineId,
    machineVersion: machine.machineVersion,
    machineHash: machine.machineHash,
    unknownEvents: 'refuse',
    timerPolicy: 'elapsed',
    status: 'active',
    snapshot: {},
    transitions: 0,
    timers: {},
    effects: {},
    ignoredEvents: 0,
    failedActions: 0,
    lastTransitionAt: isoOf(startedAt),
  }
  const driven: Driven = {
    machine,
    live,
    nowMs: startedAt,
    state: frozen(after(begun, first.outcome, [])),
    outcomes: [first.outcome],
    actions: [],
    ask(delivery, done = []) {
      const answer = machine.deliver(driven.state, delivery, { now: isoOf(driven.nowMs) })
      if (answer.ok) take(answer.outcome, done)
      return answer
    },
    send: (event, to = []) => step({ kind: 'event', event, to }, []),
    settle: (path, output) =>
      step(
        {
          kind: 'effect',
          effectId: effectAt(path),
          outcome: 'done',
          output: output as never,
          error: undefined,
        },
        [effectAt(path)],
      ),
    fail: (path, error) =>
      step({ kind: 'effect', effectId: effectAt(path), outcome: 'error', output: undefined, error }, [
        effectAt(path),
      ]),
    fire(name) {
      const timer = Object.values(driven.state.timers).find((pending) => pending.name === name)
      if (timer === undefined) throw new Error(`no timer ${name}: ${driven.timerNames().join()}`)
      return step({ kind: 'timer', timerId: timer.timerId }, [timer.timerId])
    },
    timerNames: () => Object.values(driven.state.timers).map(({ name }) => name),
    effectPaths: () => Object.values(driven.state.effects).map(({ path }) => path.join('/')),
    context: () => driven.state.snapshot.context,
  }
  const effectAt = (path: MachinePath): string => {
    const effect = Object.values(driven.state.effects).find(
      (pending) => pending.path.join('/') === path.join('/'),
    )
    if (effect === undefined) throw new Error(`no effect ${path.join('/')}: ${driven.effectPaths().join()}`)
    return effect.effectId
  }
  const step = (delivery: Delivery, done: readonly string[]): StepOutcome => {
    const answer = driven.ask(delivery, done)
    if (!answer.ok) throw new Error(`${answer.kind}: ${answer.reason} (${answer.accepted.join()})`)
    return answer.outcome
  }
  const take = (outcome: StepOutcome, done: readonly string[]): void => {
    driven.state = frozen(after(driven.state, outcome, done))
    driven.outcomes.push(outcome)
    tell(outcome)
  }
  const tell = ({ actions }: StepOutcome): void => {
    for (const { path, type } of actions) driven.actions.push([...path, type].join('/'))
  }
  tell(first.outcome)
  return driven
}

/** The state after a step, as the fold makes it. */
function after(state: RecordedMachine, outcome: StepOutcome, done: readonly string[]): RecordedMachine {
  const gone = new Set([...done, ...outcome.cancelledTimers, ...outcome.stoppedEffects])
  const kept = <T>(table: Readonly<Record<string, T>>): [string, T][] =>
    Object.entries(table).filter(([id]) => !gone.has(id))
  return {
    ...state,
    status: outcome.snapshot.status as RecordedMachine['status'],
    snapshot: outcome.snapshot,
    transitions: state.transitions + 1,
    timers: Object.fromEntries([
      ...kept(state.timers),
      ...outcome.timers.map((timer) => [timer.timerId, timer] as const),
    ]),
    effects: Object.fromEntries([
      ...kept(state.effects),
      ...outcome.effects.map(
        (effect) => [effect.effectId, { ...effect, since: state.transitions + 1 }] as const,
      ),
    ]),
  }
}

/** Written and read, with its names in another order than it was given, and frozen all through: nobody may change a recorded state. */
function frozen(state: RecordedMachine): RecordedMachine {
  return JSON.parse(JSON.stringify(state), (key, value: unknown) =>
    typeof value === 'object' && value !== null
      ? Object.freeze(
          Array.isArray(value) || key === 'timers' || key === 'effects'
            ? value
            : Object.fromEntries(Object.entries(value).reverse()),
        )
      : value,
  ) as RecordedMachine
}

/** Stand-ins that note what they are sent. */
export function notingRefs(): LiveRefs & { readonly sent: string[] } {
  const sent: string[] = []
  const refOf = (path: MachinePath): LiveRef => ({
    id: path.at(-1) ?? 'root',
    sessionId: `live/${path.join('/')}`,
    send: (event) => sent.push(`${path.join('/')}:${event.type}`),
    getSnapshot: () => ({ live: path.join('/') }),
  })
  return { refOf, sent }
}
