/**
 * Goal: what the kit makes up is what it says: legal where it says legal, wrong in one place where it says so, and short when it fails.
 * Method: each generator is held against decide, the machines and the fold themselves; failures are planted and shrunk.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type AnyStateMachine,
  type AnyStateNode,
  assign,
  createMachine,
  initialTransition,
  setup,
  transition,
} from 'xstate'
import { handoffMachine } from '../../machines/handoff.ts'
import { recoveryMachine } from '../../machines/recovery.ts'
import { sessionMachine } from '../../machines/session.ts'
import { taskMachine } from '../../machines/task.ts'
import { eventSchemas, eventTypes } from '../../src/events/catalogue.ts'
import type { Command } from '../../src/events/commands.ts'
import { handoffStatuses } from '../../src/events/handoff.ts'
import { recoveryStatuses } from '../../src/events/recovery.ts'
import { sessionStatuses } from '../../src/events/session.ts'
import { taskStatuses } from '../../src/events/task.ts'
import { budgetPhases } from '../../src/events/usage.ts'
import { foldInto, frozen, stateHash } from '../../src/fold/fold.ts'
import { initialState } from '../../src/fold/state.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { describeHistory } from '../../src/testing/arbitrary/describe.ts'
import { eventArbitrary, eventStreamArbitrary } from '../../src/testing/arbitrary/events.ts'
import { legalHistoryArbitrary, legalStepsArbitrary } from '../../src/testing/arbitrary/legal-history.ts'
import {
  type MachineEvent,
  machineHistoryArbitrary,
  machineMistakes,
  nearLegalMachineHistoryArbitrary,
} from '../../src/testing/arbitrary/machine-history.ts'
import { nearLegalHistoryArbitrary, sessionMistakes } from '../../src/testing/arbitrary/near-legal.ts'
import { type Played, play } from '../../src/testing/play.ts'

async function played(history: readonly Command[]): Promise<Played> {
  return play(new MemoryLog(), history, { policies: [] })
}

function unnamed(state: object): unknown {
  return JSON.parse(JSON.stringify(state).replaceAll(/hoff_[0-9a-f-]{36}/g, 'hoff'))
}

/** The shortest history that shows what is looked for. */
function shortest<T>(histories: fc.Arbitrary<T>, isLookedFor: (history: T) => boolean): T {
  const details = fc.check(
    fc.property(histories, (history) => !isLookedFor(history)),
    { numRuns: 2_000 },
  )
  const [found] = details.counterexample ?? []
  if (found === undefined) throw new Error('it never came up')
  return found
}

describe('a legal history', () => {
  it('law: a log accepts every command of it, and comes to the state that was reckoned with', async () => {
    await fc.assert(
      fc.asyncProperty(legalStepsArbitrary(), async (steps) => {
        const { state, steps: recorded } = await played(steps.map(({ command }) => command))
        expect(recorded.map(({ refusal, events }) => ({ refusal, events: events.length }))).toEqual(
          steps.map(({ events }) => ({ refusal: null, events: events.length })),
        )
        const { sessionId, ...reckoned } = steps.at(-1)?.after.session ?? initialState('')
        const { sessionId: other, ...rest } = state
        expect(sessionId).not.toBe(other)
        // An offer that was not named got an id of its own on each side.
        expect(unnamed(rest)).toEqual(unnamed(reckoned))
      }),
      { numRuns: 30 },
    )
  })

  it('comes through every status of tasks, budget, sessions, handoffs and recoveries, whatever the seed', () => {
    const seen = new Set<string>()
    for (const steps of fc.sample(legalStepsArbitrary(), 600)) {
      for (const { after } of steps) {
        const { status, window, tasks, handoffs, recovery } = after.session
        for (const task of Object.values(tasks)) seen.add(`task ${task.status}`)
        for (const handoff of handoffs) seen.add(`handoff ${handoff.status}`)
        seen.add(`session ${status}`).add(`budget ${window.phase}`).add(`recovery ${recovery?.status}`)
      }
    }
    const expected = [
      ...taskStatuses.map((status) => `task ${status}`),
      ...sessionStatuses.map((status) => `session ${status}`),
      ...budgetPhases.map((phase) => `budget ${phase}`),
      ...recoveryStatuses.map((status) => `recovery ${status}`),
      // An offer expires by the clock alone.
      ...handoffStatuses.filter((status) => status !== 'expired').map((status) => `handoff ${status}`),
    ]
    expect([...seen]).toEqual(expect.arrayContaining(expected))
  })

  it.each([
    ['task.complete', 4],
    ['session.suspend', 2],
    ['session.take-over', 4],
    ['handoff.complete', 5],
    ['recovery.fail', 3],
  ])('that fails with %s shrinks to %i commands at most', (type, commandsMax) => {
    const history = shortest(legalHistoryArbitrary(), (commands) =>
      commands.some((command) => command.type === type),
    )
    expect(history.length, describeHistory(history)).toBeLessThanOrEqual(commandsMax)
    expect(history.at(-1)?.type).toBe(type)
  })

  it('is shown as people read it', () => {
    const history = shortest(legalHistoryArbitrary(), (commands) => commands.length === 1)
    expect(fc.stringify(history)).toContain('1. session.start')
    expect(describeHistory([{ type: 'task.start', taskId: 'A' }, { type: 'turn.complete' }], 1)).toBe(
      "1. task.start taskId: 'A'\n2. turn.complete   <- refused",
    )
    expect(describeHistory([])).toBe('(nothing)')
  })
})

describe('a nearly legal history', () => {
  it('law: exactly one command is refused, and it is the one that is named', async () => {
    await fc.assert(
      fc.asyncProperty(nearLegalHistoryArbitrary(), async ({ history, wrongAt, what }) => {
        const { steps } = await played(history)
        const refused = steps.flatMap(({ refusal }, index) => (refusal === null ? [] : [index]))
        expect(refused).toEqual([wrongAt])
        expect(wrongAt === 0).toBe(what === 'before-start')
      }),
      { numRuns: 50 },
    )
  })

  it('says of a command before the start why it is refused, and changes nothing by it', async () => {
    const early = { type: 'task.start', taskId: 'A' } as const
    const { steps, state } = await played([early, { type: 'session.start' }])
    const [first, second] = steps
    expect(first?.refusal).toMatchObject({ code: 'COMMAND_REFUSED', details: { command: 'task.start' } })
    expect(first?.refusal?.message).toMatch(
      /^task\.start refused: session .* is not started: it has not begun/,
    )
    expect(first).toMatchObject({ before: null, after: { version: 0 }, events: [] })
    expect(second).toMatchObject({ before: null, refusal: null })
    expect(state.version).toBe(1)
    expect((await played([early])).state.version).toBe(0)
    await expect(played([])).rejects.toMatchObject({ code: 'USAGE' })
  })

  it('is wrong in every way, whatever the seed', () => {
    const ways = fc.sample(nearLegalHistoryArbitrary(), 200).map(({ what }) => what)
    expect(new Set(ways)).toEqual(new Set(sessionMistakes))
  })

  it('shrinks to the mistake and what it needs', () => {
    const { history, wrongAt } = shortest(nearLegalHistoryArbitrary(), ({ what }) => what === 'repeated')
    expect(history.length, describeHistory(history, wrongAt)).toBeLessThanOrEqual(3)
  })
})

/** A machine with what machines have: states inside states and beside each other, history, guards, `always`, timers and a final state. */
const bakery: AnyStateMachine = setup({
  types: {} as {
    context: { loaves: number }
    events:
      | { type: 'bake'; loaves: number }
      | { type: 'sell' }
      | { type: 'close' }
      | { type: 'open' }
      | { type: 'ring' }
  },
  guards: { hasLoaves: ({ context }) => context.loaves > 0, isEmpty: ({ context }) => context.loaves === 0 },
  delays: { later: 1_000 },
}).createMachine({
  id: 'bakery',
  context: { loaves: 0 },
  type: 'parallel',
  states: {
    bell: {
      initial: 'silent',
      states: { silent: { on: { ring: 'ringing' } }, ringing: { after: { later: 'silent' } } },
    },
    shop: {
      initial: 'open',
      states: {
        open: {
          initial: 'empty',
          states: {
            empty: {
              on: {
                bake: { actions: assign({ loaves: ({ event }) => event.loaves }), target: 'full' },
              },
            },
            full: {
              always: { guard: 'isEmpty', target: 'empty' },
              on: {
                sell: {
                  guard: 'hasLoaves',
                  actions: assign({ loaves: ({ context }) => context.loaves - 1 }),
                },
              },
            },
            last: { type: 'history' },
          },
          on: { close: 'closed' },
        },
        closed: { on: { open: 'open.last', close: 'gone' } },
        gone: { type: 'final' },
      },
    },
  },
})

const bakeryEvents: fc.Arbitrary<MachineEvent> = fc.oneof(
  fc.record({ type: fc.constant('bake'), loaves: fc.integer({ min: 0, max: 2 }) }),
  fc.constantFrom({ type: 'sell' }, { type: 'close' }, { type: 'open' }, { type: 'ring' }),
)

const taskEvents: fc.Arbitrary<MachineEvent> = fc.oneof(
  fc.constantFrom(
    { type: 'task.start' },
    { type: 'task.start', warned: true },
    { type: 'task.block', on: { kind: 'input' } },
    { type: 'task.unblock' },
    { type: 'task.warn' },
    { type: 'task.relieve' },
    { type: 'task.switch-context', cause: 'model' },
    { type: 'task.restore-context' },
    { type: 'task.complete' },
    { type: 'task.cancel' },
    { type: 'task.recover', checkpointId: 'origin' },
  ),
  fc.record({ type: fc.constant('task.fail'), reason: fc.constant('timeout'), retryable: fc.boolean() }),
)

const named = (names: readonly string[]): fc.Arbitrary<MachineEvent> =>
  fc.constantFrom(...names.map((type) => ({ type })))

const recoveryEvents = ['restore', 'validate', 'resume', 'assess', 'plan', 'notify'].map(
  (step) => `recovery.${step}`,
)

const machines: readonly (readonly [string, AnyStateMachine, fc.Arbitrary<MachineEvent>])[] = [
  ['the task machine', taskMachine, taskEvents],
  ['the handoff machine', handoffMachine, named(['handoff.accept', 'handoff.reject', 'handoff.complete'])],
  [
    'the recovery machine',
    recoveryMachine,
    // Failing is possible at every step: seldom, or no recovery would come to its end.
    fc.oneof(
      { weight: 30, arbitrary: named(recoveryEvents) },
      { weight: 1, arbitrary: named(['recovery.fail']) },
    ),
  ],
  [
    'the session machine',
    sessionMachine,
    named(['session.start', 'session.suspend', 'session.resume', 'work']),
  ],
  ['a machine with states inside states', bakery, bakeryEvents],
]

/** For each event, whether the machine accepts it where it comes. */
function acceptances(machine: AnyStateMachine, history: readonly MachineEvent[]): readonly boolean[] {
  let [snapshot] = initialTransition(machine)
  return history.map((event) => {
    const isAccepted = snapshot.status === 'active' && snapshot.can(event)
    const [next] = transition(machine, snapshot, event)
    // What is not accepted changes nothing.
    if (!isAccepted) expect(next.value).toEqual(snapshot.value)
    if (isAccepted) snapshot = next
    return isAccepted
  })
}

function nodesOf(node: AnyStateNode): readonly AnyStateNode[] {
  return [node, ...Object.values(node.states).flatMap(nodesOf)]
}

describe.each(machines)('a history of %s', (_, machine, events) => {
  it('law: every event is accepted where it comes', () => {
    fc.assert(
      fc.property(machineHistoryArbitrary(machine, { events }), (history) => {
        expect(acceptances(machine, history)).not.toContain(false)
      }),
      { numRuns: 40 },
    )
  })

  it('law: nearly legal, exactly one event is not accepted, and it is the one that is named', () => {
    fc.assert(
      fc.property(nearLegalMachineHistoryArbitrary(machine, { events }), ({ history, wrongAt }) => {
        const expected = history.map((_event, index) => index !== wrongAt)
        expect(acceptances(machine, history)).toEqual(expected)
      }),
      { numRuns: 40 },
    )
  })

  it('comes through every state, and is wrong in every way, whatever the seed', () => {
    const seen = new Set<string>()
    for (const history of fc.sample(machineHistoryArbitrary(machine, { events }), 100)) {
      let [snapshot] = initialTransition(machine)
      for (const event of ['', ...history]) {
        if (typeof event === 'object') [snapshot] = transition(machine, snapshot, event)
        for (const node of snapshot._nodes) seen.add(node.id)
      }
    }
    const unreachable = new Set([
      'handoff.expired',
      'handoff.withdrawn',
      'session.handed_off',
      'session.ended',
    ])
    const states = nodesOf(machine.root)
      .filter(({ type }) => type !== 'history')
      .map(({ id }) => id)
    expect(states.filter((id) => !seen.has(id) && !unreachable.has(id))).toEqual([])
    const near = fc.sample(nearLegalMachineHistoryArbitrary(machine, { events }), 100)
    expect(new Set(near.map(({ what }) => what))).toEqual(new Set(machineMistakes))
  })
})

describe('a machine history', () => {
  it('ends early where the machine does, and shrinks to few events', () => {
    const history = shortest(machineHistoryArbitrary(taskMachine, { events: taskEvents }), (sent) =>
      sent.some(({ type }) => type === 'task.complete'),
    )
    // From `blocked` it is as near as from `in_progress`.
    expect(history.length, describeHistory(history)).toBe(2)
    expect(history[1]?.type).toBe('task.complete')
  })

  it('says so where nothing can be wrong', () => {
    const accepting = createMachine({ initial: 'on', states: { on: { on: { '*': { target: 'on' } } } } })
    const events = named(['anything'])
    expect(() => fc.sample(nearLegalMachineHistoryArbitrary(accepting, { events }), 1)).toThrow(
      'accepts every event',
    )
  })
})

describe('events', () => {
  it('law: each is valid by its schema, and survives JSON', () => {
    fc.assert(
      fc.property(eventArbitrary(), ({ type, data }) => {
        expect(eventSchemas[type].safeParse(data).success).toBe(true)
        expect(JSON.parse(JSON.stringify(data))).toEqual(data)
      }),
      { numRuns: 300 },
    )
  })

  it('law: the fold takes any of them, in any order', () => {
    fc.assert(
      fc.property(fc.array(eventArbitrary(), { maxLength: 30, size: 'max' }), (events) => {
        const state = initialState('sess_00000000-0000-4000-8000-000000000001')
        for (const [index, event] of events.entries()) {
          foldInto(state, [{ ...event, version: index + 1, time: '2026-01-01T00:00:00.000Z' }])
        }
        expect(stateHash(frozen(state))).toMatch(/^[0-9a-f]{64}$/)
      }),
      { numRuns: 50 },
    )
  })

  it('are of every type, whatever the seed', () => {
    const types = new Set(fc.sample(eventArbitrary(), 4_000).map(({ type }) => type))
    expect([...types].sort()).toEqual([...eventTypes].sort())
  })

  it('law: a stream is one that a log could have given back', () => {
    fc.assert(
      fc.property(eventStreamArbitrary(), (events) => {
        expect(events.map(({ version }) => version)).toEqual(events.map((_, index) => index + 1))
        expect(new Set(events.map(({ id }) => id)).size).toBe(events.length)
        for (const [index, { commandId, index: place }] of events.entries()) {
          const before = events[index - 1]
          expect(place).toBe(before?.commandId === commandId ? before.index + 1 : 0)
        }
      }),
      { numRuns: 30 },
    )
  })
})
