/**
 * Goal: what happens to a machine over its life: versions, settings, forks, checks, failures, viewers.
 * Method: real machines over a log in memory; each trap of XState has its test.
 */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { assign, createMachine, fromPromise, type InspectionEvent, type StateValue, setup } from 'xstate'
import { durable, MemoryLog, type MigratedSnapshot, Waymark } from '../../src/index.ts'

const homes: Waymark[] = []
afterEach(async () => {
  for (const waymark of homes.splice(0)) await waymark.close()
})

async function home(): Promise<Waymark> {
  const waymark = await Waymark.open({ store: new MemoryLog() })
  homes.push(waymark)
  return waymark
}

async function typesOf(waymark: Waymark, sessionId: string): Promise<readonly string[]> {
  const types: string[] = []
  for await (const page of waymark.log.read(sessionId)) for (const { type } of page) types.push(type)
  return types
}

const first = createMachine({
  id: 'door',
  version: '1',
  initial: 'shut',
  states: { shut: { on: { OPEN: 'open' } }, open: { on: { SHUT: 'shut' } } },
})
const second = createMachine({
  id: 'door',
  version: '2',
  context: { locks: 0 },
  initial: 'closed',
  states: { closed: { on: { OPEN: 'open' } }, open: { on: { CLOSE: 'closed' } } },
})

describe('versions', () => {
  it('tells at once, and nowhere else, that the machine lacks the recorded state', async () => {
    const waymark = await home()
    const late = vi.fn()
    process.on('uncaughtException', late)
    await (await durable(first, { log: waymark, id: 'd' })).stop()
    const same = createMachine({ ...second.config, version: '1' })
    await expect(durable(same, { log: waymark, id: 'd' })).rejects.toMatchObject({ code: 'MACHINE_MISMATCH' })
    await new Promise((resolve) => setTimeout(resolve, 20))
    process.off('uncaughtException', late)
    expect(late).not.toHaveBeenCalled()
  })

  it('needs a migration between versions, and records it', async () => {
    const waymark = await home()
    await (await durable(first, { log: waymark, id: 'd' })).stop()
    const refused = await durable(second, { log: waymark, id: 'd' }).catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'MACHINE_MISMATCH' })
    expect(String(Reflect.get(Object(refused), 'hint'))).toContain('"1"')
    const migrate = {
      '1': {
        to: '2',
        snapshot: (before: { value: unknown; context: unknown }) => ({
          ...before,
          value: before.value === 'shut' ? 'closed' : 'open',
          context: { locks: 2 },
        }),
      },
    } as const
    const actor = await durable(second, { log: waymark, id: 'd', migrate: migrate as never })
    expect(actor.getSnapshot().value).toBe('closed')
    expect(actor.getSnapshot().context).toEqual({ locks: 2 })
    await actor.send({ type: 'OPEN' })
    expect(await typesOf(waymark, actor.sessionId)).toEqual([
      'machine.started',
      'machine.migrated',
      'machine.transitioned',
    ])
    expect((await actor.verify()).ok).toBe(true)
    await actor.stop()
  })

  it('takes up a machine that changed under the same version, and says so on the log', async () => {
    const waymark = await home()
    await (await durable(first, { log: waymark, id: 'd' })).stop()
    const more = createMachine({ ...first.config, states: { ...first.config.states, locked: {} } })
    const actor = await durable(more, { log: waymark, id: 'd' })
    expect(await typesOf(waymark, actor.sessionId)).toEqual(['machine.started', 'machine.migrated'])
    await actor.stop()
    const again = await durable(more, { log: waymark, id: 'd' })
    expect(again.version).toBe(2)
    await again.stop()
  })

  it('refuses another machine', async () => {
    const waymark = await home()
    await (await durable(first, { log: waymark, id: 'd' })).stop()
    const lamp = createMachine({ id: 'lamp', initial: 'off', states: { off: {} } })
    await expect(durable(lamp, { log: waymark, id: 'd' })).rejects.toMatchObject({ code: 'MACHINE_MISMATCH' })
  })
})

describe('a migration', () => {
  const counting = (version: string) =>
    setup({ types: {} as { context: { n: number }; events: { type: 'ADD' } } }).createMachine({
      id: 'counting',
      version,
      context: { n: 0 },
      on: { ADD: { actions: assign({ n: ({ context }) => context.n + 1 }) } },
    })

  it('loses nothing that is sent while it is made, and leaves the place to the newer machine', async () => {
    const waymark = await home()
    const old = await durable(counting('1'), { log: waymark, id: 'c' })
    await old.send({ type: 'ADD' })
    const sent: Promise<unknown>[] = []
    const snapshot = (before: { value: StateValue; context: unknown }) => {
      if (sent.length === 0) sent.push(old.send({ type: 'ADD' }))
      return { ...before, context: { n: Reflect.get(Object(before.context), 'n') } }
    }
    const now = await durable(counting('2'), {
      log: waymark,
      id: 'c',
      migrate: { '1': { to: '2', snapshot } },
    })
    await Promise.all(sent)
    expect(now.getSnapshot().context.n).toBe(2)
    await expect(old.send({ type: 'ADD' })).rejects.toMatchObject({ code: 'MACHINE_MISMATCH' })
    await vi.waitFor(() => expect([old.isRunner, now.isRunner]).toEqual([false, true]))
    await now.stop()
    await old.stop()
  })

  it('by several processes at once is made once, and all of them open', async () => {
    const waymark = await home()
    await (await durable(counting('1'), { log: waymark, id: 'c' })).stop()
    const migrate = { '1': { to: '2' } }
    const all = await Promise.all(
      [1, 2, 3].map(() => durable(counting('2'), { log: waymark, id: 'c', migrate })),
    )
    expect(await typesOf(waymark, all[0]?.sessionId ?? '')).toEqual(['machine.started', 'machine.migrated'])
    for (const actor of all) await actor.stop()
  })

  it.each([
    ['answers nothing', () => undefined, 'MACHINE_INVALID', /answered nothing/],
    [
      'throws',
      () => {
        throw new Error('no idea')
      },
      'MACHINE_FAILED',
      /threw: no idea/,
    ],
    [
      'answers no JSON',
      (before: object) => ({ ...before, context: { at: new Date(0) } }),
      'MACHINE_INVALID',
      /Date/,
    ],
  ])('that %s is refused, and nothing is recorded', async (_what, snapshot, code, message) => {
    const waymark = await home()
    await (await durable(counting('1'), { log: waymark, id: 'c' })).stop()
    const migrate = { '1': { to: '2', snapshot: snapshot as never } }
    const failed = await durable(counting('2'), { log: waymark, id: 'c', migrate }).catch(
      (error: unknown) => error,
    )
    expect(failed).toMatchObject({ code, message: expect.stringMatching(message) })
    const again = await durable(counting('1'), { log: waymark, id: 'c' })
    expect(again.version).toBe(1)
    await again.stop()
  })

  it('stops the effects and timers of children that the new state does not have', async () => {
    const waymark = await home()
    const runs: string[] = []
    const waiting = (version: string, id: string) =>
      setup({
        actors: {
          wait: fromPromise(() => {
            runs.push(version)
            return new Promise(() => {})
          }),
        },
      }).createMachine({
        id: 'waiting',
        version,
        initial: 'a',
        states: { a: { invoke: { src: 'wait', id } }, b: {} },
      })
    const old = await durable(waiting('1', 'n'), { log: waymark, id: 'w' })
    await old.stop()
    const snapshot = (before: MigratedSnapshot) => ({ ...before, value: 'b', children: {} })
    const now = await durable(waiting('2', 'm'), {
      log: waymark,
      id: 'w',
      migrate: { '1': { to: '2', snapshot } },
    })
    await now.settled()
    expect(now.session.state.machine?.effects).toEqual({})
    expect(runs).toEqual(['1'])
    await now.stop()
  })
})

describe('a handoff', () => {
  it('takes the place from whoever held the machine before', async () => {
    const waymark = await home()
    const before = await durable(first, { log: waymark, id: 'd' })
    const after = await durable(first, { log: waymark, id: 'd' })
    expect([before.isRunner, after.isRunner]).toEqual([true, false])
    await before.session.handOff({ fromAgent: 'a', toAgent: 'b' })
    await after.session.refresh()
    await after.session.acceptHandoff({ agent: 'b' })
    await vi.waitFor(() => expect([before.isRunner, after.isRunner]).toEqual([false, true]))
    await expect(before.send({ type: 'OPEN' })).rejects.toMatchObject({ code: 'STALE_HOLDER' })
    await after.send({ type: 'OPEN' })
    await after.stop()
    await before.stop()
  })
})

describe('events it has no transition for', () => {
  it('are recorded, or ignored, as it was set; and that can be set anew', async () => {
    const waymark = await home()
    const recording = await durable(first, { log: waymark, id: 'd', unknownEvents: 'record' })
    const sent = await recording.send({ type: 'SHUT' })
    expect(sent.events.map(({ type }) => type)).toEqual(['machine.event-ignored'])
    expect(recording.getSnapshot().value).toBe('shut')
    await recording.stop()
    const ignoring = await durable(first, { log: waymark, id: 'd', unknownEvents: 'ignore' })
    expect((await ignoring.send({ type: 'SHUT' })).events).toEqual([])
    expect(ignoring.version).toBe(3)
    await ignoring.stop()
  })
})

describe('checks and branches', () => {
  it('verifies with the machine, and names the step that another machine would make otherwise', async () => {
    const waymark = await home()
    const actor = await durable(first, { log: waymark, id: 'd' })
    await actor.send({ type: 'OPEN' })
    await actor.send({ type: 'SHUT' })
    expect((await actor.verify()).ok).toBe(true)
    const without = await waymark.verify(actor.sessionId)
    expect(without.ok).toBe(true)
    expect(without.sessions[0]?.machines?.notAsked).toEqual([
      { reason: 'machine-not-given', count: 3, version: 1 },
    ])
    await actor.stop()
  })

  it('forks from a version: both go on by themselves', async () => {
    const waymark = await home()
    const actor = await durable(first, { log: waymark, id: 'd' })
    await actor.send({ type: 'OPEN' })
    const fork = await actor.fork({ at: 1 })
    expect(fork.getSnapshot().value).toBe('shut')
    await fork.send({ type: 'OPEN' })
    await actor.send({ type: 'SHUT' })
    expect(fork.getSnapshot().value).toBe('open')
    expect(actor.getSnapshot().value).toBe('shut')
    await fork.stop()
    const again = await durable(first, { log: waymark, id: fork.sessionId })
    expect(again.getSnapshot().value).toBe('open')
    await again.stop()
    await actor.stop()
  })

  it('knows no session of an id that is not there', async () => {
    const id = 'sess_00000000-0000-4000-8000-000000000000'
    await expect(durable(first, { log: await home(), id })).rejects.toMatchObject({
      code: 'SESSION_NOT_FOUND',
    })
    await expect(durable(first, { log: await home(), id: '../x' })).rejects.toMatchObject({
      code: 'COMMAND_INVALID',
    })
  })

  it('comes back from a checkpoint and the events after it', async () => {
    const waymark = await home()
    const actor = await durable(first, { log: waymark, id: 'd' })
    await actor.send({ type: 'OPEN' })
    await actor.checkpoint({ reason: 'open' })
    await actor.send({ type: 'SHUT' })
    const report = await waymark.recover('d')
    expect(report.checkpointId).not.toBeNull()
    await actor.session.refresh()
    expect(actor.getSnapshot().value).toBe('shut')
    expect((await actor.at(2)).value).toBe('open')
    await actor.stop()
  })
})

describe('failures', () => {
  const faulty = setup({
    types: {} as { context: { n: number }; events: { type: 'GUARD' | 'ASSIGN' | 'ACT' | 'FINE' } },
  }).createMachine({
    id: 'faulty',
    context: { n: 0 },
    initial: 'on',
    states: {
      on: {
        on: {
          GUARD: {
            guard: () => {
              throw new Error('guard broke')
            },
            target: 'off',
          },
          ASSIGN: { actions: assign({ n: () => new Map() as never }) },
          ACT: {
            actions: [
              assign({ n: ({ context }) => context.n + 1 }),
              () => {
                throw new Error('no network')
              },
            ],
          },
          FINE: { actions: assign({ n: ({ context }) => context.n + 1 }) },
        },
      },
      off: {},
    },
  })

  it('a guard that throws, or a context that is no JSON, changes nothing', async () => {
    const actor = await durable(faulty, { log: await home(), id: 'f' })
    await expect(actor.send({ type: 'GUARD' })).rejects.toMatchObject({ code: 'MACHINE_FAILED' })
    await expect(actor.send({ type: 'ASSIGN' })).rejects.toThrow(/Map.*\/n/)
    expect(actor.version).toBe(1)
    await actor.send({ type: 'FINE' })
    expect(actor.getSnapshot().context.n).toBe(1)
    await actor.stop()
  })

  it.each([
    ['null', null],
    ['a text', 'OPEN'],
    ['an event of XState', { type: 'xstate.stop' }],
    ['an event without type', { kind: 'OPEN' }],
  ])('%s is no event to send', async (_what, event) => {
    const actor = await durable(faulty, { log: await home(), id: 'f' })
    await expect(actor.send(event as never)).rejects.toMatchObject({ code: 'MACHINE_INVALID' })
    expect(actor.version).toBe(1)
    await actor.stop()
    await expect(actor.send({ type: 'FINE' })).rejects.toMatchObject({ code: 'USAGE' })
  })

  it('an action that throws is recorded, and the step stands', async () => {
    const waymark = await home()
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const actor = await durable(faulty, { log: waymark, id: 'f' })
    await actor.send({ type: 'ACT' })
    await actor.settled()
    warned.mockRestore()
    expect(actor.getSnapshot().context.n).toBe(1)
    expect(await typesOf(waymark, actor.sessionId)).toEqual([
      'machine.started',
      'machine.transitioned',
      'machine.action-failed',
    ])
    await actor.stop()
  })
})

describe('viewers', () => {
  it('see one actor with XState inspection events, through stops and forks', async () => {
    const waymark = await home()
    const seen: InspectionEvent[] = []
    const inspect = (event: InspectionEvent) => void seen.push(event)
    const actor = await durable(first, { log: waymark, id: 'd', inspect })
    await actor.send({ type: 'OPEN' })
    await actor.stop()
    const again = await durable(first, { log: waymark, id: 'd', inspect: { next: inspect } })
    await again.send({ type: 'SHUT' })
    await again.stop()
    expect(new Set(seen.map(({ actorRef }) => Reflect.get(actorRef, 'sessionId')))).toEqual(
      new Set([actor.sessionId]),
    )
    const values = seen.flatMap((event) =>
      event.type === '@xstate.snapshot' ? [Reflect.get(event.snapshot, 'value')] : [],
    )
    expect(values).toEqual(['shut', 'open', 'open', 'shut'])
    expect(seen.filter(({ type }) => type === '@xstate.actor')).toHaveLength(2)
  })
})
