/** A session's own snapshots against what folding its events gives. */
import { foldVersion, type ReadonlyState } from '../fold/state.ts'
import type { EventLog, StoredSnapshot } from '../log/port.ts'
import { firstDifference, same } from './difference.ts'
import { readStoredPart } from './part-cache.ts'
import { unpackSnapshot } from './snapshot.ts'
import type { Report } from './verify-problem.ts'

export interface SnapshotsVerified {
  readonly count: number
  /** Snapshots that another version of the fold made: they are passed over, and events are folded instead. */
  readonly ofOtherFold: number
}

/** Looked up once; each is compared when its version is reached. */
export class SnapshotsCheck {
  readonly #log: EventLog
  readonly #sessionId: string
  readonly #open = new Set<number>()
  #count = 0
  #ofOtherFold = 0

  constructor(log: EventLog, sessionId: string) {
    this.#log = log
    this.#sessionId = sessionId
  }

  /** Finds all there are; what cannot be unpacked is damaged. */
  async find(report: Report): Promise<void> {
    for await (const snapshot of this.#log.snapshots(this.#sessionId)) {
      if (snapshot.sessionId !== this.#sessionId) continue
      this.#count += 1
      if (snapshot.foldVersion !== foldVersion) {
        this.#ofOtherFold += 1
        continue
      }
      const unpacked = unpackSnapshot(snapshot, this.#sessionId, readStoredPart)
      if (unpacked.ok) this.#open.add(snapshot.version)
      else if (unpacked.kind === 'damaged-snapshot') {
        report(snapshot.version, unpacked.kind, unpacked.detail)
      }
    }
  }

  isDue(version: number): boolean {
    return this.#open.has(version)
  }

  /** Compares those of a version. @param state `null` when the events before are not sound. */
  async compare(
    version: number,
    chainHash: string,
    state: ReadonlyState | null,
    report: Report,
  ): Promise<void> {
    this.#open.delete(version)
    for await (const snapshot of this.#log.snapshots(this.#sessionId, version)) {
      if (snapshot.version < version || snapshot.sessionId !== this.#sessionId) return
      compareOne(snapshot, chainHash, state, report)
    }
  }

  /** What is left over is of versions at which no event stands. */
  end(report: Report): SnapshotsVerified {
    for (const version of this.#open) {
      if (version > 0) report(version, 'foreign-snapshot', 'there is no event at its version')
    }
    return { count: this.#count, ofOtherFold: this.#ofOtherFold }
  }
}

function compareOne(
  snapshot: StoredSnapshot,
  chainHash: string,
  state: ReadonlyState | null,
  report: Report,
): void {
  const { version } = snapshot
  if (snapshot.foldVersion !== foldVersion) return
  if (snapshot.chainHash !== chainHash) {
    report(version, 'foreign-snapshot', 'its chain hash is not the event’s')
    return
  }
  const unpacked = unpackSnapshot(snapshot, snapshot.sessionId)
  if (!unpacked.ok || state === null || same(unpacked.fresh, state)) return
  const difference = firstDifference(unpacked.fresh, state)
  const where = difference === null ? '' : `: first at ${difference.path}`
  report(
    version,
    'snapshot-differs',
    `it is not what folding the events up to it gives${where}; other code made it, under the same fold version`,
    difference ?? undefined,
  )
}
