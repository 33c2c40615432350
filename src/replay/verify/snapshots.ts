/** A session's own snapshots against what folding its events gives. */
import { foldVersion, type ReadonlyState } from '../../fold/state.ts'
import type { EventLog, StoredSnapshot } from '../../log/port.ts'
import { readPart, readStoredPart } from '../snapshot/part-cache.ts'
import type { ReadPart } from '../snapshot/parts.ts'
import { unpackSnapshot } from '../snapshot/snapshot.ts'
import { firstDifference, same } from './difference.ts'
import type { Report } from './problem.ts'

export interface SnapshotsVerified {
  readonly count: number
  /** Snapshots that another version of the fold made: they are passed over, and events are folded instead. */
  readonly ofOtherFold: number
}

/** Hashes of parts that are kept in mind; a session has a few dozen for each keyframe. */
const partsSeenMax = 65_536

/** Listed once; each is unpacked and compared when its version is reached. */
export class SnapshotsCheck {
  readonly #log: EventLog
  readonly #sessionId: string
  readonly #open = new Set<number>()
  readonly #seen = new Set<string>()
  #count = 0
  #ofOtherFold = 0

  constructor(log: EventLog, sessionId: string) {
    this.#log = log
    this.#sessionId = sessionId
  }

  /** Finds all there are. */
  async find(): Promise<void> {
    for await (const snapshot of this.#log.snapshots(this.#sessionId)) {
      if (snapshot.sessionId !== this.#sessionId) continue
      this.#count += 1
      if (snapshot.foldVersion === foldVersion) this.#open.add(snapshot.version)
      else this.#ofOtherFold += 1
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
    const snapshot = await this.#at(version)
    if (snapshot === null || snapshot.foldVersion !== foldVersion) return
    const unpacked = unpackSnapshot(snapshot, this.#sessionId, this.#read)
    if (!unpacked.ok) await this.#damaged(version, unpacked, report)
    else if (snapshot.chainHash !== chainHash) {
      report(version, 'foreign-snapshot', 'its chain hash is not the event’s')
    } else if (state !== null && !same(unpacked.fresh, state)) {
      const difference = firstDifference(unpacked.fresh, state)
      const where = difference === null ? '' : `: first at ${difference.path}`
      const detail = `it is not what folding the events up to it gives${where}; other code made it, under the same fold version`
      report(version, 'snapshot-differs', detail, difference ?? undefined)
    }
  }

  /** What is left over is of versions at which no event stands. */
  async end(report: Report): Promise<SnapshotsVerified> {
    for (const version of this.#open) {
      const snapshot = await this.#at(version)
      if (snapshot === null) continue
      const unpacked = unpackSnapshot(snapshot, this.#sessionId, this.#read)
      if (!unpacked.ok) await this.#damaged(version, unpacked, report)
      else if (version > 0) report(version, 'foreign-snapshot', 'there is no event at its version')
    }
    return { count: this.#count, ofOtherFold: this.#ofOtherFold }
  }

  /** One that somebody drops while it is read loses its parts first: that is no damage. */
  async #damaged(
    version: number,
    { kind, detail }: { readonly kind: string; readonly detail: string },
    report: Report,
  ): Promise<void> {
    if ((await this.#at(version)) !== null) report(version, kind, detail)
  }

  /** The session's own snapshot of a version; `null` when it has been dropped meanwhile. */
  async #at(version: number): Promise<StoredSnapshot | null> {
    for await (const snapshot of this.#log.snapshots(this.#sessionId, version)) {
      return snapshot.version === version && snapshot.sessionId === this.#sessionId ? snapshot : null
    }
    return null
  }

  /** Reads each stored part once: snapshots share them, and what has been found sound is at hand. */
  readonly #read: ReadPart = (part) => {
    if (this.#seen.has(part.hash)) return readPart(part)
    const value = readStoredPart(part)
    if (this.#seen.size >= partsSeenMax) this.#seen.clear()
    if (value !== null) this.#seen.add(part.hash)
    return value
  }
}
