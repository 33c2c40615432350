/** Opens a log in a SQLite file: picks a library, keeps the file private, brings its tables up to date. */
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { WaymarkError } from '../../kernel/errors.ts'
import { findBetterSqlite3 } from './better-sqlite3.ts'
import { Database } from './database.ts'
import { type DriverFound, isAtLeast, type OpenMode, oldestSqlite, type SqliteDriver } from './driver.ts'
import { faultOf, systemFaultOf } from './faults.ts'
import { SqliteLog } from './log.ts'
import { isUpToDate, migrate } from './migrations.ts'
import { findNodeSqlite } from './node-sqlite.ts'

export interface SqliteLogOptions {
  /** Path of the file. It and its folder are made when they are not there, for their owner alone. */
  readonly path: string
  /** Never writes, and opens only what is there. */
  readonly readOnly?: boolean
  /** The SQLite library to use; the best one present if left out. */
  readonly driver?: SqliteDriver
}

/** Milliseconds SQLite itself waits for a lock; longer waits are this store's, which does not hold up the event loop. */
const busyTimeoutMs = 5

/** Kibibytes of pages kept in memory, whatever the size of the file. */
const cacheKibibytes = 8_192

/** Bytes the write-ahead log shrinks to after a large transaction. */
const journalBytes = 67_108_864

/**
 * Opens the log in a SQLite file.
 *
 * @throws WaymarkError `STORE_UNSUPPORTED` without a SQLite that is new enough, `STORE_TOO_NEW`, `HOME_NOT_FOUND` (read-only),
 * `HOME_NOT_WRITABLE`, `STORE_FULL`, `STORE_FAILED`, `STORE_BUSY`, `DAMAGED_RECORD`.
 */
export async function openSqliteLog(options: SqliteLogOptions): Promise<SqliteLog> {
  const path = resolve(options.path)
  const readOnly = options.readOnly === true
  const driver = options.driver === undefined ? await bestDriver() : usable(options.driver)
  if (readOnly && !existsSync(path)) {
    throw new WaymarkError('HOME_NOT_FOUND', {
      message: `there is no log at ${path}`,
      hint: 'waymark init makes a home; --home <folder> or WAYMARK_HOME name another one',
      details: { path },
    })
  }
  if (!readOnly) makePrivate(path)
  const database = readOnly ? openForReading(driver, path) : connect(driver, path, 'read-write')
  try {
    if (readOnly) requireUpToDate(database)
    else await prepareForWriting(database)
    return new SqliteLog(database)
  } catch (error) {
    database.close()
    throw error
  }
}

/** All SQLite libraries there may be, best first, with the reason where one cannot be used here. */
export async function findDrivers(): Promise<readonly DriverFound[]> {
  const found = [findNodeSqlite(), await findBetterSqlite3()]
  return found.map((candidate) =>
    'missing' in candidate || isAtLeast(candidate.driver.sqliteVersion, oldestSqlite)
      ? candidate
      : { name: candidate.driver.name, missing: tooOld(candidate.driver) },
  )
}

/** @throws WaymarkError `STORE_UNSUPPORTED` without a SQLite that is new enough. */
export async function bestDriver(): Promise<SqliteDriver> {
  const builtIn = findNodeSqlite()
  if ('driver' in builtIn && isAtLeast(builtIn.driver.sqliteVersion, oldestSqlite)) return builtIn.driver
  const reasons: string[] = []
  for (const found of await findDrivers()) {
    if ('driver' in found) return found.driver
    reasons.push(`${found.name}: ${found.missing}`)
  }
  throw unsupported(reasons.join('; '))
}

function usable(driver: SqliteDriver): SqliteDriver {
  if (isAtLeast(driver.sqliteVersion, oldestSqlite)) return driver
  throw unsupported(`${driver.name}: ${tooOld(driver)}`)
}

function tooOld(driver: SqliteDriver): string {
  return `its SQLite ${driver.sqliteVersion} is older than ${oldestSqlite} and can damage a file that two processes write to`
}

function unsupported(reasons: string): WaymarkError {
  return new WaymarkError('STORE_UNSUPPORTED', {
    message: `no SQLite that can be used here (${reasons})`,
    hint: 'use Node 24 or later, or install a library: npm install better-sqlite3@12',
  })
}

/** SQLite gives the files beside the log the permissions of the log itself. */
function makePrivate(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600))
    for (const file of [path, `${path}-wal`, `${path}-shm`]) {
      if (existsSync(file) && (statSync(file).mode & 0o077) !== 0) chmodSync(file, 0o600)
    }
  } catch (error) {
    throw systemFaultOf(path, error instanceof Error ? error : new Error(String(error)))
  }
}

export function connect(driver: SqliteDriver, path: string, mode: OpenMode): Database {
  try {
    const database = new Database(driver, driver.open(path, mode), path, mode !== 'read-write')
    database.exec(`PRAGMA busy_timeout = ${busyTimeoutMs}`)
    return database
  } catch (error) {
    throw faultOf(error, driver, path)
  }
}

/** What SQLite says where it cannot make its helper files: the folder may not be written to, the disk is full or fails. */
const withoutHelpers: ReadonlySet<string> = new Set(['HOME_NOT_WRITABLE', 'STORE_FULL', 'STORE_FAILED'])

/**
 * A file with a write-ahead log needs helper files beside it even for reading. Where they cannot be made and with nothing left
 * in the log, the file can still be read as one that nobody changes.
 */
export function openForReading(driver: SqliteDriver, path: string): Database {
  const database = connect(driver, path, 'read-only')
  try {
    database.get('PRAGMA user_version')
    return database
  } catch (error) {
    database.close()
    const lacksHelpers = error instanceof WaymarkError && withoutHelpers.has(error.code)
    const hasLog = existsSync(`${path}-wal`) && statSync(`${path}-wal`).size > 0
    if (!lacksHelpers || hasLog) throw error
    return connect(driver, path, 'immutable')
  }
}

function requireUpToDate(database: Database): void {
  if (isUpToDate(database)) return
  throw new WaymarkError('HOME_NOT_WRITABLE', {
    message: `${database.path} was written by an older Waymark and has to be brought up to date before it can be read`,
    hint: 'waymark init brings it up to date; a program opens it once without readOnly',
    details: { path: database.path },
  })
}

/** Some file systems cannot share the memory that a write-ahead log needs; SQLite then silently stays with another journal. */
function requireWriteAheadLog(database: Database): void {
  const mode = database.get('PRAGMA journal_mode')?.journal_mode
  if (mode === 'wal') return
  throw new WaymarkError('STORE_UNSUPPORTED', {
    message: `SQLite cannot keep a write-ahead log beside ${database.path} (its journal is ${String(mode)})`,
    hint: 'choose a home on a local disk with --home <folder>',
    details: { path: database.path, journal: mode },
  })
}

/** Looks before it touches: a file that is too new or another program's stays as it is. */
async function prepareForWriting(database: Database): Promise<void> {
  const upToDate = await database.whenFree(() => isUpToDate(database))
  await database.whenFree(() => {
    database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA foreign_keys = ON;
      PRAGMA mmap_size = 0;
      PRAGMA cell_size_check = ON;
      PRAGMA trusted_schema = OFF;
      PRAGMA cache_size = -${cacheKibibytes};
      PRAGMA journal_size_limit = ${journalBytes};
    `)
  })
  requireWriteAheadLog(database)
  if (!upToDate) await migrate(database)
}
