/** Brings a session's state back: the newest snapshot that is sound, then the events after it. */

import { foldPages } from '../fold/fold.ts'
import { initialState, type ReadonlyState, type SessionState } from '../fold/state.ts'
import { DamagedRecord, SessionNotFound, WaymarkError } from '../kernel/errors.ts'
import type { EventLog, StoredSnapshot, StreamInfo } from '../log/port.ts'
import { lazilyCopied } from './snapshot/lazy-copy.ts'
import { copied } from './snapshot/shared.ts'
import { unpackSnapshot } from './snapshot/snapshot.ts'

/** Where a state was taken from: the newest snapshot, an older one because newer ones were unsound, or all events. */
export type LoadedFrom = 'snapshot' | 'older-snapshot' | 'full-replay'

export interface SnapshotProblem {
  readonly version: number
  readonly kind: 'damaged-snapshot' | 'other-fold-version' | 'foreign-snapshot'
  readonly detail: string
}

export interface StartingPoint {
  readonly from: LoadedFrom
  readonly snapshot: StoredSnapshot | null
  /** State at the snapshot's version, or before the first event: a copy that nobody else holds. */
  readonly state: SessionState
  /** The same, as it comes out of the snapshot: for `lazilyCopied`, and for one reader only. */
  readonly fresh: SessionState
  /** Snapshots that were passed over, and why. */
  readonly passedOver: readonly SnapshotProblem[]
}

export interface LoadedState {
  readonly state: ReadonlyState
  readonly from: LoadedFrom
  readonly snapshotVersion: number
  readonly replayedEvents: number
}

export async function streamOf(log: EventLog, sessionId: string): Promise<StreamInfo> {
  const stream = await log.stream(sessionId)
  if (stream !== null) return stream
  throw new SessionNotFound({
    message: `no session ${sessionId} in ${log.location}`,
    hint: 'waymark list shows the sessions of this home',
  })
}

/** The newest sound snapshot at or before `atMostVersion`, as a place to replay from. */
export async function startingPoint(
  log: EventLog,
  sessionId: string,
  atMostVersion: number,
): Promise<StartingPoint> {
  const passedOver: SnapshotProblem[] = []
  for await (const snapshot of readable(log.snapshots(sessionId, atMostVersion), passedOver)) {
    const unpacked = unpackSnapshot(snapshot, sessionId)
    if (!unpacked.ok) {
      passedOver.push({ version: snapshot.version, kind: unpacked.kind, detail: unpacked.detail })
      continue
    }
    const hash = await log.chainHash(snapshot.sessionId, snapshot.version)
    if (hash !== snapshot.chainHash) {
      const detail = 'it belongs to another history than the events of this stream'
      passedOver.push({ version: snapshot.version, kind: 'foreign-snapshot', detail })
      continue
    }
    const from = passedOver.length === 0 ? 'snapshot' : 'older-snapshot'
    const { fresh } = unpacked
    return {
      from,
      snapshot,
      get state() {
        return copied(fresh)
      },
      fresh,
      passedOver,
    }
  }
  const state = initialState(sessionId)
  return { from: 'full-replay', snapshot: null, state, fresh: state, passedOver }
}

/** Snapshots as long as they can be listed; where the store cannot tell them, the events still can. */
async function* readable(
  snapshots: AsyncIterable<StoredSnapshot>,
  passedOver: SnapshotProblem[],
): AsyncGenerator<StoredSnapshot, void, undefined> {
  try {
    yield* snapshots
  } catch (error) {
    if (!(error instanceof DamagedRecord)) throw error
    passedOver.push({ version: 0, kind: 'damaged-snapshot', detail: error.message })
  }
}

/**
 * The state of a session at a version, the newest if left out.
 *
 * @throws WaymarkError `SESSION_NOT_FOUND`; `VERSION_NOT_FOUND` outside 0 … newest; `DAMAGED_RECORD` with the place.
 */
export async function loadState(log: EventLog, sessionId: string, version?: number): Promise<LoadedState> {
  const stream = await streamOf(log, sessionId)
  const target = version ?? stream.version
  if (!Number.isInteger(target) || target < 0 || target > stream.version) {
    throw new WaymarkError('VERSION_NOT_FOUND', {
      message: `session ${sessionId} has no version ${target}`,
      hint: `its versions are 0 to ${stream.version}`,
      details: { sessionId, version: target, newest: stream.version },
    })
  }
  const start = await startingPoint(log, sessionId, target)
  const { state, settled } = lazilyCopied(start.fresh)
  const replayedEvents = await foldPages(
    state,
    log.readToFold(sessionId, { after: state.version, to: target }),
  )
  return {
    state: settled(),
    from: start.from,
    snapshotVersion: start.snapshot?.version ?? 0,
    replayedEvents,
  }
}
