/**
 * Live writers of a home: which sessions are being written, by which processes. Kept as a note of the store, changed inside
 * the transaction that first writes, so that two processes cannot both take the last place. A process that is gone
 * holds no place.
 */
import { kindOf } from '../fold/kinds.ts'
import type { ReadonlyState } from '../fold/state.ts'
import { WaymarkError } from '../kernel/errors.ts'
import type { LogTransaction } from '../log/port.ts'
import { processStartOf } from './process-start.ts'

export interface Writer {
  readonly sessionId: string
  readonly pid: number
  /** When the process began, where the system tells: a later process may be given the same number. Older notes do not say. */
  readonly start?: string | null
  /** Whoever opened the home: one process may open it several times. */
  readonly holder: string
}

export const writersKey = 'writers'

/** A home's places, as one opener of it sees them. */
export class WriterPlace {
  readonly #holder: string
  readonly #sessionsMax: number
  readonly #taken = new Set<string>()
  /** Noted in a transaction that is not committed yet. */
  readonly #asked = new Set<string>()

  constructor(holder: string, sessionsMax: number) {
    this.#holder = holder
    this.#sessionsMax = sessionsMax
  }

  /**
   * Takes a place for a session at its first write, and gives it back when the session ends or is handed off. A session that another one called needs
   * none, as it is part of its work, unless it is worked in by an agent of its own (`counted`). To be called when something was
   * appended, never for a refusal.
   *
   * @throws WaymarkError `LIMIT_REACHED`
   */
  take(transaction: LogTransaction, state: ReadonlyState, counted = false): void {
    const { sessionId } = state
    if (isLeft(state)) {
      this.leave(transaction, sessionId)
      return
    }
    // A place is for an agent at work; of machines an orchestrator has as many as it likes.
    if (kindOf(state) === 'machine') return
    const isChild = !counted && state.parentSessionId !== null && state.forkedAt === null
    // Who takes a session over ends the places of others in it: what was taken once may be gone.
    if ((this.#taken.has(sessionId) && !counted) || isChild) return
    const writers = liveWriters(transaction.bookmark(writersKey))
    const others = new Set(writers.map((writer) => writer.sessionId).filter((id) => id !== sessionId))
    if (others.size >= this.#sessionsMax) throw tooMany([...others], this.#sessionsMax)
    this.#asked.add(sessionId)
    if (writers.some((writer) => writer.holder === this.#holder && writer.sessionId === sessionId)) return
    const { pid } = process
    const own: Writer = { sessionId, pid, start: processStartOf(pid), holder: this.#holder }
    transaction.putBookmark(writersKey, JSON.stringify([...writers, own]))
  }

  /** The transaction that took or gave back the place has been committed. */
  committed(state: ReadonlyState): void {
    const { sessionId } = state
    const wasAsked = this.#asked.delete(sessionId)
    if (isLeft(state)) this.#taken.delete(sessionId)
    else if (wasAsked) this.#taken.add(sessionId)
  }

  /** Whether a note names a place that is to be given back. */
  isIn(note: string | null): boolean {
    return liveWriters(note).some(({ holder }) => holder === this.#holder)
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

/** Whether nobody works in the session: it has ended, or waits for the agent it was handed off to. */
function isLeft({ status }: ReadonlyState): boolean {
  return status === 'ended' || status === 'handed_off'
}

/** The writers of a note whose processes are alive; a note that cannot be read names none. */
export function liveWriters(note: string | null): readonly Writer[] {
  if (note === null) return []
  try {
    const parsed: unknown = JSON.parse(note)
    return Array.isArray(parsed) ? living(parsed.filter(isWriter)) : []
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

/** Those whose processes are alive; each process is asked after once, however many sessions it writes. */
function living(writers: readonly Writer[]): readonly Writer[] {
  const known = new Map<string, boolean>()
  return writers.filter((writer) => {
    const name = `${writer.pid} ${writer.start ?? ''}`
    const alive = known.get(name) ?? isAlive(writer)
    known.set(name, alive)
    return alive
  })
}

/**
 * Whether the process that noted itself is there still: one of its number, which began when it did. Where the start is not
 * told, the number alone decides.
 */
export function isAlive({ pid, start }: Pick<Writer, 'pid' | 'start'>): boolean {
  if (!isProcessAlive(pid)) return false
  const startNow = typeof start === 'string' ? processStartOf(pid) : null
  return startNow === null || startNow === start
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
