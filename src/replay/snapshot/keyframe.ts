/**
 * Keyframes: snapshots the engine takes by itself, so that coming back, and going to any version, costs the same however long a session
 * is. One is taken where it pays: when the events since the last snapshot are many times what the keyframe adds to the store. What an
 * earlier snapshot of the session holds already adds nothing.
 */
import type { ReadonlyState } from '../../fold/state.ts'
import { limits } from '../../kernel/limits.ts'
import type { LogTransaction, StoredSnapshot } from '../../log/port.ts'
import { latestTime } from './latest-time.ts'
import { packSnapshot } from './snapshot.ts'

/** A keyframe pays when the events since the last snapshot are this many times the bytes it adds. */
const paysFactor = 16

/** Past `limits.keyframeTailBytes` this is enough: all keyframes of a session together never take more than half of its events. */
const leastFactor = 2

/** Bytes since the last snapshot from which on a session is looked at again, where the last look found a keyframe too dear. */
const tooDearBefore = new Map<string, number>()
const sessionsNotedMax = 1_000

/** Takes a keyframe of the newest state when enough has been appended since the last snapshot. */
export function takeKeyframeIfDue(transaction: LogTransaction, state: ReadonlyState): void {
  const { sessionId } = state
  const stream = transaction.stream(sessionId)
  const tailBytes = stream?.bytesSinceSnapshot ?? 0
  if (stream === null || tailBytes < limits.keyframeBytes) return
  if (tailBytes < (tooDearBefore.get(sessionId) ?? 0)) return
  const snapshot = keyframeOf(transaction, state, stream.hash)
  const dueBytes = tailBytesFor(transaction.bytesToPut(snapshot))
  tooDearBefore.delete(sessionId)
  if (tailBytes >= dueBytes) transaction.putSnapshot(snapshot)
  else note(sessionId, dueBytes)
}

/** Bytes of events that a keyframe of so many bytes is due after. */
function tailBytesFor(addedBytes: number): number {
  return Math.min(addedBytes * paysFactor, Math.max(limits.keyframeTailBytes, addedBytes * leastFactor))
}

function note(sessionId: string, dueBytes: number): void {
  tooDearBefore.set(sessionId, dueBytes)
  for (const [oldest] of tooDearBefore) {
    if (tooDearBefore.size <= sessionsNotedMax) return
    tooDearBefore.delete(oldest)
  }
}

/** Events that are folded in a few milliseconds, through however many ancestors they lie in. */
const forkEventsMin = 1_000

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
  transaction.putSnapshot(keyframeOf(transaction, state, stream.hash))
}

function keyframeOf(transaction: LogTransaction, state: ReadonlyState, chainHash: string): StoredSnapshot {
  return packSnapshot(state, chainHash, null, latestTime(transaction, state.sessionId, state.version))
}
