/** Records of a log that read as damaged, though the log itself is sound. */
import type { LoggedEvent } from '../../events/envelope.ts'
import type { Counters } from '../../events/shapes.ts'
import type { StreamSummary } from '../../fold/summary.ts'
import { damaged } from '../../log/codec.ts'
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

/** Which records read as damaged. */
export class DamagedRecords {
  #places: readonly { readonly sessionId: string | undefined; readonly version: number }[] = []

  get isEmpty(): boolean {
    return this.#places.length === 0
  }

  add(sessionId: string | undefined, version: number): void {
    this.#places = [...this.#places, { sessionId, version }]
  }

  clear(): void {
    this.#places = []
  }

  has(sessionId: string, version: number): boolean {
    return this.#places.some(
      (place) =>
        place.version === version && (place.sessionId === undefined || place.sessionId === sessionId),
    )
  }

  /** The events, if none of them is damaged. @throws DamagedRecord */
  checked(events: readonly LoggedEvent[]): readonly LoggedEvent[] {
    const bad = events.find(({ sessionId, version }) => this.has(sessionId, version))
    if (bad !== undefined) throw damaged(bad.sessionId, bad.version, 'damage was injected here')
    return events
  }

  /** The rows with other bytes where they are damaged; their checksums stay, and tell. */
  spoiled(sessionId: string, rows: readonly StoredRow[]): readonly StoredRow[] {
    return rows.map((row) => (this.has(sessionId, row.version) ? { ...row, data: `${row.data} ` } : row))
  }
}

/** A transaction that meets the damaged records where it reads events. */
export class DamagedTransaction implements LogTransaction {
  readonly #inner: LogTransaction
  readonly #damage: DamagedRecords

  constructor(inner: LogTransaction, damage: DamagedRecords) {
    this.#inner = inner
    this.#damage = damage
  }

  *read(sessionId: string, range: VersionRange): Generator<readonly LoggedEvent[], void, undefined> {
    for (const page of this.#inner.read(sessionId, range)) yield this.#damage.checked(page)
  }

  batchOf(sessionId: string, commandId: string): readonly LoggedEvent[] | null {
    const batch = this.#inner.batchOf(sessionId, commandId)
    return batch === null ? null : this.#damage.checked(batch)
  }

  redact(sessionId: string, replace: (row: StoredRow) => string | null): readonly ReplacedData[] {
    return this.#inner.redact(sessionId, (row) => {
      if (this.#damage.has(sessionId, row.version)) {
        throw damaged(sessionId, row.version, 'damage was injected here')
      }
      return replace(row)
    })
  }

  stream(sessionId: string): StreamInfo | null {
    return this.#inner.stream(sessionId)
  }

  countedCall(sessionId: string, callId: string, scope: 'session' | 'home'): Counters | null {
    return this.#inner.countedCall(sessionId, callId, scope)
  }

  create(sessionId: string, forkedFrom: ForkPoint | null): void {
    this.#inner.create(sessionId, forkedFrom)
  }

  append(sessionId: string, batch: readonly PendingEvent[], summary: StreamSummary): readonly LoggedEvent[] {
    return this.#inner.append(sessionId, batch, summary)
  }

  take(sessionId: string, rows: readonly TravellingRow[], summary: StreamSummary): void {
    this.#inner.take(sessionId, rows, summary)
  }

  putContent(hash: string, content: Uint8Array): void {
    this.#inner.putContent(hash, content)
  }

  redactContent(hash: string, content: Uint8Array): void {
    this.#inner.redactContent(hash, content)
  }

  putSnapshot(snapshot: StoredSnapshot): void {
    this.#inner.putSnapshot(snapshot)
  }

  bytesToPut(snapshot: StoredSnapshot): number {
    return this.#inner.bytesToPut(snapshot)
  }

  snapshots(sessionId: string, atMostVersion?: number): Iterable<StoredSnapshot> {
    return this.#inner.snapshots(sessionId, atMostVersion)
  }

  bookmark(key: string): string | null {
    return this.#inner.bookmark(key)
  }

  putBookmark(key: string, value: string): void {
    this.#inner.putBookmark(key, value)
  }

  forgetBookmarks(forget: (key: string, value: string) => boolean): void {
    this.#inner.forgetBookmarks(forget)
  }
}
