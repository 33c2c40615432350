/** Decisions about merges, rewinds and redactions. What they bring has been worked out by whoever sends them. */
import type { Restored } from '../events/branch.ts'
import { type ReadonlyState, taskOf } from '../fold/state.ts'
import { limits } from '../kernel/limits.ts'
import { accept, type Decider, fieldsOf, refuse } from './decision.ts'
import { isRunning, isWarning } from './machines.ts'

export const decideMerge: Decider<'session.merge'> = (state, command) => {
  const { sourceSessionId, sourceVersion, baseVersion } = command
  if (state.machine !== undefined) return refuse(state, command.type, `a machine runs in it, ${ownWay}`)
  if (sourceSessionId === state.sessionId) {
    return refuse(state, command.type, 'a session cannot be merged into itself')
  }
  if (sourceVersion < baseVersion) {
    return refuse(state, command.type, `version ${sourceVersion} lies before the base ${baseVersion}`)
  }
  const merged = state.merges.filter(({ sessionId }) => sessionId === sourceSessionId)
  const newest = Math.max(0, ...merged.map((entry) => entry.sourceVersion))
  // What was merged before and has nothing new has nothing to add.
  if (sourceVersion <= newest) return accept()
  return accept({ type: 'session.merged', data: fieldsOf(command) })
}

/** What is brought or put back are tasks, items and knowledge: the machine would stay where it is, and they would not fit to it. */
const ownWay = 'and where that is comes from its own events alone: fork it at the version to go on from'

export const decideRewind: Decider<'session.rewind'> = (state, command) => {
  if (state.machine !== undefined) return refuse(state, command.type, `a machine runs in it, ${ownWay}`)
  if (command.toVersion >= state.version) {
    return refuse(state, command.type, `version ${command.toVersion} is not earlier than ${state.version}`)
  }
  const problem = problemOf(state, command.restored)
  if (problem !== null) return refuse(state, command.type, problem)
  return accept({ type: 'session.rewound', data: fieldsOf(command) })
}

/** What does not fit together in what is to be put back, or `null`. */
function problemOf(state: ReadonlyState, { tasks, items }: Restored): string | null {
  const misnamed = [
    ...Object.entries(tasks).map(([id, task]) => [id, task?.id ?? id] as const),
    ...Object.entries(items).map(([tag, item]) => [tag, item?.tag ?? tag] as const),
  ].find(([key, own]) => key !== own)
  if (misnamed !== undefined) return `${misnamed[0]} is called ${misnamed[1]} inside`
  const isThere = (id: string) =>
    Object.hasOwn(tasks, id) ? tasks[id] !== null : taskOf(state, id) !== undefined
  for (const task of Object.values(tasks)) {
    const needed = task === null ? [] : [...task.dependsOn, task.parentTaskId ?? task.id]
    const missing = needed.find((id) => !isThere(id))
    if (missing !== undefined) return `task ${task?.id} needs task ${missing}, which would not be there`
  }
  const running = isWarning(state.window.phase) ? 'token_warning' : 'in_progress'
  const misfit = Object.values(tasks).find(
    (task) => task !== null && isRunning(task.status) && task.status !== running,
  )
  if (misfit !== undefined) return `task ${misfit?.id} would be ${misfit?.status}; the budget says ${running}`
  const taskCount = new Set([...Object.keys(state.tasks), ...Object.keys(tasks)]).size
  if (taskCount > limits.tasksMax) return `it would hold more than ${limits.tasksMax} tasks`
  return null
}

export const decideRedact: Decider<'session.redact'> = (state, command) => {
  const future = command.events.find(({ version }) => version > state.version)
  if (future !== undefined) return refuse(state, command.type, `there is no version ${future.version} yet`)
  if (command.events.length === 0 && command.contents.length === 0) return accept()
  return accept({ type: 'session.redacted', data: fieldsOf(command) })
}
