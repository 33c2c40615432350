/** A place in a session's history, as people name it: a version, or the id of a checkpoint. */
import { nearest } from '../events/commands.ts'
import type { ReadonlyState } from '../fold/state.ts'
import { WaymarkError } from '../kernel/errors.ts'
import type { EventLog } from '../log/port.ts'
import { checkpointsOf } from './checkpoints.ts'

/**
 * The version that a checkpoint of `state` is about, inherited checkpoints included. State lists the newest; for an older one the log is
 * read.
 *
 * @throws WaymarkError `VERSION_NOT_FOUND` when the session has no such checkpoint
 */
export async function checkpointVersion(
  log: EventLog,
  state: ReadonlyState,
  checkpointId: string,
): Promise<number> {
  const listed = state.checkpoints.find(({ id }) => id === checkpointId)
  if (listed !== undefined) return listed.version
  const all = await checkpointsOf(log, state)
  const found = all.find(({ id }) => id === checkpointId)
  if (found !== undefined) return found.version
  const near = nearest(
    checkpointId,
    all.map(({ id }) => id),
  )
  throw new WaymarkError('VERSION_NOT_FOUND', {
    message: `session ${state.sessionId} has no checkpoint ${checkpointId.slice(0, 100)}`,
    hint:
      near.length === 0
        ? `waymark checkpoints ${state.sessionId} lists those it has`
        : `did you mean ${near.join(' or ')}?`,
    details: { sessionId: state.sessionId, checkpointId },
  })
}
