/**
 * Merges: what a fork has come to is brought into the session it came from, as far as both are not at odds, and by policy where they
 * are. The merge and all that it brings are one transaction, decided against the newest of both sides.
 */
import type { DecisionContext } from '../../decide/decision.ts'
import { decide } from '../../decide/decide.ts'
import { type MergePolicy, mergeParts } from '../../events/branch.ts'
import type { Command } from '../../events/commands.ts'
import { frozen } from '../../fold/fold.ts'
import type { ReadonlyState, SessionState } from '../../fold/state.ts'
import { derivedIdOf } from '../../kernel/clock.ts'
import { WaymarkError } from '../../kernel/errors.ts'
import { limits } from '../../kernel/limits.ts'
import type { EventLog, LogTransaction } from '../../log/port.ts'
import { loadState } from '../../replay/load.ts'
import { appendInto, decideNow } from '../append.ts'
import type { SessionHost } from '../host.ts'
import { takeKeyframeIfDue } from '../keyframe.ts'
import { caughtUp, record, refused } from '../record.ts'
import { baseOf, type MergeBase } from './base.ts'
import { mergeContext } from './context.ts'
import { mergeDecisions } from './decisions.ts'
import type { Draft, MergeChange, MergeConflict, MergePolicies } from './draft.ts'
import { type Ancestors, ancestorsOf, type MeetingPoint, meetingPoint } from './lineage.ts'
import { partsOf } from './parts.ts'
import { mergeTasks } from './tasks.ts'

export interface MergeOptions {
  /** What becomes of what both sides changed, part by part; a part that is left out fails. */
  readonly policies?: Partial<MergePolicies>
  /** Say what would come and what is at odds; nothing is recorded. */
  readonly dryRun?: boolean
  /** Who merges; `user` if left out. */
  readonly actor?: string
}

export interface MergeReport {
  readonly sessionId: string
  readonly sourceSessionId: string
  /** Up to here the source was looked at. */
  readonly sourceVersion: number
  /** Up to here both were one, or were merged before: a version of the source. */
  readonly baseVersion: number
  readonly policies: MergePolicies
  readonly changes: readonly MergeChange[]
  /** What both sides changed. In a dry run, `resolution` is `null` where the policy is to fail. */
  readonly conflicts: readonly MergeConflict[]
  /** Commands that bring the changes. */
  readonly commandCount: number
  /** The session's version afterwards. */
  readonly version: number
  /** The merge is in the log; not after a dry run, and not when there was nothing to bring and nothing to settle. */
  readonly recorded: boolean
}

/** Times that a merge begins again because others merged the same sessions meanwhile. */
const attemptsMax = 5

/**
 * Merges `sourceId` into the session of `target`.
 *
 * @throws CommandRefused, StaleHolder, SessionNotFound; WaymarkError `MERGE_CONFLICT`, `NO_COMMON_ANCESTOR`, `LIMIT_REACHED`,
 * `STORE_BUSY`; then nothing has been appended.
 */
export async function mergeSession(
  host: SessionHost,
  target: { readonly sessionId: string; readonly epoch: number },
  sourceId: string,
  options: MergeOptions,
): Promise<{ readonly report: MergeReport; readonly state: ReadonlyState }> {
  const { log } = host
  const merge = { ...target, sourceId, options }
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const prepared = await prepare(log, target.sessionId, sourceId)
    if (options.dryRun === true) {
      const plan = planOf(prepared, prepared.ours, prepared.theirs, merge, contextOf(host))
      return { report: reportOf(plan, prepared.ours.version, false), state: prepared.ours }
    }
    const merged = await log.transact((transaction) => mergeNow(host, transaction, prepared, merge))
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

interface Merge {
  readonly sessionId: string
  readonly epoch: number
  readonly sourceId: string
  readonly options: MergeOptions
}

/** What is read before the transaction: the past does not change, and the newest is caught up with inside. */
interface Prepared {
  readonly ours: ReadonlyState
  readonly theirs: ReadonlyState
  readonly source: Ancestors
  readonly target: Ancestors
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
  const meeting = meetingPoint(source, target, { source: theirs.merges, target: ours.merges })
  if (meeting === null) {
    throw new WaymarkError('NO_COMMON_ANCESTOR', {
      message: `sessions ${sourceId} and ${sessionId} have no history in common`,
      hint: 'merge a fork, or a session that continues this one; waymark tree shows what belongs together',
      details: { sessionId, sourceSessionId: sourceId },
    })
  }
  const base = await baseOf(log, source, target, meeting)
  return { ours, theirs, source, target, meeting, base }
}

/** Merges inside the write transaction; `null` when what was prepared is not the base any more. */
function mergeNow(
  host: SessionHost,
  transaction: LogTransaction,
  prepared: Prepared,
  merge: Merge,
): { readonly report: MergeReport; readonly state: ReadonlyState } | null {
  const ours = caughtUp(transaction, merge.sessionId, prepared.ours)
  const theirs = caughtUp(transaction, merge.sourceId, prepared.theirs)
  const { source, target } = prepared
  const meeting = meetingPoint(source, target, { source: theirs.merges, target: ours.merges })
  if (JSON.stringify(meeting) !== JSON.stringify(prepared.meeting)) return null
  const plan = planOf(prepared, ours, theirs, merge, contextOf(host))
  const unsettled = plan.draft.conflicts.filter(({ resolution }) => resolution === null)
  if (unsettled.length > 0) throw conflicted(plan, unsettled)
  if (plan.draft.commands.length === 0 && plan.draft.conflicts.length === 0) {
    return { report: reportOf(plan, ours.version, false), state: ours }
  }
  const state = recordMerge(host, transaction, ours, plan, merge)
  return { report: reportOf(plan, state.version, true), state }
}

interface Plan {
  readonly command: Command<'session.merge'>
  readonly draft: Draft
}

function planOf(
  { meeting, base }: Prepared,
  ours: ReadonlyState,
  theirs: ReadonlyState,
  { sourceId, options }: Merge,
  context: DecisionContext,
): Plan {
  const fail: MergePolicy = 'fail'
  const policies = { tasks: fail, context: fail, decisions: fail, ...defined(options.policies ?? {}) }
  const draft: Draft = {
    base,
    theirs: partsOf(theirs),
    policies,
    suffix: sourceId.slice('sess_'.length, 'sess_'.length + shortCharacters),
    context,
    // A copy that nobody else holds.
    state: structuredClone(ours) as SessionState,
    commands: [],
    changes: [],
    conflicts: [],
  }
  const facts = { sourceSessionId: sourceId, sourceVersion: theirs.version, baseVersion: meeting.baseVersion }
  const command = { type: 'session.merge', ...facts, policies, broughtCount: 0, conflicts: [], conflictCount: 0 } as const
  const decision = decide(ours, { ...command, conflicts: [] }, context)
  if (!decision.ok) throw refused(decision.refusal)
  mergeTasks(draft)
  mergeContext(draft)
  mergeDecisions(draft)
  const settled = draft.conflicts.flatMap(({ resolution, ...rest }) =>
    resolution === null ? [] : [{ ...rest, resolution }],
  )
  return {
    draft,
    command: {
      ...command,
      broughtCount: draft.commands.length,
      conflicts: settled.slice(0, limits.conflictsListedMax),
      conflictCount: draft.conflicts.length,
    },
  }
}

/** Characters of a session's id by which what it brought is told from what was there. */
const shortCharacters = 8

function defined(policies: Partial<MergePolicies>): Partial<MergePolicies> {
  return Object.fromEntries(Object.entries(policies).filter(([, policy]) => policy !== undefined))
}

function contextOf({ environment }: SessionHost): DecisionContext {
  const now = environment.clock.now()
  return {
    now,
    checkpointId: () => `ckpt_${environment.ids.uuid()}`,
    handoffId: () => `hoff_${environment.ids.uuid()}`,
    countedCall: () => null,
  }
}

/** Records the merge, then what it brings. No policy runs in between: nothing comes between the two. */
function recordMerge(
  host: SessionHost,
  transaction: LogTransaction,
  ours: ReadonlyState,
  { command, draft }: Plan,
  { sessionId, epoch, sourceId, options }: Merge,
): ReadonlyState {
  const environment = { ...host.environment, policies: [] }
  const meta = { commandId: environment.ids.uuid(), actor: options.actor ?? 'user' }
  const fact = record(transaction, ours, { sessionId, command, meta, epoch }, environment)
  const cause = fact.events[fact.events.length - 1]
  // A copy that nobody else holds.
  const state = structuredClone(fact.state) as SessionState
  for (const [index, next] of draft.commands.entries()) {
    const own = {
      commandId: derivedIdOf(`${meta.commandId}/merge/${index}`),
      actor: `merge:${sourceId}`,
      ...(cause === undefined ? {} : { causationId: cause.id }),
    }
    const { decision, recordedAt } = decideNow(transaction, state, next, own, environment)
    if (!decision.ok) throw refused(decision.refusal)
    appendInto(transaction, state, { recordedAt, events: decision.events }, own, environment)
  }
  const merged = frozen(state)
  host.writers?.take(transaction, merged)
  takeKeyframeIfDue(transaction, merged)
  return merged
}

function conflicted({ command }: Plan, unsettled: readonly MergeConflict[]): WaymarkError {
  const { sourceSessionId, sourceVersion, baseVersion, policies } = command
  const parts = mergeParts.filter((part) => unsettled.some((conflict) => conflict.part === part))
  return new WaymarkError('MERGE_CONFLICT', {
    message: `${unsettled.length} ${unsettled.length === 1 ? 'thing was' : 'things were'} changed on both sides (${parts.join(', ')}); nothing was merged`,
    hint: `choose ours, theirs or union for ${parts.join(', ')}; a dry run shows what each does`,
    details: {
      sourceSessionId,
      sourceVersion,
      baseVersion,
      policies,
      conflicts: unsettled.slice(0, limits.conflictsListedMax),
      conflictCount: unsettled.length,
    },
  })
}

function reportOf({ command, draft }: Plan, version: number, recorded: boolean): MergeReport {
  const { sourceSessionId, sourceVersion, baseVersion, policies } = command
  return {
    sessionId: draft.state.sessionId,
    sourceSessionId,
    sourceVersion,
    baseVersion,
    policies,
    changes: draft.changes,
    conflicts: draft.conflicts,
    commandCount: draft.commands.length,
    version,
    recorded,
  }
}
