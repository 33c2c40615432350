/**
 * The log as a port: what a store must do, whatever it is made of. `src/log/memory.ts` is the reference;
 * the adapters under `src/store` behave the same, and one suite (`storeConformance` of `waymark/testing`) holds them all to it.
 *
 * The promises every adapter keeps:
 * - **atomic**: everything a transaction appends, stores and marks is there, or nothing of it;
 * - **durable**: when the promise of `transact` resolves, a power cut loses nothing of it;
 * - **gap-free**: the events of a stream have the versions 1, 2, 3 …, even with several writing processes;
 * - **isolated**: work inside a transaction sees one moment, and no other writer gets in between;
 * - **honest**: a record that is not what was written is refused with `DAMAGED_RECORD` and its place, never passed on.
 */

import type { EventData, EventType } from '../events/catalogue.ts'
import type { Envelope, LoggedEvent } from '../events/envelope.ts'
import type { Counters } from '../events/shapes.ts'
import type { FoldablePage } from '../fold/page.ts'
import type { StreamSummary } from '../fold/summary.ts'

/** Where a stream branches off: its first `version` events are the parent's. */
export interface ForkPoint {
  readonly sessionId: string
  readonly version: number
}

export interface StreamInfo {
  readonly sessionId: string
  /** Version of the newest event; 0 for a stream that has none yet. A fork starts at its fork point's version. */
  readonly version: number
  /** Chain hash of the newest event; the empty string at version 0. */
  readonly hash: string
  readonly forkedFrom: ForkPoint | null
  /** Bytes of the stream's own events since its newest snapshot was put, for deciding where a keyframe pays. */
  readonly bytesSinceSnapshot: number
  readonly summary: StreamSummary | null
}

/** An event ready to be appended: the log adds version, position and hash. */
export type PendingEvent = {
  [K in EventType]: Omit<Envelope, 'version' | 'position' | 'sessionId'> & {
    readonly type: K
    readonly data: EventData<K>
    readonly salt: Uint8Array
  }
}[EventType]

/** An event as it lies in the store; the texts are the canonical JSON first written. */
export interface StoredRow {
  readonly version: number
  readonly position: number
  readonly envelope: string
  readonly data: string
  readonly salt: Uint8Array
  /** Chain hash, 64 hexadecimal digits. */
  readonly hash: string
  /** CRC-32 of envelope, line feed and data, begun with the position. */
  readonly checksum: number
}

/** A row without its checksum: what the chain of hashes is made of, and where it stands. */
export type RowTexts = Omit<StoredRow, 'checksum'>

/** Neighbouring rows whose bytes are those that were written, each with the event that reading its texts gives. */
export interface ReadRows {
  readonly rows: readonly RowTexts[]
  readonly events: readonly LoggedEvent[]
}

/** A page of rows for whoever checks them; `events` is `null` where only their texts can tell. */
export type RowPage = ReadRows | { readonly rows: readonly StoredRow[]; readonly events: null }

/** A row on its way from one log to another: what the other log did not give it. */
export type TravellingRow = Omit<StoredRow, 'position' | 'checksum'>

/** An event whose data was replaced, and the SHA-256 of what stands there now. */
export interface ReplacedData {
  readonly version: number
  readonly dataHash: string
}

/** A piece of a packed state. A store keeps it once for each stream, however many of the stream's snapshots hold it. */
export interface SnapshotPart {
  /** SHA-256 of its bytes before compression. */
  readonly hash: string
  /** Its bytes, compressed; `null` when the store does not have them any more. They are fetched or made when they are asked for. */
  body(): Uint8Array | null
}

/** Folded state at a version, as a cache. */
export interface StoredSnapshot {
  readonly sessionId: string
  readonly version: number
  readonly kind: 'checkpoint' | 'keyframe'
  readonly checkpointId: string | null
  readonly foldVersion: number
  /** Chain hash of the event at `version`: the snapshot belongs to this history and no other. */
  readonly chainHash: string
  /** The latest `time` of a batch up to `version`, for finding a version by its time; `null` when nobody looked. */
  readonly timeMax: string | null
  /** The state as packed, but for its parts. */
  readonly body: Uint8Array
  readonly parts: readonly SnapshotPart[]
  /** SHA-256 over `body`, `timeMax` and the hashes of the parts: whoever unpacks it compares. */
  readonly bodyHash: string
}

/** Which snapshot is meant, without what is in it. */
export type SnapshotPlace = Pick<StoredSnapshot, 'sessionId' | 'version' | 'kind' | 'checkpointId'>

export interface CompactOptions {
  /**
   * Whether a snapshot is to be dropped. The caller decides, a store drops none by itself. It is asked about each snapshot, some
   * of them again after a conflict, so it has no effects.
   */
  readonly dropSnapshot: (snapshot: SnapshotPlace) => boolean
  /** Writes everything anew, even where that makes nothing smaller: no byte of what was replaced or dropped is left in the log. */
  readonly scrub?: boolean
}

export interface Compaction {
  /** Bytes the log took up before, what had not been brought into place yet included. */
  readonly bytesBefore: number
  readonly bytesAfter: number
  /** Of `bytesAfter`, those that hold nothing: later appends use them. */
  readonly bytesFree: number
  readonly snapshotsDropped: number
}

export interface AuditedContent {
  readonly hash: string
  /** `null` when it is as it was written. */
  readonly problem: string | null
  /** Another text stands in its place: whether it should, the events say. */
  readonly isRedacted: boolean
}

/** Something an adapter keeps to find events again that does not follow from the events. */
export interface IndexProblem {
  readonly version: number
  readonly detail: string
}

/** Compares what an adapter keeps to find a stream's events again with events that somebody reads anyway. */
export interface IndexWatch {
  /** Takes the next events that the stream itself holds, each once, in their order. */
  see(event: LoggedEvent): void
  /** Whether everything follows from the events seen, which are all. `false` says that only `auditIndexes` can tell. */
  agrees(): boolean
}

export interface VersionRange {
  /** Events after this version; 0 for all. */
  readonly after?: number
  /** Up to and with this version; the newest if left out. */
  readonly to?: number
}

/** What one transaction sees and does. Everything is synchronous: no other work gets in between. */
export interface LogTransaction {
  /** @throws WaymarkError `DAMAGED_RECORD` when the stream's head does not match its newest event. */
  stream(sessionId: string): StreamInfo | null
  /** Pages of events in version order, inherited ones first. */
  read(sessionId: string, range: VersionRange): Iterable<readonly LoggedEvent[]>
  /** The batch that a command led to, in the stream or its inherited prefix. */
  batchOf(sessionId: string, commandId: string): readonly LoggedEvent[] | null
  /**
   * The highest counters reported for a model call: within the stream and its inherited prefix, or by any session of the home.
   */
  countedCall(sessionId: string, callId: string, scope: 'session' | 'home'): Counters | null
  /**
   * @throws WaymarkError `ALREADY_EXISTS`; `VERSION_NOT_FOUND` when the parent is shorter than the fork point;
   * `LIMIT_REACHED` for more ancestors than `limits.lineageDepthMax`.
   */
  create(sessionId: string, forkedFrom: ForkPoint | null): void
  /** Appends a batch at the head and returns it as recorded. @throws WaymarkError `ALREADY_EXISTS` for a command's second batch. */
  append(sessionId: string, batch: readonly PendingEvent[], summary: StreamSummary): readonly LoggedEvent[]
  /**
   * Takes events in as they lie in another log: after the head, in their order, each with its hash. They get positions of their own,
   * and are found again by command and by call as if they had been appended. Whoever calls has checked what they say.
   *
   * @throws DamagedRecord when one does not follow from the head; WaymarkError `ALREADY_EXISTS` for a command's second batch.
   */
  take(sessionId: string, rows: readonly TravellingRow[], summary: StreamSummary): void
  /**
   * Asks about each event that the stream itself holds, in their order; a text that comes back takes the place of its data. Envelope and
   * hash stay, and in the place of the salt stands the hash of the data that was, so that the chain can be checked as before. Snapshots
   * from the first such version on are dropped, those of forks that inherit it as well. The caller records what was replaced.
   *
   * @throws DamagedRecord when the new data is not what such an event may hold.
   */
  redact(sessionId: string, replace: (row: StoredRow) => string | null): readonly ReplacedData[]
  /** Stores a text once, by its SHA-256. */
  putContent(hash: string, content: Uint8Array): void
  /** Keeps another text under the hash of one that is taken out, marked as such, whether or not that one is there. */
  redactContent(hash: string, content: Uint8Array): void
  /** Stores a snapshot, and those of its parts that the stream does not have yet. */
  putSnapshot(snapshot: StoredSnapshot): void
  /** Bytes that putting it would add: its own, and those of the parts that the stream does not have yet. */
  bytesToPut(snapshot: StoredSnapshot): number
  /** Snapshots at or before a version, newest first, as those of the log. */
  snapshots(sessionId: string, atMostVersion?: number): Iterable<StoredSnapshot>
  bookmark(key: string): string | null
  /** A note of a reader of other sources (how far an import has come), committed with the events. */
  putBookmark(key: string, value: string): void
  /** Asks about each bookmark, and forgets those for which the answer is yes. */
  forgetBookmarks(forget: (key: string, value: string) => boolean): void
}

export interface EventLog {
  /** For people: what and where this log is. */
  readonly location: string
  /**
   * Runs `work` inside one write transaction and commits it; rolls back when it throws. `work` may be run again after a
   * conflict, so it has no effects besides the transaction. Sessions appended to are durable when the promise resolves.
   *
   * @throws WaymarkError `STORE_BUSY`, `STORE_FULL`, `STORE_CLOSED`, `HOME_NOT_WRITABLE`, or whatever `work` throws.
   */
  transact<T>(work: (transaction: LogTransaction) => T): Promise<T>
  /** What the head says; unlike in a transaction it is not compared with the newest event, so that verification can. */
  stream(sessionId: string): Promise<StreamInfo | null>
  /** All streams, oldest first, in pages. */
  streams(): AsyncIterable<readonly StreamInfo[]>
  /** Pages of events in version order; never holds more than a page. @throws WaymarkError `DAMAGED_RECORD`, `UNKNOWN_EVENT` */
  read(sessionId: string, range?: VersionRange): AsyncIterable<readonly LoggedEvent[]>
  /** The same pages as far as folding looks at them: a store may read them for a fraction of the cost. @throws as `read` */
  readToFold(sessionId: string, range?: VersionRange): AsyncIterable<FoldablePage>
  /** Chain hash of the event at a version, inherited ones too; empty at version 0, `null` when it is not there. */
  chainHash(sessionId: string, version: number): Promise<string | null>
  /** The rows as they lie there, unchecked: for verification. Inherited ones are not among them. */
  rows(sessionId: string, range?: VersionRange): AsyncIterable<readonly StoredRow[]>
  /** The same rows, with their events where the store has both from one reading. */
  rowsToCheck(sessionId: string, range?: VersionRange): AsyncIterable<RowPage>
  /** Events of all streams after a position, in position order, in pages; ends at the newest. */
  readAll(afterPosition: number): AsyncIterable<readonly LoggedEvent[]>
  /** Position of the newest event; 0 in an empty log. */
  position(): Promise<number>
  /**
   * Ends when something may have been appended since `afterPosition`, by any process, when the signal aborts, or when the log is
   * closed (then it may reject with `STORE_CLOSED`).
   */
  changed(afterPosition: number, signal: AbortSignal): Promise<void>
  /**
   * Snapshots of a stream at or before a version, newest first. For a fork, also those of its parent up to the fork point. Parts are
   * fetched when they are asked for; they are gone once their snapshot has been dropped.
   */
  snapshots(sessionId: string, atMostVersion?: number): AsyncIterable<StoredSnapshot>
  /**
   * The text of a hash; of one that was taken out, what stands in its place.
   *
   * @throws WaymarkError `DAMAGED_RECORD` when the stored bytes do not have that hash.
   */
  content(hash: string): Promise<Uint8Array | null>
  /** Hashes of all stored contents, with what is wrong with each. */
  auditContents(): AsyncIterable<AuditedContent>
  /** What the adapter keeps to find a stream's events again, compared with the events. */
  auditIndexes(sessionId: string): AsyncIterable<IndexProblem>
  /** The same question up to a version, for whoever reads all events of the stream: it holds a bounded number of them. */
  watchIndexes(sessionId: string, version: number): IndexWatch
  /** How many events belong to no stream. */
  orphanedEvents(): Promise<number>
  bookmark(key: string): Promise<string | null>
  /**
   * Makes the log smaller: drops the snapshots the caller names and gives back what it can of the bytes that hold nothing. Events,
   * contents and indexes stay as they are. Others may read and write meanwhile; killed anywhere, it leaves a log that is sound.
   *
   * @throws WaymarkError `STORE_BUSY`, `STORE_FULL`, `STORE_CLOSED`, `HOME_NOT_WRITABLE`
   */
  compact(options: CompactOptions): Promise<Compaction>
  close(): Promise<void>
}
