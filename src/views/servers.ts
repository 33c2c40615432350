/** MCP servers: what each takes of the window, when it was used, and which the task in hand could do without. */
import { tokensInWindow } from '../fold/context-state.ts'
import type { ReadonlyState } from '../fold/state.ts'
import { currentTasks } from './task-list.ts'
import { inNaturalOrder } from './text.ts'

export interface ServerView {
  readonly name: string
  readonly enabled: boolean
  readonly tools: readonly string[]
  /** Tokens of its tools' definitions as it was described; `null` when nobody said. */
  readonly toolTokens: number | null
  /** Tokens in the window by items that belong to it. */
  readonly itemTokens: number
  /** Both together: what the window would be relieved of without it. */
  readonly tokens: number
  readonly calls: number
  readonly lastUsedAt: string | null
  /** It is on, and the task in hand has not used it; without a task in hand, nobody ever has. */
  readonly couldBeSwitchedOff: boolean
}

export interface SwitchOff {
  readonly servers: readonly string[]
  readonly savedTokens: number
}

type Seen = Pick<ReadonlyState, 'knowledge' | 'context' | 'tasks'>

/** All servers that were described, called, or that an item belongs to, in natural order. */
export function serverViews(state: Seen): readonly ServerView[] {
  const itemTokens = new Map<string, number>()
  for (const item of Object.values(state.context.items)) {
    if (item.server === null) continue
    itemTokens.set(item.server, (itemTokens.get(item.server) ?? 0) + tokensInWindow(item))
  }
  const since = currentTaskSince(state)
  const { servers } = state.knowledge
  const names = [...new Set([...Object.keys(servers), ...itemTokens.keys()])].sort(inNaturalOrder)
  return names.map((name) => {
    const server = Object.hasOwn(servers, name) ? servers[name] : undefined
    const ofItems = itemTokens.get(name) ?? 0
    const toolTokens = server?.toolTokens ?? null
    const enabled = server?.enabled ?? true
    const lastUsedAt = server?.lastUsedAt ?? null
    const isUnused = lastUsedAt === null || (since !== null && lastUsedAt < since)
    return {
      name,
      enabled,
      tools: server?.tools ?? [],
      toolTokens,
      itemTokens: ofItems,
      tokens: ofItems + (toolTokens ?? 0),
      calls: server?.calls ?? 0,
      lastUsedAt,
      couldBeSwitchedOff: enabled && isUnused,
    }
  })
}

/** What could be switched off for the task in hand, and what that saves. */
export function switchOffOf(servers: readonly ServerView[]): SwitchOff {
  const unused = servers.filter(({ couldBeSwitchedOff }) => couldBeSwitchedOff)
  return {
    servers: unused.map(({ name }) => name),
    savedTokens: unused.reduce((sum, { tokens }) => sum + tokens, 0),
  }
}

/** When the first of the tasks in hand was started. */
function currentTaskSince(state: Pick<ReadonlyState, 'tasks'>): string | null {
  const starts = currentTasks(state).flatMap(({ startedAt }) => startedAt ?? [])
  return starts.length === 0 ? null : starts.reduce((first, start) => (start < first ? start : first))
}
