/** The JSON that others read, as shapes: what a verb answers with must be of these, down to the last key where they are strict. */
import { z } from 'zod'
import { contextCategories, contextTiers } from '../../src/events/context.ts'
import { handoffStatuses } from '../../src/events/handoff.ts'
import { recoveryStatuses, reportedSteps, taskPolicies } from '../../src/events/recovery.ts'
import { sessionStatuses } from '../../src/events/session.ts'
import { taskStatuses } from '../../src/events/task.ts'
import { allocationNames, budgetPhases, growthKinds } from '../../src/events/usage.ts'
import { handoffPackageShape } from '../../src/handoff/package.ts'
import { nodeStandings } from '../../src/views/graph.ts'

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

const machineStatus = z.enum(['active', 'done', 'error', 'stopped'])
const machineSummary = z.strictObject({ machineId: z.string(), status: machineStatus, value: z.string() })

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
    kind: z.enum(['session', 'machine']),
    machine: machineSummary.nullable(),
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
export const tasksShape = z.array(taskShape.extend({ elapsedMs: z.number().min(0) }))

const checkpointEntry = z.strictObject({
  id: checkpointId,
  version: count,
  time,
  trigger: z.string(),
  reason: z.string().nullable(),
  phase: z.string().nullable(),
  gitHead: z.string().nullable(),
  gitBranch: z.string().nullable(),
  gitDirty: z.boolean().nullable(),
  usedTokens: count,
  availableTokens: count,
  archived: z.boolean(),
})

/** Under the mission's names. */
const checkpointFields = z.strictObject({
  checkpoint_id: checkpointId,
  timestamp: time,
  phase: z.string().nullable(),
  token_usage: z.strictObject({ used: count, available: count }),
  session_id: sessionId,
  recovery_tokens_reserved: count,
  context_snapshot_file: z.string().nullable(),
})

const recoveryShape = z.strictObject({
  id: z.string(),
  status: z.enum(recoveryStatuses),
  startedAt: time,
  version: count,
  checkpointId: checkpointId.nullable(),
  taskPolicy: z.enum(taskPolicies),
  steps: z.array(
    z.strictObject({
      step: z.enum(reportedSteps),
      outcome: z.enum(['done', 'skipped']),
      detail: z.string(),
      lines: z.array(z.string()),
      time,
    }),
  ),
  endedAt: time.nullable(),
  reason: z.string().nullable(),
})

const handoffShape = z.strictObject({
  id: z.string(),
  fromAgent: z.string().nullable(),
  toAgent: z.string(),
  status: z.enum(handoffStatuses),
  offeredAt: time,
  version: count,
  expiresAt: time.nullable(),
  endedAt: time.nullable(),
  reason: z.string().nullable(),
  content: z.unknown(),
  epoch: count.nullable(),
})

const allocation = {
  name: z.enum(allocationNames),
  percent: z.number().min(0),
  limitTokens: count,
  usedTokens: count,
  overrun: z.boolean(),
}
const allocationShape = z
  .array(
    z.strictObject({
      ...allocation,
      itemTokens: count,
      unattributedTokens: count,
      categories: z.array(z.strictObject(allocation)),
    }),
  )
  .length(4)
const reserve = z.strictObject({
  limitTokens: count,
  takenTokens: count,
  leftTokens: count,
  leftPercent: z.number().min(0),
})
const current = z.strictObject({
  usedTokens: count,
  percent: z.number().min(0),
  availableTokens: count,
  estimated: z.boolean(),
  line: z.strictObject({ perReport: z.number(), perByte: z.number(), learned: z.boolean() }),
})
const forecast = z.strictObject({
  phase: z.enum(budgetPhases),
  tokensToGo: count,
  tokensPerReport: z.number(),
  reportsToGo: count,
  expectedAt: time.nullable(),
  kind: z.enum(growthKinds),
  kindPercent: z.number(),
})
const advice = z.array(
  z.strictObject({
    code: z.string().regex(/^[a-z-]+$/),
    severity: z.enum(['notice', 'warning']),
    message: z.string().min(1),
    hint: z.string().min(1),
  }),
)
const thresholds = z.array(
  z.strictObject({
    phase: z.enum(budgetPhases),
    percent: z.number(),
    inclusive: z.boolean(),
    tokens: count,
  }),
)
const server = z.strictObject({
  name: z.string(),
  enabled: z.boolean(),
  tools: z.array(z.string()),
  toolTokens: count.nullable(),
  itemTokens: count,
  tokens: count,
  calls: count,
  lastUsedAt: time.nullable(),
  couldBeSwitchedOff: z.boolean(),
})
const activeItem = z.strictObject({
  tag: z.string(),
  title: z.string().nullable(),
  category: z.enum(contextCategories),
  status: z.enum(['kept', 'summarized', 'deferred']),
  tokens: count,
  summaryWantedPercent: z.number().nullable(),
})
const named = z.record(z.string(), z.string())

const machineInLayers = z.strictObject({
  machineId: z.string(),
  machineVersion: z.string().nullable(),
  status: machineStatus,
  value: z.string(),
  context: z.json(),
  transitions: count,
  timers: z.array(z.strictObject({ timerId: z.string(), name: z.string(), dueAt: time })),
  effects: z.array(z.strictObject({ effectId: z.string(), src: z.string(), since: count })),
  children: z.array(
    z.strictObject({
      path: z.string(),
      src: z.string().nullable(),
      status: z.string(),
      value: z.string().nullable(),
    }),
  ),
  ignoredEvents: count,
  failedActions: count,
})

const layersShape = z.strictObject({
  contextAwareness: z.strictObject({
    window,
    current,
    positionPercent: z.number().min(0),
    phase: z.enum(budgetPhases),
    thresholds,
    model: z.string().nullable(),
    windowSource: z.string(),
    allocation: allocationShape,
    reserve,
    growth: z.strictObject({
      reports: count,
      forecast: forecast.nullable(),
      recorded: forecast.extend({ version: count }).nullable(),
    }),
    configuration: z.record(z.string(), z.unknown()),
  }),
  activeContext: z.strictObject({
    tasks: z.array(taskShape),
    taskCounts: z.partialRecord(z.enum(taskStatuses), count),
    objectives: z.array(z.string()),
    constraints: z.array(z.string()),
    scope: z.string().nullable(),
    nextStep: z.string().nullable(),
    variables: named,
    items: z.record(z.enum(contextTiers), z.array(activeItem)),
    openCalls: z.array(z.strictObject({ name: z.string(), begunAt: time.nullable() })),
    machine: machineInLayers.optional(),
  }),
  history: z.strictObject({
    actions: z.array(z.strictObject({ version: count, time, text: z.string() })),
    decisions: z.array(
      z.strictObject({
        version: count,
        time,
        text: z.string(),
        reason: z.string().nullable(),
        taskId: z.string().nullable(),
      }),
    ),
    decisionCount: count,
    turns: z.strictObject({ prompts: count, completed: count, interrupted: count }),
    compactions: count,
    failures: z.strictObject({ retries: count, givenUp: count, last: z.string().nullable() }),
    recoveries: count,
    recoveredFrom: z.string().nullable(),
    recovery: recoveryShape.nullable(),
    handoffs: z.array(handoffShape),
    merges: z.array(
      z.strictObject({ sessionId, sourceVersion: count, version: count, time, conflictCount: count }),
    ),
    redactions: count,
    checkpointCount: count,
    newestCheckpoint: checkpointEntry.nullable(),
    observations: z.record(z.string(), count),
  }),
  project: z.strictObject({
    name: z.string().nullable(),
    root: z.string().nullable(),
    gitBranch: z.string().nullable(),
    specs: z.array(
      z.strictObject({
        id: z.string(),
        title: z.string().nullable(),
        phase: z.string().nullable(),
        status: z.string().nullable(),
        progressPercent: z.number().min(0).max(100).nullable(),
        progressBy: z.enum(['statement', 'tasks']).nullable(),
        completedSteps: z.array(z.string()),
        nextStep: z.string().nullable(),
        tasks: z.strictObject({ total: count, completed: count }),
      }),
    ),
    milestones: z.array(
      z.strictObject({
        id: z.string(),
        title: z.string().nullable(),
        specId: z.string().nullable(),
        status: z.string(),
        reachedAt: time.nullable(),
        version: count,
      }),
    ),
    tasksBySpec: z.record(z.string(), z.array(z.string())),
    tasksWithoutSpec: z.array(z.string()),
  }),
  user: z.strictObject({
    language: z.string().nullable(),
    expertise: z.string().nullable(),
    preferences: named,
  }),
  system: z.strictObject({
    tool: z.string().nullable(),
    toolVersion: z.string().nullable(),
    cwd: z.string().nullable(),
    tools: z.array(z.string()),
    servers: z.array(server),
    permissions: z.strictObject({ mode: z.string().nullable(), named }),
    environment: named,
  }),
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
  tasks: z.array(taskShape),
  openCalls: z.array(
    z.strictObject({
      toolCallId: z.string(),
      name: z.string(),
      version: z.int().min(1),
      time,
      childSessionId: sessionId.nullable(),
      begunAt: time.nullable(),
      writes: z.string().nullable(),
    }),
  ),
  checkpoints: z.array(checkpointEntry),
  observations: z.record(z.string(), count),
  configuration: z.record(z.string(), z.unknown()),
  context: z.strictObject({
    items: count,
    tokensByCategory: z.record(z.enum(contextCategories), count),
    discarded: count,
    archived: count,
    savedTokens: count,
    overrun: z.array(z.enum(allocationNames)),
  }),
  layers: layersShape,
  advice,
  // What the layers hold is not told twice.
  knowledge: z.undefined().optional(),
  growth: z.undefined().optional(),
})

export const budgetShape = z.strictObject({
  sessionId,
  version: count,
  window,
  current,
  allocation: allocationShape,
  reserve,
  growth: z.strictObject({
    reports: count,
    tokens: count,
    bytes: z.strictObject({ prompts: count, replies: count, toolInputs: count, toolOutputs: count }),
  }),
  forecast: forecast.nullable(),
  advice,
  thresholds,
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

export const contextShape = z.strictObject({
  sessionId,
  version: count,
  window,
  current,
  allocation: allocationShape,
  reserve,
  unattributedTokens: count,
  tiers: z
    .array(z.strictObject({ tier: z.enum(contextTiers), items: count, tokens: count, savedTokens: count }))
    .length(3),
  items: z.array(
    activeItem.extend({
      tier: z.enum(contextTiers),
      server: z.string().nullable(),
      originalTokens: count,
      estimated: z.boolean(),
      savedTokens: count,
      addedVersion: z.int().min(1),
      addedAt: time,
    }),
  ),
  discarded: count,
  archived: count,
  savedTokens: count,
  servers: z.array(server),
  switchOff: z.strictObject({ servers: z.array(z.string()), savedTokens: count }),
  advice,
})

const content = z.strictObject({ hash: z.string().length(64), bytes: count, preview: z.string() })
export const itemShape = z.strictObject({
  tag: z.string(),
  title: z.string().nullable(),
  tier: z.enum(contextTiers),
  category: z.enum(contextCategories),
  server: z.string().nullable(),
  status: z.enum(['kept', 'summarized', 'deferred', 'discarded', 'archived']),
  content: content.nullable(),
  tokens: count,
  estimated: z.boolean(),
  summary: content.nullable(),
  summaryTokens: count.nullable(),
  addedVersion: z.int().min(1),
  addedAt: time,
  part: z.enum(['original', 'summary']),
  text: z.string(),
})

const mergePolicy = z.enum(['ours', 'theirs', 'union', 'fail'])
const conflictShape = z.strictObject({
  part: z.enum(['tasks', 'context', 'decisions']),
  id: z.string(),
  base: z.string().nullable(),
  ours: z.string().nullable(),
  theirs: z.string().nullable(),
  resolution: z.enum(['ours', 'theirs', 'both']).nullable(),
})

export const mergeShape = z.strictObject({
  sessionId,
  sourceSessionId: sessionId,
  sourceVersion: count,
  baseVersion: count,
  policies: z.strictObject({ tasks: mergePolicy, context: mergePolicy, decisions: mergePolicy }),
  changes: z.array(
    z.strictObject({
      part: z.enum(['tasks', 'context', 'decisions']),
      id: z.string(),
      as: z.string(),
      change: z.enum(['added', 'changed', 'removed']),
      before: z.string().nullable(),
      after: z.string().nullable(),
    }),
  ),
  conflicts: z.array(conflictShape),
  commandCount: count,
  version: count,
  recorded: z.boolean(),
})

const putBack = z.strictObject({ restored: z.array(z.string()), removed: z.array(z.string()) })
export const rewindShape = z.strictObject({
  sessionId,
  toVersion: count,
  tasks: putBack,
  items: putBack,
  knowledge: z.boolean(),
  version: count,
  recorded: z.boolean(),
})

const merges = z.array(
  z.strictObject({ sessionId, sourceVersion: count, version: count, conflictCount: count }),
)
export const treeShape = z.array(
  z.strictObject({
    sessionId,
    kind: z.enum(['root', 'fork', 'continuation', 'child']),
    parentSessionId: sessionId.nullable(),
    atVersion: count.nullable(),
    depth: count,
    title: z.string().nullable(),
    nativeId: z.string().nullable(),
    machine: machineSummary.nullable(),
    status: z.enum(sessionStatuses),
    startedAt: time.nullable(),
    version: count,
    usage: counted,
    inherited: counted,
    total: counted,
    merges,
    mergedInto: merges,
  }),
)

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
  gitBranch: z.string().nullable(),
  gitDirty: z.boolean().nullable(),
  checkpoint: checkpointFields,
})
export const checkpointsShape = z.array(checkpointEntry.extend({ checkpoint: checkpointFields }))

const openCall = z.strictObject({
  kind: z.literal('call'),
  id: z.string(),
  name: z.string(),
  version: z.int(),
  time,
  outcome: z.enum(['never-started', 'unknown']),
  writes: z.string().nullable(),
})

const openItems = z.array(
  z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('task'),
      id: z.string(),
      status: z.enum(taskStatuses),
      title: z.string(),
    }),
    openCall,
  ]),
)
const damageFound = z.object({ version: count, kind: z.string(), detail: z.string() }).nullable()

/** With `--new` or `--emergency`. */
export const recoverNewShape = z.strictObject({
  sessionId,
  version: count,
  continuesSessionId: sessionId,
  continuesVersion: count,
  checkpointId: checkpointId.nullable(),
  damage: damageFound,
  open: openItems,
  broughtTasks: count,
  broughtItems: count,
  plan: z.array(z.string()),
})

export const recoverShape = z.strictObject({
  sessionId,
  from: z.enum(['snapshot', 'older-snapshot', 'full-replay']),
  checkpointId: checkpointId.nullable(),
  snapshotVersion: count,
  version: count,
  replayedEvents: count,
  open: openItems,
  passedOver: z.array(z.strictObject({ version: count, kind: z.string(), detail: z.string() })),
  damage: damageFound,
  recorded: z.boolean(),
  recoveryId: z.string().nullable(),
  takenUp: z.boolean(),
  taskPolicy: z.enum(taskPolicies),
  chosenCheckpointId: checkpointId.nullable(),
  steps: recoveryShape.shape.steps,
})

const machineMove = { from: z.string(), event: z.string(), to: z.string() }
const countOrNone = count.nullable()
export const machineShape = z.strictObject({
  machine: z.enum(['task', 'budget', 'session', 'handoff', 'recovery']),
  initial: z.string(),
  begins: z.string().nullable(),
  states: z.array(z.strictObject({ name: z.string(), final: z.boolean(), now: countOrNone })),
  transitions: z.array(z.strictObject({ ...machineMove, guard: z.string().nullable(), count: countOrNone })),
  outside: z.array(z.strictObject({ ...machineMove, count })),
  session: z
    .strictObject({
      sessionId,
      version: count,
      taskId: z.string().nullable(),
      begun: count,
      steps: z.array(
        z.strictObject({
          version: z.int().min(1),
          time,
          subject: z.string().nullable(),
          ...machineMove,
          from: z.string().nullable(),
        }),
      ),
      stepCount: count,
    })
    .nullable(),
})
export const machineTextShape = z.strictObject({
  machine: z.string(),
  format: z.enum(['mermaid', 'dot']),
  sessionId: sessionId.nullable(),
  text: z.string(),
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

const toldOf = <S extends z.ZodType>(shape: S) => z.strictObject({ count, listed: z.array(shape) })
const phaseStep = z.strictObject({
  version: count,
  time,
  from: z.enum(budgetPhases),
  to: z.enum(budgetPhases),
  percent: z.number(),
})
const checkpointTaken = z.strictObject({
  version: count,
  time,
  trigger: z.string(),
  reason: z.string().nullable(),
})
const playedState = z.strictObject({
  version: count,
  status: z.enum(sessionStatuses),
  window: z.record(z.string(), z.unknown()),
  usage: z.record(z.string(), z.unknown()),
  tasks: z.record(z.string(), z.enum(taskStatuses)),
  stateHash: z.string().regex(/^[0-9a-f]{64}$/),
})
const askedChange = z.strictObject({ version: count, fields: z.record(z.string(), z.unknown()) })

export const whatIfShape = z.strictObject({
  asked: z.strictObject({
    configuration: z.record(z.string(), z.unknown()).nullable(),
    machines: z.boolean(),
    skip: z.array(count),
    edit: z.array(askedChange),
    insert: z.array(askedChange),
    withoutEffect: z.array(z.string()),
  }),
  sessionId,
  playedFrom: count,
  version: count,
  commands: count,
  same: z.boolean(),
  partsAt: z
    .strictObject({
      version: count,
      time,
      command: z.string(),
      kind: z.enum(['played', 'edited', 'skipped', 'gave-way', 'taken-over', 'inserted', 'refused']),
      played: z.array(z.string()),
      recorded: z.array(z.string()),
    })
    .nullable(),
  phases: z.strictObject({ recorded: toldOf(phaseStep), played: toldOf(phaseStep) }),
  checkpoints: z.strictObject({
    recorded: count,
    played: count,
    missing: toldOf(checkpointTaken),
    added: toldOf(checkpointTaken),
  }),
  refused: toldOf(
    z.strictObject({
      version: count,
      time,
      command: z.string(),
      subject: z.string(),
      status: z.string(),
      reason: z.string(),
      accepted: z.array(z.string()),
    }),
  ),
  withoutEvents: count,
  gaveWay: toldOf(z.strictObject({ version: count, command: z.string(), fields: z.array(z.string()) })),
  takenOver: z.strictObject({
    unknown: count,
    policies: count,
    redaction: count,
    rewind: count,
    merge: count,
    recovery: count,
    handoff: count,
  }),
  state: z.strictObject({ recorded: playedState, played: playedState }),
  diff: z.strictObject({
    changes: z.array(
      z.strictObject({ path: z.string(), kind: z.string(), before: z.unknown(), after: z.unknown() }),
    ),
    changeCount: count,
    folded: z.array(z.string()),
  }),
  fork: z
    .strictObject({
      sessionId,
      parentSessionId: sessionId,
      forkedAt: count,
      version: count,
      commands: count,
      leftOut: toldOf(z.strictObject({ version: count, command: z.string(), reason: z.string() })),
    })
    .nullable(),
})

const differenceShape = z.strictObject({ path: z.string(), recorded: z.unknown(), now: z.unknown() })

const machinesVerdictShape = z.strictObject({
  batches: count,
  agreedEvents: count,
  divergenceCount: count,
  divergences: z.array(
    z.strictObject({
      version: count,
      command: z.string(),
      commandId: z.string(),
      cause: z.string(),
      outcome: z.string(),
      difference: differenceShape,
    }),
  ),
  outcomes: z.array(z.strictObject({ command: z.string(), outcome: z.string(), count, version: count })),
  notAsked: z.array(z.strictObject({ reason: z.string(), count, version: count })),
})

const told = z.strictObject({
  time,
  version: z.int().min(1),
  type: z.string(),
  text: z.string(),
  tone: z.string(),
  notable: z.boolean(),
})

const stateDiffShape = z.strictObject({
  changes: z.array(
    z.strictObject({
      path: z.string().min(1),
      kind: z.enum(['added', 'removed', 'changed']),
      before: z.unknown(),
      after: z.unknown(),
    }),
  ),
  changeCount: count,
  folded: z.array(z.string()),
})

const sideShape = z.strictObject({
  sessionId,
  version: count,
  events: count,
  byType: z.record(z.string(), z.int().min(1)),
  first: told.nullable(),
})

export const diffShape = z.strictObject({
  relation: z.enum(['same-session', 'shared-past', 'apart']),
  common: count,
  before: sideShape,
  after: sideShape,
  same: z.boolean(),
  state: stateDiffShape,
})

const probe = { version: count, holds: z.boolean() }

export const bisectShape = z.strictObject({
  sessionId,
  predicate: z.string(),
  from: count,
  to: count,
  outcome: z.enum(['found', 'held-before', 'not-held']),
  version: count.nullable(),
  before: count.nullable(),
  events: z.array(told),
  changes: stateDiffShape.nullable(),
  probes: z.array(z.strictObject(probe)),
  reconstructions: count,
  monotone: z.boolean().nullable(),
  scan: z
    .strictObject({
      heldBefore: z.boolean(),
      flips: z.array(z.strictObject({ ...probe, before: count })),
      flipCount: count,
      looks: count,
    })
    .nullable(),
})

export const verifyShape = z.strictObject({
  ok: z.boolean(),
  sessions: z.array(
    z.strictObject({
      sessionId,
      events: count,
      redactedCount: count,
      redacted: z.array(z.strictObject({ version: count, by: count })),
      snapshots: z.strictObject({ count, ofOtherFold: count }),
      machines: machinesVerdictShape.nullable(),
      ok: z.boolean(),
      problems: z.array(
        z.strictObject({
          version: count,
          kind: z.string(),
          cause: z.string(),
          detail: z.string(),
          difference: differenceShape.optional(),
        }),
      ),
    }),
  ),
  orphanedEvents: count,
  contents: z.strictObject({
    checked: count,
    redacted: count,
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

const originShape = z.discriminatedUnion('layer', [
  z.strictObject({ layer: z.literal('defaults') }),
  z.strictObject({
    layer: z.enum(['home', 'project']),
    file: z.string(),
    line: z.int().min(1),
    column: z.int().min(1),
  }),
  z.strictObject({ layer: z.literal('environment'), variable: z.string().startsWith('WAYMARK_') }),
  z.strictObject({ layer: z.literal('flags'), flag: z.string().startsWith('--set ') }),
])
const settingValueShape = z.union([
  z.boolean(),
  z.number(),
  z.string(),
  z.null(),
  z.record(z.string(), z.strictObject({ hands_to: z.array(z.string()) })),
])
export const configKeyShape = z.strictObject({
  key: z.string(),
  value: settingValueShape,
  origin: originShape,
})
export const configShape = z.strictObject({
  settings: z.strictObject({
    session: z.record(z.string(), z.union([settingValueShape, z.record(z.string(), settingValueShape)])),
  }),
  origins: z.record(z.string(), originShape),
})

const handoffId = z.string().regex(/^hoff_[0-9a-f-]{36}$/)
export const handoffOfferShape = z.strictObject({
  handoffId,
  sessionId,
  version: z.int().min(1),
  package: handoffPackageShape,
  compression: handoffPackageShape.shape.waymark.shape.compression,
  file: z.string().nullable(),
})
export const handoffAcceptanceShape = z.strictObject({
  sessionId,
  handoffId: handoffId.nullable(),
  agent: z.string(),
  epoch: z.int().min(1),
  version: z.int().min(1),
  switchedTasks: z.array(z.string()),
  package: handoffPackageShape.nullable(),
})
const handoffEntry = {
  id: z.string(),
  fromAgent: z.string().nullable(),
  toAgent: z.string(),
  status: z.enum(handoffStatuses),
  offeredAt: time,
  version: z.int().min(1),
  expiresAt: time.nullable(),
  endedAt: time.nullable(),
  reason: z.string().nullable(),
  content: content.nullable(),
  epoch: z.int().min(1).nullable(),
}
export const handoffEndedShape = z.strictObject({
  sessionId,
  version: z.int().min(1),
  epoch: z.int().min(1),
  holder: z.string().nullable(),
  status: z.enum(sessionStatuses),
  handoff: z.strictObject(handoffEntry).nullable(),
})
export const handoffListShape = z.array(z.strictObject({ ...handoffEntry, isOver: z.boolean() }))
export const handoffValidationShape = z.strictObject({
  ok: z.boolean(),
  problems: z.array(
    z.strictObject({ code: z.string(), field: z.string().nullable(), message: z.string().min(1) }),
  ),
  notes: z.array(z.string()),
  package: handoffPackageShape.nullable(),
  context: z
    .looseObject({ brief: z.string(), items: z.array(z.looseObject({ tag: z.string() })) })
    .optional(),
})
export const handoffReceivedShape = z.strictObject({
  sessionId,
  version: z.int().min(1),
  continuesSessionId: sessionId.nullable(),
  continuesVersion: count.nullable(),
  holder: z.string().nullable(),
  leftOut: z.array(z.string()),
})

const nodeShape = z.strictObject({
  id: z.string(),
  title: z.string(),
  specId: z.string().nullable(),
  standing: z.enum(nodeStandings),
  status: z.enum(taskStatuses),
  dependsOn: z.array(z.string()),
  waitsFor: z.array(z.string()),
  heldUpBy: z.array(z.string()).max(10),
  level: z.int().min(1),
  chain: count,
  agent: z.string().nullable(),
  workSessionId: sessionId.nullable(),
  since: time.nullable(),
  attempts: count,
  reason: z.string().nullable(),
  retryable: z.boolean().nullable(),
})
const standingCounts = z.strictObject({
  ready: count,
  running: count,
  blocked: count,
  waiting: count,
  'held-up': count,
  failed: count,
  cancelled: count,
  completed: count,
})
export const graphShape = z.strictObject({
  sessionId,
  version: count,
  title: z.string().nullable(),
  nodes: z.array(nodeShape),
  ready: z.array(z.string()),
  counts: standingCounts,
  levels: count,
  criticalPath: z.array(z.string()),
  finished: z.boolean(),
  workers: z.array(
    z.strictObject({
      taskId: z.string(),
      holder: z.string().nullable(),
      offeredTo: z.string().nullable(),
      workSessionId: sessionId.nullable(),
      loss: z.string().nullable(),
    }),
  ),
})
export const graphMermaidShape = z.strictObject({ sessionId, version: count, mermaid: z.string() })
export const graphPlanShape = z.strictObject({
  sessionId,
  added: z.array(z.string()),
  present: z.array(z.string()),
})
export const graphClaimShape = z.strictObject({
  sessionId,
  task: nodeShape.nullable(),
  workSessionId: sessionId.nullable(),
  epoch: z.int().min(1).nullable(),
  resumed: z.boolean(),
  brief: z.string().nullable(),
  counts: standingCounts,
})
export const graphChangeShape = z.strictObject({
  sessionId,
  taskId: z.string(),
  ready: z.array(z.string()),
  counts: standingCounts,
  finished: z.boolean(),
})
export const graphReclaimShape = z.strictObject({
  sessionId,
  reclaimed: z.array(
    z.strictObject({
      taskId: z.string(),
      agent: z.string().nullable(),
      workSessionId: sessionId.nullable(),
      reason: z.string(),
      ready: z.boolean(),
    }),
  ),
  ready: z.array(z.string()),
  counts: standingCounts,
})

export const reproduceShape = z.strictObject({
  sessionId,
  version: z.int().min(1),
  kind: z.enum(['state', 'change', 'divergence']),
  commands: z.array(z.looseObject({ type: z.string(), time: time.optional() })),
  versions: z.array(z.int().min(1)),
  commandsBefore: count,
  isMinimal: z.boolean(),
  policies: z.enum(['standard', 'none']),
  seed: count,
  attempts: count,
  durationMs: z.number().min(0),
  redacted: z.boolean(),
  file: z.string().nullable(),
  test: z.string().nullable(),
})
