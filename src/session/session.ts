/** A session in hand: send commands, read its state now or at any version, watch it. */
import type { Command } from '../events/commands.ts'
import { parseCommand } from '../events/commands.ts'
import { type CommandMeta, commandMetaShape, isKnown, type LoggedEvent } from '../events/envelope.ts'
import type { ReadonlyState } from '../fold/state.ts'
import { assert } from '../kernel/assert.ts'
import { WaymarkError } from '../kernel/errors.ts'
import { limits } from '../kernel/limits.ts'
import type { EventLog } from '../log/port.ts'
import { stateAt } from '../replay/at.ts'
import { type BudgetCallback, type BudgetMark, BudgetWatch } from './budget-watch.ts'
import { followStream } from './follow.ts'
import { type ForkOptions, forkSession } from './fork.ts'
import { takeKeyframeIfDue } from './keyframe.ts'
import {
  type ExpectedVersion,
  type RecordEnvironment,
  type Recorded,
  type RecordRequest,
  record,
} from './record.ts'

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
  readonly gitHead?: string
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
  readonly #log: EventLog
  readonly #environment: RecordEnvironment
  readonly #budget = new BudgetWatch()
  readonly #queue: Waiting[] = []
  #state: ReadonlyState
  #epoch: number
  #draining = false

  /** Not for callers: `Waymark` makes sessions. */
  constructor(log: EventLog, environment: RecordEnvironment, state: ReadonlyState) {
    this.id = state.sessionId
    this.#log = log
    this.#environment = environment
    this.#state = state
    this.#epoch = state.epoch
  }

  /** State as this object knows it: frozen, structurally shared, newest after each of its own sends. */
  get state(): ReadonlyState {
    return this.#state
  }

  get version(): number {
    return this.#state.version
  }

  /**
   * Sends one command. It is decided against the newest state of all processes, inside the write transaction, and is on disk
   * when the promise resolves. The same `commandId` again gives the same events and appends nothing.
   *
   * @throws CommandRefused, VersionConflict, StaleHolder, or WaymarkError `COMMAND_INVALID`, `COMMAND_ID_REUSED`,
   * `STORE_BUSY`, `STORE_FULL`; then nothing has been appended.
   */
  async send(command: Command, options: SendOptions = {}): Promise<SendResult> {
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
      command: parseCommand(command),
      meta,
      epoch: this.#epoch,
      ...(expectedVersion === undefined ? {} : { expectedVersion }),
    }
    return new Promise((resolve, reject) => {
      this.#queue.push({ request, resolve, reject })
      if (!this.#draining) void this.#drain()
    })
  }

  /** Takes a checkpoint: the fact, about the version before it, and a snapshot to come back to. */
  async checkpoint(
    options: CheckpointOptions = {},
  ): Promise<{ readonly id: string; readonly version: number }> {
    const { events } = await this.send({ type: 'checkpoint.create', ...options })
    const created = events.filter(isKnown).find((event) => event.type === 'checkpoint.created')
    assert(created !== undefined, 'a checkpoint command records its checkpoint')
    return { id: created.data.checkpointId, version: created.data.version }
  }

  /**
   * Makes a new session that shares this one's events up to `at` (the newest version if left out). Nothing is copied, and
   * neither side's later events reach the other.
   *
   * @throws WaymarkError `VERSION_NOT_FOUND`
   */
  async fork(options: ForkOptions = {}): Promise<Session> {
    const state = await forkSession(this.#log, this.#environment, this.id, options)
    return new Session(this.#log, this.#environment, state)
  }

  /** State at a version, or at a time: after all batches that happened at or before it. */
  async at(when: number | string): Promise<ReadonlyState> {
    return stateAt(this.#log, this.id, when)
  }

  /**
   * Calls back when the budget enters a phase, or passes a percentage upwards; after the append, once a crossing, for what
   * this object sends. Returns the function that ends it.
   */
  onBudget(mark: BudgetMark, callback: BudgetCallback): () => void {
    return this.#budget.add(mark, callback)
  }

  /**
   * The events after a version, then live ones from any process, in order, until the signal aborts.
   */
  events(options: { readonly after?: number; readonly signal: AbortSignal }): AsyncIterable<LoggedEvent> {
    return followStream(this.#log, this.id, options.after ?? 0, options.signal)
  }

  /** Takes up what other processes appended meanwhile. */
  async refresh(): Promise<ReadonlyState> {
    const state = await stateAt(this.#log, this.id)
    if (state.version > this.#state.version) this.#state = state
    return this.#state
  }

  /** Writes all waiting commands, as many as fit into one transaction at a time: one fsync for all of them. */
  async #drain(): Promise<void> {
    this.#draining = true
    // Sends of the same turn are there after this, and share one transaction.
    await Promise.resolve()
    while (this.#queue.length > 0) {
      const waiting = this.#queue.splice(0, limits.commandsPerTransactionMax)
      try {
        await this.#write(waiting)
      } catch (error) {
        for (const { reject } of waiting) reject(error)
      }
    }
    this.#draining = false
  }

  async #write(waiting: readonly Waiting[]): Promise<void> {
    const before = this.#state
    const { outcomes, state, epoch } = await this.#log.transact((transaction) => {
      let known = before
      let heldEpoch = this.#epoch
      const results: (Omit<Recorded, 'state'> | { readonly error: unknown })[] = []
      for (const { request } of waiting) {
        try {
          const recorded = record(transaction, known, { ...request, epoch: heldEpoch }, this.#environment)
          known = recorded.state
          if (request.command.type === 'session.take-over' && !recorded.repeated) heldEpoch = known.epoch
          // Not its state: those of a long queue would all be alive at once.
          const { events, version, repeated } = recorded
          results.push({ events, version, repeated })
        } catch (error) {
          if (!(error instanceof WaymarkError) || isStoreFault(error)) throw error
          results.push({ error })
        }
      }
      takeKeyframeIfDue(transaction, known)
      return { outcomes: results, state: known, epoch: heldEpoch }
    })
    this.#state = state
    this.#epoch = epoch
    for (const [index, { resolve, reject }] of waiting.entries()) {
      const outcome = outcomes[index]
      assert(outcome !== undefined, 'every command has an outcome')
      if ('error' in outcome) reject(outcome.error)
      else resolve({ ...outcome, state })
    }
    this.#budget.notify(before, state)
  }
}

/** Faults of the store end the transaction; a refusal concerns its own command only. */
function isStoreFault(error: WaymarkError): boolean {
  return (
    error.code === 'DAMAGED_RECORD' || error.code.startsWith('STORE_') || error.code === 'HOME_NOT_WRITABLE'
  )
}
