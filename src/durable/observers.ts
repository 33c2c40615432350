/** Who watches a machine: told after each recorded step, in XState's own manner, so that `waitFor` and `toPromise` take it for an actor. */
import { warn } from '../session/warning.ts'

export interface Observer<T> {
  readonly next?: (value: T) => void
  readonly error?: (error: unknown) => void
  readonly complete?: () => void
}

export interface Subscription {
  unsubscribe(): void
}

export class Observers<T> {
  readonly #all = new Set<Observer<T>>()
  #hasEnded = false

  add(observer: Observer<T>): Subscription {
    if (this.#hasEnded) observer.complete?.()
    else this.#all.add(observer)
    return { unsubscribe: () => void this.#all.delete(observer) }
  }

  next(value: T): void {
    this.#each((observer) => observer.next?.(value))
  }

  /** Tells a failure; without anybody who listens it becomes a process warning, so that none is lost. */
  error(error: unknown): void {
    const listening = [...this.#all].filter((observer) => observer.error !== undefined)
    if (listening.length === 0) warn('WAYMARK_MACHINE', error)
    this.#each((observer) => observer.error?.(error))
  }

  complete(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#each((observer) => observer.complete?.())
    this.#all.clear()
  }

  /** What one observer throws reaches no other. */
  #each(tell: (observer: Observer<T>) => void): void {
    for (const observer of this.#all) {
      try {
        tell(observer)
      } catch (error) {
        warn('WAYMARK_MACHINE', error)
      }
    }
  }
}
