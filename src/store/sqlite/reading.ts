/** Reads the events of a stream, from blocks and from rows: whole, as far as folding looks at them, or unchecked as rows. */
import type { FoldableEvent, LoggedEvent } from '../../events/envelope.ts'
import { damaged, decodeRow } from '../../log/codec.ts'
import { decodePage } from '../../log/page.ts'
import type { StoredRow, VersionRange } from '../../log/port.ts'
import {
  type BlockPlace,
  blockAfter,
  blockAt,
  eventsInBlock,
  foldableInBlock,
  rowsInBlock,
} from './blocks.ts'
import { bytesOf, integerOf, textOf } from './columns.ts'
import type { Database } from './database.ts'
import type { SqlRow } from './driver.ts'
import { placeOf, placesPerStream } from './places.ts'
import { type HeldRun, readHeadProblem, runsOf, type StoredStream } from './streams.ts'

/**
 * Rows of a packed page. Large enough that the calls into SQLite hardly count, small enough that its text stays out of
 * the part of the heap where large objects live: above about 130 kB a page costs half as much again.
 */
const rowsPerPackedPage = 128

/** Rows that are read to find the end of a batch: most have one or two. */
const rowsPerBatch = 16

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
  if (to >= stream.version) requireHead(database, stream)
  for (const run of runsOf(database, stream, after, Math.min(to, stream.version))) {
    for (const piece of piecesOf(database, run, rowsPerPackedPage)) {
      if (piece.block === null) yield readPage(database, run, piece.first, piece.last)
      else {
        const { block } = piece
        yield between(eventsInBlock(database, run.sessionId, block), block, piece)
      }
    }
  }
}

/** The same events as far as folding looks at them: sealed ones are read for a fraction of the cost. Unknown ones are left out. */
export function* pagesToFold(
  database: Database,
  stream: StoredStream,
  range: VersionRange,
): Generator<readonly (FoldableEvent | LoggedEvent)[], void, undefined> {
  const { after = 0, to = stream.version } = range
  if (to >= stream.version) requireHead(database, stream)
  for (const run of runsOf(database, stream, after, Math.min(to, stream.version))) {
    for (const piece of piecesOf(database, run, rowsPerPackedPage)) {
      if (piece.block === null) yield readPage(database, run, piece.first, piece.last)
      else {
        const { block } = piece
        yield between(foldableInBlock(database, run.sessionId, block), block, piece)
      }
    }
  }
}

function requireHead(database: Database, stream: StoredStream): void {
  const problem = readHeadProblem(database, stream)
  if (problem !== null) throw damaged(stream.sessionId, stream.version, problem)
}

/** Versions that lie together: in a block, or as rows. */
interface Piece {
  readonly block: BlockPlace | null
  readonly first: number
  readonly last: number
}

/**
 * Where the versions of a run lie, piece by piece, looked up when each is asked for: others may seal rows meanwhile. Rows come in pieces of at
 * most `rowsMax`.
 */
function* piecesOf(
  database: Database,
  { key, after, to }: Pick<HeldRun, 'key' | 'after' | 'to'>,
  rowsMax: number,
): Generator<Piece, void, undefined> {
  let next = after + 1
  while (next <= to) {
    const block = blockAt(database, key, next)
    const end = block?.last ?? (blockAfter(database, key, next)?.first ?? Number.POSITIVE_INFINITY) - 1
    const last = Math.min(to, end, block === null ? next + rowsMax - 1 : end)
    yield { block, first: next, last }
    next = last + 1
  }
}

function between<T extends { readonly version: number }>(
  events: readonly T[],
  block: BlockPlace,
  { first, last }: Piece,
): readonly T[] {
  if (first === block.first && last === block.last) return events
  return events.filter(({ version }) => version >= first && version <= last)
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
  // Sealed since it was looked up.
  const block = blockAt(database, run.key, first)
  if (block !== null) {
    return eventsInBlock(database, run.sessionId, block).filter(
      ({ version }) => version >= first && version <= last,
    )
  }
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

/** Rows that a stream holds itself, unchecked, in pages. Where some are missing, the next ones come all the same. */
export function* pagesOfRows(
  database: Database,
  { key }: Pick<StoredStream, 'key'>,
  range: VersionRange,
): Generator<readonly StoredRow[], void, undefined> {
  const last = Math.min(range.to ?? placesPerStream - 1, placesPerStream - 1)
  let next = Math.max(range.after ?? 0, 0) + 1
  while (next <= last) {
    const block = blockAt(database, key, next)
    if (block !== null) {
      const first = next
      yield rowsInBlock(database, block).filter(({ version }) => version >= first && version <= last)
      next = block.last + 1
      continue
    }
    const end = Math.min(last, (blockAfter(database, key, next)?.first ?? placesPerStream) - 1)
    const page = rowsBetween(database, key, next, end)
    // Where the first is not there, it may have been sealed since.
    if (page[0]?.version !== next && blockAt(database, key, next) !== null) continue
    if (page.length > 0) yield page
    const reached = page[page.length - 1]?.version ?? end
    if (page.length < rowsPerPage && end === last) return
    next = page.length < rowsPerPage ? end + 1 : reached + 1
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
  for (const piece of piecesOf(database, { ...run, after: first - 1 }, rowsPerBatch)) {
    const page =
      piece.block === null
        ? readPlainly(database, run, piece.first, piece.last)
        : between(eventsInBlock(database, run.sessionId, piece.block), piece.block, piece)
    for (const event of page) {
      if (event.commandId !== commandId) return batch
      batch.push(event)
    }
  }
  return batch
}

export function putRow(database: Database, key: number, row: StoredRow): void {
  database.run(
    'INSERT INTO events (place, position, checksum, salt, hash, envelope, data) VALUES (?, ?, ?, ?, ?, ?, ?)',
    placeOf(key, row.version),
    row.position,
    row.checksum,
    row.salt,
    Buffer.from(row.hash, 'hex'),
    row.envelope,
    row.data,
  )
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
