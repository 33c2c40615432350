/** A session in hand: send commands, read its state now or at any version, watch it. */
import { parseSending, type Sending } from '../events/content.ts'
import { type CommandMeta, commandMetaShape, isKnown, type LoggedEvent } from '../events/envelope.ts'
import type { ReadonlyState } from '../fold/state.ts'
import type { HandoffPackage } from '../handoff/package.ts'
import { assert } from '../kernel/assert.ts'
import { WaymarkError } from '../kernel/errors.ts'
import { limits } from '../kernel/limits.ts'
import { stateAt } from '../replay/at.ts'
import { openStepper, type Stepper, type StepperOptions } from '../replay/stepper/stepper.ts'
import type { Brief, BriefOptions } from '../views/brief.ts'
import {
  type AcceptOptions,
  acceptHandoff,
  type HandoffAcceptance,
  handoffNamed,
  packageOf,
} from './accept-handoff.ts'
import { briefOf } from './brief.ts'
import { type BudgetCallback, type BudgetMark, BudgetWatch } from './budget-watch.ts'
import { followStream } from './follow.ts'
import { type ForkOptions, forkSession } from './fork.ts'
import { type HandOffOptions, type HandoffOffer, handOff } from './hand-off.ts'
import type { HandoffHolder } from './handoff-holder.ts'
import type { SessionHost } from './host.ts'
import { type MergeOptions, type MergeTarget, mergeSession, type Turned } from './merge/merge.ts'
import type { MergeReport } from './merge/plan.ts'
import type { ExpectedVersion, RecordEnvironment, RecordRequest } from './record.ts'
import { recordAll } from './record-all.ts'
import { RepositoryWatch } from './repository-watch.ts'
import { type RewindOptions, type RewindReport, rewindSession } from './rewind.ts'
import { SummaryMaker, warnOfSummary } from './summaries.ts'

export interface SendOptions extends CommandMeta {
  /** Refuse unless the stream is at this version, or not there, or there. */
  readonly expectedVersion?: ExpectedVersion
}

export interface SendResult {
  /** The batch of the command, as recorded; empty when the command had nothing to add. */
  readonly events: readonly LoggedEvent[]
  /** Version of the batch's last event: durable when you have it. */
  readonly version: number
  /** State after the transaction, in which commands sent at the same time may have been recorded too. */
  readonly state: ReadonlyState
  /** True when the command had been recorded before under the same `commandId`. */
  readonly repeated: boolean
}

export interface CheckpointOptions {
  readonly reason?: string
  readonly trigger?: string
  /** The phase of work it stands at, such as RED, GREEN or REFACTOR. */
  readonly phase?: string
  /** The commit it belongs to; what the repository says of itself if left out. */
  readonly gitHead?: string
  readonly gitBranch?: string
  readonly gitDirty?: boolean
}

interface Waiting {
  readonly request: RecordRequest
  readonly resolve: (result: SendResult) => void
  readonly reject: (reason: unknown) => void
}

/**
 * One session of a home. Make or open it with `Waymark`; several may be open on one stream, in one process or many.
 *
 * @example
 * ```ts
 * const session = await waymark.createSession({ model: 'claude-sonnet-4-5', windowTokens: 200_000 })
 * await session.send({ type: 'task.add', taskId: 'SPEC-001', title: 'Log in' })
 * session.state.tasks['SPEC-001']?.status // 'pending'
 * ```
 */
export class Session {
  readonly id: string
  readonly #host: SessionHost
  readonly #environment: RecordEnvironment
  readonly #repository = new RepositoryWatch()
  readonly #budget = new BudgetWatch()
  readonly #summaries: SummaryMaker
  readonly #queue: Waiting[] = []
  #state: ReadonlyState
  #epoch: number
  #draining: Promise<void> | null = null
  #summarizing: Promise<void> | null = null

  /** Not for callers: `Waymark` makes sessions. */
  constructor(host: SessionHost, state: ReadonlyState, epoch: number = state.epoch) {
    this.id = state.sessionId
    this.#host = host
    this.#environment = { ...host.environment, repository: () => this.#repository.facts }
    this.#state = state
    this.#epoch = epoch
    const summaryHost = {
      log: host.log,
      state: () => this.#state,
      refresh: () => this.refresh(),
      send: (command: Sending, options: SendOptions) => this.send(command, options),
    }
    this.#summaries = new SummaryMaker(summaryHost, host.summarizer)
  }

  /** State as this object knows it: frozen, structurally shared, newest after each of its own sends. */
  get state(): ReadonlyState {
    return this.#state
  }

  get version(): number {
    return this.#state.version
  }

  /** The fencing number that this object writes under; once the session has a higher one, it is refused. */
  get epoch(): number {
    return this.#epoch
  }

  /**
   * Sends one command. It is decided against the newest state of all processes, inside the write transaction, and is on disk
   * when the promise resolves. The same `commandId` again gives the same events and appends nothing. Where a command takes a
   * reference to a text (`content`, `input`, `output`, `summary`), the text itself may stand: it is stored with the command.
   *
   * @throws CommandRefused, VersionConflict, StaleHolder, or WaymarkError `COMMAND_INVALID`, `COMMAND_ID_REUSED`,
   * `STORE_BUSY`, `STORE_FULL`; then nothing has been appended.
   */
  async send(command: Sending, options: SendOptions = {}): Promise<SendResult> {
    const { expectedVersion, ...meta } = options
    const parsedMeta = commandMetaShape.safeParse(meta)
    if (!parsedMeta.success) {
      const problem = parsedMeta.error.issues[0]
      throw new WaymarkError('COMMAND_INVALID', {
        message: `${problem?.path.join('.') ?? 'option'}: ${problem?.message ?? 'invalid'}`,
        hint: 'options of send: commandId, time, actor, causationId, correlationId, expectedVersion',
      })
    }
    if (this.#queue.length >= limits.queuedCommandsMax) {
      throw new WaymarkError('LIMIT_REACHED', {
        message: `${limits.queuedCommandsMax} commands are waiting in session ${this.id}`,
        hint: 'await earlier sends before sending more',
      })
    }
    const request: RecordRequest = {
      sessionId: this.id,
      ...parseSending(command),
      meta,
      epoch: this.#epoch,
      ...(expectedVersion === undefined ? {} : { expectedVersion }),
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ request, resolve, reject })
      this.#draining ??= this.#busy(this.#drain())
    })
  }

  /** Takes a checkpoint: the fact, about the version before it, and a snapshot to come back to. */
  async checkpoint(
    options: CheckpointOptions = {},
  ): Promise<{ readonly id: string; readonly version: number }> {
    if (options.gitHead === undefined) await this.#repository.refresh(this.#folder(), 'now')
    const { events } = await this.send({ type: 'checkpoint.create', ...options })
    const created = events.filter(isKnown).find((event) => event.type === 'checkpoint.created')
    assert(created !== undefined, 'a checkpoint command records its checkpoint')
    return { id: created.data.checkpointId, version: created.data.version }
  }

  /**
   * Makes a new session that shares this one's events up to `at` or a checkpoint (the newest version if left out). Nothing is copied, and
   * neither side's later events reach the other.
   *
   * @throws WaymarkError `VERSION_NOT_FOUND`, `LIMIT_REACHED` when too many sessions are being written
   */
  async fork(options: ForkOptions = {}): Promise<Session> {
    const state = await forkSession(this.#host, this.id, options)
    return new Session(this.#host, state)
  }

  /**
   * Brings what a fork, or another session that shares this one's past, has come to into this session. What both changed goes by
   * policy, part by part; a part without one fails. One transaction; the same merge again appends nothing.
   *
   * @throws WaymarkError `MERGE_CONFLICT` with the conflicts, `NO_COMMON_ANCESTOR`, `COMMAND_INVALID`; CommandRefused, StaleHolder;
   * then nothing is recorded.
   * @example
   * ```ts
   * const fork = await session.fork()
   * await fork.send({ type: 'task.add', taskId: 'A', title: 'found on the way' })
   * const { changes } = await session.merge(fork, { policies: { tasks: 'theirs' } })
   * changes[0]?.change // 'added'
   * ```
   */
  async merge(fork: { readonly id: string } | string, options: MergeOptions = {}): Promise<MergeReport> {
    return this.#turn((target) => mergeSession(this.#host, target, fork, options))
  }

  /**
   * Goes on from an earlier version or a checkpoint: tasks, context items and what is known are as they were then. Recorded; nothing is
   * lost from the log.
   *
   * @throws WaymarkError `VERSION_NOT_FOUND`, `COMMAND_INVALID`; CommandRefused, StaleHolder; then nothing is recorded.
   */
  async rewind(options: RewindOptions): Promise<RewindReport> {
    return this.#turn((target) => rewindSession(this.#host, target, options))
  }

  async #turn<R extends { readonly recorded: boolean }>(
    work: (target: MergeTarget) => Promise<Turned<R>>,
  ): Promise<R> {
    await this.#draining
    const { report, state } = await work({ sessionId: this.id, epoch: this.#epoch })
    if (state.version > this.#state.version) {
      this.#state = state
      if (report.recorded) this.#host.live.heard(this)
    }
    return report
  }

  /**
   * Offers the session to another agent, with a package made from its state; a checkpoint is taken with it. Until the offer ends,
   * nobody works here. With fewer tokens available than the settings say, the context is compressed first, and that is told.
   *
   * @throws CommandRefused when another agent holds it, StaleHolder, WaymarkError `HANDOFF_INVALID` when an agent is not named, `AGENT_UNKNOWN` and
   * `AGENTS_INCOMPATIBLE` by the registry of agents, `USAGE` for a time or file that cannot be; then nothing is offered.
   * @example
   * ```ts
   * const offer = await session.handOff({ fromAgent: 'spec-builder', toAgent: 'tester', expiresInMinutes: 60 })
   * session.state.status // 'handed_off'
   * offer.package.session_context.session_id === session.id // true
   * ```
   */
  async handOff(options: HandOffOptions): Promise<HandoffOffer> {
    return handOff(this.#handoffHolder(), options)
  }

  /**
   * Takes the session over: the agent it was offered to holds it from then on, under a new epoch; whoever held it is refused. The
   * package is checked first, and compared with one that came as a file.
   *
   * @throws CommandRefused, StaleHolder, WaymarkError `HANDOFF_INVALID`, `AGENT_UNKNOWN`, `AGENTS_INCOMPATIBLE`
   * @example
   * ```ts
   * await session.handOff({ fromAgent: 'spec-builder', toAgent: 'tester' })
   * const other = await waymark.openSession(session.id)
   * const { epoch } = await other.acceptHandoff({ agent: 'tester' })
   * epoch // 2
   * ```
   */
  async acceptHandoff(options: AcceptOptions): Promise<HandoffAcceptance> {
    return acceptHandoff(this.#handoffHolder(), options)
  }

  /** The package of a handoff, of the newest if it is not named; `null` when there is none. @throws WaymarkError `HANDOFF_INVALID` */
  async handoffPackage(handoffId?: string): Promise<HandoffPackage | null> {
    const handoff = handoffNamed(this.#state, handoffId)
    return handoff === undefined ? null : packageOf(this.#host.log, this.id, handoff)
  }

  /** State at a version, or at a time: after all batches that happened at or before it. */
  async at(when: number | string): Promise<ReadonlyState> {
    return stateAt(this.#host.log, this.id, when)
  }

  /** Steps through what is recorded, forwards and backwards: to the next place, event of a type, change of a path. */
  async stepper(options: StepperOptions = {}): Promise<Stepper> {
    return openStepper(this.#host.log, this.id, options)
  }

  /**
   * What an agent needs to go on from here, never above `tokens` (2,000 if left out), most important first. As this object knows the
   * session; `refresh` first to take up what others appended.
   *
   * @throws WaymarkError `USAGE` when `tokens` are too few for the first line.
   */
  async brief(options: BriefOptions = {}): Promise<Brief> {
    return briefOf(this.#host.log, this.#state, options)
  }

  /**
   * Calls back when the budget rises into a phase or beyond it, falls to `normal`, or passes a percentage (0 to 100) upwards; after the
   * append, once a crossing, for what this object sends. Returns the function that ends it.
   *
   * @throws WaymarkError `USAGE` for any other mark, and for a callback that is no function.
   */
  onBudget(mark: BudgetMark, callback: BudgetCallback): () => void {
    return this.#budget.add(mark, callback)
  }

  /**
   * The events after a version, then live ones from any process, in order, until the signal aborts.
   */
  events(options: { readonly after?: number; readonly signal: AbortSignal }): AsyncIterable<LoggedEvent> {
    return followStream(this.#host.log, this.id, options.after ?? 0, options.signal)
  }

  /** Takes up what other processes appended meanwhile. */
  async refresh(): Promise<ReadonlyState> {
    const state = await stateAt(this.#host.log, this.id)
    if (state.version > this.#state.version) this.#state = state
    return this.#state
  }

  /** Resolves when what was sent is written, and the summaries that it asked for are made. */
  async settled(): Promise<void> {
    while (this.#draining !== null || this.#summarizing !== null) {
      await this.#draining
      await this.#summarizing
    }
  }

  #handoffHolder(): HandoffHolder {
    const refreshRepository = (): Promise<void> => this.#repository.refresh(this.#folder(), 'now')
    const environment = this.#environment
    return { host: this.#host, environment, epoch: this.#epoch, session: this, refreshRepository }
  }

  /** Where the session works, as far as it is known. */
  #folder(): string | null {
    return this.#state.cwd ?? this.#host.folder
  }

  /** Writes all waiting commands, as many as fit into one transaction at a time: one fsync for all of them. */
  async #drain(): Promise<void> {
    // Sends of the same turn are there after this, and share one transaction.
    await Promise.resolve()
    if (this.#state.configuration.autoCheckpoint && this.#environment.policies.length > 0) {
      await this.#repository.refresh(this.#folder(), 'if-old')
    }
    while (this.#queue.length > 0) {
      const turn = this.#host.turns.due()
      if (turn !== null) await turn
      const waiting = this.#queue.splice(0, limits.commandsPerTransactionMax)
      try {
        await this.#write(waiting)
      } catch (error) {
        for (const { reject } of waiting) reject(error)
      }
    }
    this.#draining = null
    this.#startSummaries()
  }

  async #write(waiting: readonly Waiting[]): Promise<void> {
    const before = this.#state
    const requests = waiting.map(({ request }) => request)
    const holder = { state: before, epoch: this.#epoch, writers: this.#host.writers }
    const { outcomes, state, epoch, windows, appended } = await this.#host.log.transact((transaction) =>
      recordAll(transaction, holder, requests, this.#environment),
    )
    this.#state = state
    this.#epoch = epoch
    if (appended) {
      this.#host.writers?.committed(state)
      this.#host.live.heard(this)
    }
    if (state.version > before.version) this.#host.appended(this.id)
    for (const [index, { resolve, reject }] of waiting.entries()) {
      const outcome = outcomes[index]
      assert(outcome !== undefined, 'every command has an outcome')
      if ('error' in outcome) reject(outcome.error)
      else resolve({ ...outcome, state })
    }
    this.#budget.notify(windows)
  }

  /** Begins to make the summaries that state asks for, unless that is going on. */
  #startSummaries(): void {
    const isIdle = this.#summarizing === null && this.#environment.policies.length > 0
    if (!isIdle || this.#state.status !== 'active' || !this.#summaries.isDue) return
    this.#summarizing = this.#busy(
      this.#summaries
        .makeAll()
        .catch(warnOfSummary)
        .finally(() => {
          this.#summarizing = null
        }),
    )
  }

  /** Lets the home know that something is going on, until it has ended. */
  #busy(work: Promise<void>): Promise<void> {
    const { busy } = this.#host
    busy.add(work)
    void work.finally(() => busy.delete(work))
    return work
  }
}
