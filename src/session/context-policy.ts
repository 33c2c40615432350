/**
 * Policies that make room: what is temporary goes, what is supporting is summarized, what is not critical waits outside
 * the window under its tag. Critical items are never touched.
 */
import type { Command } from '../events/commands.ts'
import { type BudgetPhase, budgetPhases } from '../events/usage.ts'
import { allocationBasisOf, reserveTokensOf } from '../fold/allocation.ts'
import type { ContextItem } from '../fold/context-state.ts'
import type { DeepReadonly, ReadonlyState } from '../fold/state.ts'

type Item = DeepReadonly<ContextItem>

interface ContextPolicy {
  readonly name: string
  follow(before: ReadonlyState, after: ReadonlyState, cause: Command): readonly Command[]
}

/** How long a summary may be, in percent of its original: 15,000 tokens of 50,000, and a third of that in an emergency. */
const summaryPercents = { warning: 30, emergency: 10 } as const

/** Items of fewer tokens are not worth a summary. */
const summaryTokensMin = 100

/**
 * Progressive disclosure above the warning threshold: temporary items are dropped and supporting ones summarized when the
 * budget rises; what comes later and is not critical is deferred until somebody restores it.
 */
export const discloseProgressively: ContextPolicy = {
  name: 'disclose-progressively',
  follow: (before, after) => {
    if (rank(after) < rankOf('warning')) return []
    const reason = `budget is in ${after.window.phase}`
    if (rank(after) > rank(before)) {
      const percent = summaryPercents[after.window.phase === 'warning' ? 'warning' : 'emergency']
      return thinned(after, percent, reason)
    }
    if (before.context.items === after.context.items) return []
    const isNew = ({ addedVersion }: Item): boolean => addedVersion > before.version
    const later = items(after).filter(
      (item) => isNew(item) && item.tier !== 'critical' && item.status === 'kept',
    )
    return deferring(later, reason)
  },
}

/** Above the emergency threshold, summaries are made again and shorter, and what was deferred is archived. */
export const compressInEmergency: ContextPolicy = {
  name: 'compress-in-emergency',
  follow: (before, after) => {
    if (rank(after) < rankOf('emergency') || rank(after) <= rank(before)) return []
    const percent = summaryPercents.emergency
    const long = items(after).filter(
      ({ tier, status, tokens, summaryTokens }) =>
        tier !== 'critical' && status === 'summarized' && (summaryTokens ?? 0) * 100 > tokens * percent,
    )
    const old = items(after).filter(({ tier, status }) => tier === 'supporting' && status === 'deferred')
    const reason = `budget is in ${after.window.phase}`
    return [
      ...(long.length === 0
        ? []
        : [{ type: 'context.request-summary' as const, tags: tagsOf(long), targetPercent: percent }]),
      ...(old.length === 0 ? [] : [{ type: 'context.archive' as const, tags: tagsOf(old), reason }]),
    ]
  },
}

/**
 * What outlives a compaction of the whole window, a fork or a handoff, as `contextPreservation` says: critical items
 * always, supporting ones if they are to, temporary ones only with all.
 */
export const preserveContext: ContextPolicy = {
  name: 'preserve-context',
  follow: (before, after) => {
    const cut =
      (after.compactions > before.compactions && 'compacted') ||
      (after.forkedAt !== before.forkedAt && 'forked') ||
      (after.epoch > before.epoch && 'taken over')
    const { contextPreservation } = after.configuration
    if (cut === false || contextPreservation === 'all') return []
    const reason = `the context was ${cut}, and ${contextPreservation.replaceAll('_', ' ')} is carried over`
    const temporary = items(after).filter(({ tier }) => tier === 'temporary')
    const supporting = items(after).filter(
      ({ tier, status }) => tier === 'supporting' && status !== 'deferred',
    )
    return [
      ...discarding(temporary, reason),
      ...(contextPreservation === 'critical_only' ? deferring(supporting, reason) : []),
    ]
  },
}

/**
 * A session that comes back and does not fit beside its reserve is thinned out, if its strategy is to summarize. A recovery in
 * steps asks for it when it validates; this follows one that is recorded in one step.
 */
export const compressOnRecovery: ContextPolicy = {
  name: 'compress-on-recovery',
  follow: (_before, after, cause) => {
    const isOneStep = cause.type === 'session.recover' && cause.recoveryId === undefined
    return isOneStep && !fitsBesideReserve(after) ? commandsToFit(after) : []
  },
}

/** Whether what is used leaves the reserve free, and the budget is below its emergency threshold. */
export function fitsBesideReserve(state: ReadonlyState): boolean {
  const basis = allocationBasisOf(state)
  const isFree = basis.totalTokens - basis.usedTokens >= reserveTokensOf(basis)
  return isFree && rank(state) < rankOf('emergency')
}

/** What makes room in a recovered session, as its strategy says; nothing where the full context is to stay. */
export function commandsToFit(state: ReadonlyState): readonly Command[] {
  if (state.configuration.recoveryStrategy !== 'progressive_summarization') return []
  const percent = summaryPercents[rank(state) >= rankOf('emergency') ? 'emergency' : 'warning']
  return thinned(state, percent, 'it was recovered, and does not fit beside its reserve')
}

/**
 * What makes room before a handoff: temporary items dropped, supporting ones summarized as short as in an emergency, and those that
 * wait outside the window archived.
 */
export function commandsBeforeHandoff(state: ReadonlyState): readonly Command[] {
  const reason = 'too little of the window is free for a handoff'
  const percent = summaryPercents.emergency
  const long = items(state).filter((item) => item.tier === 'supporting' && isSummaryLong(item, percent))
  const old = items(state).filter(({ tier, status }) => tier === 'supporting' && status === 'deferred')
  return [
    ...thinned(state, percent, reason),
    ...(long.length === 0
      ? []
      : [{ type: 'context.request-summary' as const, tags: tagsOf(long), targetPercent: percent }]),
    ...(old.length === 0 ? [] : [{ type: 'context.archive' as const, tags: tagsOf(old), reason }]),
  ]
}

function isSummaryLong({ status, tokens, summaryTokens }: Item, percent: number): boolean {
  return status === 'summarized' && (summaryTokens ?? 0) * 100 > tokens * percent
}

/** Temporary items dropped, supporting ones summarized; those that have no text, or a short one, deferred. */
function thinned(state: ReadonlyState, targetPercent: number, reason: string): readonly Command[] {
  const temporary = items(state).filter(({ tier }) => tier === 'temporary')
  const supporting = items(state).filter(({ tier, status }) => tier === 'supporting' && status === 'kept')
  const hasText = ({ content }: Item): boolean => content !== null && content.bytes > 0
  const isLong = (item: Item): boolean => hasText(item) && item.tokens >= summaryTokensMin
  const long = supporting.filter((item) => isLong(item))
  return [
    ...discarding(temporary, reason),
    ...(long.length === 0
      ? []
      : [{ type: 'context.request-summary' as const, tags: tagsOf(long), targetPercent }]),
    ...deferring(
      supporting.filter((item) => !hasText(item) && item.tokens >= summaryTokensMin),
      reason,
    ),
  ]
}

function discarding(found: readonly Item[], reason: string): readonly Command[] {
  return found.length === 0 ? [] : [{ type: 'context.discard', tags: tagsOf(found), reason }]
}

function deferring(found: readonly Item[], reason: string): readonly Command[] {
  return found.length === 0 ? [] : [{ type: 'context.defer', tags: tagsOf(found), reason }]
}

function items(state: ReadonlyState): readonly Item[] {
  return Object.values(state.context.items)
}

function tagsOf(found: readonly Item[]): string[] {
  return found.map(({ tag }) => tag).sort()
}

function rank(state: ReadonlyState): number {
  return rankOf(state.window.phase)
}

function rankOf(phase: BudgetPhase): number {
  return budgetPhases.indexOf(phase)
}
