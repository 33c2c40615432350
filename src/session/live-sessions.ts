/**
 * The sessions that are being written from here: which of them has fallen silent, and which stand open when the process is told to
 * stop. Timers keep no process alive.
 */
import type { Command } from '../events/commands.ts'
import type { ReadonlyState } from '../fold/state.ts'
import { systemClock } from '../kernel/clock.ts'
import { WaymarkError } from '../kernel/errors.ts'
import { interruptionCommands, timeoutCommands } from './checkpoint-policy.ts'
import { warn } from './warning.ts'

/** What is asked of a session. */
export interface LiveSession {
  readonly id: string
  readonly state: ReadonlyState
  refresh(): Promise<ReadonlyState>
  send(
    command: Command,
    options: { readonly actor: string; readonly expectedVersion?: number },
  ): Promise<{ readonly version: number }>
}

interface Heard {
  readonly session: LiveSession
  /** The session's version when its silence began: it may have been read since, and others may have written it. */
  readonly version: number
  readonly timer: NodeJS.Timeout | null
}

export class LiveSessions {
  readonly #heard = new Map<string, Heard>()
  readonly #keepsWatch: boolean

  /** Watches only where sessions do anything of their own accord. */
  constructor(keepsWatch: boolean) {
    this.#keepsWatch = keepsWatch
  }

  /** A session has appended something: its silence begins anew. */
  heard(session: LiveSession): void {
    this.#watch(session, null)
  }

  /** Waits for as long as the session may be silent, less what of that has gone by since `lastEventAt`. */
  #watch(session: LiveSession, lastEventAt: string | null): void {
    this.#forget(session.id)
    const { status, configuration, version } = session.state
    if (!this.#keepsWatch || status !== 'active' || !configuration.autoCheckpoint) return
    const minutes = configuration.sessionTimeoutMinutes
    const timer =
      minutes === null
        ? null
        : setTimeout(
            () => void this.#silent(session, minutes).catch(unlessExpected),
            leftMs(minutes, lastEventAt),
          ).unref()
    this.#heard.set(session.id, { session, version, timer })
  }

  /** Takes the last checkpoint of every session that is open, where something has happened since its newest one. */
  async interrupted(reason: string): Promise<void> {
    const open = [...this.#heard.values()]
    await Promise.all(open.map(({ session }) => interrupt(session, reason).catch(unlessExpected)))
  }

  /** Ends all timers. */
  close(): void {
    for (const id of this.#heard.keys()) this.#forget(id)
  }

  /** Sets aside a session that nobody has written for so long, in this process or another one. */
  async #silent(session: LiveSession, minutes: number): Promise<void> {
    const version = this.#heard.get(session.id)?.version ?? session.state.version
    const state = await session.refresh()
    if (state.version > version) return this.#watch(session, state.lastEventAt)
    this.#forget(session.id)
    if (state.status !== 'active') return
    await sendAll(session, timeoutCommands(state, minutes), 'policy:session-timeout')
  }

  #forget(id: string): void {
    const heard = this.#heard.get(id)
    if (heard?.timer !== null) clearTimeout(heard?.timer)
    this.#heard.delete(id)
  }
}

/** Milliseconds until the silence is over. An event that lies too far back, or is to come, bears a time of its own: it came just now. */
function leftMs(minutes: number, lastEventAt: string | null): number {
  const allMs = minutes * 60_000
  const left = lastEventAt === null ? allMs : Date.parse(lastEventAt) + allMs - Date.parse(systemClock.now())
  return left > 0 && left <= allMs ? left : allMs
}

/** A last checkpoint, whoever else has written meanwhile or is waiting to: it comes after them. */
async function interrupt(session: LiveSession, reason: string): Promise<void> {
  const state = await session.refresh()
  if (state.status !== 'active') return
  for (const command of interruptionCommands(state, reason)) {
    await session.send(command, { actor: 'policy:checkpoint-on-signal' })
  }
}

/** One after the other, each only where nobody else has written meanwhile. */
async function sendAll(session: LiveSession, commands: readonly Command[], actor: string): Promise<void> {
  let expectedVersion = session.state.version
  for (const command of commands) {
    expectedVersion = (await session.send(command, { actor, expectedVersion })).version
  }
}

/** Whoever wrote meanwhile is at work; a home that is closed needs nothing any more. */
const expected: ReadonlySet<string> = new Set([
  'COMMAND_REFUSED',
  'STALE_HOLDER',
  'STORE_CLOSED',
  'VERSION_CONFLICT',
])

function unlessExpected(error: unknown): void {
  if (!(error instanceof WaymarkError && expected.has(error.code))) warn('WAYMARK_TIMEOUT', error)
}
