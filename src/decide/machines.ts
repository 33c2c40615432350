/**
 * The only door to the machines. Each question restores the machine in the state that the session is in now, asks it,
 * and forgets it: nothing runs, and nothing is kept but the answer.
 */
import { transition } from 'xstate'
import { boundariesBetween, budgetMachine, warnsTasks } from '../../machines/budget.ts'
import { handoffMachine } from '../../machines/handoff.ts'
import { acceptedByHandoff, type HandoffCommandName, refusalOfHandoff } from '../../machines/handoff-table.ts'
import { recoveryMachine } from '../../machines/recovery.ts'
import {
  acceptedByRecovery,
  type RecoveryCommandName,
  refusalOfRecovery,
} from '../../machines/recovery-table.ts'
import { acceptedBySession, refusalOfSession, sessionClassOf } from '../../machines/session-table.ts'
import { taskMachine } from '../../machines/task.ts'
import { acceptedByTask, refusalOfTask, type TaskCommand } from '../../machines/task-table.ts'
import { type CommandType, isCommandType } from '../events/commands.ts'
import type { HandoffStatus } from '../events/handoff.ts'
import type { RecoveryStatus } from '../events/recovery.ts'
import type { BudgetThresholds } from '../events/session.ts'
import type { TaskStatus } from '../events/task.ts'
import type { BudgetPhase } from '../events/usage.ts'
import type { ReadonlyState, taskOf } from '../fold/state.ts'

export type TaskQuestion = TaskCommand

export type Answer<Status> =
  | { readonly ok: true; readonly status: Status }
  | { readonly ok: false; readonly reason: string; readonly accepted: readonly string[] }

type Task = NonNullable<ReturnType<typeof taskOf>>

const runningStatuses: ReadonlySet<TaskStatus> = new Set(['in_progress', 'token_warning'])

export function isRunning(status: TaskStatus): boolean {
  return runningStatuses.has(status)
}

/** Whether running tasks are warned in this phase of the budget. */
export const isWarning = warnsTasks

/** The phases entered on the way from one phase to another, in order. */
export const phasesBetween = boundariesBetween

/** Where a task goes by a command, or why it does not. */
export function askTask(task: Task, question: TaskQuestion): Answer<TaskStatus> {
  const { status, returnsTo, retryable, reason, checkpointId, attempts } = task
  const context = {
    on: task.blockedOn,
    returnsTo,
    cause: task.switchCause,
    retryable,
    reason,
    checkpointId,
    attempts,
  }
  const refusal = refusalOfTask(status, question.type, context)
  if (refusal !== null) return { ok: false, reason: refusal, accepted: acceptedByTaskNow(task) }
  const [next] = transition(taskMachine, taskMachine.resolveState({ value: status, context }), question)
  return { ok: true, status: next.value }
}

/** Where a handoff goes by a command, or why it does not. */
export function askHandoff(status: HandoffStatus, command: HandoffCommandName): Answer<HandoffStatus> {
  const reason = refusalOfHandoff(status, command)
  if (reason !== null) {
    return { ok: false, reason, accepted: acceptedByHandoff(status).map((name) => commandOfHandoff[name]) }
  }
  const [next] = transition(handoffMachine, handoffMachine.resolveState({ value: status }), { type: command })
  return { ok: true, status: next.value }
}

/** The commands of a session by which a handoff is told what its machine understands. */
const commandOfHandoff: Readonly<Record<HandoffCommandName, CommandType>> = {
  'handoff.accept': 'session.take-over',
  'handoff.reject': 'handoff.reject',
  'handoff.expire': 'handoff.expire',
  'handoff.withdraw': 'session.resume',
  'handoff.complete': 'handoff.complete',
}

/** Where a recovery goes by a step, or why it does not. */
export function askRecovery(status: RecoveryStatus, command: RecoveryCommandName): Answer<RecoveryStatus> {
  const reason = refusalOfRecovery(status, command)
  if (reason !== null) return { ok: false, reason, accepted: acceptedByRecovery(status) }
  const [next] = transition(recoveryMachine, recoveryMachine.resolveState({ value: status }), {
    type: command,
  })
  return { ok: true, status: next.value }
}

/** The commands that a task accepts as it is now. */
export function acceptedByTaskNow(task: Task): readonly string[] {
  return acceptedByTask(task.status, task).filter(isCommandType)
}

/**
 * Why a session does not accept a command, or `null`. Asks the table that the session machine is made from: what a session
 * goes to is written in the event itself, so there is nothing more to learn from running the machine.
 */
export function refusalBySession(
  state: ReadonlyState,
  command: CommandType,
): { readonly reason: string; readonly accepted: readonly string[] } | null {
  const context = { started: state.startedAt !== null }
  const reason = refusalOfSession(state.status, sessionClassOf[command], context)
  return reason === null
    ? null
    : { reason, accepted: acceptedBySession(state.status, context).filter(isCommandType) }
}

/** The budget's phase after a reading of the window, in percent used. */
export function askBudget(
  phase: BudgetPhase,
  percent: number,
  thresholds: Readonly<BudgetThresholds>,
): BudgetPhase {
  const snapshot = budgetMachine.resolveState({ value: phase, context: { percent } })
  const [next] = transition(budgetMachine, snapshot, { type: 'budget.measure', percent, thresholds })
  return next.value
}
