/** Runs any XState machine on the log. */
import { hostname } from 'node:os'
import type { AnyStateMachine, InputFrom } from 'xstate'
import { plainOf } from '../decide/durable/json.ts'
import type { LiveRefs } from '../decide/durable/live-step.ts'
import { durableMachine } from '../decide/durable/machine.ts'
import type { DurableMachine } from '../decide/durable/port.ts'
import type { LoggedEvent } from '../events/envelope.ts'
import type { TimerPolicy, UnknownEventPolicy } from '../events/machine.ts'
import { idShape } from '../events/shapes.ts'
import { derivedIdOf } from '../kernel/clock.ts'
import { WaymarkError } from '../kernel/errors.ts'
import type { EventLog } from '../log/port.ts'
import type { Session } from '../session/session.ts'
import { Waymark } from '../session/waymark.ts'
import { DurableActor } from './actor.ts'
import { followMachine } from './follower.ts'
import type { InspectObserver } from './inspect.ts'
import { LiveSteps } from './live-steps.ts'
import { bringUp, type Migrations } from './migrations.ts'
import { heartOf } from './runner.ts'
import { Running } from './running.ts'
import type { TimeoutClock } from './timers.ts'

export interface DurableSettings {
  /** The home it is recorded in; or a log of your own. */
  readonly log: Waymark | EventLog
  /** What you call it. The same id brings the same machine back. A session's id (`sess_…`) opens that one, such as a fork. */
  readonly id: string
  readonly title?: string | undefined
  /** What becomes of an event that it has no transition for where it is: refused with the reason (if left out), recorded, or ignored as XState does. */
  readonly unknownEvents?: UnknownEventPolicy | undefined
  /** What becomes of timers after a stop: `elapsed` (if left out) counts the time in between, `remaining` does not, `restart` begins them anew. */
  readonly timers?: TimerPolicy | undefined
  /** How states of earlier versions of the machine become states of this one, by the version they begin at. */
  readonly migrate?: Migrations | undefined
  /** Whether this process may run its effects and timers, one process at a time: `run` if left out. `leave` only sends and watches. */
  readonly effects?: 'run' | 'leave' | undefined
  /** Hears XState's inspection events, such as `inspect` of a `@statelyai/inspect` inspector. */
  readonly inspect?: InspectObserver | undefined
  /** Sets the timeouts of timers; the process's own if left out. Deadlines are by the home's clock. */
  readonly clock?: TimeoutClock | undefined
}

/** What a machine is started with is asked for where the machine asks for it; when it is brought back, what was recorded counts. */
export type DurableOptions<M extends AnyStateMachine> = DurableSettings &
  (undefined extends InputFrom<M>
    ? { readonly input?: InputFrom<M> | undefined }
    : { readonly input: InputFrom<M> })

const processClock: TimeoutClock = {
  setTimeout: (callback, timeoutMs) => setTimeout(callback, timeoutMs),
  // Whatever setTimeout gave is given back.
  clearTimeout: (id) => clearTimeout(id as Parameters<typeof clearTimeout>[0]),
}

/**
 * Runs a machine of XState 5 on the log: starts it, or brings it back where it was, whichever process ran it before. Each event that it accepts is
 * recorded with the state it led to, so that its stream can be checkpointed, forked, replayed, verified and read like a session.
 *
 * @throws WaymarkError `MACHINE_INVALID` for what cannot be run or recorded, `MACHINE_FAILED` when starting it throws, `MACHINE_MISMATCH` when the
 * recorded state does not fit the machine and no migration leads to it, `COMMAND_INVALID` for an id that is none
 * @example
 * ```ts
 * const actor = await durable(doorMachine, { log: waymark, id: 'door-7' })
 * const { version } = await actor.send({ type: 'OPEN' })
 * version // 2
 * await actor.stop()
 * const again = await durable(doorMachine, { log: waymark, id: 'door-7' })
 * again.getSnapshot().value // 'open'
 * await again.stop()
 * ```
 */
export async function durable<M extends AnyStateMachine>(
  machine: M,
  options: DurableOptions<M>,
): Promise<DurableActor<M>> {
  const { log, inspect } = options
  const waymark = log instanceof Waymark ? log : await Waymark.open({ store: log })
  const steps = new LiveSteps()
  const inHand = durableMachine(machine, {
    onStep: (step) => steps.keep(step),
    inspect: inspect !== undefined,
  })
  const { session, first } = await opened(waymark, inHand, options)
  const actor = new DurableActor<M>({
    id: options.id,
    session,
    machine: inHand,
    steps,
    inspect: inspect ?? null,
    running: (made, refs) => runningOf(made, refs, waymark, inHand, session, options),
    // One of its own: what its steps ask for is not to be done.
    verify: async () =>
      waymark.verify(session.id, { durable: { machines: [durableMachine(machine)], about: 'own-steps' } }),
    fork: (sessionId) =>
      durable<AnyStateMachine>(machine, { ...unnamed(options), log: waymark, id: sessionId }),
  })
  const forget = waymark.beforeClose(async () => actor.stop())
  actor.subscribe({ complete: forget })
  await actor.begin(first)
  return actor
}

/** The machine's stream, with what starting it recorded, if that was here. */
async function opened<M extends AnyStateMachine>(
  waymark: Waymark,
  machine: DurableMachine,
  options: DurableOptions<M>,
): Promise<{ readonly session: Session; readonly first: readonly LoggedEvent[] }> {
  const { id, input, title, unknownEvents, timers, migrate = {} } = options
  const { machineId, machineVersion, machineHash } = machine
  const start = {
    type: 'machine.start',
    machineId,
    machineVersion,
    machineHash,
    nativeId: id,
    ...(title === undefined ? {} : { title }),
    ...(input === undefined ? {} : { input: plainOf(input, `input of machine ${machineId}`) }),
    unknownEvents: unknownEvents ?? 'refuse',
    timerPolicy: timers ?? 'elapsed',
  } as const
  // A session's id is one that was made before: a fork's, mostly.
  const begins = sessionIdPattern.test(id) ? {} : { start }
  const { session, first } = await waymark.openMachine({ machine, sessionId: sessionIdOf(id), ...begins })
  const settings = {
    ...(unknownEvents === undefined ? {} : { unknownEvents }),
    ...(timers === undefined ? {} : { timerPolicy: timers }),
  }
  await bringUp(session, machine, migrate, settings)
  return { session, first }
}

function runningOf<M extends AnyStateMachine>(
  actor: DurableActor<AnyStateMachine>,
  refs: LiveRefs,
  waymark: Waymark,
  machine: DurableMachine,
  session: Session,
  options: DurableOptions<M>,
): Running {
  const { log } = waymark
  const now = (): string => waymark.environment.clock.now()
  const leaves = options.effects === 'leave'
  return new Running({
    session,
    machine,
    refs,
    heart: leaves ? null : heartOf(log, { host: hostname(), now }),
    clock: options.clock ?? processClock,
    now,
    timerPolicy: options.timers ?? null,
    recorded: (result) => actor.recorded(result),
    failed: (error) => actor.failed(error),
    follow: async () =>
      followMachine(log, session.id, {
        heard: (event) => actor.heard(event),
        failed: (error) => actor.failed(error),
      }),
  })
}

const sessionIdPattern = /^sess_[0-9a-f-]{36}$/

/** The stream of a machine, by what its author calls it. */
function sessionIdOf(id: string): string {
  if (sessionIdPattern.test(id)) return id
  const parsed = idShape.safeParse(id)
  if (parsed.success) return `sess_${derivedIdOf(`machine/${id}`)}`
  throw new WaymarkError('COMMAND_INVALID', {
    message: `"${String(id)}" is no id: ${parsed.error.issues[0]?.message ?? 'it is invalid'}`,
    hint: 'name the machine by an id such as order-42',
  })
}

/** The options of a fork: it was started already, with what its parent was started with. */
function unnamed<M extends AnyStateMachine>(
  options: DurableOptions<M>,
): Omit<DurableOptions<AnyStateMachine>, 'id' | 'log'> {
  const { id: _id, log: _log, input: _input, title: _title, ...rest } = options
  return rest
}
