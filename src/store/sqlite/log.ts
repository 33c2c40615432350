/** The log in a SQLite file. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { LoggedEvent } from '../../events/envelope.ts'
import { assert } from '../../kernel/assert.ts'
import type {
  AuditedContent,
  Compaction,
  CompactOptions,
  EventLog,
  IndexProblem,
  LogTransaction,
  StoredRow,
  StoredSnapshot,
  StreamInfo,
  VersionRange,
} from '../../log/port.ts'
import { compactFile } from './compact.ts'
import { auditContents, findBookmark, findContent, findSnapshots } from './contents.ts'
import type { Database } from './database.ts'
import { notWritable } from './faults.ts'
import { indexProblems, orphanedEvents } from './indexes.ts'
import { newestPosition, pagesOfEvents, pagesOfLog, pagesOfRows } from './reading.ts'
import { findStream, infoOf, pagesOfStreams } from './streams.ts'
import { KnownHeads, SqliteTransaction } from './transaction.ts'
import { ChangeWatch } from './watch.ts'

/** Pages a reader takes before others get a turn: a few milliseconds of work. */
const pagesPerTurn = 8

/** A log in a SQLite file. `openSqliteLog` makes it. */
export class SqliteLog implements EventLog {
  readonly location: string
  readonly #database: Database
  readonly #watch: ChangeWatch
  readonly #heads = new KnownHeads()
  /** Write transactions of this connection, one after the other in the order they were asked for. */
  #lastWrite: Promise<unknown> = Promise.resolve()

  constructor(database: Database) {
    this.#database = database
    this.#watch = new ChangeWatch(database)
    this.location = database.path
  }

  async transact<T>(work: (transaction: LogTransaction) => T): Promise<T> {
    return this.#inOrder(() => this.#write(work))
  }

  async stream(sessionId: string): Promise<StreamInfo | null> {
    const stream = findStream(this.#database, sessionId)
    return stream === null ? null : infoOf(stream)
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

  async *rows(
    sessionId: string,
    range: VersionRange = {},
  ): AsyncGenerator<readonly StoredRow[], void, undefined> {
    const stream = findStream(this.#database, sessionId)
    if (stream !== null) yield* inTurns(pagesOfRows(this.#database, stream.key, range))
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
    if (stream !== null) yield* indexProblems(this.#database, stream.key)
  }

  async orphanedEvents(): Promise<number> {
    return orphanedEvents(this.#database)
  }

  async bookmark(key: string): Promise<string | null> {
    return findBookmark(this.#database, key)
  }

  async compact(options: CompactOptions): Promise<Compaction> {
    return this.#inOrder(async () => {
      this.#assertWritable()
      return compactFile(this.#database, options)
    })
  }

  async close(): Promise<void> {
    await this.#lastWrite
    this.#watch.close()
    this.#database.close()
  }

  #inOrder<T>(work: () => Promise<T>): Promise<T> {
    const write = this.#lastWrite.then(work)
    this.#lastWrite = write.catch(() => {})
    return write
  }

  #assertWritable(): void {
    this.#database.assertOpen()
    if (this.#database.readOnly) throw notWritable(this.location, new Error('it was opened for reading only'))
  }

  async #write<T>(work: (transaction: LogTransaction) => T): Promise<T> {
    this.#assertWritable()
    try {
      const result = await this.#database.writing(() => {
        const transaction = new SqliteTransaction(this.#database, this.#heads)
        const done = work(transaction)
        assert(!(done instanceof Promise), 'work inside a transaction is synchronous')
        transaction.finish()
        return done
      })
      this.#watch.wake()
      return result
    } catch (error) {
      this.#heads.forget()
      throw error
    }
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
