/** Reads the events of a stream, from blocks and from rows: whole, as far as folding looks at them, or unchecked as rows. */
import type { LoggedEvent } from '../../events/envelope.ts'
import type { FoldablePage } from '../../fold/page.ts'
import { damaged, decodeRow } from '../../log/codec.ts'
import { decodePage } from '../../log/page.ts'
import type { RowPage, StoredRow, VersionRange } from '../../log/port.ts'
import {
  type BlockPlace,
  blockAfter,
  blockAt,
  eventsInBlock,
  foldableInBlock,
  rowsInBlock,
  rowsToCheckInBlock,
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
    yield* pieceByPiece(database, run, rowsPerPackedPage, (piece) =>
      piece.block === null
        ? readPage(database, run, piece.first, piece.last)
        : eventsInBlock(database, run.sessionId, piece.block, piece),
    )
  }
}

/** The same events as far as folding looks at them: sealed ones are read for a fraction of the cost. */
export function* pagesToFold(
  database: Database,
  stream: StoredStream,
  range: VersionRange,
): Generator<FoldablePage, void, undefined> {
  const { after = 0, to = stream.version } = range
  if (to >= stream.version) requireHead(database, stream)
  for (const run of runsOf(database, stream, after, Math.min(to, stream.version))) {
    yield* pieceByPiece(database, run, rowsPerPackedPage, (piece) =>
      piece.block === null
        ? readPage(database, run, piece.first, piece.last)
        : foldableInBlock(database, run.sessionId, piece.block, piece),
    )
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
 * Reads the versions of a run where they lie, piece by piece. Each is looked up and read at one moment, as others may seal rows or open blocks
 * between two of them. Rows come in pieces of at most `rowsMax`.
 */
function* pieceByPiece<T>(
  database: Database,
  { key, after, to }: Pick<HeldRun, 'key' | 'after' | 'to'>,
  rowsMax: number,
  read: (piece: Piece) => T,
): Generator<T, void, undefined> {
  let next = after + 1
  while (next <= to) {
    const first = next
    const { page, last } = database.reading(() => {
      const block = blockAt(database, key, first)
      const end = block?.last ?? (blockAfter(database, key, first)?.first ?? Number.POSITIVE_INFINITY) - 1
      const piece = { block, first, last: Math.min(to, end, block === null ? first + rowsMax - 1 : end) }
      return { page: read(piece), last: piece.last }
    })
    yield page
    next = last + 1
  }
}

function between<T extends { readonly version: number }>(
  events: readonly T[],
  block: BlockPlace,
  piece: Pick<Piece, 'first' | 'last'>,
): readonly T[] {
  if (isWholeBlock(block, piece)) return events
  return events.filter(({ version }) => version >= piece.first && version <= piece.last)
}

function isWholeBlock(block: BlockPlace, { first, last }: Pick<Piece, 'first' | 'last'>): boolean {
  return first === block.first && last === block.last
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

/** Rows that a stream holds itself, unchecked, in pages. Where some are missing, the next ones come all the same. */
export function* pagesOfRows(
  database: Database,
  stream: Pick<StoredStream, 'key'>,
  range: VersionRange,
): Generator<readonly StoredRow[], void, undefined> {
  yield* heldIn(
    database,
    stream,
    range,
    (rows) => rows,
    (block, piece) => between(rowsInBlock(database, block), block, piece),
  )
}

/** The same rows for whoever checks them, sealed ones with their events. */
export function* pagesToCheck(
  database: Database,
  stream: Pick<StoredStream, 'key'>,
  range: VersionRange,
): Generator<RowPage, void, undefined> {
  const pages = heldIn<Iterable<RowPage>>(
    database,
    stream,
    range,
    (rows) => [{ rows, events: null }],
    (block, piece) => rowsToCheckInBlock(database, block, piece),
  )
  for (const page of pages) yield* page
}

/**
 * Blocks and pages of rows that a stream holds itself, one after the other, without looking for what is missing between them. Each is
 * looked up and read at one moment.
 */
function* heldIn<T>(
  database: Database,
  { key }: Pick<StoredStream, 'key'>,
  range: VersionRange,
  ofRows: (rows: readonly StoredRow[]) => T,
  ofBlock: (block: BlockPlace, piece: Pick<Piece, 'first' | 'last'>) => T,
): Generator<T, void, undefined> {
  const last = Math.min(range.to ?? placesPerStream - 1, placesPerStream - 1)
  let next = Math.max(range.after ?? 0, 0) + 1
  while (next <= last) {
    const first = next
    const { held, reached } = database.reading(() => {
      const block = blockAt(database, key, first)
      if (block !== null) {
        const piece = { first, last: Math.min(last, block.last) }
        return { held: [ofBlock(block, piece)], reached: block.last }
      }
      const end = Math.min(last, (blockAfter(database, key, first)?.first ?? placesPerStream) - 1)
      const rows = rowsBetween(database, key, first, end)
      const isFull = rows.length >= rowsPerPage
      const newest = rows[rows.length - 1]?.version ?? end
      return { held: rows.length > 0 ? [ofRows(rows)] : [], reached: isFull ? newest : end }
    })
    yield* held
    next = reached + 1
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
  const pages = pieceByPiece(database, { ...run, after: first - 1 }, rowsPerBatch, (piece) =>
    piece.block === null
      ? readPlainly(database, run, piece.first, piece.last)
      : eventsInBlock(database, run.sessionId, piece.block, piece),
  )
  for (const page of pages) {
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
