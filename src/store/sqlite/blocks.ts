/** The table of sealed blocks: which block holds a version, and what is in it. */
import type { LoggedEvent } from '../../events/envelope.ts'
import type { FoldablePage } from '../../fold/page.ts'
import { crc32 } from '../../kernel/hash.ts'
import { limits } from '../../kernel/limits.ts'
import { rowsWithEvents } from '../../log/block/check.ts'
import { wholeEvents } from '../../log/block/events.ts'
import { hashBytes, type SealedBlock } from '../../log/block/format.ts'
import type { RowRange } from '../../log/block/open.ts'
import { packedPage } from '../../log/block/page.ts'
import { unsealedRows } from '../../log/block/rows.ts'
import { decodeRow } from '../../log/codec.ts'
import type { RowPage, StoredRow } from '../../log/port.ts'
import { bytesOf, integerOf } from './columns.ts'
import type { Database } from './database.ts'
import type { SqlRow } from './driver.ts'
import { placesPerStream } from './places.ts'

/** Where a block lies, and what it is compared with; its bytes are read when they are needed. */
export interface BlockPlace {
  /** Number of the stream that holds it. */
  readonly key: number
  /** Versions of its first and last event. */
  readonly first: number
  readonly last: number
  readonly firstPosition: number
  readonly lastPosition: number
  readonly hotChecksum: number
  readonly checksum: number
}

export const blockColumns = `CAST(place AS REAL) AS place, CAST(last AS REAL) AS last, CAST(first_position AS REAL) AS first_position,
  CAST(last_position AS REAL) AS last_position, hot_checksum, checksum`

/** The block that holds a version of a stream, if it is sealed. */
export function blockAt(database: Database, key: number, version: number): BlockPlace | null {
  const sql = `SELECT ${blockColumns} FROM blocks WHERE place BETWEEN ? AND ? ORDER BY place DESC LIMIT 1`
  const row = database.get(sql, key * placesPerStream, key * placesPerStream + version)
  const block = row === undefined ? null : blockPlaceOf(row)
  return block !== null && block.last >= version ? block : null
}

/** The first block of a stream that begins after a version. */
export function blockAfter(database: Database, key: number, version: number): BlockPlace | null {
  const sql = `SELECT ${blockColumns} FROM blocks WHERE place > ? AND place < ? ORDER BY place LIMIT 1`
  const row = database.get(sql, key * placesPerStream + version, (key + 1) * placesPerStream)
  return row === undefined ? null : blockPlaceOf(row)
}

/** Blocks with events of the log after one position and up to another. */
export function blocksBetween(
  database: Database,
  afterPosition: number,
  toPosition: number,
): readonly BlockPlace[] {
  const sql = `SELECT ${blockColumns} FROM blocks WHERE last_position > ? AND first_position <= ?`
  return database.all(sql, afterPosition, toPosition).map(blockPlaceOf)
}

/** Where the first block ends that ends after a position. */
export function firstBlockEnd(database: Database, afterPosition: number): number | null {
  const sql = `SELECT CAST(b.last_position AS REAL) AS position FROM blocks b WHERE b.last_position > ?
    ORDER BY b.last_position LIMIT 1`
  const row = database.get(sql, afterPosition)
  return row === undefined ? null : integerOf(row, 'position')
}

export function blockPlaceOf(row: SqlRow): BlockPlace {
  const place = integerOf(row, 'place')
  const key = Math.floor(place / placesPerStream)
  const first = place - key * placesPerStream
  const last = integerOf(row, 'last') - key * placesPerStream
  return {
    key,
    first,
    // A damaged end would have it hold nothing, or more than can be: it is told by the checksum, and the versions behind it are missing.
    last: last >= first && last - first < limits.blockEventsMax ? last : first,
    firstPosition: integerOf(row, 'first_position'),
    lastPosition: integerOf(row, 'last_position'),
    hotChecksum: integerOf(row, 'hot_checksum'),
    checksum: integerOf(row, 'checksum'),
  }
}

/** Position of the newest sealed event; 0 when there is none. */
export function newestSealedPosition(database: Database): number {
  const sql =
    'SELECT CAST(b.last_position AS REAL) AS position FROM blocks b ORDER BY b.last_position DESC LIMIT 1'
  const row = database.get(sql)
  return row === undefined ? 0 : integerOf(row, 'position')
}

/** Version and chain hash of the newest sealed event of a stream. */
export function newestSealed(
  database: Database,
  key: number,
): { readonly version: number; readonly hash: string } | null {
  const sql = `SELECT CAST(last AS REAL) AS last, substr(hashes, -${hashBytes}) AS hash FROM blocks
    WHERE place BETWEEN ? AND ? ORDER BY place DESC LIMIT 1`
  const row = database.get(sql, key * placesPerStream, (key + 1) * placesPerStream - 1)
  if (row === undefined) return null
  return {
    version: integerOf(row, 'last') - key * placesPerStream,
    hash: bytesOf(row, 'hash').toString('hex'),
  }
}

/** Chain hash of a sealed event; `null` when that version is in no block. */
export function sealedHash(database: Database, key: number, version: number): string | null {
  const block = blockAt(database, key, version)
  if (block === null) return null
  const sql = `SELECT substr(hashes, ?, ${hashBytes}) AS hash FROM blocks WHERE place = ?`
  const row = database.get(sql, (version - block.first) * hashBytes + 1, placeOf(block))
  return row === undefined ? null : bytesOf(row, 'hash').toString('hex')
}

function placeOf({ key, first }: BlockPlace): number {
  return key * placesPerStream + first
}

/** Versions inside a block, both ends included. */
export type VersionsInBlock = Pick<BlockPlace, 'first' | 'last'>

/**
 * What a block holds for folding of the wanted versions; read row by row where it is unusual or damaged.
 *
 * @throws DamagedRecord with the version
 */
export function foldableInBlock(
  database: Database,
  sessionId: string,
  block: BlockPlace,
  wanted: VersionsInBlock = block,
): FoldablePage {
  const row = database.get('SELECT hot FROM blocks WHERE place = ?', placeOf(block))
  const hot = row === undefined ? null : bytesOf(row, 'hot')
  const events =
    hot !== null && crc32(hot) === block.hotChecksum ? packedPage(hot, rowsFor(block, wanted)) : null
  if (events !== null && events.length === wanted.last - wanted.first + 1) return events
  return eventsInBlock(database, sessionId, block, wanted)
}

/** Which rows of a block hold the wanted versions; nothing where these are all. */
function rowsFor(block: BlockPlace, { first, last }: VersionsInBlock): RowRange | undefined {
  if (first === block.first && last === block.last) return undefined
  return { from: first - block.first, to: last - block.first + 1 }
}

/** The block that was read last on each connection: whoever reads event by event stays in it. */
const newestRead = new WeakMap<
  Database,
  {
    readonly block: BlockPlace
    /** All its events; `null` while only a few of them have been asked for. */
    readonly events: readonly LoggedEvent[] | null
    readonly readTimes: number
  }
>()

/** Whoever asks for up to this share of a block's events gets them and no others are made, */
const fewEventsShare = 1 / 4

/** as long as he has not come back to the block so often: making all of them costs as much as a few such reads. */
const fewReadsMax = 4

/** The events of a block that are wanted, in the order of their versions. @throws DamagedRecord with the version */
export function eventsInBlock(
  database: Database,
  sessionId: string,
  block: BlockPlace,
  wanted: VersionsInBlock = block,
): readonly LoggedEvent[] {
  const newest = newestRead.get(database)
  const known = newest !== undefined && isSame(newest.block, block) ? newest : null
  const readTimes = known?.readTimes ?? 0
  const share = (wanted.last - wanted.first + 1) / (block.last - block.first + 1)
  if ((known?.events ?? null) === null && share <= fewEventsShare && readTimes < fewReadsMax) {
    newestRead.set(database, { block, events: null, readTimes: readTimes + 1 })
    return readEvents(database, sessionId, block, wanted)
  }
  const events = known?.events ?? readEvents(database, sessionId, block, block)
  newestRead.set(database, { block, events, readTimes })
  const rows = rowsFor(block, wanted)
  return rows === undefined ? events : events.slice(rows.from, rows.to)
}

function readEvents(
  database: Database,
  sessionId: string,
  block: BlockPlace,
  wanted: VersionsInBlock,
): readonly LoggedEvent[] {
  const { sealed, isSound } = readBlock(database, block)
  const fast = isSound ? wholeEvents(sealed, rowsFor(block, wanted)) : null
  const isWanted = fast?.[0]?.version === wanted.first && fast.length === wanted.last - wanted.first + 1
  if (fast !== null && isWanted) return fast
  return rowsInBlock(database, block)
    .slice(wanted.first - block.first, wanted.last - block.first + 1)
    .map((row) => decodeRow(sessionId, row))
}

function isSame(a: BlockPlace, b: BlockPlace): boolean {
  return (
    a.key === b.key &&
    a.first === b.first &&
    a.last === b.last &&
    a.hotChecksum === b.hotChecksum &&
    a.checksum === b.checksum
  )
}

/**
 * The rows of a block, unchecked, one for each version. What cannot be read any more stands as a row without texts, whose checksum is not
 * theirs.
 */
export function rowsInBlock(database: Database, block: BlockPlace): readonly StoredRow[] {
  return rowsOf(readBlock(database, block), block)
}

/** The same rows from one version to another, in pages; with their events as long as the block is sound and as usual. */
export function rowsToCheckInBlock(
  database: Database,
  block: BlockPlace,
  wanted: VersionsInBlock,
): Iterable<RowPage> {
  // Read at once, whenever the pages are asked for.
  return pagesToCheckOf(readBlock(database, block), block, wanted)
}

function* pagesToCheckOf(
  read: ReadBlock,
  block: BlockPlace,
  { first, last }: VersionsInBlock,
): Generator<RowPage, void, undefined> {
  let next = first
  if (read.isSound) {
    for (const page of rowsWithEvents(read.sealed, first - block.first, last - block.first + 1)) {
      if (page.rows[0]?.version !== next) break
      yield page
      next += page.rows.length
    }
  }
  if (next > last) return
  const rows = rowsOf(read, block).filter(({ version }) => version >= next && version <= last)
  yield { rows, events: null }
}

function rowsOf({ sealed, isSound }: ReadBlock, block: BlockPlace): readonly StoredRow[] {
  const rows = unsealedRows(sealed, isSound)
  return Array.from({ length: block.last - block.first + 1 }, (_, index) => {
    const row = rows[index]
    const version = block.first + index
    return row?.version === version ? row : unreadable(version, block.firstPosition + index)
  })
}

/** @param position the least that it can have had */
function unreadable(version: number, position: number): StoredRow {
  const nothing = { envelope: '', data: '', salt: new Uint8Array(), hash: '' }
  return { version, position, ...nothing, checksum: -1 }
}

interface ReadBlock {
  readonly sealed: SealedBlock
  /** Its bytes are those that were written. */
  readonly isSound: boolean
}

function readBlock(database: Database, block: BlockPlace): ReadBlock {
  const row =
    database.get('SELECT hot, cold, hashes, salts FROM blocks WHERE place = ?', placeOf(block)) ?? {}
  const sealed = {
    hot: bytesOf(row, 'hot'),
    cold: bytesOf(row, 'cold'),
    hashes: bytesOf(row, 'hashes'),
    salts: bytesOf(row, 'salts'),
  }
  const isSound = crc32(sealed.hot) === block.hotChecksum && checksumOf(sealed, block) === block.checksum
  return { sealed, isSound }
}

/** Whether the bytes of a block are those that were written. */
export function isBlockSound(database: Database, block: BlockPlace): boolean {
  return readBlock(database, block).isSound
}

/** Of everything but `hot`, which is read by itself: the places too, by which a block is found. */
function checksumOf(
  { cold, hashes, salts }: SealedBlock,
  block: Omit<BlockPlace, 'hotChecksum' | 'checksum'>,
): number {
  const { key, first, last, firstPosition, lastPosition } = block
  const places = `${key}/${first}/${last}/${firstPosition}/${lastPosition}`
  return crc32(places, crc32(salts, crc32(hashes, crc32(cold))))
}

/** Puts a block in the place of its rows. */
export function putBlock(
  database: Database,
  key: number,
  rows: readonly StoredRow[],
  sealed: SealedBlock,
): void {
  const [first] = rows
  const last = rows[rows.length - 1]
  if (first === undefined || last === undefined) return
  const place = key * placesPerStream
  const block = {
    key,
    first: first.version,
    last: last.version,
    firstPosition: first.position,
    lastPosition: last.position,
  }
  database.run(
    'INSERT INTO blocks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    place + first.version,
    place + last.version,
    first.position,
    last.position,
    crc32(sealed.hot),
    checksumOf(sealed, block),
    sealed.hot,
    sealed.cold,
    sealed.hashes,
    sealed.salts,
  )
  database.run('DELETE FROM events WHERE place BETWEEN ? AND ?', place + first.version, place + last.version)
}

/** Takes a block away; whoever calls has put its rows back. */
export function dropBlock(database: Database, block: BlockPlace): void {
  database.run('DELETE FROM blocks WHERE place = ?', placeOf(block))
}
