/** What one write of the memory files is going to do: file by file, beside what lies there now. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ReadonlyState } from '../fold/state.ts'
import { sha256 } from '../kernel/hash.ts'
import type { EventLog } from '../log/port.ts'
import type { Checkpoint } from '../replay/checkpoints.ts'
import { ownCheckpoints } from './checkpoint-files.ts'
import { type CheckpointsWritten, writeCheckpoints } from './checkpoint-write.ts'
import { isSomebodysList, setListAside } from './edited-list.ts'
import { type FailedFile, notWritable, tried } from './failed.ts'
import { type BlockedFolder, codeOf, findFile, replaceFile } from './files.ts'
import { entryOf, type Manifest, type ManifestEntry } from './manifest.ts'
import { memoryFileNames } from './names.ts'
import { archiveNamesIn, archivesIn, bringUpToDate, type TokenArchive } from './token-log.ts'

/** What becomes of a list of tasks that somebody has edited: it stays, or it is kept under another name. */
export type EditedTasks = 'stay' | 'keep' | 'replace'

/** The moment that is written. */
export type At = Omit<ManifestEntry, 'sha256' | 'before'>

export interface Draft {
  readonly folder: string
  readonly at: At
  /** The manifest of the write before. */
  readonly before: Manifest | null
  readonly entries: Record<string, ManifestEntry>
  readonly replace: Map<string, Uint8Array>
  readonly remove: string[]
  readonly unchanged: string[]
  readonly edited: string[]
  readonly kept: string[]
  readonly failed: FailedFile[]
}

export function emptyDraft(folder: string, at: At, before: Manifest | null): Draft {
  const lists = { remove: [], unchanged: [], edited: [], kept: [], failed: [] }
  return { folder, at, before, entries: {}, replace: new Map(), ...lists }
}

/** Plans one file as `bytes`. An edited list of tasks is set aside now, or stays. */
export async function planFile(
  draft: Draft,
  name: string,
  bytes: Uint8Array,
  { editedTasks, position = draft.at.position }: { editedTasks: EditedTasks; position?: number },
): Promise<void> {
  const { folder, failed } = draft
  const found = await findFile(folder, name)
  const hash = sha256(bytes)
  const isEdited = name === memoryFileNames.activeTasks && isSomebodysList(found)
  if (isEdited && (editedTasks !== 'replace' || found.kind !== 'read')) {
    draft.edited.push(name)
    const kept = editedTasks === 'stay' ? null : await tried(failed, name, () => setListAside(folder))
    if (kept === null) {
      keepEntry(draft, name)
      return
    }
    draft.kept.push(kept)
  }
  const present = found.kind === 'read' ? found.sha256 : null
  draft.entries[name] = { sha256: hash, before: present, ...draft.at, position }
  if (present === hash) draft.unchanged.push(name)
  else draft.replace.set(name, bytes)
}

/**
 * Plans the history of the window. Older readings are set aside now; those set aside just now are given. Files that are called
 * like them and that nobody noted are taken away.
 */
export async function planTokenLog(
  draft: Draft,
  log: EventLog,
  known: Map<string, string>,
): Promise<ReadonlyMap<string, TokenArchive>> {
  const { folder, before, failed } = draft
  const noted = archivesIn(before)
  const name = memoryFileNames.tokenUsage
  const present = await archiveNamesIn(folder)
  const tokens = await tried(failed, name, () => bringUpToDate(log, folder, before, known))
  if (tokens === null) {
    for (const kept of [name, ...noted.keys()]) keepEntry(draft, kept)
    return new Map()
  }
  for (const [archive, { position, sha256: hash }] of tokens.archives)
    draft.entries[archive] = { sha256: hash, before: hash, ...draft.at, position }
  draft.remove.push(...present.filter((archive) => !tokens.archives.has(archive)))
  draft.unchanged.push(...[...noted.keys()].filter((archive) => tokens.archives.has(archive)))
  await planFile(draft, name, tokens.bytes, { editedTasks: 'replace', position: tokens.position })
  return new Map([...tokens.archives].filter(([archive]) => !noted.has(archive)))
}

/** Writes the files of checkpoints at once, unless something else stands where their folder belongs. */
export async function planCheckpoints(
  draft: Draft,
  log: EventLog,
  state: ReadonlyState,
  options: {
    readonly all: readonly Checkpoint[]
    readonly blocked: BlockedFolder | null
    readonly known: Map<string, string>
  },
): Promise<Pick<CheckpointsWritten, 'written' | 'unchanged'>> {
  const { folder, before, at, failed } = draft
  const { all, blocked, known } = options
  if (blocked !== null) {
    failed.push(blocked)
    return { written: [], unchanged: [] }
  }
  const done = await writeCheckpoints({ folder, log }, state, ownCheckpoints(all, state), before, known)
  for (const [name, hash] of done.hashes) draft.entries[name] = { sha256: hash, before: hash, ...at }
  failed.push(...done.failed)
  return done
}

/**
 * Puts the manifest in its place, which goes before all files. Whether it is there now: only something that is no file can stand
 * in its way, everything else stands in the way of all files.
 *
 * @throws WaymarkError `HOME_NOT_WRITABLE`, `STORE_FULL`
 */
export async function putManifest({ folder, failed }: Draft, text: Uint8Array): Promise<boolean> {
  const name = memoryFileNames.manifest
  const put = async (): Promise<true> => {
    try {
      await replaceFile(folder, name, text)
      return true
    } catch (error) {
      throw codeOf(error) === 'EISDIR' ? error : notWritable(folder, error)
    }
  }
  return (await tried(failed, name, put)) ?? false
}

/** Replaces and takes away what was planned, and gives the names of what was done. */
export async function carryOut({ folder, replace, remove, failed }: Draft): Promise<readonly string[]> {
  const done: string[] = []
  for (const [name, bytes] of replace) {
    const work = async (): Promise<unknown> => {
      await replaceFile(folder, name, bytes)
      return done.push(name)
    }
    await tried(failed, name, work)
  }
  for (const name of remove) {
    const work = async (): Promise<unknown> => {
      await rm(join(folder, name), { force: true })
      return done.push(name)
    }
    await tried(failed, name, work)
  }
  return done
}

/** A file that stays as it is keeps what is known of it. */
function keepEntry({ entries, before }: Draft, name: string): void {
  const entry = entryOf(before, name)
  if (entry !== undefined) entries[name] = entry
}
