/** From the status a task has to the one a list says: the commands that lead there, one step at a time. */
import type { Command } from '../events/commands.ts'
import type { TaskStatus, Wait } from '../events/task.ts'
import type { ReadonlyState } from '../fold/state.ts'
import type { MarkedStatus } from './task-text.ts'

type StepName =
  | 'start'
  | 'block'
  | 'unblock'
  | 'switch'
  | 'restore'
  | 'complete'
  | 'fail'
  | 'cancel'
  | 'recover'

/** What to ask for next, by where the task is to go and where it stands; `null` where no way leads there. */
const nextStep = {
  pending: {
    pending: null,
    in_progress: null,
    blocked: 'unblock',
    token_warning: null,
    context_switch: null,
    completed: null,
    failed: null,
    recovered: null,
  },
  running: {
    pending: 'start',
    in_progress: null,
    blocked: 'unblock',
    token_warning: null,
    context_switch: 'restore',
    completed: null,
    failed: 'recover',
    recovered: 'start',
  },
  blocked: {
    pending: 'block',
    in_progress: 'block',
    blocked: null,
    token_warning: 'block',
    context_switch: 'restore',
    completed: null,
    failed: 'recover',
    recovered: 'start',
  },
  context_switch: {
    pending: 'start',
    in_progress: 'switch',
    blocked: 'unblock',
    token_warning: 'switch',
    context_switch: null,
    completed: null,
    failed: 'recover',
    recovered: 'start',
  },
  completed: {
    pending: 'start',
    in_progress: 'complete',
    blocked: 'complete',
    token_warning: 'complete',
    context_switch: 'restore',
    completed: null,
    failed: 'recover',
    recovered: 'start',
  },
  failed: {
    pending: 'start',
    in_progress: 'fail',
    blocked: 'fail',
    token_warning: 'fail',
    context_switch: 'fail',
    completed: null,
    failed: null,
    recovered: 'fail',
  },
  cancelled: {
    pending: 'cancel',
    in_progress: 'cancel',
    blocked: 'cancel',
    token_warning: 'cancel',
    context_switch: 'cancel',
    completed: null,
    failed: 'cancel',
    recovered: 'cancel',
  },
  recovered: {
    pending: 'start',
    in_progress: 'fail',
    blocked: 'fail',
    token_warning: 'fail',
    context_switch: 'fail',
    completed: null,
    failed: 'recover',
    recovered: null,
  },
} as const satisfies Record<MarkedStatus, Record<TaskStatus, StepName | null>>

/** The command that leads to a status at once: asked for where no way leads there, because its refusal says why. */
const directStep: Readonly<Record<MarkedStatus, StepName>> = {
  pending: 'unblock',
  running: 'start',
  blocked: 'block',
  context_switch: 'switch',
  completed: 'complete',
  failed: 'fail',
  cancelled: 'cancel',
  recovered: 'recover',
}

/** More steps than any way has: recover, start, block. */
export const stepsMax = 5

/** What the commands say beside where the task goes. */
export interface StepWords {
  readonly on: Wait
  readonly reason: string
  readonly retryable: boolean
  readonly cancelled: string
  readonly agent?: string
  readonly workSessionId?: string
  readonly checkpointId?: Command<'task.recover'>['checkpointId']
}

const where = 'in active-tasks.md'
const wordsOfList: StepWords = {
  on: { kind: 'external', detail: `marked as blocked ${where}` },
  reason: `marked as failed ${where}`,
  retryable: true,
  cancelled: `cancelled ${where}`,
}

/** Commands that change where a task stands. */
export type TaskStep = Command<
  | 'task.start'
  | 'task.block'
  | 'task.unblock'
  | 'task.switch-context'
  | 'task.restore-context'
  | 'task.complete'
  | 'task.fail'
  | 'task.cancel'
  | 'task.recover'
>

type Task = ReadonlyState['tasks'][string]

/** The command that brings a task nearer to a status, or `null` where none does. */
export function stepTowards(
  wanted: MarkedStatus,
  task: Task,
  words: StepWords = wordsOfList,
): TaskStep | null {
  const step: StepName | null = nextStep[wanted][task.status]
  return step === null ? null : commandOf(step, task.id, words)
}

/** The command whose refusal says why a task cannot have a status. */
export function directCommand(wanted: MarkedStatus, taskId: string): TaskStep {
  return commandOf(directStep[wanted], taskId, wordsOfList)
}

function commandOf(step: StepName, taskId: string, words: StepWords): TaskStep {
  const { on, reason, retryable, cancelled, agent, workSessionId, checkpointId } = words
  switch (step) {
    case 'start':
      return {
        type: 'task.start',
        taskId,
        ...(agent === undefined ? {} : { agent }),
        ...(workSessionId === undefined ? {} : { workSessionId }),
      }
    case 'block':
      return { type: 'task.block', taskId, on }
    case 'unblock':
      return { type: 'task.unblock', taskId }
    case 'switch':
      return { type: 'task.switch-context', taskIds: [taskId], cause: 'other' }
    case 'restore':
      return { type: 'task.restore-context', taskIds: [taskId] }
    case 'complete':
      return { type: 'task.complete', taskId }
    case 'fail':
      return { type: 'task.fail', taskId, reason, retryable }
    case 'cancel':
      return { type: 'task.cancel', taskId, detail: cancelled }
    case 'recover':
      return { type: 'task.recover', taskId, ...(checkpointId === undefined ? {} : { checkpointId }) }
  }
}
