/** Tokens: what was spent (usage), how full the window is (gauge), and the model that reads it. */
import { z } from 'zod'
import { windowSources } from './session.ts'
import {
  contentRefShape,
  countedShape,
  countersShape,
  gaugeShape,
  idShape,
  lineShape,
  modelShape,
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
  'model.switch': z.strictObject({ model: modelShape, windowTokens: tokensShape.min(1).optional() }),
}

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
}
