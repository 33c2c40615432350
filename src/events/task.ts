/** Tasks: what an agent is to do, and where it stands. */
import { z } from 'zod'
import { limits } from '../kernel/limits.ts'
import { checkpointIdShape, idShape, lineShape, sessionIdShape, textShape } from './shapes.ts'

export const taskStatuses = [
  'pending',
  'in_progress',
  'blocked',
  'token_warning',
  'context_switch',
  'completed',
  'failed',
  'recovered',
] as const
export type TaskStatus = (typeof taskStatuses)[number]

/** What a blocked task waits for: a task, a person's input, a permission, a limit's reset, or something outside. */
export const waitShape = z.strictObject({
  kind: z.enum(['task', 'input', 'permission', 'limit', 'external']),
  /** The ids of the tasks waited for, or another name of the thing. */
  ids: z.array(idShape).max(100).optional(),
  detail: lineShape.optional(),
})
export type Wait = z.infer<typeof waitShape>

/** Why running tasks lose their context: another model, a fork, a compaction, a handoff, or the caller's own reason. */
export const switchCauses = ['model', 'fork', 'compaction', 'handoff', 'other'] as const
export type SwitchCause = (typeof switchCauses)[number]

const taskIds = z.array(idShape).min(1).max(limits.taskIdsPerEventMax)
const taskId = idShape
/** Tasks that must be completed before it may start. */
const dependsOn = z.array(idShape).max(limits.taskDependenciesMax).optional()
/** Marks a step that an import inferred because the source skipped it. */
const inferred = z.boolean().optional()

export const taskCommands = {
  'task.add': z.strictObject({
    taskId,
    title: lineShape,
    description: textShape.optional(),
    parentTaskId: idShape.optional(),
    /** The SPEC it belongs to. */
    specId: idShape.optional(),
    dependsOn,
    inferred,
  }),
  'task.describe': z.strictObject({
    taskId,
    title: lineShape.optional(),
    description: textShape.optional(),
    /** Replaces the list before. */
    dependsOn,
    /** Who works on it now, as after a handoff. */
    agent: lineShape.min(1).optional(),
    inferred,
  }),
  'task.start': z.strictObject({
    taskId,
    /** Who works on it. */
    agent: lineShape.min(1).optional(),
    /** The session in which it is worked on, if that is another one. */
    workSessionId: sessionIdShape.optional(),
    inferred,
  }),
  /** The work on a running task goes into its next phase, such as RED, GREEN or REFACTOR. */
  'task.enter-phase': z.strictObject({ taskId, phase: lineShape.min(1), inferred }),
  'task.block': z.strictObject({ taskId, on: waitShape, inferred }),
  'task.unblock': z.strictObject({ taskId, inferred }),
  'task.switch-context': z.strictObject({ taskIds, cause: z.enum(switchCauses), inferred }),
  'task.restore-context': z.strictObject({ taskIds, inferred }),
  'task.complete': z.strictObject({ taskId, result: lineShape.optional(), inferred }),
  'task.fail': z.strictObject({ taskId, reason: lineShape, retryable: z.boolean(), inferred }),
  'task.cancel': z.strictObject({ taskId, detail: lineShape.optional(), inferred }),
  'task.recover': z.strictObject({
    taskId,
    checkpointId: checkpointIdShape.or(z.literal('origin')).optional(),
    inferred,
  }),
}

const runningStatus = z.enum(['in_progress', 'token_warning'])

export const taskEvents = {
  'task.added': taskCommands['task.add'],
  'task.described': taskCommands['task.describe'],
  'task.started': z.strictObject({ ...taskCommands['task.start'].shape, status: runningStatus }),
  'task.phase-entered': taskCommands['task.enter-phase'],
  'task.blocked': taskCommands['task.block'],
  'task.unblocked': z.strictObject({
    ...taskCommands['task.unblock'].shape,
    status: z.enum(['pending', 'in_progress', 'token_warning']),
  }),
  'task.context-switched': taskCommands['task.switch-context'],
  'task.context-restored': z.strictObject({
    ...taskCommands['task.restore-context'].shape,
    status: runningStatus,
  }),
  'task.completed': taskCommands['task.complete'],
  'task.failed': taskCommands['task.fail'],
  'task.cancelled': taskCommands['task.cancel'],
  'task.recovered': z.strictObject({
    ...taskCommands['task.recover'].shape,
    /** Where the task goes on from: a checkpoint, or `origin`, the empty session at version 0. */
    checkpointId: checkpointIdShape.or(z.literal('origin')),
  }),
  'task.warned': z.strictObject({ taskIds }),
  'task.relieved': z.strictObject({ taskIds }),
}
