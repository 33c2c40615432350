/** The commands of a session, read back from its log. Reads only; a page of events at a time. */
import { commandOf, type DecidedEvent } from '../events/catalogue.ts'
import type { Command } from '../events/commands.ts'
import { isKnown, type LoggedEvent } from '../events/envelope.ts'
import { fold } from '../fold/fold.ts'
import type { ReadonlyState } from '../fold/state.ts'
import type { StreamSummary } from '../fold/summary.ts'
import { DamagedRecord, WaymarkError } from '../kernel/errors.ts'
import { limits } from '../kernel/limits.ts'
import type { EventLog } from '../log/port.ts'
import { loadState, streamOf } from '../replay/load.ts'
import { type Policy, standardPolicies } from '../session/policy.ts'
import { asSent } from './as-sent.ts'
import { CountedCalls } from './counted-calls.ts'
import { lostToRedaction, policiesOf } from './evidence.ts'
import { type Group, Grouping } from './grouping.ts'
import {
  eventsOfStep,
  firstVersionOf,
  lastVersionOf,
  type PoliciesOfStep,
  type Script,
  type ScriptCommand,
  type ScriptStep,
} from './script-step.ts'

export interface ScriptRange {
  /**
   * The script begins after this version, which ends a batch. The point where a fork began if left out, else 0; below that point,
   * inherited commands are part of the script.
   */
  readonly after?: number
  /** Steps that begin after this version are left out; the step that holds it is whole. The newest if left out. */
  readonly to?: number
  /** What the session did of its own accord; the standard policies if left out. */
  readonly policies?: readonly Policy[]
}

/** A step with the states that the record had before and after it. */
export interface RecordedStep {
  readonly step: ScriptStep
  readonly before: ReadonlyState
  readonly after: ReadonlyState
}

/** A session's log as the steps that made it. */
export interface OpenScript {
  readonly sessionId: string
  /** The state before the first step. */
  readonly start: ReadonlyState
  /** Version of the newest event when it was opened. */
  readonly newest: number
  readonly steps: AsyncIterable<RecordedStep>
}

/**
 * Opens the script of a session, to be read a step at a time.
 *
 * @throws SessionNotFound, DamagedRecord, WaymarkError `VERSION_NOT_FOUND`, `UNKNOWN_EVENT`, `USAGE` for a version inside a batch
 */
export async function openScript(
  log: EventLog,
  sessionId: string,
  range: ScriptRange = {},
): Promise<OpenScript> {
  const stream = await streamOf(log, sessionId)
  const after = range.after ?? stream.forkedFrom?.version ?? 0
  const loaded = (await loadState(log, sessionId, after)).state
  const to = range.to ?? stream.version
  if (!Number.isInteger(to) || to < after || to > stream.version)
    throw noVersion(sessionId, to, stream.version)
  const start = { ...loaded, sessionId }
  const policies = range.policies ?? standardPolicies
  const redacted = await mayBeRedacted(log, sessionId)
  const reading = { start, to, policies, redacted }
  const steps = recordedSteps(groupsOf(log, sessionId, after, stream.version), reading)
  return { sessionId, start, newest: stream.version, steps }
}

/**
 * The script of a session as a whole, for those who play it again and again.
 *
 * @throws as {@link openScript}; WaymarkError `LIMIT_REACHED` for more steps than one script may hold
 */
export async function scriptOf(log: EventLog, sessionId: string, range: ScriptRange = {}): Promise<Script> {
  const { start, steps: open } = await openScript(log, sessionId, range)
  const steps: ScriptStep[] = []
  for await (const { step } of open) {
    if (steps.length >= limits.scriptStepsMax) throw tooLong(sessionId)
    steps.push(step)
  }
  const last = steps[steps.length - 1]
  return { sessionId, start, version: last === undefined ? start.version : lastVersionOf(last), steps }
}

/** @throws WaymarkError `USAGE` where a machine runs in the stream: without it, what it would have done cannot be played */
export function assertNoMachine(sessionId: string, summary: StreamSummary | null): void {
  if (summary?.machine === undefined) return
  throw new WaymarkError('USAGE', {
    message: `a machine runs in ${sessionId}: without it, nobody can say what it would have done`,
    hint: 'fork it at the version to change, and send the fork other events',
    details: { sessionId },
  })
}

function noVersion(sessionId: string, version: number, newest: number): WaymarkError {
  return new WaymarkError('VERSION_NOT_FOUND', {
    message: `session ${sessionId} has no version ${version} there`,
    hint: `its versions are 1 to ${newest}`,
    details: { sessionId, version, newest },
  })
}

function tooLong(sessionId: string): WaymarkError {
  return new WaymarkError('LIMIT_REACHED', {
    message: `session ${sessionId} has more than ${limits.scriptStepsMax} commands, more than are held at a time`,
    hint: 'name a range of versions',
    details: { sessionId, limit: limits.scriptStepsMax },
  })
}

/** Whether anything was ever taken out of it; supposed where damage further on keeps that from being known. */
async function mayBeRedacted(log: EventLog, sessionId: string): Promise<boolean> {
  try {
    return (await loadState(log, sessionId)).state.redactions > 0
  } catch (error) {
    if (error instanceof DamagedRecord) return true
    throw error
  }
}

interface Reading {
  readonly start: ReadonlyState
  readonly to: number
  readonly policies: readonly Policy[]
  readonly redacted: boolean
}

/** Steps with their states, and with what the record says of policies. */
async function* recordedSteps(
  groups: AsyncIterable<Group>,
  { start, to, policies, redacted }: Reading,
): AsyncGenerator<RecordedStep, void, undefined> {
  const calls = new CountedCalls()
  let atBeginning: PoliciesOfStep = 'asked'
  let state = start
  for await (const group of groups) {
    if (firstVersionOf(group) > to) return
    const before = state
    const ready = fold(
      before,
      group.before.flatMap(({ events }) => events),
    )
    const command = group.command === null ? null : asSent(group.command, ready)
    const lost = redacted && lostToRedaction({ ...group, command }, ready, calls)
    const draft: ScriptStep = { ...group, command, policies: 'asked', ...(lost ? { redacted: true } : {}) }
    const own = fold(ready, draft.events)
    state = fold(
      own,
      draft.after.flatMap(({ events }) => events),
    )
    const found = policiesOf(draft, { before, own }, policies, atBeginning, calls)
    const all = eventsOfStep(draft)
    calls.note(all, all)
    if (draft.command?.type === 'session.start' && draft.actor !== 'import') atBeginning = found
    yield { step: { ...draft, policies: found }, before, after: state }
  }
}

async function* groupsOf(
  log: EventLog,
  sessionId: string,
  after: number,
  to: number,
): AsyncGenerator<Group, void, undefined> {
  const grouping = new Grouping()
  let batch: LoggedEvent[] = []
  for await (const page of log.read(sessionId, { after, to })) {
    for (const event of page) {
      const [first] = batch
      if (first === undefined && event.index > 0) throw insideBatch(sessionId, event)
      if (first !== undefined && (first.commandId !== event.commandId || event.index === 0)) {
        yield* grouping.next(commandRead(batch))
        batch = []
      }
      batch.push(event)
    }
  }
  if (batch.length > 0) yield* grouping.next(commandRead(batch))
  yield* grouping.end()
}

function insideBatch(sessionId: string, { version, commandId }: LoggedEvent): WaymarkError {
  return new WaymarkError('USAGE', {
    message: `version ${version - 1} of session ${sessionId} lies inside the batch of command ${commandId}`,
    hint: 'name the version at which a batch ends; waymark log shows them',
    details: { sessionId, version: version - 1 },
  })
}

function commandRead(events: readonly LoggedEvent[]): ScriptCommand {
  const [first] = events
  const last = events[events.length - 1]
  if (first === undefined || last === undefined) throw new RangeError('a batch has events')
  const { time, recordedAt, actor, commandId, causationId, correlationId } = first
  return {
    version: first.version,
    lastVersion: last.version,
    command: commandIn(first),
    commandId,
    actor,
    time: time === recordedAt ? null : time,
    recordedAt,
    causationId,
    correlationId,
    policy: null,
    causedBy: null,
    events,
  }
}

function commandIn(first: LoggedEvent): Command | null {
  // The envelope does not matter here; type and data are a pair.
  return isKnown(first) ? commandOf(first as DecidedEvent) : null
}
