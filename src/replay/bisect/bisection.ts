/** What is told of a predicate's turn: where it is, how it was found, which events made it, and what they changed. */
import type { EventLog } from '../../log/port.ts'
import { type StateDiff, stateDiff } from '../../views/state-diff.ts'
import { type TimelineEntry, timelineEntry } from '../../views/timeline.ts'
import { stateAt } from '../at.ts'
import { batchEndingAt } from '../batch-ends.ts'
import { type PredicateLike, predicateFrom } from '../predicate/predicate.ts'
import {
  type Bisected,
  type BisectOutcome,
  type BisectRange,
  bisectBetween,
  type Probe,
  rangeOf,
} from './bisect.ts'
import { type Scan, scanFor } from './scan.ts'

export interface BisectOptions extends BisectRange {
  /** Looks at every version instead of about log2(n): finds the very first one, and all others at which it turns. */
  readonly scan?: boolean
  readonly onProgress?: (version: number) => void
}

export interface Bisection {
  readonly sessionId: string
  readonly predicate: string
  /** Ends of batches: what lies after `from`, up to and with `to`, was looked through. */
  readonly from: number
  readonly to: number
  readonly outcome: BisectOutcome
  /** The version at which it holds and, at `before`, does not; `null` unless it was found. */
  readonly version: number | null
  readonly before: number | null
  /** The batch that made it turn. */
  readonly events: readonly TimelineEntry[]
  /** What that batch changed. */
  readonly changes: StateDiff | null
  /** Versions that were looked at, in that order; of a scan only the beginning of the range and the turns. */
  readonly probes: readonly Probe[]
  /** States that were reconstructed to find it. */
  readonly reconstructions: number
  /** `true` only when every version was looked at; `null` when nothing that was seen speaks against it. */
  readonly monotone: boolean | null
  /** Of a scan: at which versions it turns. */
  readonly scan: Scan | null
}

/**
 * Finds the version at which a predicate begins to hold.
 *
 * @throws SessionNotFound; WaymarkError `PREDICATE_INVALID`, `VERSION_NOT_FOUND`, `USAGE` when nothing lies in the range, `DAMAGED_RECORD`
 */
export async function bisectSession(
  log: EventLog,
  sessionId: string,
  given: PredicateLike,
  { scan = false, onProgress, ...wanted }: BisectOptions = {},
): Promise<Bisection> {
  const predicate = predicateFrom(given)
  const range = await rangeOf(log, sessionId, wanted)
  const told = { sessionId, predicate: predicate.text, ...range }
  if (!scan) {
    const { turn, ...found } = await bisectBetween(log, sessionId, predicate, range)
    return { ...told, ...found, ...(await turnOf(log, sessionId, found.version, turn)), scan: null }
  }
  const scanned = await scanFor(log, sessionId, predicate, range, onProgress)
  const { heldBefore, flips, flipCount } = scanned
  const first = heldBefore ? undefined : flips[0]
  const version = first?.version ?? null
  const turn =
    first === undefined
      ? null
      : {
          before: await stateAt(log, sessionId, first.before),
          after: await stateAt(log, sessionId, first.version),
        }
  return {
    ...told,
    outcome: heldBefore ? 'held-before' : first === undefined ? 'not-held' : 'found',
    version,
    before: first?.before ?? null,
    ...(await turnOf(log, sessionId, version, turn)),
    probes: [
      { version: range.from, holds: heldBefore },
      ...flips.map((flip) => ({ version: flip.version, holds: flip.holds })),
    ],
    reconstructions: 1,
    monotone: heldBefore ? flipCount === 0 : flipCount <= 1,
    scan: scanned,
  }
}

async function turnOf(
  log: EventLog,
  sessionId: string,
  version: number | null,
  turn: Bisected['turn'],
): Promise<Pick<Bisection, 'events' | 'changes'>> {
  if (version === null || turn === null) return { events: [], changes: null }
  const batch = await batchEndingAt(log, sessionId, version)
  return { events: batch.map(timelineEntry), changes: stateDiff(turn.before, turn.after) }
}
