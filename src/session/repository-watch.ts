/**
 * Keeps at hand what the repository says of itself, so that a checkpoint taken inside a transaction can note it. Asked again
 * when it is older than a few seconds, before the transaction; a git that is slow is waited for only once in a while.
 */
import type { RepositoryNote } from '../decide/decision.ts'
import { elapsedMs } from '../kernel/clock.ts'
import { repositoryFacts } from './repository.ts'

const freshMs = 5_000
const waitMs = 250
const backOffMs = 60_000

export class RepositoryWatch {
  #facts: RepositoryNote | null = null
  #askAgainAtMs = 0

  get facts(): RepositoryNote | null {
    return this.#facts
  }

  /** Asks git about a folder, unless it was asked just before. `now` asks in any case. */
  async refresh(folder: string | null, when: 'now' | 'if-old'): Promise<void> {
    if (folder === null || (when === 'if-old' && elapsedMs() < this.#askAgainAtMs)) return
    const startedMs = elapsedMs()
    this.#facts = await repositoryFacts(folder, when === 'now' ? {} : { waitMs })
    const isSlow = elapsedMs() - startedMs >= waitMs
    this.#askAgainAtMs = elapsedMs() + (this.#facts === null || isSlow ? backOffMs : freshMs)
  }
}
