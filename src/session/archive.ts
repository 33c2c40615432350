/** Old checkpoints are set aside: their events stay in the log, their files move into the archive. What is needed stays. */
import type { Command } from '../events/commands.ts'
import { isKnown } from '../events/envelope.ts'
import type { ReadonlyState } from '../fold/state.ts'
import { limits } from '../kernel/limits.ts'
import type { EventLog, LogTransaction } from '../log/port.ts'
import { type Checkpoint, checkpointsOf, withListed } from '../replay/checkpoints.ts'
import { loadState } from '../replay/load.ts'
import { caughtUp, type RecordEnvironment, record } from './record.ts'

export interface Archived {
  readonly sessionId: string
  /** Ids of the checkpoints that were archived now, oldest first. */
  readonly checkpointIds: readonly string[]
}

const dayMs = 24 * 60 * 60 * 1_000

/**
 * Archives the checkpoints of a session that are older than `limits.checkpointAgeDaysMax` at `now` (ISO 8601), except the
 * newest, which a handoff relies on too, those that forks stand on, the one that the latest recovery started from, and those
 * that tasks go on from. Recorded as asked by `policy:archive-checkpoints`; nothing is recorded when there is none.
 *
 * @throws WaymarkError `SESSION_NOT_FOUND`, `STORE_BUSY`, `STORE_FULL`
 * @example
 * ```ts
 * await session.checkpoint()
 * const later = '2027-01-01T00:00:00.000Z'
 * const { checkpointIds } = await archiveOldCheckpoints(waymark.log, waymark.environment, session.id, later)
 * checkpointIds.length // 1 (that of its start; the newest stays)
 * ```
 */
export async function archiveOldCheckpoints(
  log: EventLog,
  environment: RecordEnvironment,
  sessionId: string,
  now: string,
): Promise<Archived> {
  const { state: known } = await loadState(log, sessionId)
  const all = await checkpointsOf(log, known)
  const forkVersions = await forkVersionsOf(log, sessionId)
  if (checkpointsToArchive(all, known, forkVersions, now).length === 0)
    return { sessionId, checkpointIds: [] }
  return log.transact((transaction) => {
    let state = caughtUp(transaction, sessionId, known)
    const meanwhile = archivedAfter(transaction, known)
    const due = checkpointsToArchive(withListed(all, state), state, forkVersions, now)
    const checkpointIds = due.filter((id) => !meanwhile.has(id))
    for (let first = 0; first < checkpointIds.length; first += limits.checkpointsListedMax) {
      const some = checkpointIds.slice(first, first + limits.checkpointsListedMax)
      const command: Command = { type: 'checkpoint.archive', checkpointIds: some }
      const request = { sessionId, command, meta: { actor: 'policy:archive-checkpoints' } }
      state = record(transaction, state, request, environment).state
    }
    return { sessionId, checkpointIds }
  })
}

/** What another process has archived since a state was read. */
function archivedAfter(
  transaction: LogTransaction,
  { sessionId, version }: ReadonlyState,
): ReadonlySet<string> {
  const ids = new Set<string>()
  for (const page of transaction.read(sessionId, { after: version })) {
    for (const event of page.filter(isKnown)) {
      if (event.type === 'checkpoint.archived') for (const id of event.data.checkpointIds) ids.add(id)
    }
  }
  return ids
}

/**
 * The ids of checkpoints that are old and that nothing needs, of all that a session has. `forkVersions` are those at which
 * others were forked.
 */
export function checkpointsToArchive(
  checkpoints: readonly Checkpoint[],
  { forkedAt, recoveredFrom, tasks }: ReadonlyState,
  forkVersions: readonly number[],
  now: string,
): readonly string[] {
  const oldest = Date.parse(now) - limits.checkpointAgeDaysMax * dayMs
  const needed = new Set<string | null | undefined>([
    checkpoints[checkpoints.length - 1]?.id,
    recoveredFrom,
    ...Object.values(tasks).map(({ checkpointId }) => checkpointId),
    // A fork comes back to the newest checkpoint before the version at which it begins.
    ...forkVersions.map((version) => checkpoints.findLast((checkpoint) => checkpoint.version <= version)?.id),
  ])
  return checkpoints
    .filter(({ id, archived, time, version }) => {
      const isInherited = forkedAt !== null && version < forkedAt
      return !archived && !isInherited && !needed.has(id) && Date.parse(time) < oldest
    })
    .map(({ id }) => id)
}

async function forkVersionsOf(log: EventLog, sessionId: string): Promise<readonly number[]> {
  const versions = new Set<number>()
  for await (const page of log.streams()) {
    for (const { forkedFrom } of page)
      if (forkedFrom?.sessionId === sessionId) versions.add(forkedFrom.version)
  }
  return [...versions]
}
