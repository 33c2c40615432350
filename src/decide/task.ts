/** Decisions about tasks: each asks the task machine, in the status the task has now. */
import type { DecidedEvent } from '../events/catalogue.ts'
import type { Command, CommandType } from '../events/commands.ts'
import type { SwitchCause, TaskStatus } from '../events/task.ts'
import { type ReadonlyState, taskOf } from '../fold/state.ts'
import { WaymarkError } from '../kernel/errors.ts'
import { limits } from '../kernel/limits.ts'
import {
  accept,
  type Decider,
  type Decision,
  type DecisionContext,
  fieldsOf,
  machinesOf,
  refuse,
} from './decision.ts'
import { dependencyProblem, unmetDependencies } from './dependencies.ts'
import { isRunning, isWarning, type TaskQuestion } from './machines.ts'
import { checkpointNeeded } from './obligation.ts'

type ReadonlyTask = NonNullable<ReturnType<typeof taskOf>>

export const decideAdd: Decider<'task.add'> = (state, command, context) => {
  const subject = `task ${command.taskId}`
  const present = taskOf(state, command.taskId)
  if (present !== undefined) {
    return refuse(state, command.type, 'a task of that id is there already', {
      subject,
      status: present.status,
      accepted: machinesOf(context).acceptedByTask(present),
    })
  }
  if (state.taskCount >= limits.tasksMax) {
    return refuse(state, command.type, `it holds ${limits.tasksMax} tasks, as many as a session may`)
  }
  if (command.parentTaskId !== undefined && taskOf(state, command.parentTaskId) === undefined) {
    return refuse(state, command.type, `its parent task ${command.parentTaskId} is not there`, { subject })
  }
  const problem = dependencyProblem(state, command.taskId, command.dependsOn ?? [])
  if (problem !== null) return refuse(state, command.type, problem, { subject })
  return accept({ type: 'task.added', data: fieldsOf(command) })
}

export const decideDescribe: Decider<'task.describe'> = (state, command) =>
  withTask(state, command.type, command.taskId, (task) => {
    const problem = dependencyProblem(state, task.id, command.dependsOn ?? [])
    if (problem !== null) return refuse(state, command.type, problem, { subject: `task ${task.id}` })
    const same =
      (command.dependsOn === undefined || sameNames(command.dependsOn, task.dependsOn)) &&
      (command.title === undefined || command.title === task.title) &&
      (command.agent === undefined || command.agent === task.agent) &&
      (command.description === undefined || command.description === task.description)
    return same ? accept() : accept({ type: 'task.described', data: fieldsOf(command) })
  })

export const decideStart: Decider<'task.start'> = (state, command, context) => {
  const decision = asked(state, command, context, { type: 'task.start', warned: warned(state) }, (status) => [
    { type: 'task.started', data: { ...fieldsOf(command), status: running(status) } },
  ])
  const unmet = unmetDependencies(state, command.taskId)
  if (!decision.ok || unmet.length === 0) return decision
  return refuse(state, command.type, `it waits for ${unmet.join(', ')}`, {
    subject: `task ${command.taskId}`,
    status: taskOf(state, command.taskId)?.status ?? 'not there',
    accepted: ['task.describe with other dependsOn', 'task.cancel'],
  })
}

export const decideEnterPhase: Decider<'task.enter-phase'> = (state, command, context) =>
  withTask(state, command.type, command.taskId, (task) => {
    if (!isRunning(task.status)) {
      return refuse(state, command.type, 'nobody is working on it', {
        subject: `task ${task.id}`,
        status: task.status,
        accepted: machinesOf(context).acceptedByTask(task),
      })
    }
    return task.phase === command.phase
      ? accept()
      : accept({ type: 'task.phase-entered', data: fieldsOf(command) })
  })

export const decideBlock: Decider<'task.block'> = (state, command, context) =>
  asked(state, command, context, { type: 'task.block', on: command.on }, () => [
    { type: 'task.blocked', data: fieldsOf(command) },
  ])

export const decideUnblock: Decider<'task.unblock'> = (state, command, context) =>
  asked(state, command, context, { type: 'task.unblock', warned: warned(state) }, (status) => [
    {
      type: 'task.unblocked',
      data: { ...fieldsOf(command), status: status === 'pending' ? status : running(status) },
    },
  ])

export const decideComplete: Decider<'task.complete'> = (state, command, context) =>
  asked(state, command, context, { type: 'task.complete' }, () => [
    { type: 'task.completed', data: fieldsOf(command) },
  ])

export const decideFail: Decider<'task.fail'> = (state, command, context) =>
  asked(
    state,
    command,
    context,
    { type: 'task.fail', reason: command.reason, retryable: command.retryable },
    () => [{ type: 'task.failed', data: fieldsOf(command) }],
  )

export const decideCancel: Decider<'task.cancel'> = (state, command, context) =>
  asked(state, command, context, { type: 'task.cancel' }, () => [
    { type: 'task.cancelled', data: fieldsOf(command) },
  ])

export const decideRecover: Decider<'task.recover'> = (state, command, context) => {
  const newest = state.checkpoints[state.checkpoints.length - 1]
  const checkpointId = command.checkpointId ?? newest?.id ?? 'origin'
  if (checkpointId !== 'origin' && !state.checkpoints.some(({ id }) => id === checkpointId)) {
    return refuse(state, command.type, `checkpoint ${checkpointId} is not among the newest of this session`, {
      subject: `task ${command.taskId}`,
      status: taskOf(state, command.taskId)?.status ?? 'not there',
      accepted: ['task.recover with a checkpoint that `waymark checkpoints` lists, or "origin"'],
    })
  }
  return asked(state, command, context, { type: 'task.recover', checkpointId }, () => [
    { type: 'task.recovered', data: { ...fieldsOf(command), checkpointId } },
  ])
}

export const decideSwitchContext: Decider<'task.switch-context'> = (state, command, context) => {
  const question = { type: 'task.switch-context', cause: command.cause } as const
  const decision = askedAll(state, command, context, question, () => ({
    type: 'task.context-switched',
    data: fieldsOf(command),
  }))
  if (!decision.ok || command.inferred === true) return decision
  return checkpointNeeded(state, command.type, context.now) ?? decision
}

export const decideRestoreContext: Decider<'task.restore-context'> = (state, command, context) =>
  askedAll(state, command, context, { type: 'task.restore-context', warned: warned(state) }, (status) => ({
    type: 'task.context-restored',
    data: { ...fieldsOf(command), status: running(status) },
  }))

/** The event by which all running tasks lose their context, if any runs. */
export function switched(state: ReadonlyState, cause: SwitchCause): readonly DecidedEvent[] {
  const taskIds = Object.values(state.tasks)
    .filter((task) => isRunning(task.status))
    .map((task) => task.id)
    .sort()
  return taskIds.length === 0 ? [] : [{ type: 'task.context-switched', data: { taskIds, cause } }]
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, index) => name === b[index])
}

function warned(state: ReadonlyState): boolean {
  return isWarning(state.window.phase)
}

/** A task that was told to run runs. A machine that somebody changed may lead elsewhere: no event could say so. */
function running(status: TaskStatus): 'in_progress' | 'token_warning' {
  if (status === 'in_progress' || status === 'token_warning') return status
  throw new WaymarkError('MACHINES_INVALID', {
    message: `taskMachine leads a task that is to run to ${status}`,
    hint: 'task.start, task.unblock and task.restore-context lead to in_progress or token_warning',
    details: { machine: 'taskMachine', status },
  })
}

function withTask(
  state: ReadonlyState,
  command: CommandType,
  taskId: string,
  decide: (task: ReadonlyTask) => Decision,
): Decision {
  const task = taskOf(state, taskId)
  if (task !== undefined) return decide(task)
  return refuse(state, command, 'there is no such task', {
    subject: `task ${taskId}`,
    status: 'not there',
    accepted: ['task.add'],
  })
}

/** Asks the machine about one task; when it accepts, the events are recorded. */
function asked(
  state: ReadonlyState,
  command: { readonly type: CommandType; readonly taskId: string },
  context: DecisionContext,
  question: TaskQuestion,
  events: (status: TaskStatus) => readonly DecidedEvent[],
): Decision {
  return withTask(state, command.type, command.taskId, (task) => {
    const answer = machinesOf(context).task(task, question)
    if (answer.ok) return { ok: true, events: events(answer.status) }
    const { reason, accepted } = answer
    return refuse(state, command.type, reason, { subject: `task ${task.id}`, status: task.status, accepted })
  })
}

/** Asks the machine about several tasks: all are accepted and go to one status, or the first refusal stands for all. */
function askedAll(
  state: ReadonlyState,
  command: Command<'task.switch-context' | 'task.restore-context'>,
  context: DecisionContext,
  question: TaskQuestion,
  event: (status: TaskStatus) => DecidedEvent,
): Decision {
  if (new Set(command.taskIds).size !== command.taskIds.length) {
    return refuse(state, command.type, 'a task is named twice')
  }
  let decision: Decision = accept()
  for (const taskId of command.taskIds) {
    decision = asked(state, { type: command.type, taskId }, context, question, (status) => [event(status)])
    if (!decision.ok) return decision
  }
  return decision
}
