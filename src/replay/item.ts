/** Context items by their tag: those of state, and those that were discarded or archived and are in the log only. */
import { nearest } from '../events/commands.ts'
import type { ContextCategory, ContextTier } from '../events/context.ts'
import { isKnown, type LoggedEvent, type RecordedEvent } from '../events/envelope.ts'
import type { ContentRef } from '../events/shapes.ts'
import type { ContextItem } from '../fold/context-state.ts'
import { contextItemOf, type DeepReadonly } from '../fold/state.ts'
import { WaymarkError } from '../kernel/errors.ts'
import { limits } from '../kernel/limits.ts'
import type { EventLog } from '../log/port.ts'
import { stateAt } from './at.ts'

/** An item as it is, or as it was when it left the context. */
export interface FoundItem {
  readonly tag: string
  readonly title: string | null
  readonly tier: ContextTier
  readonly category: ContextCategory
  readonly server: string | null
  readonly status: ContextItem['status'] | 'discarded' | 'archived'
  readonly content: ContentRef | null
  /** Tokens of the original. */
  readonly tokens: number
  readonly estimated: boolean
  readonly summary: ContentRef | null
  readonly summaryTokens: number | null
  /** Version of the event that brought it. */
  readonly addedVersion: number
  readonly addedAt: string
}

/**
 * Finds the item of a tag: in state, else the newest of that tag in the log, events inherited by a fork included. Its texts lie in the
 * content store, under the hashes of `content` and `summary`.
 *
 * @throws WaymarkError `CONTENT_NOT_FOUND` when no item ever had the tag; the hint names the nearest tags.
 * @example
 * ```ts
 * await session.send({ type: 'context.add', tag: '@NOTES-1', tier: 'temporary', category: 'reference.project', tokens: 9 })
 * await session.send({ type: 'context.discard', tags: ['@NOTES-1'] })
 * const item = await findContextItem(waymark.log, session.id, '@NOTES-1')
 * item.status // 'discarded'
 * ```
 */
export async function findContextItem(log: EventLog, sessionId: string, tag: string): Promise<FoundItem> {
  const item = contextItemOf(await stateAt(log, sessionId), tag)
  if (item !== undefined) return itemOfState(item)
  const tags = new Set<string>()
  let found: FoundItem | null = null
  for await (const page of log.read(sessionId)) {
    for (const event of page) {
      found = followed(found, event, tag)
      if (isKnown(event) && event.type === 'context.added') remember(tags, event.data.tag)
    }
  }
  if (found !== null) return found
  const near = nearest(tag, [...tags])
  throw new WaymarkError('CONTENT_NOT_FOUND', {
    message: `session ${sessionId} never had an item ${tag}`,
    hint:
      near.length === 0
        ? 'it has no context items; context.add brings them'
        : `did you mean ${near.join(' or ')}?`,
    details: { sessionId, tag },
  })
}

function itemOfState(item: DeepReadonly<ContextItem>): FoundItem {
  const { summaryWantedPercent: _wanted, summaryWantedVersion: _request, ...facts } = item
  return facts
}

/** What became of the item of a tag by an event. Retiering and summaries change it, leaving the context ends it. */
function followed(item: FoundItem | null, event: LoggedEvent, tag: string): FoundItem | null {
  if (!isKnown(event)) return item
  if (event.type === 'context.added') return event.data.tag === tag ? itemOfEvent(event) : item
  if (item === null) return null
  switch (event.type) {
    case 'context.retiered':
      return event.data.tag === tag ? { ...item, tier: event.data.tier } : item
    case 'context.summarized':
      return event.data.tag === tag
        ? { ...item, summary: event.data.summary, summaryTokens: event.data.weight.tokens }
        : item
    case 'context.discarded':
      return event.data.tags.includes(tag) ? { ...item, status: 'discarded' } : item
    case 'context.archived':
      return event.data.tags.includes(tag) ? { ...item, status: 'archived' } : item
    default:
      return item
  }
}

function itemOfEvent({ data, time, version }: RecordedEvent<'context.added'>): FoundItem {
  return {
    tag: data.tag,
    title: data.title ?? null,
    tier: data.tier,
    category: data.category,
    server: data.server ?? null,
    status: 'kept',
    content: data.content ?? null,
    tokens: data.weight.tokens,
    estimated: data.weight.estimated,
    summary: null,
    summaryTokens: null,
    addedVersion: version,
    addedAt: time,
  }
}

/** Keeps the newest tags, as many as a session may hold at a time. */
function remember(tags: Set<string>, tag: string): void {
  tags.delete(tag)
  tags.add(tag)
  if (tags.size <= limits.contextItemsMax) return
  for (const oldest of tags) {
    tags.delete(oldest)
    break
  }
}
