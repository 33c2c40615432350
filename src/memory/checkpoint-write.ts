/**
 * Puts the files of checkpoints where they belong. What a checkpoint says never changes, so a file that is as it was written
 * stays; when the checkpoint was archived since, it moves into the archive.
 */
import { rename } from 'node:fs/promises'
import { join } from 'node:path'
import type { ReadonlyState } from '../fold/state.ts'
import { sha256 } from '../kernel/hash.ts'
import type { EventLog } from '../log/port.ts'
import type { Checkpoint } from '../replay/checkpoints.ts'
import { type CheckpointText, checkpointTexts } from './checkpoint-files.ts'
import { type FailedFile, tried } from './failed.ts'
import { findFile, replaceFile } from './files.ts'
import { entryOf, type Manifest } from './manifest.ts'
import { checkpointNameOf } from './names.ts'

export interface CheckpointsWritten {
  /** Hash of each file, by name. */
  readonly hashes: ReadonlyMap<string, string>
  readonly written: readonly string[]
  readonly unchanged: readonly string[]
  readonly failed: readonly FailedFile[]
}

/**
 * Writes the files of `checkpoints`, those of the session that `state` is of. `known` holds the hashes of files that this
 * process has seen or written before: they are not looked at again.
 */
export async function writeCheckpoints(
  { folder, log }: { readonly folder: string; readonly log: EventLog },
  state: ReadonlyState,
  checkpoints: readonly Checkpoint[],
  manifest: Manifest | null,
  known: Map<string, string>,
): Promise<CheckpointsWritten> {
  const hashes = new Map<string, string>()
  const written: string[] = []
  const failed: FailedFile[] = []
  const missing: Checkpoint[] = []
  for (const checkpoint of checkpoints) {
    const { name, otherName } = namesOf(checkpoint)
    const expected = (entryOf(manifest, name) ?? entryOf(manifest, otherName))?.sha256
    const hash = known.get(name) ?? (await hashIf(folder, name, expected))
    if (hash !== null) hashes.set(name, hash)
    else if (expected !== undefined && (await hashIf(folder, otherName, expected)) !== null) {
      await tried(failed, name, async () => {
        await rename(join(folder, otherName), join(folder, name))
        hashes.set(name, expected)
        written.push(name)
      })
    } else missing.push(checkpoint)
  }
  // Each is written at once: all of them together could be more than memory should hold.
  for await (const made of checkpointTexts(log, state, missing)) {
    const { name } = namesOf(made.checkpoint)
    await tried(failed, name, async () => {
      const { hash, isNew } = await put(folder, made)
      hashes.set(name, hash)
      if (isNew) written.push(name)
    })
  }
  const isWritten = new Set(written)
  for (const [name, hash] of hashes) known.set(name, hash)
  const unchanged = [...hashes.keys()].filter((name) => !isWritten.has(name))
  return { hashes, written, unchanged, failed }
}

async function put(
  folder: string,
  { checkpoint, text, hasSnapshot }: CheckpointText,
): Promise<{ readonly hash: string; readonly isNew: boolean }> {
  const { name, otherName } = namesOf(checkpoint)
  const hash = sha256(text)
  for (const place of [name, otherName]) {
    const found = await findFile(folder, place)
    // A file with its snapshot is worth more than what can be made now, when the store has none any more.
    if (found.kind !== 'read' || (found.sha256 !== hash && hasSnapshot)) continue
    if (place === otherName) await rename(join(folder, otherName), join(folder, name))
    return { hash: found.sha256, isNew: place === otherName }
  }
  await replaceFile(folder, name, Buffer.from(text))
  return { hash, isNew: true }
}

export function namesOf(checkpoint: Checkpoint): { readonly name: string; readonly otherName: string } {
  const otherName = checkpointNameOf({ ...checkpoint, archived: !checkpoint.archived })
  return { name: checkpointNameOf(checkpoint), otherName }
}

async function hashIf(folder: string, name: string, expected: string | undefined): Promise<string | null> {
  if (expected === undefined) return null
  const found = await findFile(folder, name)
  return found.kind === 'read' && found.sha256 === expected ? found.sha256 : null
}
