/**
 * Goal: a compiled machine answers as XState's `transition` does, whatever the machine and whatever the event.
 * Method: random machines (guards, wildcards, assignments, self transitions, final states, transitions of the machine itself, and things
 * that no table holds), each asked from every state; and the five machines of Waymark, from every state, by every event, in every context.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AnyStateMachine, and, assign, createMachine, setup, transition } from 'xstate'
import { budgetMachine } from '../../machines/budget.ts'
import { type CompiledMachine, compileMachine, type Step } from '../../machines/compile.ts'
import { handoffMachine } from '../../machines/handoff.ts'
import { recoveryMachine } from '../../machines/recovery.ts'
import { sessionMachine } from '../../machines/session.ts'
import { taskMachine } from '../../machines/task.ts'

interface Event {
  readonly type: string
  readonly n: number
}

interface Context {
  readonly n: number
  readonly trace: readonly string[]
}

/** What XState says, in the words of a step. */
function asked(machine: AnyStateMachine, value: string, context: object, event: Event): Step | string {
  try {
    const before = machine.resolveState({ value, context })
    const [after] = transition(machine, before, event)
    const outer = typeof after.value === 'string' ? after.value : Object.keys(after.value)[0]
    return { accepted: before.can(event), value: outer ?? '', context: after.context, status: after.status }
  } catch (error) {
    return String(error)
  }
}

function answered(ask: () => Step): Step | string {
  try {
    return ask()
  } catch (error) {
    return String(error)
  }
}

function expectSame(
  machine: AnyStateMachine,
  compiled: CompiledMachine,
  value: string,
  context: object,
  event: Event,
): Step | string {
  const expected = asked(machine, value, context, event)
  expect(answered(() => compiled.step(value, context, event))).toEqual(expected)
  if (typeof expected !== 'string') {
    expect(compiled.target(value, context, event)).toBe(expected.accepted ? expected.value : null)
  }
  return expected
}

const stateNames = ['a', 'b', 'c', 'd']
const eventTypes = ['go', 'go.on', 'go.on.far', 'stop', 'other']
const descriptors = ['go', 'go.on', 'go.on.far', 'stop', 'go.*', 'go.on.*', '*']

const guards: readonly unknown[] = [
  undefined,
  'even',
  { type: 'above', params: { limit: 2 } },
  { type: 'above', params: ({ event }: { event: Event }) => ({ limit: event.n }) },
  ({ context, event }: { context: Context; event: Event }) => context.n + event.n > 3,
  'throws',
]

const plain = assign({ n: 1 })
const actions: readonly unknown[] = [
  'count',
  { type: 'remember', params: { word: 'x' } },
  { type: 'remember', params: ({ context }: { context: Context }) => ({ word: `n${context.n}` }) },
  'effect',
  plain,
  assign(({ event }: { event: Event }) => ({ n: event.n })),
  assign({ n: ({ context }: { context: Context }) => context.n * 2 }),
]

const heldOnly = fc.constant({})
const notHeld = fc.oneof(
  { weight: 12, arbitrary: heldOnly },
  fc.constant({ always: [{ guard: 'large', target: 'b' }] }),
  fc.constant({ entry: assign({ n: 7 }) }),
  fc.constant({ exit: 'count' }),
  fc.constant({ initial: 'inner', states: { inner: { on: { go: 'other' } }, other: {} } }),
)

function transitionArbitrary(isRoot: boolean) {
  return fc.record(
    {
      target: fc.constantFrom(...stateNames).map((name) => (isRoot ? `.${name}` : name)),
      guard: fc.constantFrom(...guards.slice(1)),
      actions: fc.array(fc.constantFrom(...actions), { maxLength: 3 }),
      reenter: fc.boolean(),
    },
    { requiredKeys: [] },
  )
}

const onArbitrary = (isRoot: boolean) =>
  fc.dictionary(fc.constantFrom(...descriptors), fc.array(transitionArbitrary(isRoot), { maxLength: 3 }), {
    maxKeys: 5,
  })

const stateArbitrary = (extra: fc.Arbitrary<object>) =>
  fc.oneof(
    { weight: 6, arbitrary: fc.tuple(onArbitrary(false), extra).map(([on, more]) => ({ on, ...more })) },
    { weight: 1, arbitrary: fc.constant({ type: 'final' as const }) },
  )

const machineArbitrary = (extra: fc.Arbitrary<object>) =>
  fc
    .record({
      on: onArbitrary(true),
      states: fc.tuple(...stateNames.map(() => stateArbitrary(extra))),
    })
    .map(({ on, states }) => ({
      initial: 'a',
      context: { n: 0, trace: [] },
      on,
      states: Object.fromEntries(stateNames.map((name, index) => [name, states[index]])),
    }))

function made(config: object): AnyStateMachine {
  return setup({
    types: {} as { context: Context; events: Event },
    guards: {
      even: ({ context }) => context.n % 2 === 0,
      large: ({ context }) => context.n > 4,
      above: ({ event }, { limit }: { limit: number }) => event.n > limit,
      throws: ({ event }) => {
        if (event.n === 3) throw new Error('three')
        return event.n > 3
      },
    },
    actions: {
      count: assign(({ context }) => ({ n: context.n + 1 })),
      remember: assign(({ context }, { word }: { word: string }) => ({ trace: [...context.trace, word] })),
      effect: () => undefined,
    },
    // A random configuration has types that only its generator knows.
  }).createMachine(config as never) as unknown as AnyStateMachine
}

const questionArbitrary = fc.record({
  context: fc.record({ n: fc.nat(6), trace: fc.constant<readonly string[]>([]) }),
  event: fc.record({ type: fc.constantFrom(...eventTypes), n: fc.nat(5) }),
})

describe('a compiled machine', () => {
  it('law: answers as XState does on random machines and random events', () => {
    const seen = { accepted: 0, refused: 0, assigned: 0, done: 0, stayed: 0, threw: 0 }
    fc.assert(
      fc.property(
        machineArbitrary(heldOnly),
        fc.array(questionArbitrary, { minLength: 5, maxLength: 15 }),
        (config, questions) => {
          const machine = made(config)
          const compiled = compileMachine(machine)
          expect(compiled.notHeld).toBeNull()
          for (const { context, event } of questions) {
            for (const value of stateNames) {
              const said = expectSame(machine, compiled, value, context, event)
              if (typeof said === 'string') seen.threw += 1
              else {
                seen[said.accepted ? 'accepted' : 'refused'] += 1
                if (said.accepted && said.value === value) seen.stayed += 1
                if (said.status === 'done') seen.done += 1
                if (JSON.stringify(said.context) !== JSON.stringify(context)) seen.assigned += 1
              }
            }
          }
        },
      ),
      { numRuns: 200 },
    )
    // A generator that only makes machines that refuse everything would prove nothing.
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(100)
  })

  it('law: where a machine has what no table holds, XState is asked, and the answers are the same', () => {
    let held = 0
    let left = 0
    fc.assert(
      fc.property(
        machineArbitrary(notHeld),
        fc.array(questionArbitrary, { minLength: 3, maxLength: 6 }),
        (config, questions) => {
          const machine = made(config)
          const compiled = compileMachine(machine)
          if (compiled.notHeld === null) held += 1
          else left += 1
          for (const { context, event } of questions) {
            for (const value of stateNames) expectSame(machine, compiled, value, context, event)
          }
        },
      ),
      { numRuns: 100 },
    )
    expect(held).toBeGreaterThan(4)
    expect(left).toBeGreaterThan(4)
  })
})

/** Contexts in which each of the five machines is asked: every combination of what a guard looks at. */
const ours: readonly (readonly [AnyStateMachine, contexts: readonly object[], events: readonly object[]])[] =
  [
    [
      taskMachine,
      [null, 'pending', 'running'].flatMap((returnsTo) =>
        [null, true, false].map((retryable) => ({
          on: null,
          returnsTo,
          cause: null,
          retryable,
          reason: null,
          checkpointId: null,
          attempts: 2,
        })),
      ),
      [
        ...[true, false, undefined].flatMap((warned) =>
          ['task.start', 'task.unblock', 'task.restore-context'].map((type) => ({ type, warned })),
        ),
        { type: 'task.block', on: { kind: 'input' } },
        { type: 'task.warn' },
        { type: 'task.relieve' },
        { type: 'task.switch-context', cause: 'model' },
        { type: 'task.complete' },
        { type: 'task.fail', reason: 'x', retryable: true },
        { type: 'task.cancel' },
        { type: 'task.recover', checkpointId: 'origin' },
      ],
    ],
    [
      budgetMachine,
      [{ percent: 0 }],
      [0, 57, 58, 60, 61, 73, 75, 76, 83, 84, 86, 98, 99, 100, 104.5, Number.NaN].map((percent) => ({
        type: 'budget.measure',
        percent,
        thresholds: {
          monitoringThresholdPercent: 60,
          warningThresholdPercent: 75,
          emergencyThresholdPercent: 85,
          hysteresisPercent: 2,
        },
      })),
    ],
    [
      sessionMachine,
      [true, false].map((started) => ({ started, epoch: 3 })),
      sessionMachine.events.map((type) => ({ type })),
    ],
    [handoffMachine, [{}], handoffMachine.events.map((type) => ({ type }))],
    [recoveryMachine, [{}], recoveryMachine.events.map((type) => ({ type }))],
  ]

describe('the compiled machines of Waymark', () => {
  it.each(ours)(
    '%# the table is asked, and answers as XState does everywhere',
    (machine, contexts, events) => {
      const compiled = compileMachine(machine)
      expect(compiled.notHeld).toBeNull()
      let accepted = 0
      for (const value of Object.keys(machine.states)) {
        for (const context of contexts) {
          for (const event of [...events, { type: 'unheard.of' }]) {
            const said = expectSame(machine, compiled, value, context, event as Event)
            if (typeof said !== 'string' && said.accepted) accepted += 1
          }
        }
      }
      expect(accepted).toBeGreaterThan(4)
    },
  )

  it('runs no guard of XState: a snapshot is never made', () => {
    const machine = setup({}).createMachine({ initial: 'a', states: { a: { on: { go: 'b' } }, b: {} } })
    const compiled = compileMachine(machine)
    machine.resolveState = () => {
      throw new Error('a snapshot was made')
    }
    expect(compiled.target('a', {}, { type: 'go' })).toBe('b')
    expect(compiled.step('a', {}, { type: 'stop' })).toMatchObject({ accepted: false, value: 'a' })
  })
})

describe('what no table holds', () => {
  const on = { go: 'b' }
  it.each([
    ['`always`', { initial: 'a', states: { a: { on, always: { guard: () => false, target: 'b' } }, b: {} } }],
    ['`after`', { initial: 'a', states: { a: { on, after: { 10: 'b' } }, b: {} } }],
    ['`entry`', { initial: 'a', states: { a: { on, entry: [() => undefined] }, b: {} } }],
    ['`exit`', { initial: 'a', states: { a: { on, exit: [() => undefined] }, b: {} } }],
    ['`initial`', { initial: 'a', states: { a: { on, initial: 'x', states: { x: {} } }, b: {} } }],
    ['parallel', { type: 'parallel', states: { a: {}, b: {} } }],
    [
      'other guards',
      { initial: 'a', states: { a: { on: { go: { guard: and([() => true]), target: 'b' } } }, b: {} } },
    ],
    ['the machine itself', { id: 'm', initial: 'a', states: { a: { on: { go: '#m' } }, b: {} } }],
  ])('is said: %s', (what, config) => {
    expect(compileMachine(createMachine(config as never)).notHeld).toContain(what)
  })

  it('an assignment that asks for an actor is given one by XState', () => {
    const machine = setup({
      types: {} as { context: { id: string } },
      actions: { named: assign(({ self }) => ({ id: typeof self.id })) },
    }).createMachine({
      context: { id: '' },
      initial: 'a',
      states: { a: { on: { go: { target: 'b', actions: 'named' } } }, b: {} },
    })
    const compiled = compileMachine(machine)
    expect(compiled.notHeld).toBeNull()
    expect(compiled.step('a', { id: '' }, { type: 'go' })).toMatchObject({
      value: 'b',
      context: { id: 'string' },
    })
  })
})
