/** Advice: habits that cost an agent its context, found in a state, each with what to do instead. Advice refuses nothing. */
import type { BudgetPhase } from '../events/usage.ts'
import { tokensInWindow } from '../fold/context-state.ts'
import type { ReadonlyState } from '../fold/state.ts'
import { allocationTable, reserveOf } from './allocation-table.ts'
import { serverViews, switchOffOf } from './servers.ts'
import { specsByTask } from './spec-progress.ts'
import { elapsedMs, type TaskView, tasksInOrder } from './task-list.ts'
import { countOf, countText, durationText, inNaturalOrder, namesText, percentText } from './text.ts'

export type AdviceCode =
  | 'conversation-too-long'
  | 'reserve-low'
  | 'session-reused'
  | 'checkpoint-overdue'
  | 'servers-unused'
  | 'budget-ignored'
  | 'history-unlimited'

export interface Advice {
  readonly code: AdviceCode
  readonly severity: 'notice' | 'warning'
  readonly message: string
  /** What to do about it. */
  readonly hint: string
}

type Rule = (state: ReadonlyState, now: string) => Advice | null

/** Tokens that a single conversation should not exceed, whatever the window holds. */
const conversationTokensMax = 150_000
/** Percent of the window that should stay in reserve. */
const reservePercentMin = 25
/** Milliseconds a task may run without a checkpoint. */
const unsavedMsMax = 600_000

/**
 * What there is to advise at the moment `now` (ISO 8601), in a fixed order; empty when all is well.
 *
 * @example
 * ```ts
 * await session.send({ type: 'context.measure', contextTokens: 160_000 })
 * adviceOf(session.state, '2026-01-01T00:00:00.000Z').map(({ code }) => code)
 * // ['conversation-too-long', 'reserve-low']
 * ```
 */
export function adviceOf(state: ReadonlyState, now: string): readonly Advice[] {
  return rules.flatMap((rule) => rule(state, now) ?? [])
}

const conversationTooLong: Rule = (state) => {
  const { usedTokens = 0 } = allocationTable(state).find(({ name }) => name === 'conversation') ?? {}
  if (usedTokens <= conversationTokensMax) return null
  return {
    code: 'conversation-too-long',
    severity: 'warning',
    message: `the conversation takes ${countText(usedTokens)} tokens; a single one should not exceed ${countText(conversationTokensMax)}`,
    hint: 'complete the task in hand, take a checkpoint, and begin a new session for the next task',
  }
}

const reserveLow: Rule = (state) => {
  const { limitTokens, leftTokens, leftPercent } = reserveOf(state)
  if (leftPercent >= reservePercentMin) return null
  const limitPercent = (limitTokens * 100) / state.window.totalTokens
  const isSetLow = limitPercent < reservePercentMin
  return {
    code: 'reserve-low',
    severity: leftTokens < limitTokens ? 'warning' : 'notice',
    message: `${countText(leftTokens)} tokens are left in reserve (${percentText(leftPercent)} of the window); keep ${reservePercentMin} to 30 %`,
    hint: isSetLow
      ? `the reserve is set to ${countText(limitTokens)} tokens (${percentText(limitPercent)}): configure more, or null for 27.5 %`
      : 'summarize or discard what is not critical, or compact the context',
  }
}

const sessionReused: Rule = (state) => {
  const specOf = specsByTask(state)
  const worked = Object.values(state.tasks).filter(({ attempts }) => attempts > 0)
  const specs = [...new Set(worked.flatMap(({ id }) => specOf.get(id) ?? []))].sort(inNaturalOrder)
  if (specs.length < 2) return null
  return {
    code: 'session-reused',
    severity: 'notice',
    message: `one session works on ${specs.length} SPECs: ${namesText(specs, 5)}`,
    hint: 'begin a new session for each distinct task: it has the whole window, and no stale context',
  }
}

const checkpointOverdue: Rule = (state, now) => {
  const overdue = tasksInOrder(state)
    .map((task) => ({ id: task.id, unsavedMs: unsavedMsOf(state, task, now) }))
    .filter(({ unsavedMs }) => unsavedMs > unsavedMsMax)
  if (overdue.length === 0) return null
  const longestMs = overdue.reduce((longest, { unsavedMs }) => Math.max(longest, unsavedMs), 0)
  const names = namesText(overdue.map(({ id }) => id))
  return {
    code: 'checkpoint-overdue',
    severity: 'warning',
    message: `${overdue.length === 1 ? 'task' : 'tasks'} ${names}: ${durationText(longestMs)} of work without a checkpoint`,
    hint: 'take a checkpoint (waymark checkpoint): what was done since the last one would be hard to find again',
  }
}

/** Milliseconds that a running task has worked since the newest checkpoint. */
function unsavedMsOf(state: ReadonlyState, task: TaskView, now: string): number {
  if (task.runningSince === null) return 0
  const newest = state.checkpoints[state.checkpoints.length - 1]
  const sinceCheckpointMs = newest === undefined ? Infinity : Date.parse(now) - Date.parse(newest.time)
  return Math.min(elapsedMs(task, now), sinceCheckpointMs)
}

const serversUnused: Rule = (state) => {
  const servers = serverViews(state)
  const { servers: unused, savedTokens } = switchOffOf(servers)
  if (unused.length === 0 || servers.some(({ enabled }) => !enabled)) return null
  return {
    code: 'servers-unused',
    severity: 'notice',
    message: `${countOf(servers.length, 'MCP server')} known, all switched on, and the task in hand does not use ${namesText(unused)}`,
    hint: `switch off what it does not need: that saves ${savedTokens === 0 ? 'the definitions of their tools' : countOf(savedTokens, 'token')}`,
  }
}

const lastPhases: readonly BudgetPhase[] = ['emergency', 'exhausted']

const budgetIgnored: Rule = ({ window, checkpoints, talk, history }) => {
  if (!lastPhases.includes(window.phase)) return null
  const { phaseSince } = window
  const newest = checkpoints[checkpoints.length - 1]
  const wasSaved = newest !== undefined && newest.version >= phaseSince
  // State counts compactions and does not date them: their summary does, else the recent history.
  const wasCompacted =
    (talk.summary !== null && talk.summary.version > phaseSince) ||
    history.some(({ version, text }) => version > phaseSince && text.startsWith('context compacted'))
  if (wasSaved || wasCompacted) return null
  return {
    code: 'budget-ignored',
    severity: 'warning',
    message: `${countText(window.availableTokens)} tokens are available, and since the phase ${window.phase} began there was neither a compaction nor a checkpoint`,
    hint: 'take a checkpoint, then compact the context or go on in a fresh session',
  }
}

const historyUnlimited: Rule = (state) => {
  const heavy = allocationTable(state).flatMap(({ categories }) =>
    categories.flatMap(({ name, limitTokens }) => {
      const items = Object.values(state.context.items).filter(
        ({ category, tier, summary }) => category === name && tier === 'supporting' && summary === null,
      )
      const tokens = items.reduce((sum, item) => sum + tokensInWindow(item), 0)
      return tokens > limitTokens ? [{ name, tokens, limitTokens, tags: items.map(({ tag }) => tag) }] : []
    }),
  )
  const [first] = heavy
  if (first === undefined) return null
  const others = heavy.length > 1 ? `; and ${countOf(heavy.length - 1, 'further category')}` : ''
  return {
    code: 'history-unlimited',
    severity: 'notice',
    message: `supporting context of ${first.name} takes ${countText(first.tokens)} of ${countText(first.limitTokens)} tokens and was never summarized${others}`,
    hint: `ask for summaries (context.request-summary) or defer: ${namesText(first.tags)}`,
  }
}

const rules: readonly Rule[] = [
  conversationTooLong,
  reserveLow,
  sessionReused,
  checkpointOverdue,
  serversUnused,
  budgetIgnored,
  historyUnlimited,
]
