/** Where histories meet and turn: a fork's result brought back, a session that goes on from an earlier version, data taken out. */
import { z } from 'zod'
import { limits } from '../kernel/limits.ts'
import { contextCategories, contextTiers, tagShape } from './context.ts'
import { milestoneStatuses, specStatuses } from './knowledge.ts'
import {
  checkpointIdShape,
  contentRefShape,
  idShape,
  lineShape,
  sessionIdShape,
  textShape,
  timeShape,
  tokensShape,
} from './shapes.ts'
import { switchCauses, taskStatuses, waitShape } from './task.ts'

/** What happens where both sides changed the same thing: ours stays, theirs comes, both stay, or nothing is merged. */
export const mergePolicies = ['ours', 'theirs', 'union', 'fail'] as const
export type MergePolicy = (typeof mergePolicies)[number]

/** The parts of a state that are merged, each under its own policy. */
export const mergeParts = ['tasks', 'context', 'decisions'] as const
export type MergePart = (typeof mergeParts)[number]

const version = z.int().min(0)
const mergePolicy = z.enum(mergePolicies)

/** Something that both sides changed, and what became of it. */
const conflictShape = z.strictObject({
  part: z.enum(mergeParts),
  /** The task's id, the item's tag, or the decision's text. */
  id: lineShape,
  base: lineShape.nullable(),
  ours: lineShape.nullable(),
  theirs: lineShape.nullable(),
  resolution: z.enum(['ours', 'theirs', 'both']),
})

/** A task as it is put back by a rewind. */
const taskShape = z.strictObject({
  id: idShape,
  title: lineShape,
  description: textShape.nullable(),
  parentTaskId: idShape.nullable(),
  specId: idShape.nullable(),
  phase: lineShape.nullable(),
  dependsOn: z.array(idShape).max(limits.taskDependenciesMax),
  agent: lineShape.nullable(),
  workSessionId: sessionIdShape.nullable(),
  status: z.enum(taskStatuses),
  blockedOn: waitShape.nullable(),
  returnsTo: z.enum(['pending', 'running']).nullable(),
  switchCause: z.enum(switchCauses).nullable(),
  retryable: z.boolean().nullable(),
  reason: lineShape.nullable(),
  checkpointId: checkpointIdShape.or(z.literal('origin')).nullable(),
  attempts: z.int().min(0),
  addedAt: timeShape,
  startedAt: timeShape.nullable(),
  endedAt: timeShape.nullable(),
  runningSince: timeShape.nullable(),
  workedMs: z.number().min(0),
})

/** A context item as it is put back by a rewind. */
const itemShape = z.strictObject({
  tag: tagShape,
  tier: z.enum(contextTiers),
  category: z.enum(contextCategories),
  title: lineShape.nullable(),
  content: contentRefShape.nullable(),
  server: idShape.nullable(),
  tokens: tokensShape,
  estimated: z.boolean(),
  status: z.enum(['kept', 'summarized', 'deferred']),
  summary: contentRefShape.nullable(),
  summaryTokens: tokensShape.nullable(),
  summaryWantedPercent: z.number().nullable(),
  summaryWantedVersion: version.nullable(),
  addedVersion: version,
  addedAt: timeShape,
})

const values = z.record(idShape, lineShape)
const lines = z.array(lineShape)

const specShape = z.strictObject({
  id: idShape,
  title: lineShape.nullable(),
  phase: lineShape.nullable(),
  status: z.enum(specStatuses),
  progressPercent: z.number().nullable(),
  completedSteps: lines,
  nextStep: lineShape.nullable(),
  version,
})

const milestoneShape = z.strictObject({
  id: idShape,
  title: lineShape.nullable(),
  specId: idShape.nullable(),
  status: z.enum(milestoneStatuses),
  reachedAt: timeShape.nullable(),
  version,
})

/** What is put back of what is known: all of it is replaced, because it is small. */
const knowledgeShape = z.strictObject({
  focus: z.strictObject({
    objectives: lines,
    constraints: lines,
    scope: lineShape.nullable(),
    nextStep: lineShape.nullable(),
    variables: values,
  }),
  decisions: z.array(
    z.strictObject({
      version,
      time: timeShape,
      text: lineShape,
      reason: lineShape.nullable(),
      taskId: idShape.nullable(),
    }),
  ),
  specs: z.record(idShape, specShape),
  milestones: z.record(idShape, milestoneShape),
})

/** What a rewind puts back: what differs from how it was at that version. `null` takes away what was not there then. */
const restoredShape = z.strictObject({
  tasks: z.record(idShape, taskShape.nullable()),
  items: z.record(tagShape, itemShape.nullable()),
  /** `null` when nothing of it differs. */
  knowledge: knowledgeShape.nullable(),
})
export type Restored = z.infer<typeof restoredShape>

/** An event whose data was replaced: its version, and the hash of what stands there now. */
const redactedEventShape = z.strictObject({
  version: z.int().min(1),
  dataHash: z.string().regex(/^[0-9a-f]{64}$/),
})

export const branchCommands = {
  /** Records that a fork was merged; what it brings follows as commands of their own, in the same transaction. */
  'session.merge': z.strictObject({
    sourceSessionId: sessionIdShape,
    sourceVersion: z.int().min(1),
    /** Up to here both were one, or were merged before: a version of the source. */
    baseVersion: version,
    policies: z.strictObject({ tasks: mergePolicy, context: mergePolicy, decisions: mergePolicy }),
    /** Commands that follow. */
    broughtCount: z.int().min(0),
    /** The first ones; `conflictCount` counts all. */
    conflicts: z.array(conflictShape).max(limits.conflictsListedMax),
    conflictCount: z.int().min(0),
  }),
  /** Goes on from an earlier version: tasks, context and what is known are as they were then. What happened stays in the log. */
  'session.rewind': z.strictObject({
    toVersion: version,
    reason: lineShape.optional(),
    restored: restoredShape,
  }),
  /** Records that data was taken out of earlier events and of stored texts. The hash chain stays as it was. */
  'session.redact': z.strictObject({
    reason: lineShape.optional(),
    /** What was looked for: paths and names of patterns, never what was found. */
    rules: z.array(lineShape).min(1).max(limits.redactionRulesMax),
    events: z.array(redactedEventShape).max(limits.redactedEventsMax),
    /** Hashes of texts that were taken out. */
    contents: z.array(z.string().regex(/^[0-9a-f]{64}$/)).max(limits.redactedEventsMax),
  }),
}

export const branchEvents = {
  'session.merged': branchCommands['session.merge'],
  'session.rewound': branchCommands['session.rewind'],
  'session.redacted': branchCommands['session.redact'],
}
