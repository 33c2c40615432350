/**
 * The writes of one connection, in the order they were asked for. Transactions that wait at the same time share one of SQLite's, and with it
 * one fsync. Each is nested in it: what one of them throws undoes that one alone, and whoever asked is told when all of it
 * is on disk.
 */
import { elapsedMs } from '../../kernel/clock.ts'
import { limits } from '../../kernel/limits.ts'
import type { Database } from './database.ts'

/** A transaction that waits. */
interface Write {
  /** Runs its work. What comes back tells whoever asked, and is called once it is on disk. */
  readonly attempt: () => () => void
  readonly reject: (reason: unknown) => void
}

/** What needs the connection for itself. */
interface Alone {
  readonly run: () => Promise<void>
}

export interface WriteHooks {
  /** Before each transaction. @throws WaymarkError when nothing may be written */
  check(): void
  /** Something was undone: what was known of the file may be wrong. */
  undone(): void
  committed(): void
}

export class WriteQueue {
  readonly #database: Database
  readonly #hooks: WriteHooks
  readonly #waiting: (Write | Alone)[] = []
  #isDraining = false

  constructor(database: Database, hooks: WriteHooks) {
    this.#database = database
    this.#hooks = hooks
  }

  /** Runs `work` inside a transaction, which others may share. It may be run again, so it has no effects besides the transaction. */
  transact<T>(work: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const attempt = (): (() => void) => {
        const result = work()
        return () => resolve(result)
      }
      this.#add({ attempt, reject })
    })
  }

  /** Runs what can share no transaction, after everything that was asked for before it. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#add({ run: () => work().then(resolve, reject) })
    })
  }

  #add(waiting: Write | Alone): void {
    this.#waiting.push(waiting)
    if (this.#isDraining) return
    this.#isDraining = true
    void this.#drain()
  }

  async #drain(): Promise<void> {
    for (;;) {
      await allPromises()
      const next = this.#waiting[0]
      if (next === undefined) break
      if (isAlone(next)) {
        this.#waiting.shift()
        await next.run()
      } else await this.#share(next)
    }
    this.#isDraining = false
  }

  /** One transaction for those that wait, as far as they may share it. */
  async #share(first: Write): Promise<void> {
    const taken: Write[] = []
    const tell: (() => void)[] = []
    try {
      this.#hooks.check()
      await this.#database.writing(() => this.#attemptAll(taken, tell))
    } catch (error) {
      this.#hooks.undone()
      if (taken.length === 0) this.#waiting.shift()
      if (taken.length <= 1) first.reject(error)
      // The fault may be of one of them only, and nothing of any is there: each is tried again by itself.
      else for (const write of taken) await this.#byItself(write)
      return
    }
    this.#hooks.committed()
    for (const tellOne of tell) tellOne()
  }

  /** Attempts those that wait, one after the other, until there are enough or it takes long. */
  #attemptAll(taken: Write[], tell: (() => void)[]): void {
    const startMs = elapsedMs()
    const isShared = this.#waiting[1] !== undefined && !isAlone(this.#waiting[1])
    for (let next = this.#waiting[0]; next !== undefined && !isAlone(next); next = this.#waiting[0]) {
      if (taken.length >= limits.sharedWritesMax || elapsedMs() - startMs > limits.sharedWritesMs) return
      this.#waiting.shift()
      taken.push(next)
      tell.push(isShared ? this.#attemptIsolated(next) : next.attempt())
    }
  }

  #attemptIsolated({ attempt, reject }: Write): () => void {
    const outcome = this.#database.isolated(attempt)
    if (outcome.ok) return outcome.value
    this.#hooks.undone()
    return () => reject(outcome.error)
  }

  async #byItself({ attempt, reject }: Write): Promise<void> {
    try {
      const tell = await this.#database.writing(attempt)
      this.#hooks.committed()
      tell()
    } catch (error) {
      this.#hooks.undone()
      reject(error)
    }
  }
}

function isAlone(waiting: Write | Alone): waiting is Alone {
  return 'run' in waiting
}

/** Resolves when all promises that are settled now have been followed up: whoever sends in the same turn has sent. */
function allPromises(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(resolve)
  })
}
