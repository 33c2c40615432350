/**
 * Goal: what was recorded of a machine tells which of its parts were met, and never says of one that may have been met that it was not.
 * Method: stories whose coverage is known; and a law over random histories, read as they are, as steps with contexts and as bare steps.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type AnyEventObject,
  type AnyStateMachine,
  createMachine,
  initialTransition,
  type StateValue,
  transition,
} from 'xstate'
import { taskMachine } from '../../machines/task.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { Waymark } from '../../src/session/waymark.ts'
import {
  type Coverage,
  coverageOf,
  coverageOfSessions,
  formatCoverage,
  historyArbitrary,
  play,
  type RecordedStep,
  stepsOfEvents,
} from '../../src/testing/index.ts'
import { editor, fetcher, turnstile } from './machine-samples.ts'

const taken = ({ transitions }: Coverage) =>
  Object.fromEntries(transitions.filter(({ count }) => count > 0).map(({ name, count }) => [name, count]))
const reached = ({ states }: Coverage) => states.filter(({ why }) => why === null).map(({ name }) => name)

describe('coverage of what was recorded', () => {
  it('counts histories, with what a machine did by itself', () => {
    const coverage = coverageOf(turnstile, [
      [{ type: 'xstate.init' }, { type: 'coin', value: 1 }, { type: 'coin', value: 2 }, { type: 'push' }],
      [],
    ])
    expect(taken(coverage)).toEqual({
      'locked: coin [worth {"least":2}] → open': 1,
      'open: push [and(isPaid, not(isFull))] → passing': 1,
      'passing: count → checking': 1,
      'checking: always → locked': 1,
    })
    expect([coverage.steps, coverage.refused, coverage.outsideCount]).toEqual([3, 1, 0])
    expect(coverage.guards.map(({ name, why }) => [name, why])).toEqual([
      ['worth {"least":2}', null],
      ['and(isPaid, not(isFull))', 'never false (asked once)'],
      ['isFull', 'never true (asked once)'],
    ])
    expect(formatCoverage(coverage)).toBe(
      [
        'turnstile: 4 of 5 states, 4 of 6 transitions, 1 of 3 guards both ways',
        'states not reached:',
        '  closed: none of the transitions to it was taken: `locked: close → closed`, `checking: always [isFull] → closed`',
        'transitions not taken:',
        '  locked: close → closed: no `close` came while the machine was there',
        '  checking: always [isFull] → closed: `isFull` was never true (asked once)',
        'guards not seen both ways:',
        '  and(isPaid, not(isFull)): never false (asked once)',
        '  isFull: never true (asked once)',
      ].join('\n'),
    )
  })

  it('asks the guards again where the context is there', () => {
    const step = { value: 'open', event: { type: 'push' } }
    const coverage = coverageOf(turnstile, [
      { ...step, context: { coins: 1, passed: 2 }, next: 'closed' },
      { ...step, context: { coins: 0, passed: 0 }, next: 'open', count: 4 },
    ])
    expect(taken(coverage)['checking: always [isFull] → closed']).toBe(1)
    expect([coverage.steps, coverage.refused]).toEqual([5, 4])
    expect(coverage.guards.map(({ passed, refused }) => [passed, refused])).toEqual([
      [0, 0],
      [1, 4],
      [1, 0],
    ])
  })

  it('finds out without a context which guards led there', () => {
    const coverage = coverageOf(turnstile, [
      { value: 'open', event: { type: 'push' }, next: 'closed', count: 3 },
      { value: 'locked', event: { type: 'coin' }, next: 'open' },
    ])
    expect(taken(coverage)).toEqual({
      'locked: coin [worth {"least":2}] → open': 1,
      'open: push [and(isPaid, not(isFull))] → passing': 3,
      'passing: count → checking': 3,
      'checking: always [isFull] → closed': 3,
    })
    expect(reached(coverage)).toEqual(['locked', 'open', 'passing', 'checking', 'closed'])
  })

  it('says of transitions that cannot be told apart that they perhaps were', () => {
    const coverage = coverageOf(fetcher, [
      { value: 'loading', event: { type: 'xstate.error.actor.0.fetcher.loading' }, next: 'idle' },
    ])
    expect(taken(coverage)).toEqual({ 'loading: error of load [a condition] → idle': 1 })
    const twice = createMachine({
      id: 'm',
      initial: 'a',
      states: {
        a: {
          on: {
            go: [
              { guard: 'one', target: 'b' },
              { guard: 'two', target: 'b' },
            ],
          },
        },
        b: {},
      },
    })
    const { transitions } = coverageOf(twice, [{ value: 'a', event: { type: 'go' }, next: 'b' }])
    expect(transitions.map(({ count, perhaps, why }) => [count, perhaps, why])).toEqual([
      [0, 1, null],
      [0, 1, null],
    ])
  })

  it('tells what the machine does not do, also of states that it does not have', () => {
    const steps: readonly RecordedStep[] = [
      { value: 'pending', event: { type: 'session.rewound' }, next: 'completed', count: 2 },
      { value: 'pending', event: { type: 'task.start' }, next: 'gone' },
      { value: 'pending', event: { type: 'task.complete' }, next: 'pending' },
      { value: 'pending', event: { type: 'task.relieve' }, next: 'pending', accepted: true },
      { value: 'pending', context: { attempts: 0 }, event: { type: 'task.start' }, next: 'blocked' },
    ]
    const coverage = coverageOf(taskMachine, steps)
    expect(coverage.outside).toEqual([
      { from: 'pending', event: 'session.rewound', to: 'completed', count: 2 },
      { from: 'pending', event: 'task.start', to: 'gone', count: 1 },
      { from: 'pending', event: 'task.relieve', to: 'pending', count: 1 },
      { from: 'pending', event: 'task.start', to: 'blocked', count: 1 },
    ])
    expect([coverage.outsideCount, coverage.refused, coverage.steps]).toEqual([5, 1, 6])
    expect(formatCoverage(coverage)).toContain(
      "recorded, and not the machine's (5):\n  pending: session.rewound → completed (2)",
    )
  })

  it('reads steps through history, wherever they led', () => {
    const at = (text: StateValue): StateValue => ({ text, bold: 'off' })
    const coverage = coverageOf(editor, [
      { value: at('viewing'), event: { type: 'resume' }, next: at({ editing: { dirty: 'idle' } }) },
    ])
    expect(Object.keys(taken(coverage))).toEqual(['text.viewing: resume → text.editing.last'])
  })
})

describe('law: bare steps', () => {
  const events: readonly AnyEventObject[] = [
    { type: 'coin', value: 1 },
    { type: 'coin', value: 2 },
    { type: 'push' },
    { type: 'close' },
    ...['edit', 'type', 'pause', 'save', 'view', 'toggle', 'reset'].map((type) => ({ type })),
  ]

  it('never say of a transition that was taken that it was not', () => {
    const law = fc.property(
      fc.constantFrom<AnyStateMachine>(turnstile, editor),
      fc.array(fc.constantFrom(...events), { maxLength: 20 }),
      (machine, history) => {
        const steps = stepsOf(machine, history)
        const [whole, asked, bare] = [
          coverageOf(machine, [history]),
          coverageOf(machine, steps),
          coverageOf(
            machine,
            steps.map(({ value, event, next }) => ({ value, event, next })),
          ),
        ]
        expect([asked.outsideCount, bare.outsideCount]).toEqual([0, 0])
        // The start is none of the steps, and history is not in a step: all else is the same.
        if (machine === turnstile) expect(taken(asked)).toEqual(taken(whole))
        for (const [index, { count, name }] of whole.transitions.entries()) {
          const seen = bare.transitions[index]
          if (count > 0) expect([name, (seen?.count ?? 0) + (seen?.perhaps ?? 0) > 0]).toEqual([name, true])
          else expect([name, seen?.count]).toEqual([name, 0])
        }
      },
    )
    fc.assert(law, { numRuns: 60 })
  })
})

function stepsOf(machine: AnyStateMachine, history: readonly AnyEventObject[]): readonly RecordedStep[] {
  let [before] = initialTransition(machine)
  return history.map((event) => {
    const [after] = transition(machine, before, event)
    const step = { value: before.value, context: before.context, event, next: after.value }
    before = after
    return step
  })
}

describe('coverage of sessions', () => {
  it('tells which transitions production never took, and what else moved a task', async () => {
    const log = new MemoryLog()
    const waymark = await Waymark.open({ store: log })
    const session = await waymark.createSession()
    await session.send({ type: 'task.add', taskId: 'A', title: 'A' })
    await session.send({ type: 'task.start', taskId: 'A' })
    await session.rewind({ to: 3 })
    const other = await play(log, [{ type: 'session.start' }, { type: 'session.suspend' }], { policies: [] })
    const tasks = await coverageOfSessions(log, 'task')
    expect(taken(tasks)).toEqual({ 'pending: task.start → in_progress': 1 })
    expect(tasks.outside).toEqual([
      { from: 'in_progress', event: 'session.rewound', to: 'pending', count: 1 },
    ])
    expect(reached(tasks)).toEqual(['pending', 'in_progress'])
    expect(taken(await coverageOfSessions(log, 'session', [other.sessionId]))).toEqual({
      'active: session.start [notStarted] → active': 1,
      'active: session.suspend [started] → suspended': 1,
    })
    const none = await coverageOfSessions(log, 'handoff', [session.id])
    expect([none.steps, reached(none)]).toEqual([0, []])
  })

  it('is the same from events as from a log, and finds every step on a machine', async () => {
    await fc.assert(
      fc.asyncProperty(historyArbitrary(20), async (commands) => {
        const log = new MemoryLog()
        const { sessionId } = await play(log, commands, { policies: [] })
        const events = []
        for await (const page of log.read(sessionId)) events.push(...page)
        const coverage = await coverageOfSessions(log, 'task')
        expect(coverageOf(taskMachine, stepsOfEvents('task', events))).toEqual(coverage)
        expect(coverage.outside.filter(({ event }) => event.startsWith('task.'))).toEqual([])
      }),
      { numRuns: 15 },
    )
  })
})
