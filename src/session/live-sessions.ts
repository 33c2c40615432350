/**
 * The sessions that are being written from here: which of them has fallen silent, and which stand open when the process is told to
 * stop. Timers keep no process alive.
 */
import type { Command } from '../events/commands.ts'
import type { ReadonlyState } from '../fold/state.ts'
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
    options: { readonly actor: string; readonly expectedVersion: number },
  ): Promise<{ readonly version: number }>
}

interface Heard {
  readonly session: LiveSession
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
    this.#forget(session.id)
    const { status, configuration } = session.state
    if (!this.#keepsWatch || status !== 'active' || !configuration.autoCheckpoint) return
    const minutes = configuration.sessionTimeoutMinutes
    const timer =
      minutes === null
        ? null
        : setTimeout(
            () => void this.#silent(session, minutes).catch(unlessExpected),
            minutes * 60_000,
          ).unref()
    this.#heard.set(session.id, { session, timer })
  }

  /** Takes the last checkpoint of every session that is open, where something has happened since its newest one. */
  async interrupted(reason: string): Promise<void> {
    const open = [...this.#heard.values()].filter(({ session }) => session.state.status === 'active')
    await Promise.all(
      open.map(({ session }) =>
        sendAll(session, interruptionCommands(session.state, reason), 'policy:checkpoint-on-signal').catch(
          unlessExpected,
        ),
      ),
    )
  }

  /** Ends all timers. */
  close(): void {
    for (const id of this.#heard.keys()) this.#forget(id)
  }

  /** Sets aside a session that nobody has written for so long, in this process or another one. */
  async #silent(session: LiveSession, minutes: number): Promise<void> {
    const { version } = session.state
    const state = await session.refresh()
    if (state.version > version) return this.heard(session)
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
