/** State in the past. Batches are the steps of time travel: a version inside a batch is its own, a time ends at a batch's end. */
import type { AnyEvent } from '../fold/recipe.ts'
import type { ReadonlyState } from '../fold/state.ts'
import { DamagedRecord, WaymarkError } from '../kernel/errors.ts'
import type { EventLog } from '../log/port.ts'
import { loadState } from './load.ts'
import { isWhole } from './snapshot/snapshot.ts'

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
  const { known, last } = await betweenSnapshots(log, sessionId, wanted)
  let version = known
  // The event that ends it lies before the snapshot that was taken too late; only one inside a batch leads further.
  for (const range of [{ to: last + 1 }, {}]) {
    for await (const page of log.readToFold(sessionId, { after: version, ...range })) {
      for (const event of page) {
        if (Date.parse(event.time) > wanted && (await beginsBatch(log, sessionId, event))) return version
        version = event.version
      }
    }
  }
  return version
}

/** Asked of few events only: what is read to be folded does not always say. */
async function beginsBatch(log: EventLog, sessionId: string, found: AnyEvent): Promise<boolean> {
  if ('index' in found) return found.index === 0
  const { version } = found
  for await (const [event] of log.read(sessionId, { after: version - 1, to: version }))
    return event?.index === 0
  return false
}

interface Between {
  /** A version that all had happened by; 0 when no snapshot can tell. */
  readonly known: number
  /** The snapshot of the version after it was taken too late, or it is the newest. */
  readonly last: number
}

/**
 * Where a time lies, as near as snapshots can tell: the search narrows the session down until it stands between two of them. It looks
 * first where the time would be if events came evenly, and halves what is left when that does not lead there soon.
 */
async function betweenSnapshots(log: EventLog, sessionId: string, wanted: number): Promise<Between> {
  const stream = await log.stream(sessionId)
  let last = stream?.version ?? 0
  let low = momentAt(0, stream?.summary?.startedAt)
  let high = momentAt(last, stream?.summary?.lastEventAt)
  let known = 0
  let from = 0
  for (let looks = 0; last - from > searchedEventsMin; looks += 1) {
    const half = from + Math.ceil((last - from) / 2)
    const middle = looks < guessedLooksMax ? guessed(low, high, wanted, from, last) : half
    const found = await newestTold(log, sessionId, middle, from)
    if (found !== null && Date.parse(found.timeMax) > wanted) {
      last = found.version - 1
      high = momentAt(found.version, found.timeMax)
    } else {
      from = middle
      if (found === null) continue
      known = found.version
      low = momentAt(found.version, found.timeMax)
    }
  }
  return { known, last }
}

/** Fewer events are read as quickly as a snapshot is looked for a few times. */
const searchedEventsMin = 512

/** Looks at guessed places; where events come unevenly, halving then takes no more of them than it would have without. */
const guessedLooksMax = 6

/** A version, and when it had been reached. */
interface Moment {
  readonly version: number
  readonly timeMs: number
}

function momentAt(version: number, time: string | null | undefined): Moment {
  return { version, timeMs: Date.parse(time ?? '') }
}

/** A version after `from` and up to `last`: where a time would be between two moments, or a little further if that was looked at. */
function guessed(low: Moment, high: Moment, wanted: number, from: number, last: number): number {
  const share = (wanted - low.timeMs) / (high.timeMs - low.timeMs)
  const guess = Math.round(low.version + share * (high.version - low.version))
  if (!Number.isFinite(guess)) return from + Math.ceil((last - from) / 2)
  return Math.min(guess > from ? guess : from + searchedEventsMin * 2, last)
}

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
