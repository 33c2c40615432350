/**
 * Recovery: finds the newest sound state and what was left open. It starts from the newest valid snapshot, else an
 * older one, else replays all, and checks the hash chain of every event it reads on the way. It reads only;
 * the session records what was found.
 */
import { foldInto } from '../fold/fold.ts'
import type { ReadonlyState } from '../fold/state.ts'
import type { RowProblem } from '../log/chain.ts'
import type { EventLog } from '../log/port.ts'
import { type OpenItem, openItems } from '../views/open-items.ts'
import { checkedEvents } from './chain.ts'
import { type LoadedFrom, type SnapshotProblem, startingPoint, streamOf } from './load.ts'
import { lazilyCopied } from './snapshot/lazy-copy.ts'

export interface Recovery {
  readonly sessionId: string
  readonly from: LoadedFrom
  /** The checkpoint whose snapshot was taken; `null` for a keyframe or a full replay. */
  readonly checkpointId: string | null
  readonly snapshotVersion: number
  /** The version the state is at: the newest, or the last sound one when the log is damaged. */
  readonly version: number
  readonly replayedEvents: number
  readonly open: readonly OpenItem[]
  readonly passedOver: readonly SnapshotProblem[]
  /** The first damage met; events from its version on are not in the state. */
  readonly damage: RowProblem | null
  readonly state: ReadonlyState
}

/**
 * Finds the newest sound state of a session and what was left open in it. `asOf` is the version at which it was interrupted,
 * when it has events after that: where it comes back from, and how many events are replayed, is then told as of that version.
 */
export async function planRecovery(log: EventLog, sessionId: string, asOf?: number): Promise<Recovery> {
  const stream = await streamOf(log, sessionId)
  const upTo = Math.min(asOf ?? stream.version, stream.version)
  const start = await startingPoint(log, sessionId, upTo)
  const { state, settled } = lazilyCopied(start.fresh)
  const chainHash = start.snapshot?.chainHash ?? ''
  let damage: RowProblem | null = null
  let replayedEvents = 0
  for await (const page of checkedEvents(log, stream, state.version, chainHash)) {
    foldInto(state, page.events)
    replayedEvents += page.events.filter(({ version }) => version <= upTo).length
    damage = page.problem
    if (damage !== null) break
  }
  const recovered = settled()
  return {
    sessionId,
    from: start.from,
    checkpointId: start.snapshot?.checkpointId ?? null,
    snapshotVersion: start.snapshot?.version ?? 0,
    version: recovered.version,
    replayedEvents,
    open: openItems(recovered),
    passedOver: start.passedOver,
    damage,
    state: recovered,
  }
}
