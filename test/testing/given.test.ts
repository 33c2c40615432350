/**
 * Goal: given, when, then says what does not hold, and says it so that one sees what was expected and what was there.
 * Method: deciders that throw, that answer, and a session's own; each check holds once and fails once.
 */
import { describe, expect, it } from 'vitest'
import type { Answer } from '../../src/testing/decider/decider.ts'
import { specify } from '../../src/testing/decider/specify.ts'
import { specifySession } from '../../src/testing/decider/specify-session.ts'

class NotEnough extends Error {}

type Event = { readonly type: 'deposited' | 'withdrawn'; readonly amount: number }
type Command = { readonly type: 'deposit' | 'withdraw'; readonly amount: number }

const account = specify({
  initialState: () => ({ balance: 0, log: [] as number[] }),
  decide({ type, amount }: Command, { balance }): Event | Event[] {
    if (amount === 0) return []
    if (type === 'deposit') return { type: 'deposited', amount }
    if (amount > balance) throw new NotEnough(`only ${balance} there`)
    return [{ type: 'withdrawn', amount }]
  },
  evolve: ({ balance, log }, { type, amount }: Event) => ({
    balance: type === 'deposited' ? balance + amount : balance - amount,
    log: [...log, amount],
  }),
})

const answering = specify({
  initialState: () => 0,
  decide: (command: { readonly by: number }, count: number): Answer<{ readonly added: number }> =>
    count + command.by > 3
      ? { ok: false, refusal: { reason: 'it is full', count } }
      : { ok: true, events: [{ added: command.by }] },
  evolve: (count, { added }) => count + added,
})

const deposited = { type: 'deposited', amount: 5 } as const

describe('given, when, then', () => {
  it('holds what came of a command', () => {
    account.given().when({ type: 'deposit', amount: 5 }).thenEvents(deposited).thenState({ balance: 5 })
    account
      .given(deposited)
      .when({ type: 'withdraw', amount: 2 })
      .thenEvents({ type: 'withdrawn', amount: 2 })
      .thenState({ balance: 3, log: [5, 2] })
      .thenState(({ balance }) => balance === 3)
    account.given(deposited).when({ type: 'deposit', amount: 0 }).thenNothing().thenEvents()
    const refused = account.given(deposited).when({ type: 'withdraw', amount: 9 })
    refused
      .thenRefused()
      .thenRefused('only 5')
      .thenRefused(/^only/)
      .thenRefused(NotEnough)
      .thenState({ balance: 5 })
    refused.thenRefused((refusal) => refusal instanceof NotEnough).thenRefused({ message: 'only 5 there' })
    answering.given({ added: 2 }).when({ by: 1 }).thenEvents({ added: 1 }).thenState(3)
    answering.given({ added: 2 }).when({ by: 2 }).thenRefused('full').thenRefused({ count: 2 }).thenState(2)
  })

  const accepted = account.given(deposited).when({ type: 'withdraw', amount: 2 })
  const refused = account.given(deposited).when({ type: 'withdraw', amount: 9 })

  it.each<readonly [string, () => unknown, RegExp]>([
    ['other events', () => accepted.thenEvents(deposited), /- .*deposited[\s\S]*\+ .*withdrawn/],
    ['events too many', () => accepted.thenEvents(), /other events[\s\S]*\+ .*withdrawn/],
    ['something where nothing was expected', () => accepted.thenNothing(), /nothing to add[\s\S]*withdrawn/],
    ['no refusal', () => accepted.thenRefused(), /expected a refusal, and it was accepted[\s\S]*withdrawn/],
    ['a refusal where events were expected', () => refused.thenEvents(deposited), /refused: only 5 there/],
    ['a refusal where nothing was expected', () => refused.thenNothing(), /refused: only 5 there/],
    ['another reason', () => refused.thenRefused('only 6'), /with: only 6\nfound: only 5 there/],
    ['a reason unlike it', () => refused.thenRefused(/six/), /like \/six\/\nfound: only 5 there/],
    ['another error', () => refused.thenRefused(RangeError), /expected RangeError\nfound: Error: only 5/],
    ['a refusal that is not the one', () => refused.thenRefused(() => false), /another refusal/],
    [
      'a field of a refusal',
      () => refused.thenRefused({ message: 'x' }),
      /message: expected "x", found "only/,
    ],
    ['another state', () => accepted.thenState({ balance: 4 }), /balance: expected 4, found 3/],
    ['another list in a state', () => accepted.thenState({ log: [5] }), /log: expected \[5\], found \[5,2\]/],
    [
      'a state that is not as it should be',
      () => accepted.thenState(() => false),
      /not as expected[\s\S]*balance: 3/,
    ],
  ])('finds %s', (_, check, said) => {
    expect(check).toThrow(said)
  })

  const dated = specify({
    initialState: () => ({
      at: new Date(5),
      tags: new Set(['b']),
      counts: new Map([['a', 1]]),
      soon: Promise.resolve(1),
      owner: { name: 'Ann', pattern: /x/ },
    }),
    decide: (): Event[] => [],
    evolve: (state, _event: Event) => state,
  })
    .given()
    .when(undefined)

  it('compares what keeps its content inside as a whole', () => {
    dated.thenState({ at: new Date(5), tags: new Set(['b']), counts: new Map([['a', 1]]) })
    dated.thenState({ owner: { pattern: /x/ } }).thenState({ owner: { name: 'Ann' } })
    refused.thenRefused(/only/g).thenRefused(/only/g)
  })

  // What the compiler refuses, a program without types may write.
  const anything = dated as { thenState: (matcher: unknown) => unknown }
  const asked = refused as { thenRefused: (matcher: unknown) => unknown }
  it.each<readonly [string, () => unknown, RegExp]>([
    ['another date', () => dated.thenState({ at: new Date(0) }), /at: expected 1970-.*, found 1970-.*005Z/],
    ['another set', () => dated.thenState({ tags: new Set(['a']) }), /tags: expected Set.*'a'.*'b'/],
    ['another map', () => dated.thenState({ counts: new Map() }), /counts: expected Map/],
    ['fields of a date', () => anything.thenState({ at: { a: 1 } }), /at: expected {"a":1}, found 1970/],
    ['a promise in the state', () => anything.thenState({ soon: 1 }), /soon: expected 1, found a promise/],
  ])('finds %s', (_, check, said) => {
    expect(check).toThrow(said)
  })

  it.each<readonly [string, () => unknown, RegExp]>([
    ['an empty reason', () => refused.thenRefused(''), /thenRefused\(''\) holds for anything/],
    ['no fields of a refusal', () => refused.thenRefused({}), /{} holds for anything/],
    ['no fields of a state', () => dated.thenState({}), /{} holds for anything/],
    ['no fields of a field', () => dated.thenState({ owner: {} }), /owner: {} holds for anything/],
    ['a promise', () => anything.thenState({ soon: Promise.resolve(1) }), /soon: expected is a promise/],
    ['a function that promises', () => anything.thenState(async () => false), /answered a promise/],
    ['a function that promises to fail', () => anything.thenState(async () => expect.fail()), /a promise/],
    ['a function that says nothing', () => anything.thenState(() => {}), /answered nothing/],
    ['one about a refusal', () => asked.thenRefused(async () => false), /answered a promise/],
  ])('refuses to look for %s', (_, check, said) => {
    expect(check).toThrow(expect.objectContaining({ code: 'USAGE', message: expect.stringMatching(said) }))
  })

  it('tells a decider that answers no events, and a fold that breaks', () => {
    const decider = { initialState: () => 0, evolve: (count: number, _event: Event) => count + 1 }
    const promising = specify({ ...decider, decide: (async () => []) as unknown as () => Event[] })
    expect(() => promising.given().when(undefined)).toThrow('decide answered a promise; it has to')
    const silent = specify({ ...decider, decide: (() => undefined) as unknown as () => Event[] })
    expect(() => silent.given().when(undefined)).toThrow('decide answered nothing; it has to answer events')
    const breaking = specify({
      ...decider,
      decide: () => deposited,
      evolve: (): number => expect.fail('boom'),
    })
    expect(() => breaking.given().when(undefined)).toThrow(/evolve broke: .*boom/)
  })

  it('tells a decider that breaks from one that refuses', () => {
    const broken = specify({
      initialState: () => ({}),
      decide: (): Event => {
        throw new TypeError('no such function')
      },
      evolve: (state: object, _event: Event) => state,
    })
    expect(() => broken.given().when(undefined)).toThrow('decide broke: TypeError: no such function')
    const willing = specify(
      {
        initialState: () => ({}),
        decide: (): Event => {
          throw new RangeError('too much')
        },
        evolve: (state: object, _event: Event) => state,
      },
      { isRefusal: (thrown) => thrown instanceof RangeError },
    )
    willing.given().when(undefined).thenRefused('too much')
  })

  it('is no promise: it may be handed around without being waited for', async () => {
    expect(await Promise.resolve(accepted)).toBe(accepted)
  })
})

describe('given, when, then of a session', () => {
  const { given } = specifySession()
  const start = { type: 'session.start', windowTokens: 1_000 } as const
  const task = { type: 'task.add', taskId: 'A', title: 'Log in' } as const

  it('begins with commands, with events, or with both', () => {
    const added = { type: 'task.added', data: { taskId: 'B', title: 'Log out' } } as const
    given(start, task, added)
      .when({ type: 'task.start', taskId: 'B' })
      .thenEvents({ type: 'task.started', data: { taskId: 'B', status: 'in_progress' } })
      .thenState({ version: 4, tasks: { A: { status: 'pending' }, B: { status: 'in_progress' } } })
      .thenState(({ taskCount }) => taskCount === 2)
  })

  it('gives all that one command means', () => {
    given(start, task, { type: 'task.start', taskId: 'A' })
      .when({ type: 'context.measure', contextTokens: 800 })
      .thenState({ window: { phase: 'warning' }, tasks: { A: { status: 'token_warning' } } })
  })

  it('counts a call once', () => {
    const call = {
      type: 'usage.record',
      callId: 'msg_1',
      model: 'claude-sonnet-4-5',
      inputTokens: 10,
      outputTokens: 5,
      cacheReadTokens: 0,
      cacheCreationTokens: 0,
    } as const
    given(start, call).when(call).thenNothing()
    given(start, call)
      .when({ ...call, outputTokens: 9 })
      .thenState({ usage: { calls: 1, outputTokens: 9 } })
  })

  it('says why a command is refused', () => {
    given(start, task)
      .when({ type: 'task.complete', taskId: 'A' })
      .thenRefused('it has not been started')
      .thenRefused({
        subject: 'task A',
        status: 'pending',
        accepted: ['task.start', 'task.block', 'task.cancel'],
      })
    given()
      .when(task)
      .thenRefused(/not begun/)
  })

  it('says which of the commands that were given is refused', () => {
    expect(() => given(start, { type: 'task.start', taskId: 'A' })).toThrow(
      'given 2, task.start, is refused: there is no such task',
    )
  })
})
