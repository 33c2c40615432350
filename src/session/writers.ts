/**
 * Live writers of a home: which sessions are being written, by which processes. Kept as a note of the store, changed inside
 * the transaction that first writes, so that two processes cannot both take the last place. A process that is gone
 * holds no place.
 */
import type { ReadonlyState } from '../fold/state.ts'
import { WaymarkError } from '../kernel/errors.ts'
import type { LogTransaction } from '../log/port.ts'

export interface Writer {
  readonly sessionId: string
  readonly pid: number
  /** Whoever opened the home: one process may open it several times. */
  readonly holder: string
}

export const writersKey = 'writers'

/** A home's places, as one opener of it sees them. */
export class WriterPlace {
  readonly #holder: string
  readonly #sessionsMax: number
  readonly #taken = new Set<string>()

  constructor(holder: string, sessionsMax: number) {
    this.#holder = holder
    this.#sessionsMax = sessionsMax
  }

  /**
   * Takes a place for a session at its first write, and gives it back when the session ends. A session that another one called needs none: it is part of its work.
   *
   * @throws WaymarkError `LIMIT_REACHED`
   */
  take(transaction: LogTransaction, state: ReadonlyState): void {
    const { sessionId } = state
    if (state.status === 'ended') {
      this.leave(transaction, sessionId)
      return
    }
    const isChild = state.parentSessionId !== null && state.forkedAt === null
    if (this.#taken.has(sessionId) || isChild) return
    const writers = liveWriters(transaction.bookmark(writersKey))
    const others = new Set(writers.map((writer) => writer.sessionId).filter((id) => id !== sessionId))
    if (others.size >= this.#sessionsMax) throw tooMany([...others], this.#sessionsMax)
    const own: Writer = { sessionId, pid: process.pid, holder: this.#holder }
    transaction.putBookmark(writersKey, JSON.stringify([...writers, own]))
  }

  /** The transaction that took or gave back the place has been committed. */
  committed({ sessionId, status }: ReadonlyState): void {
    if (status === 'ended') this.#taken.delete(sessionId)
    else this.#taken.add(sessionId)
  }

  /** Whether there is a place to give back. */
  get holds(): boolean {
    return this.#taken.size > 0
  }

  /** Gives back the place of a session, or all places. */
  leave(transaction: LogTransaction, sessionId?: string): void {
    const writers = liveWriters(transaction.bookmark(writersKey))
    const others = writers.filter(
      (writer) =>
        writer.holder !== this.#holder || (sessionId !== undefined && writer.sessionId !== sessionId),
    )
    if (others.length < writers.length) transaction.putBookmark(writersKey, JSON.stringify(others))
  }
}

/** The writers of a note whose processes are alive; a note that cannot be read names none. */
export function liveWriters(note: string | null): readonly Writer[] {
  if (note === null) return []
  try {
    const parsed: unknown = JSON.parse(note)
    return Array.isArray(parsed) ? parsed.filter(isWriter).filter(({ pid }) => isProcessAlive(pid)) : []
  } catch {
    return []
  }
}

function tooMany(sessions: readonly string[], sessionsMax: number): WaymarkError {
  return new WaymarkError('LIMIT_REACHED', {
    message: `${sessions.length} sessions are being written in this home, as many as may be: ${sessions.slice(0, 5).join(', ')}`,
    hint: 'end or close one of them, or raise session.max_parallel_sessions (WAYMARK_MAX_PARALLEL_SESSIONS)',
    details: { sessions, sessionsMax },
  })
}

function isWriter(value: unknown): value is Writer {
  if (typeof value !== 'object' || value === null) return false
  const isNamed = ['sessionId', 'holder'].every((field) => typeof Reflect.get(value, field) === 'string')
  return isNamed && Number.isInteger(Reflect.get(value, 'pid'))
}

/** Whether a process of that number is there; one of another user is. */
function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
