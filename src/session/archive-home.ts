/** Old checkpoints of a whole home set aside, session by session. */
import type { ReadonlyState } from '../fold/state.ts'
import { CommandRefused, DamagedRecord } from '../kernel/errors.ts'
import type { EventLog } from '../log/port.ts'
import { loadState } from '../replay/load.ts'
import { archiveOldCheckpoints, checkpointsToArchive } from './archive.ts'
import type { RecordEnvironment } from './record.ts'

export interface ArchiveHomeOptions {
  /** Say which would be archived, and record nothing. */
  readonly dryRun?: boolean
  /** Told before each session that is looked at. */
  readonly onProgress?: (sessionId: string) => void
}

/**
 * Archives what is old in every session, and gives the ids of those checkpoints. A session that is damaged, or does not
 * accept it where it stands, is passed over: it is `verify` that tells of damage.
 */
export async function archiveHome(
  log: EventLog,
  environment: RecordEnvironment,
  options: ArchiveHomeOptions = {},
): Promise<readonly string[]> {
  const now = environment.clock.now()
  const forkVersions = await forkVersionsOf(log)
  const archived: string[] = []
  for await (const page of log.streams()) {
    for (const { sessionId } of page) {
      options.onProgress?.(sessionId)
      const state = await stateWithCheckpoints(log, sessionId)
      const due = state === null ? [] : checkpointsToArchive(state, forkVersions.get(sessionId) ?? [], now)
      if (due.length === 0) continue
      if (options.dryRun === true) archived.push(...due)
      else archived.push(...(await archivedIn(log, environment, sessionId, now)))
    }
  }
  return archived
}

async function archivedIn(
  log: EventLog,
  environment: RecordEnvironment,
  sessionId: string,
  now: string,
): Promise<readonly string[]> {
  try {
    return (await archiveOldCheckpoints(log, environment, sessionId, now)).checkpointIds
  } catch (error) {
    if (error instanceof DamagedRecord || error instanceof CommandRefused) return []
    throw error
  }
}

/** The state of a session that has a checkpoint to come back to; most have none, and are not folded for this. */
async function stateWithCheckpoints(log: EventLog, sessionId: string): Promise<ReadonlyState | null> {
  try {
    for await (const snapshot of log.snapshots(sessionId)) {
      const isOwn = snapshot.sessionId === sessionId && snapshot.kind === 'checkpoint'
      if (isOwn) return (await loadState(log, sessionId)).state
    }
    return null
  } catch (error) {
    if (error instanceof DamagedRecord) return null
    throw error
  }
}

async function forkVersionsOf(log: EventLog): Promise<ReadonlyMap<string, readonly number[]>> {
  const versions = new Map<string, number[]>()
  for await (const page of log.streams()) {
    for (const { forkedFrom } of page) {
      if (forkedFrom === null) continue
      const known = versions.get(forkedFrom.sessionId)
      if (known === undefined) versions.set(forkedFrom.sessionId, [forkedFrom.version])
      else known.push(forkedFrom.version)
    }
  }
  return versions
}
