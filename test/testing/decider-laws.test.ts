/**
 * Goal: the laws of a decider hold for Waymark's own, and each finds the deciders that break it.
 * Method: the laws are run on a session's decide and fold, on a small sound decider, and on copies of it with one fault planted in each.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isRunning, isWarning } from '../../src/decide/machines.ts'
import { commandOf } from '../../src/events/catalogue.ts'
import { commandArbitrary } from '../../src/testing/arbitrary/commands.ts'
import { startArbitrary } from '../../src/testing/arbitrary/moves.ts'
import type { Check } from '../../src/testing/check.ts'
import type { DeciderLaws } from '../../src/testing/decider/law-options.ts'
import { deciderLaws } from '../../src/testing/decider/laws.ts'
import { sessionDecider } from '../../src/testing/decider/session-decider.ts'

describe('a session', () => {
  const laws = deciderLaws({
    ...sessionDecider(),
    commands: fc.oneof(
      { weight: 1, arbitrary: startArbitrary() },
      { weight: 9, arbitrary: commandArbitrary() },
    ),
    commandOf: ([first]) => (first === undefined ? null : commandOf(first)),
    isIdempotent: ({ type }) => type === 'usage.record' || type === 'session.describe',
    anyOrder: true,
    invariants: {
      'a running task is warned exactly while the budget warns': ({ session }) =>
        Object.values(session.tasks)
          .filter(({ status }) => isRunning(status))
          .every(({ status }) => (status === 'token_warning') === isWarning(session.window.phase)),
      'tasks are counted': ({ session }) => Object.keys(session.tasks).length === session.taskCount,
    },
    runs: 25,
  })

  it.each(laws.map((law) => [law.name, law] as const))('law: %s', async (_, { run }) => run())
})

type Command =
  | { readonly type: 'deposit'; readonly amount: number }
  | { readonly type: 'withdraw'; readonly amount: number }
  | { readonly type: 'close' }
type Event =
  | { readonly type: 'deposited'; readonly amount: number }
  | { readonly type: 'withdrawn'; readonly amount: number }
  | { readonly type: 'closed' }
type Account = { readonly balance: number; readonly isClosed: boolean }

/** A sound one; it refuses by throwing. */
const account: DeciderLaws<Command, Event, Account> = {
  initialState: () => ({ balance: 0, isClosed: false }),
  decide(command, { balance, isClosed }) {
    if (command.type === 'close') return isClosed ? [] : { type: 'closed' }
    if (isClosed) throw new Error('it is closed')
    if (command.type === 'deposit') return [{ type: 'deposited', amount: command.amount }]
    if (command.amount > balance) throw new Error(`only ${balance} there`)
    return [{ type: 'withdrawn', amount: command.amount }]
  },
  evolve(state, event) {
    if (event.type === 'closed') return { ...state, isClosed: true }
    return { ...state, balance: state.balance + (event.type === 'deposited' ? event.amount : -event.amount) }
  },
  commands: fc.oneof<fc.Arbitrary<Command>[]>(
    fc.record({ type: fc.constant('deposit' as const), amount: fc.integer({ min: 1, max: 9 }) }),
    fc.record({ type: fc.constant('withdraw' as const), amount: fc.integer({ min: 1, max: 9 }) }),
    fc.constant({ type: 'close' as const }),
  ),
  isIdempotent: ({ type }) => type === 'close',
  commandOf: ([first]) => {
    if (first?.type === 'deposited') return { type: 'deposit', amount: first.amount }
    if (first?.type === 'withdrawn') return { type: 'withdraw', amount: first.amount }
    return first === undefined ? null : { type: 'close' }
  },
  invariants: { 'nobody owes anything': ({ balance }) => balance >= 0 },
  anyOrder: true,
  runs: 30,
  lengthMax: 12,
}

async function broken(laws: readonly Check[]): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  for (const { name, run } of laws) {
    try {
      await run()
    } catch (error) {
      found.set(name, error instanceof Error ? error.message : String(error))
    }
  }
  return found
}

describe('a sound decider', () => {
  it('breaks no law, whether it throws or answers', async () => {
    expect(await broken(deciderLaws(account))).toEqual(new Map())
    const answering: typeof account = {
      ...account,
      decide(command, state) {
        try {
          const events = [account.decide(command, state)].flat() as Event[]
          return { ok: true, events }
        } catch (error) {
          return { ok: false, refusal: { reason: String(error) } }
        }
      },
    }
    expect(await broken(deciderLaws(answering))).toEqual(new Map())
  })
})

let counter = 0
const remembered: Event[] = []
const shared = { balance: 0, isClosed: false }

/** A fault, the law that has to find it, and the decider that has it. */
const faults: readonly (readonly [string, RegExp, Partial<typeof account>])[] = [
  [
    'one that asks chance',
    /decide answers the same/,
    { decide: (command, state) => (Math.random() < 0.2 ? [] : account.decide(command, state)) },
  ],
  [
    'one that asks the clock',
    /decide answers the same/,
    { decide: () => ({ type: 'deposited', amount: Date.now() }) },
  ],
  [
    'one that counts its calls',
    /decide answers the same/,
    { decide: () => ({ type: 'deposited', amount: ++counter }) },
  ],
  [
    'one that changes its command',
    /decide changes neither/,
    {
      decide(command, state) {
        if (command.type === 'deposit') Object.assign(command, { amount: command.amount + 1 })
        return account.decide(command, state)
      },
    },
  ],
  [
    'one that changes its state while it refuses',
    /decide changes neither/,
    {
      decide(command, state) {
        Reflect.set(state, 'balance', 0)
        return account.decide(command, state)
      },
    },
  ],
  [
    'a fold that changes the state it is given',
    /evolve changes neither/,
    { evolve: (state, event) => Object.assign(state, account.evolve(state, event)) },
  ],
  [
    'a fold that changes the event it is given',
    /evolve changes neither/,
    {
      evolve(state, event) {
        Reflect.set(event, 'seen', true)
        return account.evolve(state, event)
      },
    },
  ],
  [
    'a fold that begins with a state all share',
    /replaying the decided events|evolve changes neither/,
    {
      initialState: () => shared,
      evolve: (state, event) => Object.assign(state, account.evolve(state, event)),
    },
  ],
  [
    'a fold that asks the clock',
    /replaying the decided events/,
    { evolve: (state, event) => ({ ...account.evolve(state, event), balance: Date.now() }) },
  ],
  [
    'a fold that remembers events beside its state',
    /replaying the decided events|the fold of a beginning/,
    {
      evolve(state, event) {
        remembered.push(event)
        return { ...account.evolve(state, event), balance: remembered.length }
      },
    },
  ],
  [
    'a decider that remembers refusals beside its state',
    /a refused command changes nothing|decide answers the same/,
    {
      decide(command, state) {
        try {
          return account.decide(command, state)
        } catch (error) {
          counter += 1
          throw error
        } finally {
          if (command.type === 'deposit') Object.assign(shared, { balance: counter })
        }
      },
      evolve: (state, event) => ({ ...account.evolve(state, event), balance: Math.max(0, counter) }),
    },
  ],
  [
    'a state that JSON does not give back',
    /a state is plain data/,
    { evolve: (state, event) => ({ ...account.evolve(state, event), since: new Date(0) }) },
  ],
  [
    'a state that is not what it was after a snapshot',
    /a state is plain data/,
    { evolve: (state, event) => ({ ...account.evolve(state, event), seen: new Set([event.type]) }) },
  ],
  [
    'an event that JSON does not give back',
    /an event is plain data/,
    { decide: () => ({ type: 'deposited', amount: Number.NaN }) },
  ],
  [
    'a fold of many events that forgets the last',
    /the fold of a beginning/,
    {
      fold: (state, events) =>
        events
          .slice(0, Math.max(1, events.length - 1))
          .reduce((all, event) => account.evolve(all, event), state),
    },
  ],
  [
    'a fold that refuses what it did not expect',
    /takes any events in any order/,
    {
      evolve(state, event) {
        if (state.isClosed) throw new Error('it is closed')
        return account.evolve(state, event)
      },
    },
  ],
  [
    'a command that its events do not tell',
    /can be read back/,
    { commandOf: () => ({ type: 'deposit', amount: 1 }) },
  ],
  [
    'a command that may not be repeated after all',
    /may be repeated/,
    { isIdempotent: ({ type }) => type === 'deposit' },
  ],
  [
    'an invariant that does not hold',
    /nobody owes anything/,
    { decide: (command) => (command.type === 'close' ? [] : { type: 'withdrawn', amount: command.amount }) },
  ],
  [
    'one that breaks instead of refusing',
    /decide answers the same/,
    {
      decide(command, state) {
        if (command.type === 'withdraw' && state.balance === 0) throw new TypeError('no such function')
        return account.decide(command, state)
      },
    },
  ],
  [
    'one that refuses everything',
    /some are accepted/,
    {
      decide() {
        throw new Error('no')
      },
    },
  ],
]

describe('a decider with a fault', () => {
  it.each(faults)('is found: %s', async (_, law, fault) => {
    const found = await broken(deciderLaws({ ...account, ...fault }))
    expect([...found.keys()].join('\n')).toMatch(law)
  })
})

describe('what answers no events', () => {
  const wrong: readonly (readonly [string, string, unknown])[] = [
    ['a promise', 'a promise', async () => []],
    ['a promise that fails', 'a promise', async () => Promise.reject(new Error('no'))],
    ['nothing', 'nothing', () => undefined],
    ['null', 'null', () => null],
    ['a list with nothing in it', 'a list with nothing', () => [undefined]],
    ['promised events', 'a promise', () => ({ ok: true, events: Promise.resolve([]) })],
  ]

  it.each(wrong)('is told by every law: %s', async (_, said, decide) => {
    // Programs without types have such deciders.
    const found = await broken(deciderLaws({ ...account, decide: decide as typeof account.decide }))
    expect(found.size).toBe(deciderLaws(account).length)
    for (const message of found.values()) {
      expect(message).toContain(`decide answered ${said}; it has to answer events`)
    }
  })

  it('is told of states too, and where they break', async () => {
    const promised = { ...account, evolve: (async () => ({})) as unknown as typeof account.evolve }
    const [first] = (await broken(deciderLaws(promised))).values()
    expect(first).toContain('evolve answered a promise; it has to answer the state itself')
    const breaking: typeof account = {
      ...account,
      evolve() {
        throw new Error('boom')
      },
    }
    expect([...(await broken(deciderLaws(breaking))).values()][0]).toContain('evolve broke: Error: boom')
  })
})

describe('an invariant', () => {
  const holding = async (invariant: unknown) => {
    // Programs without types answer anything.
    const invariants = { 'it is so': invariant as () => boolean }
    return (await broken(deciderLaws({ ...account, invariants, runs: 5 }))).get('invariant: it is so') ?? null
  }

  it.each([
    ['true', () => true],
    ['nothing', () => {}],
  ])('holds with %s', async (_, invariant) => {
    expect(await holding(invariant)).toBeNull()
  })

  it.each([
    ['false', () => false, 'expected that it is so; the state is'],
    ['a reason', () => 'too much', 'expected that it is so: too much; the state is'],
    ['an error', () => expect.fail('it was not'), 'expected that it is so: it was not; the state is'],
    ['0', () => 0, 'an invariant answered number 0; it has to answer true or nothing'],
    ['a promise', async () => true, 'an invariant answered a promise; it has to'],
    ['an object', () => ({}), 'an invariant answered an object; it has to'],
    ['null', () => null, 'an invariant answered null; it has to'],
  ])('does not with %s', async (_, invariant, said) => {
    expect(await holding(invariant)).toContain(said)
  })
})

describe('options that cannot be meant', () => {
  it.each([{ runs: 0 }, { runs: -1 }, { runs: Number.NaN }, { lengthMax: 0 }, { seed: 1.5 }])(
    'are refused: %o',
    (options) => {
      expect(() => deciderLaws({ ...account, ...options })).toThrow(
        expect.objectContaining({ code: 'USAGE', hint: expect.stringContaining('whole number') }),
      )
    },
  )
})

describe('a failure by chance', () => {
  const hidden = new Set<number>()
  const byChance: readonly (readonly [string, Partial<typeof account>])[] = [
    ['the clock', { decide: () => ({ type: 'deposited', amount: performance.now() }) }],
    ['chance', { decide: () => ({ type: 'deposited', amount: Math.random() }) }],
    ['calls that are counted', { decide: () => ({ type: 'deposited', amount: ++counter }) }],
    [
      'what was seen before',
      {
        decide(command, state) {
          if (command.type !== 'close') hidden.add(command.amount)
          return hidden.size > 2 ? { type: 'deposited', amount: 1 } : account.decide(command, state)
        },
      },
    ],
  ]

  it.each(byChance)('is not said to be seen again: %s', async (_, fault) => {
    // Of this seed, as what is hidden may be all there before anything differs.
    const found = await broken(deciderLaws({ ...account, ...fault, seed: 3 }))
    const message = found.get(
      'decide answers the same command in the same state the same, whenever it is asked',
    )
    expect(message).toContain('the same commands led to something else when they were run again')
    expect(message).not.toContain('shows it again')
  })
})

describe('a law that does not hold', () => {
  const indebted = deciderLaws({
    ...account,
    decide: (command: Command) =>
      command.type === 'close' ? [] : { type: 'withdrawn' as const, amount: command.amount },
  })

  it('says after which commands, as few as there can be, with what was found and the seed', async () => {
    const message = (await broken(indebted)).get('invariant: nobody owes anything') ?? ''
    expect(message).toMatch(/this does not hold after\n1\. (deposit|withdraw) amount: 1\n\n/)
    expect(message).toContain('balance: -1')
    expect(message).toMatch(/seed -?\d+, shrunk \d+ times/)
  })

  it('is seen again with its seed and path', async () => {
    const message = (await broken(indebted)).get('invariant: nobody owes anything') ?? ''
    const [, seed, path] = /\{ seed: (-?\d+), path: '([\d:]+)' \}/.exec(message) ?? []
    const again = deciderLaws({
      ...account,
      decide: () => ({ type: 'withdrawn' as const, amount: 1 }),
      seed: Number(seed),
      path: path ?? '',
    })
    const other = (await broken(again)).get('invariant: nobody owes anything') ?? ''
    expect(other).toMatch(/after\n1\. (deposit|withdraw) amount: 1\n\n/)
  })
})
