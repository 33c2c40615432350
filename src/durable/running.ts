/** What a machine has running in this process: its place as the runner, its effects, its timers, and the recording of what they come to. */
import type { AnyEventObject } from 'xstate'
import { entryOf, plainOf } from '../decide/durable/json.ts'
import type { LiveAction, LiveRefs } from '../decide/durable/live-step.ts'
import type { DurableMachine } from '../decide/durable/port.ts'
import type { Command } from '../events/commands.ts'
import { wellFormed } from '../events/content.ts'
import type { MachineFailure, MachinePath, TimerPolicy } from '../events/machine.ts'
import { childAt } from '../fold/machine-state.ts'
import type { ReadonlyState } from '../fold/state.ts'
import { derivedIdOf } from '../kernel/clock.ts'
import { CommandRefused, type ErrorCode, WaymarkError } from '../kernel/errors.ts'
import { limits } from '../kernel/limits.ts'
import type { SendOptions, SendResult, Session } from '../session/session.ts'
import { textOf, warn } from '../session/warning.ts'
import { Effects, type Settlement } from './effects.ts'
import { sendCommand } from './machine-commands.ts'
import type { Heart, PlaceWatcher } from './runner.ts'
import { type TimeoutClock, Timers } from './timers.ts'

export interface RunningParts {
  readonly session: Session
  readonly machine: DurableMachine
  /** Stand in for the machine's actors in what effects are given. */
  readonly refs: LiveRefs
  /** `null` for a process that leaves effects and timers to others. */
  readonly heart: Heart | null
  readonly clock: TimeoutClock
  now(): string
  /** What becomes of timers when a runner takes over; what the machine was started with if left out. */
  readonly timerPolicy: TimerPolicy | null
  recorded(result: SendResult): void
  failed(error: unknown): void
  /** Hears what other processes append, until the function that comes back is called. */
  follow(): Promise<() => void>
}

/** Somebody else has the machine: another agent took it over, or a process with another version of it goes on. */
const disowned: ReadonlySet<ErrorCode> = new Set(['STALE_HOLDER', 'MACHINE_MISMATCH'])

/** The store may take it a little later. */
const passing: ReadonlySet<ErrorCode> = new Set(['STORE_BUSY', 'STORE_FULL', 'STORE_FAILED', 'LIMIT_REACHED'])

/** What an effect came to cannot be recorded as it is, or the machine throws at it: then that is how it ended. */
const unrecordable: ReadonlySet<ErrorCode> = new Set(['MACHINE_INVALID', 'COMMAND_INVALID', 'MACHINE_FAILED'])

export class Running {
  readonly #parts: RunningParts
  readonly #effects: Effects
  readonly #timers: Timers
  readonly #busy = new Set<Promise<unknown>>()
  readonly #watcher: PlaceWatcher = {
    lost: () => this.lose(),
    look: () => this.#during(this.#takePlace()),
  }
  #unfollow: (() => void) | null = null
  #isRunner = false
  #isStopped = false
  #hasBegun = false
  #hasLeft = false
  /** Since when nobody ran it, where what becomes of its timers is not decided yet. */
  #owedSince: string | null = null

  constructor(parts: RunningParts) {
    this.#parts = parts
    this.#timers = new Timers(
      parts.clock,
      () => parts.now(),
      (timerId) => this.#during(this.#fire(timerId)),
    )
    this.#effects = new Effects({
      keyOf: (effectId) => `${parts.session.id}/${effectId}`,
      effectOf: (effectId) => {
        const { machine } = parts.session.state
        if (machine === undefined)
          throw new WaymarkError('MACHINE_INVALID', { message: 'the stream has no machine' })
        return parts.machine.effectOf(machine, effectId, parts.refs)
      },
      settle: (effectId, settlement) => this.#during(this.#settle(effectId, settlement)),
      heard: ({ path }, event) => this.sendLater(path.slice(0, -1), event),
      came: ({ path }, data) => {
        if (isWatched(parts.session.state, path))
          this.sendLater(path, { type: 'xstate.observable.next', data })
      },
    })
  }

  get isRunner(): boolean {
    return this.#isRunner
  }

  /** Takes the place if it is free; what is pending begins with the next `reconcile`. */
  async begin(): Promise<void> {
    if (this.#parts.session.state.machine?.status !== 'active') return
    this.#unfollow = await this.#parts.follow()
    await this.#takePlace()
    this.#hasBegun = true
  }

  /** Effects and timers of the state, and no others, run here, when they are to run here. */
  reconcile(state: ReadonlyState): void {
    const { machine, status } = state
    if (this.#isStopped || machine === undefined) return
    if (this.#isDisowned(state)) this.#disown()
    const runs = this.#isRunner && machine.status === 'active'
    if (runs && status === 'active' && this.#owedSince !== null) {
      this.#decideTimers(this.#owedSince)
      return
    }
    // Nobody works in a session that waits or has ended; what runs already may still tell its outcome.
    if (runs && status === 'active') {
      this.#effects.reconcile(machine)
      this.#timers.reconcile(machine)
    } else {
      this.#timers.clear()
      if (!runs) this.#effects.clear()
    }
  }

  /** Whether another holder has it, or a process with another version of the machine has migrated it. */
  #isDisowned({ machine, epoch }: ReadonlyState): boolean {
    const { session, machine: own } = this.#parts
    return epoch !== session.epoch || machine?.machineHash !== own.machineHash
  }

  /** Leaves the place to whoever can go on, and does not come back to it. */
  #disown(): void {
    if (this.#hasLeft) return
    this.#hasLeft = true
    this.lose()
    this.#during(this.#leave())
  }

  /** What becomes of timers after a stop is decided once, when the session is at work; until then none is set. */
  #decideTimers(seenAt: string): void {
    this.#owedSince = null
    this.#during(this.#resumeTimers(seenAt).then(() => this.reconcile(this.#parts.session.state)))
  }

  deliver(effectId: string, event: AnyEventObject): void {
    this.#effects.deliver(effectId, event)
  }

  /** Runs actions in order. One that fails is recorded as that, and changes nothing. */
  act(actions: readonly LiveAction[], refs: LiveRefs): void {
    for (const action of actions) {
      try {
        const result = action.run(refs)
        if (result instanceof Promise)
          this.#during(result.catch((error: unknown) => this.#report(action, error)))
      } catch (error) {
        this.#during(this.#report(action, error))
      }
    }
  }

  /** Sends an event on behalf of an action or an effect, which does not wait for it. */
  sendLater(path: MachinePath, event: AnyEventObject): void {
    const send = async (): Promise<void> => this.#send(sendCommand(event, path))
    this.#during(send().catch(tell))
  }

  async settled(): Promise<void> {
    while (this.#busy.size > 0) await Promise.allSettled(this.#busy)
  }

  /** The machine has ended: nothing more comes of it, and nothing keeps the process waiting. */
  end(): void {
    this.#unfollow?.()
    this.#unfollow = null
    this.#timers.clear()
    this.#effects.clear()
    this.#during(this.#leave())
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#unfollow?.()
    this.#timers.clear()
    this.#effects.clear()
    await this.settled()
    await this.#leave()
    this.#isRunner = false
  }

  async #leave(): Promise<void> {
    const { heart, session } = this.#parts
    await heart?.leave(session.id, this.#watcher).catch(tellUnlessClosed)
  }

  /** Takes the place when it is free: what is pending runs here then, and it is decided once what becomes of timers. */
  async #takePlace(): Promise<void> {
    const { heart, session } = this.#parts
    const taken = await heart?.take(session.id, this.#watcher)
    if (taken === null || taken === undefined || this.#isStopped) return
    this.#isRunner = true
    this.#owedSince = taken.seenAt
    if (taken.seenAt !== null && session.state.status === 'active') {
      this.#owedSince = null
      await this.#resumeTimers(taken.seenAt)
    }
    if (this.#hasBegun) this.reconcile(session.state)
  }

  async #resumeTimers(seenAt: string): Promise<void> {
    const { session, timerPolicy } = this.#parts
    const { machine } = session.state
    if (
      machine === undefined ||
      Object.keys(machine.timers).length === 0 ||
      session.state.status !== 'active'
    )
      return
    const stoppedAt = seenAt > machine.lastTransitionAt ? seenAt : machine.lastTransitionAt
    await this.#send({ type: 'machine.resume-timers', policy: timerPolicy ?? machine.timerPolicy, stoppedAt })
  }

  /** Nothing of it runs here any more: another process runs it now, or its home is closed. */
  lose(): void {
    this.#isRunner = false
    this.#timers.clear()
    this.#effects.clear()
  }

  async #fire(timerId: string): Promise<void> {
    const commandId = this.#idOf('timer', timerId)
    try {
      await this.#insist(() => this.#send({ type: 'machine.fire-timer', timerId }, { commandId }))
    } catch (error) {
      // It stays pending: whoever brings the machine back, mended, fires it.
      this.#timers.hold(timerId)
      this.#parts.failed(error)
    }
  }

  async #settle(effectId: string, settlement: Settlement): Promise<void> {
    const commandId = this.#idOf('effect', effectId)
    const record = (ended: Settlement) => async () =>
      this.#send(settleCommand(effectId, ended), { commandId })
    try {
      await this.#insist(record(settlement))
    } catch (error) {
      if (hasCode(error, disowned)) return this.#parts.failed(error)
      await this.#insist(record(endedBy(settlement, error))).catch((last: unknown) =>
        this.#parts.failed(last),
      )
    }
  }

  async #report({ effectId, type }: LiveAction, error: unknown): Promise<void> {
    warn('WAYMARK_MACHINE', error)
    const action = type.slice(0, limits.lineCharactersMax)
    const command: Command = { type: 'machine.report-failure', effectId, action, error: failureOf(error) }
    await this.#insist(() => this.#send(command, { commandId: this.#idOf('action', effectId) })).catch(tell)
  }

  async #send(command: Command, options: SendOptions = {}): Promise<void> {
    this.#parts.recorded(await this.#parts.session.send(command, options))
  }

  /** Tries until the store takes it. What another process has done already is not done again: that is no failure. */
  async #insist(send: () => Promise<void>): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await send()
      } catch (error) {
        if (error instanceof CommandRefused || hasCode(error, doneElsewhere)) return this.#catchUp()
        if (hasCode(error, disowned)) this.#disown()
        if (!hasCode(error, passing) || this.#isStopped) throw error
        const waitMs = limits.machineRetryMs * Math.min(attempt, 20)
        await new Promise((resolve) => setTimeout(resolve, waitMs))
      }
    }
  }

  async #catchUp(): Promise<void> {
    await this.#parts.session.refresh()
    this.reconcile(this.#parts.session.state)
  }

  #idOf(what: string, stepId: string): string {
    return derivedIdOf(`machine/${this.#parts.session.id}/${what}/${stepId}`)
  }

  #during(work: Promise<unknown>): void {
    const guarded = work.catch((error: unknown) => {
      if (!this.#isStopped) this.#parts.failed(error)
    })
    this.#busy.add(guarded)
    void guarded.finally(() => this.#busy.delete(guarded))
  }
}

const closed: ReadonlySet<ErrorCode> = new Set(['STORE_CLOSED'])
const doneElsewhere: ReadonlySet<ErrorCode> = new Set(['COMMAND_ID_REUSED'])

function hasCode(error: unknown, codes: ReadonlySet<ErrorCode>): boolean {
  return error instanceof WaymarkError && codes.has(error.code)
}

function tellUnlessClosed(error: unknown): void {
  if (!hasCode(error, closed)) tell(error)
}

function tell(error: unknown): void {
  warn('WAYMARK_MACHINE', error)
}

function settleCommand(effectId: string, settlement: Settlement): Command<'machine.settle-effect'> {
  const { outcome } = settlement
  if (outcome === 'error') {
    return { type: 'machine.settle-effect', effectId, outcome, error: failureOf(settlement.error) }
  }
  const { output } = settlement
  const plain = output === undefined ? {} : { output: plainOf(output, `output of effect ${effectId}`) }
  return { type: 'machine.settle-effect', effectId, outcome, ...plain }
}

/** How an effect ended whose outcome could not be recorded: by that failure. Of an error, what is known to be recordable is kept. */
function endedBy({ outcome }: Settlement, failure: unknown): Settlement {
  const isOwn = failure instanceof WaymarkError && unrecordable.has(failure.code) && outcome === 'done'
  return {
    outcome: 'error',
    error: isOwn ? failure : new Error(`its outcome cannot be recorded: ${textOf(failure)}`),
  }
}

/** What was thrown, as it is recorded: what of it is no JSON is left out. */
function failureOf(error: unknown): MachineFailure {
  const message = wellFormed(textOf(error))
  if (!(error instanceof Error))
    return { name: 'Error', message, ...Object.fromEntries(entryOf('value', error)) }
  const given: unknown = error.name
  const name = wellFormed(typeof given === 'string' ? given : 'Error').slice(0, limits.lineCharactersMax)
  const fields = Object.entries(error).flatMap(([key, value]) => entryOf(key, value))
  return { name, message, ...(fields.length === 0 ? {} : { data: Object.fromEntries(fields) }) }
}

/** Whether the parent of a child hears of each of its snapshots. */
function isWatched({ machine }: ReadonlyState, path: MachinePath): boolean {
  return Reflect.get(Object(childAt(machine?.snapshot, path)), 'syncSnapshot') === true
}
