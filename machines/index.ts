/** The machines for anybody's own actors: `import { taskMachine } from 'waymark/machines'`. */
export type { HandoffStatus } from '../src/events/handoff.ts'
export type { RecoveryStatus } from '../src/events/recovery.ts'
export type { BudgetThresholds, SessionStatus } from '../src/events/session.ts'
export type { SwitchCause, TaskStatus, Wait } from '../src/events/task.ts'
export type { BudgetPhase } from '../src/events/usage.ts'
export {
  type BudgetCommand,
  type BudgetContext,
  boundariesBetween,
  budgetMachine,
  createBudgetMachine,
  phaseAfter,
  warnsTasks,
} from './budget.ts'
export { type CompiledMachine, compileMachine, type Step } from './compile.ts'
export type { TableEvent } from './compile-table.ts'
export { createHandoffMachine, handoffMachine } from './handoff.ts'
export {
  acceptedByHandoff,
  type HandoffCell,
  type HandoffCommand,
  type HandoffCommandName,
  type HandoffTable,
  handoffTable,
  refusalOfHandoff,
} from './handoff-table.ts'
export { createRecoveryMachine, recoveryMachine } from './recovery.ts'
export {
  acceptedByRecovery,
  type RecoveryCell,
  type RecoveryCommand,
  type RecoveryCommandName,
  type RecoveryTable,
  recoveryTable,
  refusalOfRecovery,
} from './recovery-table.ts'
export { createSessionMachine, initialSessionContext, sessionMachine } from './session.ts'
export {
  acceptedBySession,
  refusalOfSession,
  type SessionCell,
  type SessionCommand,
  type SessionCommandName,
  type SessionContext,
  type SessionTable,
  sessionClassOf,
  sessionTable,
} from './session-table.ts'
export type { Refused, To } from './table.ts'
export { createTaskMachine, initialTaskContext, taskMachine } from './task.ts'
export {
  acceptedByTask,
  refusalOfTask,
  type TaskCell,
  type TaskCommand,
  type TaskCommandName,
  type TaskContext,
  type TaskTable,
  type TaskWait,
  taskTable,
} from './task-table.ts'
