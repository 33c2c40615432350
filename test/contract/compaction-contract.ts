/**
 * Goal: compaction takes nothing away but the snapshots that its caller named.
 * Method: logs with snapshots, contents and forks, compacted; everything else is read before and after, byte for byte.
 */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { stateHash } from '../../src/fold/fold.ts'
import { sha256 } from '../../src/kernel/hash.ts'
import { limits } from '../../src/kernel/limits.ts'
import type { EventLog, SnapshotPlace } from '../../src/log/port.ts'
import { planRecovery } from '../../src/replay/recover.ts'
import { packSnapshot } from '../../src/replay/snapshot/snapshot.ts'
import { verifyLog } from '../../src/replay/verify/verify.ts'
import { historyArbitrary } from '../../src/testing/arbitraries.ts'
import { play } from '../../src/testing/play.ts'
import {
  collected,
  listed,
  rowsOf,
  sessionOf,
  snapshotOf,
  streamWith,
  summary,
  taskAdded,
  usageRecorded,
} from './samples.ts'

const a = sessionOf('a')
const b = sessionOf('b')

const nothing = { dropSnapshot: () => false }
const everything = { dropSnapshot: () => true }

export function compactTests(current: () => { readonly log: EventLog }): void {
  it('drops the snapshots that the caller names, is asked about each once, and tells their places', async () => {
    const { log } = current()
    await snapshotsAt(log, [1, 2, 3, 4])
    const asked: SnapshotPlace[] = []
    const result = await log.compact({
      dropSnapshot: (snapshot) => {
        asked.push(snapshot)
        return snapshot.version < 3
      },
    })
    expect(result.snapshotsDropped).toBe(2)
    expect(asked.toSorted((x, y) => x.version - y.version)).toEqual([
      { sessionId: a, version: 1, kind: 'keyframe', checkpointId: null },
      { sessionId: a, version: 2, kind: 'keyframe', checkpointId: null },
      { sessionId: a, version: 3, kind: 'keyframe', checkpointId: null },
      { sessionId: a, version: 4, kind: 'checkpoint', checkpointId: 'ckpt_4' },
    ])
    expect(await versionsOf(log)).toEqual([4, 3])
  })

  it('drops none by itself, however many there are', async () => {
    const { log } = current()
    const versions = Array.from({ length: limits.pageEventsMax + 50 }, (_, index) => index + 1)
    await snapshotsAt(log, versions)
    const whole = await everythingIn(log)
    expect(await log.compact(nothing)).toMatchObject({ snapshotsDropped: 0 })
    expect(await everythingIn(log)).toEqual(whole)
    expect((await versionsOf(log)).length).toBe(versions.length)
    expect(await log.compact(everything)).toMatchObject({ snapshotsDropped: versions.length })
    expect(await versionsOf(log)).toEqual([])
    expect(await everythingIn(log)).toEqual({ ...whole, snapshots: [] })
  })

  it('leaves commands and calls to be found, contents and bookmarks to be read, and streams to be appended to', async () => {
    const { log } = current()
    const text = 'kept '.repeat(2_000)
    await log.transact((transaction) => {
      transaction.create(a, null)
      transaction.append(a, [taskAdded('A1', 'first')], summary)
      transaction.append(a, [usageRecorded('call', 7)], summary)
      transaction.putContent(sha256(text), Buffer.from(text))
      transaction.putBookmark('import', 'line 7')
      transaction.putSnapshot(snapshotOf(a, 2))
      transaction.create(b, { sessionId: a, version: 2 })
    })
    await log.compact(everything)
    await log.transact((transaction) => {
      expect(transaction.batchOf(b, 'first')?.map(({ version }) => version)).toEqual([1])
      expect(transaction.countedCall(b, 'call', 'session')).toMatchObject({ outputTokens: 7 })
      expect(transaction.bookmark('import')).toBe('line 7')
    })
    expect(Buffer.from((await log.content(sha256(text))) ?? '').toString()).toBe(text)
    await streamWith(log, a, 'A3')
    await streamWith(log, b, 'B3')
    expect((await log.stream(a))?.version).toBe(3)
    expect((await log.stream(b))?.version).toBe(3)
  })

  it('says what it took up before and after, and of an empty log too', async () => {
    const { log } = current()
    expect(await log.compact(everything)).toMatchObject({ snapshotsDropped: 0 })
    await snapshotsAt(log, [1, 2])
    const { bytesBefore, bytesAfter } = await log.compact(everything)
    expect(bytesBefore).toBeGreaterThan(0)
    expect(bytesAfter).toBeLessThanOrEqual(bytesBefore)
    const again = await log.compact(everything)
    expect(again.bytesBefore).toBe(bytesAfter)
  })

  it('waits for its turn among transactions that were asked for before and after it', async () => {
    const { log } = current()
    const before = streamWith(log, a, 'A1')
    const compacted = log.compact(everything)
    const after = streamWith(log, a, 'A2')
    await Promise.all([before, compacted, after])
    expect((await log.stream(a))?.version).toBe(2)
  })

  it('throws what the caller throws, and keeps the snapshots', async () => {
    const { log } = current()
    await snapshotsAt(log, [1, 2])
    const failing = log.compact({
      dropSnapshot: ({ version }) => {
        if (version === 2) throw new Error('no')
        return true
      },
    })
    await expect(failing).rejects.toThrow('no')
    expect(await versionsOf(log)).toEqual([2, 1])
  })

  it('law: over any history and any choice of snapshots, compaction changes no event, verification finds nothing, and recovery leads to the same state', {
    timeout: 60_000,
  }, async () => {
    const { log } = current()
    let dropped = 0
    let seed = 0
    const law = fc.asyncProperty(
      historyArbitrary(15),
      fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
      async (commands, choices) => {
        seed += 1
        const { sessionId, steps } = await play(log, commands, { seed })
        const rows = await rowsOf(log, sessionId)
        await log.transact((transaction) => {
          for (const { after } of steps.filter((_, index) => index % 3 === 0)) {
            const chainHash = rows[after.version - 1]?.hash ?? ''
            transaction.putSnapshot(packSnapshot(after, chainHash, null))
          }
        })
        const before = await everythingIn(log)
        const hash = stateHash((await planRecovery(log, sessionId)).state)
        const result = await log.compact({
          dropSnapshot: (snapshot) =>
            snapshot.sessionId === sessionId && choices[snapshot.version % choices.length] === true,
        })
        dropped += result.snapshotsDropped
        const { snapshots, ...rest } = await everythingIn(log)
        expect(rest).toEqual({ ...before, snapshots: undefined })
        expect(snapshots.length).toBe(before.snapshots.length - result.snapshotsDropped)
        expect(await verifyLog(log, sessionId)).toMatchObject({ ok: true })
        const recovered = await planRecovery(log, sessionId)
        expect(recovered.damage).toBeNull()
        expect(stateHash(recovered.state)).toBe(hash)
      },
    )
    await fc.assert(law, { numRuns: 15 })
    expect(dropped).toBeGreaterThan(10)
  })
}

/** A stream `a` with a snapshot at each of some versions; the one at version 4 is a checkpoint's. */
async function snapshotsAt(log: EventLog, versions: readonly number[]): Promise<void> {
  await streamWith(log, a, ...versions.map((version) => `A${version}`))
  await log.transact((transaction) => {
    for (const version of versions) {
      const facts = version === 4 ? ({ kind: 'checkpoint', checkpointId: 'ckpt_4' } as const) : {}
      transaction.putSnapshot(snapshotOf(a, version, facts))
    }
  })
}

async function versionsOf(log: EventLog): Promise<readonly number[]> {
  return (await listed(log.snapshots(a))).map(({ version }) => version)
}

/** All that a log holds, as it lies there. */
async function everythingIn(log: EventLog) {
  const streams = await collected(log.streams())
  const rows: unknown[] = []
  const snapshots: unknown[] = []
  for (const { sessionId } of streams) {
    for (const row of await rowsOf(log, sessionId)) {
      rows.push({ ...row, sessionId, salt: Buffer.from(row.salt).toString('hex') })
    }
    for (const { body, ...facts } of await listed(log.snapshots(sessionId))) {
      snapshots.push({ ...facts, body: sha256(body) })
    }
  }
  const contents = await listed(log.auditContents())
  return { streams, rows, snapshots, contents, position: await log.position() }
}
