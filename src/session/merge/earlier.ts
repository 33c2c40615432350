/** Merges that state lists no more: it holds the newest only, and the log has them all. */
import { isKnown } from '../../events/envelope.ts'
import type { ReadonlyState } from '../../fold/state.ts'
import { limits } from '../../kernel/limits.ts'
import type { EventLog } from '../../log/port.ts'

type Merges = ReadonlyState['merges']

/** All that a session has merged and not gone back behind since, oldest first; the log is read only where state's list is full. */
export async function mergesOf(
  log: EventLog,
  { sessionId, version, merges }: ReadonlyState,
): Promise<Merges> {
  if (merges.length < limits.mergesListedMax) return merges
  let all: Merges[number][] = []
  for await (const page of log.read(sessionId, { to: version })) {
    for (const event of page.filter(isKnown)) {
      if (event.type === 'session.merged') {
        const { sourceSessionId, sourceVersion, conflictCount } = event.data
        all.push({
          sessionId: sourceSessionId,
          sourceVersion,
          version: event.version,
          time: event.time,
          conflictCount,
        })
      }
      if (event.type === 'session.rewound') {
        const { toVersion } = event.data
        all = all.filter((merge) => merge.version <= toVersion)
      }
    }
  }
  return all
}
