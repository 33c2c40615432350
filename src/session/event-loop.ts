/** Lets the event loop turn where one write follows the other without a pause: timers and signals wait for it. */
import { elapsedMs } from '../kernel/clock.ts'
import { limits } from '../kernel/limits.ts'

/**
 * Counts the time since the event loop turned last. Writes end in promises alone, which run before anything else does, so a program
 * that awaits one after the other would never hear of a signal.
 */
export class EventLoopTurns {
  #busySinceMs: number | null = null
  /** The turn that is waited for. All wait for the same one: who goes on together writes together. */
  #next: Promise<void> | null = null

  /** Before a piece of work: `null` when it may go on at once, else what to wait for. */
  due(): Promise<void> | null {
    if (this.#busySinceMs === null) {
      this.#busySinceMs = elapsedMs()
      // Runs when the event loop turns by itself, and keeps no process alive.
      setImmediate(() => {
        this.#busySinceMs = null
      }).unref()
      return null
    }
    if (elapsedMs() - this.#busySinceMs < limits.eventLoopHeldMs) return null
    this.#next ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#next = null
        resolve()
      })
    })
    return this.#next
  }
}
