/** The tasks of a session in the order they were added, each below its parent. */
import type { TaskStatus } from '../events/task.ts'
import type { ReadonlyState } from '../fold/state.ts'
import { inNaturalOrder, namesText, type Tone } from './text.ts'

export type TaskView = ReadonlyState['tasks'][string]

export interface TaskRow {
  readonly task: TaskView
  /** Levels below the tasks that have no parent here. */
  readonly depth: number
  /** What there is to say beside the status: what it waits for, why it failed. */
  readonly remark: string
  readonly tone: Tone
}

/** How a status is told apart where there is colour. */
export const toneOfStatus: Readonly<Record<TaskStatus, Tone>> = {
  pending: 'plain',
  in_progress: 'notice',
  blocked: 'warning',
  token_warning: 'warning',
  context_switch: 'warning',
  completed: 'good',
  failed: 'bad',
  recovered: 'notice',
}

const remarkOf: Readonly<Record<TaskStatus, (task: TaskView) => string>> = {
  pending: () => '',
  in_progress: ({ attempts }) => (attempts > 1 ? `attempt ${attempts}` : ''),
  blocked: ({ blockedOn }) =>
    blockedOn === null
      ? ''
      : ['waits for', blockedOn.kind, namesText(blockedOn.ids ?? []), blockedOn.detail]
          .filter(Boolean)
          .join(' '),
  token_warning: () => 'the window is filling up',
  context_switch: ({ switchCause }) => `lost its context: ${switchCause ?? 'unknown'}`,
  completed: () => '',
  failed: ({ reason, retryable }) =>
    `${reason ?? 'no reason given'}${retryable === true ? ', can be recovered' : ''}`,
  recovered: ({ checkpointId }) => `goes on from ${checkpointId ?? 'a checkpoint'}`,
}

const statusesInHand: ReadonlySet<TaskStatus> = new Set([
  'in_progress',
  'token_warning',
  'context_switch',
  'recovered',
])

/** Tasks that somebody is working on or has to take up again, oldest first. */
export function currentTasks(state: Pick<ReadonlyState, 'tasks'>): readonly TaskView[] {
  return tasksInOrder(state).filter(({ status }) => statusesInHand.has(status))
}

/** Milliseconds a task has been running until `now`, pauses left out. A clock that stepped back takes nothing away. */
export function elapsedMs(task: Pick<TaskView, 'runningSince' | 'workedMs'>, now: string): number {
  const runningMs = task.runningSince === null ? 0 : Date.parse(now) - Date.parse(task.runningSince)
  return task.workedMs + Math.max(0, runningMs)
}

/** Milliseconds of silence after which nobody is taken to work on a session any more. */
const silenceMs = 3_600_000

/**
 * The moment until which the time of running tasks is reckoned: `now` while the session is being worked on, else its last
 * event. A session that was left in the middle of a task does not make that task run for months.
 */
export function presentOf(state: Pick<ReadonlyState, 'status' | 'lastEventAt'>, now: string): string {
  const { status, lastEventAt } = state
  if (lastEventAt === null) return now
  const isSilent = Date.parse(now) - Date.parse(lastEventAt) > silenceMs
  return status === 'active' && !isSilent ? now : lastEventAt
}

/** All tasks, oldest first; the keys of state stand in no particular order. */
export function tasksInOrder(state: Pick<ReadonlyState, 'tasks'>): readonly TaskView[] {
  return Object.values(state.tasks).sort(
    (a, b) => (a.addedAt < b.addedAt ? -1 : a.addedAt > b.addedAt ? 1 : 0) || inNaturalOrder(a.id, b.id),
  )
}

/** The same tasks as rows, children following their parent. */
export function taskList(state: ReadonlyState): readonly TaskRow[] {
  const tasks = tasksInOrder(state)
  const childrenOf = new Map<string | null, TaskView[]>()
  for (const task of tasks) {
    const parent =
      task.parentTaskId !== null && Object.hasOwn(state.tasks, task.parentTaskId) ? task.parentTaskId : null
    const siblings = childrenOf.get(parent)
    if (siblings === undefined) childrenOf.set(parent, [task])
    else siblings.push(task)
  }
  const rows: TaskRow[] = []
  // A parent was there before its child was added, so no task is below itself; the stack holds what is still to be shown.
  const waiting = [...(childrenOf.get(null) ?? [])].reverse().map((task) => ({ task, depth: 0 }))
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { task, depth } = next
    rows.push({ task, depth, remark: remarkOf[task.status](task), tone: toneOfStatus[task.status] })
    const children = childrenOf.get(task.id) ?? []
    for (const child of [...children].reverse()) waiting.push({ task: child, depth: depth + 1 })
  }
  return rows
}

/** How many tasks stand in each status that occurs, in the order of a task's life. */
export function taskCounts(state: ReadonlyState): Readonly<Partial<Record<TaskStatus, number>>> {
  const counts: Partial<Record<TaskStatus, number>> = {}
  const tasks = Object.values(state.tasks)
  for (const status of Object.keys(toneOfStatus) as TaskStatus[]) {
    const count = tasks.filter((task) => task.status === status).length
    if (count > 0) counts[status] = count
  }
  return counts
}

/** `2 completed, 1 in progress`, or `none`. */
export function taskCountsText(state: ReadonlyState): string {
  const counts = Object.entries(taskCounts(state)).map(
    ([status, count]) => `${count} ${status.replaceAll('_', ' ')}`,
  )
  return counts.length === 0 ? 'none' : counts.join(', ')
}
