/** A checkpoint as people name it: by its id, or a beginning of it that no other has. */
import type { ReadonlyState } from '../fold/state.ts'
import { WaymarkError } from '../kernel/errors.ts'
import type { EventLog } from '../log/port.ts'
import { checkpointsNamed } from './checkpoints.ts'

/**
 * The version that a checkpoint of `state` is about, inherited checkpoints included. State lists the newest; for an older one the log is
 * read.
 *
 * @throws WaymarkError `VERSION_NOT_FOUND` when the session has no such checkpoint, or several
 */
export async function checkpointVersion(log: EventLog, state: ReadonlyState, name: string): Promise<number> {
  const found = await checkpointsNamed(log, state, name)
  if (found.length === 1 && found[0] !== undefined) return found[0].version
  const newest = state.checkpoints[state.checkpoints.length - 1]
  const short = name.slice(0, 100)
  throw new WaymarkError('VERSION_NOT_FOUND', {
    message:
      found.length === 0
        ? `session ${state.sessionId} has no checkpoint ${short}`
        : `session ${state.sessionId} has ${found.length} checkpoints whose ids begin with ${short}`,
    hint:
      newest === undefined
        ? 'it has none; waymark checkpoint takes one'
        : `waymark checkpoints lists those it has; the newest is ${newest.id}`,
    details: { sessionId: state.sessionId, checkpointId: name },
  })
}
