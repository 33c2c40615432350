/**
 * What a bundle is made of: lines of JSON in compressed blocks. First the header; then, for each stream from the oldest ancestor to the
 * session itself, its events in their order, a snapshot right after the event it belongs to; then the texts they refer to; last the record
 * that closes it, with counts and a hash over every line before it.
 */
import { z } from 'zod'
import { idShape, sessionIdShape } from '../events/shapes.ts'
import { WaymarkError } from '../kernel/errors.ts'
import { limits } from '../kernel/limits.ts'

export const bundleFormat = 1

const hashShape = z.string().regex(/^[0-9a-f]{64}$/)
const countShape = z.int().min(0)

/** Events of a stream that the bundle holds: those after `after`, up to `version`, whose chain hash is `hash`. */
const bundledStreamShape = z.strictObject({
  sessionId: sessionIdShape,
  after: countShape,
  version: z.int().min(1),
  hash: hashShape,
})
export type BundledStream = z.infer<typeof bundledStreamShape>

const headerShape = z.strictObject({
  kind: z.literal('waymark-bundle'),
  format: z.literal(bundleFormat),
  /** The Waymark that wrote it. */
  writer: z.string().max(limits.idCharactersMax),
  foldVersion: z.int().min(1),
  machines: hashShape,
  schemaVersions: z.record(idShape, z.int().min(1)),
  sessionId: sessionIdShape,
  /** Oldest ancestor first, the session itself last. Each goes on where the one before ends. */
  streams: z
    .array(bundledStreamShape)
    .min(1)
    .max(limits.lineageDepthMax + 1),
})
export type BundleHeader = z.infer<typeof headerShape>

const eventShape = z.strictObject({
  kind: z.literal('event'),
  stream: countShape,
  version: z.int().min(1),
  envelope: z.string(),
  data: z.string(),
  /** 16 bytes; of data that was taken out, the 32 of the hash of the data that was. */
  salt: z.string().regex(/^(?:[0-9a-f]{2}){1,64}$/),
  hash: hashShape,
})

const snapshotShape = z.strictObject({
  kind: z.literal('snapshot'),
  stream: countShape,
  version: z.int().min(1),
  checkpointId: z.string().max(limits.idCharactersMax).nullable(),
  foldVersion: z.int().min(1),
  stateHash: hashShape,
  chainHash: hashShape,
  body: z.base64(),
})

const contentShape = z.strictObject({
  kind: z.literal('content'),
  hash: hashShape,
  /** The text was taken out, and this stands in its place. */
  redacted: z.literal(true).optional(),
  text: z.string().optional(),
  base64: z.base64().optional(),
})

const endShape = z.strictObject({
  kind: z.literal('end'),
  events: countShape,
  snapshots: countShape,
  contents: countShape,
  /** Texts that events refer to and the store did not hold. */
  missingContents: countShape,
  /** SHA-256 over all lines before this one, each with its line feed. */
  sha256: hashShape,
})
export type BundleEnd = z.infer<typeof endShape>

const lineShape = z.discriminatedUnion('kind', [
  headerShape,
  eventShape,
  snapshotShape,
  contentShape,
  endShape,
])
export type BundleLine = z.infer<typeof lineShape>
export type BundleLineOf<K extends BundleLine['kind']> = Extract<BundleLine, { kind: K }>

/** A line as text, without its line feed. */
export function lineText(line: BundleLine): string {
  return JSON.stringify(line)
}

/** Where in a bundle something stands: lines count from 1, over all blocks. */
export interface BundlePlace {
  readonly path: string
  readonly line: number
}

/** The error for a bundle that is not as it was written. */
export function invalid({ path, line }: BundlePlace, reason: string): WaymarkError {
  return new WaymarkError('BUNDLE_INVALID', {
    message: `${path}, line ${line}: ${reason}; nothing was taken in`,
    hint: 'it is not what was exported: copy or export it again',
    details: { path, line, reason },
  })
}

/** @throws WaymarkError `BUNDLE_INVALID`, `STORE_TOO_NEW` */
export function parseLine(text: string, place: BundlePlace): BundleLine {
  const value = jsonIn(text)
  const format: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'format') : null
  if (place.line === 1 && typeof format === 'number' && format > bundleFormat) {
    throw new WaymarkError('STORE_TOO_NEW', {
      message: `${place.path} is a bundle of format ${format}, this Waymark knows up to ${bundleFormat}`,
      hint: 'use the Waymark that wrote it, or a later one',
      details: { ...place, format, known: bundleFormat },
    })
  }
  const parsed = lineShape.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const where = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `
  throw invalid(place, `${where}${issue?.message ?? 'not a line of a bundle'}`)
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
