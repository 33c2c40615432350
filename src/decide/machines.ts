/**
 * The only door to the machines. Each question is about the state that the session is in now: nothing runs, and nothing is kept but the
 * answer. The machines are asked as tables, compiled once.
 */
import { boundariesBetween, budgetMachine, warnsTasks } from '../../machines/budget.ts'
import { type CompiledMachine, compileMachine } from '../../machines/compile.ts'
import { handoffMachine } from '../../machines/handoff.ts'
import { type HandoffCommandName, handoffTable, refusalOfHandoff } from '../../machines/handoff-table.ts'
import { recoveryMachine } from '../../machines/recovery.ts'
import { type RecoveryCommandName, recoveryTable, refusalOfRecovery } from '../../machines/recovery-table.ts'
import { sessionMachine } from '../../machines/session.ts'
import { refusalOfSession, sessionClassOf, sessionTable } from '../../machines/session-table.ts'
import { namesOf } from '../../machines/table.ts'
import { taskMachine } from '../../machines/task.ts'
import {
  refusalOfTask,
  type TaskCommand,
  type TaskCommandName,
  taskTable,
} from '../../machines/task-table.ts'
import { type CommandType, isCommandType } from '../events/commands.ts'
import type { HandoffStatus } from '../events/handoff.ts'
import type { RecoveryStatus } from '../events/recovery.ts'
import type { BudgetThresholds, SessionStatus } from '../events/session.ts'
import type { TaskStatus } from '../events/task.ts'
import type { BudgetPhase } from '../events/usage.ts'
import type { ReadonlyState, taskOf } from '../fold/state.ts'

export type TaskQuestion = TaskCommand

export type Answer<Status> =
  | { readonly ok: true; readonly status: Status }
  | { readonly ok: false; readonly reason: string; readonly accepted: readonly string[] }

export type AskedTask = NonNullable<ReturnType<typeof taskOf>>

/**
 * The machines as deciding asks them. Each answers where a command leads from the state that the session is in now, or why it is not
 * accepted; none of them changes anything.
 */
export interface Machines {
  /** Whether the session accepts the command, and the status that it then has. */
  session(state: ReadonlyState, command: CommandType): Answer<SessionStatus>
  task(task: AskedTask, question: TaskQuestion): Answer<TaskStatus>
  /** The commands that the task accepts as it is now. */
  acceptedByTask(task: AskedTask): readonly string[]
  /** The budget's phase after a reading of the window, in percent used. */
  budget(phase: BudgetPhase, percent: number, thresholds: Readonly<BudgetThresholds>): BudgetPhase
  handoff(status: HandoffStatus, command: HandoffCommandName): Answer<HandoffStatus>
  recovery(status: RecoveryStatus, command: RecoveryCommandName): Answer<RecoveryStatus>
}

/** The five machines that deciding asks. */
export type MachineSet = Readonly<
  Record<'task' | 'budget' | 'session' | 'handoff' | 'recovery', CompiledMachine>
>

const runningStatuses: ReadonlySet<TaskStatus> = new Set(['in_progress', 'token_warning'])

export function isRunning(status: TaskStatus): boolean {
  return runningStatuses.has(status)
}

/** Whether running tasks are warned in this phase of the budget. */
export const isWarning = warnsTasks

/** The phases entered on the way from one phase to another, in order. */
export const phasesBetween = boundariesBetween

/** The five machines of Waymark, compiled. */
export const standardSet: MachineSet = {
  task: compileMachine(taskMachine),
  budget: compileMachine(budgetMachine),
  session: compileMachine(sessionMachine),
  handoff: compileMachine(handoffMachine),
  recovery: compileMachine(recoveryMachine),
}

/** Machines as deciding asks them, over compiled ones. Where a machine refuses, the tables have the words for it. */
export function machinesOver(set: MachineSet): Machines {
  return {
    session: (state, command) => askSession(set.session, state, command),
    task: (task, question) => askTask(set.task, task, question),
    acceptedByTask: (task) => acceptedByTask(set.task, task),
    budget(phase, percent, thresholds) {
      const event = { type: 'budget.measure', percent, thresholds } as const
      return knownStatus<BudgetPhase>(set.budget.target(phase, { percent }, event) ?? phase)
    },
    handoff: (status, command) => askHandoff(set.handoff, status, command),
    recovery: (status, command) => askRecovery(set.recovery, status, command),
  }
}

/** What a machine that was given says no to, where the usual one says yes. */
const refusedByGiven = 'the machine does not accept it'

/** A machine leads to states that are known: that was looked at when it was taken in. */
function knownStatus<Status extends string>(status: string): Status {
  return status as Status
}

/** Answers are many and alike: one for each status. */
const answers = new Map<string, Answer<never>>()

function leadsTo<Status extends string>(status: string): Answer<Status> {
  let answer = answers.get(status)
  if (answer === undefined) {
    answer = { ok: true, status: knownStatus<never>(status) }
    answers.set(status, answer)
  }
  return answer
}

/** What the task machine remembers, as the task says it. */
function contextOfTask(task: AskedTask): object {
  const { returnsTo, retryable, reason, checkpointId, attempts } = task
  return { on: task.blockedOn, returnsTo, cause: task.switchCause, retryable, reason, checkpointId, attempts }
}

function askTask(machine: CompiledMachine, task: AskedTask, question: TaskQuestion): Answer<TaskStatus> {
  const status = machine.target(task.status, contextOfTask(task), question)
  if (status !== null) return leadsTo(status)
  const reason = refusalOfTask(task.status, question.type, task) ?? refusedByGiven
  return { ok: false, reason, accepted: acceptedByTask(machine, task) }
}

/** A command of each name, to ask whether it would be accepted. */
const sampleOfTask: { readonly [Name in TaskCommandName]: Extract<TaskCommand, { type: Name }> } = {
  'task.start': { type: 'task.start' },
  'task.block': { type: 'task.block', on: { kind: 'input' } },
  'task.unblock': { type: 'task.unblock' },
  'task.warn': { type: 'task.warn' },
  'task.relieve': { type: 'task.relieve' },
  'task.switch-context': { type: 'task.switch-context', cause: 'other' },
  'task.restore-context': { type: 'task.restore-context' },
  'task.complete': { type: 'task.complete' },
  'task.fail': { type: 'task.fail', reason: '', retryable: true },
  'task.cancel': { type: 'task.cancel' },
  'task.recover': { type: 'task.recover', checkpointId: 'origin' },
}

function acceptedByTask(machine: CompiledMachine, task: AskedTask): readonly string[] {
  const context = contextOfTask(task)
  return namesOf(taskTable.pending)
    .filter(isCommandType)
    .filter((name) => machine.target(task.status, context, sampleOfTask[name]) !== null)
}

function askSession(
  machine: CompiledMachine,
  state: ReadonlyState,
  command: CommandType,
): Answer<SessionStatus> {
  const context = { started: state.startedAt !== null, epoch: state.epoch }
  const type = sessionClassOf[command]
  const status = machine.target(state.status, context, { type })
  if (status !== null) return leadsTo(status)
  const accepted = namesOf(sessionTable.active)
    .filter((name) => machine.target(state.status, context, { type: name }) !== null)
    .filter(isCommandType)
  return { ok: false, reason: refusalOfSession(state.status, type, context) ?? refusedByGiven, accepted }
}

/** The commands of a session by which a handoff is told what its machine understands. */
const commandOfHandoff: Readonly<Record<HandoffCommandName, CommandType>> = {
  'handoff.accept': 'session.take-over',
  'handoff.reject': 'handoff.reject',
  'handoff.expire': 'handoff.expire',
  'handoff.withdraw': 'session.resume',
  'handoff.complete': 'handoff.complete',
}

function askHandoff(
  machine: CompiledMachine,
  status: HandoffStatus,
  command: HandoffCommandName,
): Answer<HandoffStatus> {
  const next = machine.target(status, {}, { type: command })
  if (next !== null) return leadsTo(next)
  const accepted = namesOf(handoffTable.offered).filter(
    (type) => machine.target(status, {}, { type }) !== null,
  )
  return {
    ok: false,
    reason: refusalOfHandoff(status, command) ?? refusedByGiven,
    accepted: accepted.map((name) => commandOfHandoff[name]),
  }
}

function askRecovery(
  machine: CompiledMachine,
  status: RecoveryStatus,
  command: RecoveryCommandName,
): Answer<RecoveryStatus> {
  const next = machine.target(status, {}, { type: command })
  if (next !== null) return leadsTo(next)
  const accepted = namesOf(recoveryTable.restoring).filter(
    (type) => machine.target(status, {}, { type }) !== null,
  )
  return { ok: false, reason: refusalOfRecovery(status, command) ?? refusedByGiven, accepted }
}

/** The machines that are asked where none are given. */
export const standardMachines: Machines = machinesOver(standardSet)
