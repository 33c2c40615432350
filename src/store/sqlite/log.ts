/** The log in a SQLite file. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { LoggedEvent } from '../../events/envelope.ts'
import type { FoldablePage } from '../../fold/page.ts'
import { assert } from '../../kernel/assert.ts'
import type {
  AuditedContent,
  Compaction,
  CompactOptions,
  EventLog,
  IndexProblem,
  IndexWatch,
  LogTransaction,
  RowPage,
  StoredRow,
  StoredSnapshot,
  StreamInfo,
  VersionRange,
} from '../../log/port.ts'
import { compactFile } from './compact.ts'
import { auditContents, findBookmark, findContent } from './contents.ts'
import type { Database } from './database.ts'
import { notWritable } from './faults.ts'
import { SqliteIndexWatch } from './index-watch.ts'
import { indexProblems, orphanedEvents } from './indexes.ts'
import { newestPosition, pagesOfLog } from './log-order.ts'
import { pagesOfEvents, pagesOfRows, pagesToCheck, pagesToFold } from './reading.ts'
import { Sealer } from './sealer.ts'
import { findSnapshots } from './snapshots.ts'
import { findStream, hashAt, infoOf, pagesOfStreams } from './streams.ts'
import { KnownHeads, SqliteTransaction } from './transaction.ts'
import { ChangeWatch } from './watch.ts'
import { WriteQueue } from './writes.ts'

/** Pages a reader takes before others get a turn: a few milliseconds of work. */
const pagesPerTurn = 8

/** A log in a SQLite file. `openSqliteLog` makes it. */
export class SqliteLog implements EventLog {
  readonly location: string
  readonly #database: Database
  readonly #watch: ChangeWatch
  readonly #heads = new KnownHeads()
  readonly #writes: WriteQueue
  readonly #sealer: Sealer

  constructor(database: Database) {
    this.#database = database
    this.#watch = new ChangeWatch(database)
    this.#writes = new WriteQueue(database, {
      check: () => this.#assertWritable(),
      undone: () => this.#heads.forget(),
      committed: () => {
        this.#watch.wake()
        this.#sealer.due(this.#heads.due)
        this.#heads.due.clear()
      },
    })
    this.#sealer = new Sealer(database, this.#writes, (sessionId) => this.#heads.sealed(sessionId))
    this.location = database.path
  }

  async transact<T>(work: (transaction: LogTransaction) => T): Promise<T> {
    return this.#writes.transact(() => {
      const transaction = new SqliteTransaction(this.#database, this.#heads)
      const done = work(transaction)
      assert(!(done instanceof Promise), 'work inside a transaction is synchronous')
      transaction.finish()
      return done
    })
  }

  async stream(sessionId: string): Promise<StreamInfo | null> {
    const stream = findStream(this.#database, sessionId)
    return stream === null ? null : infoOf(stream)
  }

  async chainHash(sessionId: string, version: number): Promise<string | null> {
    const stream = findStream(this.#database, sessionId)
    return stream === null ? null : hashAt(this.#database, stream, version)
  }

  async *streams(): AsyncGenerator<readonly StreamInfo[], void, undefined> {
    for await (const page of inTurns(pagesOfStreams(this.#database))) yield page.map(infoOf)
  }

  async *read(
    sessionId: string,
    range: VersionRange = {},
  ): AsyncGenerator<readonly LoggedEvent[], void, undefined> {
    const stream = findStream(this.#database, sessionId)
    if (stream !== null) yield* inTurns(pagesOfEvents(this.#database, stream, range))
  }

  async *readToFold(
    sessionId: string,
    range: VersionRange = {},
  ): AsyncGenerator<FoldablePage, void, undefined> {
    const stream = findStream(this.#database, sessionId)
    if (stream !== null) yield* inTurns(pagesToFold(this.#database, stream, range))
  }

  async *rows(
    sessionId: string,
    range: VersionRange = {},
  ): AsyncGenerator<readonly StoredRow[], void, undefined> {
    const stream = findStream(this.#database, sessionId)
    if (stream !== null) yield* inTurns(pagesOfRows(this.#database, stream, range))
  }

  async *rowsToCheck(sessionId: string, range: VersionRange = {}): AsyncGenerator<RowPage, void, undefined> {
    const stream = findStream(this.#database, sessionId)
    if (stream !== null) yield* inTurns(pagesToCheck(this.#database, stream, range))
  }

  async *readAll(afterPosition: number): AsyncGenerator<readonly LoggedEvent[], void, undefined> {
    yield* inTurns(pagesOfLog(this.#database, afterPosition, newestPosition(this.#database)))
  }

  async position(): Promise<number> {
    return newestPosition(this.#database)
  }

  async changed(afterPosition: number, signal: AbortSignal): Promise<void> {
    await this.#watch.changed(afterPosition, signal)
  }

  async *snapshots(
    sessionId: string,
    atMostVersion = Number.POSITIVE_INFINITY,
  ): AsyncGenerator<StoredSnapshot, void, undefined> {
    const stream = findStream(this.#database, sessionId)
    if (stream !== null) yield* findSnapshots(this.#database, stream, atMostVersion)
  }

  async content(hash: string): Promise<Uint8Array | null> {
    return findContent(this.#database, hash)
  }

  async *auditContents(): AsyncGenerator<AuditedContent, void, undefined> {
    yield* inTurns(auditContents(this.#database))
  }

  async *auditIndexes(sessionId: string): AsyncGenerator<IndexProblem, void, undefined> {
    const stream = findStream(this.#database, sessionId)
    if (stream !== null) yield* indexProblems(this.#database, stream)
  }

  watchIndexes(sessionId: string, version: number): IndexWatch {
    const stream = findStream(this.#database, sessionId)
    return stream === null
      ? { see: () => {}, agrees: () => false }
      : new SqliteIndexWatch(this.#database, stream, version)
  }

  async orphanedEvents(): Promise<number> {
    return orphanedEvents(this.#database)
  }

  async bookmark(key: string): Promise<string | null> {
    return findBookmark(this.#database, key)
  }

  async compact(options: CompactOptions): Promise<Compaction> {
    return this.#writes.alone(async () => {
      this.#assertWritable()
      return compactFile(this.#database, options)
    })
  }

  async close(): Promise<void> {
    await this.#sealer.settled()
    await this.#writes.alone(async () => {
      this.#watch.close()
      this.#database.close()
    })
  }

  #assertWritable(): void {
    this.#database.assertOpen()
    if (this.#database.readOnly) throw notWritable(this.location, new Error('it was opened for reading only'))
  }
}

/** Hands pages on and lets the event loop turn now and then: a long read holds up nobody else. */
async function* inTurns<T>(pages: Iterable<T>): AsyncGenerator<T, void, undefined> {
  let count = 0
  for (const page of pages) {
    yield page
    count += 1
    if (count % pagesPerTurn === 0) await nextTurn()
  }
}
