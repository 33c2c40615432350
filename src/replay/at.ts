/** State in the past. Batches are the steps of time travel: a version inside a batch is its own, a time ends at a batch's end. */
import type { ReadonlyState } from '../fold/state.ts'
import { WaymarkError } from '../kernel/errors.ts'
import type { EventLog } from '../log/port.ts'
import { loadState } from './load.ts'

/**
 * The state at a version, at a time (ISO 8601), or now.
 *
 * @throws WaymarkError `SESSION_NOT_FOUND`, `VERSION_NOT_FOUND`, `USAGE` when the time cannot be read.
 */
export async function stateAt(
  log: EventLog,
  sessionId: string,
  when?: number | string,
): Promise<ReadonlyState> {
  const version = typeof when === 'string' ? await versionAt(log, sessionId, when) : when
  const { state } = await loadState(log, sessionId, version)
  return state
}

/**
 * The last version that had happened at a time. Times of events may step back, so the running maximum counts: the version
 * before the first event by which the clock had passed `time`. Ends at a batch's end; 0 before the first event.
 */
export async function versionAt(log: EventLog, sessionId: string, time: string): Promise<number> {
  const wanted = Date.parse(time)
  if (Number.isNaN(wanted)) {
    throw new WaymarkError('USAGE', {
      message: `"${time}" is no time`,
      hint: 'write it as 2026-01-31T12:00:00Z',
    })
  }
  let version = 0
  for await (const page of log.read(sessionId)) {
    for (const event of page) {
      if (event.index === 0 && Date.parse(event.time) > wanted) return version
      version = event.version
    }
  }
  return version
}
