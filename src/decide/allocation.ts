/** What of the allocation a change of the window or of its items overruns or relieves. */

import type { DecidedEvent } from '../events/catalogue.ts'
import type { ContextCategory } from '../events/context.ts'
import { type AllocationBasis, allocationBasisOf, allocationsOf } from '../fold/allocation.ts'
import type { ReadonlyState } from '../fold/state.ts'

/** The events by which allocations come to be overrun, or stop being so, when `changes` become true. */
export function allocationEvents(
  state: ReadonlyState,
  changes: Partial<AllocationBasis>,
): readonly DecidedEvent[] {
  const before = state.context.overrun
  const now = allocationsOf({ ...allocationBasisOf(state), ...changes }, before).filter(
    ({ overrun }) => overrun,
  )
  const entered = now.filter(({ name }) => !before.includes(name))
  const left = before.filter((name) => !now.some((allocation) => allocation.name === name))
  const events: DecidedEvent[] = []
  if (entered.length > 0) {
    const allocations = entered.map(({ name, limitTokens, usedTokens }) => ({
      name,
      limitTokens,
      usedTokens,
    }))
    events.push({ type: 'budget.allocation-overrun', data: { allocations } })
  }
  if (left.length > 0) events.push({ type: 'budget.allocation-relieved', data: { names: left } })
  return events
}

/** The same, when items bring tokens into a category or take them out. */
export function allocationEventsOfItems(
  state: ReadonlyState,
  deltas: readonly { readonly category: ContextCategory; readonly tokens: number }[],
): readonly DecidedEvent[] {
  const tokensByCategory = { ...state.context.tokensByCategory }
  for (const { category, tokens } of deltas) tokensByCategory[category] += tokens
  return allocationEvents(state, { tokensByCategory })
}
