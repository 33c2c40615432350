/**
 * Who runs a machine's effects and timers: one process of all that have it open. The place is a note of the store. Of a process that is gone on
 * this computer it is taken at once, of one elsewhere when its heart has not beaten for a while; whoever waits takes over then. A process has
 * one heart for all of its places on a log, so that a thousand machines cost it no more than one.
 */
import { systemIds } from '../kernel/clock.ts'
import { limits } from '../kernel/limits.ts'
import type { EventLog, LogTransaction } from '../log/port.ts'
import { processStartOf } from '../session/process-start.ts'
import { warn } from '../session/warning.ts'
import { isAlive } from '../session/writers.ts'

/** Who holds a place; or who held it last, with when that was given back. */
interface PlaceNote {
  readonly holder: string
  readonly host: string
  readonly pid: number
  readonly start: string | null
  readonly leftAt?: string
}

const placeKey = (sessionId: string): string => `machine-runner/place/${sessionId}`
const heartKey = (holder: string): string => `machine-runner/heart/${holder}`

/** The place, taken; `seenAt` says until when another one is known to have held it, `null` when nobody has. */
export interface Taken {
  readonly seenAt: string | null
}

/** Told when a place has gone to another process, and when one that is wanted may be free. */
export interface PlaceWatcher {
  lost(): void
  look(): void
}

export interface HeartOptions {
  readonly host: string
  now(): string
}

const hearts = new WeakMap<EventLog, Heart>()

/** The heart of this process on a log. */
export function heartOf(log: EventLog, options: HeartOptions): Heart {
  const heart = hearts.get(log) ?? new Heart(log, options)
  hearts.set(log, heart)
  return heart
}

export class Heart {
  readonly #log: EventLog
  readonly #options: HeartOptions
  readonly #holder = systemIds.uuid()
  readonly #held = new Map<string, PlaceWatcher>()
  readonly #waiting = new Map<string, PlaceWatcher>()
  #beating: NodeJS.Timeout | null = null

  constructor(log: EventLog, options: HeartOptions) {
    this.#log = log
    this.#options = options
  }

  /** Takes the place of a machine; `null` while another one holds it: then it is looked at again with each beat. */
  async take(sessionId: string, watcher: PlaceWatcher): Promise<Taken | null> {
    this.#beating ??= this.#start()
    // A place that is held is only read: whoever waits for it keeps nobody from writing.
    const taken = (await this.#isHeldNow(sessionId))
      ? null
      : await this.#log.transact((transaction) => this.#takeIn(transaction, sessionId))
    if (taken === null) {
      this.#waiting.set(sessionId, watcher)
      return null
    }
    this.#waiting.delete(sessionId)
    this.#held.set(sessionId, watcher)
    return taken
  }

  /** Gives a place back, noting until when it was held: timers go on from there. */
  async leave(sessionId: string, watcher: PlaceWatcher): Promise<void> {
    if (this.#waiting.get(sessionId) === watcher) this.#waiting.delete(sessionId)
    if (this.#held.get(sessionId) === watcher) {
      this.#held.delete(sessionId)
      await this.#log.transact((transaction) => {
        const note = noteOf(transaction.bookmark(placeKey(sessionId)))
        if (note?.holder !== this.#holder || note.leftAt !== undefined) return
        const left: PlaceNote = { ...note, leftAt: this.#options.now() }
        transaction.putBookmark(placeKey(sessionId), JSON.stringify(left))
      })
      this.#waiting.get(sessionId)?.look()
    }
    if (this.#held.size + this.#waiting.size > 0 || this.#beating === null) return
    clearInterval(this.#beating)
    this.#beating = null
    await this.#log.transact((transaction) =>
      transaction.forgetBookmarks((key) => key === heartKey(this.#holder)),
    )
  }

  #start(): NodeJS.Timeout {
    const beating = setInterval(() => {
      this.#beat().catch((error: unknown) => this.#failed(error))
    }, limits.machineRunnerRenewMs)
    beating.unref()
    return beating
  }

  /** Says that it runs, looks whether its places are still its own, and whether those it waits for are free. */
  async #beat(): Promise<void> {
    if (this.#held.size > 0) {
      const lost = await this.#log.transact((transaction) => {
        transaction.putBookmark(heartKey(this.#holder), this.#options.now())
        return [...this.#held.keys()].filter(
          (sessionId) => noteOf(transaction.bookmark(placeKey(sessionId)))?.holder !== this.#holder,
        )
      })
      for (const sessionId of lost) {
        const watcher = this.#held.get(sessionId)
        this.#held.delete(sessionId)
        if (watcher === undefined) continue
        this.#waiting.set(sessionId, watcher)
        watcher.lost()
      }
    }
    for (const [sessionId, watcher] of this.#waiting) {
      if (!(await this.#isHeldNow(sessionId))) watcher.look()
    }
  }

  /** A store that is closed ends it; of any other failure the next beat may know better. */
  #failed(error: unknown): void {
    const isClosed = error instanceof Error && 'code' in error && error.code === 'STORE_CLOSED'
    if (!isClosed) warn('WAYMARK_MACHINE', error)
    if (!isClosed || this.#beating === null) return
    clearInterval(this.#beating)
    this.#beating = null
  }

  #takeIn(transaction: LogTransaction, sessionId: string): Taken | null {
    const before = noteOf(transaction.bookmark(placeKey(sessionId)))
    const seenAt = before === null ? null : seenOf(before, transaction.bookmark(heartKey(before.holder)))
    if (before !== null && this.#isHeld(before, seenAt)) return null
    const { pid } = process
    const note: PlaceNote = {
      holder: this.#holder,
      host: this.#options.host,
      pid,
      start: processStartOf(pid),
    }
    transaction.putBookmark(placeKey(sessionId), JSON.stringify(note))
    transaction.putBookmark(heartKey(this.#holder), this.#options.now())
    return { seenAt: before === null ? null : (seenAt ?? '') }
  }

  async #isHeldNow(sessionId: string): Promise<boolean> {
    const note = noteOf(await this.#log.bookmark(placeKey(sessionId)))
    if (note === null) return false
    return this.#isHeld(note, seenOf(note, await this.#log.bookmark(heartKey(note.holder))))
  }

  /** Also by this very process, for another one who has the machine open in it. */
  #isHeld(note: PlaceNote, seenAt: string | null): boolean {
    if (note.leftAt !== undefined) return false
    if (note.holder === this.#holder) return true
    if (note.host === this.#options.host && !isAlive(note)) return false
    const age = Date.parse(this.#options.now()) - Date.parse(seenAt ?? '')
    return age <= limits.machineRunnerLeaseMs
  }
}

function seenOf(note: PlaceNote, heart: string | null): string | null {
  return note.leftAt ?? heart
}

/** A note that cannot be read holds no place. */
function noteOf(text: string | null): PlaceNote | null {
  if (text === null) return null
  try {
    const note: unknown = JSON.parse(text)
    if (typeof note !== 'object' || note === null) return null
    const texts = ['holder', 'host'].every((field) => typeof Reflect.get(note, field) === 'string')
    // Its fields have just been looked at.
    return texts && Number.isInteger(Reflect.get(note, 'pid')) ? (note as PlaceNote) : null
  } catch {
    return null
  }
}
