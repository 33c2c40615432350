/** What a merge would do, worked out on a copy: the same for a dry run and for the real one. */
import { decide } from '../../decide/decide.ts'
import type { DecisionContext } from '../../decide/decision.ts'
import { mergeParts } from '../../events/branch.ts'
import { type Command, parseCommand } from '../../events/commands.ts'
import type { ReadonlyState, SessionState } from '../../fold/state.ts'
import { WaymarkError } from '../../kernel/errors.ts'
import { limits } from '../../kernel/limits.ts'
import { refused } from '../record.ts'
import type { MergeBase } from './base.ts'
import { mergeContext } from './context.ts'
import { mergeDecisions } from './decisions.ts'
import type { Draft, MergeChange, MergeConflict, MergePolicies } from './draft.ts'
import { partsOf } from './parts.ts'
import { mergeTasks } from './tasks.ts'

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

export interface Plan {
  readonly command: Command<'session.merge'>
  readonly draft: Draft
}

export interface PlanRequest {
  readonly ours: ReadonlyState
  readonly theirs: ReadonlyState
  readonly base: MergeBase
  /** Without what it brings. */
  readonly command: Command<'session.merge'>
}

/** Characters of a session's id by which what it brought is told from what was there. */
const shortCharacters = 8

/** The merge before it is known what it brings; a part without a policy fails. @throws WaymarkError `COMMAND_INVALID` for an unknown policy */
export function mergeCommand(
  theirs: ReadonlyState,
  baseVersion: number,
  chosen: Partial<MergePolicies>,
): Command<'session.merge'> {
  const { tasks = 'fail', context: items = 'fail', decisions = 'fail' } = chosen
  const policies = { tasks, context: items, decisions }
  const command: Command<'session.merge'> = {
    type: 'session.merge',
    sourceSessionId: theirs.sessionId,
    sourceVersion: theirs.version,
    baseVersion,
    policies,
    broughtCount: 0,
    conflicts: [],
    conflictCount: 0,
  }
  // Policies come from outside.
  parseCommand(command)
  return command
}

/** @throws CommandRefused when the session accepts no merge, or holds no more of what would come */
export function planMerge({ ours, theirs, base, command }: PlanRequest, context: DecisionContext): Plan {
  const { policies } = command
  const decision = decide(ours, command, context)
  if (!decision.ok) throw refused(decision.refusal)
  const draft: Draft = {
    base,
    theirs: partsOf(theirs),
    policies,
    suffix: theirs.sessionId.slice('sess_'.length, 'sess_'.length + shortCharacters),
    context,
    // A copy that nobody else holds.
    state: structuredClone(ours) as SessionState,
    commands: [],
    changes: [],
    conflicts: [],
  }
  mergeTasks(draft)
  mergeContext(draft)
  mergeDecisions(draft)
  return { draft, command: { ...command, ...countsOf(draft) } }
}

function countsOf({ commands, conflicts }: Draft) {
  const settled = conflicts.flatMap(({ resolution, ...lines }) =>
    resolution === null ? [] : [{ ...lines, resolution }],
  )
  return {
    broughtCount: commands.length,
    conflicts: settled.slice(0, limits.conflictsListedMax),
    conflictCount: conflicts.length,
  }
}

/** @throws WaymarkError `MERGE_CONFLICT` when something is at odds and the policy for it is to fail */
export function assertSettled({ command, draft }: Plan): void {
  const open = draft.conflicts.filter(({ resolution }) => resolution === null)
  if (open.length === 0) return
  const { sourceSessionId, sourceVersion, baseVersion, policies } = command
  const parts = mergeParts.filter((part) => open.some((conflict) => conflict.part === part)).join(', ')
  const things = open.length === 1 ? '1 thing was' : `${open.length} things were`
  throw new WaymarkError('MERGE_CONFLICT', {
    message: `${things} changed on both sides (${parts}); nothing was merged`,
    hint: `choose ours, theirs or union for ${parts}; a dry run shows what each does`,
    details: {
      sessionId: draft.state.sessionId,
      sourceSessionId,
      sourceVersion,
      baseVersion,
      policies,
      conflicts: open.slice(0, limits.conflictsListedMax),
      conflictCount: open.length,
    },
  })
}

export function reportOf({ command, draft }: Plan, version: number, recorded: boolean): MergeReport {
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
