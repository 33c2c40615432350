/** What must not happen: a machine that has no such state going on, a value that JSON loses, an error that comes late, a word to the console. */
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type AnyStateMachine, assign, fromPromise, fromTransition, raise, sendTo, setup } from 'xstate'
import { durableMachine } from '../../src/decide/durable/machine.ts'
import type { RecordedMachine } from '../../src/decide/durable/port.ts'
import { drive } from './step-driver.ts'

const never = fromPromise(() => new Promise<number>(() => {}))
const failed = (code: string, ...parts: readonly string[]) =>
  expect.objectContaining({
    code,
    message: expect.stringMatching(
      new RegExp(parts.map((part) => part.replaceAll('.', String.raw`\.`)).join('.*'), 's'),
    ),
  })

const late: unknown[] = []
const catchLate = (error: unknown): void => void late.push(error)
beforeEach(() => {
  process.prependListener('uncaughtException', catchLate)
  process.prependListener('unhandledRejection', catchLate)
  vi.spyOn(console, 'warn')
  vi.spyOn(console, 'error')
})
afterEach(async () => {
  // XState throws what nobody hears in a timer of its own.
  await new Promise((resolve) => setTimeout(resolve, 5))
  process.off('uncaughtException', catchLate)
  process.off('unhandledRejection', catchLate)
  expect(late).toEqual([])
  expect(console.warn).not.toHaveBeenCalled()
  expect(console.error).not.toHaveBeenCalled()
  vi.restoreAllMocks()
})

describe('a state that the machine does not have', () => {
  const kid = setup({}).createMachine({
    id: 'kid',
    initial: 'a',
    states: { a: {}, b: { initial: 'x', states: { x: {} } } },
  })
  const machine = setup({ actors: { kid } }).createMachine({
    id: 'door',
    version: '2',
    initial: 'both',
    invoke: { src: 'kid', id: 'kid' },
    states: { both: { type: 'parallel', states: { one: {}, two: {} } }, shut: {}, past: { type: 'history' } },
    on: { GO: '.shut' },
  })
  const driven = drive(machine)
  const withSnapshot = (change: object): RecordedMachine => ({
    ...driven.state,
    machineVersion: '1',
    snapshot: { ...driven.state.snapshot, ...change },
  })
  const child = (change: object) => ({
    children: {
      kid: {
        src: 'kid',
        syncSnapshot: false,
        snapshot: { status: 'active', value: 'a', context: {}, historyValue: {}, children: {} },
        ...change,
      },
    },
  })

  it.each([
    ['a name it lacks', withSnapshot({ value: 'open' }), '"open"'],
    ['a value that leaves a part open', withSnapshot({ value: { both: { one: {} } } }), 'one'],
    [
      'a value with a part too many',
      withSnapshot({ value: { both: { one: {}, two: {}, three: {} } } }),
      'three',
    ],
    ['a child on an actor it lacks', withSnapshot(child({ src: 'cat' })), 'cat'],
    [
      'a child in a state it lacks',
      withSnapshot(
        child({ snapshot: { status: 'active', value: 'zzz', context: {}, historyValue: {}, children: {} } }),
      ),
      'zzz',
    ],
    [
      'a remembered state it lacks',
      withSnapshot({ historyValue: { 'door.past': [{ id: 'door.gone' }] } }),
      'door.gone',
    ],
  ])('%s is MACHINE_MISMATCH at once', (_what, state, named) => {
    const mismatch = failed('MACHINE_MISMATCH', 'door', 'version 2', named, 'version 1')
    expect(() => driven.machine.snapshotOf(state)).toThrow(mismatch)
    expect(() =>
      driven.machine.deliver(
        state,
        { kind: 'event', event: { type: 'GO' }, to: [] },
        { now: '2026-01-01T00:00:00.000Z' },
      ),
    ).toThrow(mismatch)
  })

  it('one that it has is given back, in whatever order its names were written', () => {
    const turned = withSnapshot({ value: { both: { two: {}, one: {} } } })
    expect(driven.machine.snapshotOf(turned).matches({ both: 'one' })).toBe(true)
  })
})

describe('what is not plain JSON', () => {
  const holding = (value: unknown) =>
    setup({}).createMachine({
      id: 'order',
      context: { a: { b: [0, value] } },
      on: {
        GO: {
          actions: assign({ seen: ({ event }: { event: { value?: unknown } }) => event.value } as never),
        },
      },
    })
  class Money {}
  const circle: unknown[] = []
  circle.push(circle)
  it.each([
    ['a Date', new Date(0)],
    ['a Map', new Map()],
    ['a Set', new Set()],
    ['a Money', new Money()],
    ['a function', () => {}],
    ['a symbol', Symbol('s')],
    ['a bigint', 1n],
    ['NaN', Number.NaN],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['undefined', undefined],
    ['half a character', '\ud800'],
  ])('%s in the context is refused with its place', (found, value) => {
    expect(() => drive(holding(value))).toThrow(
      failed('MACHINE_INVALID', `context of machine order holds ${found}`, '/a/b/1'),
    )
  })

  it('a value within itself is refused', () => {
    expect(() => drive(holding(circle))).toThrow(failed('MACHINE_INVALID', 'holds itself'))
  })

  it('in input, events and outputs it is refused too, and properties without a value are left out', () => {
    expect(() => drive(holding(1), new Date(0))).toThrow(failed('MACHINE_INVALID', 'input of machine order'))
    const driven = drive(holding(1))
    expect(() => driven.send({ type: 'GO', value: { at: new Date(0) } })).toThrow(
      failed('MACHINE_INVALID', 'event for machine order', '/value/at'),
    )
    driven.send({ type: 'GO', value: { n: 1, none: undefined } })
    expect(driven.context()).toEqual({ a: { b: [0, 1] }, seen: { n: 1 } })
  })

  it('spawned logic without a name is refused with what to do', () => {
    const machine = setup({}).createMachine({
      id: 'order',
      context: ({ spawn }) => ({ ref: spawn(never as never, { id: 'job' } as never) as unknown }),
    })
    expect(() => drive(machine)).toThrow(failed('MACHINE_INVALID', 'spawns job'))
  })
})

describe('a machine that fails', () => {
  const machine = setup({}).createMachine({
    id: 'order',
    initial: 'open',
    states: {
      open: {
        on: {
          GUARD: {
            guard: () => {
              throw new Error('guard fell')
            },
            target: 'shut',
          },
          ASSIGN: {
            actions: assign(() => {
              throw new Error('assign fell')
            }),
          },
          SEND: { actions: sendTo('nobody', { type: 'X' }) },
          LOOP: {
            actions: assign(() => {
              for (;;);
            }),
          },
          TURN: { actions: raise({ type: 'TURN' }) },
        },
      },
      shut: {},
    },
  })

  it.each([
    ['GUARD', 'guard fell'],
    ['ASSIGN', 'assign fell'],
    ['SEND', 'nobody'],
  ])('on %s throws MACHINE_FAILED, and nothing is left of it', (type, message) => {
    const driven = drive(machine)
    expect(() => driven.send({ type })).toThrow(
      failed('MACHINE_FAILED', 'machine order threw on', type, 'in open', message),
    )
    expect(driven.live).toHaveLength(1)
  })

  it('at its start throws MACHINE_FAILED', () => {
    const bad = setup({}).createMachine({
      id: 'bad',
      context: () => {
        throw new Error('no context')
      },
    })
    expect(() => drive(bad)).toThrow(failed('MACHINE_FAILED', 'start', 'no context'))
  })

  it('by going round without end is ended', () => {
    const driven = drive(machine, undefined, { watched: true })
    expect(() => driven.send({ type: 'LOOP' })).toThrow(
      failed('MACHINE_FAILED', 'did not come to an end on LOOP'),
    )
  })

  it('by invoking itself without end is ended', () => {
    // It names itself once it is made.
    const self = setup({}).createMachine({
      id: 'self',
      invoke: { src: 'again', id: 'again' },
    } as never) as unknown as AnyStateMachine
    const actors: Record<string, unknown> = self.implementations.actors
    actors.again = self
    expect(() => drive(self)).toThrow(failed('MACHINE_FAILED', 'deep'))
  })
})

describe('the hash of a machine', () => {
  const made = (change: object = {}): string => {
    const a = {
      entry: 'note',
      on: { GO: { guard: 'big', target: 'b' } },
      after: { 50: 'b' },
      invoke: { src: 'never' },
      ...change,
    }
    const config: object = { id: 'order', initial: 'a', states: { a, b: {} } }
    const parts = setup({ actors: { never }, guards: { big: () => true }, actions: { note: () => {} } })
    return durableMachine(parts.createMachine(config as never) as unknown as AnyStateMachine).machineHash
  }

  it('is the same for the same definition, and another for another', () => {
    expect(made()).toBe(made())
    const others = [
      { tags: 'x' },
      { after: { 60: 'b' } },
      { entry: 'other' },
      { on: { GO: 'b' } },
      { meta: { n: 1 } },
    ]
    expect(new Set([made(), ...others.map(made)]).size).toBe(others.length + 1)
  })

  it('is the same in every process', () => {
    expect(made()).toMatchInlineSnapshot(`"8a4af09ba707a3edadb11b7103c8493e239c1cf0927321d7df7791067561458a"`)
  })
})

describe('a machine of another copy of XState', () => {
  it('is taken when it does what a step needs', () => {
    const load = createRequire(import.meta.url)
    const other = load(join(dirname(load.resolve('xstate')), 'xstate.umd.min.js')) as typeof import('xstate')
    const machine = other.createMachine({
      id: 'other',
      initial: 'a',
      entry: () => {},
      states: { a: { on: { GO: 'b' } }, b: {} },
    })
    expect(machine.constructor).not.toBe(setup({}).createMachine({}).constructor)
    const driven = drive(machine)
    driven.send({ type: 'GO' })
    expect(driven.state.snapshot.value).toBe('b')
  })

  it('is refused when it runs its actions at once, or is none', () => {
    const machine = setup({}).createMachine({ id: 'order' })
    class Eager {
      readonly root = {}
      readonly implementations = { actors: {} }
      readonly #entry: () => void
      constructor({ states }: { states: { on: { entry: () => void } } }) {
        this.#entry = states.on.entry
      }
      getTransitionData = () => []
      getInitialSnapshot() {
        this.#entry()
        return { status: 'active', children: {} }
      }
    }
    const eager: unknown = new Eager({ states: { on: { entry: () => {} } } })
    expect(() => durableMachine(eager as AnyStateMachine)).toThrow(failed('MACHINE_INVALID', 'runs actions'))
    expect(() => durableMachine({} as AnyStateMachine)).toThrow(failed('MACHINE_INVALID', 'no machine'))
    expect(() => durableMachine(fromTransition(() => 0, 0) as never)).toThrow(
      expect.objectContaining({ hint: expect.stringContaining('XState 5') }),
    )
    expect(durableMachine(machine).machineId).toBe('order')
  })
})

it('a state that was decided from is not changed by it', () => {
  const machine = setup({}).createMachine({
    id: 'order',
    context: { list: [] as number[] },
    on: {
      ADD: {
        actions: assign(({ context }) => {
          context.list.push(1)
          return {}
        }),
      },
    },
  })
  const driven = drive(machine)
  const before = JSON.stringify(driven.state)
  const ask = () =>
    driven.machine.deliver(
      driven.state,
      { kind: 'event', event: { type: 'ADD' }, to: [] },
      { now: '2026-01-01T00:00:00.000Z' },
    )
  expect(ask()).toEqual(ask())
  expect(JSON.stringify(driven.state)).toBe(before)
})
