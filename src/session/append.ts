/** A decided command on its way into the log: its events get ids, times and salts, are folded, and are appended. */
import { decide } from '../decide/decide.ts'
import type { Decision, RepositoryNote } from '../decide/decision.ts'
import type { DurableMachine } from '../decide/durable/port.ts'
import type { Machines } from '../decide/machines.ts'
import { type DecidedEvent, type EventType, ignorableTypes, schemaVersionOf } from '../events/catalogue.ts'
import type { Command } from '../events/commands.ts'
import type { CommandMeta, Envelope, FoldableEvent, LoggedEvent } from '../events/envelope.ts'
import { fold, foldInto } from '../fold/fold.ts'
import type { ReadonlyState, SessionState } from '../fold/state.ts'
import { summaryOf } from '../fold/summary.ts'
import { type Clock, eventIdOf, type Ids } from '../kernel/clock.ts'
import { WaymarkError } from '../kernel/errors.ts'
import type { LogTransaction, PendingEvent } from '../log/port.ts'
import { latestTime } from '../replay/snapshot/latest-time.ts'
import { packSnapshot } from '../replay/snapshot/snapshot.ts'

export interface AppendMeta extends CommandMeta {
  readonly commandId: string
  readonly actor: string
}

export interface AppendEnvironment {
  readonly clock: Clock
  readonly ids: Ids
  /** What the repository said of itself lately, for checkpoints. */
  readonly repository?: () => RepositoryNote | null
  /** The machines that are asked, where other ones than usual are. */
  readonly machines?: Machines
  /** The machine whose stream is written. */
  readonly machine?: DurableMachine
}

/** A command with its decision, and the moment at which it was decided. */
export interface Decided {
  readonly command: Command
  readonly decision: Decision
  readonly recordedAt: string
}

const writtenTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/

/** What a clock tells. An event with a time of another form could not be read again. */
function timeOf(clock: Clock): string {
  const time = clock.now()
  if (writtenTime.test(time)) return time
  throw new WaymarkError('USAGE', {
    message: `the clock that was given tells "${time}", which is no time that can be recorded`,
    hint: 'a clock tells ISO 8601 in UTC with milliseconds and a year of four digits: 2026-01-31T12:00:00.000Z',
  })
}

/** Asks for a decision; nothing is appended yet. */
export function decideNow(
  transaction: Pick<LogTransaction, 'countedCall'>,
  before: ReadonlyState,
  command: Command,
  meta: Pick<CommandMeta, 'time'>,
  environment: AppendEnvironment,
): Decided {
  const recordedAt = timeOf(environment.clock)
  const decision = decide(before, command, {
    now: meta.time ?? recordedAt,
    checkpointId: () => `ckpt_${environment.ids.uuid()}`,
    handoffId: () => `hoff_${environment.ids.uuid()}`,
    ...(environment.repository === undefined ? {} : { repository: environment.repository }),
    ...(environment.machines === undefined ? {} : { machines: environment.machines }),
    ...(environment.machine === undefined ? {} : { machine: environment.machine }),
    countedCall: (callId, scope) => transaction.countedCall(before.sessionId, callId, scope),
  })
  return { command, decision, recordedAt }
}

export interface Appended {
  readonly events: readonly LoggedEvent[]
  readonly state: ReadonlyState
}

/** Appends the events of an accepted command; there may be none. */
export function append(
  transaction: LogTransaction,
  before: ReadonlyState,
  decided: {
    readonly command: Command
    readonly recordedAt: string
    readonly events: readonly DecidedEvent[]
  },
  meta: AppendMeta,
  environment: AppendEnvironment,
): Appended {
  const { sessionId } = before
  const { command, recordedAt, events } = decided
  if (events.length === 0) return { events: [], state: before }
  if (command.type === 'checkpoint.create') putCheckpointSnapshot(transaction, before, events)
  const pending = events.map((event, index) => pendingOf(event, index, meta, recordedAt, environment.ids))
  const state = stateAfter(before, events, meta.time ?? recordedAt)
  return { events: transaction.append(sessionId, pending, summaryOf(state)), state }
}

/** The bulk twin of `append`: changes `state`, which nobody else may hold. For commands that come by the thousand and take no snapshot. */
export function appendInto(
  transaction: LogTransaction,
  state: SessionState,
  { recordedAt, events }: Pick<Parameters<typeof append>[2], 'recordedAt' | 'events'>,
  meta: AppendMeta,
  environment: AppendEnvironment,
): void {
  if (events.length === 0) return
  const pending = events.map((event, index) => pendingOf(event, index, meta, recordedAt, environment.ids))
  foldDecided(state, events, meta.time ?? recordedAt)
  transaction.append(state.sessionId, pending, summaryOf(state))
}

/** The state after decided events, without appending them. */
export function stateAfter(
  before: ReadonlyState,
  events: readonly DecidedEvent[],
  time: string,
): ReadonlyState {
  return fold(before, foldable(before, events, time))
}

/** The bulk twin of `stateAfter`: changes `state`, which nobody else may hold. */
export function foldDecided(state: SessionState, events: readonly DecidedEvent[], time: string): void {
  foldInto(state, foldable(state, events, time))
}

/** Decided events as far as the fold looks at them, after the newest one of the state. */
function foldable(
  { version }: Pick<ReadonlyState, 'version'>,
  events: readonly DecidedEvent[],
  time: string,
): readonly FoldableEvent[] {
  // Type and data come as a pair and stay one; the compiler loses the pairing here.
  return events.map(
    ({ type, data }, index) => ({ version: version + index + 1, time, type, data }) as FoldableEvent,
  )
}

function pendingOf(
  event: DecidedEvent,
  index: number,
  meta: AppendMeta,
  recordedAt: string,
  ids: Ids,
): PendingEvent {
  const { type, data } = event
  // Type and data come as a pair and stay one; the compiler loses the pairing here.
  return { ...envelopeOf(type, index, meta, recordedAt), salt: ids.salt(), type, data } as PendingEvent
}

/** What surrounds a decided event wherever it comes to stand. */
export function envelopeOf(
  type: EventType,
  index: number,
  meta: AppendMeta,
  recordedAt: string,
): Omit<Envelope, 'sessionId' | 'version' | 'position'> {
  return {
    id: eventIdOf(meta.commandId, index),
    schemaVersion: schemaVersionOf(type),
    time: meta.time ?? recordedAt,
    recordedAt,
    actor: meta.actor,
    commandId: meta.commandId,
    index,
    causationId: meta.causationId ?? null,
    correlationId: meta.correlationId ?? null,
    ignorable: ignorableTypes.has(type),
  }
}

/** A checkpoint is about the version before its event: that state is packed beside it. */
function putCheckpointSnapshot(
  transaction: LogTransaction,
  before: ReadonlyState,
  events: readonly DecidedEvent[],
): void {
  const created = events.find((event) => event.type === 'checkpoint.created')
  const stream = transaction.stream(before.sessionId)
  if (created === undefined || stream === null) return
  const timeMax = latestTime(transaction, before.sessionId, before.version)
  transaction.putSnapshot(packSnapshot(before, stream.hash, created.data.checkpointId, timeMax))
}
