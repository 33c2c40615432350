/** Counters of each report of a model call, taken from its event: so that a call is counted once, wherever it is reported again. */
import type { Counters } from '../../events/shapes.ts'
import type { ReportedCall } from '../../log/calls.ts'
import { integerOf } from './columns.ts'
import type { Database } from './database.ts'
import { placeOf, placesPerStream } from './places.ts'

export interface StoredReport {
  /** Number of the stream whose event reports it. */
  readonly key: number
  readonly version: number
  readonly counters: Counters
}

export function indexReport(
  database: Database,
  { callId, counters }: ReportedCall,
  key: number,
  version: number,
): void {
  database.run(
    'INSERT INTO reports VALUES (?, ?, ?, ?, ?, ?)',
    callId,
    placeOf(key, version),
    counters.inputTokens,
    counters.outputTokens,
    counters.cacheReadTokens,
    counters.cacheCreationTokens,
  )
}

/** What all sessions of the home have reported of a call. */
export function reportsOfCall(database: Database, callId: string): readonly StoredReport[] {
  const sql = `SELECT CAST(place AS REAL) AS place, input_tokens, output_tokens, cache_read_tokens, cache_creation_tokens
    FROM reports WHERE call_id = ?`
  return database.all(sql, callId).map((row) => {
    const place = integerOf(row, 'place')
    const key = Math.floor(place / placesPerStream)
    const counters = {
      inputTokens: integerOf(row, 'input_tokens'),
      outputTokens: integerOf(row, 'output_tokens'),
      cacheReadTokens: integerOf(row, 'cache_read_tokens'),
      cacheCreationTokens: integerOf(row, 'cache_creation_tokens'),
    }
    return { key, version: place - placeOf(key, 0), counters }
  })
}
