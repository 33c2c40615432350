/**
 * Rows of another log come in as they are and are found again as if they had been appended; data goes out, and nothing else with it.
 * A log in memory gives the rows.
 */
import { sha256 } from '../../../kernel/hash.ts'
import { MemoryLog } from '../../../log/memory.ts'
import type { EventLog, StoredRow, TravellingRow } from '../../../log/port.ts'
import { isRedacted, replacedHashOf } from '../../../log/rows.ts'
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
const c = sessionOf('c')

export const travelChecks: readonly StoreCheck[] = [
  ...group('takes in', [
    { name: 'rows with their hashes, at positions of its own', run: takesRows },
    { name: 'rows whose commands and calls are found again, and goes on after them', run: findsTaken },
    { name: 'a fork after what it shares', run: takesFork },
    {
      name: 'no rows that do not follow from the head, and then nothing of the transaction',
      run: refusesRows,
    },
  ]),
  ...group('takes out', [
    {
      name: 'data, and keeps envelope and hash; in the place of the salt stands the hash of what was',
      run: redacts,
    },
    {
      name: 'the snapshots that may hold it, of the stream and of its forks, and no others',
      run: dropsSnapshots,
    },
    { name: 'nothing for data that such an event may not hold', run: refusesData },
    { name: 'a text, and keeps another under its hash, whether it was there or not', run: replacesTexts },
    {
      name: 'a text for readers of other handles as well',
      needs: 'several handles',
      run: async ({ log, again }) => replacesTexts({ log }, await again()),
    },
    { name: 'nothing when the transaction fails', run: takesNothingOut },
    { name: 'the bookmarks that the caller names', run: forgetsBookmarks },
  ]),
]

const travelling = ({ position: _position, checksum: _checksum, ...row }: StoredRow): TravellingRow => row

async function elsewhere(): Promise<MemoryLog> {
  const other = new MemoryLog()
  await streamWith(other, a, 'A1')
  await other.transact((transaction) => {
    transaction.append(a, batchOfTasks('both', 'A2', 'A3'), summary)
    transaction.append(a, [usageRecorded('msg_1', 7)], summary)
  })
  return other
}

async function takesRows({ log }: StoreUnderTest): Promise<void> {
  const other = await elsewhere()
  await streamWith(log, b, 'B1', 'B2')
  const rows = (await rowsOf(other, a)).map(travelling)
  const named = { ...summary, title: 'taken in' }
  await log.transact((transaction) => {
    transaction.create(a, null)
    transaction.take(a, rows.slice(0, 2), summary)
    transaction.take(a, rows.slice(2), named)
  })
  expectSame((await rowsOf(log, a)).map(travelling), rows, 'rows taken in')
  const head = { version: 4, hash: (await other.stream(a))?.hash, summary: named }
  expectFields(await log.stream(a), head, 'the head after rows were taken in')
  const all = words(await collected(log.readAll(0)))
  expectSame(all, ['B1', 'B2', 'A1', 'A2', 'A3', 'msg_1'], 'events of the whole log')
  expectSame(await listed(log.auditIndexes(a)), [], 'problems of the indexes')
}

async function findsTaken({ log }: StoreUnderTest): Promise<void> {
  const rows = (await rowsOf(await elsewhere(), a)).map(travelling)
  await log.transact((transaction) => {
    transaction.create(a, null)
    transaction.take(a, rows, summary)
    expectSame(words(transaction.batchOf(a, 'both') ?? []), ['A2', 'A3'], 'a command that was taken in')
    const call = transaction.countedCall(a, 'msg_1', 'session')
    expectFields(call, { outputTokens: 7 }, 'a call that was taken in')
    transaction.append(a, [taskAdded('A5')], summary)
  })
  expectSame(words(await read(log, a)), ['A1', 'A2', 'A3', 'msg_1', 'A5'], 'events after another one')
}

async function takesFork({ log }: StoreUnderTest): Promise<void> {
  const other = await elsewhere()
  await other.transact((transaction) => {
    transaction.create(c, { sessionId: a, version: 2 })
    transaction.append(c, [taskAdded('C1')], summary)
  })
  const [shared, own] = [(await rowsOf(other, a)).map(travelling), (await rowsOf(other, c)).map(travelling)]
  await log.transact((transaction) => {
    transaction.create(a, null)
    transaction.take(a, shared.slice(0, 2), summary)
    transaction.create(c, { sessionId: a, version: 2 })
    transaction.take(c, own, summary)
  })
  expectSame(words(await read(log, c)), ['A1', 'A2', 'C1'], 'events of a fork that was taken in')
}

async function refusesRows({ log }: StoreUnderTest): Promise<void> {
  const [first, second, third] = (await rowsOf(await elsewhere(), a)).map(travelling)
  expectThat(first !== undefined && second !== undefined && third !== undefined, 'three rows to try')
  const wrong: Readonly<Record<string, readonly TravellingRow[]>> = {
    'the second row without the first': [second],
    'the third row after the first': [first, third],
    'the first row twice': [first, first],
    'a row with other data': [first, { ...second, data: second.data.replace('A2', 'A9') }],
    'a row with another hash': [{ ...first, hash: sha256('x') }],
  }
  for (const [what, rows] of Object.entries(wrong)) {
    const take = async () =>
      log.transact((transaction) => {
        transaction.create(a, null)
        transaction.take(a, rows, summary)
      })
    await expectCode(take, 'DAMAGED_RECORD', `taking in ${what}`)
    expectSame(await log.stream(a), null, `the stream after ${what}`)
  }
}

const withoutTitle = (row: StoredRow): string | null =>
  row.data.includes('A2') ? row.data.replace('"title":"A2"', '"title":"gone"') : null

async function redacts({ log }: StoreUnderTest): Promise<void> {
  await streamWith(log, b, 'B1')
  await log.transact((transaction) => {
    transaction.create(a, null)
    transaction.append(a, batchOfTasks('both', 'A1', 'A2', 'A3'), summary)
  })
  const before = await rowsOf(log, a)
  const replaced = await log.transact((transaction) => transaction.redact(a, withoutTitle))
  const after = await rowsOf(log, a)
  expectSame(replaced, [{ version: 2, dataHash: replacedHashOf(after[1]?.data ?? '') }], 'what was replaced')
  const kept = (rows: readonly StoredRow[]) =>
    rows.map(({ envelope, hash, position }) => ({ envelope, hash, position }))
  expectSame(kept(after), kept(before), 'envelopes, hashes and positions')
  expectSame(after.map(isRedacted), [false, true, false], 'which rows had data taken out')
  expectSame(after[0], before[0], 'a row that was left alone')
  expectThat(after[1]?.data.includes('"gone"') === true, 'the new data in the place of the old')
  const old = before[1]
  const dataHash = sha256(Buffer.concat([old?.salt ?? Buffer.alloc(0), Buffer.from(old?.data ?? '')]))
  expectSame(after[1]?.salt, Buffer.from(dataHash, 'hex'), 'what stands in the place of the salt')
  expectSame(versions(await read(log, a)), [1, 2, 3], 'versions')
  await log.transact((transaction) => transaction.append(a, [taskAdded('A4')], summary))
}

async function dropsSnapshots({ log }: StoreUnderTest): Promise<void> {
  await log.transact((transaction) => {
    transaction.create(a, null)
    transaction.append(a, batchOfTasks('both', 'A1', 'A2', 'A3'), summary)
    transaction.create(b, { sessionId: a, version: 3 })
    transaction.append(b, [taskAdded('B1')], summary)
    transaction.create(c, { sessionId: a, version: 1 })
    transaction.append(c, [taskAdded('C1')], summary)
    for (const version of [1, 2, 3]) transaction.putSnapshot(snapshotOf(a, version))
    transaction.putSnapshot(snapshotOf(b, 4))
    transaction.putSnapshot(snapshotOf(c, 2))
  })
  await log.transact((transaction) => transaction.redact(a, withoutTitle))
  const names = new Map(Object.entries({ [a]: 'a', [b]: 'b', [c]: 'c' }))
  const places = async (id: string) =>
    (await listed(log.snapshots(id))).map(({ sessionId, version }) => `${names.get(sessionId)}@${version}`)
  expectSame(await places(a), ['a@1'], 'snapshots of the stream')
  expectSame(await places(b), ['a@1'], 'snapshots of a fork that inherits the data')
  expectSame(await places(c), ['c@2', 'a@1'], 'snapshots of a fork that does not')
}

async function refusesData({ log }: StoreUnderTest): Promise<void> {
  await streamWith(log, a, 'A1', 'A2')
  const before = await rowsOf(log, a)
  const redact = async () =>
    log.transact((transaction) =>
      transaction.redact(a, ({ version, data }) =>
        version === 1 ? data.replace('A1', 'X1') : '{"title":1}',
      ),
    )
  await expectCode(redact, 'DAMAGED_RECORD', 'data that a task.added may not hold')
  expectSame(await rowsOf(log, a), before, 'rows after what was refused')
}

async function replacesTexts({ log }: { readonly log: EventLog }, reader = log): Promise<void> {
  const [here, nowhere] = [sha256('secret'), sha256('elsewhere')]
  await log.transact((transaction) => {
    transaction.putContent(here, Buffer.from('secret'))
    transaction.redactContent(here, Buffer.from('gone'))
    transaction.redactContent(nowhere, Buffer.from('gone too'))
    transaction.putContent(here, Buffer.from('secret'))
  })
  const text = async (hash: string) => Buffer.from((await reader.content(hash)) ?? []).toString()
  expectSame(await text(here), 'gone', 'what stands in the place of a text')
  expectSame(await text(nowhere), 'gone too', 'what stands in the place of a text that was not there')
  const audit = await listed(reader.auditContents())
  const expected = [here, nowhere].toSorted().map((hash) => ({ hash, problem: null, isRedacted: true }))
  expectSame(
    audit.toSorted((x, y) => x.hash.localeCompare(y.hash)),
    expected,
    'the audit of the texts',
  )
}

async function takesNothingOut({ log }: StoreUnderTest): Promise<void> {
  await streamWith(log, a, 'A1', 'A2')
  await log.transact((transaction) => {
    transaction.putContent(sha256('secret'), Buffer.from('secret'))
    transaction.putSnapshot(snapshotOf(a, 2))
    transaction.putBookmark('import/x', 'secret')
  })
  const before = await rowsOf(log, a)
  const no = new Error('no')
  const failing = log.transact((transaction) => {
    transaction.redact(a, ({ data }) => data.replace('"title":"task', '"title":"TASK'))
    transaction.redactContent(sha256('secret'), Buffer.from('gone'))
    transaction.forgetBookmarks(() => true)
    throw no
  })
  await expectError(failing, no, 'what the work of a transaction throws')
  expectSame(await rowsOf(log, a), before, 'rows')
  expectSame((await listed(log.snapshots(a))).length, 1, 'number of snapshots')
  expectSame(Buffer.from((await log.content(sha256('secret'))) ?? []).toString(), 'secret', 'a text')
  expectSame(await log.bookmark('import/x'), 'secret', 'a bookmark')
}

async function forgetsBookmarks({ log }: StoreUnderTest): Promise<void> {
  await log.transact((transaction) => {
    for (const key of ['import/a', 'import/b', 'writers']) transaction.putBookmark(key, `of ${key}`)
  })
  const asked: string[] = []
  await log.transact((transaction) =>
    transaction.forgetBookmarks((key, value) => {
      asked.push(`${key}: ${value}`)
      return key === 'import/b'
    }),
  )
  const all = ['import/a: of import/a', 'import/b: of import/b', 'writers: of writers']
  expectSame(asked.toSorted(), all, 'bookmarks asked about')
  expectSame(await log.bookmark('import/a'), 'of import/a', 'a bookmark that stays')
  expectSame(await log.bookmark('import/b'), null, 'a bookmark that is forgotten')
}
