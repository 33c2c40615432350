/** Shapes that several nouns share: ids, lines of text, counters, references to stored content. */
import { z } from 'zod'
import { limits } from '../kernel/limits.ts'

const idPattern = /^(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._:@#+=~-]*$/

/**
 * An id that a caller chooses. It begins with a letter or digit and holds no path characters, so that it may
 * become a file name, an object key or an argument without harm.
 */
export const idShape = z
  .string()
  .max(limits.idCharactersMax, `an id has at most ${limits.idCharactersMax} characters`)
  .regex(
    idPattern,
    'an id begins with a letter or digit, holds only letters, digits and . _ : @ # + = ~ -, and no ".."',
  )

/** One line for people: a title, a reason, a name. */
export const lineShape = z.string().max(limits.lineCharactersMax)

/** A text small enough to stay inside an event. */
export const textShape = z.string().max(limits.textCharactersMax)

/** ISO 8601 in UTC with milliseconds, the one way times are written. */
export const timeShape = z.iso.datetime({ precision: 3 })

/** A model's name as its provider writes it; it becomes a key of counters, so it begins with a letter or digit. */
export const modelShape = z
  .string()
  .max(limits.idCharactersMax)
  .regex(/^[A-Za-z0-9]/, 'a model name begins with a letter or digit')

export const tokensShape = z.int().min(0).max(limits.tokensMax)

/** Tokens in a window: three counters of a report together, so three times what one may carry. */
export const gaugeShape = z
  .int()
  .min(0)
  .max(limits.tokensMax * 3)

/** A session's id: `sess_` and a UUID. */
export const sessionIdShape = z
  .string()
  .regex(
    /^sess_[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/,
    'a session id is sess_ and a UUID',
  )

/** A checkpoint's id: `ckpt_` and a UUID. */
export const checkpointIdShape = z
  .string()
  .regex(
    /^ckpt_[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/,
    'a checkpoint id is ckpt_ and a UUID',
  )

/** A handoff's id: `hoff_` and a UUID. */
export const handoffIdShape = z
  .string()
  .regex(
    /^hoff_[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/,
    'a handoff id is hoff_ and a UUID',
  )

/** A recovery's id: `reco_` and a UUID. */
export const recoveryIdShape = z
  .string()
  .regex(
    /^reco_[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/,
    'a recovery id is reco_ and a UUID',
  )

/** Points to a text in the content store: its SHA-256, its size in bytes of UTF-8, and how it begins. */
export const contentRefShape = z.strictObject({
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.int().min(0).max(limits.contentBytesMax),
  preview: z.string().max(limits.previewCharactersMax),
})
export type ContentRef = z.infer<typeof contentRefShape>

/** Token counters by kind, as providers report them: `inputTokens` excludes what came from the cache. */
export const countersShape = z.strictObject({
  inputTokens: tokensShape,
  outputTokens: tokensShape,
  cacheReadTokens: tokensShape,
  cacheCreationTokens: tokensShape,
})
export type Counters = z.infer<typeof countersShape>

/** What of a report is new: 1 call or 0, and the tokens by which the counters rise. */
export const countedShape = z.strictObject({ calls: z.int().min(0).max(1), ...countersShape.shape })
export type Counted = z.infer<typeof countedShape>

export const noCounters: Counters = {
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheCreationTokens: 0,
}
