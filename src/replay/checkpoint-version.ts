/** A place in a session's history, as people name it: a version, or the id of a checkpoint. */
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
  const newest = all[all.length - 1]
  throw new WaymarkError('VERSION_NOT_FOUND', {
    message: `session ${state.sessionId} has no checkpoint ${checkpointId.slice(0, 100)}`,
    hint:
      newest === undefined
        ? 'it has none; waymark checkpoint takes one'
        : `waymark checkpoints lists those it has; the newest is ${newest.id}`,
    details: { sessionId: state.sessionId, checkpointId },
  })
}
