/**
 * The task machine's truth: what is decided for every command in every status, and why the refused ones are.
 * Shown as numbered rows in docs/spec/task.md.
 */
import type { SwitchCause, TaskStatus, Wait } from '../src/events/task.ts'
import { namesOf, type Refused, refused, type To, to } from './table.ts'

/** What a blocked task waits for, as it may be handed around: nothing in it is changed. */
export type TaskWait = Readonly<Omit<Wait, 'ids'>> & { readonly ids?: readonly string[] | undefined }

/** Whether the budget is in warning or above now; not said means it is not. */
interface UnderBudget {
  readonly warned?: boolean | undefined
}

/** What a task can be told to do: the events of the machine. */
export type TaskCommand =
  | ({ readonly type: 'task.start' } & UnderBudget)
  | { readonly type: 'task.block'; readonly on: TaskWait }
  | ({ readonly type: 'task.unblock' } & UnderBudget)
  | { readonly type: 'task.warn' }
  | { readonly type: 'task.relieve' }
  | { readonly type: 'task.switch-context'; readonly cause: SwitchCause }
  | ({ readonly type: 'task.restore-context' } & UnderBudget)
  | { readonly type: 'task.complete' }
  | { readonly type: 'task.fail'; readonly reason: string; readonly retryable: boolean }
  | { readonly type: 'task.cancel' }
  | { readonly type: 'task.recover'; readonly checkpointId: string }

export type TaskCommandName = TaskCommand['type']

/** What a task remembers beside its status. A field that says nothing about the present status is `null`. */
export interface TaskContext {
  /** What it waits for while blocked. */
  readonly on: TaskWait | null
  /** Where it returns to from `blocked` or `context_switch`. */
  readonly returnsTo: 'pending' | 'running' | null
  /** Why it lost its context, during `context_switch`. */
  readonly cause: SwitchCause | null
  /** While failed: may it be recovered? */
  readonly retryable: boolean | null
  /** While failed: why; `cancelled` for a cancelled task. */
  readonly reason: string | null
  /** The checkpoint its latest recovery went on from. It stays until the next recovery. */
  readonly checkpointId: string | null
  /** Times it was started: once, and once after each recovery. */
  readonly attempts: number
}

/** Accepted, and running again: `in_progress`, or `token_warning` when warned. */
interface Running {
  readonly kind: 'running'
}

/** Accepted, and back where the task was before it waited: pending, or running as the budget says now. */
interface Back {
  readonly kind: 'back'
}

/** Accepted while the failed task may be retried; refused with this reason when it was given up. */
interface IfRetryable {
  readonly kind: 'if-retryable'
  readonly status: TaskStatus
  readonly otherwise: string
}

/** One decision of the table: where a command leads in a status, or why it is refused. */
export type TaskCell = To<TaskStatus> | Running | Back | IfRetryable | Refused

export type TaskTable = Readonly<Record<TaskStatus, Readonly<Record<TaskCommandName, TaskCell>>>>

const running: Running = { kind: 'running' }
const back: Back = { kind: 'back' }
const ifRetryable = (status: TaskStatus, otherwise: string): IfRetryable => ({
  kind: 'if-retryable',
  status,
  otherwise,
})

const notSwitched = refused('its context has not been switched')
const notRunningYet = refused('it does not run yet; starting it asks the budget')
const notStarted = refused('it has not been started; start or cancel it')
const started = refused('it has been started already')
const unblockFirst = refused('it waits for something; unblock it first')
const restoreFirst = refused('its context has been switched; restore the context first')
const completed = refused('it is completed, and that is final')
const failed = refused('it has failed; recover it first, if it can be retried')
const startAgain = refused('it has been recovered but not started again; start it first')

/**
 * What is decided for every command in every status: the truth the task machine is made from.
 * A status or a command without its cell does not compile.
 *
 * @example
 * ```ts
 * taskTable.pending['task.block'] // { kind: 'to', status: 'blocked' }
 * taskTable.pending['task.complete'] // { kind: 'refused', reason: 'it has not been started; start or cancel it' }
 * ```
 */
export const taskTable = {
  pending: {
    'task.start': running,
    'task.block': to('blocked'),
    'task.unblock': refused('it waits for nothing; start it'),
    'task.warn': notRunningYet,
    'task.relieve': notRunningYet,
    'task.switch-context': refused('it does not run yet, so it has no context to switch'),
    'task.restore-context': notSwitched,
    'task.complete': notStarted,
    'task.fail': notStarted,
    'task.cancel': to('failed'),
    'task.recover': refused('it has not failed; start it'),
  },
  in_progress: {
    'task.start': started,
    'task.block': to('blocked'),
    'task.unblock': refused('it waits for nothing; it is running'),
    'task.warn': to('token_warning'),
    'task.relieve': refused('it has not been warned'),
    'task.switch-context': to('context_switch'),
    'task.restore-context': notSwitched,
    'task.complete': to('completed'),
    'task.fail': to('failed'),
    'task.cancel': to('failed'),
    'task.recover': refused('it has not failed; it is running'),
  },
  blocked: {
    'task.start': unblockFirst,
    'task.block': refused('it waits for something already; unblock it first'),
    'task.unblock': back,
    'task.warn': refused('it does not run; unblocking it asks the budget'),
    'task.relieve': refused('it does not run; unblocking it asks the budget'),
    'task.switch-context': refused('it does not run, so it has no context to switch'),
    'task.restore-context': notSwitched,
    'task.complete': to('completed'),
    'task.fail': to('failed'),
    'task.cancel': to('failed'),
    'task.recover': refused('it has not failed; unblock it'),
  },
  token_warning: {
    'task.start': started,
    'task.block': to('blocked'),
    'task.unblock': refused('it waits for nothing; it is running'),
    'task.warn': refused('it has been warned already'),
    'task.relieve': to('in_progress'),
    'task.switch-context': to('context_switch'),
    'task.restore-context': notSwitched,
    'task.complete': to('completed'),
    'task.fail': to('failed'),
    'task.cancel': to('failed'),
    'task.recover': refused('it has not failed; it is running'),
  },
  context_switch: {
    'task.start': restoreFirst,
    'task.block': restoreFirst,
    'task.unblock': refused('it waits for its context only; restore the context'),
    'task.warn': refused('it does not run; restoring its context asks the budget'),
    'task.relieve': refused('it does not run; restoring its context asks the budget'),
    'task.switch-context': refused('its context has been switched already'),
    'task.restore-context': running,
    'task.complete': restoreFirst,
    'task.fail': to('failed'),
    'task.cancel': to('failed'),
    'task.recover': refused('it has not failed; restore its context'),
  },
  completed: {
    'task.start': completed,
    'task.block': completed,
    'task.unblock': completed,
    'task.warn': completed,
    'task.relieve': completed,
    'task.switch-context': completed,
    'task.restore-context': completed,
    'task.complete': completed,
    'task.fail': completed,
    'task.cancel': completed,
    'task.recover': completed,
  },
  failed: {
    'task.start': failed,
    'task.block': failed,
    'task.unblock': failed,
    'task.warn': failed,
    'task.relieve': failed,
    'task.switch-context': failed,
    'task.restore-context': failed,
    'task.complete': failed,
    'task.fail': refused('it has failed already'),
    'task.cancel': ifRetryable('failed', 'it has been given up; there is nothing left to cancel'),
    'task.recover': ifRetryable('recovered', 'it has been given up and cannot be retried; add a new task'),
  },
  recovered: {
    'task.start': running,
    'task.block': startAgain,
    'task.unblock': refused('it waits for nothing; start it'),
    'task.warn': notRunningYet,
    'task.relieve': notRunningYet,
    'task.switch-context': refused('it does not run yet, so it has no context to switch'),
    'task.restore-context': notSwitched,
    'task.complete': startAgain,
    'task.fail': to('failed'),
    'task.cancel': to('failed'),
    'task.recover': refused('it has been recovered already; start it'),
  },
} as const satisfies TaskTable

/**
 * Says why a command would be refused by a task, for error messages.
 *
 * Gives `null` when the machine would accept it. `context` is a task's own, of which only `retryable` matters.
 *
 * @example
 * ```ts
 * refusalOfTask('completed', 'task.start', { retryable: null }) // 'it is completed, and that is final'
 * refusalOfTask('failed', 'task.recover', { retryable: true }) // null
 * ```
 */
export function refusalOfTask(
  status: TaskStatus,
  command: TaskCommandName,
  context: Pick<TaskContext, 'retryable'>,
): string | null {
  const cell: TaskCell = taskTable[status][command]
  if (cell.kind === 'refused') return cell.reason
  if (cell.kind === 'if-retryable' && context.retryable !== true) return cell.otherwise
  return null
}

/**
 * Lists the commands a task would accept now, for error messages that say what to do instead.
 *
 * @example
 * ```ts
 * acceptedByTask('pending', { retryable: null }) // ['task.start', 'task.block', 'task.cancel']
 * ```
 */
export function acceptedByTask(
  status: TaskStatus,
  context: Pick<TaskContext, 'retryable'>,
): readonly TaskCommandName[] {
  return namesOf(taskTable[status]).filter((command) => refusalOfTask(status, command, context) === null)
}
