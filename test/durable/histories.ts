/** Random lives of the order machine: what is sent depends on where it is, and some of it cannot be. */
import fc from 'fast-check'
import { durableMachine } from '../../src/decide/durable/machine.ts'
import type { DurableMachine } from '../../src/decide/durable/port.ts'
import type { Command } from '../../src/events/commands.ts'
import type { LoggedEvent } from '../../src/events/envelope.ts'
import { timerPolicies, unknownEventPolicies } from '../../src/events/machine.ts'
import type { ReadonlyState } from '../../src/fold/state.ts'
import { seeded } from '../../src/kernel/clock.ts'
import { WaymarkError } from '../../src/kernel/errors.ts'
import type { EventLog } from '../../src/log/port.ts'
import { record } from '../../src/session/record.ts'
import { orderMachine } from '../support/order-machine.ts'

export function startOf(
  { machineId, machineVersion, machineHash }: DurableMachine,
  unknownEvents: (typeof unknownEventPolicies)[number] = 'refuse',
): Command<'machine.start'> {
  return {
    type: 'machine.start',
    machineId,
    machineVersion,
    machineHash,
    nativeId: 'order-42',
    title: 'Shoes',
    input: { items: ['shoes'] },
    unknownEvents,
    timerPolicy: 'elapsed',
  }
}

export function order(): DurableMachine {
  return durableMachine(orderMachine)
}

/** Makes a command of the state it will meet. */
export type Move = (state: ReadonlyState) => Command

const send = (event: { type: string; [key: string]: string }, to?: string[]): Move => {
  return () => ({ type: 'machine.send', event, ...(to === undefined ? {} : { to }) })
}
const nth = (table: object | undefined, index: number): string => {
  const ids = Object.keys(table ?? {})
  return ids.length === 0 ? '99:0' : (ids[index % ids.length] ?? '99:0')
}

const move: fc.Arbitrary<Move> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('shoes', 'hat', '').map((item) => send({ type: 'ADD', item })) },
  { weight: 3, arbitrary: fc.constantFrom('PAY', 'PAY', 'RETURN', 'NOTHING').map((type) => send({ type })) },
  { weight: 1, arbitrary: fc.constant(send({ type: 'CANCEL' })) },
  { weight: 3, arbitrary: fc.constant(send({ type: 'PACK', label: 'ada' }, ['parcel'])) },
  {
    weight: 5,
    arbitrary: fc.record({ index: fc.nat(3), fails: fc.integer({ min: 0, max: 3 }) }).map(
      ({ index, fails }): Move =>
        ({ machine }) => {
          const effectId = nth(machine?.effects, index)
          return fails === 0
            ? {
                type: 'machine.settle-effect',
                effectId,
                outcome: 'error',
                error: { name: 'Error', message: 'no money' },
              }
            : { type: 'machine.settle-effect', effectId, outcome: 'done', output: `receipt ${index}` }
        },
    ),
  },
  {
    weight: 2,
    arbitrary: fc.nat(3).map(
      (index): Move =>
        ({ machine }) => ({ type: 'machine.fire-timer', timerId: nth(machine?.timers, index) }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(...timerPolicies).map(
      (policy): Move =>
        () => ({ type: 'machine.resume-timers', policy, stoppedAt: '2026-01-01T00:00:10.000Z' }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom<Command>(
        { type: 'task.add', taskId: 'A', title: 'ship it' },
        { type: 'task.start', taskId: 'A' },
        { type: 'checkpoint.create' },
        { type: 'session.suspend' },
        { type: 'session.resume' },
        { type: 'session.resume' },
        {
          type: 'machine.report-failure',
          effectId: '1:0',
          action: 'thank',
          error: { name: 'Error', message: 'no mail' },
        },
      )
      .map(
        (command): Move =>
          () =>
            command,
      ),
  },
)

export interface Life {
  readonly unknownEvents: (typeof unknownEventPolicies)[number]
  readonly moves: readonly Move[]
}
export const life: fc.Arbitrary<Life> = fc.record({
  unknownEvents: fc.constantFrom(...unknownEventPolicies),
  moves: fc.array(move, { minLength: 1, maxLength: 25, size: 'max' }),
})

export interface LivedStep {
  readonly command: Command
  readonly before: ReadonlyState
  readonly after: ReadonlyState
  readonly events: readonly LoggedEvent[]
  readonly refusal: WaymarkError | null
}

/** Lives it in a log, with no policies, and keeps what came of each command. */
export async function live(
  log: EventLog,
  { unknownEvents, moves }: Life,
  machine: DurableMachine,
): Promise<{
  readonly sessionId: string
  readonly state: ReadonlyState
  readonly steps: readonly LivedStep[]
}> {
  const { clock, ids } = seeded(7)
  const environment = { clock, ids, policies: [], machine }
  const sessionId = `sess_${ids.uuid()}`
  const asked = (known: ReadonlyState | null, command: Command) =>
    log.transact((transaction) =>
      record(transaction, known, { sessionId, command, meta: { commandId: ids.uuid() } }, environment),
    )
  let { state } = await asked(null, startOf(machine, unknownEvents))
  const steps: LivedStep[] = []
  for (const next of moves) {
    const before = state
    const command = next(before)
    try {
      const recorded = await asked(before, command)
      state = recorded.state
      steps.push({ command, before, after: state, events: recorded.events, refusal: null })
    } catch (error) {
      if (!(error instanceof WaymarkError)) throw error
      steps.push({ command, before, after: state, events: [], refusal: error })
    }
  }
  return { sessionId, state, steps }
}
