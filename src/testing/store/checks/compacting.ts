/** Compaction takes nothing away but the snapshots that its caller named. */
import fc from 'fast-check'
import { stateHash } from '../../../fold/fold.ts'
import { sha256 } from '../../../kernel/hash.ts'
import { limits } from '../../../kernel/limits.ts'
import type { EventLog, SnapshotPlace } from '../../../log/port.ts'
import { planRecovery } from '../../../replay/recover.ts'
import { packSnapshot } from '../../../replay/snapshot/snapshot.ts'
import { verifyLog } from '../../../replay/verify/verify.ts'
import { historyArbitrary } from '../../arbitrary/history.ts'
import { play } from '../../play.ts'
import { expectError, expectFields, expectSame, expectThat } from '../expectation.ts'
import {
  collected,
  listed,
  rowsOf,
  sessionOf,
  snapshotOf,
  streamWith,
  summary,
  taskAdded,
  upTo,
  usageRecorded,
  versions,
} from '../samples.ts'
import { group, type StoreCheck, type StoreUnderTest } from '../under-test.ts'

const a = sessionOf('a')
const b = sessionOf('b')

const nothing = { dropSnapshot: () => false }
const everything = { dropSnapshot: () => true }

export const compactChecks: readonly StoreCheck[] = group('compacts', [
  {
    name: 'drops the snapshots that the caller names, asks about each once, and tells their places',
    run: drops,
  },
  { name: 'drops none by itself, however many there are', run: dropsNone },
  {
    name: 'leaves commands, calls, texts and bookmarks to be found, and streams to be appended to',
    run: leavesRest,
  },
  { name: 'says what it took up before and after, and of an empty log too', run: saysBytes },
  { name: 'waits for its turn among transactions asked for before and after it', run: waitsItsTurn },
  { name: 'throws what the caller throws, and keeps the snapshots', run: throwsOn },
  {
    name: 'law: over any history and any choice of snapshots no event changes, verification finds nothing, recovery leads to the same state',
    run: anyHistory,
  },
])

async function drops({ log }: StoreUnderTest): Promise<void> {
  await snapshotsAt(log, [1, 2, 3, 4])
  const asked: SnapshotPlace[] = []
  const result = await log.compact({
    dropSnapshot: (snapshot) => {
      asked.push(snapshot)
      return snapshot.version < 3
    },
  })
  expectSame(result.snapshotsDropped, 2, 'number of snapshots dropped')
  const expected = [
    { sessionId: a, version: 1, kind: 'keyframe', checkpointId: null },
    { sessionId: a, version: 2, kind: 'keyframe', checkpointId: null },
    { sessionId: a, version: 3, kind: 'keyframe', checkpointId: null },
    { sessionId: a, version: 4, kind: 'checkpoint', checkpointId: 'ckpt_4' },
  ]
  expectSame(
    asked.toSorted((x, y) => x.version - y.version),
    expected,
    'snapshots asked about',
  )
  expectSame(await snapshotVersions(log), [4, 3], 'snapshots left')
}

async function dropsNone({ log }: StoreUnderTest): Promise<void> {
  const all = upTo(limits.pageEventsMax + 50)
  await snapshotsAt(log, all)
  const whole = await everythingIn(log)
  expectFields(await log.compact(nothing), { snapshotsDropped: 0 }, 'a compaction that drops nothing')
  expectSame(await everythingIn(log), whole, 'all that the log holds')
  expectSame((await snapshotVersions(log)).length, all.length, 'number of snapshots')
  expectFields(await log.compact(everything), { snapshotsDropped: all.length }, 'one that drops all')
  expectSame(await snapshotVersions(log), [], 'snapshots left')
  expectSame(await everythingIn(log), { ...whole, snapshots: [] }, 'all else that the log holds')
}

async function leavesRest({ log }: StoreUnderTest): Promise<void> {
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
    expectSame(versions(transaction.batchOf(b, 'first') ?? []), [1], 'an inherited command')
    expectFields(transaction.countedCall(b, 'call', 'session'), { outputTokens: 7 }, 'an inherited call')
    expectSame(transaction.bookmark('import'), 'line 7', 'a bookmark')
  })
  expectSame(Buffer.from((await log.content(sha256(text))) ?? '').toString(), text, 'a text')
  await streamWith(log, a, 'A3')
  await streamWith(log, b, 'B3')
  expectSame((await log.stream(a))?.version, 3, 'version of the stream after another event')
  expectSame((await log.stream(b))?.version, 3, 'version of the fork after another event')
}

async function saysBytes({ log }: StoreUnderTest): Promise<void> {
  expectFields(await log.compact(everything), { snapshotsDropped: 0 }, 'compacting an empty log')
  await snapshotsAt(log, [1, 2])
  const { bytesBefore, bytesAfter } = await log.compact(everything)
  expectThat(bytesBefore > 0, 'a log with events to take up bytes')
  expectThat(bytesAfter <= bytesBefore, `${bytesAfter} bytes after to be at most ${bytesBefore} before`)
  expectSame((await log.compact(everything)).bytesBefore, bytesAfter, 'bytes before the next compaction')
}

async function waitsItsTurn({ log }: StoreUnderTest): Promise<void> {
  const before = streamWith(log, a, 'A1')
  const compacted = log.compact(everything)
  const after = streamWith(log, a, 'A2')
  await Promise.all([before, compacted, after])
  expectSame((await log.stream(a))?.version, 2, 'version after both transactions')
}

async function throwsOn({ log }: StoreUnderTest): Promise<void> {
  await snapshotsAt(log, [1, 2])
  const no = new Error('no')
  const failing = log.compact({
    dropSnapshot: ({ version }) => {
      if (version === 2) throw no
      return true
    },
  })
  await expectError(failing, no, 'what the caller throws')
  expectSame(await snapshotVersions(log), [2, 1], 'snapshots left')
}

async function anyHistory({ log }: StoreUnderTest): Promise<void> {
  let dropped = 0
  let seed = 0
  const choice = fc.array(fc.boolean(), { minLength: 8, maxLength: 8 })
  const law = fc.asyncProperty(historyArbitrary(15), choice, async (commands, choices) => {
    seed += 1
    const { sessionId, steps } = await play(log, commands, { seed })
    const rows = await rowsOf(log, sessionId)
    await log.transact((transaction) => {
      for (const { after } of steps.filter((_, index) => index % 3 === 0)) {
        transaction.putSnapshot(packSnapshot(after, rows[after.version - 1]?.hash ?? '', null))
      }
    })
    const before = await everythingIn(log)
    const hash = stateHash((await planRecovery(log, sessionId)).state)
    const first = steps[0]?.after.version
    const { snapshotsDropped } = await log.compact({
      dropSnapshot: ({ sessionId: owner, version }) =>
        owner === sessionId && (version === first || choices[version % choices.length] === true),
    })
    dropped += snapshotsDropped
    const after = await everythingIn(log)
    expectSame({ ...after, snapshots: [] }, { ...before, snapshots: [] }, 'all but the snapshots')
    expectSame(after.snapshots.length, before.snapshots.length - snapshotsDropped, 'number of snapshots left')
    expectFields(await verifyLog(log, sessionId), { ok: true }, 'verification')
    const recovered = await planRecovery(log, sessionId)
    expectSame(recovered.damage, null, 'damage that recovery found')
    expectSame(stateHash(recovered.state), hash, 'hash of the recovered state')
  })
  await fc.assert(law, { numRuns: historiesCount, includeErrorInReport: true })
  expectThat(dropped >= historiesCount, `a snapshot of each history to be dropped, not ${dropped} in all`)
}

const historiesCount = 15

/** A stream `a` with a snapshot at each of some versions; the one at version 4 is a checkpoint's. */
async function snapshotsAt(log: EventLog, at: readonly number[]): Promise<void> {
  await streamWith(log, a, ...at.map((version) => `A${version}`))
  await log.transact((transaction) => {
    for (const version of at) {
      const facts = version === 4 ? ({ kind: 'checkpoint', checkpointId: 'ckpt_4' } as const) : {}
      transaction.putSnapshot(snapshotOf(a, version, facts))
    }
  })
}

async function snapshotVersions(log: EventLog): Promise<readonly number[]> {
  return versions(await listed(log.snapshots(a)))
}

/** All that a log holds, as it lies there. */
async function everythingIn(log: EventLog) {
  const streams = await collected(log.streams())
  const rows: unknown[] = []
  const snapshots: unknown[] = []
  for (const { sessionId } of streams) {
    for (const row of await rowsOf(log, sessionId)) rows.push({ ...row, sessionId })
    for (const { body, ...facts } of await listed(log.snapshots(sessionId))) {
      snapshots.push({ ...facts, body: sha256(body) })
    }
  }
  const contents = await listed(log.auditContents())
  return { streams, rows, snapshots, contents, position: await log.position() }
}
