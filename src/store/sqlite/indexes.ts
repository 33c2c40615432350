/**
 * The indexes of a stream (batches by command, reports of model calls) compared with the events they were taken from. The log
 * alone is the truth: an entry that does not follow from it is damage to the index, and is told with the version it is about.
 */
import type { IndexProblem } from '../../log/port.ts'
import { integerOf } from './columns.ts'
import type { Database } from './database.ts'
import { placesPerStream } from './migrations.ts'

/** Damaged texts are found elsewhere; here they must only not stop the query. */
const field = (column: string, path: string): string =>
  `CASE WHEN json_valid(e.${column}) THEN json_extract(e.${column}, '$.${path}') END`

const isReport = `${field('envelope', 'type')} = 'usage.recorded' AND coalesce(${field('data', 'inherited')}, 0) = 0`

/** Each query gives the versions at which something does not agree, in the stream `at.stream`, whose places begin at `at.first`. */
const queries: readonly { readonly detail: string; readonly sql: string }[] = [
  {
    detail: 'the index of commands does not lead to this batch',
    sql: `SELECT e.place - at.first AS version FROM at JOIN events e ON e.place BETWEEN at.first AND at.first + ${placesPerStream - 1}
      LEFT JOIN batches b ON b.stream = at.stream AND b.command_id = ${field('envelope', 'commandId')}
      WHERE ${field('envelope', 'index')} = 0
      AND b.version IS NOT e.place - at.first`,
  },
  {
    detail: 'the index of commands leads here, where no such batch begins',
    sql: `SELECT b.version FROM at JOIN batches b ON b.stream = at.stream LEFT JOIN events e ON e.place = at.first + b.version
      WHERE ${field('envelope', 'commandId')} IS NOT b.command_id`,
  },
  {
    detail: 'the index of model calls does not say what this report says',
    sql: `SELECT e.place - at.first AS version FROM at JOIN events e ON e.place BETWEEN at.first AND at.first + ${placesPerStream - 1}
      LEFT JOIN calls c ON c.stream = at.stream AND c.version = e.place - at.first AND c.call_id = ${field('data', 'callId')}
      WHERE ${isReport}
      AND (c.input_tokens IS NOT ${field('data', 'inputTokens')} OR c.output_tokens IS NOT ${field('data', 'outputTokens')}
      OR c.cache_read_tokens IS NOT ${field('data', 'cacheReadTokens')}
      OR c.cache_creation_tokens IS NOT ${field('data', 'cacheCreationTokens')})`,
  },
  {
    detail: 'the index of model calls names a report that is not there',
    sql: `SELECT c.version FROM at JOIN calls c ON c.stream = at.stream LEFT JOIN events e ON e.place = at.first + c.version
      WHERE ${field('data', 'callId')} IS NOT c.call_id`,
  },
]

/** What of a stream's indexes does not follow from its events. */
export function* indexProblems(database: Database, stream: number): Generator<IndexProblem, void, undefined> {
  for (const { detail, sql } of queries) {
    const rows = database.all(
      `WITH at(first, stream) AS (VALUES (?, ?)) ${sql}`,
      stream * placesPerStream,
      stream,
    )
    for (const row of rows) yield { version: integerOf(row, 'version'), detail }
  }
}

/** How many events belong to no stream. */
export function orphanedEvents(database: Database): number {
  const sql = `SELECT count(*) AS orphans FROM events e LEFT JOIN streams s ON s.key = e.place / ${placesPerStream} WHERE s.key IS NULL`
  return integerOf(database.get(sql) ?? {}, 'orphans')
}
