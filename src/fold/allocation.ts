/**
 * The allocation: how a window is meant to be divided. Four parts, each made of categories with their share, scaled to
 * the window whatever its size. Shares are those of a window of 200,000 tokens: 15,000 for the system, 80,000 for the
 * conversation, 50,000 for reference, 55,000 in reserve.
 */
import { type ContextCategory, contextCategories } from '../events/context.ts'
import { type AllocationName, allocationNames } from '../events/usage.ts'
import type { ReadonlyState } from './state.ts'

/** Percent of the window, by category. */
const allocationPercents: Readonly<Record<ContextCategory, number>> = {
  'system.instructions': 4,
  'system.commands': 2,
  'system.skills': 1.5,
  'conversation.messages': 25,
  'conversation.cache': 10,
  'conversation.references': 5,
  'reference.project': 7.5,
  'reference.skills': 10,
  'reference.tools': 7.5,
  'reserve.snapshot': 5,
  'reserve.tags': 7.5,
  'reserve.recovery': 10,
  'reserve.buffer': 5,
}

export type AllocationPart = 'system' | 'conversation' | 'reference' | 'reserve'

/** The part that a category belongs to; a part belongs to itself. */
export function partOf(name: AllocationName): AllocationPart {
  const part = name.split('.')[0]
  return part === 'system' || part === 'conversation' || part === 'reference' ? part : 'reserve'
}

interface Share {
  readonly categories: readonly ContextCategory[]
  readonly percent: number
}

function shareOfName(name: AllocationName): Share {
  const categories = contextCategories.filter((category) => category === name || partOf(category) === name)
  return { categories, percent: categories.reduce((sum, category) => sum + allocationPercents[category], 0) }
}

/** The categories of each name: allocations are reckoned at every reading of the window. */
const sharesOf = Object.fromEntries(allocationNames.map((name) => [name, shareOfName(name)])) as Readonly<
  // Object.fromEntries forgets the names.
  Record<AllocationName, Share>
>

export interface Allocation {
  readonly name: AllocationName
  readonly percent: number
  readonly limitTokens: number
  /** Tokens in the window by what items bring; of the reserve, what others have taken of it. */
  readonly usedTokens: number
  readonly overrun: boolean
}

/** What allocations are reckoned from. */
export interface AllocationBasis {
  readonly totalTokens: number
  readonly usedTokens: number
  readonly tokensByCategory: Readonly<Record<ContextCategory, number>>
  /** Tokens kept free; `null` for the reserve's share of the window. */
  readonly reserveTokens: number | null
}

export function allocationBasisOf({
  window,
  context,
  configuration,
}: Pick<ReadonlyState, 'window' | 'context' | 'configuration'>): AllocationBasis {
  const { totalTokens, usedTokens } = window
  const { reserveTokens } = configuration
  return { totalTokens, usedTokens, tokensByCategory: context.tokensByCategory, reserveTokens }
}

/** Tokens of the window that no item explains: prompts, replies and results. They count as conversation. */
export function unattributedTokens({ usedTokens, tokensByCategory }: AllocationBasis): number {
  const known = contextCategories.reduce((sum, category) => sum + tokensByCategory[category], 0)
  return Math.max(0, usedTokens - known)
}

/** Tokens that are to stay free. */
export function reserveTokensOf({ totalTokens, reserveTokens }: AllocationBasis): number {
  return reserveTokens ?? shareOf(totalTokens, percentOf('reserve'))
}

/**
 * All allocations: each part, then its categories. A part or category is overrun when it takes more than its limit; the
 * reserve, when less is free than it should hold. What was overrun stays so until it is 5 % below its limit.
 */
export function allocationsOf(
  basis: AllocationBasis,
  overrunBefore: readonly AllocationName[] = [],
): readonly Allocation[] {
  return allocationNames.map((name) => {
    const limitTokens = limitOf(name, basis)
    const usedTokens = usedBy(name, basis)
    const percent = name === 'reserve' ? (limitTokens * 100) / basis.totalTokens : percentOf(name)
    const threshold = name === 'reserve' ? 0 : limitTokens
    const staysFrom = overrunBefore.includes(name) ? threshold * overrunStaysShare : threshold
    return { name, percent, limitTokens, usedTokens, overrun: usedTokens > staysFrom }
  })
}

const overrunStaysShare = 0.95

function limitOf(name: AllocationName, basis: AllocationBasis): number {
  return name === 'reserve' ? reserveTokensOf(basis) : shareOf(basis.totalTokens, percentOf(name))
}

function usedBy(name: AllocationName, basis: AllocationBasis): number {
  const { tokensByCategory, totalTokens, usedTokens } = basis
  if (name === 'reserve') {
    const free = Math.max(0, totalTokens - usedTokens)
    return Math.max(0, reserveTokensOf(basis) - free)
  }
  const own = sharesOf[name].categories.reduce((sum, category) => sum + tokensByCategory[category], 0)
  return name === 'conversation' ? own + unattributedTokens(basis) : own
}

function percentOf(name: AllocationName): number {
  return sharesOf[name].percent
}

function shareOf(totalTokens: number, percent: number): number {
  return Math.floor((totalTokens * percent) / 100)
}
