/** Old checkpoints of a whole home set aside, session by session. */
import { CommandRefused, DamagedRecord } from '../kernel/errors.ts'
import type { EventLog } from '../log/port.ts'
import { checkpointsOf } from '../replay/checkpoints.ts'
import { loadState } from '../replay/load.ts'
import { type Archived, archiveOldCheckpoints, checkpointsToArchive } from './archive.ts'
import type { RecordEnvironment } from './record.ts'

export interface ArchiveHomeOptions {
  /** Say which would be archived, and record nothing. */
  readonly dryRun?: boolean
  /** Told before each session that is looked at. */
  readonly onProgress?: (sessionId: string) => void
}

/**
 * Archives what is old in every session, and gives the ids of those checkpoints, for each session that has such. A session that
 * is damaged, or does not accept it where it stands, is passed over: it is `verify` that tells of damage.
 */
export async function archiveHome(
  log: EventLog,
  environment: RecordEnvironment,
  options: ArchiveHomeOptions = {},
): Promise<readonly Archived[]> {
  const now = environment.clock.now()
  const forkVersions = await forkVersionsOf(log)
  const archived: Archived[] = []
  for await (const page of log.streams()) {
    for (const { sessionId } of page) {
      options.onProgress?.(sessionId)
      const due = await dueIn(log, sessionId, forkVersions.get(sessionId) ?? [], now)
      if (due.length === 0) continue
      const done =
        options.dryRun === true
          ? { sessionId, checkpointIds: due }
          : await archivedIn(log, environment, sessionId, now)
      if (done.checkpointIds.length > 0) archived.push(done)
    }
  }
  return archived
}

async function archivedIn(
  log: EventLog,
  environment: RecordEnvironment,
  sessionId: string,
  now: string,
): Promise<Archived> {
  try {
    return await archiveOldCheckpoints(log, environment, sessionId, now)
  } catch (error) {
    if (error instanceof DamagedRecord || error instanceof CommandRefused)
      return { sessionId, checkpointIds: [] }
    throw error
  }
}

/** What is old in a session that has a checkpoint to come back to; most have none, and are not folded for this. */
async function dueIn(
  log: EventLog,
  sessionId: string,
  forkVersions: readonly number[],
  now: string,
): Promise<readonly string[]> {
  try {
    for await (const snapshot of log.snapshots(sessionId)) {
      if (snapshot.sessionId !== sessionId || snapshot.kind !== 'checkpoint') continue
      const { state } = await loadState(log, sessionId)
      return checkpointsToArchive(await checkpointsOf(log, state), state, forkVersions, now)
    }
    return []
  } catch (error) {
    if (error instanceof DamagedRecord) return []
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
