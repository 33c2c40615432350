/** A home with its sessions: the door to everything. */
import { existsSync } from 'node:fs'
import { settingsWith } from '../configuration/given.ts'
import { type LoadedSettings, loadSettings } from '../configuration/load.ts'
import { type Settings, standardSettings } from '../configuration/settings.ts'
import type { Command } from '../events/commands.ts'
import type { LoggedEvent } from '../events/envelope.ts'
import { WaymarkError } from '../kernel/errors.ts'
import { limits } from '../kernel/limits.ts'
import { MemoryLog } from '../log/memory.ts'
import type { EventLog, StreamInfo } from '../log/port.ts'
import type { Bisection, BisectOptions } from '../replay/bisect/bisection.ts'
import type { DiffOptions, HistoryDiff } from '../replay/diff/diff.ts'
import { loadState } from '../replay/load.ts'
import type { PredicateLike } from '../replay/predicate/predicate.ts'
import { type Verification, type VerifyOptions, verifyLog } from '../replay/verify/verify.ts'
import { openSqliteLog } from '../store/sqlite/open.ts'
import { beginSession, historyOf } from './begin.ts'
import { startCommand } from './begin-options.ts'
import { checkPredicate } from './doors.ts'
import { followLog } from './follow.ts'
import { type ForkOptions, forkSession } from './fork.ts'
import { TaskGraph } from './graph/task-graph.ts'
import { findHome, makeHome, sessionsFolderOf, storePathOf } from './home.ts'
import type { SessionHost } from './host.ts'
import type { CarriedTasks } from './load-history.ts'
import { hostOf, type OpenOptions } from './open-host.ts'
import { hostWith, type MachineRequest, openStream } from './open-machine.ts'
import { diffPlaces } from './place.ts'
import { type ReceiveOptions, receiveHandoff } from './receive-handoff.ts'
import type { RecordEnvironment } from './record.ts'
import { type RecoverOptions, type RecoveryReport, recoverSession } from './recover.ts'
import { type AfreshOptions, type AfreshReport, startAfresh } from './recover-afresh.ts'
import { resolveSession } from './resolve.ts'
import { Session } from './session.ts'
import { onStopSignals, type StopSignal, stopSignals, within } from './signals.ts'
import { writersKey } from './writers.ts'

export type SessionOptions = Omit<Command<'session.start'>, 'type'> & {
  /** Whether open tasks of the session that this one continues come along; they do not if left out. */
  readonly tasks?: CarriedTasks
}

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
  /** The folder of the home's sessions, where its memory files lie; `null` where nothing is kept on a disk. */
  readonly sessionsFolder: string | null
  readonly #host: SessionHost
  readonly #closing = new Set<() => Promise<void>>()
  /** The settings with the places they come from; `null` without a home. */
  readonly #loaded: LoadedSettings | null

  private constructor(host: SessionHost, loaded: LoadedSettings | null, home: string | null = null) {
    this.log = host.log
    this.sessionsFolder = home === null ? null : sessionsFolderOf(home)
    this.#loaded = loaded
    this.#host = host
  }

  /**
   * Opens a home, making it when it is not there.
   *
   * @throws WaymarkError `HOME_NOT_FOUND` (read-only), `HOME_NOT_WRITABLE`, `CONFIGURATION_INVALID`, `STORE_TOO_NEW`,
   * `STORE_UNSUPPORTED`
   */
  static async open(options: OpenOptions = {}): Promise<Waymark> {
    if (options.store !== undefined) {
      const settings = settingsWith(standardSettings, options.settings)
      return new Waymark(hostOf(options.store, settings, null, options), null)
    }
    const home = findHome(options.home)
    const path = storePathOf(home.path)
    if (options.readOnly === true && !existsSync(path)) {
      throw new WaymarkError('HOME_NOT_FOUND', {
        message: `there are no sessions in ${home.path}`,
        hint: 'waymark init makes a home here; --home <folder> or WAYMARK_HOME name another one',
        details: { home: home.path },
      })
    }
    const loaded = await loadSettings({ home: home.path, flags: options.set ?? [] })
    const settings = settingsWith(loaded.settings, options.settings)
    if (!settings.persistenceEnabled && options.readOnly !== true) {
      return new Waymark(hostOf(new MemoryLog(), settings, null, options), loaded)
    }
    if (options.readOnly !== true) await makeHome(home.path)
    const log = await openSqliteLog({ path, readOnly: options.readOnly === true })
    return new Waymark(hostOf(log, settings, home.path, options), loaded, home.path)
  }

  /** Tells the home that a writer of its own has appended to a session, so that memory files follow. */
  appended(sessionId: string): void {
    this.#host.appended(sessionId)
  }

  /** What records commands into this home: for importers and other writers that fill many sessions in one transaction. */
  get environment(): RecordEnvironment {
    return this.#host.environment
  }

  /** The settings in force. */
  get settings(): Settings {
    return this.#host.settings
  }

  /**
   * Begins a session. Its configuration is that of the settings, with what is given here before it. One that continues
   * another begins with that one's focus, decisions, SPECs, user and context, as the settings say: all of it in one transaction,
   * so that no session is left behind without its history.
   *
   * @throws WaymarkError `COMMAND_INVALID`, `CONFIGURATION_INVALID` when the reserve does not fit into the window, stated or
   * assumed; `VERSION_NOT_FOUND` when the other session has no version `continuesVersion`; `LIMIT_REACHED` when too many
   * sessions are being written
   */
  async createSession(options: SessionOptions = {}): Promise<Session> {
    const { settings } = this.#host
    const { tasks = 'none', ...start } = options
    const command = startCommand(start, settings, this.#loaded)
    const preservation = command.configuration?.contextPreservation ?? settings.contextPreservation
    const history = settings.autoLoadHistory
      ? await historyOf(this.log, command, { preservation, tasks })
      : []
    const session = new Session(this.#host, await beginSession(this.#host, command, history))
    this.#host.live.heard(session)
    return session
  }

  /**
   * Takes a handoff package in, in a home where its session is not: begins a session that takes the work further, with the focus, the
   * open tasks (as pending ones) and the critical context of the package. `leftOut` says what could not be taken in.
   *
   * @throws WaymarkError `HANDOFF_INVALID`, `AGENT_UNKNOWN`, `AGENTS_INCOMPATIBLE`; `ALREADY_EXISTS` when the session, or what was
   * received of it before, is here; `LIMIT_REACHED`
   * @example
   * ```ts
   * const { package: handoff } = await session.handOff({ fromAgent: 'spec-builder', toAgent: 'tester' })
   * await waymark.receiveHandoff(handoff) // throws ALREADY_EXISTS
   * ```
   */
  async receiveHandoff(
    handoff: string | Uint8Array | object,
    options: ReceiveOptions = {},
  ): Promise<{ readonly session: Session; readonly leftOut: readonly string[] }> {
    const { state, leftOut } = await receiveHandoff(this.#host, this.#loaded, handoff, options)
    return { session: new Session(this.#host, state), leftOut }
  }

  /**
   * Opens a session by its id, a unique prefix of it, or its native id. Only reads; `recover` is what records. A holder that opens it
   * anew each time names the `epoch` it took the session up under: once another holder has it, what it sends is refused.
   *
   * @throws SessionNotFound, WaymarkError `SESSION_AMBIGUOUS`, DamagedRecord
   */
  async openSession(name: string, options: { readonly epoch?: number } = {}): Promise<Session> {
    const sessionId = await resolveSession(this.log, name)
    const { state } = await loadState(this.log, sessionId)
    return new Session(this.#host, state, options.epoch)
  }

  /**
   * Opens the stream of a machine, or begins it: what `durable()` stands on. The session decides with the machine at hand, and so do its
   * forks. `first` is what was recorded to begin it; empty where it was there already, in another process perhaps since a moment ago.
   *
   * @throws SessionNotFound without `start`; CommandRefused, WaymarkError `MACHINE_MISMATCH`, `MACHINE_FAILED`, `MACHINE_INVALID`,
   * `COMMAND_INVALID`, `LIMIT_REACHED`
   */
  async openMachine(
    request: MachineRequest,
  ): Promise<{ readonly session: Session; readonly first: readonly LoggedEvent[] }> {
    const host = hostWith(this.#host, request.machine)
    const { state, first } = await openStream(host, request)
    const session = new Session(host, state)
    if (first.length > 0) this.#host.live.heard(session)
    return { session, first }
  }

  /**
   * Forks a session at a version, the newest if left out, without opening it: also where it is damaged further on.
   *
   * @throws SessionNotFound, WaymarkError `VERSION_NOT_FOUND`, `LIMIT_REACHED` when too many sessions are being written
   */
  async fork(name: string, options: ForkOptions = {}): Promise<Session> {
    return new Session(this.#host, await forkSession(this.#host, await this.resolve(name), options))
  }

  /**
   * The tasks of a session as a graph that many may work on, each task in a session of its own.
   *
   * @throws SessionNotFound, WaymarkError `SESSION_AMBIGUOUS`, DamagedRecord
   */
  async graph(name: string): Promise<TaskGraph> {
    const { state } = await loadState(this.log, await this.resolve(name))
    return new TaskGraph(this.#host, state, (sessionId) => this.recover(sessionId))
  }

  /** The id of the session that an id, a unique prefix or a native id means. */
  async resolve(name: string): Promise<string> {
    return resolveSession(this.log, name)
  }

  /** All sessions, oldest first. */
  async *sessions(): AsyncGenerator<StreamInfo, void, undefined> {
    for await (const page of this.log.streams()) yield* page
  }

  /**
   * Brings a session back after an interruption, in six steps that are recorded with their results. One that was interrupted itself
   * is taken up at its next step. A holder that names its `epoch` records nothing once another one has the session. It is possible also
   * where as many sessions are being written as may be.
   *
   * @throws SessionNotFound, StaleHolder, WaymarkError `USAGE` when there is no such checkpoint, `VERSION_NOT_FOUND` when there is no
   * such version
   *
   * @example
   * ```ts
   * await session.send({ type: 'focus.change', nextStep: 'write the tests' })
   * const { steps } = await waymark.recover(session.id, { tasks: 'block' })
   * steps.map(({ step }) => step) // ['restore', 'validate', 'resume', 'assess', 'plan', 'notify']
   * steps.find(({ step }) => step === 'plan')?.detail // 'next step: write the tests'
   * ```
   */
  async recover(name: string, options: RecoverOptions = {}): Promise<RecoveryReport> {
    const { environment, settings, resume } = this.#host
    const hook = options.resume ?? resume
    const report = await recoverSession(this.log, environment, await this.resolve(name), {
      ...options,
      ...(hook === null ? {} : { resume: hook }),
      defaultTasks: settings.recoveryTasks,
    })
    if (report.recorded) this.#host.appended(report.sessionId)
    return report
  }

  /**
   * Goes on in a fresh session, with a fresh budget and the open tasks, from the newest version of a session, a checkpoint, or any
   * version; in an emergency from the newest sound one. Nothing is appended to the old session, which may be damaged.
   *
   * @throws SessionNotFound, DamagedRecord unless it is an emergency, WaymarkError `VERSION_NOT_FOUND`, `USAGE`, `LIMIT_REACHED`
   *
   * @example
   * ```ts
   * const fresh = await waymark.recoverAfresh(session.id)
   * fresh.session.state.continuesSessionId === session.id // true
   * ```
   */
  async recoverAfresh(
    name: string,
    options: AfreshOptions = {},
  ): Promise<{ readonly session: Session; readonly report: AfreshReport }> {
    const { state, report } = await startAfresh(this.#host, this.#loaded, await this.resolve(name), options)
    return { session: new Session(this.#host, state), report }
  }

  /** Reads everything again, of one session or all, and says what is not as it was written. */
  async verify(name?: string, options: VerifyOptions = {}): Promise<Verification> {
    return verifyLog(this.log, name === undefined ? undefined : await this.resolve(name), options)
  }

  /**
   * Finds the version at which a predicate begins to hold, in about log2(n) reconstructions: the first one if it turns once, and in any
   * case with `scan`, which reads everything. A predicate is an expression over the state, or a function.
   *
   * @throws SessionNotFound; WaymarkError `PREDICATE_INVALID`, `VERSION_NOT_FOUND`, `USAGE` when nothing lies in the range, `DAMAGED_RECORD`
   * @example
   * ```ts
   * await session.send({ type: 'task.add', taskId: 'A', title: 'Log in' })
   * const { events } = await waymark.bisect(session.id, 'tasks.A.status == "pending"')
   * events[0]?.type // 'task.added'
   * ```
   */
  async bisect(name: string, predicate: PredicateLike, options: BisectOptions = {}): Promise<Bisection> {
    checkPredicate(predicate)
    // The language of predicates is half of what opening a home would load.
    const { bisectSession } = await import('../replay/bisect/bisection.ts')
    return bisectSession(this.log, await this.resolve(name), predicate, options)
  }

  /**
   * Compares two places, each `<session>` or `<session>@<version, checkpoint or time>`: where their histories part, what happened on each
   * side since, and what differs in state. Without `after`, a place in the past is compared with now, a fork with its parent.
   *
   * @throws SessionNotFound; WaymarkError `SESSION_AMBIGUOUS`, `VERSION_NOT_FOUND`, `USAGE`, `DAMAGED_RECORD`
   */
  async diff(before: string, after?: string, options: DiffOptions = {}): Promise<HistoryDiff> {
    return diffPlaces(this.log, before, after, options)
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

  /**
   * Takes a last checkpoint of every session that is written from here when the process is told to stop. The signal is not
   * swallowed: the process ends by it unless somebody else listens, after {@link limits.interruptionWaitMs} at most, and at once on
   * a second one. A session that is written meanwhile gets another checkpoint, as the last thing. Returns the function that ends this.
   *
   * @example
   * ```ts
   * const undo = waymark.checkpointOnSignals()
   * undo()
   * ```
   */
  checkpointOnSignals(signals: readonly StopSignal[] = stopSignals): () => void {
    const { live, memory } = this.#host
    return onStopSignals(
      signals,
      async (signal) => {
        const reason = `the process got ${signal}`
        await live.interrupted(reason)
        if (memory === null) return
        await within(memory.flushOnce(), limits.interruptionFilesWaitMs)
        // Whoever went on writing meanwhile gets another one: the last thing is the checkpoint.
        await live.interrupted(reason)
      },
      limits.interruptionWaitMs,
    )
  }

  /** Has something ended before the home is closed; the function that comes back takes that back. */
  beforeClose(end: () => Promise<void>): () => void {
    this.#closing.add(end)
    return () => void this.#closing.delete(end)
  }

  /** Ends what is going on, machines and summaries included, and closes the home. */
  async close(): Promise<void> {
    await Promise.allSettled([...this.#closing].map(async (end) => end()))
    const { log, writers, memory, busy, live } = this.#host
    live.close()
    while (busy.size > 0) await Promise.allSettled(busy)
    await memory?.flush()
    if (writers?.isIn(await log.bookmark(writersKey).catch(() => null)) === true)
      await log.transact((transaction) => writers.leave(transaction)).catch(() => {})
    await log.close()
  }
}
