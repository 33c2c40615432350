/** `memory.json`: what was written last, by whom and from which moment. Drift is told by it; nothing else is believed of it. */
import { z } from 'zod'
import { waymarkVersion } from '../kernel/version.ts'
import { findFile, textIn } from './files.ts'
import { memoryFileNames } from './names.ts'

/** Raised when files get another shape, so that the older ones are told apart. */
const memoryFormat = 1

const hashShape = z.string().regex(/^[0-9a-f]{64}$/)

const entryShape = z.object({
  sha256: hashShape,
  /** Hash of the file it took the place of: a write that was interrupted left that one. */
  before: hashShape.nullable(),
  session_id: z.string(),
  version: z.int().min(0),
  position: z.int().min(0),
})
export type ManifestEntry = z.infer<typeof entryShape>

const manifestShape = z.object({
  format: z.int(),
  waymark: z.string(),
  synced_at: z.string(),
  session_id: z.string(),
  version: z.int().min(0),
  position: z.int().min(0),
  files: z.record(z.string(), entryShape),
})
export type Manifest = z.infer<typeof manifestShape>

/** The manifest as it was found: `problem` says why there is none to go by. */
export interface FoundManifest {
  readonly manifest: Manifest | null
  readonly problem: {
    readonly kind: 'missing' | 'edited' | 'blocked' | 'other-version'
    readonly reason: string
  } | null
  readonly sha256: string | null
}

/** What of a manifest of any version can be read: who wrote it. */
const makerShape = z.object({ format: z.int(), waymark: z.string() })

export async function findManifest(folder: string): Promise<FoundManifest> {
  const found = await findFile(folder, memoryFileNames.manifest)
  if (found.kind === 'missing') {
    return { manifest: null, sha256: null, problem: { kind: 'missing', reason: 'it is not there' } }
  }
  if (found.kind !== 'read') {
    const kind = found.kind === 'folder' ? 'blocked' : 'edited'
    return { manifest: null, sha256: null, problem: { kind, reason: found.reason } }
  }
  const value = parseJson(textIn(found.bytes))
  const maker = makerShape.safeParse(value)
  const isOther = maker.success && !isOwn(maker.data)
  const other = isOther ? ({ kind: 'other-version', reason: otherText(maker.data) } as const) : null
  const manifest = manifestShape.safeParse(value)
  if (manifest.success) return { manifest: manifest.data, sha256: found.sha256, problem: other }
  const broken = {
    kind: 'edited',
    reason: 'it is not what any version writes: edited by hand, or damaged',
  } as const
  return { manifest: null, sha256: found.sha256, problem: other ?? broken }
}

/** Whether this version wrote it. */
export function isOwn({ format, waymark }: Pick<Manifest, 'format' | 'waymark'>): boolean {
  return format === memoryFormat && waymark === waymarkVersion
}

export function otherText({ format, waymark }: Pick<Manifest, 'format' | 'waymark'>): string {
  return `made by waymark ${waymark.slice(0, 60)} (format ${format}); this is ${waymarkVersion} (format ${memoryFormat})`
}

/** The entry of a file; a name such as `constructor` finds no inherited property. */
export function entryOf(manifest: Manifest | null, name: string): ManifestEntry | undefined {
  return manifest !== null && Object.hasOwn(manifest.files, name) ? manifest.files[name] : undefined
}

export function manifestText(manifest: Omit<Manifest, 'format' | 'waymark'>): string {
  return `${JSON.stringify({ format: memoryFormat, waymark: waymarkVersion, ...manifest }, null, 2)}\n`
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
