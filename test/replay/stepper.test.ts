/**
 * Stepping through a long session. Goal: the cost of a step does not grow with the session, in either direction, and what cannot be is
 * told. Method: a session of many thousand events in the reference log, whose reads are counted; then sessions that change meanwhile.
 */
import { describe, expect, it } from 'vitest'
import type { Command } from '../../src/events/commands.ts'
import { seeded } from '../../src/kernel/clock.ts'
import { limits } from '../../src/kernel/limits.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { EventLog } from '../../src/log/port.ts'
import { openStepper } from '../../src/replay/stepper/stepper.ts'
import type { Session } from '../../src/session/session.ts'
import { Waymark } from '../../src/session/waymark.ts'

const stretch = limits.stepperStretchEvents
/** Commands between two checkpoints, each with its snapshot. */
const between = 1_500
const rounds = 5

/** A session of so many rounds, with a snapshot in each. */
async function longSession(log: MemoryLog): Promise<Session> {
  const waymark = await Waymark.open({ store: log, policies: [], ...seeded(3) })
  const session = await waymark.createSession({ windowTokens: 1_000_000 })
  for (let round = 0; round < rounds; round += 1) {
    const commands: Command[] = [{ type: 'task.add', taskId: `T${round}`, title: `round ${round}` }]
    for (let n = 0; n < between; n += 1) {
      commands.push({ type: 'context.measure', contextTokens: round * between + n })
    }
    commands.push({ type: 'task.cancel', taskId: `T${round}` })
    await Promise.all(commands.map((command) => session.send(command)))
    await session.checkpoint()
  }
  return session
}

/** The same log, with its reads counted. */
function counting(log: MemoryLog): { readonly log: EventLog; readonly take: () => number } {
  let events = 0
  const read: EventLog['read'] = async function* (sessionId, range) {
    for await (const page of log.read(sessionId, range)) {
      events += page.length
      yield page
    }
  }
  const counted: EventLog = new Proxy(log, {
    get: (target, name) => {
      if (name === 'read') return read
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  const take = (): number => {
    const taken = events
    events = 0
    return taken
  }
  return { log: counted, take }
}

describe('a long session', () => {
  it('is stepped through at the same cost everywhere, and never from its first event', {
    timeout: 120_000,
  }, async () => {
    const inner = new MemoryLog()
    const { id, version: newest } = await longSession(inner)
    const { log, take } = counting(inner)
    const stepper = await openStepper(log, id)
    // A stretch, and at most the events since the snapshot before it.
    const most = 2 * stretch + between
    for (const part of [0.5, 1]) {
      const version = Math.floor(newest * part)
      await stepper.to(version)
      expect([version, take() <= most]).toEqual([version, true])
      for (let steps = 0; steps < 2 * stretch; steps += 1) await stepper.previous()
      // Stretch by stretch, each read once and folded from its snapshot.
      expect(take()).toBeLessThanOrEqual(4 * most)
      const here = stepper.here.version
      for (let steps = 0; steps < 20; steps += 1) await stepper.previous()
      for (let steps = 0; steps < 20; steps += 1) await stepper.next()
      expect(stepper.here.version).toBe(here)
      expect(take()).toBeLessThanOrEqual(2 * most)
    }
  })

  it('reads the log once in one direction to find something far away', { timeout: 120_000 }, async () => {
    const inner = new MemoryLog()
    const { id, version: newest } = await longSession(inner)
    const { log, take } = counting(inner)
    const stepper = await openStepper(log, id, { at: newest })
    take()
    const slack = 3 * stretch + 2 * between
    const first = await stepper.previousOfType('session.started')
    expect([first?.version, take() <= newest + slack]).toEqual([1, true])
    const added = await stepper.nextOfType('task.added')
    expect([added?.version, take() < slack]).toEqual([2, true])
    const last = await stepper.nextChangeOf('tasks.T4.status')
    expect(last?.events[0]?.type).toBe('task.added')
    expect(take()).toBeLessThanOrEqual(newest + slack)
    await stepper.to(newest)
    take()
    const ended = await stepper.previousChangeOf('tasks.T0.status')
    expect(ended?.events[0]?.type).toBe('task.cancelled')
    expect(take()).toBeLessThanOrEqual(newest + slack)
  })
})

describe('a stepper', () => {
  const begun = async () => {
    const log = new MemoryLog()
    const waymark = await Waymark.open({ store: log, policies: [], ...seeded(4) })
    return { log, session: await waymark.createSession() }
  }

  it('finds at the end what was appended meanwhile', async () => {
    const { session } = await begun()
    const stepper = await session.stepper({ at: session.version })
    expect(await stepper.next()).toBeNull()
    await session.send({ type: 'task.add', taskId: 'A', title: 'A' })
    expect((await stepper.next())?.state.tasks.A?.status).toBe('pending')
    await session.send({ type: 'task.start', taskId: 'A' })
    expect((await stepper.nextChangeOf('tasks.A.status'))?.state.tasks.A?.status).toBe('in_progress')
    await session.send({ type: 'task.complete', taskId: 'A' })
    expect((await stepper.nextOfType('task.completed'))?.version).toBe(session.version)
    expect(stepper.newest).toBe(session.version)
  })

  it('steps through what a fork inherits, and through its own', async () => {
    const { session } = await begun()
    await session.send({ type: 'task.add', taskId: 'A', title: 'A' })
    await session.send({ type: 'task.start', taskId: 'A' })
    const fork = await session.fork()
    const stepper = await fork.stepper()
    expect((await stepper.nextOfType('session.forked'))?.from).toBe(session.version)
    expect((await stepper.previousOfType('task.started'))?.state.sessionId).toBe(fork.id)
  })

  it('goes to a time, and into a batch by its version', async () => {
    const { session } = await begun()
    await session.send({ type: 'task.add', taskId: 'A', title: 'A' }, { time: '2026-01-31T12:00:00.000Z' })
    await session.send({ type: 'task.start', taskId: 'A' }, { time: '2026-01-31T13:00:00.000Z' })
    const stepper = await session.stepper()
    expect((await stepper.to('2026-01-31T12:30:00Z')).state.tasks.A?.status).toBe('pending')
    await session.send({ type: 'context.measure', contextTokens: 160_000 })
    const change = await stepper.nextOfType('budget.phase-changed')
    const inside = await stepper.to((change?.from ?? 0) + 1)
    expect([inside.events.length, change?.events.length]).toEqual([1, session.version - (change?.from ?? 0)])
    expect((await stepper.next())?.version).toBe(session.version)
  })

  it('refuses versions, times, types and paths that cannot be, and stays where it was', async () => {
    const { session } = await begun()
    const stepper = await session.stepper({ at: 1 })
    for (const version of [99, -1, 0.5, Number.NaN]) {
      await expect(stepper.to(version)).rejects.toMatchObject({ code: 'VERSION_NOT_FOUND' })
    }
    await expect(stepper.to('yesterday')).rejects.toMatchObject({ code: 'USAGE' })
    await expect(stepper.nextOfType('task.faild')).rejects.toMatchObject({
      code: 'USAGE',
      hint: /task\.failed/,
    })
    await expect(stepper.previousChangeOf('tasks.A.sttus')).rejects.toMatchObject({ code: 'USAGE' })
    await expect(session.stepper({ at: 99 })).rejects.toMatchObject({ code: 'VERSION_NOT_FOUND' })
    await expect(openStepper(new MemoryLog(), session.id)).rejects.toMatchObject({
      code: 'SESSION_NOT_FOUND',
    })
    expect(stepper.here.version).toBe(1)
  })

  it('makes moves that are not awaited one after the other', async () => {
    const { session } = await begun()
    for (const taskId of ['A', 'B', 'C']) await session.send({ type: 'task.add', taskId, title: taskId })
    const stepper = await session.stepper({ at: 1, by: 'event' })
    const moves = [stepper.next(), stepper.next(), stepper.next(), stepper.previous(), stepper.to(1)]
    const steps = await Promise.all(moves)
    expect(steps.map((step) => step?.version)).toEqual([2, 3, 4, 3, 1])
    // A move that fails holds nobody up.
    const [failed, next] = await Promise.allSettled([stepper.to(99), stepper.next()])
    expect(failed).toMatchObject({ status: 'rejected', reason: { code: 'VERSION_NOT_FOUND' } })
    expect(next).toMatchObject({ status: 'fulfilled', value: { version: 2 } })
    await expect(stepper.nextOfType(Reflect.get({}, 'type'))).rejects.toMatchObject({ code: 'USAGE' })
  })

  it('ends a search that nobody waits for any more', async () => {
    const { session } = await begun()
    const stepper = await session.stepper()
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(stepper.nextOfType('task', { signal })).rejects.toThrow('enough')
    await expect(stepper.nextChangeOf('epoch', { signal })).rejects.toThrow('enough')
    expect(stepper.here.version).toBe(0)
  })
})
