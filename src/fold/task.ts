/** How task events change state. Total: an event about a task that is not there changes nothing. */
import type { RecordedEvent } from '../events/envelope.ts'
import type { TaskStatus } from '../events/task.ts'
import type { Recipes } from './recipe.ts'
import { note } from './recipe.ts'
import type { SessionState, Task } from './state.ts'
import { msBetween } from './times.ts'

export const taskRecipes: Pick<
  Recipes,
  | 'task.added'
  | 'task.described'
  | 'task.started'
  | 'task.phase-entered'
  | 'task.blocked'
  | 'task.unblocked'
  | 'task.context-switched'
  | 'task.context-restored'
  | 'task.completed'
  | 'task.failed'
  | 'task.cancelled'
  | 'task.recovered'
  | 'task.warned'
  | 'task.relieved'
> = {
  'task.added': (state, { data, time, version }) => {
    if (!Object.hasOwn(state.tasks, data.taskId)) state.taskCount += 1
    state.tasks[data.taskId] = newTask(data, time)
    note(state, version, time, `task ${data.taskId} added: ${data.title}`)
  },
  'task.described': (state, { data }) => {
    const task = find(state, data.taskId)
    if (task === undefined) return
    if (data.title !== undefined) task.title = data.title
    if (data.description !== undefined) task.description = data.description
    if (data.dependsOn !== undefined) task.dependsOn = data.dependsOn
    if (data.agent !== undefined) task.agent = data.agent
  },
  'task.started': (state, { data, time, version }) => {
    const task = find(state, data.taskId)
    if (task === undefined) return
    enter(task, data.status, time)
    task.agent = data.agent ?? null
    task.workSessionId = data.workSessionId ?? null
    task.attempts += 1
    task.startedAt ??= time
    task.endedAt = null
    note(state, version, time, `task ${data.taskId} started`)
  },
  'task.phase-entered': (state, { data, time, version }) => {
    const task = find(state, data.taskId)
    if (task === undefined) return
    task.phase = data.phase
    note(state, version, time, `task ${data.taskId} enters ${data.phase}`)
  },
  'task.blocked': (state, { data, time, version }) => {
    const task = find(state, data.taskId)
    if (task === undefined) return
    const returnsTo = task.status === 'pending' ? 'pending' : 'running'
    enter(task, 'blocked', time)
    task.blockedOn = data.on
    task.returnsTo = returnsTo
    note(state, version, time, `task ${data.taskId} blocked on ${data.on.kind}`)
  },
  'task.unblocked': (state, { data, time, version }) => {
    const task = find(state, data.taskId)
    if (task === undefined) return
    enter(task, data.status, time)
    note(state, version, time, `task ${data.taskId} unblocked`)
  },
  'task.context-switched': (state, { data, time }) => {
    for (const taskId of data.taskIds) {
      const task = find(state, taskId)
      if (task === undefined) continue
      enter(task, 'context_switch', time)
      task.switchCause = data.cause
      task.returnsTo = 'running'
    }
  },
  'task.context-restored': (state, { data, time }) => enterAll(state, data.taskIds, data.status, time),
  'task.warned': (state, { data, time }) => enterAll(state, data.taskIds, 'token_warning', time),
  'task.relieved': (state, { data, time }) => enterAll(state, data.taskIds, 'in_progress', time),
  'task.completed': (state, { data, time, version }) => {
    const task = find(state, data.taskId)
    if (task === undefined) return
    enter(task, 'completed', time)
    task.endedAt = time
    note(state, version, time, `task ${data.taskId} completed`)
  },
  'task.failed': (state, { data, time, version }) => {
    fail(state, data.taskId, data.reason, data.retryable, time)
    note(state, version, time, `task ${data.taskId} failed: ${data.reason}`)
  },
  'task.cancelled': (state, { data, time, version }) => {
    fail(state, data.taskId, 'cancelled', false, time)
    note(state, version, time, `task ${data.taskId} cancelled`)
  },
  'task.recovered': (state, { data, time, version }) => {
    const task = find(state, data.taskId)
    if (task === undefined) return
    enter(task, 'recovered', time)
    task.checkpointId = data.checkpointId
    task.endedAt = null
    if (data.checkpointId !== 'origin') state.recoveredFrom = data.checkpointId
    note(state, version, time, `task ${data.taskId} recovered from ${data.checkpointId}`)
  },
}

function newTask(data: RecordedEvent<'task.added'>['data'], addedAt: string): Task {
  return {
    id: data.taskId,
    title: data.title,
    description: data.description ?? null,
    parentTaskId: data.parentTaskId ?? null,
    specId: data.specId ?? null,
    phase: null,
    dependsOn: data.dependsOn ?? [],
    agent: null,
    workSessionId: null,
    status: 'pending',
    blockedOn: null,
    returnsTo: null,
    switchCause: null,
    retryable: null,
    reason: null,
    checkpointId: null,
    attempts: 0,
    addedAt,
    startedAt: null,
    endedAt: null,
    runningSince: null,
    workedMs: 0,
  }
}

function find(state: SessionState, taskId: string): Task | undefined {
  return Object.hasOwn(state.tasks, taskId) ? state.tasks[taskId] : undefined
}

/** Moves a task into a status and clears what only the status it leaves had. */
function enter(task: Task, status: TaskStatus, time: string): void {
  keepTime(task, status, time)
  task.status = status
  task.blockedOn = null
  task.returnsTo = null
  task.switchCause = null
  task.retryable = null
  task.reason = null
}

/** Adds up the time that a task runs. A clock that stepped back adds nothing. */
function keepTime(task: Task, status: TaskStatus, time: string): void {
  const runs = status === 'in_progress' || status === 'token_warning'
  if (runs) task.runningSince ??= time
  else if (task.runningSince !== null) {
    task.workedMs += Math.max(0, msBetween(task.runningSince, time))
    task.runningSince = null
  }
}

function enterAll(state: SessionState, taskIds: readonly string[], status: TaskStatus, time: string): void {
  for (const taskId of taskIds) {
    const task = find(state, taskId)
    if (task !== undefined) enter(task, status, time)
  }
}

function fail(state: SessionState, taskId: string, reason: string, retryable: boolean, time: string): void {
  const task = find(state, taskId)
  if (task === undefined) return
  enter(task, 'failed', time)
  task.reason = reason
  task.retryable = retryable
  task.endedAt = time
}
