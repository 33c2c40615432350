/** The latest time of a batch so far: times may step back, and time travel counts by the running maximum. */
import { DamagedRecord } from '../../kernel/errors.ts'
import { limits } from '../../kernel/limits.ts'
import type { LogTransaction } from '../../log/port.ts'
import { isWhole } from './snapshot.ts'

/**
 * The latest `time` of a batch up to and with `version` of a session. It goes on from the newest snapshot that tells; `null` when
 * more than `limits.timesReadMax` events would have to be read, or one of them is damaged.
 */
export function latestTime(transaction: LogTransaction, sessionId: string, version: number): string | null {
  try {
    return readLatestTime(transaction, sessionId, version)
  } catch (error) {
    // A shortcut less: whoever writes goes on, and whoever reads is told of the damage.
    if (error instanceof DamagedRecord) return null
    throw error
  }
}

function readLatestTime(transaction: LogTransaction, sessionId: string, version: number): string | null {
  let known: { readonly version: number; readonly timeMax: string | null } = { version: 0, timeMax: null }
  for (const snapshot of transaction.snapshots(sessionId, version)) {
    if (snapshot.timeMax === null || !isWhole(snapshot)) continue
    known = snapshot
    break
  }
  if (version - known.version > limits.timesReadMax) return null
  let latest = known.timeMax
  for (const page of transaction.read(sessionId, { after: known.version, to: version })) {
    for (const { index, time } of page) if (index === 0 && (latest === null || time > latest)) latest = time
  }
  return latest
}
