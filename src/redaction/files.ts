/** Files beside the log that may hold what was taken out of it. */
import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { sha256 } from '../kernel/hash.ts'
import { limits } from '../kernel/limits.ts'
import { entryOf, findManifest } from '../memory/manifest.ts'
import { archiveFolder, checkpointFolder } from '../memory/names.ts'
import type { RedactionRules } from './rules.ts'

/**
 * Takes the files of checkpoints of these sessions away: they hold states. They are views, and those of the current session are written
 * again from what the log holds now.
 *
 * @returns the names of the files that are gone.
 */
export async function removeCheckpointFiles(
  folder: string,
  sessionIds: ReadonlySet<string>,
): Promise<readonly string[]> {
  const removed: string[] = []
  for (const place of [checkpointFolder, archiveFolder]) {
    const names = await readdir(join(folder, place)).catch(() => [])
    for (const name of names.filter((candidate) => candidate.endsWith('.json'))) {
      const path = join(folder, place, name)
      if (!sessionIds.has(await sessionIn(path))) continue
      await rm(path, { force: true })
      removed.push(`${place}/${name}`)
    }
  }
  return removed
}

/** The session that a checkpoint's file is about; the empty text when it does not say. */
async function sessionIn(path: string): Promise<string> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'))
    const sessionId: unknown =
      typeof value === 'object' && value !== null ? Reflect.get(value, 'session_id') : null
    return typeof sessionId === 'string' ? sessionId : ''
  } catch {
    return ''
  }
}

/** Files in which the patterns still find something. */
export interface FilesWithMatches {
  /** Those that people or other tools have put there. */
  readonly left: readonly string[]
  /** Those that Waymark made of other sessions, which still hold it. */
  readonly ofOthers: readonly { readonly name: string; readonly sessionId: string }[]
}

/** Looks through the files of the folder, the store apart, after a session was redacted. */
export async function filesWithMatches(
  folder: string,
  { redact }: RedactionRules,
  redacted: string,
): Promise<FilesWithMatches> {
  if (redact === null) return { left: [], ofOthers: [] }
  const left: string[] = []
  const ofOthers: { readonly name: string; readonly sessionId: string }[] = []
  const { manifest } = await findManifest(folder)
  const names = await readdir(folder, { recursive: true }).catch(() => [])
  for (const name of names.sort((a, b) => (a < b ? -1 : 1))) {
    if (/(^|[/\\])waymark\.db/.test(name)) continue
    const path = join(folder, name)
    const facts = await stat(path).catch(() => null)
    if (facts === null || !facts.isFile() || facts.size > limits.memoryFileBytesMax) continue
    const bytes = await readFile(path).catch(() => Buffer.alloc(0))
    const text = bytes.toString('utf8')
    if (redact(text) === text) continue
    const entry = entryOf(manifest, name)
    // A file that is not what was written is somebody's.
    const sessionId = entry?.sha256 === sha256(bytes) ? entry.session_id : redacted
    if (sessionId === redacted) left.push(name)
    else ofOthers.push({ name, sessionId })
  }
  return { left, ofOthers }
}
