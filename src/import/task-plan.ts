/** The legal way of a task from where it stands to where the source says it is. Steps the source skipped are inferred. */
import type { Command } from '../events/commands.ts'
import type { TaskStatus } from '../events/task.ts'
import { type ReadonlyState, taskOf } from '../fold/state.ts'
import type { AwaitTasks, DescribeTask, ReachTask } from './step.ts'

type Task = NonNullable<ReturnType<typeof taskOf>>
type Target = ReachTask['target']

/** `again`: what is over stays over, and the source's task goes on as a new one of the same name. */
type Move = 'again' | 'start' | 'unblock' | 'restore' | 'complete' | 'cancel' | 'set-back'

/** The moves from every status to every target; the last one is what the source said, those before it are inferred. */
const routes: Readonly<Record<Target, Readonly<Record<TaskStatus, readonly Move[]>>>> = {
  pending: {
    pending: [],
    in_progress: ['set-back'],
    blocked: [],
    token_warning: ['set-back'],
    context_switch: ['set-back'],
    completed: ['again'],
    failed: ['again'],
    recovered: [],
  },
  running: {
    pending: ['start'],
    in_progress: [],
    blocked: ['unblock', 'start'],
    token_warning: [],
    context_switch: ['restore'],
    completed: ['again', 'start'],
    failed: ['again', 'start'],
    recovered: ['start'],
  },
  completed: {
    pending: ['start', 'complete'],
    in_progress: ['complete'],
    blocked: ['complete'],
    token_warning: ['complete'],
    context_switch: ['restore', 'complete'],
    completed: [],
    failed: ['again', 'start', 'complete'],
    recovered: ['start', 'complete'],
  },
  cancelled: {
    pending: ['cancel'],
    in_progress: ['cancel'],
    blocked: ['cancel'],
    token_warning: ['cancel'],
    context_switch: ['cancel'],
    completed: [],
    failed: [],
    recovered: ['cancel'],
  },
}

/** From a task that is not there yet. */
const firstRoutes: Readonly<Record<Target, readonly Move[]>> = {
  pending: ['again'],
  running: ['again', 'start'],
  completed: ['again', 'start', 'complete'],
  cancelled: [],
}

/** The commands that bring a task where the source says it is. */
export function commandsToReach(state: ReadonlyState, intent: ReachTask): readonly Command[] {
  const { current, next } = generationsOf(state, intent.name)
  const anew = intent.origin === 'created' || current === undefined
  const moves = anew ? firstRoutes[intent.target] : routes[intent.target][current.status]
  const taskId = anew || moves[0] === 'again' ? next : current.id
  const commands = moves.flatMap((move, index) =>
    commandsOfMove(move, taskId, anew ? undefined : current, intent, index < moves.length - 1),
  )
  const ends = intent.target === 'completed' || intent.target === 'cancelled'
  return ends && moves.length > 0 ? [...commands, ...released(state, taskId)] : commands
}

function commandsOfMove(
  move: Move,
  taskId: string,
  task: Task | undefined,
  intent: ReachTask,
  skippedBySource: boolean,
): readonly Command[] {
  const inferred = skippedBySource ? { inferred: true } : {}
  switch (move) {
    case 'again': {
      const { title, description, origin } = intent
      const described = description === undefined ? {} : { description }
      return [
        { type: 'task.add', taskId, title, ...described, ...(origin === 'known' ? { inferred: true } : {}) },
      ]
    }
    case 'start':
      // A task that was blocked while it ran runs again once it is unblocked.
      return task?.returnsTo === 'running' ? [] : [{ type: 'task.start', taskId, ...inferred }]
    case 'unblock':
      return [{ type: 'task.unblock', taskId, inferred: true }]
    case 'restore':
      return [{ type: 'task.restore-context', taskIds: [taskId], inferred: true }]
    case 'complete':
      return [{ type: 'task.complete', taskId }]
    case 'cancel':
      return [
        { type: 'task.cancel', taskId, ...(intent.detail === undefined ? {} : { detail: intent.detail }) },
      ]
    case 'set-back':
      return [
        {
          type: 'observation.record',
          kind: 'task-set-back',
          detail: `${taskId} is pending again in the source`,
        },
      ]
  }
}

/** Tasks that waited for nothing but tasks which are over now, this one included. */
function released(state: ReadonlyState, taskId: string): readonly Command[] {
  return Object.values(state.tasks)
    .filter((task) => {
      const ids =
        task.status === 'blocked' && task.blockedOn?.kind === 'task' ? (task.blockedOn.ids ?? []) : []
      return ids.includes(taskId) && ids.every((id) => id === taskId || isOver(taskOf(state, id)))
    })
    .map(({ id }) => ({ type: 'task.unblock', taskId: id, inferred: true }))
}

function isOver(task: Task | undefined): boolean {
  return task === undefined || task.status === 'completed' || task.status === 'failed'
}

/** The commands that give a task its new words; a task never seen before is added with them. */
export function commandsToDescribe(state: ReadonlyState, intent: DescribeTask): readonly Command[] {
  const { current, next } = generationsOf(state, intent.name)
  const { title, description } = intent
  const described = description === undefined ? {} : { description }
  if (current === undefined) {
    return [{ type: 'task.add', taskId: next, title: title ?? intent.name, ...described, inferred: true }]
  }
  const titled = title === undefined ? {} : { title }
  return [{ type: 'task.describe', taskId: current.id, ...titled, ...described }]
}

const waitIdsMax = 100

/** The commands that make a task wait for others, beside those it waits for already. */
export function commandsToAwait(state: ReadonlyState, intent: AwaitTasks): readonly Command[] {
  const { current, next } = generationsOf(state, intent.name)
  const on = intent.on
    .map((name) => generationsOf(state, name).current)
    .flatMap((task) => (task === undefined || isOver(task) || task.id === current?.id ? [] : [task.id]))
  if (on.length === 0 || (current !== undefined && isOver(current))) return []
  const taskId = current?.id ?? next
  const before = current?.blockedOn?.kind === 'task' ? (current.blockedOn.ids ?? []) : []
  const ids = [...new Set([...before, ...on])].slice(0, waitIdsMax)
  if (ids.length === before.length) return []
  const block: Command = { type: 'task.block', taskId, on: { kind: 'task', ids } }
  return [...waysToBlock(current, taskId, intent.name), block]
}

function waysToBlock(task: Task | undefined, taskId: string, title: string): readonly Command[] {
  if (task === undefined) return [{ type: 'task.add', taskId, title, inferred: true }]
  if (task.status === 'blocked') return [{ type: 'task.unblock', taskId, inferred: true }]
  if (task.status === 'context_switch')
    return [{ type: 'task.restore-context', taskIds: [taskId], inferred: true }]
  if (task.status === 'recovered') return [{ type: 'task.start', taskId, inferred: true }]
  return []
}

/** The newest task of a name, and the id the next one of that name gets. */
function generationsOf(
  state: ReadonlyState,
  name: string,
): { readonly current: Task | undefined; readonly next: string } {
  let current = taskOf(state, name)
  if (current === undefined) return { current, next: name }
  for (let generation = 2; ; generation++) {
    const id = `${name}.${generation}`
    const task = taskOf(state, id)
    if (task === undefined) return { current, next: id }
    current = task
  }
}
