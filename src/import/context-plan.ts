/** What lies in the window and which tools are at hand, from what the source says now and what was known before. */
import type { Command } from '../events/commands.ts'
import { contextItemOf, type ReadonlyState } from '../fold/state.ts'
import { limits } from '../kernel/limits.ts'
import { isOfFamily, toolsByServer } from './items.ts'
import type { HeldItem, HoldItems, MeetObjective, OfferTools } from './step.ts'

/**
 * Items are added once. What left the window is discarded; what is critical only becomes supporting, so that whoever
 * keeps the window may decide about it.
 */
export function commandsToHold(state: ReadonlyState, intent: HoldItems): readonly Command[] {
  const { items, family, whole } = intent
  const known = Object.values(state.context.items)
  const gone = whole
    ? known.filter(({ tag }) => isOfFamily(tag, family) && !items.some((item) => item.tag === tag))
    : []
  const outdated = gone
    .filter(({ tier }) => tier === 'critical')
    .map(({ tag }): Command => ({ type: 'context.retier', tag, tier: 'supporting' }))
  const tags = gone.filter(({ tier }) => tier !== 'critical').map(({ tag }) => tag)
  const left: readonly Command[] =
    tags.length === 0 ? [] : [{ type: 'context.discard', tags, reason: 'the source listed it anew' }]
  let room = limits.contextItemsMax - known.length + tags.length
  const added = items.flatMap((item): Command[] => {
    const before = contextItemOf(state, item.tag)
    if (before !== undefined)
      return before.status === 'kept' ? [] : [{ type: 'context.restore', tags: [item.tag] }]
    room -= 1
    return [room < 0 ? noted(item) : { type: 'context.add', ...item }]
  })
  return [...outdated, ...left, ...added]
}

/** A text for which there is no room among the items: nothing is lost of it. */
function noted({ tag, content }: HeldItem): Command {
  return { type: 'observation.record', kind: 'context-item-left-out', detail: tag, content }
}

/** The tools known before, without those that went and with those that came; a server that lost its last tool is off. */
export function commandsToOffer(state: ReadonlyState, intent: OfferTools): readonly Command[] {
  const { servers, tools } = state.knowledge
  const added = toolsByServer(intent.added)
  const removed = toolsByServer(intent.removed)
  const changed = (name: string | null, before: readonly string[]): string[] => {
    const gone = removed.get(name) ?? []
    const kept = intent.whole ? [] : before.filter((tool) => !gone.includes(tool))
    return [...new Set([...kept, ...(added.get(name) ?? [])])].slice(0, limits.toolNamesMax)
  }
  const namesOf = (name: string): readonly string[] =>
    Object.hasOwn(servers, name) ? (servers[name]?.tools ?? []) : []
  const touched = new Set([
    ...added.keys(),
    ...removed.keys(),
    ...(intent.whole ? Object.keys(servers).filter((name) => namesOf(name).length > 0) : []),
  ])
  const own: readonly Command[] = touched.has(null)
    ? [{ type: 'system.describe', tools: changed(null, tools) }]
    : []
  const ofServers = [...touched].flatMap((server): Command[] => {
    if (server === null) return []
    const now = changed(server, namesOf(server))
    return [{ type: 'server.describe', server, tools: now, enabled: now.length > 0 }]
  })
  return [...own, ...ofServers]
}

/** An objective is met: it is none any more, unless others have taken its place. */
export function commandsToMeet(state: ReadonlyState, { objective }: MeetObjective): readonly Command[] {
  const { objectives } = state.knowledge.focus
  return objectives.includes(objective)
    ? [{ type: 'focus.change', objectives: objectives.filter((other) => other !== objective) }]
    : []
}
