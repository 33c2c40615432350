/**
 * Goal: a check of a machine never passes for a reason that is none: because other problems came first, an answer was no answer, an option
 * made no sense, or not everything was looked at. Method: machines with one fault among many, and every wrong option.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AnyStateMachine, createMachine } from 'xstate'
import { MemoryLog } from '../../src/log/memory.ts'
import {
  checkMachine,
  coverageOf,
  coverageOfMachine,
  coverageOfSessions,
  formatCoverage,
  type MachineReport,
  machineChecks,
  stepsOfEvents,
} from '../../src/testing/index.ts'

type MachineStates = NonNullable<Parameters<typeof createMachine>[0]['states']>

/** Calls a function as programs without types do. */
const untyped = (call: (...given: never[]) => unknown, ...given: readonly unknown[]): unknown =>
  Reflect.apply(call, undefined, given)
const named = <Value>(name: string, count: number, make: (index: number) => Value): Record<string, Value> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`${name}${index}`, make(index)]))
const machineOf = (states: MachineStates, id = 'm'): AnyStateMachine =>
  createMachine({ id, initial: 'a', states })
const failures = async (machine: AnyStateMachine, options: object): Promise<Record<string, string>> => {
  const failed: Record<string, string> = {}
  for (const { name, run } of machineChecks(machine, options))
    await run().catch((error: Error) => (failed[name] = error.message))
  return failed
}

describe('a broken invariant is told', () => {
  const invariants = { 'never b': ({ value }: { value: unknown }) => value !== 'b' }

  it('beside any number of unreachable states, which are counted', async () => {
    const machine = machineOf({
      a: { on: { GO: 'b' } },
      b: { on: { BACK: 'a' } },
      ...named('n', 60, () => ({ on: { GO: 'a' } })),
    })
    const failed = await failures(machine, { invariants, seed: 1 })
    expect(Object.keys(failed)).toEqual(['m: every state is reached', 'm: invariant: never b'])
    expect(failed['m: invariant: never b']).toMatch(/^"never b" does not hold in `b`\n/)
    const told = failed['m: every state is reached']?.split('\n\n') ?? []
    expect(told).toHaveLength(52)
    expect(told.slice(-2)).toEqual(['and at least 10 more like these', '(seed 1)'])
  })

  it('beside any number of others that walks find', () => {
    const throwing = () => {
      throw new Error('no')
    }
    const machine = machineOf({
      a: { on: named('good', 60, () => 'hub') },
      // Walks come to `b` as often as to an error.
      hub: {
        on: {
          ...named('bad', 60, () => ({ guard: throwing, target: 'a' })),
          ...named('good', 60, () => 'b'),
        },
      },
      b: { on: { BACK: 'a' } },
    })
    const { problems } = checkMachine(machine, { invariants, statesMax: 1, cutShort: true })
    expect(problems.filter(({ invariant }) => invariant === 'never b')).toHaveLength(1)
    const others = problems.filter(({ check }) => check === 'answers').map(({ message }) => message)
    expect([others.length, others.at(-1)]).toEqual([51, 'and at least 1 more like these'])
  })
})

describe('an invariant that gives no answer', () => {
  const door = machineOf({ a: { on: { GO: 'b' } }, b: { on: { BACK: 'a' } } })

  it.each<readonly [string, () => unknown]>([
    ['a promise', async () => false],
    ['a promise', async () => Promise.reject(new Error('nobody waits for it'))],
    ['0', () => 0],
    ['1', () => 1],
    ['null', () => null],
    ['{"ok":true}', () => ({ ok: true })],
  ])('is told: %s', (answer, holds) => {
    const { problems } = untyped(checkMachine, door, { invariants: { x: holds } }) as MachineReport
    expect(problems.map(({ invariant, message }) => [invariant, message.split('\n')[0]])).toEqual([
      [
        'x',
        `"x" answered ${answer} in \`a\`: an invariant answers at once, \`true\` or nothing where it holds, \`false\` or a string with the reason where it does not`,
      ],
    ])
  })
})

describe('what makes no sense is refused:', () => {
  const door = machineOf({ a: { on: { GO: 'b', INC: 'a' } }, b: { on: { BACK: 'a' } } })
  const usage = (message: RegExp, hint: RegExp) =>
    expect.objectContaining({
      code: 'USAGE',
      message: expect.stringMatching(message),
      hint: expect.stringMatching(hint),
    })
  const thrownBy = (run: () => unknown): unknown => {
    try {
      return run()
    } catch (error) {
      return error
    }
  }

  it.each<readonly [object | null, RegExp, RegExp]>([
    ...['numRuns', 'lengthMax', 'statesMax', 'stepsMax', 'samplesPerEvent'].flatMap((name) =>
      [-1, 0, Number.NaN, 1.5, Number.POSITIVE_INFINITY, '3'].map(
        (value) =>
          [{ [name]: value }, new RegExp(`^\`${name}\` cannot be `), /is a whole number from 1 to/] as const,
      ),
    ),
    [{ seed: 'x' }, /^`seed` cannot be "x"$/, /^`seed` is a whole number$/],
    [{ seed: 1.5 }, /^`seed` cannot be 1.5$/, /whole number/],
    [{ events: { INC: { n: 1 } } }, /^`events: INC` cannot be \{"n":1\}$/, /a list of data/],
    [{ events: { INC: [3] } }, /^`events: INC` cannot be \[3\]$/, /a list of data/],
    [{ events: [] }, /^`events` cannot be \[\]$/, /by their types/],
    [{ invariants: { x: true } }, /^`invariants: x` cannot be true$/, /a function/],
    [{ deadEnds: 'b' }, /^`deadEnds` cannot be "b"$/, /a list of names/],
    [{ cutShort: 1 }, /^`cutShort` cannot be 1$/, /`true` or `false`/],
    [{ invariant: {} }, /^there is no option `invariant`$/, /^there are: invariants; input; /],
    [null, /^options cannot be null$/, /an object/],
  ])('options %o', (options, message, hint) => {
    const expected = usage(message, hint)
    expect(thrownBy(() => untyped(checkMachine, door, options))).toEqual(expected)
    expect(thrownBy(() => untyped(machineChecks, door, options))).toEqual(expected)
  })

  it.each<readonly [object, RegExp, RegExp]>([
    [{ unreachable: ['z'] }, /^`unreachable` names `z`, and there is no such state$/, /^there are: a; b$/],
    [{ deadEnds: ['b & z'] }, /^`deadEnds` names `b & z`, and there is no such state$/, /^there are: b; a$/],
    [{ neverTaken: ['b: BAKC → a'] }, /no such transition$/, /^there are: b: BACK → a; /],
    [{ afterDone: ['GOO'] }, /no such event$/, /^there are: GO; /],
  ])('names that nothing has: %o', (options, message, hint) => {
    expect(thrownBy(() => checkMachine(door, options))).toEqual(usage(message, hint))
  })

  it('what is no machine', async () => {
    const expected = usage(/^this is no machine: /, /XState 5/)
    for (const given of [{}, null, undefined, 'task', { root: {} }]) {
      expect(thrownBy(() => untyped(checkMachine, given))).toEqual(expected)
      expect(thrownBy(() => untyped(machineChecks, given))).toEqual(expected)
      expect(thrownBy(() => untyped(coverageOf, given, []))).toEqual(expected)
      await expect(untyped(coverageOfMachine, new MemoryLog(), given)).rejects.toEqual(expected)
    }
  })

  it('what was not recorded', () => {
    const step = { value: 'a', event: { type: 'GO' }, next: 'b' }
    const wrong = [{}, null, 'GO', [{}], ...[-3, 0, 0.5, Number.NaN].map((count) => ({ ...step, count }))]
    for (const one of wrong) {
      expect(thrownBy(() => untyped(coverageOf, door, [one]))).toEqual(
        usage(/neither a recorded step/, /a step has/),
      )
    }
    expect(thrownBy(() => untyped(coverageOf, door, null))).toEqual(usage(/nothing is recorded/, /a list/))
    expect(coverageOf(door, [{ ...step, count: 3 }]).steps).toBe(3)
  })

  it('another machine where one of its own is named', async () => {
    const expected = usage(/none of Waymark's own machines$/, /task, budget, .*`coverageOfMachine`/)
    await expect(untyped(coverageOfSessions, new MemoryLog(), door)).rejects.toEqual(expected)
    await expect(untyped(coverageOfSessions, new MemoryLog(), 'toString')).rejects.toEqual(expected)
    expect(thrownBy(() => untyped(stepsOfEvents, 'nope', []))).toEqual(expected)
  })
})

describe('a machine that is too large', () => {
  const ring = machineOf(
    {
      a: { on: { GO: 'n0' } },
      ...named('n', 700, (index) => ({ on: { GO: `n${(index + 1) % 700}`, BACK: 'a' } })),
    },
    'ring',
  )

  it('is no success, and says first that it was cut short', async () => {
    const options = { statesMax: 200, numRuns: 1, seed: 1 }
    const failed = await failures(ring, options)
    expect(failed['ring: everything was looked at']).toMatch(
      /^not everything was looked at: paths were followed from 200 different snapshots \(statesMax\); there are more \(raise/,
    )
    expect(failed['ring: every state is reached']).toMatch(
      /^`n200` was not reached before the work was cut short/,
    )
    const lines = formatCoverage(checkMachine(ring, options).coverage).split('\n')
    expect(lines[1]).toMatch(/^cut short: paths were followed from 200 /)
    expect(lines[2]).toBe('states not reached before that:')
    expect(lines[23]).toBe('  and 480 more')
    expect(lines.length).toBeLessThan(50)
    expect(checkMachine(ring, { ...options, statesMax: 701 }).ok).toBe(true)
  })
})

describe('a hint fits:', () => {
  it('circles need no data and no input', () => {
    const circle = { b: { always: 'c' }, c: { always: 'b' } }
    const texts = [
      machineOf({ a: { on: { GO: 'b' } }, ...circle }),
      machineOf({ a: { always: 'b' }, ...circle }),
    ]
      .flatMap((machine) => checkMachine(machine, { numRuns: 1 }).problems)
      .filter(({ check }) => check === 'answers')
      .map(({ message }) => message)
    expect(texts).toHaveLength(2)
    for (const text of texts) {
      expect(text).toContain('Infinite loop')
      expect(text).not.toMatch(/needs data|needs an input/)
    }
  })

  it('an event that the machine does not know is told beside those that it knows, the like first', () => {
    const machine = machineOf({
      a: { on: { GO: 'a' }, invoke: { src: 'load', onDone: 'b' } },
      b: { type: 'final' },
    })
    const { problems } = checkMachine(machine, {
      events: { 'xstate.done.actor.load': fc.constant({ output: 9 }) },
    })
    expect(problems.map(({ check, message }) => [check, message])).toEqual([
      [
        'declared',
        '`events` has data for `xstate.done.actor.load`; the machine knows no such event, only these: xstate.done.actor.0.m.a; GO',
      ],
    ])
  })
})
