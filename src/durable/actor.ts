/** A machine in hand that runs on the log: send it events, watch it, take checkpoints and forks of it, stop it. */
import type {
  ActorRefFrom,
  AnyEventObject,
  AnyMachineSnapshot,
  AnyStateMachine,
  EmittedFrom,
  EventFromLogic,
  SnapshotFrom,
} from 'xstate'
import type { LiveStep } from '../decide/durable/live-step.ts'
import type { DurableMachine } from '../decide/durable/port.ts'
import type { LoggedEvent } from '../events/envelope.ts'
import { isKnown } from '../events/envelope.ts'
import type { MachinePath } from '../events/machine.ts'
import type { RecordedMachine } from '../fold/state.ts'
import { WaymarkError } from '../kernel/errors.ts'
import type { Verification } from '../replay/verify/verify.ts'
import type { CheckpointOptions, SendOptions, SendResult, Session } from '../session/session.ts'
import { warn } from '../session/warning.ts'
import { Inspection, type InspectObserver } from './inspect.ts'
import type { LiveSteps } from './live-steps.ts'
import { callersCommand, machineOf } from './machine-commands.ts'
import { type Observer, Observers, type Subscription } from './observers.ts'
import { Refs } from './refs.ts'
import type { Running } from './running.ts'

export interface MachineSendOptions extends SendOptions {
  /** Ids of children from the root downwards, to send the event to one of them; the root if left out. */
  readonly to?: MachinePath
}

export interface MachineSent<M extends AnyStateMachine> {
  /** The machine's snapshot after it, and what else was recorded in the same transaction. */
  readonly snapshot: SnapshotFrom<M>
  /** The events recorded for it; empty when the machine has no transition for it and such events are ignored. */
  readonly events: readonly LoggedEvent[]
  /** Version of the newest of them: durable when you have it. */
  readonly version: number
  /** It had been recorded before under the same `commandId`; nothing was done now. */
  readonly repeated: boolean
}

interface Snapshots {
  readonly of: RecordedMachine
  readonly bare: AnyMachineSnapshot
  readonly shown: AnyMachineSnapshot
}

/** What an actor is made of; `durable` makes them. */
export interface ActorParts {
  readonly id: string
  readonly session: Session
  readonly machine: DurableMachine
  readonly steps: LiveSteps
  readonly inspect: InspectObserver | null
  running(actor: DurableActor<AnyStateMachine>, refs: Refs): Running
  fork(sessionId: string): Promise<DurableActor<AnyStateMachine>>
  verify(): Promise<Verification>
}

/**
 * A machine that runs on the log. Each event that it accepts is on disk before its actions run. Stopped or killed, it is brought back by
 * `durable` with the same id, in any process.
 *
 * @example
 * ```ts
 * const actor = await durable(doorMachine, { log: waymark, id: 'door-1' })
 * await actor.send({ type: 'OPEN' })
 * actor.getSnapshot().value // 'open'
 * await actor.stop()
 * ```
 */
export class DurableActor<M extends AnyStateMachine> {
  /** What its author calls it. */
  readonly id: string
  /** Its stream, with all that a session can do: `events`, `at`, `stepper`, `handOff`. */
  readonly session: Session
  readonly #parts: ActorParts
  readonly #refs: Refs
  readonly #running: Running
  readonly #inspection: Inspection | null
  readonly #observers = new Observers<SnapshotFrom<M>>()
  readonly #listeners = new Map<string, Set<(event: AnyEventObject) => void>>()
  #told: RecordedMachine | null = null
  #newest: Snapshots | null = null
  #isStopped = false
  #newestHeard: LoggedEvent | null = null
  #catchingUp: Promise<void> | null = null

  /** Not for callers: `durable` makes actors. */
  constructor(parts: ActorParts) {
    this.id = parts.id
    this.session = parts.session
    this.#parts = parts
    this.#refs = new Refs({
      sessionId: parts.session.id,
      machineId: parts.machine.machineId,
      snapshot: () => this.#snapshots().bare,
      send: (path, event) => this.#running.sendLater(path, event),
    })
    // Its types of events and snapshots concern callers alone.
    this.#running = parts.running(this as unknown as DurableActor<AnyStateMachine>, this.#refs)
    this.#inspection = parts.inspect === null ? null : new Inspection(parts.inspect, this.#refs)
  }

  get sessionId(): string {
    return this.session.id
  }

  /** Version of the newest event that this process knows of. */
  get version(): number {
    return this.session.version
  }

  /** Whether this process runs the machine's effects and timers; another one may, or none. */
  get isRunner(): boolean {
    return this.#running.isRunner
  }

  /** Not for callers: begins to run what the state asks for. `first` says what starting the machine asked for, when that was here. */
  async begin(first: readonly LoggedEvent[]): Promise<void> {
    this.#told = this.#state()
    if (first.length === 0) this.#inspection?.begin(this.#machineSnapshot())
    await this.#running.begin()
    this.#settle(this.#stepsOf(first))
  }

  /**
   * Sends an event. It is on disk when the promise resolves, with the state that it led to; then its actions have been run and its effects begun.
   *
   * @throws CommandRefused when the machine has no transition for it where it is (unless such events are recorded or ignored), or has reached its final state;
   * WaymarkError `MACHINE_INVALID` for what is not plain JSON, `MACHINE_FAILED` when a guard or an assignment throws; VersionConflict,
   * StaleHolder. Then nothing has been recorded.
   */
  async send(event: EventFromLogic<M>, options: MachineSendOptions = {}): Promise<MachineSent<M>> {
    if (this.#isStopped) throw stopped(this.id)
    const { to, ...rest } = options
    const result = await this.session.send(callersCommand(event, to), rest)
    this.recorded(result)
    const { events, version, repeated } = result
    return { snapshot: this.getSnapshot(), events, version, repeated }
  }

  /** Not for callers: something of this process has been recorded. Does what its steps asked for, and tells who watches. */
  recorded({ events, repeated }: Pick<SendResult, 'events' | 'repeated'>): void {
    this.#settle(repeated ? [] : this.#stepsOf(events))
  }

  /** Not for callers: an event has been recorded, here or by another process. */
  heard(event: LoggedEvent): void {
    if (event.version <= this.session.version) {
      this.#settle()
      return
    }
    this.#newestHeard = event
    this.#catchingUp ??= this.#catchUp()
      .catch((error: unknown) => this.failed(error))
      .finally(() => {
        this.#catchingUp = null
      })
  }

  /** Takes up what others appended: once for all that is heard of meanwhile. */
  async #catchUp(): Promise<void> {
    for (let heard = this.#newestHeard; heard !== null; heard = this.#newestHeard) {
      this.#newestHeard = null
      if (heard.version <= this.session.version) continue
      await this.session.refresh()
      const before = this.#told
      this.#settle()
      if (this.#told !== before && !this.#isStopped)
        this.#inspection?.changed(sentBy(heard), this.#machineSnapshot())
    }
  }

  /** Not for callers: tells who watches of a failure. A home that was closed is none: what ran here has ended with it. */
  failed(error: unknown): void {
    if (error instanceof WaymarkError && error.code === 'STORE_CLOSED') this.#running.lose()
    else this.#observers.error(error)
  }

  /** The machine's snapshot, as this process knows it: state value, context, `matches`, `can`, `hasTag`, children. */
  getSnapshot(): SnapshotFrom<M> {
    // The machine is the one that the snapshot was made with.
    return this.#machineSnapshot() as SnapshotFrom<M>
  }

  /** The snapshot at a version, or at a time. */
  async at(when: number | string): Promise<SnapshotFrom<M>> {
    const state = await this.session.at(when)
    return this.#parts.machine.snapshotOf(machineOf(state)) as SnapshotFrom<M>
  }

  /** Told the newest snapshot after what is recorded, by whatever process; completed when the machine has ended or is stopped here. */
  subscribe(
    observer: Observer<SnapshotFrom<M>> | ((snapshot: SnapshotFrom<M>) => void),
    error?: (error: unknown) => void,
    complete?: () => void,
  ): Subscription {
    if (typeof observer !== 'function') return this.#observers.add(observer)
    return this.#observers.add({
      next: observer,
      ...(error === undefined ? {} : { error }),
      ...(complete === undefined ? {} : { complete }),
    })
  }

  /** Hears the events that the machine emits with `emit`, in the process whose step emitted them; `*` hears all. */
  on<T extends EmittedFrom<M>['type'] | '*'>(
    type: T,
    listener: (event: T extends '*' ? EmittedFrom<M> : Extract<EmittedFrom<M>, { type: T }>) => void,
  ): Subscription {
    const listeners = this.#listeners.get(type) ?? new Set()
    // What is emitted under a type is of that type.
    const hear = listener as (event: AnyEventObject) => void
    this.#listeners.set(type, listeners.add(hear))
    return { unsubscribe: () => void listeners.delete(hear) }
  }

  /**
   * The machine as an XState actor ref, for whatever takes one: `waitFor`, `toPromise`, bindings of views. What is sent to it is recorded, but
   * nobody waits for it; a refusal becomes a process warning.
   */
  get ref(): ActorRefFrom<M> {
    const subscribe = this.subscribe.bind(this)
    const on = this.on.bind(this)
    const getSnapshot = this.getSnapshot.bind(this)
    // It has what is asked of a ref that belongs to no system of XState's.
    return Object.assign(Object.create(this.#refs.refOf([])), {
      subscribe,
      on,
      getSnapshot,
    }) as ActorRefFrom<M>
  }

  /** Takes a checkpoint, as of a session. */
  async checkpoint(
    options: CheckpointOptions = {},
  ): Promise<{ readonly id: string; readonly version: number }> {
    return this.session.checkpoint(options)
  }

  /** The same machine from a version or checkpoint on (the newest version if left out), in a stream of its own. Nothing is copied. */
  async fork(options: Parameters<Session['fork']>[0] = {}): Promise<DurableActor<M>> {
    // A state that the machine does not have is told before there is a fork of it.
    if (typeof options.at === 'number') await this.at(options.at)
    const forked = await this.session.fork(options)
    // A fork's machine is this machine.
    return (await this.#parts.fork(forked.id)) as unknown as DurableActor<M>
  }

  /** Reads its stream again and asks the machine about each step: whether all is as it was written, and whether it would do the same. */
  async verify(): Promise<Verification> {
    return this.#parts.verify()
  }

  /** Resolves when what recorded steps asked for here is done and recorded; effects that are still running are not waited for. */
  async settled(): Promise<void> {
    await this.#running.settled()
    await this.session.settled()
  }

  /** Stops running it here: effects and timers end, nothing is recorded. Bring it back with `durable`. */
  async stop(): Promise<void> {
    if (this.#isStopped) return
    this.#isStopped = true
    await this.#running.stop()
    await this.#catchingUp
    await this.session.settled()
    this.#observers.complete()
  }

  #state(): RecordedMachine {
    return machineOf(this.session.state)
  }

  #machineSnapshot(): AnyMachineSnapshot {
    return this.#snapshots().shown
  }

  /** The snapshot of the newest state: `bare` as the machine gives it, `shown` with stand-ins for its children. */
  #snapshots(): Snapshots {
    const of = this.#state()
    if (this.#newest?.of === of) return this.#newest
    const bare = this.#parts.machine.snapshotOf(of)
    this.#newest = { of, bare, shown: this.#refs.withRefs(bare) }
    return this.#newest
  }

  /** What steps of this process asked for, now that they are on disk. */
  #stepsOf(events: readonly LoggedEvent[]): readonly LiveStep[] {
    return events.flatMap((event) => {
      const transition = transitionOf(event)
      const step = transition === null ? null : this.#parts.steps.take(transition)
      return step === null ? [] : [step]
    })
  }

  #tellStep({ deliveries, emitted, inspection }: LiveStep): void {
    for (const { effectId, event } of deliveries) this.#running.deliver(effectId, event)
    for (const { path, event } of emitted) if (path.length === 0) this.#emit(event)
    this.#inspection?.step(inspection)
  }

  #emit(event: AnyEventObject): void {
    for (const listener of [
      ...(this.#listeners.get(event.type) ?? []),
      ...(this.#listeners.get('*') ?? []),
    ]) {
      try {
        listener(event)
      } catch (error) {
        warn('WAYMARK_MACHINE', error)
      }
    }
  }

  /**
   * Does what steps asked for: actions first, then effects and timers as the state has them, then what is sent to these. Tells who watches when the state is
   * another one.
   */
  #settle(steps: readonly LiveStep[] = []): void {
    for (const step of steps) this.#running.act(step.actions, this.#refs)
    this.#running.reconcile(this.session.state)
    for (const step of steps) this.#tellStep(step)
    if (this.#isStopped) return
    const state = this.#state()
    if (state === this.#told) return
    this.#told = state
    this.#observers.next(this.getSnapshot())
    if (state.status === 'error') this.#observers.error(this.#machineSnapshot().error)
    if (state.status === 'active') return
    this.#observers.complete()
    this.#running.end()
  }
}

/** The number of the step that an event records, if it records one. */
function transitionOf(event: LoggedEvent): number | null {
  return isKnown(event) && 'transition' in event.data ? event.data.transition : null
}

function sentBy(event: LoggedEvent): AnyEventObject {
  return isKnown(event) && event.type === 'machine.transitioned' ? event.data.event : { type: event.type }
}

function stopped(id: string): WaymarkError {
  return new WaymarkError('USAGE', {
    message: `machine ${id} was stopped here`,
    hint: 'bring it back with durable() and the same id',
  })
}
