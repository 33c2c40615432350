/**
 * Puts old rows of a stream into sealed blocks, and takes them out again. A row that is not as it was written is never sealed: it stays
 * where it can be looked at.
 */
import { WaymarkError } from '../../kernel/errors.ts'
import { limits } from '../../kernel/limits.ts'
import type { SealedBlock } from '../../log/block/format.ts'
import { type ReadRow, sealedBlock } from '../../log/block/seal.ts'
import { decodeRow } from '../../log/codec.ts'
import type { StoredRow } from '../../log/port.ts'
import {
  type BlockPlace,
  blockAfter,
  blockAt,
  dropBlock,
  newestSealed,
  putBlock,
  rowsInBlock,
} from './blocks.ts'
import { integerOf } from './columns.ts'
import type { Database } from './database.ts'
import { placeOf, placesPerStream } from './places.ts'
import { pagesOfRows, putRow } from './reading.ts'
import { findStream, type StoredStream } from './streams.ts'

/** Whether a stream of a version, sealed up to another, has enough events to seal the oldest. */
export function isSealingDue(version: number, sealedTo: number): boolean {
  return version - sealedTo >= limits.blockEventsMax + limits.unsealedEventsMin
}

/** The version up to which a stream's own events are sealed, or from which it was forked. */
export function sealedVersion(database: Database, { key, forkedFrom }: StoredStream): number {
  return newestSealed(database, key)?.version ?? forkedFrom?.version ?? 0
}

/** A block that was made of rows and has not taken their place yet. */
export interface PreparedBlock {
  readonly key: number
  readonly rows: readonly StoredRow[]
  readonly block: SealedBlock
}

/**
 * Makes a block of the oldest rows of a stream that can be sealed. It only reads, so that nobody waits for it.
 *
 * @returns `unsound` when those rows are not as they were written, or a block would not give them back.
 */
export function prepareBlock(
  database: Database,
  sessionId: string,
): PreparedBlock | 'nothing to seal' | 'unsound' {
  const stream = findStream(database, sessionId)
  const range = stream === null ? null : sealableRange(database, stream)
  if (stream === null || range === null) return 'nothing to seal'
  // A row that stands beside the block that holds it is none of ours.
  if (blockAt(database, stream.key, range.after + 1) !== null) return 'unsound'
  const rows = [...pagesOfRows(database, stream, range)].flat()
  const read = rows.length === range.to - range.after ? readRows(stream, range.after, rows) : null
  const block = read === null ? null : sealedBlock(read)
  return block === null ? 'unsound' : { key: stream.key, rows, block }
}

/**
 * Puts a block in the place of its rows, unless those have changed since. Called inside a write transaction.
 *
 * @returns whether it was put.
 */
export function putPrepared(database: Database, { key, rows, block }: PreparedBlock): boolean {
  const [first] = rows
  const last = rows[rows.length - 1]
  if (first === undefined || last === undefined) return false
  // Rows change by redaction alone, and with them their checksums.
  const now = database.get(
    'SELECT count(*) AS rows, sum(checksum) AS checksums FROM events WHERE place BETWEEN ? AND ?',
    placeOf(key, first.version),
    placeOf(key, last.version),
  )
  const checksums = rows.reduce((sum, { checksum }) => sum + checksum, 0)
  if (now?.rows !== rows.length || now.checksums !== checksums) return false
  putBlock(database, key, rows, block)
  return true
}

interface SealableRange {
  readonly after: number
  readonly to: number
}

/** Rows between two blocks, where data was taken out of one that was there; else the oldest of many rows at the end. */
function sealableRange(database: Database, stream: StoredStream): SealableRange | null {
  const { key, version } = stream
  const row = database.get(
    'SELECT CAST(e.place AS REAL) AS place FROM events e WHERE e.place BETWEEN ? AND ? ORDER BY e.place LIMIT 1',
    placeOf(key, 1),
    placeOf(key, placesPerStream - 1),
  )
  if (row === undefined) return null
  const after = integerOf(row, 'place') - placeOf(key, 0) - 1
  const next = blockAfter(database, key, after + 1)
  if (next !== null) return { after, to: Math.min(next.first - 1, after + limits.blockEventsMax) }
  return isSealingDue(version, after) ? { after, to: after + limits.blockEventsMax } : null
}

/**
 * The rows with their events; `null` unless each is there and can be read. Whether each follows from the one before it need not be asked: a
 * block keeps the hashes as they are, so that the chain tells the same of it as of the rows.
 */
function readRows(
  { sessionId }: StoredStream,
  after: number,
  rows: readonly StoredRow[],
): readonly ReadRow[] | null {
  if (!rows.every(({ version }, index) => version === after + index + 1)) return null
  try {
    return rows.map((row) => ({ row, event: decodeRow(sessionId, row) }))
  } catch (error) {
    if (error instanceof WaymarkError) return null
    throw error
  }
}

/**
 * Puts the rows of a block back, so that one of them can be changed. Called inside a write transaction.
 *
 * @throws DamagedRecord for a row that is not as it was written: in the block somebody may still find out what it was.
 */
export function unseal(database: Database, sessionId: string, block: BlockPlace): void {
  const rows = rowsInBlock(database, block)
  for (const row of rows) decodeRow(sessionId, row)
  dropBlock(database, block)
  for (const row of rows) putRow(database, block.key, row)
}
