/** Context: what lies in the window, item by item, each with a tag under which it can be read again. */
import { z } from 'zod'
import { limits } from '../kernel/limits.ts'
import { contentRefShape, idShape, lineShape, tokensShape } from './shapes.ts'

/** How dear an item is: always kept, kept while there is room, or the first to go. */
export const contextTiers = ['critical', 'supporting', 'temporary'] as const
export type ContextTier = (typeof contextTiers)[number]

/** The four parts of a window and what each is made of: `reference.tools` are definitions of tools. */
export const contextCategories = [
  'system.instructions',
  'system.commands',
  'system.skills',
  'conversation.messages',
  'conversation.cache',
  'conversation.references',
  'reference.project',
  'reference.skills',
  'reference.tools',
  'reserve.snapshot',
  'reserve.tags',
  'reserve.recovery',
  'reserve.buffer',
] as const
export type ContextCategory = (typeof contextCategories)[number]

/** The stable short name of an item: `@CONFIG-001`. */
export const tagShape = z
  .string()
  .max(limits.tagCharactersMax)
  .regex(
    /^@[A-Za-z0-9][A-Za-z0-9._-]*$/,
    'a tag is @ and letters, digits, dots, dashes or underscores: @CONFIG-001',
  )

const tag = tagShape
const tags = z.array(tagShape).min(1).max(limits.contextItemsMax)
const reason = lineShape.optional()

/** Tokens of an item: counted by whoever brought it, or estimated from its bytes. */
const weightShape = z.strictObject({ tokens: tokensShape, estimated: z.boolean() })

export const contextCommands = {
  'context.add': z.strictObject({
    /** Made from the category when left out: `@TOOLS-001`. */
    tag: tag.optional(),
    tier: z.enum(contextTiers),
    category: z.enum(contextCategories),
    title: lineShape.optional(),
    content: contentRefShape.optional(),
    /** Tokens it takes in the window; estimated when left out. */
    tokens: tokensShape.optional(),
    /** The MCP server it belongs to. */
    server: idShape.optional(),
  }),
  'context.retier': z.strictObject({ tag, tier: z.enum(contextTiers) }),
  /** Takes items out of the window for good; never critical ones. Their texts stay in the log. */
  'context.discard': z.strictObject({ tags, reason }),
  /** Leaves only the tags in the window; the items come back with `context.restore`. Never critical ones. */
  'context.defer': z.strictObject({ tags, reason }),
  /** Takes items out of state; the log still finds them by tag. Never critical ones. */
  'context.archive': z.strictObject({ tags, reason }),
  /** Brings the originals back. A summary that is asked for and not made yet is not made. */
  'context.restore': z.strictObject({ tags }),
  /**
   * Asks for summaries of at most so many percent of the originals; whoever summarises answers with `context.summarize`.
   * `null` takes the request back.
   */
  'context.request-summary': z.strictObject({ tags, targetPercent: z.number().gt(0).lt(100).nullable() }),
  'context.summarize': z.strictObject({
    tag,
    summary: contentRefShape,
    /** Tokens of the summary; when left out, its share of the item's tokens. */
    tokens: tokensShape.optional(),
    /** Version of the request that it answers: refused when the item waits for that one no more. */
    requestedVersion: z.int().min(1).optional(),
  }),
}

export const contextEvents = {
  'context.added': z.strictObject({
    ...contextCommands['context.add'].shape,
    tag,
    weight: weightShape,
  }),
  'context.retiered': contextCommands['context.retier'],
  'context.discarded': z.strictObject({
    ...contextCommands['context.discard'].shape,
    savedTokens: tokensShape,
  }),
  'context.deferred': z.strictObject({ ...contextCommands['context.defer'].shape, savedTokens: tokensShape }),
  'context.archived': z.strictObject({
    ...contextCommands['context.archive'].shape,
    savedTokens: tokensShape,
  }),
  'context.restored': contextCommands['context.restore'],
  'context.summary-requested': contextCommands['context.request-summary'],
  'context.summarized': z.strictObject({
    ...contextCommands['context.summarize'].shape,
    weight: weightShape,
    /** What the window is relieved of. */
    savedTokens: tokensShape,
  }),
}
