/** A home with its sessions: the door to everything. */
import { existsSync } from 'node:fs'
import type { Command } from '../events/commands.ts'
import { parseCommand } from '../events/commands.ts'
import type { LoggedEvent } from '../events/envelope.ts'
import { frozen } from '../fold/fold.ts'
import { initialState } from '../fold/state.ts'
import { type Clock, type Ids, systemClock, systemIds } from '../kernel/clock.ts'
import { WaymarkError } from '../kernel/errors.ts'
import type { EventLog, StreamInfo } from '../log/port.ts'
import { loadState } from '../replay/load.ts'
import { type Verification, verifyLog } from '../replay/verify.ts'
import { openSqliteLog } from '../store/sqlite/open.ts'
import { followLog } from './follow.ts'
import { type ForkOptions, forkSession } from './fork.ts'
import { findHome, makeHome, storePathOf } from './home.ts'
import { type Policy, standardPolicies } from './policy.ts'
import type { RecordEnvironment } from './record.ts'
import { type RecoveryReport, recoverSession } from './recover.ts'
import { resolveSession } from './resolve.ts'
import { Session } from './session.ts'

export interface OpenOptions {
  /** Folder of the home; the nearest `.moai` upward, else `~/.moai`, if left out. */
  readonly home?: string
  /** A log of your own instead of the home's SQLite file. */
  readonly store?: EventLog
  /** Refuse to make a home that is not there, and open it for reading only. */
  readonly readOnly?: boolean
  readonly clock?: Clock
  readonly ids?: Ids
  /** What sessions do of their own accord; the standard policies if left out, none with an empty list. */
  readonly policies?: readonly Policy[]
}

export type SessionOptions = Omit<Extract<Command, { type: 'session.start' }>, 'type'>

/**
 * A home of sessions.
 *
 * @example
 * ```ts
 * const waymark = await Waymark.open({ store: new MemoryLog() })
 * const session = await waymark.createSession({ model: 'claude-sonnet-4-5', windowTokens: 200_000 })
 * session.state.window.totalTokens // 200000
 * ```
 */
export class Waymark {
  /** The log itself, for reading it directly. */
  readonly log: EventLog
  readonly #environment: RecordEnvironment

  private constructor(log: EventLog, environment: RecordEnvironment) {
    this.log = log
    this.#environment = environment
  }

  /**
   * Opens a home, making it when it is not there.
   *
   * @throws WaymarkError `HOME_NOT_FOUND` (read-only), `HOME_NOT_WRITABLE`, `STORE_TOO_NEW`, `STORE_UNSUPPORTED`
   */
  static async open(options: OpenOptions = {}): Promise<Waymark> {
    const environment: RecordEnvironment = {
      clock: options.clock ?? systemClock,
      ids: options.ids ?? systemIds,
      policies: options.policies ?? standardPolicies,
    }
    if (options.store !== undefined) return new Waymark(options.store, environment)
    const home = findHome(options.home)
    const path = storePathOf(home.path)
    if (options.readOnly === true && !existsSync(path)) {
      throw new WaymarkError('HOME_NOT_FOUND', {
        message: `there are no sessions in ${home.path}`,
        hint: 'waymark init makes a home here; --home <folder> or WAYMARK_HOME name another one',
        details: { home: home.path },
      })
    }
    if (options.readOnly !== true) await makeHome(home.path)
    const log = await openSqliteLog({ path, readOnly: options.readOnly === true })
    return new Waymark(log, environment)
  }

  /** What records commands into this home: for importers and other writers that fill many sessions in one transaction. */
  get environment(): RecordEnvironment {
    return this.#environment
  }

  /** Begins a session. */
  async createSession(options: SessionOptions = {}): Promise<Session> {
    const command = parseCommand({ type: 'session.start', ...options })
    const sessionId = `sess_${this.#environment.ids.uuid()}`
    const session = new Session(this.log, this.#environment, frozen(initialState(sessionId)))
    await session.send(command, { expectedVersion: 'no-stream' })
    return session
  }

  /**
   * Opens a session by its id, a unique prefix of it, or its native id. Only reads; `recover` is what records.
   *
   * @throws SessionNotFound, WaymarkError `SESSION_AMBIGUOUS`, DamagedRecord
   */
  async openSession(name: string): Promise<Session> {
    const sessionId = await resolveSession(this.log, name)
    const { state } = await loadState(this.log, sessionId)
    return new Session(this.log, this.#environment, state)
  }

  /** Forks a session at a version, the newest if left out, without opening it: also where it is damaged further on. */
  async fork(name: string, options: ForkOptions = {}): Promise<Session> {
    const state = await forkSession(this.log, this.#environment, await this.resolve(name), options)
    return new Session(this.log, this.#environment, state)
  }

  /** The id of the session that an id, a unique prefix or a native id means. */
  async resolve(name: string): Promise<string> {
    return resolveSession(this.log, name)
  }

  /** All sessions, oldest first. */
  async *sessions(): AsyncGenerator<StreamInfo, void, undefined> {
    for await (const page of this.log.streams()) yield* page
  }

  /** Brings a session back after an interruption, and records what was found and what was left open. */
  async recover(name: string): Promise<RecoveryReport> {
    return recoverSession(this.log, this.#environment, await this.resolve(name))
  }

  /** Reads everything again, of one session or all, and says what is not as it was written. */
  async verify(name?: string): Promise<Verification> {
    return verifyLog(this.log, name === undefined ? undefined : await this.resolve(name))
  }

  /** The events of all sessions after a position, then live ones, until the signal aborts. */
  events(options: {
    readonly afterPosition?: number
    readonly signal: AbortSignal
  }): AsyncIterable<LoggedEvent> {
    return followLog(this.log, options.afterPosition ?? 0, options.signal)
  }

  /** A text from the content store, by its hash. */
  async content(hash: string): Promise<string> {
    const bytes = await this.log.content(hash)
    if (bytes !== null) return Buffer.from(bytes).toString('utf8')
    throw new WaymarkError('CONTENT_NOT_FOUND', {
      message: `no content ${hash} in ${this.log.location}`,
      hint: 'take the hash from an event of this home',
    })
  }

  async close(): Promise<void> {
    await this.log.close()
  }
}
