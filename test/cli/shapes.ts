/** The JSON that others read, as shapes: what a verb answers with must be of these, down to the last key where they are strict. */
import { z } from 'zod'
import { sessionStatuses } from '../../src/events/session.ts'
import { taskStatuses } from '../../src/events/task.ts'
import { budgetPhases } from '../../src/events/usage.ts'

const sessionId = z.string().regex(/^sess_[0-9a-f-]{36}$/)
const checkpointId = z.string().regex(/^ckpt_[0-9a-f-]{36}$/)
const time = z.iso.datetime()
const count = z.int().min(0)

const counters = {
  calls: count,
  inputTokens: count,
  outputTokens: count,
  cacheReadTokens: count,
  cacheCreationTokens: count,
}
const counted = z.strictObject(counters)

export const eventShape = z.strictObject({
  id: z.uuid(),
  sessionId,
  version: z.int().min(1),
  position: z.int().min(1),
  type: z.string(),
  schemaVersion: z.int().min(1),
  data: z.record(z.string(), z.unknown()),
  time,
  recordedAt: time,
  actor: z.string(),
  commandId: z.string(),
  index: count,
  causationId: z.string().nullable(),
  correlationId: z.string().nullable(),
  ignorable: z.boolean(),
  content: z.record(z.string(), z.string().nullable()).optional(),
})

export const initShape = z.strictObject({ home: z.string(), created: z.boolean() })
export const newShape = z.strictObject({ sessionId, version: z.int().min(1), home: z.string() })

const answer = {
  commandId: z.string().nullable(),
  version: count,
  events: z.array(eventShape),
  repeated: z.boolean(),
}
export const sendShape = z.strictObject(answer)
export const sendLineShape = z.strictObject({ line: z.int().min(1), ...answer })

export const errorShape = z.strictObject({
  error: z.strictObject({
    code: z.string().regex(/^[A-Z_]+$/),
    message: z.string().min(1),
    hint: z.string().nullable(),
    line: z.int().min(1).optional(),
    details: z.record(z.string(), z.unknown()).optional(),
    home: z
      .strictObject({ path: z.string(), foundBy: z.enum(['given', 'environment', 'project', 'user']) })
      .optional(),
  }),
})

export const listShape = z.array(
  z.strictObject({
    sessionId,
    nativeId: z.string().nullable(),
    parentSessionId: sessionId.nullable(),
    title: z.string().nullable(),
    status: z.enum(sessionStatuses),
    version: z.int().min(1),
    startedAt: time.nullable(),
    lastEventAt: time.nullable(),
    model: z.string().nullable(),
    phase: z.enum(budgetPhases),
    usage: counted.nullable(),
  }),
)

const window = z.strictObject({
  totalTokens: count,
  usedTokens: count,
  availableTokens: count,
  percent: z.number().min(0),
  phase: z.enum(budgetPhases),
  peakTokens: count,
  estimated: z.boolean(),
  phaseSince: count,
  source: z.enum(['stated', 'configured', 'default', 'learned']),
})
const usage = z.strictObject({
  ...counters,
  inherited: counted,
  byModel: z.record(z.string(), counted),
  estimatedCalls: count,
})

const taskShape = z.object({
  id: z.string(),
  title: z.string(),
  status: z.enum(taskStatuses),
  parentTaskId: z.string().nullable(),
  attempts: count,
})
export const tasksShape = z.array(taskShape)

const checkpointEntry = z.strictObject({
  id: checkpointId,
  version: count,
  time,
  trigger: z.string(),
  reason: z.string().nullable(),
  phase: z.string().nullable(),
  gitHead: z.string().nullable(),
  usedTokens: count,
  availableTokens: count,
})

export const showShape = z.looseObject({
  sessionId,
  nativeId: z.string().nullable(),
  parentSessionId: sessionId.nullable(),
  version: count,
  status: z.enum(sessionStatuses),
  title: z.string().nullable(),
  model: z.string().nullable(),
  startedAt: time.nullable(),
  lastEventAt: time.nullable(),
  window,
  usage,
  tree: z.strictObject({ usage: counted }),
  compactions: count,
  turns: z.strictObject({ prompts: count, completed: count, interrupted: count }),
  failures: z.strictObject({ retries: count, givenUp: count, last: z.string().nullable() }),
  tasks: tasksShape,
  openCalls: z.array(
    z.strictObject({
      toolCallId: z.string(),
      name: z.string(),
      version: z.int().min(1),
      time,
      childSessionId: sessionId.nullable(),
    }),
  ),
  checkpoints: z.array(checkpointEntry),
  observations: z.record(z.string(), count),
  configuration: z.record(z.string(), z.number()),
})

export const budgetShape = z.strictObject({
  sessionId,
  version: count,
  window,
  thresholds: z.array(
    z.strictObject({
      phase: z.enum(budgetPhases),
      percent: z.number(),
      inclusive: z.boolean(),
      tokens: count,
    }),
  ),
  hysteresisPercent: z.number(),
  phaseChanges: z.array(
    z.strictObject({
      version: z.int().min(1),
      time,
      from: z.enum(budgetPhases),
      to: z.enum(budgetPhases),
      percent: z.number(),
    }),
  ),
  usage,
  tree: z.strictObject({ usage: counted }),
  cacheSharePercent: z.number().nullable(),
  compactions: count,
})

export const forkShape = z.strictObject({
  sessionId,
  parentSessionId: sessionId,
  forkedAt: count,
  version: count,
})

export const checkpointShape = z.strictObject({
  sessionId,
  checkpointId,
  version: count,
  gitHead: z.string().nullable(),
})
export const checkpointsShape = z.array(checkpointEntry)

export const recoverShape = z.strictObject({
  sessionId,
  from: z.enum(['snapshot', 'older-snapshot', 'full-replay']),
  checkpointId: checkpointId.nullable(),
  snapshotVersion: count,
  version: count,
  replayedEvents: count,
  open: z.array(
    z.discriminatedUnion('kind', [
      z.strictObject({
        kind: z.literal('task'),
        id: z.string(),
        status: z.enum(taskStatuses),
        title: z.string(),
      }),
      z.strictObject({ kind: z.literal('call'), id: z.string(), name: z.string(), version: z.int(), time }),
    ]),
  ),
  passedOver: z.array(z.strictObject({ version: count, kind: z.string(), detail: z.string() })),
  damage: z.object({ version: count, kind: z.string(), detail: z.string() }).nullable(),
  recorded: z.boolean(),
})

export const replayShape = z.strictObject({
  sessionId,
  version: count,
  events: count,
  stateHash: z.string().regex(/^[0-9a-f]{64}$/),
  liveStateHash: z.string().regex(/^[0-9a-f]{64}$/),
  same: z.boolean(),
  liveFrom: z.enum(['snapshot', 'older-snapshot', 'full-replay']),
  liveSnapshotVersion: count,
  durationMs: z.number().min(0),
})

export const verifyShape = z.strictObject({
  ok: z.boolean(),
  sessions: z.array(
    z.strictObject({
      sessionId,
      events: count,
      ok: z.boolean(),
      problems: z.array(z.strictObject({ version: count, kind: z.string(), detail: z.string() })),
    }),
  ),
  orphanedEvents: count,
  contents: z.strictObject({
    checked: count,
    problems: z.array(z.strictObject({ hash: z.string(), detail: z.string() })),
  }),
})

export const importShape = z.object({
  files: z.array(
    z.object({
      path: z.string(),
      format: z.string().nullable(),
      sessionId: sessionId.nullable(),
      nativeId: z.string().nullable(),
      lines: count,
      events: count,
      appended: count,
      damaged: z.array(z.object({ line: z.int().min(1), reason: z.string() })),
    }),
  ),
  sessions: count,
  appended: count,
})
