/**
 * Goal: compaction gives bytes back to the disk where it pays, waits its turn, and never leaves less than was there.
 * Method: real files with much that holds nothing, other connections that hold locks, faults put into the file.
 */
import { open, stat } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { EventLog } from '../../src/log/port.ts'
import type { SqliteDriver } from '../../src/store/sqlite/driver.ts'
import { openSqliteLog } from '../../src/store/sqlite/open.ts'
import { read, rowsOf, sessionOf, snapshotOf, streamWith, word } from '../../src/testing/store/samples.ts'
import { standardDriver, type TestFolder, temporaryLog, wrapped } from './files.ts'

const a = sessionOf('a')
const snapshotBytes = 200_000
const versions = Array.from({ length: 40 }, (_, index) => index + 1)
const oldOnes = { dropSnapshot: ({ version }: { readonly version: number }) => version <= 30 }

let place: TestFolder
let driver: SqliteDriver
let log: EventLog

beforeEach(async () => {
  place = await temporaryLog()
  driver = await standardDriver()
  log = await openSqliteLog({ path: place.path })
})
afterEach(async () => {
  await log.close()
  await place.remove()
})

/** A stream with snapshots of 8 MB in all. */
async function fill(): Promise<void> {
  await streamWith(log, a, ...versions.map((version) => `T${version}`))
  await log.transact((transaction) => {
    for (const version of versions) {
      transaction.putSnapshot(snapshotOf(a, version, { body: Buffer.alloc(snapshotBytes, version) }))
    }
  })
}

const sizeOf = async (suffix = '') => (await stat(`${place.path}${suffix}`)).size

/** Statements a connection was given while something was done. */
function listening(): { readonly driver: SqliteDriver; readonly said: string[] } {
  const said: string[] = []
  return { driver: wrapped(driver, { executing: (sql) => said.push(sql) }), said }
}

describe('compaction', () => {
  it('gives the bytes of what was dropped back, and empties the write-ahead log', async () => {
    await fill()
    const rows = await rowsOf(log, a)
    const before = (await sizeOf()) + (await sizeOf('-wal'))
    const result = await log.compact(oldOnes)
    expect(result).toMatchObject({ bytesBefore: before, snapshotsDropped: 30, bytesFree: 0 })
    expect(result.bytesAfter).toBe(await sizeOf())
    expect(await sizeOf('-wal')).toBe(0)
    expect(result.bytesAfter).toBeLessThan(10 * snapshotBytes + 300_000)
    expect(result.bytesAfter).toBeGreaterThan(10 * snapshotBytes)
    expect(await rowsOf(log, a)).toEqual(rows)
    await streamWith(log, a, 'after')
    expect((await read(log, a)).map(word)).toEqual([...versions.map((version) => `T${version}`), 'after'])
  })

  it('does not copy the file where little would be gained', async () => {
    const { driver: heard, said } = listening()
    await fill()
    await log.close()
    log = await openSqliteLog({ path: place.path, driver: heard })
    const result = await log.compact({ dropSnapshot: ({ version }) => version <= 4 })
    expect(result).toMatchObject({ snapshotsDropped: 4 })
    expect(result.bytesFree).toBeGreaterThan(3 * snapshotBytes)
    expect(said).not.toContain('VACUUM')
    expect(await log.compact(oldOnes)).toMatchObject({ snapshotsDropped: 26, bytesFree: 0 })
    expect(said).toContain('VACUUM')
  })

  it('of a log that was opened for reading is refused', async () => {
    await fill()
    const reader = await openSqliteLog({ path: place.path, readOnly: true })
    await expect(reader.compact(oldOnes)).rejects.toMatchObject({ code: 'HOME_NOT_WRITABLE' })
    await reader.close()
    expect(await log.compact({ dropSnapshot: () => false })).toMatchObject({ snapshotsDropped: 0 })
  })

  it.each([
    ['writes', 'BEGIN IMMEDIATE'],
    ['reads', 'BEGIN; SELECT count(*) FROM events'],
  ])('waits for a connection that %s, and the event loop turns meanwhile', async (_, begin) => {
    await fill()
    const other = driver.open(place.path, 'read-write')
    other.exec(begin)
    let ended = false
    const compacting = log.compact(oldOnes).then((result) => {
      ended = true
      return result
    })
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(ended).toBe(false)
    other.exec('COMMIT')
    other.close()
    expect(await compacting).toMatchObject({ snapshotsDropped: 30, bytesFree: 0 })
  })

  it('lets a reader of another connection go on with what it had', async () => {
    await fill()
    const other = await openSqliteLog({ path: place.path })
    const pages = other.snapshots(a)[Symbol.asyncIterator]()
    expect((await pages.next()).value).toMatchObject({ version: 40 })
    await log.compact(oldOnes)
    const rest: number[] = []
    for (let next = await pages.next(); next.done !== true; next = await pages.next())
      rest.push(next.value.version)
    expect(rest).toEqual([39, 38, 37, 36, 35, 34, 33, 32, 31])
    await streamWith(other, a, 'after')
    expect((await read(log, a)).length).toBe(versions.length + 1)
    await other.close()
  })

  it('copies no file in which SQLite finds a fault', async () => {
    await fill()
    await log.compact({ dropSnapshot: () => false })
    await log.close()
    // A leaf of the index of positions, turned into noise: events are read without it.
    const connection = driver.open(place.path, 'read-write')
    const root = connection
      .prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'sqlite_autoindex_events_1'")
      .get()?.rootpage
    connection.close()
    const file = await open(place.path, 'r+')
    await file.write(Buffer.alloc(40, 0x5a), 0, 40, (Number(root) - 1) * 4_096 + 4_000)
    await file.close()
    const { driver: heard, said } = listening()
    log = await openSqliteLog({ path: place.path, driver: heard })
    await expect(log.compact(oldOnes)).rejects.toMatchObject({ code: 'DAMAGED_RECORD' })
    expect(said).not.toContain('VACUUM')
  })
})
