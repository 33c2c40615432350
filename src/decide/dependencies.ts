/** Tasks that wait for other tasks: what each still waits for, and what no order could satisfy. */
import { type ReadonlyState, taskOf } from '../fold/state.ts'

/** The tasks it depends on that are not completed, in the order they were named. */
export function unmetDependencies(state: ReadonlyState, taskId: string): readonly string[] {
  const dependsOn = taskOf(state, taskId)?.dependsOn ?? []
  return dependsOn.filter((id) => taskOf(state, id)?.status !== 'completed')
}

/** What is impossible about the tasks that a task is to depend on, or `null`. */
export function dependencyProblem(
  state: ReadonlyState,
  taskId: string,
  dependsOn: readonly string[],
): string | null {
  if (new Set(dependsOn).size !== dependsOn.length) return 'a task is named twice among those it depends on'
  const unknown = dependsOn.find((id) => id !== taskId && taskOf(state, id) === undefined)
  if (unknown !== undefined) return `task ${unknown}, which it is to depend on, is not there`
  // A task that is not there yet is waited for by none: only it itself could lead back to it.
  const isNew = taskOf(state, taskId) === undefined
  const cycle = isNew && !dependsOn.includes(taskId) ? null : pathTo(state, taskId, dependsOn)
  return cycle === null ? null : `it would wait for itself: ${[taskId, ...cycle].join(' → ')}`
}

/** A way from `dependsOn` back to the task, or `null`. Each task is looked at once, whatever the shape of the graph. */
function pathTo(
  state: ReadonlyState,
  taskId: string,
  dependsOn: readonly string[],
): readonly string[] | null {
  const cameFrom = new Map<string, string | null>(dependsOn.map((id) => [id, null]))
  for (const id of cameFrom.keys()) {
    if (id === taskId) return backFrom(cameFrom, id)
    for (const next of taskOf(state, id)?.dependsOn ?? []) {
      if (!cameFrom.has(next)) cameFrom.set(next, id)
    }
  }
  return null
}

function backFrom(cameFrom: ReadonlyMap<string, string | null>, end: string): readonly string[] {
  const path: string[] = []
  for (let at: string | null = end; at !== null; at = cameFrom.get(at) ?? null) path.unshift(at)
  return path
}
