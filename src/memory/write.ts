/**
 * Writes the memory files. The manifest goes first: it holds the hash of each file and of the one before, so that a crash in
 * the middle is told from an edit by hand. Then the files, each replaced as a whole. Whoever has written looks again: if another
 * process wrote meanwhile, or the log has grown, it writes once more, so that the newest state stays.
 */
import { rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fold } from '../fold/fold.ts'
import type { ReadonlyState } from '../fold/state.ts'
import type { Clock } from '../kernel/clock.ts'
import { sha256 } from '../kernel/hash.ts'
import { limits } from '../kernel/limits.ts'
import type { EventLog } from '../log/port.ts'
import { loadState } from '../replay/load.ts'
import { writeCheckpoints } from './checkpoint-write.ts'
import type { PackedContext } from './context-cache.ts'
import { type FoundFile, findFile, makeFolders, replaceFile, syncFolders } from './files.ts'
import { entryOf, findManifest, type ManifestEntry, manifestText } from './manifest.ts'
import { editedTasksName, memoryFileNames } from './names.ts'
import { type MemorySettings, render } from './render.ts'
import { sessionsOf } from './sessions.ts'
import { isUnedited } from './task-text.ts'
import { bringUpToDate } from './token-log.ts'

export interface MemoryPlace {
  /** The folder of the home's sessions. */
  readonly folder: string
  readonly log: EventLog
  readonly clock: Clock
}

/** What a writer remembers from one write to the next, so that a small change costs little. */
export interface Remembered {
  state: ReadonlyState | null
  packed: PackedContext | null
  /** Hashes of checkpoint files that were seen or written, by name. */
  readonly checkpoints: Map<string, string>
}

export interface WriteOptions {
  /** The session to write about; the current one if left out. */
  readonly sessionId?: string
  readonly remembered?: Remembered
  /** What becomes of a list of tasks that somebody has edited: it stays, or it is kept under another name. */
  readonly editedTasks: 'stay' | 'keep' | 'replace'
}

export interface MemoryWritten {
  /** `null` in a home without sessions: then there is nothing to write. */
  readonly sessionId: string | null
  readonly version: number
  readonly position: number
  /** Files that were written, moved into the archive, or taken away. */
  readonly written: readonly string[]
  readonly unchanged: readonly string[]
  /** Files that were edited, and left or kept as they were. */
  readonly edited: readonly string[]
}

export function nothingRemembered(): Remembered {
  return { state: null, packed: null, checkpoints: new Map() }
}

export async function writeMemoryFiles(
  place: MemoryPlace,
  settings: MemorySettings,
  options: WriteOptions,
): Promise<MemoryWritten> {
  const remembered = options.remembered ?? nothingRemembered()
  const written = new Set<string>()
  const edited = new Set<string>()
  await makeFolders(place.folder)
  for (let attempt = 1; ; attempt++) {
    const done = await writeOnce(place, settings, options, remembered)
    for (const name of done.written) written.add(name)
    for (const name of done.edited) edited.add(name)
    const isLast = attempt === limits.memoryWriteAttemptsMax || (await isNewest(place, done))
    if (isLast) {
      const unchanged = done.unchanged.filter((name) => !written.has(name))
      const { sessionId, version, position } = done
      return { sessionId, version, position, written: [...written], unchanged, edited: [...edited] }
    }
    // Processes that met here once do not meet again in step.
    await new Promise((resolve) => setTimeout(resolve, attempt * (1 + (process.pid % 7))))
  }
}

interface WrittenOnce extends MemoryWritten {
  readonly manifestHash: string | null
}

/** Nobody else has written since, and nothing was appended. */
async function isNewest(
  { folder, log }: MemoryPlace,
  { manifestHash, position }: WrittenOnce,
): Promise<boolean> {
  if (manifestHash === null) return true
  const { sha256: found } = await findManifest(folder)
  return found === manifestHash && (await log.position()) === position
}

async function writeOnce(
  place: MemoryPlace,
  settings: MemorySettings,
  options: WriteOptions,
  remembered: Remembered,
): Promise<WrittenOnce> {
  const { folder, log, clock } = place
  const position = await log.position()
  const sessions = await sessionsOf(log)
  const sessionId = options.sessionId ?? sessions.current
  if (sessionId === null) {
    return { sessionId, version: 0, position, written: [], unchanged: [], edited: [], manifestHash: null }
  }
  const state = await stateOf(log, sessionId, remembered)
  const { manifest: before } = await findManifest(folder)
  const syncedAt = clock.now()
  const rendered = await render(log, state, sessions, settings, {
    lastSync: syncedAt,
    packed: remembered.packed,
  })
  remembered.packed = rendered.packed
  const tokens = await bringUpToDate(log, folder, entryOf(before, memoryFileNames.tokenUsage))
  const wanted = new Map<string, Uint8Array>([
    ...rendered.files,
    [memoryFileNames.tokenUsage, tokens.bytes] as const,
  ])
  const at = { session_id: sessionId, version: state.version, position }
  const draft: Draft = { entries: {}, replace: new Map(), unchanged: [], edited: [] }
  for (const [name, bytes] of wanted) {
    const until = name === memoryFileNames.tokenUsage ? { ...at, position: tokens.position } : at
    await plan(place, draft, {
      name,
      bytes,
      entry: entryOf(before, name),
      at: until,
      editedTasks: options.editedTasks,
    })
  }
  const checkpoints = await writeCheckpoints(place, state, before, remembered.checkpoints)
  for (const [name, hash] of checkpoints.hashes) draft.entries[name] = { sha256: hash, before: hash, ...at }
  const removed = settings.cacheEnabled ? [] : await cacheToRemove(folder)
  const facts = { synced_at: syncedAt, ...at, files: draft.entries }
  const text = Buffer.from(manifestText(facts))
  await replaceFile(folder, memoryFileNames.manifest, text)
  for (const [name, bytes] of draft.replace) await replaceFile(folder, name, bytes)
  for (const name of removed) await rm(join(folder, name), { force: true })
  const written = [...draft.replace.keys(), ...checkpoints.written, ...removed]
  await syncFolders(folder, [memoryFileNames.manifest, ...written])
  const { edited } = draft
  const unchanged = [...draft.unchanged, ...checkpoints.unchanged]
  return {
    sessionId,
    version: state.version,
    position,
    written,
    unchanged,
    edited,
    manifestHash: sha256(text),
  }
}

/** The newest state: what was remembered, and what was appended since. */
async function stateOf(log: EventLog, sessionId: string, remembered: Remembered): Promise<ReadonlyState> {
  let state = remembered.state
  if (state?.sessionId === sessionId) {
    for await (const page of log.read(sessionId, { after: state.version })) state = fold(state, page)
  } else {
    state = (await loadState(log, sessionId)).state
  }
  remembered.state = state
  return state
}

type At = Omit<ManifestEntry, 'sha256' | 'before'>

/** What one write is going to do. */
interface Draft {
  readonly entries: Record<string, ManifestEntry>
  readonly replace: Map<string, Uint8Array>
  readonly unchanged: string[]
  readonly edited: string[]
}

interface PlannedFile {
  readonly name: string
  readonly bytes: Uint8Array
  readonly entry: ManifestEntry | undefined
  readonly at: At
  readonly editedTasks: WriteOptions['editedTasks']
}

/** Whether somebody has edited the list, or put something in its place that Waymark does not write. */
function isSomebodysList(found: FoundFile): boolean {
  return found.kind === 'unreadable' || (found.kind === 'read' && !isUnedited(found.bytes.toString('utf8')))
}

async function plan({ folder }: MemoryPlace, draft: Draft, file: PlannedFile): Promise<void> {
  const { name, bytes, entry, at, editedTasks } = file
  const found = await findFile(folder, name)
  const hash = sha256(bytes)
  const isEdited = name === memoryFileNames.activeTasks && isSomebodysList(found)
  if (isEdited && (editedTasks !== 'replace' || found.kind !== 'read')) {
    draft.edited.push(name)
    if (editedTasks === 'stay') {
      if (entry !== undefined) draft.entries[name] = entry
      return
    }
    await rename(join(folder, name), join(folder, editedTasksName))
  }
  const present = found.kind === 'read' ? found.sha256 : null
  draft.entries[name] = { sha256: hash, before: present, ...at }
  if (present === hash) draft.unchanged.push(name)
  else draft.replace.set(name, bytes)
}

async function cacheToRemove(folder: string): Promise<readonly string[]> {
  const found = await findFile(folder, memoryFileNames.contextCache)
  return found.kind === 'missing' ? [] : [memoryFileNames.contextCache]
}
