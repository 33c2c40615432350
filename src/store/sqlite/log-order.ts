/** Events of all streams in the order in which they were appended, for whoever follows the log. */
import type { LoggedEvent } from '../../events/envelope.ts'
import { limits } from '../../kernel/limits.ts'
import { decodeRow } from '../../log/codec.ts'
import {
  type BlockPlace,
  blocksBetween,
  eventsInBlock,
  firstBlockEnd,
  newestSealedPosition,
} from './blocks.ts'
import { integerOf, textOf } from './columns.ts'
import type { Database } from './database.ts'
import { placesPerStream } from './places.ts'
import { rowColumns, rowOf } from './reading.ts'
import { sessionIdOf } from './streams.ts'

const rowsPerPage = 250

/** Blocks that are kept open for the next pages; where more lie side by side, they are opened anew. */
const blocksKeptMax = 64

/** Events of all streams after a position, up to and with the position `last`, in pages. */
export function* pagesOfLog(
  database: Database,
  afterPosition: number,
  last: number,
): Generator<readonly LoggedEvent[], void, undefined> {
  const read = new Map<string, readonly LoggedEvent[]>()
  let after = afterPosition
  while (after < last) {
    // One moment: nobody seals rows between the look at the blocks and the look at the rows.
    const page = database.reading(() => readPage(database, after, last, read))
    for (let start = 0; start < page.events.length; start += limits.pageEventsMax) {
      yield page.events.slice(start, start + limits.pageEventsMax)
    }
    after = page.reached
  }
}

interface LogPage {
  readonly events: readonly LoggedEvent[]
  /** No event up to this position is left out. */
  readonly reached: number
}

function readPage(
  database: Database,
  after: number,
  last: number,
  read: Map<string, readonly LoggedEvent[]>,
): LogPage {
  // Up to the end of the block that ends first, then on from there with the next one.
  const end = Math.min(last, firstBlockEnd(database, after) ?? last)
  const rows = rowsAfter(database, after, end)
  const reached = rows.length < rowsPerPage ? end : (rows[rows.length - 1]?.position ?? end)
  const blocks = blocksBetween(database, after, reached)
  const sealed = blocks
    .flatMap((block) => eventsOf(database, block, read))
    .filter(({ position }) => position > after && position <= reached)
  if (read.size > blocksKeptMax) read.clear()
  if (sealed.length === 0) return { events: rows, reached }
  return { events: [...sealed, ...rows].sort((a, b) => a.position - b.position), reached }
}

function rowsAfter(database: Database, after: number, to: number): readonly LoggedEvent[] {
  // CROSS JOIN keeps the order of the loops: events by position, the stream of each looked up.
  const sql = `
    SELECT s.session_id, s.key, ${rowColumns} FROM events e CROSS JOIN streams s ON s.key = e.place / ${placesPerStream}
    WHERE e.position > ? AND e.position <= ? ORDER BY e.position LIMIT ${rowsPerPage}`
  return database
    .all(sql, after, to)
    .map((row) => decodeRow(textOf(row, 'session_id'), rowOf(row, integerOf(row, 'key'))))
}

/** Blocks of several streams lie side by side in the log, so each is needed for several pages. */
function eventsOf(
  database: Database,
  block: BlockPlace,
  read: Map<string, readonly LoggedEvent[]>,
): readonly LoggedEvent[] {
  const name = `${block.key}/${block.first}/${block.hotChecksum}/${block.checksum}`
  let events = read.get(name)
  if (events === undefined) {
    events = eventsInBlock(database, sessionIdOf(database, block.key), block)
    read.set(name, events)
  }
  return events
}

/** Position of the newest event; 0 when there is none. */
export function newestPosition(database: Database): number {
  // Ordered by the column and not by what is selected: the index knows its end.
  const sql = 'SELECT CAST(e.position AS REAL) AS position FROM events e ORDER BY e.position DESC LIMIT 1'
  const row = database.get(sql)
  const newestRow = row === undefined ? 0 : integerOf(row, 'position')
  return Math.max(newestRow, newestSealedPosition(database))
}
