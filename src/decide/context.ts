/** Decisions about context items. A critical item is only ever added and read: nothing takes it away before it is retiered. */
import type { Command, CommandType } from '../events/commands.ts'
import type { ContextCategory } from '../events/context.ts'
import { type ContextItem, tokensInWindow } from '../fold/context-state.ts'
import { estimatedTokens } from '../fold/growth.ts'
import { contextItemOf, type DeepReadonly, type ReadonlyState } from '../fold/state.ts'
import { limits } from '../kernel/limits.ts'
import { allocationEventsOfItems } from './allocation.ts'
import { accept, type Decider, type Decision, fieldsOf, refuse } from './decision.ts'

type Item = DeepReadonly<ContextItem>

export const decideAddItem: Decider<'context.add'> = (state, command) => {
  const tag = command.tag ?? nextTag(state, command.category)
  const present = contextItemOf(state, tag)
  if (present !== undefined) {
    // What is critical has to be retiered before it may be discarded.
    const first = present.tier === 'critical' ? 'context.retier' : 'context.discard'
    return refuse(state, command.type, 'an item of that tag is there already', {
      subject: `item ${tag}`,
      status: present.status,
      accepted: ['context.add with another tag', first],
    })
  }
  const items = Object.values(state.context.items)
  if (items.length >= limits.contextItemsMax) {
    const isCritical = items.every(({ tier }) => tier === 'critical')
    return refuse(
      state,
      command.type,
      `its context holds ${limits.contextItemsMax} items, as many as it may`,
      { accepted: isCritical ? ['context.retier'] : ['context.discard', 'context.archive'] },
    )
  }
  const weight = weightOf(state, command.tokens, command.content?.bytes)
  return accept(
    { type: 'context.added', data: { ...fieldsOf(command), tag, weight } },
    ...allocationEventsOfItems(state, [{ category: command.category, tokens: weight.tokens }]),
  )
}

export const decideRetier: Decider<'context.retier'> = (state, command) =>
  withItems(state, command.type, [command.tag], ([item]) =>
    item?.tier === command.tier ? accept() : accept({ type: 'context.retiered', data: fieldsOf(command) }),
  )

export const decideDiscard: Decider<'context.discard'> = (state, command) =>
  leaving(state, command, (items) => {
    const savedTokens = sum(items)
    return accept(
      { type: 'context.discarded', data: { ...fieldsOf(command), savedTokens } },
      ...allocationEventsOfItems(state, out(items)),
    )
  })

export const decideArchive: Decider<'context.archive'> = (state, command) =>
  leaving(state, command, (items) => {
    const savedTokens = sum(items)
    return accept(
      { type: 'context.archived', data: { ...fieldsOf(command), savedTokens } },
      ...allocationEventsOfItems(state, out(items)),
    )
  })

export const decideDefer: Decider<'context.defer'> = (state, command) =>
  leaving(state, command, (items) => {
    if (items.every(({ status }) => status === 'deferred')) return accept()
    const savedTokens = sum(items)
    return accept(
      { type: 'context.deferred', data: { ...fieldsOf(command), savedTokens } },
      ...allocationEventsOfItems(state, out(items)),
    )
  })

export const decideRestoreItems: Decider<'context.restore'> = (state, command) =>
  withItems(state, command.type, command.tags, (items) => {
    const isThere = ({ status, summaryWantedPercent }: Item): boolean =>
      status === 'kept' && summaryWantedPercent === null
    if (items.every(isThere)) return accept()
    const deltas = items.map((item) => ({
      category: item.category,
      tokens: item.tokens - tokensInWindow(item),
    }))
    return accept(
      { type: 'context.restored', data: fieldsOf(command) },
      ...allocationEventsOfItems(state, deltas),
    )
  })

export const decideRequestSummary: Decider<'context.request-summary'> = (state, command) =>
  leaving(state, command, (items) => {
    if (command.targetPercent === null) return withdrawn(command, items)
    const without = items.find(({ content }) => content === null || content.bytes === 0)
    if (without !== undefined) {
      return refuse(state, command.type, 'it has no text to summarize', {
        subject: `item ${without.tag}`,
        status: without.status,
        accepted: ['context.defer', 'context.discard'],
      })
    }
    const same = items.every(({ summaryWantedPercent }) => summaryWantedPercent === command.targetPercent)
    return same ? accept() : accept({ type: 'context.summary-requested', data: fieldsOf(command) })
  })

/** Takes requests back; there is nothing to do where none waits. */
function withdrawn(command: Command<'context.request-summary'>, items: readonly Item[]): Decision {
  return items.every(({ summaryWantedPercent }) => summaryWantedPercent === null)
    ? accept()
    : accept({ type: 'context.summary-requested', data: fieldsOf(command) })
}

export const decideSummarize: Decider<'context.summarize'> = (state, command) =>
  leaving(state, { type: command.type, tags: [command.tag] }, ([item]) => {
    if (item === undefined) return accept()
    const { requestedVersion } = command
    if (requestedVersion !== undefined && requestedVersion !== item.summaryWantedVersion) {
      return refuse(
        state,
        command.type,
        `the request of version ${requestedVersion} does not stand any more`,
        {
          subject: `item ${item.tag}`,
          status: item.status,
          accepted: ['context.summarize without requestedVersion'],
        },
      )
    }
    const weight = summaryWeight(state, item, command)
    if (weight.tokens > item.tokens) {
      return refuse(
        state,
        command.type,
        `its summary takes ${weight.tokens} tokens, more than its own ${item.tokens}`,
        {
          subject: `item ${item.tag}`,
          status: item.status,
          accepted: ['context.summarize with a shorter summary', 'context.defer'],
        },
      )
    }
    const savedTokens = Math.max(0, tokensInWindow(item) - weight.tokens)
    const delta = { category: item.category, tokens: weight.tokens - tokensInWindow(item) }
    return accept(
      { type: 'context.summarized', data: { ...fieldsOf(command), weight, savedTokens } },
      ...allocationEventsOfItems(state, [delta]),
    )
  })

/** The words tags begin with, where nobody names one. */
const tagWords: Readonly<Record<ContextCategory, string>> = {
  'system.instructions': 'CONFIG',
  'system.commands': 'COMMAND',
  'system.skills': 'SKILL-META',
  'conversation.messages': 'MESSAGE',
  'conversation.cache': 'CACHE',
  'conversation.references': 'REF',
  'reference.project': 'PROJECT',
  'reference.skills': 'SKILL',
  'reference.tools': 'TOOLS',
  'reserve.snapshot': 'SNAPSHOT',
  'reserve.tags': 'TAG',
  'reserve.recovery': 'RECOVERY',
  'reserve.buffer': 'BUFFER',
}

/** The next free tag of a category: `@CONFIG-001`. */
function nextTag(state: ReadonlyState, category: ContextCategory): string {
  for (let number = (state.context.tagsMade[category] ?? 0) + 1; ; number++) {
    const tag = `@${tagWords[category]}-${String(number).padStart(3, '0')}`
    if (contextItemOf(state, tag) === undefined) return tag
  }
}

/** What a summary weighs: its share of what its original weighs, unless somebody counted it. */
function summaryWeight(
  state: ReadonlyState,
  item: Item,
  { tokens, summary }: Command<'context.summarize'>,
): { tokens: number; estimated: boolean } {
  if (tokens !== undefined || item.content === null || item.content.bytes === 0) {
    return weightOf(state, tokens, summary.bytes)
  }
  return { tokens: Math.ceil((item.tokens * summary.bytes) / item.content.bytes), estimated: true }
}

function weightOf(
  state: ReadonlyState,
  tokens: number | undefined,
  bytes: number | undefined,
): { tokens: number; estimated: boolean } {
  return tokens === undefined
    ? { tokens: estimatedTokens(state, bytes ?? 0), estimated: true }
    : { tokens, estimated: false }
}

/** Finds the items of all tags, or refuses for the first that is not there. */
function withItems(
  state: ReadonlyState,
  command: CommandType,
  tags: readonly string[],
  decide: (items: readonly Item[]) => Decision,
): Decision {
  if (new Set(tags).size !== tags.length) return refuse(state, command, 'a tag is named twice')
  const items: Item[] = []
  for (const tag of tags) {
    const item = contextItemOf(state, tag)
    if (item === undefined) {
      return refuse(state, command, 'there is no such item', {
        subject: `item ${tag}`,
        status: 'not there',
        accepted: ['context.add'],
      })
    }
    items.push(item)
  }
  return decide(items)
}

/** The same for commands that take something out of the window: critical items are refused. */
function leaving(
  state: ReadonlyState,
  command: { readonly type: CommandType; readonly tags: readonly string[] },
  decide: (items: readonly Item[]) => Decision,
): Decision {
  return withItems(state, command.type, command.tags, (items) => {
    const critical = items.find(({ tier }) => tier === 'critical')
    if (critical === undefined) return decide(items)
    return refuse(state, command.type, 'it is critical, and critical context is always kept', {
      subject: `item ${critical.tag}`,
      status: critical.status,
      accepted: ['context.retier'],
    })
  })
}

function sum(items: readonly Item[]): number {
  return items.reduce((tokens, item) => tokens + tokensInWindow(item), 0)
}

function out(items: readonly Item[]): readonly { category: ContextCategory; tokens: number }[] {
  return items.map((item) => ({ category: item.category, tokens: -tokensInWindow(item) }))
}
