/** Wakes those who wait for events: at once for this connection's own commits, by polling for those of others. */
import { WaymarkError } from '../../kernel/errors.ts'
import { limits } from '../../kernel/limits.ts'
import type { Database } from './database.ts'
import { newestPosition } from './log-order.ts'

interface Waiter {
  readonly afterPosition: number
  readonly settle: (error?: unknown) => void
}

/** One timer for all who wait; none when nobody does. */
export class ChangeWatch {
  readonly #database: Database
  readonly #waiters = new Set<Waiter>()
  #timer: NodeJS.Timeout | null = null
  #seen: unknown = null

  constructor(database: Database) {
    this.#database = database
  }

  /** Resolves when the newest position is above `afterPosition`, or the signal aborts. */
  async changed(afterPosition: number, signal: AbortSignal): Promise<void> {
    this.#database.assertOpen()
    if (signal.aborted || newestPosition(this.#database) > afterPosition) return
    await new Promise<void>((resolve, reject) => {
      const waiter: Waiter = {
        afterPosition,
        settle: (error) => {
          signal.removeEventListener('abort', abort)
          this.#forget(waiter)
          if (error === undefined) resolve()
          else reject(error)
        },
      }
      const abort = (): void => waiter.settle()
      signal.addEventListener('abort', abort)
      this.#waiters.add(waiter)
      this.#timer ??= setInterval(() => this.#poll(), limits.pollIntervalMs)
    })
  }

  /** Looks now: something has been committed here. */
  wake(): void {
    if (this.#waiters.size === 0) return
    const position = newestPosition(this.#database)
    for (const waiter of this.#waiters) if (position > waiter.afterPosition) waiter.settle()
  }

  close(): void {
    const closed = new WaymarkError('STORE_CLOSED', {
      message: `${this.#database.path} has been closed while somebody waited for events`,
      hint: 'abort followers before closing',
    })
    for (const waiter of this.#waiters) waiter.settle(closed)
  }

  #poll(): void {
    try {
      const version = this.#database.dataVersion()
      if (version === this.#seen) return
      this.#seen = version
      this.wake()
    } catch (error) {
      for (const waiter of this.#waiters) waiter.settle(error)
    }
  }

  #forget(waiter: Waiter): void {
    this.#waiters.delete(waiter)
    if (this.#waiters.size > 0 || this.#timer === null) return
    clearInterval(this.#timer)
    this.#timer = null
  }
}
