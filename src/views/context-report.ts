/** What fills the context window: by part and category, by tier, item by item, and by MCP server. */
import { type ContextCategory, type ContextTier, contextTiers } from '../events/context.ts'
import { allocationBasisOf, unattributedTokens } from '../fold/allocation.ts'
import { type ContextItem, tokensInWindow } from '../fold/context-state.ts'
import { type CurrentWindow, currentWindowOf, type GrowthLine, growthLineOf } from '../fold/growth.ts'
import type { DeepReadonly, ReadonlyState } from '../fold/state.ts'
import { allocationTable, type PartView, type ReserveView, reserveOf } from './allocation-table.ts'
import { type ServerView, type SwitchOff, serverViews, switchOffOf } from './servers.ts'
import { type WindowView, windowView } from './state-view.ts'
import { inNaturalOrder } from './text.ts'

export interface ItemView {
  readonly tag: string
  readonly title: string | null
  readonly tier: ContextTier
  readonly category: ContextCategory
  readonly server: string | null
  readonly status: ContextItem['status']
  /** Tokens it takes in the window now. */
  readonly tokens: number
  /** Tokens of the original. */
  readonly originalTokens: number
  /** The original was estimated from its bytes. */
  readonly estimated: boolean
  readonly savedTokens: number
  /** A summary of at most so many percent was asked for and has not come yet. */
  readonly summaryWantedPercent: number | null
  readonly addedVersion: number
  readonly addedAt: string
}

export interface TierView {
  readonly tier: ContextTier
  readonly items: number
  readonly tokens: number
  readonly savedTokens: number
}

/** How full the window is now, and by which line that is reckoned from what came since the latest report. */
export interface CurrentView extends CurrentWindow {
  readonly line: GrowthLine
}

export interface ContextReport {
  readonly sessionId: string
  readonly version: number
  /** As it was last reported. */
  readonly window: WindowView
  readonly current: CurrentView
  readonly allocation: readonly PartView[]
  readonly reserve: ReserveView
  /** Tokens that no item explains: prompts, replies, results. */
  readonly unattributedTokens: number
  readonly tiers: readonly TierView[]
  /** Critical ones first, the largest of a tier first. */
  readonly items: readonly ItemView[]
  readonly discarded: number
  readonly archived: number
  /** Tokens that summaries, deferring, discarding and archiving have saved so far. */
  readonly savedTokens: number
  readonly servers: readonly ServerView[]
  readonly switchOff: SwitchOff
}

/**
 * What fills the window of a session.
 *
 * @example
 * ```ts
 * await session.send({ type: 'context.add', tier: 'critical', category: 'system.instructions', tokens: 8_000 })
 * const report = contextReport(session.state)
 * report.items[0]?.tag // '@CONFIG-001'
 * report.allocation[0]?.usedTokens // 8000
 * ```
 */
export function contextReport(state: ReadonlyState): ContextReport {
  const { context } = state
  const items = itemsInOrder(state)
  const servers = serverViews(state)
  return {
    sessionId: state.sessionId,
    version: state.version,
    window: windowView(state),
    current: currentView(state),
    allocation: allocationTable(state),
    reserve: reserveOf(state),
    unattributedTokens: unattributedTokens(allocationBasisOf(state)),
    tiers: tierViews(items),
    items,
    discarded: context.discarded,
    archived: context.archived,
    savedTokens: context.savedTokens,
    servers,
    switchOff: switchOffOf(servers),
  }
}

export function currentView(state: Pick<ReadonlyState, 'growth' | 'window'>): CurrentView {
  return { ...currentWindowOf(state), line: growthLineOf(state) }
}

/** All items, critical ones first, the largest of a tier first. */
export function itemsInOrder({ context }: Pick<ReadonlyState, 'context'>): readonly ItemView[] {
  return Object.values(context.items)
    .map(itemView)
    .sort(
      (a, b) =>
        contextTiers.indexOf(a.tier) - contextTiers.indexOf(b.tier) ||
        b.tokens - a.tokens ||
        inNaturalOrder(a.tag, b.tag),
    )
}

function itemView(item: DeepReadonly<ContextItem>): ItemView {
  const tokens = tokensInWindow(item)
  return {
    tag: item.tag,
    title: item.title,
    tier: item.tier,
    category: item.category,
    server: item.server,
    status: item.status,
    tokens,
    originalTokens: item.tokens,
    estimated: item.estimated,
    savedTokens: item.tokens - tokens,
    summaryWantedPercent: item.summaryWantedPercent,
    addedVersion: item.addedVersion,
    addedAt: item.addedAt,
  }
}

/** The sums of each tier, those without items too. */
function tierViews(items: readonly ItemView[]): readonly TierView[] {
  return contextTiers.map((tier) => {
    const own = items.filter((item) => item.tier === tier)
    return {
      tier,
      items: own.length,
      tokens: own.reduce((sum, { tokens }) => sum + tokens, 0),
      savedTokens: own.reduce((sum, { savedTokens }) => sum + savedTokens, 0),
    }
  })
}
