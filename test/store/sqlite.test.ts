/**
 * Goal: the log in a SQLite file is private, durable and honest about what it cannot do.
 * Method: real files, opened, disturbed and damaged behind its back. Several processes: processes.test.ts.
 */
import { chmod, mkdir, readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sha256 } from '../../src/kernel/hash.ts'
import { limits } from '../../src/kernel/limits.ts'
import { ChainCheck } from '../../src/log/chain.ts'
import { Database } from '../../src/store/sqlite/database.ts'
import {
  isAtLeast,
  oldestSqlite,
  type SqlConnection,
  type SqliteDriver,
} from '../../src/store/sqlite/driver.ts'
import { schemaVersion } from '../../src/store/sqlite/migrations.ts'
import { openSqliteLog } from '../../src/store/sqlite/open.ts'
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
  word,
} from '../../src/testing/store/samples.ts'
import { standardDriver, type TestFolder, temporaryLog, wrapped } from './files.ts'

const a = sessionOf('a')
let place: TestFolder
let driver: SqliteDriver

beforeEach(async () => {
  place = await temporaryLog()
  driver = await standardDriver()
})
afterEach(async () => place.remove())

describe('the file', () => {
  it('is for its owner alone, with all that lies beside it, whatever the umask', async () => {
    const before = process.umask(0)
    try {
      const log = await openSqliteLog({ path: place.path })
      await streamWith(log, a, 'A1')
      for (const suffix of ['', '-wal', '-shm']) expect(await modeOf(`${place.path}${suffix}`)).toBe(0o600)
      expect(await modeOf(dirname(place.path))).toBe(0o700)
      await log.close()
    } finally {
      process.umask(before)
    }
  })

  it('is made private again when somebody opened it to others', async () => {
    await (await openSqliteLog({ path: place.path })).close()
    await chmod(place.path, 0o644)
    await (await openSqliteLog({ path: place.path })).close()
    expect(await modeOf(place.path)).toBe(0o600)
  })

  it('keeps a write-ahead log, syncs at every commit, is not mapped into memory', async () => {
    let connection: SqlConnection | undefined
    const opened = (made: SqlConnection) => {
      connection = made
    }
    const log = await openSqliteLog({ path: place.path, driver: wrapped(driver, { opened }) })
    const pragma = (name: string) => Object.values(connection?.prepare(`PRAGMA ${name}`).get() ?? {})[0]
    expect(pragma('journal_mode')).toBe('wal')
    expect(pragma('synchronous')).toBe(2)
    expect(pragma('foreign_keys')).toBe(1)
    expect(pragma('mmap_size')).toBe(0)
    expect(pragma('user_version')).toBe(schemaVersion)
    await log.close()
  })

  it('opened again holds what was appended', async () => {
    const log = await openSqliteLog({ path: place.path })
    await streamWith(log, a, 'A1', 'A2')
    const events = await read(log, a)
    await log.close()
    const again = await openSqliteLog({ path: place.path })
    expect(await read(again, a)).toEqual(events)
    await again.close()
  })
})

describe('a SQLite', () => {
  it('older than the first one that is safe with two writers is refused, and the message says what to install', async () => {
    for (const sqliteVersion of ['3.7.0', '3.45.1', '3.51.2']) {
      const opening = openSqliteLog({ path: place.path, driver: wrapped(driver, { sqliteVersion }) })
      await expect(opening).rejects.toMatchObject({
        code: 'STORE_UNSUPPORTED',
        hint: expect.stringContaining('better-sqlite3'),
      })
    }
    expect(isAtLeast('3.51.3', oldestSqlite)).toBe(true)
    expect(isAtLeast('3.53.0', oldestSqlite)).toBe(true)
    expect(isAtLeast('4.0', oldestSqlite)).toBe(true)
    expect(isAtLeast('3.51', oldestSqlite)).toBe(false)
  })
})

describe('opening', () => {
  it('refuses a store of a newer schema and leaves it as it was', async () => {
    await (await openSqliteLog({ path: place.path })).close()
    change('PRAGMA user_version = 99')
    const before = await readFile(place.path)
    await expect(openSqliteLog({ path: place.path })).rejects.toMatchObject({ code: 'STORE_TOO_NEW' })
    await expect(openSqliteLog({ path: place.path, readOnly: true })).rejects.toMatchObject({
      code: 'STORE_TOO_NEW',
    })
    expect(sha256(await readFile(place.path))).toBe(sha256(before))
  })

  it('refuses a SQLite file of another program and leaves it as it was', async () => {
    await mkdir(dirname(place.path))
    change('CREATE TABLE recipes (title TEXT)')
    const before = await readFile(place.path)
    await expect(openSqliteLog({ path: place.path })).rejects.toMatchObject({ code: 'STORE_UNSUPPORTED' })
    expect(sha256(await readFile(place.path))).toBe(sha256(before))
  })

  it('says that a file is damaged when it is no SQLite file or its end is gone', async () => {
    await mkdir(dirname(place.path))
    await writeFile(place.path, 'this is not a database, it only looks like a file\n'.repeat(100))
    await expect(openSqliteLog({ path: place.path })).rejects.toMatchObject({
      code: 'DAMAGED_RECORD',
      details: { path: place.path },
    })
    const other = await temporaryLog()
    const log = await openSqliteLog({ path: other.path })
    await streamWith(log, a, ...Array.from({ length: 200 }, (_, index) => `T${index}`))
    await log.close()
    await truncate(other.path, 20_480)
    const looking = openSqliteLog({ path: other.path }).then(async (opened) => {
      try {
        return await read(opened, a)
      } finally {
        await opened.close()
      }
    })
    await expect(looking).rejects.toMatchObject({ code: 'DAMAGED_RECORD' })
    await other.remove()
  })

  it('to read only: what is there can be read, nothing can be written, and nothing is made', async () => {
    await expect(openSqliteLog({ path: place.path, readOnly: true })).rejects.toMatchObject({
      code: 'HOME_NOT_FOUND',
    })
    const log = await openSqliteLog({ path: place.path })
    await streamWith(log, a, 'A1')
    await log.close()
    const reader = await openSqliteLog({ path: place.path, readOnly: true })
    expect((await read(reader, a)).map(word)).toEqual(['A1'])
    const writing = reader.transact((transaction) => transaction.putBookmark('a', 'b'))
    await expect(writing).rejects.toMatchObject({ code: 'HOME_NOT_WRITABLE' })
    await reader.close()
  })

  it('ended half-way through making the tables leaves no table, and the next one succeeds', async () => {
    const executing = (sql: string) => {
      if (sql.includes('PRAGMA application_id =')) throw new Error('the power is gone')
    }
    await expect(openSqliteLog({ path: place.path, driver: wrapped(driver, { executing }) })).rejects.toThrow(
      'power',
    )
    const connection = driver.open(place.path, 'read-write')
    expect(connection.prepare('SELECT name FROM sqlite_schema').all()).toEqual([])
    connection.close()
    const log = await openSqliteLog({ path: place.path })
    await streamWith(log, a, 'A1')
    await log.close()
  })
})

describe('a full disk', () => {
  it('stops an append with a clear error; what was acknowledged stays, and with room it goes on', async () => {
    let connection: SqlConnection | undefined
    const opened = (made: SqlConnection) => {
      connection = made
    }
    const log = await openSqliteLog({ path: place.path, driver: wrapped(driver, { opened }) })
    await streamWith(log, a)
    connection?.exec('PRAGMA max_page_count = 60')
    let acknowledged = 0
    const filling = async () => {
      for (; acknowledged < 10_000; acknowledged++) await streamWith(log, a, `T${acknowledged}`)
    }
    await expect(filling()).rejects.toMatchObject({ code: 'STORE_FULL' })
    expect(acknowledged).toBeGreaterThan(10)
    expect((await read(log, a)).length).toBe(acknowledged)
    connection?.exec('PRAGMA max_page_count = 10000')
    await streamWith(log, a, 'more')
    expect((await read(log, a)).length).toBe(acknowledged + 1)
    await log.close()
  })
})

describe('the write lock', () => {
  it('of another process is waited for, and the event loop turns meanwhile', async () => {
    const log = await openSqliteLog({ path: place.path })
    await streamWith(log, a)
    const other = driver.open(place.path, 'read-write')
    other.exec('BEGIN IMMEDIATE')
    let turns = 0
    const turning = setInterval(() => {
      turns += 1
    }, 1)
    const appending = streamWith(log, a, 'A1')
    expect(await read(log, a)).toEqual([])
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(await log.position()).toBe(0)
    other.exec('COMMIT')
    other.close()
    await appending
    clearInterval(turning)
    expect(turns).toBeGreaterThan(10)
    expect((await read(log, a)).map(word)).toEqual(['A1'])
    await log.close()
  })

  it('is given up after a time with a clear error', async () => {
    await (await openSqliteLog({ path: place.path })).close()
    const other = driver.open(place.path, 'read-write')
    other.exec('BEGIN IMMEDIATE')
    const database = new Database(driver, driver.open(place.path, 'read-write'), place.path, false)
    await expect(database.writing(() => 1, 60)).rejects.toMatchObject({ code: 'STORE_BUSY' })
    other.exec('COMMIT')
    expect(await database.writing(() => 1, 60)).toBe(1)
    other.close()
    database.close()
  })
})

describe('a long read', () => {
  it('crosses from SQLite in packed pages, never row by row', async () => {
    const statements: string[] = []
    const executing = (sql: string) => {
      statements.push(sql)
    }
    const log = await openSqliteLog({ path: place.path, driver: wrapped(driver, { executing }) })
    await streamWith(log, a, ...Array.from({ length: 1_000 }, (_, index) => `T${index}`))
    statements.length = 0
    expect((await read(log, a)).length).toBe(1_000)
    expect(statements.filter((sql) => sql.includes('group_concat')).length).toBe(8)
    expect(statements.filter((sql) => sql.includes('e.envelope'))).toEqual([])
    await log.close()
  })
})

describe('a changed byte', () => {
  /** Each statement adds to, or flips, one byte of a column at version 3 of 5. */
  const columns = ['envelope', 'data', 'salt', 'hash'] as const

  it.each(columns)(
    'of %s is found at its version by the chain, wherever it is, and in the texts by reading too',
    async (column) => {
      await fiveEvents()
      const length = Number(ask(`SELECT length(CAST(${column} AS BLOB)) FROM events WHERE position = 3`))
      for (let at = 1; at <= length; at += column === 'envelope' ? 7 : 1) {
        const hex = String(
          ask(`SELECT hex(substr(CAST(${column} AS BLOB), ${at}, 1)) FROM events WHERE position = 3`),
        )
        const changed = (Number.parseInt(hex, 16) ^ 0x02).toString(16).padStart(2, '0')
        const value = (byte: string) => {
          const bytes = `substr(CAST(${column} AS BLOB), 1, ${at - 1}) || x'${byte}' || substr(CAST(${column} AS BLOB), ${at + 1})`
          return column === 'salt' || column === 'hash' ? `CAST(${bytes} AS BLOB)` : `CAST(${bytes} AS TEXT)`
        }
        change(`UPDATE events SET ${column} = ${value(changed)} WHERE position = 3`)
        expect(await firstProblem(), `byte ${at}`).toBe(3)
        if (column === 'envelope' || column === 'data') expect(await readsUpTo()).toBe('version 3 is damaged')
        change(`UPDATE events SET ${column} = ${value(hex)} WHERE position = 3`)
      }
      expect(await firstProblem()).toBeNull()
    },
  )

  it.each([
    [
      'position',
      'UPDATE events SET position = position + 1000 WHERE position = 3',
      3,
      'version 3 is damaged',
    ],
    [
      'position, so far out that none comes after it',
      'UPDATE events SET position = position + (1 << 60) WHERE position = 3',
      3,
      'version 3 is damaged',
    ],
    ['checksum', 'UPDATE events SET checksum = checksum + 1 WHERE position = 3', 3, 'version 3 is damaged'],
    ['version', 'UPDATE events SET place = place + 1000 WHERE position = 3', 3, null],
    ['the last row, gone', 'DELETE FROM events WHERE position = 5', null, 'version 5 is damaged'],
    ['a row in the middle, gone', 'DELETE FROM events WHERE position = 2', 2, 'version 2 is damaged'],
    ['head version', 'UPDATE streams SET version = version - 1', null, 'version 4 is damaged'],
    [
      'head hash',
      `UPDATE streams SET hash = CASE substr(hash, 1, 1) WHEN '0' THEN '1' ELSE '0' END || substr(hash, 2)`,
      null,
      'version 5 is damaged',
    ],
  ])('of %s is found', async (what, sql, problemAt, readError) => {
    await fiveEvents()
    change(sql)
    expect(await firstProblem()).toBe(problemAt)
    const outcome = await readsUpTo()
    if (readError !== null) expect(outcome).toBe(readError)
    else expect(outcome).not.toBe('all read')
    const log = await openSqliteLog({ path: place.path })
    const appending = log.transact((transaction) => transaction.append(a, [taskAdded('X')], summary))
    const appended = await appending.then(
      () => 'appended',
      (error: unknown) => (error as { code: string }).code,
    )
    // Damage in the middle is for readers to find; the end is looked at before anything is appended to it.
    expect(appended).toBe(/head|version|last|none comes after/.test(what) ? 'DAMAGED_RECORD' : 'appended')
    await log.close()
  })

  it('of a content is found by reading it and by the audit; of a snapshot it is handed on for its hash to tell', async () => {
    const log = await openSqliteLog({ path: place.path })
    const text = 'a text that is long enough to be compressed. '.repeat(10)
    await streamWith(log, a, 'A1')
    await log.transact((transaction) => {
      transaction.putContent(sha256(text), Buffer.from(text))
      transaction.putContent(sha256('short'), Buffer.from('short'))
      transaction.putSnapshot(snapshotOf(a, 1, { body: Buffer.from([1, 2, 3]) }))
    })
    await log.close()
    const length = Number(ask(`SELECT length(body) FROM contents WHERE key = 1`))
    for (let at = 1; at <= length; at += 5) {
      const byte = Number.parseInt(
        String(ask(`SELECT hex(substr(body, ${at}, 1)) FROM contents WHERE key = 1`)),
        16,
      )
      const put = (value: number) =>
        change(
          `UPDATE contents SET body = CAST(substr(body, 1, ${at - 1}) || x'${value.toString(16).padStart(2, '0')}' || substr(body, ${at + 1}) AS BLOB) WHERE key = 1`,
        )
      put(byte ^ 0x10)
      const damagedLog = await openSqliteLog({ path: place.path })
      await expect(damagedLog.content(sha256(text)), `byte ${at}`).rejects.toMatchObject({
        code: 'DAMAGED_RECORD',
      })
      const audit = await listed(damagedLog.auditContents())
      expect(audit.map(({ problem }) => problem === null)).toEqual([false, true])
      await damagedLog.close()
      put(byte)
    }
    change(`UPDATE snapshots SET body = x'010299'`)
    const again = await openSqliteLog({ path: place.path })
    expect((await listed(again.snapshots(a))).map(({ body }) => [...body])).toEqual([[1, 2, 0x99]])
    await again.close()
  })
})

describe('limits', () => {
  it('of a text are kept', async () => {
    const log = await openSqliteLog({ path: place.path })
    const large = Buffer.alloc(limits.contentBytesMax + 1)
    const putting = log.transact((transaction) => transaction.putContent(sha256(large), large))
    await expect(putting).rejects.toMatchObject({ code: 'LIMIT_REACHED' })
    await log.close()
  })
})

async function fiveEvents(): Promise<void> {
  const log = await openSqliteLog({ path: place.path })
  await streamWith(log, a, 'A1', 'A2', 'A3')
  await log.transact((transaction) => transaction.append(a, batchOfTasks('two', 'A4', 'A5'), summary))
  await log.close()
}

/** The version at which following the chain of rows finds the first problem. */
async function firstProblem(): Promise<number | null> {
  const log = await openSqliteLog({ path: place.path })
  const check = new ChainCheck(a, 0, '')
  const problems = (await rowsOf(log, a)).flatMap((row) => check.check(row).problems)
  await log.close()
  return problems[0]?.version ?? null
}

/** What reading the whole stream ends with. */
async function readsUpTo(): Promise<string> {
  const log = await openSqliteLog({ path: place.path })
  try {
    await collected(log.read(a))
    return 'all read'
  } catch (error) {
    expect(error).toMatchObject({ code: 'DAMAGED_RECORD' })
    return /version \d+ is damaged/.exec(String(error))?.[0] ?? String(error)
  } finally {
    await log.close()
  }
}

/** Changes the file behind the log's back. */
function change(sql: string): void {
  const connection = driver.open(place.path, 'read-write')
  connection.exec(sql)
  connection.close()
}

function ask(sql: string): unknown {
  const connection = driver.open(place.path, 'read-write')
  const [value] = Object.values(connection.prepare(sql).get() ?? {})
  connection.close()
  return value
}

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777
}
