/** Keeps the memory files of a home in step with its log, without making anybody wait. */
import type { Clock } from '../kernel/clock.ts'
import { elapsedMs } from '../kernel/clock.ts'
import { limits } from '../kernel/limits.ts'
import type { EventLog } from '../log/port.ts'
import { codeOf, removeLeftovers } from './files.ts'
import type { MemorySettings } from './render.ts'
import { nothingRemembered, type Remembered, writeMemoryFiles } from './write.ts'

export interface MemoryFilesOptions {
  /** The folder of the home's sessions: `<home>/sessions`. */
  readonly folder: string
  readonly log: EventLog
  /** Asked at each write, so that a change of settings counts at once. */
  readonly settings: () => MemorySettings
  readonly clock: Clock
}

/** A write may take at most this share of the time: after a slow one, the next waits longer. */
const writeTimeShare = 0.2

/**
 * The memory files of a home. `touch` says that something was appended; the files follow soon after, a burst of events in one
 * write. They are views: whatever becomes of them harms no session. A failure is a warning of the process with the code
 * `WAYMARK_MEMORY_FILES`, once, and `failure`.
 *
 * @example
 * ```ts
 * const settings = { autoLoadHistory: true, contextPreservation: 'critical_only', cacheEnabled: true, persistenceEnabled: false }
 * const files = new MemoryFiles({ folder: '/nowhere', log: waymark.log, settings: () => settings, clock: seeded(1).clock })
 * files.touch(session.id)
 * await files.flush()
 * files.failure // null
 * ```
 */
export class MemoryFiles {
  readonly #options: MemoryFilesOptions
  readonly #remembered: Remembered = nothingRemembered()
  #touched = false
  #timer: NodeJS.Timeout | null = null
  #writing: Promise<void> | null = null
  #nextAtMs = 0
  #cleaned = false
  #warned = false
  #failure: string | null = null
  #writes = 0

  constructor(options: MemoryFilesOptions) {
    this.#options = options
  }

  /** Why the latest write, or a file of it, failed; `null` when none did. */
  get failure(): string | null {
    return this.#failure
  }

  /** How many times the files were written. */
  get writes(): number {
    return this.#writes
  }

  /** Says that events were appended to a session. Returns at once. */
  touch(_sessionId: string): void {
    this.#touched = true
    this.#schedule()
  }

  /** Writes what was touched and not written yet, and resolves when it is there. Never rejects. */
  async flush(): Promise<void> {
    for (;;) {
      if (this.#timer !== null) clearTimeout(this.#timer)
      this.#timer = null
      if (this.#writing === null && !this.#touched) return
      await (this.#writing ?? this.#write())
    }
  }

  /** As `flush`, and without what is touched while the files are being written: it ends however busy the sessions are. */
  async flushOnce(): Promise<void> {
    await this.#writing
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    if (this.#touched) await (this.#writing ?? this.#write())
  }

  #schedule(): void {
    if (this.#timer !== null || this.#writing !== null) return
    const waitMs = Math.max(limits.memoryWriteIntervalMs, this.#nextAtMs - elapsedMs())
    this.#timer = setTimeout(() => {
      this.#timer = null
      void this.#write()
    }, waitMs)
    // A process that has nothing else to do may end: whoever closes the home flushes first.
    this.#timer.unref()
  }

  #write(): Promise<void> {
    this.#touched = false
    this.#writing = this.#writeNow().finally(() => {
      this.#writing = null
      if (this.#touched) this.#schedule()
    })
    return this.#writing
  }

  async #writeNow(): Promise<void> {
    const startMs = elapsedMs()
    try {
      const settings = this.#options.settings()
      if (!settings.persistenceEnabled) return
      if (!this.#cleaned) await removeLeftovers(this.#options.folder)
      this.#cleaned = true
      const options = { remembered: this.#remembered, editedTasks: 'stay' } as const
      const { failed } = await writeMemoryFiles(this.#options, settings, options)
      this.#writes += 1
      this.#failure = null
      if (failed.length > 0) this.#fail(failed.map(({ name, reason }) => `${name}: ${reason}`).join('; '))
    } catch (error) {
      this.#fail(error instanceof Error ? error.message : codeOf(error))
    } finally {
      this.#nextAtMs = elapsedMs() + (elapsedMs() - startMs) * (1 / writeTimeShare - 1)
    }
  }

  /** The session goes on without its memory files. */
  #fail(why: string): void {
    this.#failure = why
    // What is remembered may not be what lies on the disk any more.
    this.#remembered.files.clear()
    if (this.#warned) return
    this.#warned = true
    const message = `the memory files in ${this.#options.folder} could not be written: ${why}; the log is not affected, waymark sync writes them again`
    process.emitWarning(message, { code: 'WAYMARK_MEMORY_FILES' })
  }
}
