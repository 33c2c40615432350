/**
 * Goal: a compaction drops the snapshots that save nobody time, and no other.
 * Method: the rule over made-up lists, a law over random ones, and a home with keyframes, checkpoints and forks.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stateHash } from '../../src/fold/fold.ts'
import { foldVersion } from '../../src/fold/state.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { EventLog, StoredSnapshot } from '../../src/log/port.ts'
import { loadState } from '../../src/replay/load.ts'
import { packSnapshot } from '../../src/replay/snapshot/snapshot.ts'
import {
  compactLog,
  type HeldSnapshot,
  planCompaction,
  snapshotsToDrop,
} from '../../src/session/compaction.ts'
import type { Session } from '../../src/session/session.ts'
import { Waymark } from '../../src/session/waymark.ts'

const keyframe = (version: number, sound = true): HeldSnapshot => ({
  version,
  kind: 'keyframe',
  checkpointId: null,
  sound,
})
const checkpoint = (version: number, sound = true): HeldSnapshot => ({
  version,
  kind: 'checkpoint',
  checkpointId: `ckpt_${version}`,
  sound,
})
const dropped = (
  held: readonly HeldSnapshot[],
  archived: readonly number[] = [],
  forkVersions: readonly number[] = [],
) =>
  snapshotsToDrop(held, {
    archived: new Set(archived.map((version) => `ckpt_${version}`)),
    forkVersions,
  }).map(({ version }) => version)

describe('the rule', () => {
  it('keeps every keyframe that is sound: they are how any version is reached at once', () => {
    expect(dropped([keyframe(10), keyframe(20), keyframe(30), keyframe(40)])).toEqual([])
    expect(dropped([])).toEqual([])
  })

  it('drops keyframes that no state can be taken from, also when there is no other', () => {
    expect(dropped([keyframe(10), keyframe(20, false), keyframe(30), keyframe(40, false)])).toEqual([40, 20])
    expect(dropped([keyframe(10, false)])).toEqual([10])
  })

  it('keeps checkpoints, and drops those that were archived', () => {
    expect(dropped([checkpoint(10), checkpoint(20), checkpoint(30)])).toEqual([])
    expect(dropped([checkpoint(10), checkpoint(20), checkpoint(30)], [10, 20])).toEqual([20, 10])
  })

  it('keeps what a recovery would start from, also when it was archived', () => {
    expect(dropped([checkpoint(10), checkpoint(20)], [10, 20])).toEqual([10])
    expect(dropped([checkpoint(10), checkpoint(20, false)], [10, 20])).toEqual([20])
  })

  it('keeps what each fork would start from', () => {
    const checkpoints = [10, 20, 30, 40, 50].map((version) => checkpoint(version))
    const all = [10, 20, 30, 40, 50]
    expect(dropped(checkpoints, all, [25])).toEqual([40, 30, 10])
    expect(dropped(checkpoints, all, [20, 12, 5])).toEqual([40, 30])
    expect(dropped([checkpoint(10), checkpoint(20), keyframe(30)], [10, 20], [29])).toEqual([10])
    expect(dropped([checkpoint(10), keyframe(20, false), keyframe(30)], [10], [25])).toEqual([20])
  })

  it('law: whatever is held, archived and forked, the newest sound snapshot at the head and at each fork point stays', () => {
    const snapshotArbitrary = fc.record({
      version: fc.integer({ min: 1, max: 30 }),
      isCheckpoint: fc.boolean(),
      sound: fc.boolean(),
    })
    const versions = fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 6 })
    let drops = 0
    const law = fc.property(
      fc.uniqueArray(snapshotArbitrary, { selector: ({ version }) => version, maxLength: 12 }),
      versions,
      versions,
      (made, archived, forks) => {
        const held = made.map(({ version, isCheckpoint, sound }) =>
          isCheckpoint ? checkpoint(version, sound) : keyframe(version, sound),
        )
        const gone = new Set(dropped(held, archived, forks))
        drops += gone.size
        const left = held.filter(({ version }) => !gone.has(version))
        const startAt = (from: readonly HeldSnapshot[], at: number) =>
          Math.max(
            0,
            ...from.filter(({ version, sound }) => sound && version <= at).map(({ version }) => version),
          )
        for (const at of [30, ...forks]) expect(startAt(left, at)).toBe(startAt(held, at))
        for (const { version, kind, sound } of held) {
          if (kind === 'keyframe') expect(gone.has(version)).toBe(!sound)
          else if (gone.has(version)) expect(archived).toContain(version)
        }
      },
    )
    fc.assert(law, { numRuns: 300 })
    expect(drops).toBeGreaterThan(100)
  })
})

describe('a home', () => {
  it('keeps its keyframes, and loses those of another version of the fold; everything reads as before', async () => {
    const { log, waymark, session } = await homeWith()
    expect((await planCompaction(log)).snapshots).toBe(0)
    await put(log, session, [4, 6, 10], foldVersion - 1)
    const before = await hashesOf(waymark)
    const plan = await planCompaction(log)
    expect(plan.snapshots).toBe(3)
    expect(plan.bytes).toBeGreaterThan(100)
    expect(await compactLog(log, plan)).toMatchObject({ snapshotsDropped: 3 })
    expect(await versionsIn(log, session.id)).toEqual([8, 2])
    expect(await hashesOf(waymark)).toEqual(before)
    expect(await waymark.verify()).toMatchObject({ ok: true })
    expect((await planCompaction(log)).snapshots).toBe(0)
  })

  it('loses a damaged keyframe along with others', async () => {
    const { log, session } = await homeWith()
    await put(log, session, [2], foldVersion - 1)
    log.stored.snapshots = log.stored.snapshots.map((one) =>
      one.version === 8 ? { ...one, body: one.body.subarray(1) } : one,
    )
    await compactLog(log, await planCompaction(log))
    expect(await versionsIn(log, session.id)).toEqual([10, 6, 4])
  })

  it('keeps what a fork of a fork needs of the session where the events lie', async () => {
    const log = new MemoryLog()
    const waymark = await Waymark.open({ store: log, policies: [] })
    const session = await waymark.createSession()
    const ids: string[] = []
    for (let n = 0; n < 4; n++) ids.push((await session.checkpoint()).id)
    const [, second = 0] = (await versionsIn(log, session.id)).toReversed()
    const fork = await session.fork({ at: session.version })
    await fork.fork({ at: second })
    await session.send({ type: 'checkpoint.archive', checkpointIds: ids.slice(0, 3) })
    const plan = await planCompaction(log)
    expect(plan.snapshots).toBe(2)
    await compactLog(log, plan)
    expect((await versionsIn(log, session.id)).at(-1)).toBe(second)
  })

  it('loses the snapshots of archived checkpoints, and recovers from the newest', async () => {
    const log = new MemoryLog()
    const waymark = await Waymark.open({ store: log, policies: [] })
    const session = await waymark.createSession()
    const ids: string[] = []
    for (let n = 0; n < 3; n++) {
      await session.send({ type: 'task.add', taskId: `T-${n}`, title: 'a task' })
      ids.push((await session.checkpoint()).id)
    }
    expect((await planCompaction(log)).snapshots).toBe(0)
    await session.send({ type: 'checkpoint.archive', checkpointIds: ids.slice(0, 2) })
    const plan = await planCompaction(log)
    expect(plan.snapshots).toBe(2)
    await compactLog(log, plan)
    expect(log.stored.snapshots.map(({ checkpointId }) => checkpointId)).toEqual([ids[2]])
    expect(await waymark.recover(session.id)).toMatchObject({ from: 'snapshot', checkpointId: ids[2] })
  })

  it('keeps what came into the log after the plan was made', async () => {
    const { log, session } = await homeWith()
    await put(log, session, [2, 4], foldVersion - 1)
    const plan = await planCompaction(log)
    await put(log, session, [12], foldVersion - 1)
    expect(await compactLog(log, plan)).toMatchObject({ snapshotsDropped: 2 })
    expect(await versionsIn(log, session.id)).toEqual([12, 10, 8, 6])
  })

  it('keeps everything of a session that is damaged', async () => {
    const { log, session } = await homeWith()
    await put(log, session, [2], foldVersion - 1)
    const stream = log.stored.streams.get(session.id)
    const newest = stream?.rows[stream.rows.length - 1]
    if (stream === undefined || newest === undefined) throw new Error('the session has events')
    stream.rows[stream.rows.length - 1] = { ...newest, data: '{}' }
    expect((await planCompaction(log)).snapshots).toBe(0)
  })

  it('without sessions has nothing to drop', async () => {
    expect(await planCompaction(new MemoryLog())).toMatchObject({ snapshots: 0, bytes: 0 })
  })
})

/** A session of twelve events with keyframes at versions 2, 4, 6, 8 and 10. */
async function homeWith(): Promise<{ log: MemoryLog; waymark: Waymark; session: Session }> {
  const log = new MemoryLog()
  const waymark = await Waymark.open({ store: log, policies: [] })
  const session = await waymark.createSession()
  for (let n = 2; n <= 12; n++) await session.send({ type: 'task.add', taskId: `T-${n}`, title: 'a task' })
  await put(log, session, [2, 4, 6, 8, 10])
  return { log, waymark, session }
}

async function put(
  log: MemoryLog,
  session: Session,
  versions: readonly number[],
  madeBy = foldVersion,
): Promise<void> {
  const packed: StoredSnapshot[] = []
  for (const version of versions) {
    const { state } = await loadState(log, session.id, version)
    const chainHash = log.stored.streams.get(session.id)?.rows[version - 1]?.hash ?? ''
    packed.push({ ...packSnapshot(state, chainHash, null), foldVersion: madeBy })
  }
  await log.transact((transaction) => {
    for (const snapshot of packed) transaction.putSnapshot(snapshot)
  })
}

async function versionsIn(log: EventLog, sessionId: string): Promise<readonly number[]> {
  const versions: number[] = []
  for await (const { version } of log.snapshots(sessionId)) versions.push(version)
  return versions
}

/** Hash of the state at every version of every session. */
async function hashesOf(waymark: Waymark): Promise<readonly string[]> {
  const hashes: string[] = []
  for await (const { sessionId, version } of waymark.sessions()) {
    for (let at = 1; at <= version; at++) {
      hashes.push(`${sessionId} ${at} ${stateHash((await loadState(waymark.log, sessionId, at)).state)}`)
    }
  }
  return hashes
}
