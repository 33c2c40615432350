/**
 * The indexes of a stream (batches by command, reports of model calls) compared with the events they were taken from, and its blocks with their
 * checksums. The log alone is the truth: an entry that does not follow from it is damage to the index, and is told with the version it is about.
 *
 * An entry of the index of commands that leads to the wrong place is no damage: whoever follows it looks at the event that is there.
 */
import { isKnown, type LoggedEvent } from '../../events/envelope.ts'
import { WaymarkError } from '../../kernel/errors.ts'
import { reportedCall } from '../../log/calls.ts'
import { decodeRow } from '../../log/codec.ts'
import type { IndexProblem } from '../../log/port.ts'
import { type BlockPlace, blockAfter, eventsInBlock, isBlockSound } from './blocks.ts'
import { reportsOfCall, type StoredReport } from './call-index.ts'
import { integerOf, textOf } from './columns.ts'
import { versionsOfCommand } from './command-index.ts'
import type { Database } from './database.ts'
import { newestPosition } from './log-order.ts'
import { placeOf, placesPerStream } from './places.ts'
import { pagesOfRows } from './reading.ts'
import type { StoredStream } from './streams.ts'

const details = {
  command: 'the index of commands does not lead to this batch',
  report: 'the index of model calls does not say what this report says',
  noReport: 'the index of model calls names a report that is not there',
  overlap: 'the block of events that begins here lies over another one',
  beside: 'an event stands beside the block that holds it',
  block: 'the block of events that begins here does not have the checksum that was stored with it',
} as const

/** What of a stream's indexes does not follow from its events. */
export function* indexProblems(
  database: Database,
  stream: StoredStream,
): Generator<IndexProblem, void, undefined> {
  const { key, version } = stream
  const reported = new Map(reportsIn(database, key).map((report) => [report.version, report.callId]))
  for (const event of readableEvents(database, stream)) {
    if (event.index === 0 && !leadsTo(database, key, event)) {
      yield { version: event.version, detail: details.command }
    }
    const call = isKnown(event) ? reportedCall(event) : null
    if (call === null) continue
    if (reported.get(event.version) === call.callId) reported.delete(event.version)
    if (!isReported(database, key, event.version, call)) {
      yield { version: event.version, detail: details.report }
    }
  }
  for (const stray of reported.keys())
    if (stray <= version) yield { version: stray, detail: details.noReport }
  yield* blockProblems(database, key)
}

/** What is wrong with the blocks of a stream by themselves; what they hold is checked with the events. */
function* blockProblems(database: Database, key: number): Generator<IndexProblem, void, undefined> {
  let held = 0
  for (let after = 0; ; ) {
    const begin = after
    const found = database.reading(() => {
      const block = blockAfter(database, key, begin)
      if (block === null) return null
      return { block, isSound: isBlockSound(database, block), beside: rowBeside(database, block) }
    })
    if (found === null) return
    const { block, isSound, beside } = found
    if (!isSound) yield { version: block.first, detail: details.block }
    if (block.first <= held) yield { version: block.first, detail: details.overlap }
    if (beside !== null) yield { version: beside, detail: details.beside }
    after = block.first
    held = Math.max(held, block.last)
  }
}

/** The first version of a block that there is a row of, too. */
function rowBeside(database: Database, { key, first, last }: BlockPlace): number | null {
  const sql =
    'SELECT CAST(e.place AS REAL) AS place FROM events e WHERE e.place BETWEEN ? AND ? ORDER BY e.place LIMIT 1'
  const row = database.get(sql, placeOf(key, first), placeOf(key, last))
  return row === undefined ? null : integerOf(row, 'place') - placeOf(key, 0)
}

/** The events that a stream holds itself. Damaged ones are found elsewhere; here they are passed over. */
function* readableEvents(database: Database, stream: StoredStream): Generator<LoggedEvent, void, undefined> {
  const { key, sessionId, version } = stream
  let after = 0
  for (
    let block = blockAfter(database, key, after);
    block !== null;
    block = blockAfter(database, key, after)
  ) {
    const sealed = block
    yield* rowsThatRead(database, stream, after, sealed.first - 1)
    const whole = orNull(() => eventsInBlock(database, sessionId, sealed))
    if (whole === null) yield* rowsThatRead(database, stream, sealed.first - 1, sealed.last)
    else yield* whole
    after = sealed.last
  }
  yield* rowsThatRead(database, stream, after, version)
}

function* rowsThatRead(
  database: Database,
  stream: StoredStream,
  after: number,
  to: number,
): Generator<LoggedEvent, void, undefined> {
  for (const page of pagesOfRows(database, stream, { after, to })) {
    for (const row of page) {
      const event = orNull(() => decodeRow(stream.sessionId, row))
      if (event !== null) yield event
    }
  }
}

function orNull<T>(read: () => T): T | null {
  try {
    return read()
  } catch (error) {
    if (error instanceof WaymarkError) return null
    throw error
  }
}

function leadsTo(database: Database, key: number, { commandId, version }: LoggedEvent): boolean {
  for (const found of versionsOfCommand(database, key, commandId)) if (found === version) return true
  return false
}

function isReported(
  database: Database,
  key: number,
  version: number,
  { callId, counters }: Pick<StoredReport, 'counters'> & { readonly callId: string },
): boolean {
  const report = reportsOfCall(database, callId).find((one) => one.key === key && one.version === version)
  return (
    report !== undefined &&
    report.counters.inputTokens === counters.inputTokens &&
    report.counters.outputTokens === counters.outputTokens &&
    report.counters.cacheReadTokens === counters.cacheReadTokens &&
    report.counters.cacheCreationTokens === counters.cacheCreationTokens
  )
}

/** Whether nothing is wrong with the blocks of a stream by themselves. */
export function areBlocksSound(database: Database, key: number): boolean {
  return blockProblems(database, key).next().done === true
}

interface ReportCount {
  readonly count: number
  readonly newest: number
}

/** Number and newest version of the reports of each stream, counted in one pass. Good until something is appended. */
const counts = new WeakMap<
  Database,
  { readonly position: number; readonly byKey: ReadonlyMap<number, ReportCount> }
>()

/** How many reports the index names for a stream, up to a version. */
export function reportCount(database: Database, key: number, version: number): number {
  const position = newestPosition(database)
  let counted = counts.get(database)
  if (counted?.position !== position) {
    counted = { position, byKey: allReportCounts(database) }
    counts.set(database, counted)
  }
  const found = counted.byKey.get(key) ?? { count: 0, newest: 0 }
  if (found.newest <= version) return found.count
  // Somebody goes on reporting: only those that had been reported are counted.
  const sql = 'SELECT count(*) AS count FROM reports WHERE place BETWEEN ? AND ?'
  return integerOf(database.get(sql, placeOf(key, 0), placeOf(key, version)) ?? {}, 'count')
}

function allReportCounts(database: Database): ReadonlyMap<number, ReportCount> {
  const sql = `SELECT place / ${placesPerStream} AS key, count(*) AS count, CAST(max(place) AS REAL) AS newest
    FROM reports GROUP BY 1`
  return new Map(
    database.all(sql).map((row) => {
      const key = integerOf(row, 'key')
      return [key, { count: integerOf(row, 'count'), newest: integerOf(row, 'newest') - placeOf(key, 0) }]
    }),
  )
}

interface IndexedReport {
  readonly version: number
  readonly callId: string
}

/** Reports by stream, taken out of the index in one pass: it has no order of streams. Good until something is appended. */
const passes = new WeakMap<
  Database,
  { readonly position: number; readonly byKey: ReadonlyMap<number, readonly IndexedReport[]> }
>()

function reportsIn(database: Database, key: number): readonly IndexedReport[] {
  const position = newestPosition(database)
  let pass = passes.get(database)
  if (pass?.position !== position) {
    pass = { position, byKey: allReports(database) }
    passes.set(database, pass)
  }
  return pass.byKey.get(key) ?? []
}

function allReports(database: Database): ReadonlyMap<number, readonly IndexedReport[]> {
  const byKey = new Map<number, IndexedReport[]>()
  for (const row of database.all('SELECT CAST(place AS REAL) AS place, call_id FROM reports')) {
    const place = integerOf(row, 'place')
    const key = Math.floor(place / placesPerStream)
    const report = { version: place - placeOf(key, 0), callId: textOf(row, 'call_id') }
    const others = byKey.get(key)
    if (others === undefined) byKey.set(key, [report])
    else others.push(report)
  }
  return byKey
}

/** How many events belong to no stream. */
export function orphanedEvents(database: Database): number {
  const rows = `SELECT count(*) AS orphans FROM events e LEFT JOIN streams s ON s.key = e.place / ${placesPerStream}
    WHERE s.key IS NULL`
  const sealed = `SELECT coalesce(sum(b.last - b.place + 1), 0) AS orphans FROM blocks b
    LEFT JOIN streams s ON s.key = b.place / ${placesPerStream} WHERE s.key IS NULL`
  return [rows, sealed].reduce((sum, sql) => sum + integerOf(database.get(sql) ?? {}, 'orphans'), 0)
}
