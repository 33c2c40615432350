/** Old checkpoints are set aside, and those that something needs are not. */
import { describe, expect, it } from 'vitest'
import { isKnown } from '../../src/events/envelope.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { archiveOldCheckpoints } from '../../src/session/archive.ts'
import type { Session } from '../../src/session/session.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { eventsOf } from '../support/events.ts'

const day = (n: number): string => new Date(Date.UTC(2026, 0, 1 + n)).toISOString()

/** A session with a checkpoint on each of the first days of the year. */
async function sessionWithCheckpoints(days: number) {
  let now = day(0)
  const waymark = await Waymark.open({ store: new MemoryLog(), clock: { now: () => now }, policies: [] })
  const session = await waymark.createSession()
  const ids: string[] = []
  for (let n = 0; n < days; n++) {
    now = day(n)
    await session.send({ type: 'task.add', taskId: `T-${n}`, title: 'one' })
    ids.push((await session.checkpoint()).id)
  }
  const archive = (at: string) => archiveOldCheckpoints(waymark.log, waymark.environment, session.id, at)
  return { waymark, session, ids, archive }
}

const archivedIn = ({ state }: Session) =>
  state.checkpoints.filter(({ archived }) => archived).map(({ id }) => id)

describe('archiving old checkpoints', () => {
  it('sets aside what is older than seven days, never the newest, and records who asked', async () => {
    const { waymark, session, ids, archive } = await sessionWithCheckpoints(3)
    expect((await archive(day(7))).checkpointIds).toEqual([])
    expect((await archive(day(8))).checkpointIds).toEqual([ids[0]])
    expect((await archive(day(400))).checkpointIds).toEqual([ids[1]])
    expect((await archive(day(500))).checkpointIds).toEqual([])
    await session.refresh()
    expect(archivedIn(session)).toEqual([ids[0], ids[1]])
    const events = (await eventsOf(waymark.log, session.id)).filter(isKnown)
    const recorded = events.filter((event) => event.type === 'checkpoint.archived')
    expect(recorded.map(({ actor }) => actor)).toEqual([
      'policy:archive-checkpoints',
      'policy:archive-checkpoints',
    ])
  })

  it('keeps what forks stand on, at its version and after it', async () => {
    const { session, ids, archive } = await sessionWithCheckpoints(6)
    const at = session.state.checkpoints[1]?.version ?? 0
    await session.fork({ at })
    await session.fork({ at: (session.state.checkpoints[3]?.version ?? 0) + 1 })
    expect((await archive(day(100))).checkpointIds).toEqual([ids[0], ids[2], ids[4]])
  })

  it('keeps what the latest recovery and tasks go on from', async () => {
    const { session, ids, archive } = await sessionWithCheckpoints(4)
    await session.send({ type: 'task.start', taskId: 'T-0' })
    await session.send({ type: 'task.fail', taskId: 'T-0', reason: 'tests failed', retryable: true })
    await session.send({ type: 'task.recover', taskId: 'T-0', checkpointId: ids[1] ?? '' })
    await session.send({
      type: 'session.recover',
      from: 'snapshot',
      checkpointId: ids[2] ?? '',
      snapshotVersion: 1,
      replayedEvents: 0,
      open: [],
      openCount: 0,
    })
    expect((await archive(day(100))).checkpointIds).toEqual([ids[0]])
  })

  it('leaves a parent its checkpoints, and works on sessions that are handed off or have ended', async () => {
    const { waymark, session, ids, archive } = await sessionWithCheckpoints(3)
    const fork = await session.fork()
    const environment = waymark.environment
    expect((await archiveOldCheckpoints(waymark.log, environment, fork.id, day(100))).checkpointIds).toEqual(
      [],
    )
    await session.send({ type: 'session.hand-off', toAgent: 'tester' }, { time: day(2) })
    expect((await archive(day(100))).checkpointIds).toEqual([ids[0], ids[1]])
    await session.send({ type: 'session.end' })
    expect((await archive(day(200))).checkpointIds).toEqual([])
  })
})
