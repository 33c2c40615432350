/** How events about context items change state. Total: an event about an item that is not there changes nothing. */
import type { RecordedEvent } from '../events/envelope.ts'
import { type ContextItem, tokensInWindow } from './context-state.ts'
import { note, type Recipes } from './recipe.ts'
import type { SessionState } from './state.ts'

export const contextRecipes: Pick<
  Recipes,
  | 'context.added'
  | 'context.retiered'
  | 'context.discarded'
  | 'context.deferred'
  | 'context.archived'
  | 'context.restored'
  | 'context.summary-requested'
  | 'context.summarized'
> = {
  'context.added': (state, { data, time, version }) => {
    const { category } = data
    state.context.items[data.tag] = newItem(data, time, version)
    state.context.tagsMade[category] = (state.context.tagsMade[category] ?? 0) + 1
    weigh(state, { tag: data.tag, category }, data.weight.tokens)
  },
  'context.retiered': (state, { data }) => {
    const item = find(state, data.tag)
    if (item === undefined) return
    item.tier = data.tier
    if (data.tier === 'critical') want(item, null, null)
  },
  'context.discarded': (state, { data, time, version }) => {
    state.context.discarded += takeOut(state, data.tags)
    note(state, version, time, `context: ${data.tags.length} discarded, ${data.savedTokens} tokens saved`)
  },
  'context.archived': (state, { data, time, version }) => {
    state.context.archived += takeOut(state, data.tags)
    note(state, version, time, `context: ${data.tags.length} archived, ${data.savedTokens} tokens saved`)
  },
  'context.deferred': (state, { data, time, version }) => {
    for (const tag of data.tags) {
      changeStatus(state, tag, (item) => {
        item.status = 'deferred'
        want(item, null, null)
      })
    }
    note(state, version, time, `context: ${data.tags.length} deferred, ${data.savedTokens} tokens saved`)
  },
  'context.restored': (state, { data }) => {
    for (const tag of data.tags) {
      changeStatus(state, tag, (item) => {
        item.status = 'kept'
        want(item, null, null)
      })
    }
  },
  'context.summary-requested': (state, { data, version }) => {
    for (const tag of data.tags) {
      const item = find(state, tag)
      if (item !== undefined) want(item, data.targetPercent, version)
    }
  },
  'context.summarized': (state, { data, time, version }) => {
    changeStatus(state, data.tag, (item) => {
      item.status = 'summarized'
      item.summary = data.summary
      item.summaryTokens = data.weight.tokens
      want(item, null, null)
    })
    note(state, version, time, `context: ${data.tag} summarized, ${data.savedTokens} tokens saved`)
  },
}

function newItem(
  data: RecordedEvent<'context.added'>['data'],
  addedAt: string,
  addedVersion: number,
): ContextItem {
  return {
    tag: data.tag,
    tier: data.tier,
    category: data.category,
    title: data.title ?? null,
    content: data.content ?? null,
    server: data.server ?? null,
    tokens: data.weight.tokens,
    estimated: data.weight.estimated,
    status: 'kept',
    summary: null,
    summaryTokens: null,
    summaryWantedPercent: null,
    summaryWantedVersion: null,
    addedVersion,
    addedAt,
  }
}

/** Notes that a summary is wanted, and by which event; `null` for none. */
function want(item: ContextItem, percent: number | null, version: number | null): void {
  item.summaryWantedPercent = percent
  item.summaryWantedVersion = percent === null ? null : version
}

function find(state: SessionState, tag: string): ContextItem | undefined {
  return Object.hasOwn(state.context.items, tag) ? state.context.items[tag] : undefined
}

/** Moves tokens in or out of the window, by category. What goes is saved, what comes back is not. */
function weigh(
  { context, growth }: SessionState,
  { tag, category }: Pick<ContextItem, 'tag' | 'category'>,
  tokens: number,
): void {
  context.tokensByCategory[category] += tokens
  context.savedTokens = Math.max(0, context.savedTokens - Math.min(0, tokens))
  const isCut = growth.cutTags.includes(tag)
  if (!isCut || tokens > 0) growth.pendingItemTokens += tokens
}

function changeStatus(state: SessionState, tag: string, change: (item: ContextItem) => void): void {
  const item = find(state, tag)
  if (item === undefined) return
  const before = tokensInWindow(item)
  change(item)
  weigh(state, item, tokensInWindow(item) - before)
  if (item.status === 'deferred') forgetCut(state, tag)
}

function takeOut(state: SessionState, tags: readonly string[]): number {
  let count = 0
  for (const tag of tags) {
    const item = find(state, tag)
    if (item === undefined) continue
    weigh(state, item, -tokensInWindow(item))
    forgetCut(state, tag)
    delete state.context.items[tag]
    count += 1
  }
  return count
}

/** What has left the window comes back as something new, and counts whenever it leaves again. */
function forgetCut({ growth }: SessionState, tag: string): void {
  if (growth.cutTags.includes(tag)) growth.cutTags = growth.cutTags.filter((other) => other !== tag)
}
