/**
 * Goal: rows of another log come in as they are and are found again as if they had been appended; data goes out, and nothing else with it.
 * Method: a log in memory gives rows to the log under test; rows, lookups, snapshots and what is left after a failure are compared.
 */
import { expect, it } from 'vitest'
import { sha256 } from '../../src/kernel/hash.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { EventLog, StoredRow, TravellingRow } from '../../src/log/port.ts'
import { isRedacted, replacedHashOf } from '../../src/log/rows.ts'
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
  word,
} from './samples.ts'

const a = sessionOf('a')
const b = sessionOf('b')
const c = sessionOf('c')
type Current = () => { readonly log: EventLog; readonly openAgain: (() => Promise<EventLog>) | null }

const travelling = ({ position: _position, checksum: _checksum, ...row }: StoredRow): TravellingRow => row
const withoutPlace = (rows: readonly StoredRow[]) =>
  rows.map((row) => ({ ...travelling(row), salt: Buffer.from(row.salt).toString('hex') }))

async function elsewhere(): Promise<MemoryLog> {
  const other = new MemoryLog()
  await streamWith(other, a, 'A1')
  await other.transact((transaction) => {
    transaction.append(a, batchOfTasks('both', 'A2', 'A3'), summary)
    transaction.append(a, [usageRecorded('msg_1', 7)], summary)
  })
  return other
}

export function travelTests(current: Current): void {
  takeTests(current)
  redactTests(current)
}

function takeTests(current: Current): void {
  it('takes rows in with their hashes, at positions of its own', async () => {
    const { log } = current()
    const other = await elsewhere()
    await streamWith(log, b, 'B1', 'B2')
    const rows = (await rowsOf(other, a)).map(travelling)
    await log.transact((transaction) => {
      transaction.create(a, null)
      transaction.take(a, rows.slice(0, 2), summary)
      transaction.take(a, rows.slice(2), { ...summary, title: 'taken in' })
    })
    expect(withoutPlace(await rowsOf(log, a))).toEqual(withoutPlace(await rowsOf(other, a)))
    expect(await log.stream(a)).toMatchObject({
      version: 4,
      hash: (await other.stream(a))?.hash,
      summary: { title: 'taken in' },
    })
    expect((await collected(log.readAll(0))).map(word)).toEqual(['B1', 'B2', 'A1', 'A2', 'A3', 'msg_1'])
    expect(await listed(log.auditIndexes(a))).toEqual([])
  })

  it('finds commands and calls of rows it took in, and goes on after them', async () => {
    const { log } = current()
    const other = await elsewhere()
    const rows = (await rowsOf(other, a)).map(travelling)
    await log.transact((transaction) => {
      transaction.create(a, null)
      transaction.take(a, rows, summary)
      expect(transaction.batchOf(a, 'both')?.map(word)).toEqual(['A2', 'A3'])
      expect(transaction.countedCall(a, 'msg_1', 'session')).toMatchObject({ outputTokens: 7 })
      transaction.append(a, [taskAdded('A5')], summary)
    })
    expect((await read(log, a)).map(word)).toEqual(['A1', 'A2', 'A3', 'msg_1', 'A5'])
  })

  it('takes in a fork after what it shares', async () => {
    const { log } = current()
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
    expect((await read(log, c)).map(word)).toEqual(['A1', 'A2', 'C1'])
  })

  it('refuses rows that do not follow from the head, and takes nothing of the transaction', async () => {
    const { log } = current()
    const rows = (await rowsOf(await elsewhere(), a)).map(travelling)
    const [first, second, third] = rows
    if (first === undefined || second === undefined || third === undefined) throw new Error('there are rows')
    const forged = { ...second, data: second.data.replace('A2', 'A9') }
    const wrong = [
      [second],
      [first, third],
      [first, first],
      [first, forged],
      [{ ...first, hash: sha256('x') }],
    ]
    for (const taken of wrong) {
      await expect(
        log.transact((transaction) => {
          transaction.create(a, null)
          transaction.take(a, taken, summary)
        }),
      ).rejects.toMatchObject({ code: 'DAMAGED_RECORD' })
      expect(await log.stream(a)).toBeNull()
    }
  })
}

function redactTests(current: Current): void {
  const replace = (row: StoredRow): string | null =>
    row.data.includes('A2') ? row.data.replace('"title":"A2"', '"title":"gone"') : null

  it('replaces data and keeps envelope and hash; the place of the salt holds the hash of the data that was', async () => {
    const { log } = current()
    await streamWith(log, b, 'B1')
    await log.transact((transaction) => {
      transaction.create(a, null)
      transaction.append(a, batchOfTasks('both', 'A1', 'A2', 'A3'), summary)
    })
    const before = await rowsOf(log, a)
    const replaced = await log.transact((transaction) => transaction.redact(a, replace))
    const after = await rowsOf(log, a)
    expect(replaced).toEqual([{ version: 2, dataHash: replacedHashOf(after[1]?.data ?? '') }])
    expect(after.map(({ envelope, hash, position }) => [envelope, hash, position])).toEqual(
      before.map(({ envelope, hash, position }) => [envelope, hash, position]),
    )
    expect(after.map(isRedacted)).toEqual([false, true, false])
    expect(after[0]).toEqual(before[0])
    expect(after[1]?.data).toContain('"gone"')
    const old = before[1]
    const dataHash = sha256(Buffer.concat([old?.salt ?? Buffer.alloc(0), Buffer.from(old?.data ?? '')]))
    expect(Buffer.from(after[1]?.salt ?? []).toString('hex')).toBe(dataHash)
    expect((await read(log, a)).map(({ version }) => version)).toEqual([1, 2, 3])
    await log.transact((transaction) => transaction.append(a, [taskAdded('A4')], summary))
  })

  it('drops the snapshots that may hold it, of the stream and of its forks, and no others', async () => {
    const { log } = current()
    await log.transact((transaction) => {
      transaction.create(a, null)
      transaction.append(a, batchOfTasks('both', 'A1', 'A2', 'A3'), summary)
      transaction.create(b, { sessionId: a, version: 3 })
      transaction.append(b, [taskAdded('B1')], summary)
      transaction.create(c, { sessionId: a, version: 1 })
      transaction.append(c, [taskAdded('C1')], summary)
      for (const [id, version] of [
        [a, 1],
        [a, 2],
        [a, 3],
        [b, 4],
        [c, 2],
      ] as const) {
        transaction.putSnapshot(snapshotOf(id, version))
      }
    })
    await log.transact((transaction) => transaction.redact(a, replace))
    const places = async (id: string) =>
      (await listed(log.snapshots(id))).map(({ sessionId, version }) => [sessionId, version])
    expect(await places(a)).toEqual([[a, 1]])
    expect(await places(b)).toEqual([[a, 1]])
    expect(await places(c)).toEqual([
      [c, 2],
      [a, 1],
    ])
  })

  it('refuses data that such an event may not hold, and replaces nothing', async () => {
    const { log } = current()
    await streamWith(log, a, 'A1', 'A2')
    const before = await rowsOf(log, a)
    await expect(
      log.transact((transaction) =>
        transaction.redact(a, ({ version, data }) =>
          version === 1 ? data.replace('A1', 'X1') : '{"title":1}',
        ),
      ),
    ).rejects.toMatchObject({ code: 'DAMAGED_RECORD' })
    expect(await rowsOf(log, a)).toEqual(before)
  })

  it('keeps another text under the hash of one that is taken out, whether that is there or not', async () => {
    const { log, openAgain } = current()
    const [here, nowhere] = [sha256('secret'), sha256('elsewhere')]
    await log.transact((transaction) => {
      transaction.putContent(here, Buffer.from('secret'))
      transaction.redactContent(here, Buffer.from('gone'))
      transaction.redactContent(nowhere, Buffer.from('gone too'))
      transaction.putContent(here, Buffer.from('secret'))
    })
    const reader = (await openAgain?.()) ?? log
    expect(Buffer.from((await reader.content(here)) ?? []).toString()).toBe('gone')
    expect(Buffer.from((await reader.content(nowhere)) ?? []).toString()).toBe('gone too')
    const audit = await listed(reader.auditContents())
    expect(audit.toSorted((x, y) => x.hash.localeCompare(y.hash))).toEqual(
      [here, nowhere].toSorted().map((hash) => ({ hash, problem: null, isRedacted: true })),
    )
    if (reader !== log) await reader.close()
  })

  it('takes nothing out when the transaction fails', async () => {
    const { log } = current()
    await streamWith(log, a, 'A1', 'A2')
    await log.transact((transaction) => {
      transaction.putContent(sha256('secret'), Buffer.from('secret'))
      transaction.putSnapshot(snapshotOf(a, 2))
      transaction.putBookmark('import/x', 'secret')
    })
    const before = await rowsOf(log, a)
    await expect(
      log.transact((transaction) => {
        transaction.redact(a, ({ data }) => data.replace('"title":"task', '"title":"TASK'))
        transaction.redactContent(sha256('secret'), Buffer.from('gone'))
        transaction.forgetBookmarks(() => true)
        throw new Error('no')
      }),
    ).rejects.toThrow('no')
    expect(await rowsOf(log, a)).toEqual(before)
    expect(await listed(log.snapshots(a))).toHaveLength(1)
    expect(Buffer.from((await log.content(sha256('secret'))) ?? []).toString()).toBe('secret')
    expect(await log.bookmark('import/x')).toBe('secret')
  })

  it('forgets the bookmarks that the caller names', async () => {
    const { log } = current()
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
    expect(asked.toSorted()).toEqual([
      'import/a: of import/a',
      'import/b: of import/b',
      'writers: of writers',
    ])
    expect([await log.bookmark('import/a'), await log.bookmark('import/b')]).toEqual(['of import/a', null])
  })
}
