/** Sessions: how a piece of work begins, pauses, changes hands and ends. */
import { z } from 'zod'
import { limits } from '../kernel/limits.ts'
import {
  contentRefShape,
  handoffIdShape,
  idShape,
  lineShape,
  modelShape,
  recoveryIdShape,
  sessionIdShape,
  timeShape,
  tokensShape,
} from './shapes.ts'

export const sessionStatuses = ['active', 'suspended', 'handed_off', 'ended'] as const
export type SessionStatus = (typeof sessionStatuses)[number]

/** How a session comes back when its context does not fit any more: summarised and thinned out, or left as it was. */
export const recoveryStrategies = ['progressive_summarization', 'full_context'] as const

/** Which tiers of context are carried over a compaction, a fork, a handoff, or into a session that continues another. */
export const contextPreservations = ['critical_only', 'critical_and_supporting', 'all'] as const

/** What decisions and policies depend on; part of the log, so that an old decision can be asked again. */
export const configurationShape = z.strictObject({
  monitoringThresholdPercent: z.number().gt(0).lt(100),
  warningThresholdPercent: z.number().gt(0).lt(100),
  emergencyThresholdPercent: z.number().gt(0).lt(100),
  /** Points below a threshold at which the phase falls again. */
  hysteresisPercent: z.number().min(0).max(50),
  /** Tokens of the window kept free for coming back; `null` for 27.5 % of it. */
  reserveTokens: tokensShape.nullable(),
  /** Checkpoints are taken by policy: at budget thresholds, at intervals, before a context switch. */
  autoCheckpoint: z.boolean(),
  /** Minutes of activity between two checkpoints, and how old one may be that a context switch relies on. */
  checkpointIntervalMinutes: z.number().gt(0).max(1_440),
  /** Minutes of silence after which a session is set aside with a checkpoint; `null` for never. */
  sessionTimeoutMinutes: z.number().gt(0).max(limits.sessionTimeoutMinutesMax).nullable(),
  recoveryStrategy: z.enum(recoveryStrategies),
  contextPreservation: z.enum(contextPreservations),
  forkingEnabled: z.boolean(),
})
export type SessionConfiguration = z.infer<typeof configurationShape>

/** What the budget's phases are made of. */
export type BudgetThresholds = Pick<
  SessionConfiguration,
  'monitoringThresholdPercent' | 'warningThresholdPercent' | 'emergencyThresholdPercent' | 'hysteresisPercent'
>

/** Some of the configuration: the rest stays as it is. */
const configurationChangeShape = configurationShape
  .partial()
  .refine(
    ({
      monitoringThresholdPercent: low,
      warningThresholdPercent: middle,
      emergencyThresholdPercent: high,
    }) => {
      const given = [low, middle, high].filter((percent) => percent !== undefined)
      return given.every((percent, index) => index === 0 || percent > (given[index - 1] ?? 0))
    },
    'thresholds rise: monitoring below warning below emergency',
  )
export type ConfigurationChange = z.infer<typeof configurationChangeShape>

export const standardConfiguration: SessionConfiguration = {
  monitoringThresholdPercent: 60,
  warningThresholdPercent: 75,
  emergencyThresholdPercent: 85,
  hysteresisPercent: 2,
  reserveTokens: null,
  autoCheckpoint: true,
  checkpointIntervalMinutes: 10,
  sessionTimeoutMinutes: 60,
  recoveryStrategy: 'progressive_summarization',
  contextPreservation: 'critical_only',
  forkingEnabled: true,
}

/** Facts about a session that may become known or change while it runs. */
const description = {
  title: lineShape.optional(),
  cwd: lineShape.optional(),
  gitBranch: lineShape.optional(),
  toolVersion: lineShape.optional(),
  permissionMode: lineShape.optional(),
}

/** Where the size of the window comes from; a size that is not stated or configured grows with a larger reading. */
export const windowSources = ['stated', 'configured', 'default', 'learned'] as const
export type WindowSource = (typeof windowSources)[number]

const agent = lineShape.min(1)

export const sessionCommands = {
  'session.start': z.strictObject({
    model: modelShape.optional(),
    /** Tokens the context window holds, if the caller knows. */
    windowTokens: tokensShape.min(1).optional(),
    configuration: configurationChangeShape.optional(),
    /** The tool the session comes from (`claude-code`, `codex`), and its id there. */
    tool: lineShape.optional(),
    nativeId: lineShape.optional(),
    parentSessionId: sessionIdShape.optional(),
    /** The session whose work this one takes further without being part of it (`/clear`). */
    continuesSessionId: sessionIdShape.optional(),
    /** The version of that session from which it goes on; its newest when left out. */
    continuesVersion: z.int().min(0).optional(),
    agent: agent.optional(),
    ...description,
  }),
  'session.describe': z.strictObject({ ...description }),
  'session.configure': z.strictObject({ configuration: configurationChangeShape }),
  'session.suspend': z.strictObject({ reason: lineShape.optional() }),
  'session.resume': z.strictObject({ reason: lineShape.optional() }),
  'session.hand-off': z.strictObject({
    /** Made when left out. */
    handoffId: handoffIdShape.optional(),
    fromAgent: agent.optional(),
    toAgent: agent,
    reason: lineShape.optional(),
    /** Until when the offer stands; for ever when left out. */
    expiresAt: timeShape.optional(),
    /** The package that goes with it. */
    content: contentRefShape.optional(),
  }),
  'session.take-over': z.strictObject({ agent, handoffId: handoffIdShape.optional() }),
  'session.end': z.strictObject({ reason: lineShape.optional() }),
  'session.fork': z.strictObject({
    parentSessionId: sessionIdShape,
    parentVersion: z.int().min(1),
    title: lineShape.optional(),
  }),
  'session.recover': z.strictObject({
    /** The recovery that this completes; none for one that was done in one step. */
    recoveryId: recoveryIdShape.optional(),
    from: z.enum(['snapshot', 'older-snapshot', 'full-replay']),
    checkpointId: idShape.nullable(),
    /** The version whose snapshot was taken; 0 when all events were replayed. */
    snapshotVersion: z.int().min(0),
    replayedEvents: z.int().min(0),
    /** What was left open, as one line each: at most the first hundred; `openCount` counts all. */
    open: z.array(lineShape).max(100),
    openCount: z.int().min(0),
    /** What came of telling whoever asked to be told; left out where nobody says. */
    notified: z.strictObject({ outcome: z.enum(['done', 'skipped']), detail: lineShape }).optional(),
  }),
}

export const sessionEvents = {
  'session.started': z.strictObject({
    ...sessionCommands['session.start'].shape,
    window: z.strictObject({ totalTokens: tokensShape.min(1), source: z.enum(windowSources) }),
  }),
  'session.described': sessionCommands['session.describe'],
  'session.configured': sessionCommands['session.configure'],
  'session.suspended': sessionCommands['session.suspend'],
  'session.resumed': sessionCommands['session.resume'],
  /** Without an id it is of a time when handoffs had none. */
  'session.handed-off': sessionCommands['session.hand-off'],
  'session.taken-over': z.strictObject({
    ...sessionCommands['session.take-over'].shape,
    epoch: z.int().min(1),
  }),
  'session.ended': sessionCommands['session.end'],
  'session.forked': sessionCommands['session.fork'],
  'session.recovered': sessionCommands['session.recover'],
}

export const turnCommands = {
  'prompt.submit': z.strictObject({ content: contentRefShape, promptId: idShape.optional() }),
  'reply.record': z.strictObject({
    kind: z.enum(['text', 'thinking']),
    content: contentRefShape,
    callId: idShape.optional(),
  }),
  'turn.complete': z.strictObject({ durationMs: z.int().min(0).optional() }),
  'turn.interrupt': z.strictObject({ reason: lineShape.optional() }),
}

export const turnEvents = {
  'prompt.submitted': turnCommands['prompt.submit'],
  'reply.recorded': turnCommands['reply.record'],
  'turn.completed': turnCommands['turn.complete'],
  'turn.interrupted': turnCommands['turn.interrupt'],
}
