/**
 * Merges: what a fork has come to is brought into the session it came from, as far as both are not at odds, and by policy where they
 * are. The merge and all that it brings are one transaction, decided against the newest of both sides.
 */
import type { DecisionContext } from '../../decide/decision.ts'
import { frozen } from '../../fold/fold.ts'
import type { ReadonlyState, SessionState } from '../../fold/state.ts'
import { assert } from '../../kernel/assert.ts'
import { derivedIdOf } from '../../kernel/clock.ts'
import { WaymarkError } from '../../kernel/errors.ts'
import type { EventLog, LogTransaction } from '../../log/port.ts'
import { loadState } from '../../replay/load.ts'
import { takeKeyframeIfDue } from '../../replay/snapshot/keyframe.ts'
import { checkedActor } from '../actor.ts'
import { type AppendMeta, appendInto, decideNow } from '../append.ts'
import type { SessionHost } from '../host.ts'
import {
  appendSteps,
  assertHolder,
  caughtUp,
  type PreparationStep,
  precededBy,
  record,
  refused,
} from '../record.ts'
import { resolveSession } from '../resolve.ts'
import { baseOf, type MergeBase } from './base.ts'
import type { MergePolicies } from './draft.ts'
import { mergesOf } from './earlier.ts'
import { type Ancestors, ancestorsOf, type MeetingPoint, meetingPoint } from './lineage.ts'
import { assertSettled, type MergeReport, mergeCommand, type Plan, planMerge, reportOf } from './plan.ts'

export interface MergeOptions {
  /** What becomes of what both sides changed, part by part; a part that is left out fails. */
  readonly policies?: Partial<MergePolicies>
  /** Say what would come and what is at odds; nothing is recorded. */
  readonly dryRun?: boolean
  /** Who merges; `user` if left out. */
  readonly actor?: string
}

/** The session that receives, as its holder has it. */
export interface MergeTarget {
  readonly sessionId: string
  /** The fencing number under which the writer took the session up. */
  readonly epoch: number
}

/** What came of a session's turn, and the state after it. */
export interface Turned<Report> {
  readonly report: Report
  readonly state: ReadonlyState
}

type Merged = Turned<MergeReport>

/** Times that a merge begins again because others merged the same sessions meanwhile. */
const attemptsMax = 5

/**
 * Merges a session, or the one that a name means, into another one.
 *
 * @throws CommandRefused, StaleHolder, SessionNotFound, DamagedRecord; WaymarkError `MERGE_CONFLICT`, `NO_COMMON_ANCESTOR`,
 * `LIMIT_REACHED`, `STORE_BUSY`; then nothing has been appended.
 */
export async function mergeSession(
  host: SessionHost,
  target: MergeTarget,
  source: { readonly id: string } | string,
  options: MergeOptions = {},
): Promise<Merged> {
  const sourceId = typeof source === 'string' ? await resolveSession(host.log, source) : source.id
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const prepared = await prepare(host.log, target.sessionId, sourceId)
    if (options.dryRun === true) {
      const { ours, theirs } = prepared
      assertHolder(ours, target.epoch)
      const { plan } = planned(host, prepared, ours, theirs, options, dryMeta)
      return { report: reportOf(plan, ours.version, false), state: ours }
    }
    const merged = await host.log.transact((transaction) =>
      mergeNow(host, transaction, prepared, target, options),
    )
    if (merged === null) continue
    if (merged.report.recorded) {
      host.writers?.committed(merged.state)
      host.appended(target.sessionId)
    }
    return merged
  }
  throw new WaymarkError('STORE_BUSY', {
    message: `others merged into session ${target.sessionId} again and again`,
    hint: 'try again when they are done',
  })
}

/** Of a merge that is not recorded: nothing is recorded under its id. */
const dryMeta: AppendMeta = { commandId: 'none', actor: 'user' }

type Merges = ReadonlyState['merges']

/** What is read before the transaction: the past does not change, and the newest is caught up with inside. */
interface Prepared {
  readonly ours: ReadonlyState
  readonly theirs: ReadonlyState
  readonly source: Ancestors
  readonly target: Ancestors
  readonly merges: { readonly source: Merges; readonly target: Merges }
  readonly meeting: MeetingPoint
  readonly base: MergeBase
}

async function prepare(log: EventLog, sessionId: string, sourceId: string): Promise<Prepared> {
  if (sourceId === sessionId) {
    throw new WaymarkError('USAGE', {
      message: 'a session cannot be merged into itself',
      hint: 'name the session that receives first, then its fork',
    })
  }
  const { state: ours } = await loadState(log, sessionId)
  const { state: theirs } = await loadState(log, sourceId)
  const [source, target] = [await ancestorsOf(log, sourceId), await ancestorsOf(log, sessionId)]
  const merges = { source: await mergesOf(log, theirs), target: await mergesOf(log, ours) }
  const meeting = meetingPoint(source, target, merges)
  if (meeting === null) {
    throw new WaymarkError('NO_COMMON_ANCESTOR', {
      message: `sessions ${sourceId} and ${sessionId} have no history in common`,
      hint: 'merge a fork, or a session that continues this one; waymark tree shows what belongs together',
      details: { sessionId, sourceSessionId: sourceId },
    })
  }
  const base = await baseOf(log, source, target, meeting)
  return { ours, theirs, source, target, merges, meeting, base }
}

/** Merges as they were read, and those that came since. */
function withNewer(before: ReadonlyState, read: Merges, now: ReadonlyState): Merges {
  return before === now ? read : [...read, ...now.merges.filter(({ version }) => version > before.version)]
}

/** Merges inside the write transaction; `null` when what was prepared is not the base any more. */
function mergeNow(
  host: SessionHost,
  transaction: LogTransaction,
  prepared: Prepared,
  to: MergeTarget,
  options: MergeOptions,
): Merged | null {
  const { source, target, meeting } = prepared
  const ours = caughtUp(transaction, prepared.ours.sessionId, prepared.ours)
  const theirs = caughtUp(transaction, prepared.theirs.sessionId, prepared.theirs)
  const now = meetingPoint(source, target, {
    source: withNewer(prepared.theirs, prepared.merges.source, theirs),
    target: withNewer(prepared.ours, prepared.merges.target, ours),
  })
  if (JSON.stringify(now) !== JSON.stringify(meeting)) return null
  assertHolder(ours, to.epoch)
  const meta = { commandId: host.environment.ids.uuid(), actor: checkedActor(options.actor) }
  const { plan, steps } = planned(host, prepared, ours, theirs, options, meta)
  assertSettled(plan)
  const { commands, conflicts } = plan.draft
  if (commands.length === 0 && conflicts.length === 0) {
    return { report: reportOf(plan, ours.version, false), state: ours }
  }
  const ready = appendSteps(transaction, ours, steps, host.environment)
  const state = recordMerge(host, transaction, ready, plan, to, meta)
  return { report: reportOf(plan, state.version, true), state }
}

/** The plan, and what policies put before the merge: a session that its own silence suspended is woken, and taken as awake. */
function planned(
  { environment }: SessionHost,
  { meeting, base }: Prepared,
  ours: ReadonlyState,
  theirs: ReadonlyState,
  { policies = {} }: MergeOptions,
  meta: AppendMeta,
): { readonly plan: Plan; readonly steps: readonly PreparationStep[] } {
  const context: DecisionContext = {
    now: environment.clock.now(),
    checkpointId: () => `ckpt_${environment.ids.uuid()}`,
    handoffId: () => `hoff_${environment.ids.uuid()}`,
    countedCall: () => null,
  }
  const { baseVersion } = meeting
  const command = mergeCommand(theirs, baseVersion, policies)
  const { steps, state } = precededBy(ours, command, meta, environment)
  return { plan: planMerge({ ours: state, theirs, base, command }, context), steps }
}

/** Records the merge, then what it brings. No policy runs in between: nothing comes between the two. */
function recordMerge(
  host: SessionHost,
  transaction: LogTransaction,
  ours: ReadonlyState,
  { command, draft }: Plan,
  { sessionId, epoch }: MergeTarget,
  meta: AppendMeta,
): ReadonlyState {
  const environment = { ...host.environment, policies: [] }
  const fact = record(transaction, ours, { sessionId, command, meta, epoch }, environment)
  const cause = fact.events[fact.events.length - 1]
  assert(cause !== undefined, 'a merge that brings something is recorded')
  // A copy that nobody else holds.
  const state = structuredClone(fact.state) as SessionState
  for (const [index, next] of draft.commands.entries()) {
    const own = {
      commandId: derivedIdOf(`${meta.commandId}/merge/${index}`),
      actor: `merge:${command.sourceSessionId}`,
      causationId: cause.id,
    }
    const { decision, recordedAt } = decideNow(transaction, state, next, {}, environment)
    if (!decision.ok) throw refused(decision.refusal)
    appendInto(transaction, state, { recordedAt, events: decision.events }, own, environment)
  }
  const merged = frozen(state)
  host.writers?.take(transaction, merged)
  takeKeyframeIfDue(transaction, merged)
  return merged
}
