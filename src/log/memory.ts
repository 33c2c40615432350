/** The log in memory: the reference of the port. Obviously right comes first; what it keeps are rows, as a store does. */
import type { LoggedEvent } from '../events/envelope.ts'
import { WaymarkError } from '../kernel/errors.ts'
import { sha256 } from '../kernel/hash.ts'
import { decodeRow } from './codec.ts'
import { dropSnapshotsIn } from './memory-snapshots.ts'
import {
  bytesIn,
  emptyStore,
  infoOf,
  type MemoryStore,
  MemoryTransaction,
  pagesOf,
} from './memory-transaction.ts'
import type {
  AuditedContent,
  Compaction,
  CompactOptions,
  EventLog,
  IndexWatch,
  LogTransaction,
  RowPage,
  StoredRow,
  StoredSnapshot,
  StreamInfo,
  VersionRange,
} from './port.ts'

/**
 * A log that lives as long as its process, for tests, examples and simulations.
 *
 * @example
 * ```ts
 * const log = new MemoryLog()
 * await log.position() // 0
 * ```
 */
export class MemoryLog implements EventLog {
  readonly location = 'memory'
  /** What is stored, open to tests that damage it. */
  readonly stored: MemoryStore = emptyStore()
  readonly #waiting = new Set<() => void>()
  #closed = false

  async transact<T>(work: (transaction: LogTransaction) => T): Promise<T> {
    this.#assertOpen()
    const transaction = new MemoryTransaction(this.stored)
    try {
      const result = work(transaction)
      for (const wake of this.#waiting) wake()
      return result
    } catch (error) {
      transaction.rollBack()
      throw error
    }
  }

  async stream(sessionId: string): Promise<StreamInfo | null> {
    this.#assertOpen()
    const stream = this.stored.streams.get(sessionId)
    return stream === undefined ? null : infoOf(stream)
  }

  async *streams(): AsyncGenerator<readonly StreamInfo[], void, undefined> {
    this.#assertOpen()
    yield* pagesOf([...this.stored.streams.values()].map(infoOf))
  }

  async *read(
    sessionId: string,
    range: VersionRange = {},
  ): AsyncGenerator<readonly LoggedEvent[], void, undefined> {
    this.#assertOpen()
    yield* new MemoryTransaction(this.stored).read(sessionId, range)
  }

  readToFold(sessionId: string, range: VersionRange = {}): AsyncIterable<readonly LoggedEvent[]> {
    return this.read(sessionId, range)
  }

  async chainHash(sessionId: string, version: number): Promise<string | null> {
    this.#assertOpen()
    return new MemoryTransaction(this.stored).chainHash(sessionId, version)
  }

  async *rows(
    sessionId: string,
    range: VersionRange = {},
  ): AsyncGenerator<readonly StoredRow[], void, undefined> {
    this.#assertOpen()
    const { after = 0, to = Number.POSITIVE_INFINITY } = range
    const rows = this.stored.streams.get(sessionId)?.rows ?? []
    yield* pagesOf(rows.filter(({ version }) => version > after && version <= to))
  }

  async *rowsToCheck(sessionId: string, range: VersionRange = {}): AsyncGenerator<RowPage, void, undefined> {
    for await (const rows of this.rows(sessionId, range)) yield { rows, events: null }
  }

  async *readAll(afterPosition: number): AsyncGenerator<readonly LoggedEvent[], void, undefined> {
    this.#assertOpen()
    const found: { readonly sessionId: string; readonly row: StoredRow }[] = []
    for (const { sessionId, rows } of this.stored.streams.values()) {
      for (const row of rows) if (row.position > afterPosition) found.push({ sessionId, row })
    }
    found.sort((a, b) => a.row.position - b.row.position)
    yield* pagesOf(found.map(({ sessionId, row }) => decodeRow(sessionId, row)))
  }

  async position(): Promise<number> {
    this.#assertOpen()
    return this.stored.position
  }

  async changed(afterPosition: number, signal: AbortSignal): Promise<void> {
    this.#assertOpen()
    if (signal.aborted || this.stored.position > afterPosition) return
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      this.#waiting.add(wake)
      signal.addEventListener('abort', wake)
    })
  }

  async *snapshots(
    sessionId: string,
    atMostVersion = Number.POSITIVE_INFINITY,
  ): AsyncGenerator<StoredSnapshot> {
    this.#assertOpen()
    yield* new MemoryTransaction(this.stored).snapshots(sessionId, atMostVersion)
  }

  async content(hash: string): Promise<Uint8Array | null> {
    this.#assertOpen()
    const bytes = this.stored.contents.get(hash)
    if (bytes === undefined) return this.stored.redactedContents.get(hash) ?? null
    if (sha256(bytes) !== hash)
      throw new WaymarkError('DAMAGED_RECORD', { message: `content ${hash} is damaged` })
    return bytes
  }

  async *auditContents(): AsyncGenerator<AuditedContent> {
    this.#assertOpen()
    for (const [hash, bytes] of this.stored.contents) {
      const problem = sha256(bytes) === hash ? null : 'its bytes do not have its hash'
      yield { hash, problem, isRedacted: false }
    }
    for (const hash of this.stored.redactedContents.keys()) yield { hash, problem: null, isRedacted: true }
  }

  /** Its indexes are maps beside the rows, gone with the process: there is nothing to compare. */
  async *auditIndexes(): AsyncGenerator<never, void, undefined> {}

  watchIndexes(): IndexWatch {
    return { see: () => {}, agrees: () => true }
  }

  async orphanedEvents(): Promise<number> {
    return 0
  }

  async bookmark(key: string): Promise<string | null> {
    this.#assertOpen()
    return this.stored.bookmarks.get(key) ?? null
  }

  async compact({ dropSnapshot }: CompactOptions): Promise<Compaction> {
    this.#assertOpen()
    const bytesBefore = bytesIn(this.stored)
    const countBefore = this.stored.snapshots.length
    dropSnapshotsIn(this.stored, ({ sessionId, version, kind, checkpointId }) =>
      dropSnapshot({ sessionId, version, kind, checkpointId }),
    )
    const snapshotsDropped = countBefore - this.stored.snapshots.length
    return { bytesBefore, bytesAfter: bytesIn(this.stored), bytesFree: 0, snapshotsDropped }
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const wake of this.#waiting) wake()
  }

  #assertOpen(): void {
    if (!this.#closed) return
    throw new WaymarkError('STORE_CLOSED', { message: 'this log has been closed', hint: 'open it again' })
  }
}
