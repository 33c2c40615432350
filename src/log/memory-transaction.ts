/** A transaction of the log in memory, and the maps it works on. */
import type { LoggedEvent } from '../events/envelope.ts'
import type { Counters } from '../events/shapes.ts'
import type { StreamSummary } from '../fold/summary.ts'
import { WaymarkError } from '../kernel/errors.ts'
import { limits } from '../kernel/limits.ts'
import { highestCounters, reportedCall } from './calls.ts'
import { damaged, decodeRow, encodeRow } from './codec.ts'
import { type Segment, segmentsOf } from './lineage.ts'
import { bytesToPutIn, dropSnapshotsIn, type MemorySnapshots, putSnapshotIn } from './memory-snapshots.ts'
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
} from './port.ts'
import { redactedRow, replacedHashOf, settledRow } from './rows.ts'

export interface MemoryStream {
  readonly sessionId: string
  readonly forkedFrom: ForkPoint | null
  readonly rows: StoredRow[]
  /** Version of the first event of each command's batch. */
  readonly batches: Map<string, number>
  version: number
  hash: string
  bytesSinceSnapshot: number
  summary: StreamSummary | null
}

interface CallReport {
  readonly sessionId: string
  readonly version: number
  readonly counters: Counters
}

/** Everything a log in memory holds. */
export interface MemoryStore extends MemorySnapshots {
  readonly streams: Map<string, MemoryStream>
  readonly calls: Map<string, CallReport[]>
  readonly contents: Map<string, Uint8Array>
  /** What stands in the place of contents that were taken out. */
  readonly redactedContents: Map<string, Uint8Array>
  readonly bookmarks: Map<string, string>
  position: number
}

export function emptyStore(): MemoryStore {
  return {
    streams: new Map(),
    calls: new Map(),
    contents: new Map(),
    redactedContents: new Map(),
    bookmarks: new Map(),
    snapshots: [],
    parts: new Map(),
    position: 0,
  }
}

/** Bytes of what is kept: the texts of events, contents, snapshots. Maps and numbers are not counted. */
export function bytesIn({ streams, contents, redactedContents, snapshots, parts }: MemoryStore): number {
  const rows = [...streams.values()].flatMap((stream) => stream.rows)
  const events = rows.reduce((sum, { envelope, data }) => sum + envelope.length + data.length, 0)
  const bodies = [...contents.values(), ...redactedContents.values(), ...snapshots.map(({ body }) => body)]
  for (const held of parts.values()) bodies.push(...held.values())
  return bodies.reduce((sum, { length }) => sum + length, events)
}

export function infoOf(stream: MemoryStream): StreamInfo {
  const { sessionId, version, hash, forkedFrom, bytesSinceSnapshot, summary } = stream
  return { sessionId, version, hash, forkedFrom, bytesSinceSnapshot, summary }
}

function forkPointIn(store: MemoryStore): (sessionId: string) => ForkPoint | null {
  return (sessionId) => store.streams.get(sessionId)?.forkedFrom ?? null
}

/** A list in pages of at most `limits.pageEventsMax`. */
export function* pagesOf<T>(items: readonly T[]): Generator<readonly T[], void, undefined> {
  for (let start = 0; start < items.length; start += limits.pageEventsMax) {
    yield items.slice(start, start + limits.pageEventsMax)
  }
}

export class MemoryTransaction implements LogTransaction {
  readonly #store: MemoryStore
  /** What takes each change back, in the order they were made. */
  readonly #undo: (() => void)[] = []

  constructor(store: MemoryStore) {
    this.#store = store
  }

  rollBack(): void {
    for (const undo of this.#undo.reverse()) undo()
  }

  stream(sessionId: string): StreamInfo | null {
    const stream = this.#store.streams.get(sessionId)
    if (stream === undefined) return null
    const newest = stream.rows[stream.rows.length - 1]
    const agrees = newest === undefined || (newest.version === stream.version && newest.hash === stream.hash)
    const own = stream.version - (stream.forkedFrom?.version ?? 0)
    if (!agrees || stream.rows.length !== own) {
      throw damaged(sessionId, stream.version, 'the head of the stream does not match its newest event')
    }
    return infoOf(stream)
  }

  chainHash(sessionId: string, version: number): string | null {
    if (version === 0) return ''
    for (const segment of segmentsOf(sessionId, version - 1, version, forkPointIn(this.#store))) {
      const rows = this.#store.streams.get(segment.sessionId)?.rows ?? []
      return rows.find((row) => row.version === version)?.hash ?? null
    }
    return null
  }

  *read(sessionId: string, range: VersionRange): Generator<readonly LoggedEvent[], void, undefined> {
    const version = this.#store.streams.get(sessionId)?.version ?? 0
    const to = Math.min(range.to ?? version, version)
    for (const segment of segmentsOf(sessionId, range.after ?? 0, to, forkPointIn(this.#store))) {
      const rows = this.#store.streams.get(segment.sessionId)?.rows ?? []
      const held = rows.filter((row) => row.version > segment.after && row.version <= segment.to)
      let expected = segment.after + 1
      for (const page of pagesOf(held)) {
        yield page.map((row) => {
          if (row.version !== expected) throw damaged(segment.sessionId, expected, 'it is not there')
          expected += 1
          return decodeRow(segment.sessionId, row)
        })
      }
      if (expected <= segment.to) throw damaged(segment.sessionId, expected, 'it is not there')
    }
  }

  batchOf(sessionId: string, commandId: string): readonly LoggedEvent[] | null {
    const version = this.#store.streams.get(sessionId)?.version ?? 0
    for (const segment of segmentsOf(sessionId, 0, version, forkPointIn(this.#store))) {
      const owner = this.#store.streams.get(segment.sessionId)
      const first = owner?.batches.get(commandId)
      if (owner === undefined || first === undefined || first > segment.to) continue
      const base = owner.forkedFrom?.version ?? 0
      const batch: LoggedEvent[] = []
      for (const row of owner.rows.slice(first - base - 1)) {
        const event = decodeRow(owner.sessionId, row)
        if (event.commandId !== commandId || event.version > segment.to) break
        batch.push(event)
      }
      return batch
    }
    return null
  }

  countedCall(sessionId: string, callId: string, scope: 'session' | 'home'): Counters | null {
    const reports = this.#store.calls.get(callId) ?? []
    if (scope === 'home') return highestCounters(reports.map(({ counters }) => counters))
    const version = this.#store.streams.get(sessionId)?.version ?? 0
    const segments = segmentsOf(sessionId, 0, version, forkPointIn(this.#store))
    const own = reports.filter((report) =>
      segments.some((segment) => segment.sessionId === report.sessionId && report.version <= segment.to),
    )
    return highestCounters(own.map(({ counters }) => counters))
  }

  create(sessionId: string, forkedFrom: ForkPoint | null): void {
    if (this.#store.streams.has(sessionId)) {
      throw new WaymarkError('ALREADY_EXISTS', { message: `session ${sessionId} is there already` })
    }
    const parent = forkedFrom === null ? null : this.#store.streams.get(forkedFrom.sessionId)
    if (
      forkedFrom !== null &&
      (parent === null || parent === undefined || parent.version < forkedFrom.version)
    ) {
      throw new WaymarkError('VERSION_NOT_FOUND', {
        message: `session ${forkedFrom.sessionId} has no version ${forkedFrom.version} to fork at`,
      })
    }
    const ancestors = forkedFrom === null ? [] : this.#segments(forkedFrom.sessionId, forkedFrom.version)
    if (ancestors.length > limits.lineageDepthMax) {
      throw new WaymarkError('LIMIT_REACHED', {
        message: `session ${sessionId} would be a fork with more than ${limits.lineageDepthMax} ancestors`,
        hint: 'fork from an earlier session of the line',
      })
    }
    this.#store.streams.set(sessionId, {
      sessionId,
      forkedFrom,
      rows: [],
      batches: new Map(),
      version: forkedFrom?.version ?? 0,
      hash: forkedFrom === null ? '' : (this.chainHash(forkedFrom.sessionId, forkedFrom.version) ?? ''),
      bytesSinceSnapshot: 0,
      summary: null,
    })
    this.#undo.push(() => this.#store.streams.delete(sessionId))
  }

  append(sessionId: string, batch: readonly PendingEvent[], summary: StreamSummary): readonly LoggedEvent[] {
    const stream = this.#changing(sessionId)
    stream.summary = summary
    return batch.map((event) => this.#appendOne(stream, event))
  }

  take(sessionId: string, rows: readonly TravellingRow[], summary: StreamSummary): void {
    const stream = this.#changing(sessionId)
    stream.summary = summary
    for (const travelling of rows) {
      const place = {
        version: stream.version + 1,
        position: this.#store.position + 1,
        previousHash: stream.hash,
      }
      const { row, event } = settledRow(sessionId, travelling, place)
      this.#add(stream, row, event)
    }
  }

  redact(sessionId: string, replace: (row: StoredRow) => string | null): readonly ReplacedData[] {
    const stream = this.#changing(sessionId)
    const before = [...stream.rows]
    this.#undo.push(() => stream.rows.splice(0, stream.rows.length, ...before))
    const replaced: ReplacedData[] = []
    for (const [index, row] of before.entries()) {
      const data = replace(row)
      if (data === null) continue
      stream.rows[index] = redactedRow(sessionId, row, data)
      replaced.push({ version: row.version, dataHash: replacedHashOf(data) })
    }
    const [first] = replaced
    if (first !== undefined) this.#dropSnapshots({ sessionId, version: first.version })
    return replaced
  }

  putContent(hash: string, content: Uint8Array): void {
    const { contents, redactedContents } = this.#store
    if (contents.has(hash) || redactedContents.has(hash)) return
    contents.set(hash, content)
    this.#undo.push(() => contents.delete(hash))
  }

  redactContent(hash: string, content: Uint8Array): void {
    const { contents, redactedContents } = this.#store
    const original = contents.get(hash)
    const earlier = redactedContents.get(hash)
    contents.delete(hash)
    redactedContents.set(hash, content)
    this.#undo.push(() => {
      if (original !== undefined) contents.set(hash, original)
      if (earlier === undefined) redactedContents.delete(hash)
      else redactedContents.set(hash, earlier)
    })
  }

  putSnapshot(snapshot: StoredSnapshot): void {
    const stream = this.#store.streams.get(snapshot.sessionId)
    const bytesSinceSnapshot = stream?.bytesSinceSnapshot ?? 0
    this.#undo.push(() => {
      if (stream !== undefined) stream.bytesSinceSnapshot = bytesSinceSnapshot
    })
    this.#undo.push(putSnapshotIn(this.#store, snapshot))
    if (stream !== undefined) stream.bytesSinceSnapshot = 0
  }

  bytesToPut(snapshot: StoredSnapshot): number {
    return bytesToPutIn(this.#store, snapshot)
  }

  *snapshots(
    sessionId: string,
    atMostVersion = Number.POSITIVE_INFINITY,
  ): Generator<StoredSnapshot, void, undefined> {
    const segments = segmentsOf(sessionId, 0, atMostVersion, forkPointIn(this.#store))
    for (const segment of segments.toReversed()) {
      const own = this.#store.snapshots.filter(
        ({ sessionId: owner, version }) =>
          owner === segment.sessionId && version > segment.after && version <= segment.to,
      )
      yield* own.toSorted((a, b) => b.version - a.version)
    }
  }

  bookmark(key: string): string | null {
    return this.#store.bookmarks.get(key) ?? null
  }

  putBookmark(key: string, value: string): void {
    const before = this.#store.bookmarks.get(key)
    this.#store.bookmarks.set(key, value)
    this.#undo.push(() => {
      if (before === undefined) this.#store.bookmarks.delete(key)
      else this.#store.bookmarks.set(key, before)
    })
  }

  forgetBookmarks(forget: (key: string, value: string) => boolean): void {
    for (const [key, value] of this.#store.bookmarks) {
      if (!forget(key, value)) continue
      this.#store.bookmarks.delete(key)
      this.#undo.push(() => this.#store.bookmarks.set(key, value))
    }
  }

  /** A stream about to be changed; taking the change back leaves it as it is now. */
  #changing(sessionId: string): MemoryStream {
    const stream = this.#store.streams.get(sessionId)
    if (stream === undefined)
      throw new WaymarkError('SESSION_NOT_FOUND', { message: `no session ${sessionId}` })
    const { version, hash, bytesSinceSnapshot, summary } = stream
    const rowCount = stream.rows.length
    const { position } = this.#store
    this.#undo.push(() => {
      stream.rows.length = rowCount
      Object.assign(stream, { version, hash, bytesSinceSnapshot, summary })
      this.#store.position = position
    })
    return stream
  }

  /** Drops the snapshots that may hold what an event held: of its stream, and of those that inherit it. */
  #dropSnapshots({ sessionId, version }: ForkPoint): void {
    const inherits = (snapshot: StoredSnapshot): boolean => {
      const [holder] = segmentsOf(snapshot.sessionId, version - 1, version, forkPointIn(this.#store))
      return holder?.sessionId === sessionId
    }
    this.#undo.push(
      dropSnapshotsIn(this.#store, (snapshot) => snapshot.version >= version && inherits(snapshot)),
    )
  }

  #appendOne(stream: MemoryStream, event: PendingEvent): LoggedEvent {
    const { sessionId } = stream
    const { row, event: recorded } = encodeRow(event, {
      sessionId,
      version: stream.version + 1,
      position: this.#store.position + 1,
      previousHash: stream.hash,
    })
    this.#add(stream, row, recorded)
    return recorded
  }

  #add(stream: MemoryStream, row: StoredRow, event: LoggedEvent): void {
    const { sessionId } = stream
    const { version } = row
    stream.rows.push(row)
    stream.version = version
    stream.hash = row.hash
    this.#store.position = row.position
    stream.bytesSinceSnapshot += row.envelope.length + row.data.length
    if (event.index === 0) {
      if (stream.batches.has(event.commandId)) {
        throw new WaymarkError('ALREADY_EXISTS', {
          message: `command ${event.commandId} has been recorded in ${sessionId}`,
        })
      }
      stream.batches.set(event.commandId, version)
      this.#undo.push(() => stream.batches.delete(event.commandId))
    }
    const call = reportedCall(event)
    if (call !== null) {
      const reports = this.#store.calls.get(call.callId) ?? []
      this.#store.calls.set(call.callId, [...reports, { sessionId, version, counters: call.counters }])
      this.#undo.push(() => this.#store.calls.set(call.callId, reports))
    }
  }

  #segments(sessionId: string, to: number): readonly Segment[] {
    return segmentsOf(sessionId, 0, to, forkPointIn(this.#store))
  }
}
