/** Compares the memory files with what the log says, and tells what drifted and why. Changes nothing. */
import type { ReadonlyState } from '../fold/state.ts'
import { sha256 } from '../kernel/hash.ts'
import { type Checkpoint, checkpointsOf } from '../replay/checkpoints.ts'
import { loadState } from '../replay/load.ts'
import { checkpointTexts, ownCheckpoints } from './checkpoint-files.ts'
import { namesOf } from './checkpoint-write.ts'
import { blockedFolder, type FoundFile, findFile, textIn } from './files.ts'
import { entryOf, findManifest, isOwn, type Manifest, type ManifestEntry, otherText } from './manifest.ts'
import { memoryFileNames } from './names.ts'
import { type MemorySettings, render } from './render.ts'
import { sessionsOf } from './sessions.ts'
import { isUnedited } from './task-text.ts'
import { archiveNamesIn, archivesIn, hasReadingsAfter, madeAnew } from './token-log.ts'
import type { MemoryPlace } from './write.ts'

/** `blocked`: something stands in its place that is not replaced. */
export type DriftKind = 'ok' | 'edited' | 'stale' | 'missing' | 'blocked' | 'other-version'

export interface MemoryFileCheck {
  readonly name: string
  readonly kind: DriftKind
  /** One sentence; empty for a file that is as it should be. */
  readonly reason: string
}

export interface MemoryCheck {
  readonly ok: boolean
  /** The session that the files should be about; `null` in a home without sessions. */
  readonly sessionId: string | null
  readonly version: number
  readonly files: readonly MemoryFileCheck[]
}

/** Compares the files with the session named, the current one if left out. */
export async function checkMemoryFiles(
  place: Pick<MemoryPlace, 'folder' | 'log'>,
  settings: MemorySettings,
  sessionId?: string,
): Promise<MemoryCheck> {
  const { folder, log } = place
  const sessions = await sessionsOf(log)
  const wanted = sessionId ?? sessions.current
  if (wanted === null) return { ok: true, sessionId: null, version: 0, files: [] }
  const { state } = await loadState(log, wanted)
  const { manifest, problem } = await findManifest(folder)
  const files: MemoryFileCheck[] = []
  const lastSync = manifest?.synced_at ?? (await lastSyncIn(folder))
  const rendered = await render(log, state, sessions, settings, { lastSync, packed: null })
  for (const [name, bytes] of rendered.files) {
    const found = await findFile(folder, name)
    files.push({ name, ...driftOf({ name, found, expected: sha256(bytes), manifest, state }) })
  }
  if (!settings.cacheEnabled) files.push(...(await uncalledForCache(folder)))
  files.push(await tokenLogCheck(place, manifest, state))
  files.push(...(await archiveChecks(folder, manifest)))
  files.push(...(await checkpointChecks(place, manifest, state)))
  files.push({ name: memoryFileNames.manifest, ...(problem ?? good) })
  return { ok: files.every(({ kind }) => kind === 'ok'), sessionId: wanted, version: state.version, files }
}

type Drift = Omit<MemoryFileCheck, 'name'>

const good: Drift = { kind: 'ok', reason: '' }

interface Compared {
  readonly name: string
  readonly found: FoundFile
  /** Hash of what the file should be. */
  readonly expected: string
  readonly manifest: Manifest | null
  readonly state: ReadonlyState
}

function driftOf({ name, found, expected, manifest, state }: Compared): Drift {
  const isList = name === memoryFileNames.activeTasks
  // What stands in the place of the list is set aside like an edited one.
  if (isList && found.kind === 'folder') return { kind: 'edited', reason: found.reason }
  const unusable = unusableDrift(found)
  if (unusable !== null) return unusable
  if (found.kind !== 'read' || found.sha256 === expected) return good
  if (isList && !isUnedited(textIn(found.bytes))) {
    return { kind: 'edited', reason: 'edited by hand; waymark sync --adopt takes the changes in' }
  }
  const entry = entryOf(manifest, name)
  const drift = editedDrift(found.sha256, entry, manifest)
  if (drift !== null || entry === undefined || manifest === null) return drift ?? good
  return { kind: 'stale', reason: staleText(found.sha256, entry, state) }
}

function unusableDrift(found: FoundFile): Drift | null {
  if (found.kind === 'missing') return { kind: 'missing', reason: 'it is not there' }
  if (found.kind === 'read') return null
  return { kind: found.kind === 'folder' ? 'blocked' : 'edited', reason: found.reason }
}

/** Not what was written last, or written by somebody else; `null` for what this version wrote. */
function editedDrift(
  hash: string,
  entry: ManifestEntry | undefined,
  manifest: Manifest | null,
): Drift | null {
  if (manifest === null || entry === undefined) {
    const reason = `it is not what the log says, and ${memoryFileNames.manifest} does not tell who wrote it`
    return { kind: 'edited', reason }
  }
  if (hash !== entry.sha256 && hash !== entry.before) {
    return { kind: 'edited', reason: `edited by hand since it was written at ${manifest.synced_at}` }
  }
  return isOwn(manifest) ? null : { kind: 'other-version', reason: otherText(manifest) }
}

function staleText(hash: string, entry: ManifestEntry, state: ReadonlyState): string {
  if (hash !== entry.sha256) return 'a write was interrupted before it came to this file'
  if (entry.session_id !== state.sessionId) {
    return `it is about session ${entry.session_id}; the current one is ${state.sessionId}`
  }
  if (entry.version !== state.version) {
    return `it shows version ${entry.version}; the session is at version ${state.version}`
  }
  return 'other sessions, settings or stored texts have changed since it was written'
}

/** When the file itself says it was written, where the manifest cannot tell. */
async function lastSyncIn(folder: string): Promise<string> {
  const found = await findFile(folder, memoryFileNames.sessionState)
  const text = found.kind === 'read' ? textIn(found.bytes) : ''
  return /^ {2}"last_sync": "(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z)",$/m.exec(text)?.[1] ?? ''
}

async function uncalledForCache(folder: string): Promise<readonly MemoryFileCheck[]> {
  const name = memoryFileNames.contextCache
  const found = await findFile(folder, name)
  const reason = 'the cache is switched off; waymark sync takes the file away'
  return found.kind === 'missing' ? [] : [{ name, kind: 'stale', reason }]
}

async function tokenLogCheck(
  { folder, log }: Pick<MemoryPlace, 'folder' | 'log'>,
  manifest: Manifest | null,
  state: ReadonlyState,
): Promise<MemoryFileCheck> {
  const name = memoryFileNames.tokenUsage
  const found = await findFile(folder, name)
  const entry = entryOf(manifest, name)
  const unusable = unusableDrift(found)
  if (unusable !== null || found.kind !== 'read') return { name, ...(unusable ?? good) }
  const drift = editedDrift(found.sha256, entry, manifest)
  if (entry === undefined || drift?.kind === 'edited') {
    const expected = await madeAnew(log, manifest)
    return {
      name,
      ...(expected !== null && Buffer.from(expected).equals(found.bytes) ? good : (drift ?? good)),
    }
  }
  const isStale = found.sha256 !== entry.sha256 || (await hasReadingsAfter(log, entry.position))
  if (!isStale) return { name, ...good }
  const reason =
    found.sha256 === entry.sha256
      ? `it ends at position ${entry.position}; the window has been read since`
      : staleText(found.sha256, entry, state)
  return { name, ...(drift ?? { kind: 'stale', reason }) }
}

/** Older readings that were set aside: those that the manifest notes, and files that only have such a name. */
async function archiveChecks(folder: string, manifest: Manifest | null): Promise<readonly MemoryFileCheck[]> {
  const noted = archivesIn(manifest)
  const checks: MemoryFileCheck[] = []
  for (const [name, { sha256: hash }] of noted) {
    const found = await findFile(folder, name)
    const isGood = found.kind === 'read' && found.sha256 === hash
    const edited: Drift = {
      kind: 'edited',
      reason: 'it is not what was set aside; waymark sync makes it anew',
    }
    checks.push({ name, ...(isGood ? good : (unusableDrift(found) ?? edited)) })
  }
  const reason = `${memoryFileNames.manifest} does not note it, so nothing in it counts; waymark sync takes it away`
  const others = (await archiveNamesIn(folder)).filter((name) => !noted.has(name))
  return [...checks, ...others.map((name) => ({ name, kind: 'edited', reason }) as const)]
}

/** A checkpoint's file is right when it is what was written, or what would be written now. */
async function checkpointChecks(
  { folder, log }: Pick<MemoryPlace, 'folder' | 'log'>,
  manifest: Manifest | null,
  state: ReadonlyState,
): Promise<readonly MemoryFileCheck[]> {
  const blocked = await blockedFolder(folder)
  if (blocked !== null) return [{ kind: 'blocked', ...blocked }]
  const checks = new Map<string, Drift>()
  const unsure: Checkpoint[] = []
  for (const checkpoint of ownCheckpoints(await checkpointsOf(log, state), state)) {
    const { name, otherName } = namesOf(checkpoint)
    const found = await findFile(folder, name)
    const entry = entryOf(manifest, name)
    const isThere = (await findFile(folder, otherName)).kind !== 'missing'
    const unusable = unusableDrift(found)
    if (unusable?.kind === 'missing' && isThere)
      checks.set(name, { kind: 'stale', reason: `it lies in ${otherName}` })
    else if (unusable !== null) checks.set(name, unusable)
    else if (found.kind === 'read' && found.sha256 === entry?.sha256) checks.set(name, good)
    else {
      checks.set(name, good)
      unsure.push(checkpoint)
    }
  }
  for await (const { checkpoint, text } of checkpointTexts(log, state, unsure)) {
    const { name } = namesOf(checkpoint)
    const found = await findFile(folder, name)
    checks.set(name, driftOf({ name, found, expected: sha256(text), manifest, state }))
  }
  return [...checks].map(([name, drift]) => ({ name, ...drift }))
}
