/** What happens around the model: tool calls, failures, checkpoints, and what no command expresses. */
import { z } from 'zod'
import { limits } from '../kernel/limits.ts'
import { checkpointIdShape, contentRefShape, idShape, lineShape, sessionIdShape } from './shapes.ts'

export const toolCommands = {
  'tool.call': z.strictObject({
    toolCallId: idShape,
    name: lineShape.min(1),
    input: contentRefShape.optional(),
    /** The child session, when the call starts another agent. */
    childSessionId: sessionIdShape.optional(),
    /** What it works on: a file, a command, an address. */
    target: lineShape.optional(),
    /** The target is a file, and the call changes it. */
    writes: z.boolean().optional(),
  }),
  /** The tool begins to run: from here on it may have had effects. */
  'tool.begin': z.strictObject({ toolCallId: idShape }),
  'tool.return': z.strictObject({
    toolCallId: idShape,
    outcome: z.enum(['ok', 'error', 'denied', 'interrupted']),
    output: contentRefShape.optional(),
  }),
}

export const toolEvents = {
  'tool.called': toolCommands['tool.call'],
  'tool.began': toolCommands['tool.begin'],
  'tool.returned': toolCommands['tool.return'],
}

export const failureCommands = {
  /** A model call that is tried again. */
  'call.retry': z.strictObject({
    reason: lineShape,
    attempt: z.int().min(0).optional(),
    attemptsMax: z.int().min(0).optional(),
    delayMs: z.number().min(0).optional(),
  }),
  /** A model call that was given up. */
  'call.fail': z.strictObject({ reason: lineShape, detail: lineShape.optional() }),
}

export const failureEvents = {
  'call.retried': failureCommands['call.retry'],
  'call.failed': failureCommands['call.fail'],
}

export const checkpointCommands = {
  'checkpoint.create': z.strictObject({
    checkpointId: checkpointIdShape.optional(),
    reason: lineShape.optional(),
    /** What asked for it: `manual`, `budget`, `task-phase`, `handoff` … */
    trigger: lineShape.optional(),
    /** The phase of work it stands at, such as RED, GREEN or REFACTOR. */
    phase: lineShape.optional(),
    gitHead: lineShape.optional(),
    gitBranch: lineShape.optional(),
    /** The working tree held changes that were not committed. */
    gitDirty: z.boolean().optional(),
  }),
  /** Sets old checkpoints aside: they stay in the log, and are listed no more. */
  'checkpoint.archive': z.strictObject({
    checkpointIds: z.array(checkpointIdShape).min(1).max(limits.checkpointsListedMax),
  }),
}

export const checkpointEvents = {
  'checkpoint.created': z.strictObject({
    ...checkpointCommands['checkpoint.create'].shape,
    checkpointId: checkpointIdShape,
    /** The version it is about: the one before this event. */
    version: z.int().min(0),
    trigger: lineShape,
  }),
  'checkpoint.archived': checkpointCommands['checkpoint.archive'],
}

export const observationCommands = {
  /** A fact of the source that no other command expresses; readers may pass over it. */
  'observation.record': z.strictObject({
    kind: idShape,
    detail: lineShape.optional(),
    content: contentRefShape.optional(),
    /** Line of the imported file, counted from 1. */
    line: z.int().min(1).optional(),
  }),
}

export const observationEvents = { 'observation.recorded': observationCommands['observation.record'] }
