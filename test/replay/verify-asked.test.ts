/**
 * Goal: verification asks about each batch what was asked when it was decided, however many handoffs, reports and forks there are; what agrees
 * is not called a divergence. Method: histories in memory that lead through each of these, verified as they are and with one thing changed.
 */
import { describe, expect, it } from 'vitest'
import type { Command } from '../../src/events/commands.ts'
import { foldInto } from '../../src/fold/fold.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { VerifyOptions } from '../../src/replay/verify/verify.ts'
import { verifyLog } from '../../src/replay/verify/verify.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { play } from '../../src/testing/play.ts'
import { eventsOf } from '../support/events.ts'

const usage = (callId: string, inputTokens: number): Command => ({
  type: 'usage.record',
  callId,
  model: 'claude-sonnet-4-5',
  inputTokens,
  outputTokens: 10,
  cacheReadTokens: 0,
  cacheCreationTokens: 0,
})

async function only(log: MemoryLog, sessionId: string, options: VerifyOptions = {}) {
  const [one] = (await verifyLog(log, sessionId, options)).sessions
  if (one === undefined) throw new Error('it was verified')
  return one
}

describe('what is asked again', () => {
  it('of handoffs: the one that a command names, not the newest', async () => {
    const log = new MemoryLog()
    const waymark = await Waymark.open({ store: log, policies: [] })
    const { id: sessionId } = await waymark.createSession()
    for (const agent of ['tester', 'writer']) {
      const holder = await waymark.openSession(sessionId)
      await holder.checkpoint()
      await holder.send({ type: 'session.hand-off', toAgent: agent })
      await (await waymark.openSession(sessionId)).send({ type: 'session.take-over', agent })
    }
    const session = await waymark.openSession(sessionId)
    const [first, second] = session.state.handoffs
    if (first === undefined || second === undefined) throw new Error('there are two')
    await session.send({ type: 'handoff.complete', handoffId: first.id })
    expect(session.state.handoffs.map(({ status }) => status)).toEqual(['done', 'accepted'])
    expect(await only(log, sessionId)).toMatchObject({
      ok: true,
      machines: { divergences: [], notAsked: [] },
    })
    await session.send({ type: 'handoff.complete' })
    expect(session.state.handoffs.map(({ status }) => status)).toEqual(['done', 'done'])
    expect(await only(log, sessionId)).toMatchObject({
      ok: true,
      machines: { divergences: [], notAsked: [] },
    })
  })

  it('of calls that many sessions report: what each knew then', async () => {
    const log = new MemoryLog()
    const figures = [1_000, 1_500, 1_200, 4_000, 4_000]
    const ids: string[] = []
    for (const [seed, figure] of figures.entries()) {
      const report = { ...usage('msg_1', figure), countedOnceIn: 'home' } as Command
      const { sessionId } = await play(log, [{ type: 'session.start' }, usage('msg_own', 7), report], {
        seed,
      })
      ids.push(sessionId)
    }
    const { ok, sessions } = await verifyLog(log)
    expect(sessions.map(({ machines }) => [machines?.divergences, machines?.notAsked])).toEqual(
      figures.map(() => [[], []]),
    )
    expect(ok).toBe(true)
    const counted = await Promise.all(
      ids.map(async (id) => {
        const events = await eventsOf(log, id)
        const found = events.find(
          ({ type, data }) => type === 'usage.recorded' && Reflect.get(Object(data), 'callId') === 'msg_1',
        )
        return Reflect.get(Object(Reflect.get(Object(found?.data), 'counted')), 'inputTokens')
      }),
    )
    expect(counted).toEqual([1_000, 500, 0, 2_500, 0])
  })

  it('of calls of a home in which another session is damaged: what the others say', async () => {
    const log = new MemoryLog()
    const shared = { ...usage('msg_1', 1_000), countedOnceIn: 'home' } as Command
    const first = await play(
      log,
      [{ type: 'session.start' }, { ...usage('msg_2', 1), countedOnceIn: 'home' } as Command],
      { seed: 1 },
    )
    await play(log, [{ type: 'session.start' }, shared], { seed: 2 })
    const third = await play(log, [{ type: 'session.start' }, shared], { seed: 3 })
    const rows = log.stored.streams.get(first.sessionId)?.rows ?? []
    for (const [at, row] of rows.entries()) rows[at] = { ...row, data: `${row.data}}` }
    const { ok, machines } = await only(log, third.sessionId)
    expect([ok, machines?.divergences, machines?.notAsked]).toEqual([true, [], []])
  })

  it('of what forks inherit: calls that were counted before, and tasks that go on', async () => {
    const log = new MemoryLog()
    const waymark = await Waymark.open({ store: log, policies: [] })
    const session = await waymark.createSession()
    await session.send({ type: 'task.add', taskId: 'A', title: 'A' })
    await session.send({ type: 'task.start', taskId: 'A' })
    await session.send(usage('msg_1', 1_000))
    const fork = await session.fork()
    await fork.send(usage('msg_1', 1_800))
    await fork.send(usage('msg_1', 1_800))
    await fork.send({ type: 'task.restore-context', taskIds: ['A'] })
    await fork.send({ type: 'task.complete', taskId: 'A' })
    expect(fork.state.usage.inputTokens).toBe(800)
    const found = await only(log, fork.id)
    expect(found).toMatchObject({ ok: true, problems: [], machines: { divergences: [], notAsked: [] } })
    expect(found.events).toBe(fork.version - session.version)
  })
})

describe('a fold', () => {
  const commands: readonly Command[] = [
    { type: 'session.start' },
    ...['A', 'B', 'C', 'D'].map((taskId): Command => ({ type: 'task.add', taskId, title: taskId })),
  ]

  it('that differs from the usual one, each time and the same way, is told by what it leads to', async () => {
    const log = new MemoryLog()
    const { sessionId, state } = await play(log, commands, { policies: [] })
    const fold: typeof foldInto = (into, events) => {
      foldInto(into, events)
      for (const { version } of events) if (version === 3) into.title = 'another'
    }
    const { problems, ok } = await only(log, sessionId, { fold })
    expect(ok).toBe(false)
    expect(problems).toEqual([
      {
        version: 1,
        kind: 'fold-differs',
        cause: 'fold-not-deterministic',
        detail: 'folding the same events twice gives two states: first at title',
        difference: { path: 'title', recorded: state.title, now: 'another' },
      },
    ])
  })

  it('that is another one each time is told with the first event of which it is', async () => {
    for (const place of [1, 3, 5]) {
      const log = new MemoryLog()
      const { sessionId } = await play(log, commands, { policies: [] })
      let times = 0
      const fold: typeof foldInto = (into, events) => {
        foldInto(into, events)
        for (const { version } of events) if (version >= place) into.title = `title ${times++}`
      }
      const { problems } = await only(log, sessionId, { fold })
      expect(problems.map(({ version, kind, difference }) => [version, kind, difference?.path])).toEqual([
        [place, 'fold-differs', 'title'],
      ])
    }
  })

  it('of a fork begins with what it inherits, and is told with a version of the fork', async () => {
    const waymark = await Waymark.open({ store: new MemoryLog(), policies: [] })
    const session = await waymark.createSession()
    await session.send({ type: 'task.add', taskId: 'A', title: 'A' })
    const fork = await session.fork()
    await fork.send({ type: 'task.add', taskId: 'B', title: 'B' })
    const asked = async (fold: typeof foldInto) =>
      (await verifyLog(waymark.log, fork.id, { fold })).sessions[0]?.problems.map(({ version }) => version)
    expect(await asked(foldInto)).toEqual([])
    let times = 0
    const strange: typeof foldInto = (into, events) => {
      foldInto(into, events)
      into.title = `title ${times++}`
    }
    expect(await asked(strange)).toEqual([session.version + 1])
  })
})
