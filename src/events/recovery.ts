/** Recovery: its six steps, each recorded with its result. The last one, telling the user, is `session.recover`. */
import { z } from 'zod'
import { limits } from '../kernel/limits.ts'
import { checkpointIdShape, lineShape, recoveryIdShape } from './shapes.ts'

/** The status of a recovery is the step that is to be done next, or how it ended. */
export const recoveryStatuses = [
  'restoring',
  'validating',
  'resuming',
  'assessing',
  'planning',
  'notifying',
  'recovered',
  'failed',
] as const
export type RecoveryStatus = (typeof recoveryStatuses)[number]

/** The steps that are recorded one by one. */
export const recoverySteps = ['restore', 'validate', 'resume', 'assess', 'plan'] as const
export type RecoveryStep = (typeof recoverySteps)[number]

/** All six as a report has them: telling the user is recorded with `session.recovered`, and is no step that can be recorded by itself. */
export const reportedSteps = [...recoverySteps, 'notify'] as const
export type ReportedStep = (typeof reportedSteps)[number]

/** What becomes of tasks that were in progress: they stay so, wait for a person, or fail and are recovered to be started again. */
export const taskPolicies = ['keep', 'block', 'retry'] as const
export type TaskPolicy = (typeof taskPolicies)[number]

/** What a step found or did, one line each. */
const lines = z.array(lineShape).max(limits.recoveryLinesMax)

export const recoveryCommands = {
  'recovery.begin': z.strictObject({
    recoveryId: recoveryIdShape,
    /** The checkpoint somebody chose to come back to; the newest sound state if left out. */
    checkpointId: checkpointIdShape.optional(),
    taskPolicy: z.enum(taskPolicies),
  }),
  'recovery.record-step': z.strictObject({
    recoveryId: recoveryIdShape,
    step: z.enum(recoverySteps),
    /** `skipped`: there was nothing to do, or nothing to do it with. */
    outcome: z.enum(['done', 'skipped']),
    detail: lineShape,
    lines: lines.optional(),
  }),
  'recovery.fail': z.strictObject({ recoveryId: recoveryIdShape, reason: lineShape }),
}

export const recoveryEvents = {
  'recovery.began': recoveryCommands['recovery.begin'],
  'recovery.step-recorded': recoveryCommands['recovery.record-step'],
  'recovery.failed': recoveryCommands['recovery.fail'],
}
