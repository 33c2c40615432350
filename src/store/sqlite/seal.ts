/**
 * Puts old rows of a stream into sealed blocks, and takes them out again. A row that is not as it was written is never sealed: it stays
 * where it can be looked at.
 */
import { limits } from '../../kernel/limits.ts'
import { ChainCheck } from '../../log/chain.ts'
import { decodeRow } from '../../log/codec.ts'
import type { StoredRow } from '../../log/port.ts'
import { sealedBlock } from '../../log/seal.ts'
import { type BlockPlace, blockAfter, dropBlock, newestSealed, putBlock, rowsInBlock } from './blocks.ts'
import { integerOf } from './columns.ts'
import type { Database } from './database.ts'
import { placeOf, placesPerStream } from './places.ts'
import { pagesOfRows, putRow } from './reading.ts'
import { findStream, hashAt, type StoredStream } from './streams.ts'

/** Whether a stream of a version, sealed up to another, has enough events to seal the oldest. */
export function isSealingDue(version: number, sealedTo: number): boolean {
  return version - sealedTo >= limits.blockEventsMax + limits.unsealedEventsMin
}

/** The version up to which a stream's own events are sealed, or from which it was forked. */
export function sealedVersion(database: Database, { key, forkedFrom }: StoredStream): number {
  return newestSealed(database, key)?.version ?? forkedFrom?.version ?? 0
}

/** `unsound`: the rows that are next are not as they were written, or a block would not give them back. */
export type SealOutcome = 'sealed' | 'nothing to seal' | 'unsound'

/** Seals the oldest rows of a stream that can be sealed, one block of them. Called inside a write transaction. */
export function sealOldest(database: Database, sessionId: string): SealOutcome {
  const stream = findStream(database, sessionId)
  const range = stream === null ? null : sealableRange(database, stream)
  if (stream === null || range === null) return 'nothing to seal'
  const rows = [...pagesOfRows(database, stream, range)].flat()
  const isSound = rows.length === range.to - range.after && areSound(database, stream, range.after, rows)
  const block = isSound ? sealedBlock(sessionId, rows) : null
  if (block === null) return 'unsound'
  putBlock(database, stream.key, rows, block)
  return 'sealed'
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

/** Whether each row can be read and follows from the one before it. */
function areSound(
  database: Database,
  stream: StoredStream,
  after: number,
  rows: readonly StoredRow[],
): boolean {
  const check = new ChainCheck(stream.sessionId, after, hashAt(database, stream, after))
  return rows.every((row) => check.check(row).problems.length === 0)
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
