/** The write transaction: what it appends goes into the file at once, the heads of its streams when it ends. */
import type { LoggedEvent } from '../../events/envelope.ts'
import type { Counters } from '../../events/shapes.ts'
import type { StreamSummary } from '../../fold/summary.ts'
import { assert } from '../../kernel/assert.ts'
import { DamagedRecord, SessionNotFound, WaymarkError } from '../../kernel/errors.ts'
import { limits } from '../../kernel/limits.ts'
import { highestCounters, reportedCall } from '../../log/calls.ts'
import { damaged, encodeRow } from '../../log/codec.ts'
import type {
  ForkPoint,
  LogTransaction,
  PendingEvent,
  ReplacedData,
  StoredRow,
  StoredSnapshot,
  StreamInfo,
  TravellingRow,
  VersionRange,
} from '../../log/port.ts'
import { settledRow } from '../../log/rows.ts'
import { indexReport, reportsOfCall } from './call-index.ts'
import { integerOf } from './columns.ts'
import { indexCommand, versionsOfCommand } from './command-index.ts'
import { findBookmark, putBookmark, putContent } from './contents.ts'
import type { Database } from './database.ts'
import type { SqlValue } from './driver.ts'
import { newestPosition } from './log-order.ts'
import { streamsMax } from './places.ts'
import { pagesOfEvents, putRow, readBatch } from './reading.ts'
import { forgetBookmarks, redactContent, redactRows } from './redact.ts'
import { isSealingDue, sealedVersion } from './seal.ts'
import { bytesToPut, findSnapshots, putSnapshot } from './snapshots.ts'
import {
  findStream,
  hashAt,
  headProblem,
  infoOf,
  type Lineage,
  lineageOfFork,
  runsOf,
  type StoredStream,
  soundLineage,
} from './streams.ts'

/** A stream as this transaction sees it, with what it has added. */
type OpenStream = { -readonly [K in keyof StoredStream]: StoredStream[K] } & {
  isChanged: boolean
  /** Version up to which its own events are sealed, once somebody looked. */
  sealedTo?: number
}

/**
 * What transactions of one connection know of the file: heads that were checked against their newest events, and the newest
 * position. It holds as long as nobody else commits, so a writer that is alone looks each head up once.
 */
export class KnownHeads {
  readonly streams = new Map<string, OpenStream>()
  position: number | null = null
  /** Sessions with enough rows to seal. */
  readonly due = new Set<string>()
  #dataVersion: SqlValue = null

  /** Forgets everything if another connection has committed since. Called inside the transaction, where nobody else can. */
  refresh(dataVersion: SqlValue): void {
    if (dataVersion !== this.#dataVersion || this.streams.size > knownHeadsMax) this.forget()
    this.#dataVersion = dataVersion
  }

  /** More of a session may have been sealed. */
  sealed(sessionId: string): void {
    delete this.streams.get(sessionId)?.sealedTo
  }

  forget(): void {
    this.streams.clear()
    this.position = null
  }
}

const knownHeadsMax = 256

export class SqliteTransaction implements LogTransaction {
  readonly #database: Database
  readonly #heads: KnownHeads
  #ended = false

  constructor(database: Database, heads: KnownHeads) {
    this.#database = database
    this.#heads = heads
    heads.refresh(database.dataVersion())
  }

  stream(sessionId: string): StreamInfo | null {
    const stream = this.#find(sessionId)
    return stream === null ? null : infoOf(stream)
  }

  *read(sessionId: string, range: VersionRange): Generator<readonly LoggedEvent[], void, undefined> {
    this.#writeHeads()
    const stream = this.#find(sessionId)
    if (stream !== null) yield* pagesOfEvents(this.#database, stream, range)
  }

  batchOf(sessionId: string, commandId: string): readonly LoggedEvent[] | null {
    const stream = this.#find(sessionId)
    if (stream === null) return null
    for (const run of runsOf(this.#database, stream, 0, stream.version)) {
      for (const first of versionsOfCommand(this.#database, run.key, commandId)) {
        const batch = first <= run.to ? readBatch(this.#database, run, first, commandId) : []
        if (batch.length > 0) return batch
      }
    }
    return null
  }

  countedCall(sessionId: string, callId: string, scope: 'session' | 'home'): Counters | null {
    const reports = reportsOfCall(this.#database, callId)
    if (reports.length === 0) return null
    if (scope === 'home') return highestCounters(reports.map(({ counters }) => counters))
    const stream = this.#find(sessionId)
    if (stream === null) return null
    const lastOf = new Map<number, number>(soundLineage(stream).map(({ key, to }) => [key, to]))
    lastOf.set(stream.key, stream.version)
    const own = reports.filter(({ key, version }) => version <= (lastOf.get(key) ?? 0))
    return highestCounters(own.map(({ counters }) => counters))
  }

  create(sessionId: string, forkedFrom: ForkPoint | null): void {
    if (this.#find(sessionId) !== null) {
      throw new WaymarkError('ALREADY_EXISTS', { message: `session ${sessionId} is there already` })
    }
    const parent = forkedFrom === null ? null : this.#find(forkedFrom.sessionId)
    if (forkedFrom !== null && (parent === null || parent.version < forkedFrom.version)) {
      throw new WaymarkError('VERSION_NOT_FOUND', {
        message: `session ${forkedFrom.sessionId} has no version ${forkedFrom.version} to fork at`,
      })
    }
    const version = forkedFrom?.version ?? 0
    const lineage = parent === null ? [] : lineageOfFork(parent, version)
    const stream: OpenStream = {
      key: this.#nextKey(),
      sessionId,
      version,
      hash: parent === null ? '' : this.#inheritedHash(parent, version),
      forkedFrom,
      lineage: withinDepth(sessionId, lineage),
      bytesSinceSnapshot: 0,
      summary: null,
      isChanged: false,
    }
    this.#database.run(
      `INSERT INTO streams (key, session_id, version, hash, parent, fork_version, lineage, bytes_since_snapshot)
       VALUES (?, ?, ?, ?, ?, ?, ?, 0)`,
      stream.key,
      sessionId,
      version,
      stream.hash,
      parent?.key ?? null,
      forkedFrom?.version ?? null,
      JSON.stringify(lineage),
    )
    this.#heads.streams.set(sessionId, stream)
  }

  append(sessionId: string, batch: readonly PendingEvent[], summary: StreamSummary): readonly LoggedEvent[] {
    const stream = this.#found(sessionId)
    stream.summary = summary
    stream.isChanged = true
    return batch.map((event) => this.#appendOne(stream, event))
  }

  take(sessionId: string, rows: readonly TravellingRow[], summary: StreamSummary): void {
    const stream = this.#found(sessionId)
    stream.summary = summary
    stream.isChanged = true
    for (const travelling of rows) {
      const place = {
        version: stream.version + 1,
        position: this.#nextPosition(),
        previousHash: stream.hash,
      }
      const { row, event } = settledRow(sessionId, travelling, place)
      this.#add(stream, row, event)
    }
  }

  redact(sessionId: string, replace: (row: StoredRow) => string | null): readonly ReplacedData[] {
    // Blocks that are opened for it are sealed again.
    this.#heads.due.add(sessionId)
    return redactRows(this.#database, this.#found(sessionId), replace)
  }

  putContent(hash: string, content: Uint8Array): void {
    putContent(this.#database, hash, content)
  }

  redactContent(hash: string, content: Uint8Array): void {
    redactContent(this.#database, hash, content)
  }

  putSnapshot(snapshot: StoredSnapshot): void {
    const stream = this.#found(snapshot.sessionId)
    putSnapshot(this.#database, stream.key, snapshot)
    stream.bytesSinceSnapshot = 0
    stream.isChanged = true
  }

  bytesToPut(snapshot: StoredSnapshot): number {
    return bytesToPut(this.#database, this.#found(snapshot.sessionId).key, snapshot)
  }

  *snapshots(
    sessionId: string,
    atMostVersion = Number.POSITIVE_INFINITY,
  ): Generator<StoredSnapshot, void, undefined> {
    const stream = this.#find(sessionId)
    if (stream !== null) yield* findSnapshots(this.#database, stream, atMostVersion)
  }

  bookmark(key: string): string | null {
    return findBookmark(this.#database, key)
  }

  putBookmark(key: string, value: string): void {
    putBookmark(this.#database, key, value)
  }

  forgetBookmarks(forget: (key: string, value: string) => boolean): void {
    forgetBookmarks(this.#database, forget)
  }

  /** Completes the transaction before it is committed. */
  finish(): void {
    this.#writeHeads()
    this.#ended = true
  }

  #appendOne(stream: OpenStream, event: PendingEvent): LoggedEvent {
    const { sessionId } = stream
    const version = stream.version + 1
    const position = this.#nextPosition()
    const { row, event: recorded } = encodeRow(event, {
      sessionId,
      version,
      position,
      previousHash: stream.hash,
    })
    this.#add(stream, row, recorded)
    return recorded
  }

  #add(stream: OpenStream, row: StoredRow, event: LoggedEvent): void {
    const { version } = row
    putRow(this.#database, stream.key, row)
    if (event.index === 0) {
      indexCommand(this.#database, event.commandId, stream.key, version, (first) =>
        this.#beginsBatchOf(stream, first, event.commandId),
      )
    }
    const call = reportedCall(event)
    if (call !== null) indexReport(this.#database, call, stream.key, version)
    stream.version = version
    stream.hash = row.hash
    stream.bytesSinceSnapshot += row.envelope.length + row.data.length
  }

  #beginsBatchOf(stream: StoredStream, first: number, commandId: string): boolean {
    const [run] = runsOf(this.#database, stream, first - 1, first)
    return run !== undefined && readBatch(this.#database, run, first, commandId).length > 0
  }

  /** Streams that were appended to get their new heads; one write for each, however many batches there were. */
  #writeHeads(): void {
    for (const stream of this.#heads.streams.values()) {
      if (!stream.isChanged) continue
      this.#database.run(
        'UPDATE streams SET version = ?, hash = ?, bytes_since_snapshot = ?, summary = ? WHERE key = ?',
        stream.version,
        stream.hash,
        stream.bytesSinceSnapshot,
        stream.summary === null ? null : JSON.stringify(stream.summary),
        stream.key,
      )
      stream.isChanged = false
      stream.sealedTo ??= sealedVersion(this.#database, stream)
      if (isSealingDue(stream.version, stream.sealedTo)) this.#heads.due.add(stream.sessionId)
    }
  }

  /** The stream, its head checked against its newest event when it is looked up. */
  #find(sessionId: string): OpenStream | null {
    assert(!this.#ended, 'a transaction is used inside its work only')
    const known = this.#heads.streams.get(sessionId)
    if (known !== undefined) return known
    const stored = findStream(this.#database, sessionId)
    if (stored === null) return null
    const problem = headProblem(this.#database, stored)
    if (problem !== null) throw damaged(sessionId, stored.version, problem)
    const stream = { ...stored, isChanged: false }
    this.#heads.streams.set(sessionId, stream)
    return stream
  }

  #found(sessionId: string): OpenStream {
    const stream = this.#find(sessionId)
    if (stream !== null) return stream
    throw new SessionNotFound({
      message: `no session ${sessionId} in ${this.#database.path}`,
      hint: 'waymark list shows the sessions of this home',
    })
  }

  #inheritedHash(parent: StoredStream, version: number): string {
    const hash = hashAt(this.#database, parent, version)
    if (hash === null) throw damaged(parent.sessionId, version, 'it is not there')
    return hash
  }

  #nextPosition(): number {
    const position = (this.#heads.position ?? newestPosition(this.#database)) + 1
    if (!Number.isSafeInteger(position)) {
      throw new DamagedRecord({
        message: `the newest position in ${this.#database.path} is damaged: no position comes after ${position - 1}`,
        hint: 'waymark verify lists all damage',
        details: { position: position - 1 },
      })
    }
    this.#heads.position = position
    return position
  }

  #nextKey(): number {
    const row = this.#database.get('SELECT coalesce(max(key), 0) + 1 AS key FROM streams')
    const key = integerOf(row ?? {}, 'key')
    if (key <= streamsMax) return key
    throw new WaymarkError('LIMIT_REACHED', {
      message: `a home holds at most ${streamsMax} sessions`,
      hint: 'go on in another home: --home <folder>',
    })
  }
}

function withinDepth(sessionId: string, lineage: Lineage): Lineage {
  if (lineage.length <= limits.lineageDepthMax) return lineage
  throw new WaymarkError('LIMIT_REACHED', {
    message: `session ${sessionId} would be a fork with more than ${limits.lineageDepthMax} ancestors`,
    hint: 'fork from an earlier session of the line',
  })
}
