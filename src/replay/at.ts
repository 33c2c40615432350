/** State in the past. Batches are the steps of time travel: a version inside a batch is its own, a time ends at a batch's end. */
import type { ReadonlyState } from '../fold/state.ts'
import { DamagedRecord, WaymarkError } from '../kernel/errors.ts'
import type { EventLog } from '../log/port.ts'
import { loadState } from './load.ts'
import { isWhole } from './snapshot.ts'

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
  let version = await knownVersionBefore(log, sessionId, wanted)
  for await (const page of log.readToFold(sessionId, { after: version })) {
    for (const event of page) {
      if (Date.parse(event.time) > wanted && (await beginsBatch(log, sessionId, event.version)))
        return version
      version = event.version
    }
  }
  return version
}

/** Asked of few events only: what is read to be folded does not say. */
async function beginsBatch(log: EventLog, sessionId: string, version: number): Promise<boolean> {
  for await (const [event] of log.read(sessionId, { after: version - 1, to: version }))
    return event?.index === 0
  return false
}

/**
 * A version that all had happened by at a time, as near as snapshots can tell: the search halves the session until it stands between
 * two of them. 0 when none can tell.
 */
async function knownVersionBefore(log: EventLog, sessionId: string, wanted: number): Promise<number> {
  let known = 0
  let last = (await log.stream(sessionId))?.version ?? 0
  let from = 0
  while (last - from > searchedEventsMin) {
    const middle = from + Math.ceil((last - from) / 2)
    const found = await newestTold(log, sessionId, middle, from)
    if (found !== null && Date.parse(found.timeMax) > wanted) last = found.version - 1
    else {
      from = middle
      if (found !== null) known = found.version
    }
  }
  return known
}

/** Fewer events are read as quickly as a snapshot is looked for. */
const searchedEventsMin = 64

/** The newest snapshot after `from` and up to `to` that tells the latest time before it. */
async function newestTold(
  log: EventLog,
  sessionId: string,
  to: number,
  from: number,
): Promise<{ readonly version: number; readonly timeMax: string } | null> {
  try {
    for await (const snapshot of log.snapshots(sessionId, to)) {
      const { version, timeMax } = snapshot
      if (version <= from) return null
      if (timeMax !== null && isWhole(snapshot)) return { version, timeMax }
    }
  } catch (error) {
    // Where the store cannot tell them, the events still can.
    if (!(error instanceof DamagedRecord)) throw error
  }
  return null
}
