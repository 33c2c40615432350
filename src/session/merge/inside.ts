/** Versions inside a merge: part of what it brings is there, and the merge is listed as if all of it were. No session goes on from one. */
import type { ReadonlyState } from '../../fold/state.ts'
import { DamagedRecord, WaymarkError } from '../../kernel/errors.ts'
import type { EventLog } from '../../log/port.ts'

/**
 * Refuses the place of a rewind or a fork that lies inside a merge: going on from there, what is missing could never be merged again.
 *
 * @throws WaymarkError `USAGE` that names the versions before and after the merge
 */
export async function assertOutsideMerge(
  log: EventLog,
  { sessionId, version, merges }: ReadonlyState,
): Promise<void> {
  const mergedAt = Math.max(0, ...merges.map((merge) => merge.version))
  if (mergedAt === 0) return
  const end = await endOfMerge(log, sessionId, mergedAt, version)
  if (end === null || end <= version) return
  throw new WaymarkError('USAGE', {
    message: `version ${version} of session ${sessionId} lies inside a merge, which is of versions ${mergedAt} to ${end}`,
    hint: `take version ${mergedAt - 1}, before the merge, or ${end}, after it`,
    details: { sessionId, version, before: mergedAt - 1, after: end },
  })
}

/** The last version of a merge that reaches beyond a version; `null` of one that does not, or where the log cannot tell. */
async function endOfMerge(
  log: EventLog,
  sessionId: string,
  mergedAt: number,
  version: number,
): Promise<number | null> {
  let end: number | null = null
  try {
    const mergeId = await eventIdAt(log, sessionId, mergedAt)
    for await (const page of log.read(sessionId, { after: version })) {
      for (const event of page) {
        if (mergeId === null || event.causationId !== mergeId || !event.actor.startsWith('merge:')) return end
        end = event.version
      }
    }
  } catch (error) {
    // Damage after the place keeps nobody from going on before it.
    if (!(error instanceof DamagedRecord)) throw error
  }
  return end
}

async function eventIdAt(log: EventLog, sessionId: string, version: number): Promise<string | null> {
  for await (const page of log.read(sessionId, { after: version - 1, to: version }))
    return page[0]?.id ?? null
  return null
}
