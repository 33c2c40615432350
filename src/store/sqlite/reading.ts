/** Reads events: in packed pages for replay, in plain rows for checking, in the order of the whole log for followers. */
import type { LoggedEvent } from '../../events/envelope.ts'
import { damaged, decodeRow } from '../../log/codec.ts'
import { decodePage } from '../../log/page.ts'
import type { StoredRow, VersionRange } from '../../log/port.ts'
import { bytesOf, integerOf, textOf } from './columns.ts'
import type { Database } from './database.ts'
import type { SqlRow } from './driver.ts'
import { placesPerStream } from './migrations.ts'
import { type HeldRun, placeOf, readHeadProblem, runsOf, type StoredStream } from './streams.ts'

/**
 * Rows of a packed page. Large enough that the calls into SQLite hardly count, small enough that its text stays out of
 * the part of the heap where large objects live: above about 130 kB a page costs half as much again.
 */
const rowsPerPackedPage = 128

/** Rows of a plain page. */
const rowsPerPage = 250

/** One row for many: the texts in one piece, line by line, and the numbers as lists. */
const packedSql = `
  SELECT count(*) AS rows, CAST(group_concat(envelope || char(10) || data, char(10)) AS BLOB) AS texts,
    group_concat(position) AS positions, group_concat(checksum) AS checksums
  FROM events WHERE place BETWEEN ? AND ?`

/** Integers as reals: a damaged one may be larger than JavaScript holds exactly, and still has to come across. */
export const rowColumns = `
  CAST(e.place AS REAL) AS place, CAST(e.position AS REAL) AS position, CAST(e.checksum AS REAL) AS checksum,
  e.salt, e.hash, e.envelope, e.data`

/**
 * Events of a stream in pages, inherited ones first.
 *
 * @throws DamagedRecord when one is missing or damaged, or when the range reaches the newest event and the head does not match it.
 */
export function* pagesOfEvents(
  database: Database,
  stream: StoredStream,
  range: VersionRange,
): Generator<readonly LoggedEvent[], void, undefined> {
  const { after = 0, to = stream.version } = range
  if (to >= stream.version) {
    const problem = readHeadProblem(database, stream)
    if (problem !== null) throw damaged(stream.sessionId, stream.version, problem)
  }
  for (const run of runsOf(database, stream, after, Math.min(to, stream.version))) {
    for (let first = run.after + 1; first <= run.to; first += rowsPerPackedPage) {
      yield readPage(database, run, first, Math.min(run.to, first + rowsPerPackedPage - 1))
    }
  }
}

function readPage(database: Database, run: HeldRun, first: number, last: number): readonly LoggedEvent[] {
  const row = database.get(packedSql, placeOf(run.key, first), placeOf(run.key, last))
  if (row !== undefined && integerOf(row, 'rows') === last - first + 1) {
    const page = decodePage({
      sessionId: run.sessionId,
      firstVersion: first,
      texts: bytesOf(row, 'texts'),
      positions: numbersOf(row, 'positions'),
      checksums: numbersOf(row, 'checksums'),
    })
    if (page !== null) return page.events
  }
  return readPlainly(database, run, first, last)
}

function numbersOf(row: SqlRow, column: string): readonly number[] {
  // A list of integers that SQLite has just written.
  return JSON.parse(`[${textOf(row, column)}]`) as number[]
}

/** The plain twin of a packed page: row by row. It also says which version is missing. */
function readPlainly(database: Database, run: HeldRun, first: number, last: number): readonly LoggedEvent[] {
  const events: LoggedEvent[] = []
  for (const row of rowsBetween(database, run.key, first, last)) {
    const expected = first + events.length
    if (row.version !== expected) throw damaged(run.sessionId, expected, 'it is not there')
    events.push(decodeRow(run.sessionId, row))
  }
  const next = first + events.length
  if (next <= last) throw damaged(run.sessionId, next, 'it is not there')
  return events
}

/** Rows that a stream holds itself, unchecked, in pages. */
export function* pagesOfRows(
  database: Database,
  key: number,
  range: VersionRange,
): Generator<readonly StoredRow[], void, undefined> {
  const last = Math.min(range.to ?? placesPerStream - 1, placesPerStream - 1)
  let next = Math.max(range.after ?? 0, 0) + 1
  while (next <= last) {
    const page = rowsBetween(database, key, next, last)
    if (page.length > 0) yield page
    if (page.length < rowsPerPage) return
    next = (page[page.length - 1]?.version ?? last) + 1
  }
}

function rowsBetween(database: Database, key: number, first: number, last: number): readonly StoredRow[] {
  const sql = `SELECT ${rowColumns} FROM events e WHERE e.place BETWEEN ? AND ? ORDER BY e.place LIMIT ${rowsPerPage}`
  return database.all(sql, placeOf(key, first), placeOf(key, last)).map((row) => rowOf(row, key))
}

/** The batch that begins at a version, up to the end of what `run` holds. */
export function readBatch(
  database: Database,
  run: HeldRun,
  first: number,
  commandId: string,
): readonly LoggedEvent[] {
  const batch: LoggedEvent[] = []
  for (const page of pagesOfRows(database, run.key, { after: first - 1, to: run.to })) {
    for (const row of page) {
      const event = decodeRow(run.sessionId, row)
      if (event.commandId !== commandId) return batch
      batch.push(event)
    }
  }
  return batch
}

/** Events of all streams after a position, up to and with the position `last`, in pages. */
export function* pagesOfLog(
  database: Database,
  afterPosition: number,
  last: number,
): Generator<readonly LoggedEvent[], void, undefined> {
  // CROSS JOIN keeps the order of the loops: events by position, the stream of each looked up.
  const sql = `
    SELECT s.session_id, s.key, ${rowColumns} FROM events e CROSS JOIN streams s ON s.key = e.place / ${placesPerStream}
    WHERE e.position > ? AND e.position <= ? ORDER BY e.position LIMIT ${rowsPerPage}`
  let after = afterPosition
  while (after < last) {
    const rows = database.all(sql, after, last)
    if (rows.length === 0) return
    yield rows.map((row) => decodeRow(textOf(row, 'session_id'), rowOf(row, integerOf(row, 'key'))))
    after = integerOf(rows[rows.length - 1] ?? {}, 'position')
  }
}

/** Position of the newest event; 0 when there is none. */
export function newestPosition(database: Database): number {
  // Ordered by the column and not by what is selected: the index knows its end.
  const sql = 'SELECT CAST(e.position AS REAL) AS position FROM events e ORDER BY e.position DESC LIMIT 1'
  const row = database.get(sql)
  return row === undefined ? 0 : integerOf(row, 'position')
}

export function rowOf(row: SqlRow, key: number): StoredRow {
  return {
    version: integerOf(row, 'place') - placeOf(key, 0),
    position: integerOf(row, 'position'),
    envelope: textOf(row, 'envelope'),
    data: textOf(row, 'data'),
    salt: bytesOf(row, 'salt'),
    hash: bytesOf(row, 'hash').toString('hex'),
    checksum: integerOf(row, 'checksum'),
  }
}
