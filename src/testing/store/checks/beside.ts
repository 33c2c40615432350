/** What is kept beside the events: texts, snapshots, bookmarks. */
import { sha256 } from '../../../kernel/hash.ts'
import type { StoredSnapshot } from '../../../log/port.ts'
import { expectSame, expectThat } from '../expectation.ts'
import { listed, sessionOf, snapshotOf, streamWith, summary, taskAdded } from '../samples.ts'
import { group, type StoreCheck, type StoreUnderTest } from '../under-test.ts'

const a = sessionOf('a')
const b = sessionOf('b')
const c = sessionOf('c')

export const besideChecks: readonly StoreCheck[] = group('keeps', [
  { name: 'texts once by their hash, small and large', run: texts },
  {
    name: 'snapshots, newest first, the newest of a version, up to a version, with those a fork inherits',
    run: snapshots,
  },
  { name: 'the parts of snapshots, each once for its stream', run: parts },
  { name: 'bookmarks, committed with the events they speak of', run: bookmarks },
])

async function texts({ log }: StoreUnderTest): Promise<void> {
  const kept = ['', 'short', 'long '.repeat(10_000)]
  await log.transact((transaction) => {
    for (const text of [...kept, ...kept]) transaction.putContent(sha256(text), Buffer.from(text))
  })
  for (const text of kept) {
    const content = await log.content(sha256(text))
    expectSame(content === null ? null : Buffer.from(content).toString(), text, 'a text by its hash')
  }
  expectSame(await log.content(sha256('unknown')), null, 'a text that was never stored')
  const audit = await listed(log.auditContents())
  const expected = kept.map((text) => ({ hash: sha256(text), problem: null, isRedacted: false }))
  const byHash = (x: { hash: string }, y: { hash: string }) => x.hash.localeCompare(y.hash)
  expectSame(audit.toSorted(byHash), expected.toSorted(byHash), 'the audit of the texts')
}

async function snapshots({ log }: StoreUnderTest): Promise<void> {
  await streamWith(log, a, 'A1', 'A2', 'A3', 'A4')
  const checkpoint = snapshotOf(a, 3, { kind: 'checkpoint', checkpointId: 'ckpt_1' })
  await log.transact((transaction) => {
    transaction.putSnapshot(snapshotOf(a, 1))
    transaction.putSnapshot(snapshotOf(a, 4))
    transaction.putSnapshot(snapshotOf(a, 3))
    transaction.putSnapshot(checkpoint)
    transaction.create(b, { sessionId: a, version: 3 })
    transaction.append(b, [taskAdded('B4'), taskAdded('B5')], summary)
    transaction.putSnapshot(snapshotOf(b, 5))
  })
  const places = async (sessionId: string, atMost?: number) => {
    const found = await listed(log.snapshots(sessionId, atMost))
    return found.map((snapshot) => `${snapshot.sessionId === a ? 'a' : 'b'}@${snapshot.version}`)
  }
  expectSame(await places(a), ['a@4', 'a@3', 'a@1'], 'snapshots of a stream')
  expectSame(await places(a, 3), ['a@3', 'a@1'], 'snapshots up to version 3')
  expectSame(await places(b), ['b@5', 'a@3', 'a@1'], 'snapshots of a fork, with those it inherits')
  expectSame(await places(b, 2), ['a@1'], 'snapshots of a fork up to version 2')
  expectSame(await places(c), [], 'snapshots of a stream that is not there')
  const [, newest] = await listed(log.snapshots(a))
  expectSame(newest, checkpoint, 'of two snapshots at one version, the newer')
}

async function parts({ log }: StoreUnderTest): Promise<void> {
  await streamWith(log, a, 'A1', 'A2')
  const part = (text: string) => ({ hash: sha256(text), body: () => Buffer.from(text.repeat(1_000)) })
  const [shared, own] = [part('shared'), part('own')]
  await log.transact((transaction) => {
    const first = snapshotOf(a, 1, { parts: [shared] })
    const bytes = shared.body().length
    expectThat(transaction.bytesToPut(first) >= bytes, 'a part to add its bytes')
    transaction.putSnapshot(first)
    expectThat(transaction.bytesToPut(first) < bytes, 'a part that the stream has to add none')
    transaction.putSnapshot(snapshotOf(a, 2, { parts: [shared, own] }))
  })
  const kept = (snapshot: StoredSnapshot) =>
    snapshot.parts.map((held) => ({ hash: held.hash, bytes: held.body() }))
  const expected = [[shared, own], [shared]].map((held) => kept(snapshotOf(a, 1, { parts: held })))
  expectSame((await listed(log.snapshots(a))).map(kept), expected, 'parts of both snapshots')
}

async function bookmarks({ log }: StoreUnderTest): Promise<void> {
  await log.transact((transaction) => {
    transaction.create(a, null)
    transaction.append(a, [taskAdded('A1')], summary)
    transaction.putBookmark('import/x', '17')
  })
  await log.transact((transaction) => transaction.putBookmark('import/x', '18'))
  expectSame(await log.bookmark('import/x'), '18', 'a bookmark')
  expectSame(await log.bookmark('import/y'), null, 'a bookmark that was never put')
}
