/**
 * Goal: `checkMachine` passes what is sound, whatever XState features it has, and finds every fault, each told with its state, its event and
 * the way there. Method: sound sample machines, and one for each fault that was put in.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AnyStateMachine, assign, createMachine, setup } from 'xstate'
import {
  checkMachine,
  formatCoverage,
  type MachineCheckOptions,
  type MachineProblem,
  type MachineReport,
  machineChecks,
} from '../../src/testing/index.ts'
import * as samples from './machine-samples.ts'

/** Few walks where paths tell it all. */
const check = <Machine extends AnyStateMachine>(
  machine: Machine,
  options: MachineCheckOptions<Machine> = {},
): MachineReport => checkMachine(machine, { numRuns: 20, ...options })
const told = (problems: readonly MachineProblem[]) =>
  problems.map(({ check, message }) => `${check}: ${message.split('\n')[0]}`)
const events = ({ path }: MachineProblem) => path.map(({ event }) => event.type)

describe('a sound machine passes, with all of it met:', () => {
  it('states inside states, several at once, history, and a final state inside', () => {
    const report = check(samples.editor)
    expect(told(report.problems)).toEqual([])
    expect(formatCoverage(report.coverage).split('\n')[0]).toBe(
      'editor: 11 of 11 states, 11 of 11 transitions, 1 of 1 guards both ways',
    )
  })

  it('guards with context, data and parameters, always, raise, entry and exit', () => {
    const report = check(samples.turnstile, {
      events: { coin: fc.record({ value: fc.integer({ min: 1, max: 3 }) }) },
      invariants: { 'no more than three pass': ({ context }) => context.passed <= 3 },
    })
    expect(told(report.problems)).toEqual([])
    expect(report.coverage.states.find(({ name }) => name === 'checking')?.count).toBeGreaterThan(0)
    expect(report.coverage.guards.map(({ name }) => name)).toEqual([
      'worth {"least":2}',
      'and(isPaid, not(isFull))',
      'isFull',
    ])
  })

  it('times that are over', () => {
    const { problems, coverage } = check(samples.signal)
    expect(told(problems)).toEqual([])
    expect(coverage.transitions.map(({ name }) => name)).toEqual([
      'green: after patience → yellow',
      'yellow: after 1000 [a condition] → off',
      'yellow: after 1000 → red',
      'red: break → green',
      'red: after 5000 → green',
    ])
  })

  it('children that are done or fail, not provided, with an input and data', () => {
    const { problems, coverage } = check(samples.fetcher, {
      input: { url: 'a' },
      events: { 'xstate.done.actor.0.fetcher.loading': [{ output: 'page' }] },
      invariants: {
        'a page is shown': ({ value, context }) => value !== 'shown' || context.page === 'page',
        'the input is there': ({ context }) => context.url === 'a',
      },
      // It counts how often it tried.
      statesMax: 60,
      cutShort: true,
    })
    expect(told(problems)).toEqual([])
    expect(coverage.transitions.map(({ on }) => on)).toEqual([
      'fetch',
      'done of load',
      'error of load',
      'error of load',
      'done of clock',
      'again',
    ])
  })

  it('and is left as it was', () => {
    const { guard } = samples.turnstile.states.checking?.always?.[0] ?? {}
    check(samples.turnstile, { numRuns: 1 })
    expect([guard, samples.turnstile.states.checking?.always?.[0]?.guard]).toEqual(['isFull', 'isFull'])
  })
})

describe('a fault is found:', () => {
  it('a state that nothing reaches', () => {
    const { problems, coverage, ok } = check(samples.unreachable)
    expect(ok).toBe(false)
    expect(told(problems)).toEqual(['states: `lost` is never reached: no transition leads to it'])
    expect(coverage.states.map(({ why }) => why)).toEqual([
      null,
      null,
      'no transition leads to it',
      '`lost` is not reached',
    ])
  })

  it('a transition that is never taken, with the reason', () => {
    const { problems, coverage } = check(samples.neverTaken)
    expect(told(problems)).toEqual([
      'transitions: `a: go → a` is never taken: `a: go → b` comes before it and is always taken',
      expect.stringMatching(
        /^transitions: `a: jump \[never\] → b` is never taken: `never` was never true \(asked \d+ times\)$/,
      ),
    ])
    expect(coverage.guards).toMatchObject([{ name: 'never', passed: 0 }])
  })

  it('a dead end, with the way there', () => {
    const { problems } = check(samples.deadEnd)
    expect(problems.map(({ message }) => message)).toEqual([
      '`b` is a dead end: it is not final, and no event that was tried leads anywhere\n' +
        '  the way there begins in `a`\n  1. go → b',
    ])
    expect(told(check(samples.stuckRegion).problems)).toEqual([
      'dead-ends: `left.stuck` is a dead end: it is not final, and the machine stays there whatever happens beside it',
    ])
  })

  it('a guard that does not answer twice alike', () => {
    const [problem] = check(samples.fickle()).problems
    expect(problem?.check).toBe('symmetry')
    expect(problem?.message).toMatch(/^`can` says (yes|no) to go in `a`/)
  })

  it('a refused event that changes something', () => {
    const { problems } = check(samples.meddled(), {
      deadEnds: ['shut'],
      neverTaken: ['shut: knock [a condition] → shut'],
    })
    expect(told(problems)).toContainEqual(
      expect.stringMatching(/^symmetry: knock in `shut` is refused, and yet leads to `ajar`$/),
    )
  })

  it('a machine that goes on when it is done', () => {
    const { problems } = check(samples.undead)
    expect(told(problems)).toEqual(['finals: the machine is done, and yet raise in `dead` leads to `alive`'])
    expect(problems.map(events)).toEqual([['die', 'raise']])
  })

  it('a final state with transitions', () => {
    const machine = createMachine({
      id: 'm',
      initial: 'a',
      states: { a: { on: { go: 'b' } }, b: { type: 'final', on: { go: 'a' } } },
    })
    expect(told(check(machine).problems)).toContain(
      'finals: `b` is final, and yet has a transition: `b: go → a`',
    )
  })

  it('a guard that throws, and circles that never end', () => {
    expect(told(check(samples.throwing).problems)).toContainEqual(
      expect.stringMatching(/^answers: say in `a` with {"names":\["one"\]} throws: Unable to evaluate guard/),
    )
    expect(told(check(samples.endless).problems)).toContainEqual(
      expect.stringMatching(/^answers: go in `a` throws: Infinite loop/),
    )
  })

  it('a child whose failure nobody handles', () => {
    const machine = createMachine({
      id: 'm',
      initial: 'a',
      states: {
        a: { invoke: { id: 'c', src: 'child', onError: { guard: () => false, target: 'b' }, onDone: 'b' } },
        b: { type: 'final' },
      },
    })
    expect(told(check(machine).problems)).toContainEqual(
      expect.stringMatching(/is not handled: it puts the machine into the status `error`$/),
    )
  })

  it('a machine that does not start', () => {
    const machine = createMachine({ id: 'm', context: ({ input }) => ({ name: Object(input).name.trim() }) })
    expect(told(check(machine).problems)).toEqual([
      expect.stringMatching(
        /^answers: the machine does not start: .*\(if it needs an input, give it in `input`\)$/,
      ),
      expect.stringMatching(/^whole: nothing was looked at: the machine does not start: /),
    ])
  })
})

describe('an invariant', () => {
  it('that only four events break is broken by these four alone, with data as small as can be', () => {
    const { problems } = checkMachine(samples.account, {
      events: { take: fc.record({ amount: fc.integer({ min: -5, max: 12 }) }) },
      invariants: { 'at most twice': ({ context }) => context.times <= 2 },
      // Random walks alone have to find it.
      statesMax: 1,
      cutShort: true,
    })
    expect(problems.map(({ message }) => message)).toEqual([
      [
        '"at most twice" does not hold in `open` with {"taken":3,"times":3}',
        '  the way there begins in `shut`',
        '  1. open → open',
        '  2. take {"amount":1} → open',
        '  3. take {"amount":1} → open',
        '  4. take {"amount":1} → open',
      ].join('\n'),
    ])
  })

  it('is looked at on every path too, and says why in each way it can', () => {
    const take = [{ amount: 1 }, { amount: 10 }]
    const report = (holds: (taken: number) => boolean | string | undefined) =>
      check(samples.account, {
        events: { take },
        invariants: { holds: ({ context }) => holds(context.taken) },
        numRuns: 1,
        lengthMax: 1,
        statesMax: 40,
        cutShort: true,
      }).problems
    const broken = report((taken) => taken <= 20)
    expect(broken.map(events)).toEqual([['open', 'take', 'take', 'take']])
    expect(told(report((taken) => (taken > 20 ? 'too much' : undefined)))[0]).toMatch(/: too much$/)
    const thrown = report((taken) => {
      if (taken > 20) throw new Error('far too much')
      return undefined
    })
    expect(told(thrown)[0]).toMatch(/: far too much$/)
    expect(report(() => undefined)).toEqual([])
  })

  it('holds at the start too', () => {
    const { problems } = check(samples.account, { invariants: { never: () => false }, numRuns: 1 })
    expect(problems.filter(({ invariant }) => invariant === 'never').map(events)).toEqual([[]])
  })
})

describe('what is so on purpose', () => {
  it('is no problem when it is declared', () => {
    expect(check(samples.unreachable, { unreachable: ['lost'] }).ok).toBe(true)
    expect(check(samples.deadEnd, { deadEnds: ['b'] }).ok).toBe(true)
    expect(check(samples.stuckRegion, { deadEnds: ['left.stuck'] }).ok).toBe(true)
    expect(check(samples.undead, { afterDone: ['raise'] }).ok).toBe(true)
    expect(check(samples.neverTaken, { neverTaken: ['a: go → a', 'a: jump [never] → b'] }).ok).toBe(true)
  })

  it.each([
    [{ unreachable: ['b'] }, /^`unreachable` names `b`, and it was reached \d+ times$/],
    [{ neverTaken: ['a: go → b'] }, /^`neverTaken` names `a: go → b`, and it was taken \d+ times$/],
    [{ deadEnds: ['a'] }, /^`deadEnds` names `a`, and no dead end was found there$/],
    [{ afterDone: ['go'] }, /^`afterDone` names `go`, and it leads out of no machine that is done$/],
    [{ cutShort: true }, /^`cutShort` is declared, and everything was looked at$/],
    [
      { events: { zap: [{}] } },
      /^`events` has data for `zap`; the machine knows no such event, only these: go; end; ping$/,
    ],
  ])('is one when it is not so: %o', (options, message) => {
    const { problems } = check(samples.deadEnd, { deadEnds: ['b'], ...options })
    expect(problems.filter(({ check }) => check === 'declared').map((one) => one.message)).toContainEqual(
      expect.stringMatching(message),
    )
  })
})

describe('the work', () => {
  const counter = createMachine({
    id: 'counter',
    context: { count: 0 },
    initial: 'counting',
    states: {
      counting: {
        on: {
          add: { actions: assign({ count: ({ context }) => context.count + 1 }) },
          far: { guard: ({ context }) => context.count > 300, target: 'far' },
        },
      },
      far: { type: 'final' },
    },
  })

  it('ends with a machine that never does, and says where it was cut short', () => {
    const { problems, coverage } = check(counter, { statesMax: 50 })
    expect(coverage.cutShort).toEqual([
      'paths were followed from 50 different snapshots (statesMax); there are more',
    ])
    const cut = 'paths were followed from 50 different snapshots (statesMax); there are more'
    expect(told(problems)).toEqual([
      `whole: not everything was looked at: ${cut} (raise the bound, or declare \`cutShort: true\` of a machine that never comes to an end)`,
      expect.stringMatching(
        /^states: `far` was not reached before the work was cut short: .* \(cut short: paths were followed from 50 /,
      ),
      expect.stringMatching(/^transitions: .* was not taken before the work was cut short: .* \(cut short: /),
    ])
    expect(formatCoverage(coverage).split('\n').slice(1, 3)).toEqual([
      `cut short: ${cut}`,
      'states not reached before that:',
    ])
    expect(check(counter, { stepsMax: 30 }).coverage.cutShort).toEqual([
      '30 events were tried on paths (stepsMax); there are more',
    ])
    expect(told(check(counter, { statesMax: 400, numRuns: 1 }).problems)).toEqual([
      expect.stringMatching(/^whole: not everything was looked at: /),
    ])
    expect(check(counter, { statesMax: 400, numRuns: 1, cutShort: true }).ok).toBe(true)
  })

  it('says too where it stopped to try events at the end', () => {
    const machine = createMachine({
      id: 'm',
      initial: 'a',
      states: { a: { on: { one: 'b', two: 'b', three: 'b' } }, b: { type: 'final' } },
    })
    expect(check(machine, { stepsMax: 3 }).coverage.cutShort).toEqual([])
    const ends = Object.fromEntries(
      Array.from({ length: 4 }, (_, index) => [`e${index}`, { type: 'final' as const }]),
    )
    const many = createMachine({
      id: 'many',
      initial: 'a',
      states: { a: { on: { 'e0.go': 'e0', 'e1.go': 'e1', 'e2.go': 'e2', 'e3.go': 'e3' } }, ...ends },
    })
    expect(check(many, { stepsMax: 4 }).coverage.cutShort).toEqual([
      '4 events were tried where the machine is done (stepsMax); there are more',
    ])
    expect(check(many, { stepsMax: 16 }).ok).toBe(true)
  })

  it('is the same again with the same seed', () => {
    const options = { events: { take: fc.record({ amount: fc.integer() }) }, seed: 7 }
    expect(check(samples.account, options)).toEqual(check(samples.account, options))
    const { seed } = check(samples.account)
    expect(Number.isInteger(seed)).toBe(true)
  })

  it('tries events for wildcards, and none that never come', () => {
    const machine = createMachine({
      id: 'wild',
      initial: 'a',
      states: { a: { on: { 'mouse.*': 'b', off: 'c' } }, b: { on: { '*': 'a' } }, c: {} },
    })
    const { problems } = check(machine, { events: { off: [], 'mouse.move': [{ x: 1 }] } })
    expect(told(problems)).toEqual([
      'states: `c` is never reached: none of the transitions to it was taken: `a: off → c`',
      'transitions: `a: off → c` is never taken: no `off` came while the machine was there',
    ])
  })

  it('runs no action and starts no child', () => {
    let ran = 0
    const run = () => {
      ran += 1
    }
    const child = createMachine({ entry: run })
    const machine = setup({ actors: { child }, actions: { run } }).createMachine({
      id: 'm',
      entry: 'run',
      initial: 'a',
      states: {
        a: { entry: run, invoke: { src: 'child', onDone: 'b' }, exit: run },
        b: { entry: 'run', type: 'final' },
      },
    })
    expect([check(machine).ok, ran]).toEqual([true, 0])
  })
})

describe('machineChecks', () => {
  it('has a check for each promise and each invariant, and each fails for its own', async () => {
    const checks = machineChecks(samples.deadEnd, {
      invariants: { 'never b': ({ value }) => value !== 'b' },
      seed: 3,
    })
    const failed: Record<string, string> = {}
    for (const { name, run } of checks) await run().catch((error: unknown) => (failed[name] = String(error)))
    expect(checks.map(({ name }) => name)).toContain('deadEnd: every state is reached')
    expect(Object.keys(failed)).toEqual(['deadEnd: nothing is a dead end', 'deadEnd: invariant: never b'])
    expect(failed['deadEnd: invariant: never b']).toBe(
      'Error: "never b" does not hold in `b`\n  the way there begins in `a`\n  1. go → b\n\n(seed 3)',
    )
  })
})
