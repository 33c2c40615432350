/** What an agent has to know to go on: its focus, decisions, the project, the user, and the system it works in. */
import { z } from 'zod'
import { limits } from '../kernel/limits.ts'
import { idShape, lineShape, tokensShape } from './shapes.ts'

/** Named values; `null` takes a name away. */
const changes = z
  .record(idShape, lineShape.nullable())
  .refine(
    (named) => Object.keys(named).length <= limits.namedValuesMax,
    `at most ${limits.namedValuesMax} names at a time`,
  )

const lines = z.array(lineShape.min(1)).max(limits.focusLinesMax)
const names = z.array(lineShape.min(1)).max(limits.toolNamesMax)

export const specStatuses = ['planned', 'active', 'completed', 'dropped'] as const
export type SpecStatus = (typeof specStatuses)[number]

export const milestoneStatuses = ['planned', 'reached', 'missed'] as const
export type MilestoneStatus = (typeof milestoneStatuses)[number]

export const knowledgeCommands = {
  /** What is being worked on. A list replaces the one before; `null` takes a value away. */
  'focus.change': z.strictObject({
    objectives: lines.optional(),
    constraints: lines.optional(),
    scope: lineShape.nullable().optional(),
    nextStep: lineShape.nullable().optional(),
    variables: changes.optional(),
  }),
  'decision.record': z.strictObject({
    text: lineShape.min(1),
    reason: lineShape.optional(),
    taskId: idShape.optional(),
  }),
  'project.describe': z.strictObject({ name: lineShape.optional(), root: lineShape.optional() }),
  'spec.update': z.strictObject({
    specId: idShape,
    title: lineShape.optional(),
    /** Where the work stands: `implementation`, GREEN. */
    phase: lineShape.optional(),
    status: z.enum(specStatuses).optional(),
    progressPercent: z.number().min(0).max(100).optional(),
    completedStep: lineShape.min(1).optional(),
    nextStep: lineShape.nullable().optional(),
  }),
  'milestone.update': z.strictObject({
    milestoneId: idShape,
    title: lineShape.optional(),
    specId: idShape.optional(),
    status: z.enum(milestoneStatuses).optional(),
  }),
  'user.describe': z.strictObject({
    /** As a language tag: `ko`, `en-GB`. */
    language: lineShape.optional(),
    /** Such as `beginner`, `intermediate`, `expert`. */
    expertise: lineShape.optional(),
    preferences: changes.optional(),
  }),
  'system.describe': z.strictObject({
    /** Names of the tools at hand; replaces the list before. */
    tools: names.optional(),
    permissions: changes.optional(),
    environment: changes.optional(),
  }),
  /** An MCP server: the tools it brings, and the tokens that their definitions take. */
  'server.describe': z.strictObject({
    server: idShape,
    tools: names.optional(),
    toolTokens: tokensShape.optional(),
    enabled: z.boolean().optional(),
  }),
}

export const knowledgeEvents = {
  'focus.changed': knowledgeCommands['focus.change'],
  'decision.recorded': knowledgeCommands['decision.record'],
  'project.described': knowledgeCommands['project.describe'],
  'spec.updated': knowledgeCommands['spec.update'],
  'milestone.updated': knowledgeCommands['milestone.update'],
  'user.described': knowledgeCommands['user.describe'],
  'system.described': knowledgeCommands['system.describe'],
  'server.described': knowledgeCommands['server.describe'],
}
