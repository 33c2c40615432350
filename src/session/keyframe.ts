/** Keyframes: snapshots the engine takes by itself, so that coming back costs the same however long a session is. */
import type { ReadonlyState } from '../fold/state.ts'
import { limits } from '../kernel/limits.ts'
import type { LogTransaction } from '../log/port.ts'
import { packSnapshot } from '../replay/snapshot.ts'

/** A keyframe pays once this many times the state's own bytes have been appended as events. */
const keyframeStateFactor = 4

/** Bytes of a task or a context item in a packed state: these are what makes states large. */
const entryBytes = 350

/** Takes a keyframe of the newest state when enough has been appended since the last snapshot. */
export function takeKeyframeIfDue(transaction: LogTransaction, state: ReadonlyState): void {
  const stream = transaction.stream(state.sessionId)
  if (stream === null || stream.bytesSinceSnapshot < limits.keyframeBytes) return
  const entries = Object.keys(state.tasks).length + Object.keys(state.context.items).length
  const stateBytes = entries * entryBytes
  if (stream.bytesSinceSnapshot < stateBytes * keyframeStateFactor) return
  transaction.putSnapshot(packSnapshot(state, stream.hash, null))
}

/** Events that are folded in a few milliseconds, through however many ancestors they lie in. */
const forkEventsMin = 100

/**
 * Takes a keyframe of a fork when its state had to be folded from many events, more than the state has entries: forks of it, and whoever
 * opens it, need not go that way again.
 */
export function takeKeyframeOfFork(
  transaction: LogTransaction,
  state: ReadonlyState,
  replayedEvents: number,
): void {
  const entries = Object.keys(state.tasks).length + Object.keys(state.context.items).length
  const stream = transaction.stream(state.sessionId)
  if (stream === null || replayedEvents < Math.max(forkEventsMin, entries)) return
  transaction.putSnapshot(packSnapshot(state, stream.hash, null))
}
