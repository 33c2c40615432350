/**
 * Compaction: which snapshots of a home nobody needs any more. A snapshot is a shortcut: dropping one loses nothing but the
 * time that it saves, so those that save time stay. Keyframes stand as close together as any version is to be reached soon, and share
 * their parts, so old ones stay as well. The store asks, and drops only what is named here.
 */
import { foldVersion } from '../fold/state.ts'
import { WaymarkError } from '../kernel/errors.ts'
import type { Compaction, EventLog, SnapshotPlace, StoredSnapshot, StreamInfo } from '../log/port.ts'
import { checkpointsOf } from '../replay/checkpoints.ts'
import { loadState, streamOf } from '../replay/load.ts'
import { readStoredPart } from '../replay/snapshot/part-cache.ts'
import { unpackSnapshot } from '../replay/snapshot/snapshot.ts'

/** A snapshot as the rule sees it. */
export interface HeldSnapshot extends Pick<StoredSnapshot, 'version' | 'kind' | 'checkpointId'> {
  /** A state can be taken from it today. */
  readonly sound: boolean
}

export interface SnapshotNeeds {
  /** Ids of checkpoints that were set aside. */
  readonly archived: ReadonlySet<string>
  /** Versions at which other sessions branch off: they come back from what is at or before those. */
  readonly forkVersions: readonly number[]
}

/**
 * The snapshots of one session that may be dropped: keyframes that no state can be taken from (another version of the fold made them, or
 * they are not what was stored), and snapshots of archived checkpoints. Never the newest sound one, from which a recovery starts, and never
 * the newest sound one at or before a fork point.
 */
export function snapshotsToDrop<S extends HeldSnapshot>(
  held: readonly S[],
  needs: SnapshotNeeds,
): readonly S[] {
  const newestFirst = held.toSorted((a, b) => b.version - a.version)
  const sound = newestFirst.filter((snapshot) => snapshot.sound)
  const needed = new Set<S | undefined>([
    sound[0],
    ...needs.forkVersions.map((at) => sound.find(({ version }) => version <= at)),
  ])
  return newestFirst.filter((snapshot) => {
    if (needed.has(snapshot)) return false
    if (snapshot.kind === 'keyframe') return !snapshot.sound
    return snapshot.checkpointId !== null && needs.archived.has(snapshot.checkpointId)
  })
}

/** What a compaction is going to drop. */
export interface CompactionPlan {
  readonly snapshots: number
  /** Their bytes in the store. */
  readonly bytes: number
  readonly drops: (snapshot: SnapshotPlace) => boolean
}

export interface PlanOptions {
  /** Ids of checkpoints to take as archived beside those that the sessions list as such. */
  readonly alsoArchived?: readonly string[]
  /** Told before each session that is looked at. */
  readonly onProgress?: (sessionId: string) => void
}

/** Looks at all snapshots of a home and says which may be dropped. Reads only. */
export async function planCompaction(log: EventLog, options: PlanOptions = {}): Promise<CompactionPlan> {
  const forkVersions = await forkVersionsOf(log)
  const alsoArchived = options.alsoArchived ?? []
  const dropped = new Set<string>()
  let bytes = 0
  for await (const page of log.streams()) {
    for (const stream of page) {
      options.onProgress?.(stream.sessionId)
      const at = forkVersions.get(stream.sessionId) ?? []
      for (const snapshot of await droppedOf(log, stream, at, alsoArchived)) {
        dropped.add(keyOf(snapshot))
        bytes += snapshot.bytes
      }
    }
  }
  return { snapshots: dropped.size, bytes, drops: (snapshot) => dropped.has(keyOf(snapshot)) }
}

/** Carries a plan out. What came into the log since the plan was made stays. */
export async function compactLog(log: EventLog, plan: CompactionPlan): Promise<Compaction> {
  return log.compact({ dropSnapshot: plan.drops })
}

function keyOf({ sessionId, version, kind, checkpointId }: SnapshotPlace): string {
  return `${sessionId}/${version}/${checkpointId ?? kind}`
}

/** Where sessions branch off, by the session that the event at that version is an own one of. */
async function forkVersionsOf(log: EventLog): Promise<ReadonlyMap<string, readonly number[]>> {
  const versions = new Map<string, number[]>()
  for await (const page of log.streams()) {
    for (const { forkedFrom } of page) {
      if (forkedFrom === null) continue
      let owner = await streamOf(log, forkedFrom.sessionId)
      while (owner.forkedFrom !== null && forkedFrom.version <= owner.forkedFrom.version) {
        owner = await streamOf(log, owner.forkedFrom.sessionId)
      }
      const known = versions.get(owner.sessionId)
      if (known === undefined) versions.set(owner.sessionId, [forkedFrom.version])
      else known.push(forkedFrom.version)
    }
  }
  return versions
}

const unreadable: ReadonlySet<string> = new Set(['DAMAGED_RECORD', 'UNKNOWN_EVENT'])

interface Candidate extends HeldSnapshot {
  readonly sessionId: string
  readonly bytes: number
}

/** Of a session that is damaged, or that only a newer Waymark can read, nothing is dropped: what is left of it may be needed. */
async function droppedOf(
  log: EventLog,
  stream: StreamInfo,
  forkVersions: readonly number[],
  alsoArchived: readonly string[],
): Promise<readonly Candidate[]> {
  try {
    const own = await ownSnapshots(log, stream, async (snapshot) => snapshot.foldVersion === foldVersion)
    const hasCheckpoints = own.some(({ kind }) => kind === 'checkpoint')
    const needs = {
      archived: new Set(
        hasCheckpoints ? [...(await archivedIn(log, stream.sessionId)), ...alsoArchived] : [],
      ),
      forkVersions,
    }
    // Unpacking tells which are sound and takes time: only where there is something to gain.
    if (snapshotsToDrop(own, needs).length === 0) return []
    if (!hasCheckpoints) await loadState(log, stream.sessionId)
    return snapshotsToDrop(await ownSnapshots(log, stream, (snapshot) => isSound(log, snapshot)), needs)
  } catch (error) {
    if (error instanceof WaymarkError && unreadable.has(error.code)) return []
    throw error
  }
}

async function archivedIn(log: EventLog, sessionId: string): Promise<readonly string[]> {
  const { state } = await loadState(log, sessionId)
  return (await checkpointsOf(log, state)).filter(({ archived }) => archived).map(({ id }) => id)
}

/** The snapshots of a stream itself, without inherited ones. */
async function ownSnapshots(
  log: EventLog,
  { sessionId }: StreamInfo,
  soundness: (snapshot: StoredSnapshot) => Promise<boolean>,
): Promise<readonly Candidate[]> {
  const own: Candidate[] = []
  for await (const snapshot of log.snapshots(sessionId)) {
    if (snapshot.sessionId !== sessionId) continue
    const { version, kind, checkpointId } = snapshot
    const sound = await soundness(snapshot)
    own.push({ sessionId, version, kind, checkpointId, bytes: ownBytes(snapshot), sound })
  }
  return own
}

/** Without what other snapshots may share. */
function ownBytes({ body, parts }: StoredSnapshot): number {
  return parts.reduce((sum, { hash }) => sum + hash.length / 2, body.length)
}

async function isSound(log: EventLog, snapshot: StoredSnapshot): Promise<boolean> {
  const { sessionId, version, chainHash } = snapshot
  const isWhole = unpackSnapshot(snapshot, sessionId, readStoredPart).ok
  return isWhole && (await log.chainHash(sessionId, version)) === chainHash
}
