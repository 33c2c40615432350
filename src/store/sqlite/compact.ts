/**
 * Makes the file smaller: snapshots that the caller has no use for, then the write-ahead log, then pages that hold nothing. Each
 * step is whole or not at all by itself, so one that is killed between or inside them leaves a sound file.
 */
import { statSync } from 'node:fs'
import { limits } from '../../kernel/limits.ts'
import type { Compaction, CompactOptions } from '../../log/port.ts'
import { integerOf, textOf, textOrNullOf } from './columns.ts'
import type { Database } from './database.ts'
import { busy, damagedFile } from './faults.ts'
import { dropUnusedParts } from './snapshots.ts'

/** Copying the file pays when at least this share of it holds nothing, and at least so many bytes. */
const worthCopying = { share: 0.2, bytes: 1_048_576 } as const

export async function compactFile(database: Database, options: CompactOptions): Promise<Compaction> {
  const bytesBefore = bytesOf(database)
  const snapshotsDropped = await dropSnapshots(database, options)
  // What it learns of the tables is small, and kept in the file: a reader that opens it later plans its queries with it.
  await database.whenFree(() => database.exec('PRAGMA optimize'))
  await emptyJournal(database)
  const { bytesFree, bytesUsed } = pagesOf(database)
  const total = bytesFree + bytesUsed
  const pays = bytesFree >= worthCopying.bytes && bytesFree >= total * worthCopying.share
  if (options.scrub === true || (pays && bytesUsed <= limits.compactedBytesMax)) {
    requireSound(database)
    await database.whenFree(() => database.exec('VACUUM'))
    await emptyJournal(database)
  }
  const { bytesFree: bytesFreeAfter } = pagesOf(database)
  return { bytesBefore, bytesAfter: bytesOf(database), bytesFree: bytesFreeAfter, snapshotsDropped }
}

/** A copy holds what SQLite can reach. Where it finds a fault, the rest stays where somebody may still get it out. */
function requireSound(database: Database): void {
  const found = textOf(database.get('PRAGMA integrity_check(1)') ?? {}, 'integrity_check')
  if (found !== 'ok') throw damagedFile(database.path, new Error(found))
}

/** Asks about all snapshots, and drops those named, in transactions of a page each: others get a turn between them. */
async function dropSnapshots(database: Database, { dropSnapshot }: CompactOptions): Promise<number> {
  let dropped = 0
  let after: readonly [number, number] = [0, -1]
  while (true) {
    const page = await database.writing(() => {
      const rows = database.all(pageSql, ...after)
      let droppedHere = 0
      const fewer = new Set<number>()
      for (const row of rows) {
        const version = integerOf(row, 'version')
        const snapshot = {
          sessionId: textOf(row, 'session_id'),
          version,
          kind: textOf(row, 'kind') === 'checkpoint' ? 'checkpoint' : 'keyframe',
          checkpointId: textOrNullOf(row, 'checkpoint_id'),
        } as const
        if (!dropSnapshot(snapshot)) continue
        const stream = integerOf(row, 'stream')
        database.run('DELETE FROM snapshots WHERE stream = ? AND version = ?', stream, version)
        fewer.add(stream)
        droppedHere += 1
      }
      for (const stream of fewer) dropUnusedParts(database, stream)
      return { last: rows[rows.length - 1], droppedHere }
    })
    dropped += page.droppedHere
    if (page.last === undefined) return dropped
    after = [integerOf(page.last, 'stream'), integerOf(page.last, 'version')]
  }
}

const pageSql = `SELECT stream, s.session_id, p.version, kind, checkpoint_id FROM snapshots p JOIN streams s ON s.key = p.stream
  WHERE (p.stream, p.version) > (?, ?) ORDER BY p.stream, p.version LIMIT ${limits.pageEventsMax}`

/** Brings everything from the write-ahead log into the file, and makes the log empty. */
async function emptyJournal(database: Database): Promise<void> {
  await database.whenFree(() => {
    const result = database.get('PRAGMA wal_checkpoint(TRUNCATE)')
    // It does what it can while others read or write, and says so instead of failing.
    if (result?.busy !== 0) throw busy(database.path)
  })
}

function pagesOf(database: Database): { readonly bytesFree: number; readonly bytesUsed: number } {
  const figure = (name: 'page_size' | 'page_count' | 'freelist_count'): number =>
    integerOf(database.get(`PRAGMA ${name}`) ?? {}, name)
  const pageBytes = figure('page_size')
  const free = figure('freelist_count')
  return { bytesFree: free * pageBytes, bytesUsed: (figure('page_count') - free) * pageBytes }
}

/** Bytes on disk of the file and what is written beside it. */
function bytesOf({ path }: Database): number {
  return [path, `${path}-wal`].reduce(
    (sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0),
    0,
  )
}
