/** All checkpoints of a session: state lists the newest only, the log has them all. */
import { isKnown } from '../events/envelope.ts'
import { foldInto } from '../fold/fold.ts'
import { type CheckpointEntry, initialState, type ReadonlyState } from '../fold/state.ts'
import { limits } from '../kernel/limits.ts'
import type { EventLog } from '../log/port.ts'

export type Checkpoint = ReadonlyState['checkpoints'][number]

/**
 * The checkpoints of a session at the version of `state`, inherited ones included, oldest first: at most the newest
 * `limits.checkpointsReadMax`. `known` is what was found at an earlier version, if none was archived since: with it, the log is
 * read only when it must be.
 *
 * @throws WaymarkError `DAMAGED_RECORD`
 */
export async function checkpointsOf(
  log: EventLog,
  state: ReadonlyState,
  known: readonly Checkpoint[] = [],
): Promise<readonly Checkpoint[]> {
  const all = withListed(known, state)
  const count = Math.min(state.checkpointCount, limits.checkpointsReadMax)
  return all.length === count ? all : readCheckpoints(log, state)
}

/**
 * The checkpoints that a name means: the one with that id, or all whose ids begin with it. State lists the newest; only for a
 * beginning, or an older one, is the log read.
 */
export async function checkpointsNamed(
  log: EventLog,
  state: ReadonlyState,
  name: string,
): Promise<readonly Checkpoint[]> {
  const listed = state.checkpoints.find(({ id }) => id === name)
  if (listed !== undefined) return [listed]
  return (await checkpointsOf(log, state)).filter(({ id }) => id.startsWith(name))
}

/** A list brought up to what a later state lists; of the others it is believed. */
export function withListed(known: readonly Checkpoint[], state: ReadonlyState): readonly Checkpoint[] {
  const listed = new Set(state.checkpoints.map(({ id }) => id))
  const older = known.filter(({ id }) => !listed.has(id))
  return [...older, ...state.checkpoints].slice(-limits.checkpointsReadMax)
}

async function readCheckpoints(
  log: EventLog,
  { sessionId, version }: ReadonlyState,
): Promise<readonly Checkpoint[]> {
  const state = initialState(sessionId)
  const byId = new Map<string, CheckpointEntry>()
  for await (const page of log.read(sessionId, { to: version })) {
    for (const event of page) {
      foldInto(state, [event])
      if (!isKnown(event)) continue
      const newest = state.checkpoints[state.checkpoints.length - 1]
      if (event.type === 'checkpoint.created' && newest !== undefined) {
        byId.set(newest.id, newest)
        const [oldest] = byId.keys()
        if (byId.size > limits.checkpointsReadMax && oldest !== undefined) byId.delete(oldest)
      }
      // Those that state still lists are marked by the fold.
      if (event.type === 'checkpoint.archived') {
        for (const id of event.data.checkpointIds) {
          const entry = byId.get(id)
          if (entry !== undefined) entry.archived = true
        }
      }
    }
  }
  return [...byId.values()]
}
