/** One connection to the file: prepared statements by their text, and the write lock. */
import { setTimeout as delay } from 'node:timers/promises'
import { elapsedMs, systemIds } from '../../kernel/clock.ts'
import { WaymarkError } from '../../kernel/errors.ts'
import { limits } from '../../kernel/limits.ts'
import {
  resultCodes,
  type SqlConnection,
  type SqliteDriver,
  type SqlRow,
  type SqlStatement,
  type SqlValue,
} from './driver.ts'
import { busy, faultOf } from './faults.ts'

/** Bounds of the pause between two tries for the write lock: short at first, then long enough not to burn a core. */
const pauseMs = { least: 1, most: 12 } as const

/** How often a read is tried while another process puts the file in order after a crash. */
const readTriesMax = 200

/** What came of work that may fail by itself. */
export type Isolated<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: unknown }

export class Database {
  readonly path: string
  readonly readOnly: boolean
  readonly #driver: SqliteDriver
  readonly #connection: SqlConnection
  readonly #statements = new Map<string, SqlStatement>()
  #closed = false
  #isInTransaction = false

  constructor(driver: SqliteDriver, connection: SqlConnection, path: string, readOnly: boolean) {
    this.#driver = driver
    this.#connection = connection
    this.path = path
    this.readOnly = readOnly
  }

  get(sql: string, ...values: readonly SqlValue[]): SqlRow | undefined {
    return this.#patiently(() => this.#statement(sql).get(...values))
  }

  all(sql: string, ...values: readonly SqlValue[]): readonly SqlRow[] {
    return this.#patiently(() => this.#statement(sql).all(...values))
  }

  run(sql: string, ...values: readonly SqlValue[]): void {
    try {
      this.#statement(sql).run(...values)
    } catch (error) {
      throw faultOf(error, this.#driver, this.path)
    }
  }

  /** Runs statements that are not worth preparing. */
  exec(sql: string): void {
    this.assertOpen()
    try {
      this.#connection.exec(sql)
    } catch (error) {
      throw faultOf(error, this.#driver, this.path)
    }
  }

  /**
   * Runs `work` between BEGIN IMMEDIATE and COMMIT, rolling back when it throws. Waits for the write lock of other
   * processes without holding up the event loop. SQLite's own waiting would block it, and can starve a writer.
   *
   * @throws WaymarkError `STORE_BUSY` after `limits.writeLockWaitMs`.
   */
  async writing<T>(work: () => T, waitMsMax: number = limits.writeLockWaitMs): Promise<T> {
    await this.whenFree(() => this.run('BEGIN IMMEDIATE'), waitMsMax)
    this.#isInTransaction = true
    try {
      const result = work()
      this.run('COMMIT')
      return result
    } catch (error) {
      this.#rollBack()
      throw error
    } finally {
      this.#isInTransaction = false
    }
  }

  /**
   * Runs `work` inside the transaction that is under way so that it can fail by itself: then what it did is undone, and what others did
   * stands.
   *
   * @throws WaymarkError when it cannot be undone alone, because SQLite has ended the transaction.
   */
  isolated<T>(work: () => T): Isolated<T> {
    this.run('SAVEPOINT own')
    try {
      const value = work()
      this.run('RELEASE own')
      return { ok: true, value }
    } catch (error) {
      this.run('ROLLBACK TO own')
      this.run('RELEASE own')
      return { ok: false, error }
    }
  }

  /** Runs `work`, which only reads, so that all of it sees one moment: nobody else's change comes between two of its statements. */
  reading<T>(work: () => T): T {
    if (this.#isInTransaction) return work()
    this.run('BEGIN')
    this.#isInTransaction = true
    try {
      return work()
    } finally {
      this.#isInTransaction = false
      this.run('COMMIT')
    }
  }

  /** Runs what may find the file locked, again and again with pauses. */
  async whenFree<T>(attempt: () => T, waitMsMax: number = limits.writeLockWaitMs): Promise<T> {
    const start = elapsedMs()
    for (let tries = 0; ; tries++) {
      try {
        return attempt()
      } catch (error) {
        const waitedMs = elapsedMs() - start
        if (!(error instanceof WaymarkError) || error.code !== 'STORE_BUSY') throw error
        if (waitedMs > waitMsMax) throw busy(this.path, error)
        await delay(jitteredMs(tries))
      }
    }
  }

  /** Changes with every commit of another connection. */
  dataVersion(): SqlValue {
    return this.get('PRAGMA data_version')?.data_version ?? null
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#statements.clear()
    this.#connection.close()
  }

  assertOpen(): void {
    if (!this.#closed) return
    throw new WaymarkError('STORE_CLOSED', { message: `${this.path} has been closed`, hint: 'open it again' })
  }

  #statement(sql: string): SqlStatement {
    this.assertOpen()
    let statement = this.#statements.get(sql)
    if (statement === undefined) {
      statement = this.#connection.prepare(sql)
      this.#statements.set(sql, statement)
    }
    return statement
  }

  /** A reader never waits for a writer; it does for a process that has just begun to put the file in order. */
  #patiently<T>(read: () => T): T {
    for (let tries = 1; ; tries++) {
      try {
        return read()
      } catch (error) {
        if (this.#driver.resultCodeOf(error) === resultCodes.busy && tries < readTriesMax) continue
        throw faultOf(error, this.#driver, this.path)
      }
    }
  }

  #rollBack(): void {
    try {
      this.#connection.exec('ROLLBACK')
    } catch (error) {
      // SQLite has ended the transaction by itself where it could not go on (disk full, I/O error).
      if (this.#driver.resultCodeOf(error) === null) throw error
    }
  }
}

function jitteredMs(tries: number): number {
  const most = Math.min(pauseMs.most, pauseMs.least + tries)
  const chance = (systemIds.salt()[0] ?? 0) / 256
  return pauseMs.least + chance * (most - pauseMs.least)
}
