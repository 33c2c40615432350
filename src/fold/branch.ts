/** How merges, rewinds and redactions change state. */
import type { RecordedEvent } from '../events/envelope.ts'
import { limits } from '../kernel/limits.ts'
import { noContext, tokensInWindow } from './context-state.ts'
import { note, type Recipes } from './recipe.ts'
import type { SessionState } from './state.ts'

export const branchRecipes: Pick<Recipes, 'session.merged' | 'session.rewound' | 'session.redacted'> = {
  'session.merged': (state, { data, time, version }) => {
    const { sourceSessionId: sessionId, sourceVersion, conflictCount } = data
    state.merges.push({ sessionId, sourceVersion, version, time, conflictCount })
    if (state.merges.length > limits.mergesListedMax) state.merges.splice(leastNeeded(state.merges), 1)
    note(state, version, time, `merged ${sessionId} at version ${sourceVersion}, ${conflictCount} conflicts`)
  },
  'session.rewound': (state, { data, time, version }) => {
    // The state goes on from it and changes it; the event stays what it was.
    const { tasks, items, knowledge } = structuredClone(data.restored)
    putBack(state.tasks, tasks)
    state.taskCount = Object.keys(state.tasks).length
    putBackItems(state, items)
    // What was brought after that version is not there any more, and may be brought again.
    state.merges = state.merges.filter((merge) => merge.version <= data.toVersion)
    if (knowledge !== null) {
      const { decisions, focus, specs, milestones } = knowledge
      Object.assign(state.knowledge, { decisions, focus, specs, milestones })
    }
    note(state, version, time, `went back to version ${data.toVersion}`)
  },
  'session.redacted': (state, { data, time, version }) => {
    state.redactions += 1
    note(
      state,
      version,
      time,
      `data of ${data.events.length} events and ${data.contents.length} texts taken out`,
    )
  },
}

/** The oldest merge of a session that was merged again since; else the oldest of all. */
function leastNeeded(merges: SessionState['merges']): number {
  const isRepeated = merges.map(({ sessionId }, index) =>
    merges.slice(index + 1).some((later) => later.sessionId === sessionId),
  )
  return Math.max(0, isRepeated.indexOf(true))
}

function putBack<T>(all: Record<string, T>, restored: Readonly<Record<string, T | null>>): void {
  for (const [id, value] of Object.entries(restored)) {
    if (value === null) delete all[id]
    else all[id] = value
  }
}

/** Puts items back and weighs all of them again; what they bring more or less counts until the next report. */
function putBackItems(
  { context, growth }: SessionState,
  items: RecordedEvent<'session.rewound'>['data']['restored']['items'],
): void {
  const sum = (counts: Readonly<Record<string, number>>) => Object.values(counts).reduce((a, b) => a + b, 0)
  const before = sum(context.tokensByCategory)
  putBack(context.items, items)
  context.tokensByCategory = noContext().tokensByCategory
  for (const item of Object.values(context.items)) {
    context.tokensByCategory[item.category] += tokensInWindow(item)
  }
  growth.pendingItemTokens += sum(context.tokensByCategory) - before
}
