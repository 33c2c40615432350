/** Going on in a fresh session: what comes along, what it is linked to, and what stays untouched. */
import { describe, expect, it } from 'vitest'
import { MemoryLog } from '../../src/log/memory.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { eventsOf } from '../support/events.ts'

async function atWork(autoLoadHistory = true) {
  const log = new MemoryLog()
  const waymark = await Waymark.open({ store: log, settings: { autoLoadHistory } })
  const session = await waymark.createSession({ model: 'm', windowTokens: 100_000, title: 'log in' })
  await session.send({ type: 'session.configure', configuration: { warningThresholdPercent: 70 } })
  await session.send({ type: 'task.add', taskId: 'A', title: 'a' })
  await session.send({ type: 'task.start', taskId: 'A' })
  const point = await session.checkpoint()
  await session.send({ type: 'task.add', taskId: 'B', title: 'b' })
  await session.send({ type: 'task.complete', taskId: 'A' })
  await session.send({ type: 'context.measure', contextTokens: 95_000 })
  await session.send({ type: 'tool.call', toolCallId: 't1', name: 'Bash' })
  return { log, waymark, session, point }
}

describe('recoverAfresh', () => {
  it('begins a session with a fresh budget, the open tasks, and links to session and version', async () => {
    const { log, waymark, session: old } = await atWork()
    const before = await eventsOf(log, old.id)
    const { session, report } = await waymark.recoverAfresh(old.id)
    expect(session.state).toMatchObject({
      continuesSessionId: old.id,
      continuesVersion: old.version,
      title: 'log in',
      window: { totalTokens: 100_000, usedTokens: 0, phase: 'normal' },
      configuration: { warningThresholdPercent: 70 },
    })
    expect(Object.values(session.state.tasks).map(({ id, status }) => [id, status])).toEqual([
      ['B', 'pending'],
    ])
    expect(report).toMatchObject({ sessionId: session.id, broughtTasks: 1, damage: null, checkpointId: null })
    expect(report.open).toMatchObject([{ kind: 'call', id: 't1', outcome: 'unknown' }])
    expect(report.plan).toEqual(
      expect.arrayContaining([
        'then start B',
        'call t1 of Bash: look first whether it had its effect: its outcome is unknown',
      ]),
    )
    expect(await eventsOf(log, old.id)).toEqual(before)
  })

  it('goes on from a checkpoint or any version, as it was then', async () => {
    const { waymark, session: old, point } = await atWork()
    const fromPoint = await waymark.recoverAfresh(old.id, { from: point.id })
    expect(fromPoint.report).toMatchObject({ checkpointId: point.id, continuesVersion: point.version })
    expect(Object.keys(fromPoint.session.state.tasks)).toEqual(['A'])
    const fromVersion = await waymark.recoverAfresh(old.id, { from: 2 })
    expect(fromVersion.session.state).toMatchObject({ continuesVersion: 2, tasks: {} })
    for (const from of [0, 10_000]) {
      await expect(waymark.recoverAfresh(old.id, { from })).rejects.toMatchObject({
        code: 'VERSION_NOT_FOUND',
      })
    }
  })

  it('brings the open tasks also where history is not loaded by itself, and from a session that is stuck in a recovery', async () => {
    const { waymark, session: old } = await atWork(false)
    const recoveryId = 'reco_00000000-0000-4000-8000-000000000001'
    await old.send({ type: 'recovery.begin', recoveryId, taskPolicy: 'keep' })
    const { session } = await waymark.recoverAfresh(old.id, { emergency: true })
    expect(Object.keys(session.state.tasks)).toEqual(['B'])
    expect(session.state.recovery).toBeNull()
  })

  it('takes another model without the window that was stated for the old one', async () => {
    const { waymark, session: old } = await atWork()
    const { session } = await waymark.recoverAfresh(old.id, { model: 'm-2', title: 'again' })
    expect(session.state).toMatchObject({ model: 'm-2', title: 'again', window: { totalTokens: 200_000 } })
  })
})
