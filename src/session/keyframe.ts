/** Keyframes: snapshots the engine takes by itself, so that coming back costs the same however long a session is. */
import type { ReadonlyState } from '../fold/state.ts'
import { limits } from '../kernel/limits.ts'
import type { LogTransaction } from '../log/port.ts'
import { packSnapshot } from '../replay/snapshot.ts'

/** A keyframe pays once this many times the state's own bytes have been appended as events. */
const keyframeStateFactor = 4

/** Bytes of a task in a packed state: tasks are what makes states large. */
const taskBytes = 350

/** Takes a keyframe of the newest state when enough has been appended since the last snapshot. */
export function takeKeyframeIfDue(transaction: LogTransaction, state: ReadonlyState): void {
  const stream = transaction.stream(state.sessionId)
  if (stream === null || stream.bytesSinceSnapshot < limits.keyframeBytes) return
  const stateBytes = Object.keys(state.tasks).length * taskBytes
  if (stream.bytesSinceSnapshot < stateBytes * keyframeStateFactor) return
  transaction.putSnapshot(packSnapshot(state, stream.hash, null))
}
