/** Seals old events in the background: a block at a time between the writes of this connection, so that nobody waits for long. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { WaymarkError } from '../../kernel/errors.ts'
import type { Database } from './database.ts'
import { prepareBlock, putPrepared } from './seal.ts'
import type { WriteQueue } from './writes.ts'

/** Milliseconds that sealing waits for other processes before it leaves the rows as they are. */
const waitMs = 100

export class Sealer {
  readonly #database: Database
  readonly #writes: WriteQueue
  readonly #onSealed: (sessionId: string) => void
  readonly #due = new Set<string>()
  /** Sessions with rows that cannot be sealed: they are not tried again. */
  readonly #left = new Set<string>()
  #sealing: Promise<void> | null = null

  constructor(database: Database, writes: WriteQueue, onSealed: (sessionId: string) => void) {
    this.#database = database
    this.#writes = writes
    this.#onSealed = onSealed
  }

  /** Sessions that were appended to and have enough rows to seal. */
  due(sessionIds: Iterable<string>): void {
    for (const sessionId of sessionIds) if (!this.#left.has(sessionId)) this.#due.add(sessionId)
    if (this.#due.size > 0) this.#sealing ??= this.#seal()
  }

  /** Resolves when nothing is left to be sealed. */
  async settled(): Promise<void> {
    while (this.#sealing !== null) await this.#sealing
  }

  async #seal(): Promise<void> {
    for (const sessionId of this.#due) {
      const outcome = await this.#sealOne(sessionId)
      if (outcome === 'unsound') this.#left.add(sessionId)
      if (outcome === 'sealed') this.#onSealed(sessionId)
      else this.#due.delete(sessionId)
    }
    this.#sealing = null
    if (this.#due.size > 0) this.due([])
  }

  /** A disk that is full or a file that is busy stops the sealing and nothing else: rows are as good as blocks. */
  async #sealOne(sessionId: string): Promise<'sealed' | 'nothing to seal' | 'unsound'> {
    try {
      await nextTurn()
      const prepared = prepareBlock(this.#database, sessionId)
      if (typeof prepared === 'string') return prepared
      const put = (): boolean => putPrepared(this.#database, prepared)
      const isPut = await this.#writes.alone(() => this.#database.writing(put, waitMs))
      // Otherwise another process was first, or took data out meanwhile: the next append looks again.
      return isPut ? 'sealed' : 'nothing to seal'
    } catch (error) {
      if (error instanceof WaymarkError) return 'nothing to seal'
      throw error
    }
  }
}
