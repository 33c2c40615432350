/** The target of a merge as it will be: commands are tried on a copy before any of them is recorded. */
import { decide } from '../../decide/decide.ts'
import type { DecisionContext } from '../../decide/decision.ts'
import type { MergePart, MergePolicy } from '../../events/branch.ts'
import type { Command } from '../../events/commands.ts'
import type { ReadonlyState, SessionState } from '../../fold/state.ts'
import { limits } from '../../kernel/limits.ts'
import { foldDecided } from '../append.ts'
import { refused } from '../record.ts'
import type { MergeBase } from './base.ts'
import type { Parts } from './parts.ts'

/** What becomes of what both sides changed, part by part. */
export type MergePolicies = Readonly<Record<MergePart, MergePolicy>>

type Conflict = Command<'session.merge'>['conflicts'][number]

/** Something that comes over: under `as` where it comes beside what is there. */
export interface MergeChange {
  readonly part: MergePart
  /** The task's id, the item's tag, or the decision's text. */
  readonly id: string
  readonly as: string
  readonly change: 'added' | 'changed' | 'removed'
  readonly before: string | null
  readonly after: string | null
}

/** Something that both sides changed. `null` as resolution: the policy is to fail. */
export type MergeConflict = Omit<Conflict, 'resolution'> & {
  readonly resolution: Conflict['resolution'] | null
}

export interface Draft {
  readonly base: MergeBase
  readonly theirs: Parts
  readonly policies: MergePolicies
  /** Ends the names of what comes beside something of the same name. */
  readonly suffix: string
  readonly context: DecisionContext
  /** Held by nobody else, and changed by each command. */
  readonly state: SessionState
  readonly commands: Command[]
  readonly changes: MergeChange[]
  readonly conflicts: MergeConflict[]
}

/** The draft's state for those who only read it. */
export function drafted({ state }: Draft): ReadonlyState {
  return state
}

/** Adds a command if it is accepted. One that has nothing to add is left out. */
export function attempt(draft: Draft, command: Command): boolean {
  return tried(draft, command) === null
}

/**
 * Adds a command that must be accepted.
 *
 * @throws CommandRefused
 */
export function must(draft: Draft, command: Command): void {
  const refusal = tried(draft, command)
  if (refusal !== null) throw refused(refusal)
}

function tried(draft: Draft, command: Command) {
  const { state, commands, context } = draft
  const decision = decide(state, command, context)
  if (!decision.ok) return decision.refusal
  if (decision.events.length === 0) return null
  commands.push(command)
  foldDecided(state, decision.events, context.now)
  return null
}

/** Tries several commands about one task: all are added, or none. */
export function attemptOnTask(draft: Draft, taskId: string, work: () => boolean): boolean {
  const { tasks, taskCount } = draft.state
  const before = Object.hasOwn(tasks, taskId) ? structuredClone(tasks[taskId]) : undefined
  const count = draft.commands.length
  if (work()) return true
  draft.commands.length = count
  draft.state.taskCount = taskCount
  if (before === undefined) delete tasks[taskId]
  else tasks[taskId] = before
  return false
}

export function noteConflict(draft: Draft, conflict: MergeConflict): void {
  draft.conflicts.push({ ...conflict, id: conflict.id.slice(0, limits.lineCharactersMax) })
}

/** A name that ends with the fork's, shortened where it would be too long. */
export function suffixed(name: string, ending: string, charactersMax: number): string {
  return `${name.slice(0, charactersMax - ending.length)}${ending}`
}
