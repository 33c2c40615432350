/** Sessions that fall silent: set aside with a checkpoint after the minutes that are set, and woken by the next command. */
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { MemoryLog } from '../../src/log/memory.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { eventsOf } from '../support/events.ts'

/** A fifth of a second. */
const soon = 0.2 / 60

async function opened(sessionTimeoutMinutes: number | null, log = new MemoryLog()) {
  const waymark = await Waymark.open({ store: log, settings: { sessionTimeoutMinutes } })
  const session = await waymark.createSession()
  await session.send({ type: 'task.add', taskId: 'A', title: 'a' })
  return { log, waymark, session }
}

describe('a session that is silent for longer than session_timeout_minutes', () => {
  it('takes a checkpoint and is suspended with the reason timeout', async () => {
    const { log, session, waymark } = await opened(soon)
    await delay(600)
    const { status, checkpoints } = await session.refresh()
    expect(status).toBe('suspended')
    expect(checkpoints.at(-1)).toMatchObject({ trigger: 'timeout', version: 3 })
    const [created, suspended] = (await eventsOf(log, session.id)).slice(-2)
    expect(created?.actor).toBe('policy:session-timeout')
    expect(suspended).toMatchObject({ type: 'session.suspended', data: { reason: 'timeout' } })
    await waymark.close()
  })

  it('is woken by its next command', async () => {
    const { log, session, waymark } = await opened(soon)
    await delay(600)
    await session.send({ type: 'task.start', taskId: 'A' })
    expect(session.state).toMatchObject({ status: 'active', tasks: { A: { status: 'in_progress' } } })
    const [resumed] = (await eventsOf(log, session.id)).slice(-2)
    expect(resumed).toMatchObject({ type: 'session.resumed', actor: 'policy:wake-after-timeout' })
    await waymark.close()
  })

  it('takes no second checkpoint where the newest one says all', async () => {
    const { session, waymark } = await opened(soon)
    await session.checkpoint()
    await delay(600)
    const { status, checkpoints } = await session.refresh()
    expect([status, checkpoints.map(({ trigger }) => trigger)]).toEqual([
      'suspended',
      ['session-start', 'manual'],
    ])
    await waymark.close()
  })

  it('is not silent while another process writes to it', async () => {
    const { log, session, waymark } = await opened(soon * 2)
    const other = await Waymark.open({ store: log, settings: { sessionTimeoutMinutes: null } })
    const writer = await other.openSession(session.id)
    for (let n = 0; n < 6; n++) {
      await delay(100)
      await writer.send({ type: 'observation.record', kind: 'ping' })
    }
    expect((await session.refresh()).status).toBe('active')
    await waymark.close()
  })

  it('is not silent while its reader takes up what another process writes', async () => {
    const { log, session, waymark } = await opened(soon * 4)
    const other = await Waymark.open({ store: log, settings: { sessionTimeoutMinutes: null } })
    const writer = await other.openSession(session.id)
    for (let n = 0; n < 7; n++) {
      await delay(100)
      await writer.send({ type: 'observation.record', kind: 'ping' })
      await session.refresh()
    }
    // 300 ms after the last write: later than the 800 ms that began with its own last one, earlier than those of the other's.
    await delay(300)
    expect((await session.refresh()).status).toBe('active')
    await delay(1_000)
    expect((await session.refresh()).status).toBe('suspended')
    const [before, after] = (await eventsOf(log, session.id)).slice(-3)
    const gap = Date.parse(after?.recordedAt ?? '') - Date.parse(before?.recordedAt ?? '')
    expect(gap).toBeGreaterThanOrEqual(790)
    expect(gap).toBeLessThan(1_150)
    await waymark.close()
  })

  it.each(['merge', 'rewind'] as const)('is not silent after a %s', async (what) => {
    const { session, waymark } = await opened(soon * 3)
    const fork = await session.fork()
    await fork.send({ type: 'session.configure', configuration: { sessionTimeoutMinutes: null } })
    await fork.send({ type: 'task.add', taskId: 'B', title: 'b' })
    await session.send({ type: 'task.add', taskId: 'C', title: 'c' })
    await delay(400)
    if (what === 'merge') await session.merge(fork, { policies: { tasks: 'theirs' } })
    else await session.rewind({ to: 3 })
    await delay(400)
    expect((await session.refresh()).status).toBe('active')
    await delay(500)
    expect((await session.refresh()).status).toBe('suspended')
    await waymark.close()
  })

  it('stays as it is when somebody suspended it, whoever comes next', async () => {
    const { session, waymark } = await opened(soon)
    await session.send({ type: 'session.suspend', reason: 'lunch' })
    await delay(400)
    await expect(session.send({ type: 'task.start', taskId: 'A' })).rejects.toThrow('resume it first')
    expect(session.state.checkpoints).toHaveLength(1)
    await waymark.close()
  })

  it('takes a checkpoint before the first command after the silence, in whatever process', async () => {
    const { log, session } = await opened(60)
    const again = await (await Waymark.open({ store: log })).openSession(session.id)
    const time = new Date(Date.parse(session.state.lastEventAt ?? '') + 61 * 60_000).toISOString()
    await again.send({ type: 'task.start', taskId: 'A' }, { time })
    expect(again.state.checkpoints.at(-1)).toMatchObject({
      trigger: 'timeout',
      version: 3,
      reason: '61 minutes of silence before task.start',
    })
  })
})

describe('null', () => {
  it('lets it be silent for ever', async () => {
    const { session, waymark } = await opened(null)
    await delay(400)
    expect((await session.refresh()).status).toBe('active')
    const time = new Date(Date.parse(session.state.lastEventAt ?? '') + 24 * 3_600_000).toISOString()
    await session.send({ type: 'session.configure', configuration: { checkpointIntervalMinutes: 1_440 } })
    await session.send({ type: 'task.start', taskId: 'A' }, { time })
    expect(session.state.checkpoints.map(({ trigger }) => trigger)).not.toContain('timeout')
    await waymark.close()
  })

  it('is kept in the log, so that another process that opens the session lets it be silent too', async () => {
    const { log, session } = await opened(null)
    const other = await Waymark.open({ store: log, settings: { sessionTimeoutMinutes: soon } })
    expect((await other.openSession(session.id)).state.configuration.sessionTimeoutMinutes).toBeNull()
  })
})
