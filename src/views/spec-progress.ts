/** How far SPECs are: as it was stated, else by how many of their tasks are completed. */
import type { SpecStatus } from '../events/knowledge.ts'
import type { ReadonlyState } from '../fold/state.ts'
import type { TaskView } from './task-list.ts'
import { inNaturalOrder } from './text.ts'

export interface SpecView {
  readonly id: string
  readonly title: string | null
  readonly phase: string | null
  /** `null` when only its tasks tell of it. */
  readonly status: SpecStatus | null
  /** `null` when it was not stated and has no tasks. */
  readonly progressPercent: number | null
  readonly progressBy: 'statement' | 'tasks' | null
  readonly completedSteps: readonly string[]
  readonly nextStep: string | null
  readonly tasks: { readonly total: number; readonly completed: number }
}

const specPrefix = /^SPEC-/

/**
 * The SPEC that each task belongs to, by task id; tasks that belong to none are left out. It is what was said of the task or of the
 * nearest task above it, else the id of the topmost task that begins with `SPEC-`.
 */
export function specsByTask(state: Pick<ReadonlyState, 'tasks'>): ReadonlyMap<string, string> {
  const known = new Map<string, SpecNames>()
  for (const task of Object.values(state.tasks)) {
    // Up to a task whose names are known, then down again: each task is looked at once, however deep they lie.
    const path = new Map<string, TaskView>()
    for (
      let at: TaskView | undefined = task;
      at !== undefined && !path.has(at.id);
      at = parentOf(state, at)
    ) {
      if (known.has(at.id)) break
      path.set(at.id, at)
    }
    for (const below of [...path.values()].reverse()) {
      const above = known.get(below.parentTaskId ?? '')
      const ownName = specPrefix.test(below.id) ? below.id : null
      known.set(below.id, { stated: below.specId ?? above?.stated ?? null, named: above?.named ?? ownName })
    }
  }
  const specs = new Map<string, string>()
  for (const [taskId, { stated, named }] of known) {
    const spec = stated ?? named
    if (spec !== null) specs.set(taskId, spec)
  }
  return specs
}

interface SpecNames {
  readonly stated: string | null
  readonly named: string | null
}

function parentOf({ tasks }: Pick<ReadonlyState, 'tasks'>, { parentTaskId }: TaskView): TaskView | undefined {
  return parentTaskId !== null && Object.hasOwn(tasks, parentTaskId) ? tasks[parentTaskId] : undefined
}

/** All SPECs that were spoken of or have tasks, in natural order. */
export function specViews(state: Pick<ReadonlyState, 'tasks' | 'knowledge'>): readonly SpecView[] {
  const counts = new Map<string, { total: number; completed: number }>()
  for (const [taskId, id] of specsByTask(state)) {
    const count = counts.get(id) ?? { total: 0, completed: 0 }
    count.total += 1
    if (state.tasks[taskId]?.status === 'completed') count.completed += 1
    counts.set(id, count)
  }
  const { specs } = state.knowledge
  const ids = [...new Set([...Object.keys(specs), ...counts.keys()])].sort(inNaturalOrder)
  return ids.map((id) => {
    const spec = Object.hasOwn(specs, id) ? specs[id] : undefined
    const tasks = counts.get(id) ?? { total: 0, completed: 0 }
    return {
      id,
      title: spec?.title ?? null,
      phase: spec?.phase ?? null,
      status: spec?.status ?? null,
      ...progressOf(spec?.progressPercent ?? null, tasks),
      completedSteps: spec?.completedSteps ?? [],
      nextStep: spec?.nextStep ?? null,
      tasks,
    }
  })
}

function progressOf(
  stated: number | null,
  { total, completed }: SpecView['tasks'],
): Pick<SpecView, 'progressPercent' | 'progressBy'> {
  if (stated !== null) return { progressPercent: stated, progressBy: 'statement' }
  if (total === 0) return { progressPercent: null, progressBy: null }
  return { progressPercent: (completed * 100) / total, progressBy: 'tasks' }
}
