/** The parts of a state that are merged, and what counts as the same in them. */
import type { ReadonlyState, taskOf } from '../../fold/state.ts'
import { canonicalJson } from '../../kernel/json.ts'
import { limits } from '../../kernel/limits.ts'
import { gap, wholeAt } from '../../views/cut.ts'

export type MergedTask = NonNullable<ReturnType<typeof taskOf>>
export type MergedItem = ReadonlyState['context']['items'][string]
export type MergedDecision = ReadonlyState['knowledge']['decisions'][number]

export interface Parts {
  readonly tasks: ReadonlyState['tasks']
  readonly items: ReadonlyState['context']['items']
  readonly decisions: readonly MergedDecision[]
}

export function partsOf({ tasks, context, knowledge }: ReadonlyState): Parts {
  return { tasks, items: context.items, decisions: knowledge.decisions }
}

/** The entry of a name; one such as `constructor` finds no inherited property. */
export function entryOf<T>(all: Readonly<Record<string, T>>, id: string): T | undefined {
  return Object.hasOwn(all, id) ? all[id] : undefined
}

/** Where a task is to be brought, as far as it is a matter of the task. */
export type Standing =
  | 'pending'
  | 'running'
  | 'blocked'
  | 'completed'
  | 'failed'
  | 'given-up'
  | 'cancelled'
  | 'recovered'

const standings: Readonly<Record<MergedTask['status'], Standing>> = {
  pending: 'pending',
  in_progress: 'running',
  // A warning and a lost context belong to the session in which a task runs: whoever has them runs.
  token_warning: 'running',
  context_switch: 'running',
  blocked: 'blocked',
  completed: 'completed',
  failed: 'failed',
  recovered: 'recovered',
}

export function standingOf({ status, retryable, reason }: MergedTask): Standing {
  if (status !== 'failed' || retryable === true) return standings[status]
  return reason === 'cancelled' ? 'cancelled' : 'given-up'
}

/** What of a task is merged by itself: one side may change its title while the other completes it. */
export const taskFacets = {
  title: ({ title }: MergedTask) => title,
  description: ({ description }: MergedTask) => description ?? '',
  dependsOn: ({ dependsOn }: MergedTask) => dependsOn.join(' '),
  phase: (task: MergedTask) => (standingOf(task) === 'running' ? (task.phase ?? '') : ''),
  standing: (task: MergedTask) => `${standingOf(task)} ${canonicalJson(task.blockedOn)}`,
} as const satisfies Record<string, (task: MergedTask) => string>
export type TaskFacet = keyof typeof taskFacets

const facetNames = ['title', 'description', 'dependsOn', 'phase', 'standing'] as const satisfies TaskFacet[]

/** Facets in which two tasks differ; all of them when one is not there. */
export function differingFacets(a: MergedTask | undefined, b: MergedTask | undefined): readonly TaskFacet[] {
  if (a === b) return []
  if (a === undefined || b === undefined) return facetNames
  return facetNames.filter((name) => taskFacets[name](a) !== taskFacets[name](b))
}

/** Equal for tasks between which a merge sees no difference. */
export function taskKey(task: MergedTask): string {
  return JSON.stringify(facetNames.map((name) => taskFacets[name](task)))
}

/**
 * Equal for items between which a merge sees no difference. How much of an item lies in a window is the matter of that window:
 * summaries and deferred items are none.
 */
export function itemKey({ tier, category, title, content, server, tokens }: MergedItem): string {
  return JSON.stringify([tier, category, title, server, content?.hash ?? tokens])
}

export function decisionKey({ text, reason, taskId }: MergedDecision): string {
  return JSON.stringify([text, reason, taskId])
}

export function taskLine(task: MergedTask | undefined): string | null {
  return task === undefined ? null : lineOf(`${task.status}: ${task.title}`)
}

export function itemLine(item: MergedItem | undefined): string | null {
  if (item === undefined) return null
  const about = item.title ?? item.content?.preview ?? `${item.tokens} tokens`
  return lineOf(`${item.tier} ${item.category}: ${about}`)
}

export function decisionLine(decision: MergedDecision | undefined): string | null {
  if (decision === undefined) return null
  return lineOf(decision.reason === null ? decision.text : `${decision.text} (${decision.reason})`)
}

function lineOf(text: string): string {
  const max = limits.lineCharactersMax
  return text.length <= max ? text : `${text.slice(0, wholeAt(text, max - 1))}${gap}`
}
