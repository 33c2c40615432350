/** What is appended is there, whole, in order, and once. */
import { sha256 } from '../../../kernel/hash.ts'
import { expectCode, expectError, expectFields, expectSame, expectThat } from '../expectation.ts'
import {
  batchOfTasks,
  collected,
  listed,
  read,
  rowsOf,
  sessionOf,
  snapshotOf,
  streamWith,
  summary,
  taskAdded,
  usageRecorded,
  versions,
  words,
} from '../samples.ts'
import { group, type StoreCheck, type StoreUnderTest } from '../under-test.ts'

const a = sessionOf('a')
const b = sessionOf('b')

export const appendChecks: readonly StoreCheck[] = group('appends', [
  { name: 'a store is empty at first', run: emptyAtFirst },
  { name: 'a stream has the versions 1, 2, 3 …, and the log positions that rise', run: versionsAndPositions },
  { name: 'events are returned as they read back, with all that their command said', run: readBack },
  { name: 'a transaction is kept whole or not at all', run: wholeOrNot },
  { name: 'a transaction sees what it has done itself', run: seesItself },
  { name: 'many transactions asked for at once run one after the other, in that order', run: inOrder },
  {
    name: 'the head has the version, the hash of the newest row, the bytes since the newest snapshot',
    run: head,
  },
  { name: 'a stream is not made twice, and one that is not there takes no events', run: noSecondStream },
  { name: 'streams are listed oldest first, all of them', run: listsStreams },
])

async function emptyAtFirst({ log }: StoreUnderTest): Promise<void> {
  expectSame(await log.position(), 0, 'position of an empty log')
  expectSame(await log.stream(a), null, 'a stream that was never made')
  expectSame(await collected(log.streams()), [], 'streams of an empty log')
  expectSame(await read(log, a), [], 'events of a stream that was never made')
  expectSame(await collected(log.readAll(0)), [], 'events of an empty log')
  expectSame(await log.orphanedEvents(), 0, 'events without a stream')
}

async function versionsAndPositions({ log }: StoreUnderTest): Promise<void> {
  await streamWith(log, a, 'A1', 'A2')
  await streamWith(log, b, 'B1')
  await streamWith(log, a, 'A3')
  expectSame(versions(await read(log, a)), [1, 2, 3], 'versions of a stream')
  expectSame(versions(await read(log, b)), [1], 'versions of another stream')
  const all = await collected(log.readAll(0))
  expectSame(words(all), ['A1', 'A2', 'B1', 'A3'], 'events of the whole log, in the order they were appended')
  const positions = all.map(({ position }) => position)
  expectSame(
    positions,
    [...new Set(positions)].sort((x, y) => x - y),
    'positions, which rise',
  )
  expectSame(await log.position(), positions[3], 'position of the log, that of its newest event')
}

async function readBack({ log }: StoreUnderTest): Promise<void> {
  const event = { ...taskAdded('A'), causationId: 'cause-1', correlationId: 'whole.2', actor: 'policy:"ü"' }
  const returned = await log.transact((transaction) => {
    transaction.create(a, null)
    return transaction.append(a, [event, ...batchOfTasks('other', 'B', 'C')], summary)
  })
  expectSame(await read(log, a), returned, 'events as they read back')
  const said = {
    sessionId: a,
    version: 1,
    type: 'task.added',
    data: { taskId: 'A', title: 'task A' },
    actor: 'policy:"ü"',
    causationId: 'cause-1',
    correlationId: 'whole.2',
    ignorable: false,
  }
  expectFields(returned[0], said, 'an event that says where it comes from')
  const unsaid = { commandId: 'other', index: 1, causationId: null, correlationId: null }
  expectFields(returned[2], unsaid, 'an event that does not')
}

async function wholeOrNot({ log }: StoreUnderTest): Promise<void> {
  await streamWith(log, a, 'A1')
  const before = await log.stream(a)
  const no = new Error('no')
  const failing = log.transact((transaction) => {
    transaction.append(a, batchOfTasks('lost', 'X', 'Y'), { ...summary, title: 'lost' })
    transaction.append(a, [usageRecorded('call-lost', 5)], summary)
    transaction.create(b, null)
    transaction.append(b, [taskAdded('Z')], summary)
    transaction.putContent(sha256('lost'), Buffer.from('lost'))
    transaction.putSnapshot(snapshotOf(a, 2))
    transaction.putBookmark('import', 'lost')
    throw no
  })
  await expectError(failing, no, 'what the work of a transaction throws')
  expectSame(await log.stream(a), before, 'the stream after a transaction that failed')
  expectSame(await log.stream(b), null, 'a stream made by a transaction that failed')
  expectSame(words(await read(log, a)), ['A1'], 'events after a transaction that failed')
  expectSame(await log.content(sha256('lost')), null, 'a text of a transaction that failed')
  expectSame(await listed(log.snapshots(a)), [], 'snapshots of a transaction that failed')
  expectSame(await log.bookmark('import'), null, 'a bookmark of a transaction that failed')
  await log.transact((transaction) => {
    expectSame(transaction.batchOf(a, 'lost'), null, 'a command of a transaction that failed')
    expectSame(transaction.countedCall(a, 'call-lost', 'home'), null, 'a call of a transaction that failed')
    expectSame(transaction.bookmark('import'), null, 'a bookmark, asked for inside a transaction')
  })
  await streamWith(log, a, 'A2')
  expectSame(versions(await read(log, a)), [1, 2], 'versions after the next transaction')
}

async function seesItself({ log }: StoreUnderTest): Promise<void> {
  await streamWith(log, a, 'A1')
  const named = { ...summary, title: 'new' }
  await log.transact((transaction) => {
    transaction.append(a, [taskAdded('A2', 'second'), usageRecorded('call', 7)], named)
    expectFields(transaction.stream(a), { version: 3, summary: named }, 'the head, inside')
    expectSame(words([...transaction.read(a, { after: 1 })].flat()), ['A2', 'call'], 'events, inside')
    expectSame(words(transaction.batchOf(a, 'second') ?? []), ['A2'], 'the batch of a command, inside')
    expectFields(transaction.countedCall(a, 'call', 'session'), { outputTokens: 7 }, 'a call, inside')
    transaction.putBookmark('import', 'line 7')
    expectSame(transaction.bookmark('import'), 'line 7', 'a bookmark, inside')
  })
  expectFields(await log.stream(a), { version: 3, summary: named }, 'the head, afterwards')
}

async function inOrder({ log }: StoreUnderTest): Promise<void> {
  await streamWith(log, a)
  const names = Array.from({ length: 40 }, (_, index) => `T${index}`)
  await Promise.all(names.map((name) => streamWith(log, a, name)))
  expectSame(words(await read(log, a)), names, 'events of transactions asked for at once')
}

async function head({ log }: StoreUnderTest): Promise<void> {
  await streamWith(log, a)
  const empty = { version: 0, hash: '', forkedFrom: null, bytesSinceSnapshot: 0 }
  expectFields(await log.stream(a), empty, 'the head of an empty stream')
  await streamWith(log, a, 'A1', 'A2')
  const rows = await rowsOf(log, a)
  const bytes = rows.reduce((sum, { envelope, data }) => sum + envelope.length + data.length, 0)
  const expected = { version: 2, hash: rows[1]?.hash, bytesSinceSnapshot: bytes, summary }
  expectFields(await log.stream(a), expected, 'the head of a stream with two events')
  expectThat(rows[1]?.hash !== rows[0]?.hash, 'each row to have a hash of its own')
  await log.transact((transaction) => transaction.putSnapshot(snapshotOf(a, 2)))
  expectFields(await log.stream(a), { version: 2, bytesSinceSnapshot: 0 }, 'the head after a snapshot')
}

async function noSecondStream({ log }: StoreUnderTest): Promise<void> {
  await streamWith(log, a, 'A1')
  const position = await log.position()
  const create = () => log.transact((transaction) => transaction.create(a, null))
  await expectCode(create, 'ALREADY_EXISTS', 'making a stream that is there')
  const append = () => log.transact((transaction) => transaction.append(b, [taskAdded('B')], summary))
  await expectCode(append, 'SESSION_NOT_FOUND', 'appending to a stream that is not there')
  expectSame(await log.position(), position, 'position after what was refused')
}

async function listsStreams({ log }: StoreUnderTest): Promise<void> {
  const ids = Array.from({ length: 300 }, (_, index) => sessionOf(`stream ${index}`))
  await log.transact((transaction) => {
    for (const id of ids) transaction.create(id, null)
  })
  const listedIds = (await collected(log.streams())).map(({ sessionId }) => sessionId)
  expectSame(listedIds, ids, 'streams, oldest first')
}
