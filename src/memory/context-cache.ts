/** `context-cache.json`: what lies in the window, compressed, with the texts that must not be lost. */
import type { ContextItem } from '../fold/context-state.ts'
import type { DeepReadonly, ReadonlyState } from '../fold/state.ts'
import { brotli } from '../kernel/compress.ts'
import { DamagedRecord } from '../kernel/errors.ts'
import { hashOf } from '../kernel/hash.ts'
import { canonicalJson } from '../kernel/json.ts'
import { limits } from '../kernel/limits.ts'
import type { EventLog } from '../log/port.ts'

type Item = DeepReadonly<ContextItem>

/** The compressed context of a moment, kept so that a context that did not change is not compressed again. */
export interface PackedContext {
  /** Hash of what it was made from. */
  readonly madeFrom: string
  readonly base64: string
}

export function contextCacheText(state: ReadonlyState, packed: PackedContext): string {
  const { sessionId, version } = state
  const file = { session_id: sessionId, version, encoding: 'brotli+base64', context: packed.base64 }
  return `${JSON.stringify(file, null, 2)}\n`
}

/** The context of `state`, compressed; `known` again when nothing has changed since. */
export async function packContext(
  log: EventLog,
  state: ReadonlyState,
  known: PackedContext | null,
): Promise<PackedContext> {
  const { context } = state
  const madeFrom = hashOf([state.sessionId, context])
  if (known?.madeFrom === madeFrom) return known
  const items: object[] = []
  let bytesLeft: number = limits.contextCacheBytesMax
  for (const item of dearestFirst(context.items)) {
    const text = await textOf(log, item, bytesLeft)
    bytesLeft -= text.bytes
    items.push(itemJson(item, text))
  }
  const { tokensByCategory, discarded, archived, savedTokens } = context
  const facts = {
    items,
    tokens_by_category: tokensByCategory,
    discarded,
    archived,
    saved_tokens: savedTokens,
  }
  // Canonical: keys of a state that was stored stand in another order.
  const base64 = Buffer.from(brotli(Buffer.from(canonicalJson(facts)))).toString('base64')
  return { madeFrom, base64 }
}

const order = { critical: 0, supporting: 1, temporary: 2 } as const

function dearestFirst(items: ReadonlyState['context']['items']): readonly Item[] {
  return Object.values(items).sort(
    (a, b) => order[a.tier] - order[b.tier] || a.addedVersion - b.addedVersion || (a.tag < b.tag ? -1 : 1),
  )
}

interface ItemText {
  readonly of: 'content' | 'summary' | null
  readonly text: string | null
  readonly bytes: number
  readonly missing: string | null
}

/** What of an item's text is in the window: its original, its summary, or nothing. Critical ones always have their text. */
async function textOf(log: EventLog, item: Item, bytesMax: number): Promise<ItemText> {
  const summarized = item.status === 'summarized'
  const wanted = item.status !== 'deferred' || item.tier === 'critical'
  const of = summarized ? 'summary' : 'content'
  const reference = summarized ? item.summary : item.content
  if (!wanted || reference === null) return { of: null, text: null, bytes: 0, missing: null }
  const without = (missing: string): ItemText => ({ of, text: null, bytes: 0, missing })
  if (reference.bytes > bytesMax) return without('the cache is full')
  try {
    const bytes = await log.content(reference.hash)
    if (bytes === null) return without('the log has no such text')
    return { of, text: Buffer.from(bytes).toString('utf8'), bytes: bytes.length, missing: null }
  } catch (error) {
    if (error instanceof DamagedRecord) return without('the stored text is damaged')
    throw error
  }
}

function itemJson(item: Item, { of, text, missing }: ItemText): object {
  const { content, summary } = item
  return {
    tag: item.tag,
    tier: item.tier,
    category: item.category,
    title: item.title,
    status: item.status,
    server: item.server,
    tokens: item.tokens,
    estimated: item.estimated,
    summary_tokens: item.summaryTokens,
    content: content === null ? null : { hash: content.hash, bytes: content.bytes },
    summary: summary === null ? null : { hash: summary.hash, bytes: summary.bytes },
    text_of: of,
    text,
    ...(missing === null ? {} : { text_missing: missing }),
  }
}
