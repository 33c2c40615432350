/** The way of every command into the log: catch up, check, decide, append, follow up. All inside one write transaction. */
import type { Refusal } from '../decide/decision.ts'
import { commandOf, type DecidedEvent, filledInBy, tidyingTypes } from '../events/catalogue.ts'
import type { Command } from '../events/commands.ts'
import type { Content } from '../events/content.ts'
import { type CommandMeta, isKnown, type LoggedEvent } from '../events/envelope.ts'
import { agreesApartFromRedacted } from '../events/secrets.ts'
import { fold, frozen } from '../fold/fold.ts'
import { beginsStream } from '../fold/kinds.ts'
import { initialState, type ReadonlyState } from '../fold/state.ts'
import { assert } from '../kernel/assert.ts'
import { derivedIdOf } from '../kernel/clock.ts'
import {
  CommandRefused,
  SessionNotFound,
  StaleHolder,
  VersionConflict,
  WaymarkError,
} from '../kernel/errors.ts'
import { canonicalJson } from '../kernel/json.ts'
import { limits } from '../kernel/limits.ts'
import type { LogTransaction } from '../log/port.ts'
import { takesDataBack } from '../replay/redactions.ts'
import {
  type AppendEnvironment,
  type Appended,
  type AppendMeta,
  append,
  type Decided,
  decideNow,
  stateAfter,
} from './append.ts'
import type { Policy } from './policy.ts'
import { askedBy } from './policy-commands.ts'

/** What the writer of a command expects of the stream: its version, that it is not there, or that it is. */
export type ExpectedVersion = number | 'no-stream' | 'stream-exists'

export interface RecordRequest {
  readonly sessionId: string
  readonly command: Command
  /** Texts that the command refers to; stored when it is accepted. */
  readonly contents?: readonly Content[]
  readonly meta?: CommandMeta
  readonly expectedVersion?: ExpectedVersion
  /** The fencing number under which the writer took the session up. */
  readonly epoch?: number
}

export interface RecordEnvironment extends AppendEnvironment {
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
  const before = caughtUp(transaction, sessionId, known, beginsStream(command.type))
  if (meta.commandId !== undefined && before.version > 0) {
    const batch = transaction.batchOf(sessionId, meta.commandId)
    if (batch !== null) return repeated(before, command, meta.commandId, batch)
  }
  checkExpectation(before, request)
  const own: AppendMeta = {
    ...meta,
    commandId: meta.commandId ?? environment.ids.uuid(),
    actor: meta.actor ?? 'user',
  }
  const first = recordOwn(transaction, before, request, own, environment)
  let state = first.state
  const work = first.events.find(({ type }) => !tidyingTypes.has(type))
  const follow = work === undefined ? [] : followUps(before, state, command, work.time, environment.policies)
  for (const [index, { policy, command: next }] of follow.entries()) {
    const cause = first.events[first.events.length - 1]
    state = recordPolicy(transaction, state, next, policyMeta(own, policy, String(index), cause), environment)
  }
  return { events: first.events, version: first.version, state, repeated: false }
}

/** Records the caller's own command, and before it what policies say must stand there. */
function recordOwn(
  transaction: LogTransaction,
  before: ReadonlyState,
  request: RecordRequest,
  meta: AppendMeta,
  environment: RecordEnvironment,
): Appended & { readonly version: number } {
  let decided = decideNow(transaction, before, request.command, meta, environment)
  const steps = preparation(transaction, before, request, decided, meta, environment)
  const state = appendSteps(transaction, before, steps, environment)
  if (steps.length > 0) decided = decideNow(transaction, state, request.command, meta, environment)
  const { command, decision, recordedAt } = decided
  if (!decision.ok) throw refused(decision.refusal)
  // Only now: a session whose start is refused leaves no stream behind.
  if (transaction.stream(before.sessionId) === null) transaction.create(before.sessionId, null)
  for (const { ref, body } of request.contents ?? []) {
    transaction.putContent(ref.hash, typeof body === 'string' ? Buffer.from(body) : body)
  }
  const { events } = decision
  const appended = append(transaction, state, { command, recordedAt, events }, meta, environment)
  return { ...appended, version: appended.state.version }
}

export interface PreparationStep {
  readonly command: Command
  readonly recordedAt: string
  readonly events: readonly DecidedEvent[]
  readonly meta: AppendMeta
}

/**
 * What policies put before a command: what makes a refused one legal, and the checkpoints that are to stand before it. Tried on
 * the side first, so that a command that stays refused changes nothing. Empty for one that has nothing to add.
 */
function preparation(
  transaction: Pick<LogTransaction, 'countedCall'>,
  before: ReadonlyState,
  request: Pick<RecordRequest, 'command'>,
  { decision, recordedAt }: Decided,
  meta: AppendMeta,
  environment: RecordEnvironment,
): readonly PreparationStep[] {
  if (decision.ok && decision.events.length === 0) return []
  const refusal = decision.ok ? null : decision.refusal
  const now = meta.time ?? recordedAt
  const steps: PreparationStep[] = []
  let state = before
  for (const policy of environment.policies) {
    const current = state
    const ask = (): readonly Command[] => policy.precede?.(current, request.command, refusal, now) ?? []
    for (const command of askedBy(policy, ask)) {
      if (steps.length >= limits.policyCommandsMax || isCheckpointAgain(state, command)) continue
      const tried = decideNow(transaction, state, command, meta, environment)
      if (!tried.decision.ok || tried.decision.events.length === 0) continue
      const { events } = tried.decision
      state = stateAfter(state, events, now)
      const own = policyMeta(meta, policy, `before/${steps.length}`)
      steps.push({ command, recordedAt: tried.recordedAt, events, meta: own })
    }
  }
  if (steps.length === 0) return steps
  const isLegal = decideNow(transaction, state, request.command, meta, environment).decision.ok
  return isLegal ? steps : []
}

/** Nothing has been counted, as far as a dry run asks. */
const nothingCounted: Pick<LogTransaction, 'countedCall'> = { countedCall: () => null }

/**
 * What policies put before a command that is worked out in several steps, and the state after it, against which it is to be decided.
 * Nothing is appended: `appendSteps` does it when the command is to be recorded.
 */
export function precededBy(
  before: ReadonlyState,
  command: Command,
  meta: AppendMeta,
  environment: RecordEnvironment,
): { readonly steps: readonly PreparationStep[]; readonly state: ReadonlyState } {
  const decided = decideNow(nothingCounted, before, command, meta, environment)
  const steps = preparation(nothingCounted, before, { command }, decided, meta, environment)
  const now = meta.time ?? decided.recordedAt
  return { steps, state: steps.reduce((state, { events }) => stateAfter(state, events, now), before) }
}

export function appendSteps(
  transaction: LogTransaction,
  before: ReadonlyState,
  steps: readonly PreparationStep[],
  environment: AppendEnvironment,
): ReadonlyState {
  return steps.reduce((state, step) => append(transaction, state, step, step.meta, environment).state, before)
}

/** A policy's checkpoint of the very state that the newest one is of: nothing has happened since. */
export function isCheckpointAgain({ checkpoints, version }: ReadonlyState, command: Command): boolean {
  const newest = checkpoints[checkpoints.length - 1]
  return command.type === 'checkpoint.create' && newest !== undefined && newest.version + 1 === version
}

/** The meta of a policy's command: derived ids, so that the same cause leads to the same events. */
export function policyMeta(own: AppendMeta, policy: Policy, key: string, cause?: LoggedEvent): AppendMeta {
  return {
    commandId: derivedIdOf(`${own.commandId}/policy/${policy.name}/${key}`),
    actor: `policy:${policy.name}`,
    ...(own.time === undefined ? {} : { time: own.time }),
    ...(cause === undefined ? {} : { causationId: cause.id }),
    ...(own.correlationId === undefined ? {} : { correlationId: own.correlationId }),
  }
}

/** What a policy asks for may not fit the state any more; its cause stands all the same. */
function recordPolicy(
  transaction: LogTransaction,
  before: ReadonlyState,
  command: Command,
  meta: AppendMeta,
  environment: RecordEnvironment,
): ReadonlyState {
  if (isCheckpointAgain(before, command)) return before
  const { decision, recordedAt } = decideNow(transaction, before, command, meta, environment)
  if (!decision.ok) return before
  return append(transaction, before, { command, recordedAt, events: decision.events }, meta, environment)
    .state
}

/** The newest state: what the writer knows, and what others have appended since. */
export function caughtUp(
  transaction: LogTransaction,
  sessionId: string,
  known: ReadonlyState | null,
  begins = false,
): ReadonlyState {
  const stream = transaction.stream(sessionId)
  if (stream === null) {
    if (begins) return frozen(initialState(sessionId))
    throw new SessionNotFound({
      message: `no session ${sessionId} in this home`,
      hint: 'waymark list shows the sessions of this home; waymark new makes one',
    })
  }
  let state = known ?? frozen(initialState(sessionId))
  if (state.version < stream.version) {
    for (const page of transaction.read(sessionId, { after: state.version })) {
      if (known !== null && takesDataBack(page)) return caughtUp(transaction, sessionId, null)
      state = fold(state, page)
    }
  }
  assert(state.version === stream.version, 'state has caught up with the stream')
  return state
}

function followUps(
  before: ReadonlyState,
  after: ReadonlyState,
  cause: Command,
  now: string,
  policies: readonly Policy[],
): readonly { readonly policy: Policy; readonly command: Command }[] {
  if (before === after) return []
  const all: { readonly policy: Policy; readonly command: Command }[] = []
  for (const policy of policies) {
    const asked = askedBy(policy, () => policy.follow(before, after, cause, now))
    for (const command of asked) all.push({ policy, command })
  }
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
  const plain: unknown = JSON.parse(JSON.stringify(sent))
  return canonicalJson(compared) === canonicalJson(plain) || agreesApartFromRedacted(compared, plain)
}

/** Refuses whoever took the session up under another epoch. @throws StaleHolder */
export function assertHolder(
  { sessionId, holder, epoch: now }: ReadonlyState,
  epoch: number | undefined,
  hint = 'stop writing; open the session again to read on, or ask its holder to hand it back',
): void {
  if (epoch === undefined || epoch === now) return
  throw new StaleHolder({
    message: `session ${sessionId} has been taken over by ${holder ?? 'another holder'} (epoch ${now}, yours is ${epoch})`,
    hint,
    details: { sessionId, epoch: now, yours: epoch },
  })
}

function checkExpectation(state: ReadonlyState, request: RecordRequest): void {
  const { expectedVersion, epoch } = request
  const { sessionId, version } = state
  assertHolder(state, epoch)
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

export function refused(refusal: Refusal): CommandRefused {
  const { command, subject, status, reason, accepted } = refusal
  return new CommandRefused({
    message: `${command} refused: ${subject} is ${status}: ${reason}`,
    ...(accepted.length === 0 ? {} : { hint: `accepted now: ${accepted.join(', ')}` }),
    details: { ...refusal },
  })
}
