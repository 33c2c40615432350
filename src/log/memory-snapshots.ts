/** Snapshots of the log in memory, and their parts: each kept once for its stream. Every change gives what takes it back. */
import type { StoredSnapshot } from './port.ts'

export interface MemorySnapshots {
  snapshots: readonly StoredSnapshot[]
  /** Parts of snapshots by their hash, for each stream. */
  parts: ReadonlyMap<string, ReadonlyMap<string, Uint8Array>>
}

type Undo = () => void

export function putSnapshotIn(store: MemorySnapshots, snapshot: StoredSnapshot): Undo {
  const undo = undoOf(store)
  const { sessionId, version } = snapshot
  const held = new Map(store.parts.get(sessionId))
  for (const part of snapshot.parts) {
    const body = held.has(part.hash) ? null : part.body()
    if (body !== null) held.set(part.hash, body)
  }
  store.parts = new Map(store.parts).set(sessionId, held)
  const others = store.snapshots.filter((other) => other.sessionId !== sessionId || other.version !== version)
  const parts = snapshot.parts.map(({ hash }) => ({
    hash,
    body: () => store.parts.get(sessionId)?.get(hash) ?? null,
  }))
  store.snapshots = [...others, { ...snapshot, parts }]
  return undo
}

export function bytesToPutIn({ parts }: MemorySnapshots, snapshot: StoredSnapshot): number {
  const held = parts.get(snapshot.sessionId)
  const missing = snapshot.parts.filter(({ hash }) => held?.has(hash) !== true)
  return missing.reduce((sum, part) => sum + (part.body()?.length ?? 0), snapshot.body.length)
}

/** Drops snapshots, and the parts that no other snapshot of their stream holds. */
export function dropSnapshotsIn(store: MemorySnapshots, drops: (snapshot: StoredSnapshot) => boolean): Undo {
  const undo = undoOf(store)
  const left = store.snapshots.filter((snapshot) => !drops(snapshot))
  if (left.length === store.snapshots.length) return undo
  store.snapshots = left
  const needed = new Map<string, Set<string>>()
  for (const { sessionId, parts } of left) {
    const hashes = needed.get(sessionId) ?? new Set()
    for (const { hash } of parts) hashes.add(hash)
    needed.set(sessionId, hashes)
  }
  store.parts = new Map(
    [...store.parts].map(([sessionId, held]) => [
      sessionId,
      new Map([...held].filter(([hash]) => needed.get(sessionId)?.has(hash) === true)),
    ]),
  )
  return undo
}

function undoOf(store: MemorySnapshots): Undo {
  const { snapshots, parts } = store
  return () => {
    store.snapshots = snapshots
    store.parts = parts
  }
}
