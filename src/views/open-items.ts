/** What was going on when a session stopped: tasks in hand, and calls whose result never came. */
import type { ReadonlyState } from '../fold/state.ts'
import { inNaturalOrder } from './text.ts'

/**
 * What is known of a call without a result. It was never started when the session says of each tool that it begins, and did not
 * say so of this one; else it may have had its effects, all of them or some.
 */
export type CallOutcome = 'never-started' | 'unknown'

/** Something that was going on when the session stopped. */
export type OpenItem =
  | { readonly kind: 'task'; readonly id: string; readonly status: string; readonly title: string }
  | {
      readonly kind: 'call'
      readonly id: string
      readonly name: string
      readonly version: number
      readonly time: string
      readonly outcome: CallOutcome
      /** The file it was to change; `null` when it said of none. */
      readonly writes: string | null
    }

/** Statuses of tasks that somebody was working on. */
const openTaskStatuses: ReadonlySet<string> = new Set([
  'in_progress',
  'token_warning',
  'context_switch',
  'recovered',
])

const titleCharactersMax = 300

/** Tasks somebody was working on and calls whose result never came, each in the order in which they came. */
export function openItems(state: ReadonlyState): readonly OpenItem[] {
  const tasks = Object.values(state.tasks)
    .filter(({ status }) => openTaskStatuses.has(status))
    .sort((a, b) => a.addedAt.localeCompare(b.addedAt) || inNaturalOrder(a.id, b.id))
    .map(({ id, status, title }): OpenItem => ({ kind: 'task', id, status, title }))
  const calls = Object.entries(state.openCalls)
    .map(([id, { name, version, time, begunAt, writes }]) => {
      const outcome: CallOutcome = begunAt === null && state.toolBegins > 0 ? 'never-started' : 'unknown'
      return { kind: 'call', id, name, version, time, outcome, writes } as const
    })
    .sort((a, b) => a.version - b.version)
  return [...tasks, ...calls]
}

/** An open item on one line, for the log and for people. */
export function openItemText(item: OpenItem): string {
  if (item.kind === 'task')
    return `task ${item.id} ${item.status}: ${item.title}`.slice(0, titleCharactersMax)
  const outcome = item.outcome === 'never-started' ? 'never started' : 'no result, and its outcome is unknown'
  const file = item.writes === null ? '' : ` (writes ${item.writes})`
  return `call ${item.id} of ${item.name}${file} since version ${item.version}: ${outcome}`.slice(
    0,
    titleCharactersMax,
  )
}
