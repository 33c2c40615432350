/**
 * Goal: tidying up is no work in a session. No policy follows from it, the session looks as old as before, and doing it twice
 * leaves the log that doing it once leaves. Checkpoints of any age are set aside, however many there are.
 * Method: real homes with the standard policies, whose clock stood weeks ago while the work was done.
 */
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { parseCommand } from '../../src/events/commands.ts'
import { limits } from '../../src/kernel/limits.ts'
import { sessionsOf } from '../../src/memory/sessions.ts'
import { checkpointsOf } from '../../src/replay/checkpoints.ts'
import { archiveOldCheckpoints } from '../../src/session/archive.ts'
import { archiveHome } from '../../src/session/archive-home.ts'
import { compactLog, planCompaction } from '../../src/session/compaction.ts'
import type { OpenOptions } from '../../src/session/open-host.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { eventsOf } from '../support/events.ts'

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs

/** A home whose clock is moved by hand. */
async function homeAt(start: string, options: OpenOptions = {}) {
  const home = join(await mkdtemp(join(tmpdir(), 'waymark-tidying-')), '.moai')
  let now = Date.parse(start)
  const clock = { now: () => new Date(now).toISOString() }
  const waymark = await Waymark.open({ home, clock, memoryFiles: false, ...options })
  onTestFinished(async () => {
    await waymark.close()
    rmSync(dirname(home), { recursive: true, force: true })
  })
  const pass = (ms: number): void => {
    now += ms
  }
  return { waymark, pass }
}

/** An old session with checkpoints a day apart, and a newer one in which work goes on. */
async function oldAndNew() {
  const { waymark, pass } = await homeAt('2026-01-01T08:00:00.000Z')
  const old = await waymark.createSession({ title: 'old' })
  for (let day = 0; day < 3; day++) {
    await old.send({ type: 'task.add', taskId: `T-${day}`, title: 'one' })
    await old.checkpoint()
    pass(dayMs)
  }
  pass(30 * dayMs)
  const current = await waymark.createSession({ title: 'current' })
  pass(minuteMs)
  const bytes = async (): Promise<string> => JSON.stringify(await eventsOf(waymark.log, old.id))
  return { waymark, old, current, pass, bytes }
}

describe('archiving old checkpoints of a session that has been silent for weeks', () => {
  it('records that and nothing else: two runs leave the log that one leaves', async () => {
    const { waymark, old, pass, bytes } = await oldAndNew()
    const { version, state } = old
    const planned = await archiveHome(waymark.log, waymark.environment, { dryRun: true })
    const done = await archiveHome(waymark.log, waymark.environment)
    expect(done).toEqual(planned)
    expect(done).toEqual([
      { sessionId: old.id, checkpointIds: state.checkpoints.slice(0, -1).map(({ id }) => id) },
    ])
    const added = (await eventsOf(waymark.log, old.id)).slice(version)
    expect(added.map(({ type, actor }) => [type, actor])).toEqual([
      ['checkpoint.archived', 'policy:archive-checkpoints'],
    ])
    const once = await bytes()
    pass(minuteMs)
    expect(await archiveHome(waymark.log, waymark.environment)).toEqual([])
    expect(await bytes()).toBe(once)
  })

  it('leaves it as old as it was, and another one current', async () => {
    const { waymark, old, current } = await oldAndNew()
    const { lastEventAt } = old.state
    await archiveHome(waymark.log, waymark.environment)
    await old.refresh()
    expect(old.state.lastEventAt).toBe(lastEventAt)
    expect((await waymark.log.stream(old.id))?.summary?.lastEventAt).toBe(lastEventAt)
    expect((await sessionsOf(waymark.log)).current).toBe(current.id)
  })

  it('by hand, no policy follows from it either', async () => {
    const { old } = await oldAndNew()
    const [first] = old.state.checkpoints
    const { version } = old
    await old.send({ type: 'checkpoint.archive', checkpointIds: [first?.id ?? ''] })
    expect(old.version).toBe(version + 1)
  })
})

describe('more checkpoints than state lists', () => {
  const many = limits.checkpointsListedMax + 21

  async function sessionWithMany() {
    const { waymark, pass } = await homeAt('2026-01-01T08:00:00.000Z', { policies: [] })
    const session = await waymark.createSession()
    const ids: string[] = []
    for (let n = 0; n < many; n++) {
      await session.send({ type: 'task.add', taskId: `T-${n}`, title: 'one' })
      ids.push((await session.checkpoint()).id)
      pass(minuteMs)
    }
    return { waymark, session, ids, pass }
  }

  const idsOf = (checkpoints: readonly { readonly id: string }[]) => checkpoints.map(({ id }) => id)

  it('are all known from the log, with what of them is archived', async () => {
    const { waymark, session, ids } = await sessionWithMany()
    expect(session.state.checkpoints).toHaveLength(limits.checkpointsListedMax)
    const all = await checkpointsOf(waymark.log, session.state)
    expect(idsOf(all)).toEqual(ids)
    await session.send({ type: 'checkpoint.archive', checkpointIds: [ids[0] ?? '', ids[40] ?? ''] })
    const after = await checkpointsOf(waymark.log, session.state)
    expect(idsOf(after.filter(({ archived }) => archived))).toEqual([ids[0], ids[40]])
    // Going on from what is known reads the same.
    expect(await checkpointsOf(waymark.log, session.state, after)).toEqual(after)
  })

  it('are archived all but the newest, and their snapshots dropped', async () => {
    const { waymark, session, ids, pass } = await sessionWithMany()
    pass(8 * dayMs)
    const { log, environment } = waymark
    const archive = () => archiveOldCheckpoints(log, environment, session.id, environment.clock.now())
    expect((await archive()).checkpointIds).toEqual(ids.slice(0, -1))
    const events = (await eventsOf(log, session.id)).filter(({ type }) => type === 'checkpoint.archived')
    expect(events).toHaveLength(2)
    expect((await archive()).checkpointIds).toEqual([])
    const plan = await planCompaction(log)
    expect(plan.snapshots).toBe(many - 1)
    await compactLog(log, plan)
    expect((await planCompaction(log)).snapshots).toBe(0)
  })

  it('one that the session does not have cannot be archived, nor the newest', async () => {
    const { session, ids } = await sessionWithMany()
    const unknown = Array.from({ length: 22 }, (_, n) => `ckpt_00000000-0000-4000-8000-0000000000${n + 10}`)
    await expect(session.send({ type: 'checkpoint.archive', checkpointIds: unknown })).rejects.toThrow(
      'this session has no checkpoint',
    )
    await expect(
      session.send({ type: 'checkpoint.archive', checkpointIds: [ids[0] ?? '', ids[many - 1] ?? ''] }),
    ).rejects.toThrow('is the newest')
  })
})

describe('a clock that was put back', () => {
  it('leaves a checkpoint in the future: the next one is due, and then they are apart as before', async () => {
    const { waymark, pass } = await homeAt('2030-01-01T08:00:00.000Z')
    const session = await waymark.createSession()
    await session.checkpoint()
    pass(-3 * 365 * dayMs)
    const before = session.state.checkpointCount
    for (let minute = 0; minute < 25; minute++) {
      await session.send({ type: 'turn.complete' })
      pass(minuteMs)
    }
    const taken = session.state.checkpoints.slice(before)
    expect(taken.map(({ trigger, time }) => [trigger, time])).toEqual([
      ['interval', '2027-01-02T08:00:00.000Z'],
      ['interval', '2027-01-02T08:10:00.000Z'],
      ['interval', '2027-01-02T08:20:00.000Z'],
    ])
    expect(taken[0]?.reason).toBe('the one before is of 2030-01-01T08:00:00.000Z, which is to come')
  })

  it('a switch relies on no checkpoint from the future', async () => {
    const { waymark, pass } = await homeAt('2030-01-01T08:00:00.000Z', { policies: [] })
    const session = await waymark.createSession()
    await session.send({ type: 'task.add', taskId: 'A', title: 'one' })
    await session.send({ type: 'task.start', taskId: 'A' })
    await session.checkpoint()
    await session.send({ type: 'turn.complete' })
    const command = parseCommand({ type: 'task.switch-context', taskIds: ['A'], cause: 'other' })
    pass(-minuteMs)
    await expect(session.send(command)).rejects.toThrow('it needs a checkpoint')
    pass(2 * minuteMs)
    expect((await session.send(command)).events).toHaveLength(1)
  })
})
