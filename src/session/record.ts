/** The way of every command into the log: catch up, check, decide, append, follow up. All inside one write transaction. */
import { decide } from '../decide/decide.ts'
import type { Refusal } from '../decide/decision.ts'
import {
  commandOf,
  type DecidedEvent,
  filledInBy,
  ignorableTypes,
  schemaVersionOf,
} from '../events/catalogue.ts'
import type { Command } from '../events/commands.ts'
import { type CommandMeta, isKnown, type LoggedEvent } from '../events/envelope.ts'
import { fold, frozen } from '../fold/fold.ts'
import { initialState, type ReadonlyState } from '../fold/state.ts'
import { summaryOf } from '../fold/summary.ts'
import { assert } from '../kernel/assert.ts'
import { type Clock, derivedIdOf, eventIdOf, type Ids } from '../kernel/clock.ts'
import {
  CommandRefused,
  SessionNotFound,
  StaleHolder,
  VersionConflict,
  WaymarkError,
} from '../kernel/errors.ts'
import { canonicalJson } from '../kernel/json.ts'
import { limits } from '../kernel/limits.ts'
import type { LogTransaction, PendingEvent } from '../log/port.ts'
import { packSnapshot } from '../replay/snapshot.ts'
import type { Policy } from './policy.ts'

/** What the writer of a command expects of the stream: its version, that it is not there, or that it is. */
export type ExpectedVersion = number | 'no-stream' | 'stream-exists'

export interface RecordRequest {
  readonly sessionId: string
  readonly command: Command
  readonly meta?: CommandMeta
  readonly expectedVersion?: ExpectedVersion
  /** The fencing number under which the writer took the session up. */
  readonly epoch?: number
}

export interface RecordEnvironment {
  readonly clock: Clock
  readonly ids: Ids
  readonly policies: readonly Policy[]
}

export interface Recorded {
  /** The batch of the command; empty when it had nothing to add. */
  readonly events: readonly LoggedEvent[]
  /** Version of the batch's last event. */
  readonly version: number
  /** State after the batch and what policies added to it. */
  readonly state: ReadonlyState
  /** The command had been recorded before; nothing was appended now. */
  readonly repeated: boolean
}

/**
 * Records one command. `known` is the newest state the writer holds, or `null`; what others appended since is read first.
 *
 * @throws CommandRefused, VersionConflict, StaleHolder, SessionNotFound, or WaymarkError `COMMAND_ID_REUSED`; then
 * nothing has been appended.
 */
export function record(
  transaction: LogTransaction,
  known: ReadonlyState | null,
  request: RecordRequest,
  environment: RecordEnvironment,
): Recorded {
  const { sessionId, command, meta = {} } = request
  const before = caughtUp(transaction, sessionId, known, command.type === 'session.start')
  if (meta.commandId !== undefined) {
    const batch = transaction.batchOf(sessionId, meta.commandId)
    if (batch !== null) return repeated(before, command, meta.commandId, batch)
  }
  checkExpectation(before, request)
  const commandId = meta.commandId ?? environment.ids.uuid()
  const actor = meta.actor ?? 'user'
  const first = appendDecision(transaction, before, command, { ...meta, commandId, actor }, environment)
  let state = first.state
  const follow = followUps(before, state, environment.policies)
  for (const [index, { policy, command: next }] of follow.entries()) {
    const cause = first.events[first.events.length - 1]
    const policyMeta: AppendMeta = {
      commandId: derivedIdOf(`${commandId}/policy/${policy.name}/${index}`),
      actor: `policy:${policy.name}`,
      ...(meta.time === undefined ? {} : { time: meta.time }),
      ...(cause === undefined ? {} : { causationId: cause.id }),
      ...(meta.correlationId === undefined ? {} : { correlationId: meta.correlationId }),
    }
    state = appendUnlessRefused(transaction, state, next, policyMeta, environment)
  }
  return { events: first.events, version: first.state.version, state, repeated: false }
}

/** The newest state: what the writer knows, and what others have appended since. */
export function caughtUp(
  transaction: LogTransaction,
  sessionId: string,
  known: ReadonlyState | null,
  create = false,
): ReadonlyState {
  const stream = transaction.stream(sessionId)
  if (stream === null) {
    if (create) {
      transaction.create(sessionId, null)
      return frozen(initialState(sessionId))
    }
    throw new SessionNotFound({
      message: `no session ${sessionId} in this home`,
      hint: 'waymark list shows the sessions of this home; waymark new makes one',
    })
  }
  let state = known ?? frozen(initialState(sessionId))
  if (state.version < stream.version) {
    for (const page of transaction.read(sessionId, { after: state.version })) state = fold(state, page)
  }
  assert(state.version === stream.version, 'state has caught up with the stream')
  return state
}

interface AppendMeta extends CommandMeta {
  readonly commandId: string
  readonly actor: string
}

function appendDecision(
  transaction: LogTransaction,
  before: ReadonlyState,
  command: Command,
  meta: AppendMeta,
  environment: RecordEnvironment,
): { readonly events: readonly LoggedEvent[]; readonly state: ReadonlyState } {
  const { sessionId } = before
  const decision = decide(before, command, {
    checkpointId: () => `ckpt_${environment.ids.uuid()}`,
    countedCall: (callId, scope) => transaction.countedCall(sessionId, callId, scope),
  })
  if (!decision.ok) throw refused(decision.refusal)
  if (decision.events.length === 0) return { events: [], state: before }
  if (command.type === 'checkpoint.create') putCheckpointSnapshot(transaction, before, decision.events)
  const recordedAt = environment.clock.now()
  const pending = decision.events.map((event, index) =>
    pendingOf(event, index, meta, recordedAt, environment.ids),
  )
  // Version and position are not needed to fold the summary; the log assigns both and returns the events with them.
  const preview = pending.map((event, index) => ({
    ...event,
    sessionId,
    version: before.version + index + 1,
    position: 0,
  }))
  const state = fold(before, preview as readonly LoggedEvent[])
  return { events: transaction.append(sessionId, pending, summaryOf(state)), state }
}

/** What a policy asks for may not fit the state any more; its cause stands all the same. */
function appendUnlessRefused(
  transaction: LogTransaction,
  before: ReadonlyState,
  command: Command,
  meta: AppendMeta,
  environment: RecordEnvironment,
): ReadonlyState {
  try {
    return appendDecision(transaction, before, command, meta, environment).state
  } catch (error) {
    if (error instanceof CommandRefused) return before
    throw error
  }
}

function pendingOf(
  event: DecidedEvent,
  index: number,
  meta: AppendMeta,
  recordedAt: string,
  ids: Ids,
): PendingEvent {
  const envelope = {
    id: eventIdOf(meta.commandId, index),
    schemaVersion: schemaVersionOf(event.type),
    time: meta.time ?? recordedAt,
    recordedAt,
    actor: meta.actor,
    commandId: meta.commandId,
    index,
    causationId: meta.causationId ?? null,
    correlationId: meta.correlationId ?? null,
    ignorable: ignorableTypes.has(event.type),
    salt: ids.salt(),
  }
  // Type and data come as a pair and stay one; the compiler loses the pairing in the spread.
  return { ...envelope, ...event } as PendingEvent
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
  transaction.putSnapshot(packSnapshot(before, stream.hash, created.data.checkpointId))
}

function followUps(
  before: ReadonlyState,
  after: ReadonlyState,
  policies: readonly Policy[],
): readonly { readonly policy: Policy; readonly command: Command }[] {
  if (before === after) return []
  const all = policies.flatMap((policy) =>
    policy.follow(before, after).map((command) => ({ policy, command })),
  )
  return all.slice(0, limits.policyCommandsMax)
}

function repeated(
  state: ReadonlyState,
  command: Command,
  commandId: string,
  batch: readonly LoggedEvent[],
): Recorded {
  const first = batch[0]
  const last = batch[batch.length - 1]
  assert(first !== undefined && last !== undefined, 'a batch has events')
  const before = isKnown(first) ? commandOf(first as DecidedEvent) : null
  if (before === null || !sameCommand(before, command)) {
    throw new WaymarkError('COMMAND_ID_REUSED', {
      message: `command id ${commandId} was used before, for another ${before?.type ?? first.type}`,
      hint: 'send a new command under a new command id; repeat a command only with the very same fields',
      details: { commandId, version: first.version },
    })
  }
  return { events: batch, version: last.version, state, repeated: true }
}

/** Same type and fields; what the decision filled in for the first sending does not count. */
function sameCommand(recorded: Command, sent: Command): boolean {
  const sentFields = sent as Readonly<Record<string, unknown>>
  const filledIn = (filledInBy[recorded.type] ?? []).filter((field) => sentFields[field] === undefined)
  const compared = Object.fromEntries(Object.entries(recorded).filter(([field]) => !filledIn.includes(field)))
  return canonicalJson(compared) === canonicalJson(JSON.parse(JSON.stringify(sent)))
}

function checkExpectation(state: ReadonlyState, request: RecordRequest): void {
  const { expectedVersion, epoch } = request
  const { sessionId, version } = state
  if (epoch !== undefined && epoch !== state.epoch) {
    throw new StaleHolder({
      message: `session ${sessionId} has been taken over by ${state.holder ?? 'another holder'} (epoch ${state.epoch}, yours is ${epoch})`,
      hint: 'stop writing; open the session again to read on, or ask its holder to hand it back',
      details: { sessionId, epoch: state.epoch, yours: epoch },
    })
  }
  const conflict =
    expectedVersion !== undefined &&
    (expectedVersion === 'no-stream'
      ? version > 0
      : expectedVersion === 'stream-exists'
        ? version === 0
        : version !== expectedVersion)
  if (conflict) {
    throw new VersionConflict({
      message: `session ${sessionId} is at version ${version}, expected was ${expectedVersion}`,
      hint: 'look at what was appended since, then decide and send again',
      details: { sessionId, actual: version, expected: expectedVersion },
    })
  }
}

function refused(refusal: Refusal): CommandRefused {
  const { command, subject, status, reason, accepted } = refusal
  return new CommandRefused({
    message: `${command} refused: ${subject} is ${status}: ${reason}`,
    ...(accepted.length === 0 ? {} : { hint: `accepted now: ${accepted.join(', ')}` }),
    details: { ...refusal },
  })
}
