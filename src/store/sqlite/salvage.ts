/**
 * Reads what can still be read of a file, row by row, below the log: where SQLite stops at a torn page, it goes on behind it. Nothing of
 * what it gives has been checked. It works on a copy; the file itself is never opened.
 */
import { existsSync } from 'node:fs'
import { chmod, copyFile, mkdtemp, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DamagedRecord, WaymarkError } from '../../kernel/errors.ts'
import type { StoredRow, StoredSnapshot } from '../../log/port.ts'
import { blockColumns, blockPlaceOf, rowsInBlock } from './blocks.ts'
import { bytesOf, integerOf, integerOrNullOf, textOf, textOrNullOf } from './columns.ts'
import { type UnpackedContent, unpack } from './contents.ts'
import type { Database } from './database.ts'
import type { SqlRow } from './driver.ts'
import { damagedFile } from './faults.ts'
import { bestDriver, connect } from './open.ts'
import { placeOf, placesPerStream, streamsMax } from './places.ts'
import { rowColumns, rowOf } from './reading.ts'

/** Something that was read, or a range of keys at which nothing can be read. */
export type Piece<T> =
  | { readonly read: T }
  | { readonly from: number; readonly to: number; readonly reason: string }

/** What the table of streams says of one. */
export interface SalvagedStream {
  readonly key: number
  readonly sessionId: string
  readonly version: number
  readonly hash: string
  readonly parentKey: number | null
  readonly forkVersion: number | null
}

/** What a snapshot is of. What is in it can be made again from the events. */
export type SalvagedSnapshot = Pick<StoredSnapshot, 'checkpointId' | 'chainHash'>

export interface SalvagedContent extends UnpackedContent {
  readonly hash: string
}

export interface Salvage {
  streams(): Iterable<Piece<SalvagedStream>>
  /** Keys under which events lie, whether or not there is a stream. */
  keysOfEvents(): readonly number[]
  /** Rows of a stream; a range that cannot be read is told in versions. */
  rows(key: number): Iterable<Piece<StoredRow>>
  contents(): Iterable<Piece<SalvagedContent>>
  /** Versions of a stream's snapshots. */
  snapshotVersions(key: number): ReadonlySet<number>
  snapshot(key: number, version: number): SalvagedSnapshot | null
  /** `null` when they cannot be read. */
  bookmarks(): readonly (readonly [string, string])[] | null
}

const rowsPerPage = 250

/**
 * Copies the file into a folder of its own below `workspace`, hands the copy to `work`, and takes it away again.
 *
 * @throws DamagedRecord when not even its first page can be read; WaymarkError `STORE_UNSUPPORTED`.
 */
export async function withSalvage<T>(
  path: string,
  workspace: string,
  work: (salvage: Salvage) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(workspace, 'copy-'))
  try {
    const copy = join(folder, 'waymark.db')
    for (const suffix of ['', '-wal']) {
      if (!existsSync(`${path}${suffix}`)) continue
      await copyFile(`${path}${suffix}`, `${copy}${suffix}`)
      // A copy has the mode of its file, which may forbid to write.
      await chmod(`${copy}${suffix}`, 0o600)
    }
    await fillUp(copy)
    const database = connect(await bestDriver(), copy, 'read-write')
    try {
      requireReadable(database, path)
      return await work(salvageOf(database))
    } finally {
      database.close()
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** @throws DamagedRecord that names the file itself, and not its copy */
function requireReadable(database: Database, path: string): void {
  let hasEvents: boolean
  try {
    hasEvents =
      database.get("SELECT name FROM sqlite_schema WHERE type = 'table' AND name = 'events'") !== undefined
  } catch (error) {
    throw damagedFile(path, new Error(damageIn(error)))
  }
  if (hasEvents) return
  throw new DamagedRecord({
    message: `${path} is damaged: it holds no table of events, so there is nothing in it to save`,
    hint: 'keep the file as it is, and restore a backup or a bundle; waymark import brings back what transcripts hold',
    details: { path, reason: 'it holds no table of events' },
  })
}

function reasonOf({ details, message }: DamagedRecord): string {
  return typeof details.reason === 'string' ? details.reason : message
}

const headerBytes = 100

/** SQLite reads no page of a file that is shorter than its header says: what was cut off the copy comes back empty. */
async function fillUp(copy: string): Promise<void> {
  const file = await open(copy, 'r+')
  try {
    const header = Buffer.alloc(headerBytes)
    await file.read(header, 0, headerBytes, 0)
    // SQLite's file format: the page size at 16 (1 means 65,536), the number of pages at 28.
    const pageBytes = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16)
    const bytes = header.readUInt32BE(28) * pageBytes
    const { size } = await file.stat()
    const isSqlite = header.toString('latin1', 0, 15) === 'SQLite format 3'
    if (isSqlite && bytes > size && bytes <= size * grownMax) await file.truncate(bytes)
  } finally {
    await file.close()
  }
}

/** A header that says more than so many times the bytes there are is itself damaged. */
const grownMax = 1_000

function salvageOf(database: Database): Salvage {
  const noSnapshots: ReadonlySet<number> = new Set()
  return {
    streams: () => scan(database, streamsSql, { from: 0, to: streamsMax }, 'key', streamIn),
    keysOfEvents: () => keysOfEvents(database),
    rows: (key) => rowsOf(database, key),
    contents: () =>
      scan(database, contentsSql, { from: 0, to: Number.MAX_SAFE_INTEGER }, 'key', contentIn, 1),
    snapshotVersions: (key) =>
      attempt(
        () =>
          new Set(
            database
              .all('SELECT version FROM snapshots WHERE stream = ?', key)
              .map((row) => integerOf(row, 'version')),
          ),
        noSnapshots,
      ),
    snapshot: (key, version) => attempt(() => snapshotAt(database, key, version), null),
    bookmarks: () =>
      attempt(
        () =>
          database
            .all('SELECT key, value FROM bookmarks')
            .map((row) => [textOf(row, 'key'), textOf(row, 'value')] as const),
        null,
      ),
  }
}

/** Rows and blocks of a stream in the order of their versions. */
function* rowsOf(database: Database, key: number): Generator<Piece<StoredRow>, void, undefined> {
  const last = placesPerStream - 1
  let next = 1
  const rowsUpTo = function* (to: number): Generator<Piece<StoredRow>, void, undefined> {
    const range = { from: placeOf(key, next), to: placeOf(key, to) }
    if (next <= to)
      yield* inVersions(
        key,
        scan(database, rowsSql, range, 'place', (row) => rowOf(row, key)),
      )
  }
  const blocks = { from: placeOf(key, 1), to: placeOf(key, last) }
  for (const piece of scan(database, blocksSql, blocks, 'place', blockPlaceOf, 1)) {
    const [told] = inVersions(key, [piece])
    if (told === undefined) continue
    if ('read' in told) {
      // One that lies over the block before it holds nothing of its own.
      if (told.read.first < next) continue
      yield* rowsUpTo(told.read.first - 1)
      const { first, last } = told.read
      const lost: Piece<StoredRow> = { from: first, to: last, reason: 'its block cannot be read' }
      yield* attempt(() => inPieces(rowsInBlock(database, told.read)), [lost])
      next = told.read.last + 1
    } else {
      yield* rowsUpTo(told.from - 1)
      yield told
      next = told.to + 1
    }
  }
  yield* rowsUpTo(last)
}

/** Rows of a block; those that cannot be read any more have no texts, and neighbours of them are one piece. */
function inPieces(rows: readonly StoredRow[]): readonly Piece<StoredRow>[] {
  const reason = 'it cannot be read from its block any more'
  const pieces: Piece<StoredRow>[] = []
  for (const row of rows) {
    const before = pieces[pieces.length - 1]
    if (row.envelope !== '') pieces.push({ read: row })
    else if (before === undefined || 'read' in before) {
      pieces.push({ from: row.version, to: row.version, reason })
    } else pieces[pieces.length - 1] = { ...before, to: row.version }
  }
  return pieces
}

/** Ranges of places as ranges of versions. */
function* inVersions<T>(key: number, pieces: Iterable<Piece<T>>): Generator<Piece<T>, void, undefined> {
  for (const piece of pieces) {
    if ('read' in piece) yield piece
    else yield { ...piece, from: piece.from - placeOf(key, 0), to: piece.to - placeOf(key, 0) }
  }
}

const streamsSql =
  'SELECT key, session_id, version, hash, parent, fork_version FROM streams WHERE key BETWEEN ? AND ? ORDER BY key LIMIT ?'
const rowsSql = `SELECT ${rowColumns} FROM events e WHERE e.place BETWEEN ? AND ? ORDER BY e.place LIMIT ?`
const blocksSql = `SELECT ${blockColumns} FROM blocks WHERE place BETWEEN ? AND ? ORDER BY place LIMIT ?`
const contentsSql = 'SELECT key, hash, body FROM contents WHERE key BETWEEN ? AND ? ORDER BY key LIMIT ?'

function streamIn(row: SqlRow): SalvagedStream {
  return {
    key: integerOf(row, 'key'),
    sessionId: textOf(row, 'session_id'),
    version: integerOf(row, 'version'),
    hash: textOf(row, 'hash'),
    parentKey: integerOrNullOf(row, 'parent'),
    forkVersion: integerOrNullOf(row, 'fork_version'),
  }
}

function contentIn(row: SqlRow): SalvagedContent {
  const hash = bytesOf(row, 'hash').toString('hex')
  return { hash, ...unpack(bytesOf(row, 'body'), hash) }
}

function snapshotAt(database: Database, key: number, version: number): SalvagedSnapshot | null {
  const sql = 'SELECT checkpoint_id, chain_hash FROM snapshots WHERE stream = ? AND version = ?'
  const row = database.get(sql, key, version)
  if (row === undefined) return null
  return { checkpointId: textOrNullOf(row, 'checkpoint_id'), chainHash: textOf(row, 'chain_hash') }
}

function keysOfEvents(database: Database): readonly number[] {
  return [...new Set([...keysIn(database, 'events'), ...keysIn(database, 'blocks')])].sort((a, b) => a - b)
}

function keysIn(database: Database, table: 'events' | 'blocks'): readonly number[] {
  const sql = `SELECT CAST(place AS REAL) AS place FROM ${table} WHERE place BETWEEN ? AND ? ORDER BY place LIMIT ?`
  const keys: number[] = []
  const to = placeOf(streamsMax, placesPerStream - 1)
  const readable = (start: number): boolean => typeof rowsFrom(database, sql, start, to, 1) !== 'string'
  for (let from = 0; from <= to; ) {
    const rows = rowsFrom(database, sql, from, to, 1)
    if (typeof rows === 'string') {
      from = firstReadable(from, to, readable)
      continue
    }
    const [row] = rows
    if (row === undefined) break
    const place = integerOf(row, 'place')
    const key = Math.floor(place / placesPerStream)
    if (place >= from) keys.push(key)
    // A torn tree may answer with a place before the one that was asked for: the next stream is asked for all the same.
    from = placeOf(Math.max(key, Math.floor(from / placesPerStream)) + 1, 0)
  }
  return keys
}

interface KeyRange {
  readonly from: number
  readonly to: number
}

/**
 * Rows by their key, in order. Where reading fails, or a torn tree answers with keys before the one that was asked for, the next key is
 * looked for at which it does not. Each page ends behind where it began, so that it comes to an end whatever the tree says.
 */
function* scan<T>(
  database: Database,
  sql: string,
  { from, to }: KeyRange,
  column: string,
  take: (row: SqlRow) => T,
  pageRows = rowsPerPage,
): Generator<Piece<T>, void, undefined> {
  const pageFrom = (start: number, rows: number): readonly SqlRow[] | string => {
    const page = rowsFrom(database, sql, start, to, rows)
    const [first] = page
    const isBefore = typeof first === 'object' && integerOf(first, column) < start
    return isBefore ? outOfOrder : page
  }
  let next = from
  let limit = pageRows
  while (next <= to) {
    const page = pageFrom(next, limit)
    if (typeof page === 'string') {
      if (limit > 1) {
        limit = 1
        continue
      }
      const readable = firstReadable(next, to, (start) => typeof pageFrom(start, 1) !== 'string')
      yield { from: next, to: readable - 1, reason: page }
      next = readable
      limit = pageRows
      continue
    }
    const start = next
    for (const row of page) {
      const key = integerOf(row, column)
      if (key < start) yield { from: next, to: next, reason: outOfOrder }
      else {
        yield pieceOf(row, key, take)
        next = key + 1
      }
    }
    if (page.length < limit) return
  }
}

const outOfOrder = 'a row lies where its key does not belong'

function rowsFrom(
  database: Database,
  sql: string,
  from: number,
  to: number,
  limit: number,
): readonly SqlRow[] | string {
  try {
    return database.all(sql, from, to, limit)
  } catch (error) {
    return damageIn(error)
  }
}

/**
 * Why a read failed. On a copy that nobody else has open, whatever SQLite or its library says is the file's fault: a table that is not
 * there, a number that is larger than any that was written.
 *
 * @throws WaymarkError that is no damage, such as that of a disk that cannot be read
 */
function damageIn(error: unknown): string {
  if (error instanceof DamagedRecord) return reasonOf(error)
  if (!(error instanceof Error) || error instanceof WaymarkError) throw error
  return error.message
}

function pieceOf<T>(row: SqlRow, key: number, take: (row: SqlRow) => T): Piece<T> {
  try {
    return { read: take(row) }
  } catch (error) {
    if (!(error instanceof DamagedRecord)) throw error
    return { from: key, to: key, reason: reasonOf(error) }
  }
}

/** The first key after `from` at which reading works; behind `to` when there is none. Steps grow, then halve. */
function firstReadable(from: number, to: number, works: (start: number) => boolean): number {
  let bad = from
  let step = 1
  while (bad + step <= to && !works(bad + step)) {
    bad += step
    step *= 2
  }
  let good = Math.min(bad + step, to + 1)
  while (good - bad > 1) {
    const middle = bad + Math.floor((good - bad) / 2)
    if (works(middle)) good = middle
    else bad = middle
  }
  return good
}

function attempt<T>(read: () => T, otherwise: T): T {
  try {
    return read()
  } catch (error) {
    damageIn(error)
    return otherwise
  }
}
