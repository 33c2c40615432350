/** Snapshots, and their parts: each kept once for its stream, however many snapshots hold it. */
import { DamagedRecord } from '../../kernel/errors.ts'
import type { SnapshotPart, StoredSnapshot } from '../../log/port.ts'
import { bytesOf, integerOf, textOf, textOrNullOf } from './columns.ts'
import type { Database } from './database.ts'
import type { SqlRow } from './driver.ts'
import { type HeldRun, runsOf, type StoredStream } from './streams.ts'

const hashBytes = 32

export function putSnapshot(database: Database, key: number, snapshot: StoredSnapshot): void {
  for (const part of snapshot.parts) {
    const hash = Buffer.from(part.hash, 'hex')
    const body = hasPart(database, key, hash) ? null : part.body()
    if (body !== null) {
      database.run('INSERT INTO parts (stream, hash, body) VALUES (?, ?, ?)', key, hash, body)
    }
  }
  const { version, kind, checkpointId, foldVersion, bodyHash, chainHash, timeMax, body, parts } = snapshot
  database.run(
    `INSERT OR REPLACE INTO snapshots
       (stream, version, kind, checkpoint_id, fold_version, body_hash, chain_hash, time_max, body, parts)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    key,
    version,
    kind,
    checkpointId,
    foldVersion,
    bodyHash,
    chainHash,
    timeMax,
    body,
    Buffer.from(parts.map(({ hash }) => hash).join(''), 'hex'),
  )
}

/** Bytes that putting a snapshot would add. */
export function bytesToPut(database: Database, key: number, { body, parts }: StoredSnapshot): number {
  const own = body.length + parts.length * hashBytes
  const missing = parts.filter(({ hash }) => !hasPart(database, key, Buffer.from(hash, 'hex')))
  return missing.reduce((sum, part) => sum + hashBytes + (part.body()?.length ?? 0), own)
}

function hasPart(database: Database, key: number, hash: Uint8Array): boolean {
  return database.get('SELECT key FROM parts WHERE stream = ? AND hash = ?', key, hash) !== undefined
}

/** Snapshots of a stream at or before a version, then those of the events it inherited, newest first, one at a time. */
export function* findSnapshots(
  database: Database,
  stream: StoredStream,
  atMostVersion: number,
): Generator<StoredSnapshot, void, undefined> {
  for (const run of runsOf(database, stream, 0, atMostVersion).toReversed()) yield* snapshotsIn(database, run)
}

function* snapshotsIn(database: Database, run: HeldRun): Generator<StoredSnapshot, void, undefined> {
  const sql =
    'SELECT * FROM snapshots WHERE stream = ? AND version > ? AND version <= ? ORDER BY version DESC LIMIT 1'
  let to = Math.min(run.to, Number.MAX_SAFE_INTEGER)
  while (true) {
    const row = database.get(sql, run.key, run.after, to)
    if (row === undefined) return
    const version = integerOf(row, 'version')
    yield { sessionId: run.sessionId, ...snapshotOf(database, run.key, row) }
    to = version - 1
  }
}

/** A snapshot as its row has it; whose it is, the stream says. */
function snapshotOf(database: Database, key: number, row: SqlRow): Omit<StoredSnapshot, 'sessionId'> {
  return {
    version: integerOf(row, 'version'),
    kind: textOf(row, 'kind') === 'checkpoint' ? 'checkpoint' : 'keyframe',
    checkpointId: textOrNullOf(row, 'checkpoint_id'),
    foldVersion: integerOf(row, 'fold_version'),
    chainHash: textOf(row, 'chain_hash'),
    timeMax: textOrNullOf(row, 'time_max'),
    body: bytesOf(row, 'body'),
    parts: hashesOf(row).map((hash) => storedPart(database, key, hash)),
    bodyHash: textOf(row, 'body_hash'),
  }
}

/** What is left of a damaged list are hashes that lead nowhere: the hash of the snapshot tells. */
function hashesOf(row: SqlRow): readonly string[] {
  const list = bytesOf(row, 'parts').toString('hex')
  const hashes: string[] = []
  for (let at = 0; at < list.length; at += 2 * hashBytes) hashes.push(list.slice(at, at + 2 * hashBytes))
  return hashes
}

function storedPart(database: Database, key: number, hash: string): SnapshotPart {
  const body = (): Uint8Array | null => {
    const sql = 'SELECT body FROM parts WHERE stream = ? AND hash = ?'
    try {
      const row = database.get(sql, key, Buffer.from(hash, 'hex'))
      return row === undefined ? null : bytesOf(row, 'body')
    } catch (error) {
      // What cannot be read is as good as gone: the events still tell.
      if (error instanceof DamagedRecord) return null
      throw error
    }
  }
  return { hash, body }
}

/** Removes the parts of a stream that none of its snapshots holds. */
export function dropUnusedParts(database: Database, key: number): void {
  const used = new Set<string>()
  for (const row of database.all('SELECT parts FROM snapshots WHERE stream = ?', key)) {
    for (const hash of hashesOf(row)) used.add(hash)
  }
  for (const row of database.all('SELECT key, hash FROM parts WHERE stream = ?', key)) {
    if (used.has(bytesOf(row, 'hash').toString('hex'))) continue
    database.run('DELETE FROM parts WHERE key = ?', integerOf(row, 'key'))
  }
}
