/** The checkpoint that somebody names: by its id, a unique prefix of it, or a version. */
import type { ReadonlyState } from '../fold/state.ts'
import { WaymarkError } from '../kernel/errors.ts'
import type { EventLog } from '../log/port.ts'
import { checkpointsNamed, checkpointsOf } from '../replay/checkpoints.ts'

export interface ChosenCheckpoint {
  readonly id: string
  /** The version it is about. */
  readonly version: number
}

/**
 * Finds a checkpoint of a session: the one with that id or prefix, or the newest at or before a version. State lists the newest
 * ones; older ones are looked for in the log.
 *
 * @throws WaymarkError `USAGE`; `VERSION_NOT_FOUND` for a version that the session has not come to
 */
export async function findCheckpoint(
  log: EventLog,
  state: ReadonlyState,
  name: string | number,
): Promise<ChosenCheckpoint> {
  if (typeof name === 'number' && name > state.version) {
    throw new WaymarkError('VERSION_NOT_FOUND', {
      message: `session ${state.sessionId} has no version ${name} to come back to`,
      hint: `its versions are 1 to ${state.version}; waymark checkpoints lists the places to come back to`,
      details: { sessionId: state.sessionId, version: name, newest: state.version },
    })
  }
  const found =
    typeof name === 'number'
      ? await checkpointsUpTo(log, state, name)
      : await checkpointsNamed(log, state, name)
  const newest = found[found.length - 1]
  const isClear = newest !== undefined && (typeof name === 'number' || found.length === 1)
  if (isClear) return { id: newest.id, version: newest.version }
  const which = typeof name === 'number' ? `at or before version ${name}` : `whose id begins with ${name}`
  const message = `session ${state.sessionId} has ${found.length === 0 ? 'no checkpoint' : 'several checkpoints'} ${which}`
  throw new WaymarkError('USAGE', {
    message,
    hint: 'waymark checkpoints lists them; --new goes on from any version in a fresh session',
    details: { sessionId: state.sessionId, name },
  })
}

async function checkpointsUpTo(
  log: EventLog,
  state: ReadonlyState,
  atMost: number,
): Promise<readonly ChosenCheckpoint[]> {
  const isBefore = ({ version }: ChosenCheckpoint): boolean => version <= atMost
  const listed = state.checkpoints.filter(isBefore)
  return listed.length > 0 ? listed : (await checkpointsOf(log, state)).filter(isBefore)
}
