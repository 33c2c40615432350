/** Rows of the table of streams: heads, fork points, and where the events of a stream lie. */
import type { StreamSummary } from '../../fold/summary.ts'
import { DamagedRecord } from '../../kernel/errors.ts'
import { damaged } from '../../log/codec.ts'
import type { StreamInfo } from '../../log/port.ts'
import { newestSealed, sealedHash } from './blocks.ts'
import { bytesOf, integerOf, integerOrNullOf, textOf, textOrNullOf } from './columns.ts'
import type { Database } from './database.ts'
import type { SqlRow } from './driver.ts'
import { placeOf, placesPerStream } from './places.ts'

/** Inherited events: those up to `to`, and after the entry before, lie in the stream `key`. Oldest first. */
export type Lineage = readonly { readonly key: number; readonly to: number }[]

export interface StoredStream extends StreamInfo {
  readonly key: number
  /** `null` when what is stored cannot be the lineage of this stream. */
  readonly lineage: Lineage | null
}

/** A run of versions held by one stream: after `after`, up to and with `to`. */
export interface HeldRun {
  readonly key: number
  readonly sessionId: string
  readonly after: number
  readonly to: number
}

const columns = `
  s.key, s.session_id, s.version, s.hash, s.fork_version, s.lineage, s.bytes_since_snapshot, s.summary,
  p.session_id AS parent_session_id`
const source = 'streams s LEFT JOIN streams p ON p.key = s.parent'
const streamsPerPage = 250

export function findStream(database: Database, sessionId: string): StoredStream | null {
  const row = database.get(`SELECT ${columns} FROM ${source} WHERE s.session_id = ?`, sessionId)
  return row === undefined ? null : streamOf(row)
}

/** All streams in the order they were made, in pages. */
export function* pagesOfStreams(database: Database): Generator<readonly StoredStream[], void, undefined> {
  let lastKey = 0
  while (true) {
    const sql = `SELECT ${columns} FROM ${source} WHERE s.key > ? ORDER BY s.key LIMIT ${streamsPerPage}`
    const page = database.all(sql, lastKey).map(streamOf)
    if (page.length > 0) yield page
    if (page.length < streamsPerPage) return
    lastKey = page[page.length - 1]?.key ?? lastKey
  }
}

function streamOf(row: SqlRow): StoredStream {
  const parentSessionId = textOrNullOf(row, 'parent_session_id')
  const forkVersion = integerOrNullOf(row, 'fork_version')
  const summary = textOrNullOf(row, 'summary')
  return {
    key: integerOf(row, 'key'),
    sessionId: textOf(row, 'session_id'),
    version: integerOf(row, 'version'),
    hash: textOf(row, 'hash'),
    forkedFrom:
      parentSessionId === null || forkVersion === null
        ? null
        : { sessionId: parentSessionId, version: forkVersion },
    bytesSinceSnapshot: integerOf(row, 'bytes_since_snapshot'),
    lineage: lineageIn(row, forkVersion),
    // Written by this store; verification compares it with the events.
    summary: summary === null ? null : (parsed(summary) as StreamSummary | null),
  }
}

/** What a column says, or `null` when it is not JSON: verification compares it with the events and tells. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** The stored lineage, if it ends where the fork's own columns say: at the fork point, in the parent or what the parent inherited. */
function lineageIn(row: SqlRow, forkVersion: number | null): Lineage | null {
  const lineage = parsed(textOf(row, 'lineage'))
  if (!Array.isArray(lineage) || !lineage.every(isRun)) return null
  const rises = lineage.every(({ to }, index) => to > (lineage[index - 1]?.to ?? 0))
  const last = lineage[lineage.length - 1]
  const hasParent = textOrNullOf(row, 'parent_session_id') !== null
  return rises && (last?.to ?? 0) === (forkVersion ?? 0) && hasParent === (forkVersion !== null)
    ? lineage
    : null
}

function isRun(value: unknown): value is Lineage[number] {
  if (typeof value !== 'object' || value === null) return false
  const { key, to } = value as Partial<Lineage[number]> // every field is looked at below
  return Number.isSafeInteger(key) && Number.isSafeInteger(to)
}

/** What a caller of the port sees of a stream. */
export function infoOf(stream: StoredStream): StreamInfo {
  const { sessionId, version, hash, forkedFrom, bytesSinceSnapshot, summary } = stream
  return { sessionId, version, hash, forkedFrom, bytesSinceSnapshot, summary }
}

/** The lineage of a fork of `parent`: all of the parent's that lies before the fork point, then the parent itself. */
export function lineageOfFork(parent: StoredStream, version: number): Lineage {
  const lineage: { key: number; to: number }[] = []
  let reached = 0
  for (const { key, to } of [...soundLineage(parent), { key: parent.key, to: parent.version }]) {
    if (reached >= version) break
    reached = Math.min(to, version)
    lineage.push({ key, to: reached })
  }
  return lineage
}

/** @throws DamagedRecord when what is stored of it cannot be right */
export function soundLineage(stream: StoredStream): Lineage {
  if (stream.lineage !== null) return stream.lineage
  throw damaged(
    stream.sessionId,
    stream.forkedFrom?.version ?? 1,
    'what its head says of the sessions it was forked from is not what was written',
  )
}

/** Where the events after `after` and up to `to` lie, oldest first. */
export function runsOf(
  database: Database,
  stream: StoredStream,
  after: number,
  to: number,
): readonly HeldRun[] {
  const runs: HeldRun[] = []
  let reached = 0
  for (const { key, to: last } of [
    ...soundLineage(stream),
    { key: stream.key, to: Number.POSITIVE_INFINITY },
  ]) {
    const run = { key, after: Math.max(after, reached), to: Math.min(to, last) }
    reached = last
    if (run.after < run.to) {
      runs.push({ ...run, sessionId: key === stream.key ? stream.sessionId : sessionIdOf(database, key) })
    }
  }
  return runs
}

export function sessionIdOf(database: Database, key: number): string {
  const row = database.get('SELECT session_id FROM streams WHERE key = ?', key)
  if (row !== undefined) return textOf(row, 'session_id')
  throw new DamagedRecord({
    message: `a session that another one was forked from is not in ${database.path}`,
    hint: 'waymark verify lists all damage',
    details: { key },
  })
}

/** Version and chain hash of the newest event a stream holds itself, as the events say. */
function newestHeld(
  database: Database,
  key: number,
): { readonly version: number; readonly hash: string } | null {
  const row = database.get(
    'SELECT e.place, e.hash FROM events e WHERE e.place BETWEEN ? AND ? ORDER BY e.place DESC LIMIT 1',
    placeOf(key, 1),
    placeOf(key, placesPerStream - 1),
  )
  if (row === undefined) return newestSealed(database, key)
  return { version: integerOf(row, 'place') - placeOf(key, 0), hash: bytesOf(row, 'hash').toString('hex') }
}

/** Chain hash of the event at a version of a stream, wherever it lies; empty at version 0, `null` when it is not there. */
export function hashAt(database: Database, stream: StoredStream, version: number): string | null {
  if (version === 0) return ''
  return database.reading(() => {
    const [run] = runsOf(database, stream, version - 1, version)
    if (run === undefined) return null
    const row = database.get('SELECT hash FROM events WHERE place = ?', placeOf(run.key, version))
    return row === undefined ? sealedHash(database, run.key, version) : bytesOf(row, 'hash').toString('hex')
  })
}

/**
 * What is wrong with a stream's head as a reader sees it; `null` when it agrees with the event it names. Others may have appended
 * since the head was looked up, so that event need not be the newest any more.
 */
export function readHeadProblem(database: Database, stream: StoredStream): string | null {
  const hash = hashAt(database, stream, stream.version)
  if (hash === null) return `its head says version ${stream.version}, and there is no such event`
  return hash === stream.hash ? null : 'the hash of its head is not that of the event it names'
}

/** What is wrong with a stream's head, compared with its newest event; `null` when they agree. For writers, whom nobody overtakes. */
export function headProblem(database: Database, stream: StoredStream): string | null {
  if (stream.lineage === null)
    return 'what it says of the sessions it was forked from is not what was written'
  const held = newestHeld(database, stream.key)
  const base = stream.forkedFrom?.version ?? 0
  const version = held?.version ?? base
  if (version !== stream.version)
    return `its head says version ${stream.version}, its newest event is ${version}`
  const hash = held?.hash ?? hashAt(database, stream, base)
  return hash === stream.hash ? null : 'the hash of its head is not that of its newest event'
}
