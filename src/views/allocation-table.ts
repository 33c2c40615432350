/** The allocation as a table: each part of the window with its categories, what they may take and what they take. */
import { type ContextCategory, contextCategories } from '../events/context.ts'
import {
  type Allocation,
  type AllocationPart,
  allocationBasisOf,
  allocationsOf,
  partOf,
  reserveTokensOf,
  unattributedTokens,
} from '../fold/allocation.ts'
import type { ReadonlyState } from '../fold/state.ts'

type Basis = Pick<ReadonlyState, 'window' | 'context' | 'configuration'>

export interface CategoryView extends Omit<Allocation, 'name'> {
  readonly name: ContextCategory
}

/**
 * A part of the window. `usedTokens` is what counts against its limit: for the reserve, what the others have taken of it;
 * for each other part, `itemTokens + unattributedTokens`.
 */
export interface PartView extends Omit<Allocation, 'name'> {
  readonly name: AllocationPart
  /** Tokens in the window by items of its categories. */
  readonly itemTokens: number
  /** Tokens in the window that no item explains; they are conversation. */
  readonly unattributedTokens: number
  readonly categories: readonly CategoryView[]
}

/** What is kept free for coming back. */
export interface ReserveView {
  readonly limitTokens: number
  /** What others have taken of it. */
  readonly takenTokens: number
  readonly leftTokens: number
  /** What is left, in percent of the window. */
  readonly leftPercent: number
}

const partNames: readonly AllocationPart[] = ['system', 'conversation', 'reference', 'reserve']

/** All parts, each with its categories. The parts' items and the unattributed rest together are what is in the window. */
export function allocationTable(state: Basis): readonly PartView[] {
  const basis = allocationBasisOf(state)
  const allocations = allocationsOf(basis, state.context.overrun)
  const rest = unattributedTokens(basis)
  return partNames.flatMap((part) => {
    const categories = contextCategories
      .filter((category) => partOf(category) === part)
      .flatMap((name) => {
        const found = allocations.find((allocation) => allocation.name === name)
        return found === undefined ? [] : [{ ...found, name }]
      })
    const itemTokens = categories.reduce((sum, { usedTokens }) => sum + usedTokens, 0)
    const found = allocations.find(({ name }) => name === part)
    if (found === undefined) return []
    return [
      {
        ...found,
        name: part,
        itemTokens,
        unattributedTokens: part === 'conversation' ? rest : 0,
        categories,
      },
    ]
  })
}

export function reserveOf(state: Basis): ReserveView {
  const basis = allocationBasisOf(state)
  const limitTokens = reserveTokensOf(basis)
  const freeTokens = Math.max(0, basis.totalTokens - basis.usedTokens)
  const leftTokens = Math.min(limitTokens, freeTokens)
  return {
    limitTokens,
    takenTokens: limitTokens - leftTokens,
    leftTokens,
    leftPercent: (leftTokens * 100) / basis.totalTokens,
  }
}
