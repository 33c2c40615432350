/** Files beside the log that may hold what was taken out of it. */
import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { limits } from '../kernel/limits.ts'
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

/** Files of the folder, the store apart, in which the patterns still find something: those that people or other tools have put there. */
export async function filesWithMatches(
  folder: string,
  { redact }: RedactionRules,
): Promise<readonly string[]> {
  if (redact === null) return []
  const found: string[] = []
  const names = await readdir(folder, { recursive: true }).catch(() => [])
  for (const name of names) {
    if (/(^|[/\\])waymark\.db/.test(name)) continue
    const path = join(folder, name)
    const facts = await stat(path).catch(() => null)
    if (facts === null || !facts.isFile() || facts.size > limits.memoryFileBytesMax) continue
    const text = await readFile(path, 'utf8').catch(() => '')
    if (redact(text) !== text) found.push(name)
  }
  return found.sort()
}
