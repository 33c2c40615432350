/**
 * Who runs a machine's effects and timers: one process of all that have it open. The place is a note of the store, renewed while it is held. Of
 * one that is gone on this computer it is taken at once, of one elsewhere when it has not renewed it for a while; whoever waits takes over then.
 */
import { elapsedMs } from '../kernel/clock.ts'
import { limits } from '../kernel/limits.ts'
import type { EventLog } from '../log/port.ts'
import { processStartOf } from '../session/process-start.ts'
import { isAlive } from '../session/writers.ts'

export interface RunnerNote {
  readonly holder: string
  readonly host: string
  readonly pid: number
  readonly start: string | null
  /** When it was last known to run. */
  readonly seenAt: string
}

export interface RunnerPlaceOptions {
  readonly log: EventLog
  readonly sessionId: string
  readonly holder: string
  readonly host: string
  now(): string
}

/** The place, taken; `seenAt` says until when another one is known to have held it, `null` when nobody has. */
export interface Taken {
  readonly seenAt: string | null
}

export class RunnerPlace {
  readonly #options: RunnerPlaceOptions
  readonly #key: string
  #renewedAtMs = 0

  constructor(options: RunnerPlaceOptions) {
    this.#options = options
    this.#key = `machine-runner/${options.sessionId}`
  }

  /** Takes the place, or renews it; `null` while another one holds it. */
  async take(): Promise<Taken | null> {
    const { log, holder, host } = this.#options
    const taken = await log.transact((transaction) => {
      const before = noteOf(transaction.bookmark(this.#key))
      if (before !== null && before.holder !== holder && this.#isHeld(before)) return null
      const { pid } = process
      const note: RunnerNote = { holder, host, pid, start: processStartOf(pid), seenAt: this.#options.now() }
      transaction.putBookmark(this.#key, JSON.stringify(note))
      return { seenAt: before?.seenAt ?? null }
    })
    if (taken !== null) this.#renewedAtMs = elapsedMs()
    return taken
  }

  /** Whether the place may have gone to another one: it was not renewed in time. */
  get isStale(): boolean {
    return elapsedMs() - this.#renewedAtMs > limits.machineRunnerLeaseMs
  }

  /** Gives the place back, but keeps when it was held: timers go on from there. */
  async leave(): Promise<void> {
    await this.#options.log.transact((transaction) => {
      const note = noteOf(transaction.bookmark(this.#key))
      if (note?.holder !== this.#options.holder) return
      const left = { ...note, holder: '', seenAt: this.#options.now() }
      transaction.putBookmark(this.#key, JSON.stringify(left))
    })
  }

  #isHeld(note: RunnerNote): boolean {
    if (note.holder === '') return false
    if (note.host === this.#options.host && !isAlive(note)) return false
    return Date.parse(this.#options.now()) - Date.parse(note.seenAt) <= limits.machineRunnerLeaseMs
  }
}

/** A note that cannot be read holds no place. */
function noteOf(text: string | null): RunnerNote | null {
  if (text === null) return null
  try {
    const note: unknown = JSON.parse(text)
    if (typeof note !== 'object' || note === null) return null
    const texts = ['holder', 'host', 'seenAt'].every((field) => typeof Reflect.get(note, field) === 'string')
    // Its fields have just been looked at.
    return texts && Number.isInteger(Reflect.get(note, 'pid')) ? (note as RunnerNote) : null
  } catch {
    return null
  }
}
