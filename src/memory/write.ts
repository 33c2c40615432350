/**
 * Writes the memory files. The manifest goes first: it holds the hash of each file and of the one before, so that a crash in
 * the middle is told from an edit by hand. Then the files, each replaced as a whole. Whoever has written looks again: if another
 * process wrote meanwhile, or the log has grown, it writes once more, so that the newest state stays.
 */
import { isKnown } from '../events/envelope.ts'
import { fold } from '../fold/fold.ts'
import type { ReadonlyState } from '../fold/state.ts'
import type { Clock } from '../kernel/clock.ts'
import { sha256 } from '../kernel/hash.ts'
import { limits } from '../kernel/limits.ts'
import type { EventLog } from '../log/port.ts'
import { type Checkpoint, checkpointsOf } from '../replay/checkpoints.ts'
import { loadState } from '../replay/load.ts'
import { takesDataBack } from '../replay/redactions.ts'
import type { PackedContext } from './context-cache.ts'
import {
  carryOut,
  type EditedTasks,
  emptyDraft,
  planCheckpoints,
  planFile,
  planTokenLog,
  putManifest,
} from './draft.ts'
import { type FailedFile, notWritable } from './failed.ts'
import { type BlockedFolder, findFile, makeFolders, syncFolders } from './files.ts'
import { findManifest, manifestText } from './manifest.ts'
import { memoryFileNames } from './names.ts'
import { type MemorySettings, render } from './render.ts'
import { sessionsOf } from './sessions.ts'
import type { TokenArchive } from './token-log.ts'

export interface MemoryPlace {
  /** The folder of the home's sessions. */
  readonly folder: string
  readonly log: EventLog
  readonly clock: Clock
}

/** What a writer remembers from one write to the next, so that a small change costs little. */
export interface Remembered {
  state: ReadonlyState | null
  /** All checkpoints of the session that `state` is of. */
  checkpoints: readonly Checkpoint[]
  packed: PackedContext | null
  /** Hashes of files that were seen or written and do not change any more, by name. */
  readonly files: Map<string, string>
}

export interface WriteOptions {
  /** The session to write about; the current one if left out. */
  readonly sessionId?: string
  readonly remembered?: Remembered
  readonly editedTasks: EditedTasks
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
  /** The names under which edited lists of tasks are kept now. */
  readonly kept: readonly string[]
  /** Files that could not be written, and why. */
  readonly failed: readonly FailedFile[]
}

export function nothingRemembered(): Remembered {
  return { state: null, checkpoints: [], packed: null, files: new Map() }
}

/**
 * Writes the files. One that cannot be written stops no other: it is told in `failed`.
 *
 * @throws WaymarkError `HOME_NOT_WRITABLE` or `STORE_FULL` where none can be written, `DAMAGED_RECORD`
 */
export async function writeMemoryFiles(
  place: MemoryPlace,
  settings: MemorySettings,
  options: WriteOptions,
): Promise<MemoryWritten> {
  const remembered = options.remembered ?? nothingRemembered()
  const written = new Set<string>()
  const edited = new Set<string>()
  const kept = new Set<string>()
  const blocked = await makeFolders(place.folder).catch((error: unknown) => {
    throw notWritable(place.folder, error)
  })
  for (let attempt = 1; ; attempt++) {
    const done = await writeOnce(place, settings, { ...options, remembered, blocked })
    for (const name of done.written) written.add(name)
    for (const name of done.edited) edited.add(name)
    for (const name of done.kept) kept.add(name)
    const isLast = attempt === limits.memoryWriteAttemptsMax || (await isNewest(place, done))
    if (isLast) {
      const { sessionId, version, position, failed } = done
      const unchanged = done.unchanged.filter((name) => !written.has(name))
      const names = { written: [...written], unchanged, edited: [...edited], kept: [...kept] }
      return { sessionId, version, position, ...names, failed }
    }
    // Processes that met here once do not meet again in step.
    await new Promise((resolve) => setTimeout(resolve, attempt * (1 + (process.pid % 7))))
  }
}

interface WrittenOnce extends MemoryWritten {
  /** `null` where there is none to look at again. */
  readonly manifestHash: string | null
  /** Older readings of the window that were set aside in this write. */
  readonly setAside: ReadonlyMap<string, TokenArchive>
}

/** Nobody else has written since, or taken away what was set aside, and nothing was appended. */
async function isNewest(
  { folder, log }: MemoryPlace,
  { manifestHash, position, setAside }: WrittenOnce,
): Promise<boolean> {
  if (manifestHash === null) return true
  for (const [name, { sha256: hash }] of setAside) {
    const found = await findFile(folder, name)
    if (found.kind !== 'read' || found.sha256 !== hash) return false
  }
  const { sha256: found } = await findManifest(folder)
  return found === manifestHash && (await log.position()) === position
}

interface OnceOptions extends WriteOptions {
  readonly remembered: Remembered
  readonly blocked: BlockedFolder | null
}

async function writeOnce(
  { folder, log, clock }: MemoryPlace,
  settings: MemorySettings,
  { sessionId: wanted, editedTasks, remembered, blocked }: OnceOptions,
): Promise<WrittenOnce> {
  const position = await log.position()
  const sessions = await sessionsOf(log)
  const sessionId = wanted ?? sessions.current
  if (sessionId === null) {
    const nothing = { written: [], unchanged: [], edited: [], kept: [], failed: [] }
    return { sessionId, version: 0, position, ...nothing, manifestHash: null, setAside: new Map() }
  }
  const state = await stateOf(log, sessionId, remembered)
  const { version } = state
  const { manifest: before } = await findManifest(folder)
  const draft = emptyDraft(folder, { session_id: sessionId, version, position }, before)
  if (!settings.cacheEnabled) draft.remove.push(...(await cacheToRemove(folder)))
  const syncedAt = clock.now()
  const { packed } = remembered
  const rendered = await render(log, state, sessions, settings, { lastSync: syncedAt, packed })
  remembered.packed = rendered.packed
  for (const [name, bytes] of rendered.files) await planFile(draft, name, bytes, { editedTasks })
  const setAside = await planTokenLog(draft, log, remembered.files)
  const { checkpoints: all, files: known } = remembered
  const checkpoints = await planCheckpoints(draft, log, state, { all, blocked, known })
  const text = Buffer.from(manifestText({ synced_at: syncedAt, ...draft.at, files: draft.entries }))
  const isNoted = await putManifest(draft, text)
  const written = [...(await carryOut(draft)), ...checkpoints.written]
  await syncFolders(folder, [memoryFileNames.manifest, ...written])
  const { edited, kept, failed } = draft
  const unchanged = [...draft.unchanged, ...checkpoints.unchanged]
  const manifestHash = isNoted ? sha256(text) : null
  return { sessionId, version, position, written, unchanged, edited, kept, failed, manifestHash, setAside }
}

/** The newest state: what was remembered, and what was appended since. All checkpoints of the session are remembered with it. */
async function stateOf(log: EventLog, sessionId: string, remembered: Remembered): Promise<ReadonlyState> {
  let { state, checkpoints: known } = remembered
  if (state?.sessionId === sessionId) {
    for await (const page of log.read(sessionId, { after: state.version })) {
      if (takesDataBack(page)) {
        state = null
        break
      }
      state = fold(state, page)
      // Which of those that state does not list are archived now is told by the log alone.
      if (page.some((event) => isKnown(event) && event.type === 'checkpoint.archived')) known = []
    }
  } else {
    state = null
  }
  if (state === null) {
    state = (await loadState(log, sessionId)).state
    known = []
  }
  remembered.state = state
  remembered.checkpoints = await checkpointsOf(log, state, known)
  return state
}

async function cacheToRemove(folder: string): Promise<readonly string[]> {
  const found = await findFile(folder, memoryFileNames.contextCache)
  return found.kind === 'missing' ? [] : [memoryFileNames.contextCache]
}
