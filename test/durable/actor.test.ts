/**
 * Goal: a machine that runs on the log is the same machine, whichever process has it open, and does outside what it is asked to.
 * Method: real machines over a real SQLite home in a temporary folder; an actor is stopped, or left behind, and brought back by another home.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  assign,
  createMachine,
  emit,
  fromCallback,
  fromObservable,
  fromPromise,
  type Observer,
  SimulatedClock,
  sendTo,
  setup,
  toPromise,
  waitFor,
} from 'xstate'
import { durable, effectKeyOf, Waymark } from '../../src/index.ts'

let folder: string
const open: Waymark[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waymark-durable-'))
})
afterEach(async () => {
  for (const waymark of open.splice(0)) await waymark.close()
  await rm(folder, { recursive: true, force: true })
})

async function home(options: Parameters<typeof Waymark.open>[0] = {}): Promise<Waymark> {
  const waymark = await Waymark.open({ home: join(folder, '.moai'), ...options })
  open.push(waymark)
  return waymark
}

const door = setup({
  types: {} as {
    context: { opened: number }
    events: { type: 'OPEN' } | { type: 'SHUT' } | { type: 'LOCK' }
    emitted: { type: 'creak'; loud: boolean }
  },
}).createMachine({
  id: 'door',
  version: '1',
  context: { opened: 0 },
  initial: 'shut',
  states: {
    shut: {
      on: {
        OPEN: {
          target: 'open',
          actions: [
            assign({ opened: ({ context }) => context.opened + 1 }),
            emit({ type: 'creak', loud: true }),
          ],
        },
        LOCK: 'locked',
      },
    },
    open: { on: { SHUT: 'shut' } },
    locked: { type: 'final' },
  },
})

describe('a durable machine', () => {
  it('is where it was, in another home on the same file', async () => {
    const first = await durable(door, { log: await home(), id: 'door-1' })
    await first.send({ type: 'OPEN' })
    await first.send({ type: 'SHUT' })
    await first.stop()
    const again = await durable(door, { log: await home(), id: 'door-1' })
    expect(again.getSnapshot().value).toBe('shut')
    expect(again.getSnapshot().context).toEqual({ opened: 1 })
    expect(again.version).toBe(3)
    await again.stop()
  })

  it('refuses what it has no transition for, and says what it accepts', async () => {
    const actor = await durable(door, { log: await home(), id: 'door-2' })
    const refused = await actor.send({ type: 'SHUT' }).catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'COMMAND_REFUSED', details: { status: 'shut' } })
    expect(String(Reflect.get(Object(refused), 'hint'))).toContain('OPEN')
    expect(actor.version).toBe(1)
    await actor.stop()
  })

  it('answers the same command id again with the same, and does nothing twice', async () => {
    const actor = await durable(door, { log: await home(), id: 'door-3' })
    const creaks: unknown[] = []
    actor.on('creak', (event) => creaks.push(event))
    const one = await actor.send({ type: 'OPEN' }, { commandId: 'open-it' })
    const two = await actor.send({ type: 'OPEN' }, { commandId: 'open-it' })
    expect(two.repeated).toBe(true)
    expect(two.version).toBe(one.version)
    expect(creaks).toEqual([{ type: 'creak', loud: true }])
    await actor.stop()
  })

  it('tells who watches, and completes at the end', async () => {
    const actor = await durable(door, { log: await home(), id: 'door-4' })
    const values: unknown[] = []
    let completed = 0
    actor.subscribe({ next: ({ value }) => values.push(value), complete: () => completed++ })
    await actor.send({ type: 'OPEN' })
    await actor.send({ type: 'SHUT' })
    await actor.send({ type: 'LOCK' })
    expect(values).toEqual(['open', 'shut', 'locked'])
    expect(completed).toBe(1)
    expect(actor.getSnapshot().status).toBe('done')
    await expect(actor.send({ type: 'OPEN' })).rejects.toMatchObject({ code: 'COMMAND_REFUSED' })
    await actor.stop()
  })
})

describe('effects', () => {
  const runs: { key: string | null; input: unknown }[] = []
  const worker = (work: () => Promise<unknown>) =>
    setup({
      actors: {
        work: fromPromise(async ({ input, self }) => {
          runs.push({ key: effectKeyOf(self), input })
          return work()
        }),
      },
    }).createMachine({
      id: 'worker',
      context: { got: null as unknown },
      initial: 'working',
      states: {
        working: {
          invoke: {
            src: 'work',
            input: { job: 7 },
            onDone: { target: 'done', actions: assign({ got: ({ event }) => event.output }) },
            onError: { target: 'failed', actions: assign({ got: ({ event }) => event.error }) },
          },
        },
        done: { type: 'final' },
        failed: {},
      },
    })

  beforeEach(() => runs.splice(0))

  it('records the outcome of a promise', async () => {
    const actor = await durable(
      worker(async () => ({ ok: true })),
      { log: await home(), id: 'w-1' },
    )
    await toPromise(actor.ref)
    expect(actor.getSnapshot().context.got).toEqual({ ok: true })
    expect(runs).toEqual([{ key: `${actor.sessionId}/0:0`, input: { job: 7 } }])
    await actor.stop()
  })

  it('records how a promise failed', async () => {
    const failing = worker(async () => {
      throw new TypeError('no network')
    })
    const actor = await durable(failing, { log: await home(), id: 'w-2' })
    const failed = await waitFor(actor.ref, (snapshot) => snapshot.matches('failed'))
    expect(failed.context.got).toMatchObject({ name: 'TypeError', message: 'no network' })
    await actor.stop()
  })

  it('runs a promise again that a stop cut off, under the same key, and takes its outcome once', async () => {
    const never = await durable(
      worker(() => new Promise(() => {})),
      { log: await home(), id: 'w-3' },
    )
    await never.stop()
    const again = await durable(
      worker(async () => 'there'),
      { log: await home(), id: 'w-3' },
    )
    await toPromise(again.ref)
    expect(runs.map(({ key }) => key)).toEqual([`${again.sessionId}/0:0`, `${again.sessionId}/0:0`])
    expect(again.getSnapshot().context.got).toBe('there')
    await again.stop()
  })

  it.each([
    [
      'an error with what it carries',
      Object.assign(new Error('no'), { code: 'E7', at: new Date(0) }),
      { message: 'no', code: 'E7' },
    ],
    ['a value', { code: 7 }, { code: 7 }],
    ['a text', 'boom', 'boom'],
    ['an error without a name', Object.assign(new Error('no'), { name: undefined }), { message: 'no' }],
    ['an error with half a character', new Error('a\uD800'), { message: 'a\uFFFD' }],
  ])('records %s that a promise throws', async (what, thrown, expected) => {
    const failing = worker(() => Promise.reject(thrown))
    const actor = await durable(failing, { log: await home(), id: `w-${what.length}` })
    const failed = await waitFor(actor.ref, (snapshot) => snapshot.matches('failed'), { timeout: 5_000 })
    if (typeof expected === 'string') expect(failed.context.got).toBe(expected)
    else expect(failed.context.got).toMatchObject(expected)
    await actor.stop()
  })

  it('ends an effect by the failure when the machine throws at its outcome', async () => {
    const machine = setup({ actors: { work: fromPromise(async () => 1) } }).createMachine({
      id: 'throwing',
      context: { why: null as unknown },
      initial: 'on',
      states: {
        on: {
          invoke: {
            src: 'work',
            onDone: {
              guard: () => {
                throw new Error('guard broke')
              },
              target: 'off',
            },
            onError: { target: 'failed', actions: assign({ why: ({ event }) => event.error }) },
          },
        },
        off: {},
        failed: {},
      },
    })
    const actor = await durable(machine, { log: await home(), id: 'throwing-1' })
    const failed = await waitFor(actor.ref, (snapshot) => snapshot.matches('failed'), { timeout: 5_000 })
    expect(failed.context.why).toMatchObject({ code: 'MACHINE_FAILED' })
    await actor.stop()
  })

  it('records output that is no JSON as an error that says where', async () => {
    const actor = await durable(
      worker(async () => ({ at: new Date(0) })),
      { log: await home(), id: 'w-4' },
    )
    const failed = await waitFor(actor.ref, (snapshot) => snapshot.matches('failed'))
    expect(String(Reflect.get(Object(failed.context.got), 'message'))).toMatch(/Date.*\/at/)
    await actor.stop()
  })

  it('runs a callback, hears it, sends to it, and cleans up when its state is left', async () => {
    const heard: unknown[] = []
    const machine = setup({
      actors: {
        bell: fromCallback(({ sendBack, receive }) => {
          receive((event) => {
            heard.push(event)
            sendBack({ type: 'RANG' })
          })
          return () => heard.push('cleaned up')
        }),
      },
    }).createMachine({
      id: 'bell',
      context: { rang: 0 },
      initial: 'on',
      states: {
        on: {
          invoke: { src: 'bell', id: 'bell' },
          on: {
            PRESS: { actions: sendTo('bell', { type: 'RING' }) },
            RANG: { actions: assign({ rang: ({ context }) => context.rang + 1 }) },
            OFF: 'off',
          },
        },
        off: {},
      },
    })
    const actor = await durable(machine, { log: await home(), id: 'bell-1' })
    await actor.send({ type: 'PRESS' })
    await waitFor(actor.ref, ({ context }) => context.rang === 1)
    await actor.send({ type: 'OFF' })
    expect(heard).toEqual([{ type: 'RING' }, 'cleaned up'])
    await actor.stop()
  })
})

describe('refs', () => {
  it('in context and of children within children are heard', async () => {
    const kid = createMachine({
      id: 'kid',
      context: { n: 0 },
      on: { ADD: { actions: assign({ n: ({ context }) => context.n + 1 }) } },
    })
    const middle = setup({ actors: { kid } }).createMachine({
      id: 'middle',
      invoke: { src: 'kid', id: 'kid' },
    })
    const family = setup({ actors: { kid, middle } }).createMachine({
      id: 'family',
      context: ({ spawn }) => ({ own: spawn('kid', { id: 'own' }) }),
      invoke: { src: 'middle', id: 'middle' },
    })
    const actor = await durable(family, { log: await home(), id: 'family-1' })
    const { context, children } = actor.getSnapshot()
    context.own.send({ type: 'ADD' })
    const within = children['middle']?.getSnapshot().children.kid
    within?.send({ type: 'ADD' })
    await vi.waitFor(() => expect(actor.version).toBe(3))
    const after = actor.getSnapshot()
    expect(after.context.own.getSnapshot().context.n).toBe(1)
    expect(after.children['middle']?.getSnapshot().children.kid?.getSnapshot().context.n).toBe(1)
    await actor.stop()
  })
})

describe('observables', () => {
  it('tell each value to a parent that listens, and it is recorded', async () => {
    const counting = setup({
      actors: {
        count: fromObservable(() => ({
          subscribe: (given: Observer<unknown> | ((value: unknown) => void)) => {
            const observer = typeof given === 'function' ? { next: given } : given
            for (const n of [1, 2, 3]) observer.next?.(n)
            observer.complete?.()
            return { unsubscribe: () => {} }
          },
        })),
      },
    }).createMachine({
      id: 'counting',
      context: { seen: [] as unknown[] },
      initial: 'on',
      states: {
        on: {
          invoke: {
            src: 'count',
            onSnapshot: {
              // XState tells its first snapshot as well, which has no value yet.
              guard: ({ event }) => event.snapshot.context !== undefined,
              actions: assign({ seen: ({ context, event }) => [...context.seen, event.snapshot.context] }),
            },
            onDone: 'done',
          },
        },
        done: { type: 'final' },
      },
    })
    const actor = await durable(counting, { log: await home(), id: 'count-1' })
    await toPromise(actor.ref)
    expect(actor.getSnapshot().context.seen).toEqual([1, 2, 3])
    await actor.stop()
  })
})

describe('timers', () => {
  const fuse = createMachine({
    id: 'fuse',
    initial: 'lit',
    states: { lit: { after: { 10000: 'burnt' } }, burnt: { type: 'final' } },
  })
  const at = (iso: string) => ({ now: () => iso })

  it('fires when it is due, by a clock that can be simulated', async () => {
    const clock = new SimulatedClock()
    const actor = await durable(fuse, { log: await home(), id: 'fuse-1', clock })
    clock.increment(9_000)
    await actor.settled()
    expect(actor.getSnapshot().value).toBe('lit')
    clock.increment(2_000)
    await actor.settled()
    expect(actor.getSnapshot().value).toBe('burnt')
    await actor.stop()
  })

  it('decides what becomes of them once a suspended machine is at work again', async () => {
    let now = '2026-01-01T00:00:00.000Z'
    const waymark = await home({ clock: { now: () => now } })
    const clock = new SimulatedClock()
    const first = await durable(fuse, { log: waymark, id: 'fuse-3', clock })
    await first.session.send({ type: 'session.suspend' })
    now = '2026-01-01T00:00:04.000Z'
    await first.stop()
    now = '2026-01-01T01:00:00.000Z'
    const again = await durable(fuse, { log: waymark, id: 'fuse-3', clock, timers: 'remaining' })
    await again.session.send({ type: 'session.resume' })
    await vi.waitFor(() => expect(again.session.state.machine?.timers['0:0']?.dueAt).toMatch(/T01:00:06/))
    await again.stop()
  })

  it.each([
    ['elapsed', '2026-01-01T00:00:10.000Z'],
    ['remaining', '2026-01-01T01:00:06.000Z'],
    ['restart', '2026-01-01T01:00:10.000Z'],
  ] as const)('after a stop %s: due at %s, and the decision is recorded', async (timers, dueAt) => {
    const clock = new SimulatedClock()
    let now = '2026-01-01T00:00:00.000Z'
    const first = await durable(fuse, { log: await home({ clock: { now: () => now } }), id: 'fuse-2', clock })
    now = '2026-01-01T00:00:04.000Z'
    await first.stop()
    const log = await home({ clock: at('2026-01-01T01:00:00.000Z') })
    const again = await durable(fuse, { log, id: 'fuse-2', clock, timers })
    const set = Object.values(again.session.state.machine?.timers ?? {})
    expect(set.map((timer) => timer.dueAt)).toEqual([dueAt])
    const types: string[] = []
    for await (const page of log.log.read(again.sessionId)) for (const { type } of page) types.push(type)
    expect(types).toContain('machine.timers-resumed')
    clock.increment(timers === 'elapsed' ? 0 : 10_000)
    await again.settled()
    expect(again.getSnapshot().value).toBe('burnt')
    await again.stop()
  })
})
