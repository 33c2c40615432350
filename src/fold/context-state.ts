/** The part of state that says what lies in the window and how it grows. */
import type { ContextCategory, ContextTier } from '../events/context.ts'
import type { ContentRef } from '../events/shapes.ts'
import type { AllocationName, Forecast } from '../events/usage.ts'

/** One item of the context. Its texts lie in the content store. */
export interface ContextItem {
  tag: string
  tier: ContextTier
  category: ContextCategory
  title: string | null
  /** The original; it stays readable whatever becomes of the item. */
  content: ContentRef | null
  /** The MCP server it belongs to. */
  server: string | null
  /** Tokens of the original. */
  tokens: number
  /** They were estimated from its bytes. */
  estimated: boolean
  /** What of it is in the window: the original, a summary, or only its tag. */
  status: 'kept' | 'summarized' | 'deferred'
  summary: ContentRef | null
  summaryTokens: number | null
  /** A summary of at most so many percent of the original was asked for and has not come yet. */
  summaryWantedPercent: number | null
  /** Version of the event that asked for it. */
  summaryWantedVersion: number | null
  /** Version of the event that brought it. */
  addedVersion: number
  addedAt: string
}

export interface ContextState {
  items: Record<string, ContextItem>
  /** Tokens in the window now by what items bring, by category. */
  tokensByCategory: Record<ContextCategory, number>
  /** How many tags each category has made. */
  tagsMade: Partial<Record<ContextCategory, number>>
  discarded: number
  archived: number
  /** Tokens that summaries, deferring, discarding and archiving took out of the window. */
  savedTokens: number
  /** Allocations that are overrun, in alphabetical order. */
  overrun: AllocationName[]
}

/** Bytes of texts, by where they come from. */
export interface GrowthBytes {
  prompts: number
  replies: number
  toolInputs: number
  toolOutputs: number
}

/** What came into the window between two reports. */
export interface GrowthSample {
  version: number
  time: string
  /** By how much the window rose. */
  tokens: number
  usedTokens: number
  bytes: GrowthBytes
}

/** How the window grows: learned from report to report, forgotten when the context is cut. */
export interface GrowthState {
  /** The newest, oldest first. */
  samples: GrowthSample[]
  /** What came since the latest report. */
  pending: GrowthBytes
  /** Tokens that items brought or took away since the latest report. */
  pendingItemTokens: number
  /** The context was cut since: the next report tells nothing about growth. */
  interrupted: boolean
  /** Tags of items that were in the window when it was cut and measured: what leaves of them until the next report left with the cut. */
  cutTags: string[]
  /** The newest forecast, and the version that recorded it. */
  forecast: (Forecast & { version: number }) | null
}

export function noContext(): ContextState {
  return {
    items: {},
    tokensByCategory: {
      'system.instructions': 0,
      'system.commands': 0,
      'system.skills': 0,
      'conversation.messages': 0,
      'conversation.cache': 0,
      'conversation.references': 0,
      'reference.project': 0,
      'reference.skills': 0,
      'reference.tools': 0,
      'reserve.snapshot': 0,
      'reserve.tags': 0,
      'reserve.recovery': 0,
      'reserve.buffer': 0,
    },
    tagsMade: {},
    discarded: 0,
    archived: 0,
    savedTokens: 0,
    overrun: [],
  }
}

export function noBytes(): GrowthBytes {
  return { prompts: 0, replies: 0, toolInputs: 0, toolOutputs: 0 }
}

export function noGrowth(): GrowthState {
  return {
    samples: [],
    pending: noBytes(),
    pendingItemTokens: 0,
    interrupted: false,
    cutTags: [],
    forecast: null,
  }
}

/** Tokens that an item takes in the window: those of its original, of its summary, or none. */
export function tokensInWindow(
  item: Readonly<Pick<ContextItem, 'status' | 'tokens' | 'summaryTokens'>>,
): number {
  if (item.status === 'deferred') return 0
  return item.status === 'summarized' ? (item.summaryTokens ?? 0) : item.tokens
}
