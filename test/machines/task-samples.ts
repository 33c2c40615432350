/** Commands, contexts and arbitraries of tasks that several tests use. */
import fc from 'fast-check'
import { initialTransition, type SnapshotFrom, transition } from 'xstate'
import {
  initialTaskContext,
  type TaskCommand,
  type TaskCommandName,
  type TaskContext,
  type TaskStatus,
  taskMachine,
} from '../../machines/index.ts'
import { switchCauses, taskStatuses } from '../../src/events/task.ts'

export type TaskSnapshot = SnapshotFrom<typeof taskMachine>

/** One command of each name, the budget calm. */
export const sampleCommands = {
  'task.start': { type: 'task.start' },
  'task.block': { type: 'task.block', on: { kind: 'input', detail: 'which port?' } },
  'task.unblock': { type: 'task.unblock' },
  'task.warn': { type: 'task.warn' },
  'task.relieve': { type: 'task.relieve' },
  'task.switch-context': { type: 'task.switch-context', cause: 'model' },
  'task.restore-context': { type: 'task.restore-context' },
  'task.complete': { type: 'task.complete' },
  'task.fail': { type: 'task.fail', reason: 'tests fail', retryable: true },
  'task.cancel': { type: 'task.cancel' },
  'task.recover': { type: 'task.recover', checkpointId: 'ckpt_1' },
} as const satisfies { readonly [Name in TaskCommandName]: Extract<TaskCommand, { type: Name }> }

export const taskCommandNames = Object.keys(sampleCommands).filter(isTaskCommandName)

export function isTaskCommandName(text: string): text is TaskCommandName {
  return Object.hasOwn(sampleCommands, text)
}

export function isTaskStatus(text: string): text is TaskStatus {
  return taskStatuses.some((status) => status === text)
}

/** The same command with the budget in warning, if it is one that asks. */
export function underBudget(command: TaskCommand, warned: boolean): TaskCommand {
  switch (command.type) {
    case 'task.start':
    case 'task.unblock':
    case 'task.restore-context':
      return { ...command, warned }
    default:
      return command
  }
}

export function taskIn(status: TaskStatus, context: Partial<TaskContext> = {}): TaskSnapshot {
  return taskMachine.resolveState({ value: status, context: { ...initialTaskContext, ...context } })
}

export function tell(snapshot: TaskSnapshot, ...commands: readonly TaskCommand[]): TaskSnapshot {
  return commands.reduce((before, command) => transition(taskMachine, before, command)[0], snapshot)
}

export const newTask: TaskSnapshot = initialTransition(taskMachine)[0]

/** Any command, with any of its arguments. */
export const anyCommand: fc.Arbitrary<TaskCommand> = fc.oneof(
  fc
    .record({
      type: fc.constantFrom('task.start', 'task.unblock', 'task.restore-context'),
      warned: fc.option(fc.boolean(), { nil: undefined }),
    })
    .map((command): TaskCommand => command),
  fc
    .constantFrom('input', 'task', 'limit')
    .map((kind): TaskCommand => ({ type: 'task.block', on: { kind, ids: ['a'] } })),
  fc
    .constantFrom('task.warn', 'task.relieve', 'task.complete', 'task.cancel')
    .map((type): TaskCommand => ({ type })),
  fc.constantFrom(...switchCauses).map((cause): TaskCommand => ({ type: 'task.switch-context', cause })),
  fc
    .record({ reason: fc.constantFrom('it broke', 'it took too long'), retryable: fc.boolean() })
    .map((failure): TaskCommand => ({ type: 'task.fail', ...failure })),
  fc
    .constantFrom('ckpt_1', 'ckpt_2', 'origin')
    .map((checkpointId): TaskCommand => ({ type: 'task.recover', checkpointId })),
)

/** Commands in any order: many are refused. */
export const anyCommands = fc.array(anyCommand, { maxLength: 30, size: 'max' })

export interface Step {
  readonly before: TaskSnapshot
  readonly command: TaskCommand
  readonly after: TaskSnapshot
}

/** A life of a task, step by step: of ten commands drawn, the first that is accepted is taken. */
export const anyLife: fc.Arbitrary<readonly Step[]> = fc
  .array(fc.array(anyCommand, { minLength: 10, maxLength: 10 }), { maxLength: 20, size: 'max' })
  .map((draws) => {
    const steps: Step[] = []
    let before = newTask
    for (const draw of draws) {
      const command = draw.find((one) => before.can(one))
      if (command === undefined) continue
      steps.push({ before, command, after: tell(before, command) })
      before = tell(before, command)
    }
    return steps
  })
