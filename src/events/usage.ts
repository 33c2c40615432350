/** Tokens: what was spent (usage), how full the window is (gauge), and the model that reads it. */
import { z } from 'zod'
import { contextCategories } from './context.ts'
import { windowSources } from './session.ts'
import {
  contentRefShape,
  countedShape,
  countersShape,
  gaugeShape,
  idShape,
  lineShape,
  modelShape,
  timeShape,
  tokensShape,
} from './shapes.ts'

export const budgetPhases = ['normal', 'monitoring', 'warning', 'emergency', 'exhausted'] as const
export type BudgetPhase = (typeof budgetPhases)[number]

export const usageCommands = {
  /**
   * One call of a model, by the provider's id of the call. Sent again with higher counters it raises what was counted;
   * a call that another session of this home has counted is inherited, not counted again.
   */
  'usage.record': z.strictObject({
    callId: idShape,
    model: modelShape,
    ...countersShape.shape,
    /** Tokens in the window after this call, when it is not input + cache read + cache creation. */
    contextTokens: tokensShape.optional(),
    /** `side` calls spend tokens but do not fill this session's window. */
    chain: z.enum(['main', 'side']).optional(),
    /** The window's size, where the provider states it with the call. */
    windowTokens: tokensShape.min(1).optional(),
    /** The output count is a lower bound: the source did not wait for the final figure. */
    estimated: z.boolean().optional(),
    /** Look for the call in this session and what it inherited, or in every session of the home (copied transcripts). */
    countedOnceIn: z.enum(['session', 'home']).optional(),
    /** The call was made before this session began, in a history that was copied into it. */
    inherited: z.boolean().optional(),
  }),
  /** A reading of the window that comes without a call. */
  'context.measure': z.strictObject({
    contextTokens: tokensShape,
    windowTokens: tokensShape.min(1).optional(),
    estimated: z.boolean().optional(),
  }),
  'context.compact': z.strictObject({
    trigger: z.enum(['auto', 'manual', 'unknown']),
    kind: z.enum(['full', 'micro']),
    preTokens: tokensShape.optional(),
    /** Tokens in the window afterwards, if the source says; an estimate, as it may leave out the system prompt. */
    postTokens: tokensShape.optional(),
    savedTokens: tokensShape.optional(),
    summary: contentRefShape.optional(),
  }),
  'model.switch': z.strictObject({
    model: modelShape,
    windowTokens: tokensShape.min(1).optional(),
    /** It has happened already, as a source tells: nobody can be asked for a checkpoint any more. */
    observed: z.boolean().optional(),
  }),
  /** Asks where the window is heading: when the next phase begins at the present growth, and what grows most. */
  'budget.forecast': z.strictObject({ reason: lineShape.optional() }),
}

/** What makes a window grow. */
export const growthKinds = ['prompts', 'replies', 'toolInputs', 'toolOutputs', 'items', 'unknown'] as const
export type GrowthKind = (typeof growthKinds)[number]

/** The four parts of the window, and the categories they are made of. */
export const allocationNames = [
  'system',
  'conversation',
  'reference',
  'reserve',
  ...contextCategories,
] as const
export type AllocationName = (typeof allocationNames)[number]

/** Where the window is heading at its present growth. */
export const forecastShape = z.strictObject({
  /** The phase that begins next. */
  phase: z.enum(budgetPhases),
  /** Tokens until then. */
  tokensToGo: gaugeShape,
  /** By how much the window rose from report to report, on average. */
  tokensPerReport: z.number().min(0),
  reportsToGo: z.int().min(0),
  /** When that will be if reports keep coming as they did; `null` when their times do not tell. */
  expectedAt: timeShape.nullable(),
  /** What brought most of the growth, and its share of all. */
  kind: z.enum(growthKinds),
  kindPercent: z.number().min(0).max(100),
})
export type Forecast = z.infer<typeof forecastShape>

const window = z.strictObject({
  totalTokens: gaugeShape.min(1),
  source: z.enum(windowSources),
  usedTokens: gaugeShape,
  estimated: z.boolean(),
})

export const usageEvents = {
  'usage.recorded': z.strictObject({
    ...usageCommands['usage.record'].shape,
    /** What this report adds to the session's own counters: all of a first report, the rise of a later one. */
    counted: countedShape,
    /** What of a first report another session counts; added to the inherited counters. */
    elsewhere: countedShape.optional(),
    window: window.nullable(),
  }),
  'context.measured': z.strictObject({ ...usageCommands['context.measure'].shape, window }),
  'context.compacted': z.strictObject({
    ...usageCommands['context.compact'].shape,
    window: window.nullable(),
  }),
  'model.switched': z.strictObject({
    ...usageCommands['model.switch'].shape,
    from: lineShape.nullable(),
    window,
  }),
  'budget.phase-changed': z.strictObject({
    from: z.enum(budgetPhases),
    to: z.enum(budgetPhases),
    /** Used of total when it was decided; may be above 100. */
    percent: z.number().min(0),
  }),
  /** `forecast` is `null` when the window does not grow, or nothing lies ahead. */
  'budget.forecasted': z.strictObject({
    ...usageCommands['budget.forecast'].shape,
    forecast: forecastShape.nullable(),
  }),
  'budget.allocation-overrun': z.strictObject({
    allocations: z
      .array(
        z.strictObject({ name: z.enum(allocationNames), limitTokens: gaugeShape, usedTokens: gaugeShape }),
      )
      .min(1),
  }),
  'budget.allocation-relieved': z.strictObject({ names: z.array(z.enum(allocationNames)).min(1) }),
}
