/** Takes data out of a file for good: of events, of texts, of bookmarks. What it overwrites is overwritten with zeros too. */
import { limits } from '../../kernel/limits.ts'
import type { ReplacedData, StoredRow } from '../../log/port.ts'
import { redactedRow, replacedHashOf } from '../../log/rows.ts'
import { blockAt } from './blocks.ts'
import { integerOf, textOf } from './columns.ts'
import { packRedacted } from './contents.ts'
import type { Database } from './database.ts'
import { placeOf } from './places.ts'
import { pagesOfRows } from './reading.ts'
import { unseal } from './seal.ts'
import { dropUnusedParts } from './snapshots.ts'
import { pagesOfStreams, type StoredStream } from './streams.ts'

/** Asks about each row that a stream itself holds, and puts the text that comes back in the place of its data. */
export function redactRows(
  database: Database,
  stream: StoredStream,
  replace: (row: StoredRow) => string | null,
): readonly ReplacedData[] {
  eraseFreed(database)
  const replaced: ReplacedData[] = []
  for (const page of pagesOfRows(database, stream, { to: stream.version })) {
    for (const row of page) {
      const data = replace(row)
      if (data === null) continue
      const redacted = redactedRow(stream.sessionId, row, data)
      const block = blockAt(database, stream.key, row.version)
      if (block !== null) unseal(database, stream.sessionId, block)
      database.run(
        'UPDATE events SET data = ?, salt = ?, checksum = ? WHERE place = ?',
        redacted.data,
        redacted.salt,
        redacted.checksum,
        placeOf(stream.key, row.version),
      )
      replaced.push({ version: row.version, dataHash: replacedHashOf(data) })
    }
  }
  const [first] = replaced
  if (first !== undefined) dropSnapshots(database, stream, first.version)
  return replaced
}

/** Drops the snapshots that may hold what an event held: of its stream, and of those that inherit it. */
function dropSnapshots(database: Database, { key }: StoredStream, version: number): void {
  const drop = (owner: number): void => {
    database.run('DELETE FROM snapshots WHERE stream = ? AND version >= ?', owner, version)
    dropUnusedParts(database, owner)
  }
  drop(key)
  for (const page of pagesOfStreams(database)) {
    for (const stream of page) {
      // A lineage that cannot be read may lead here.
      const inherits = stream.lineage?.find(({ to }) => to >= version)?.key === key || stream.lineage === null
      if (inherits) drop(stream.key)
    }
  }
}

/** Keeps a text under the hash of one that is taken out. */
export function redactContent(database: Database, hash: string, content: Uint8Array): void {
  eraseFreed(database)
  database.run(
    'INSERT INTO contents (hash, body) VALUES (?, ?) ON CONFLICT (hash) DO UPDATE SET body = excluded.body',
    Buffer.from(hash, 'hex'),
    packRedacted(content),
  )
}

/** Forgets the bookmarks for which the answer is yes. */
export function forgetBookmarks(database: Database, forget: (key: string, value: string) => boolean): void {
  eraseFreed(database)
  const sql = `SELECT key, value FROM bookmarks WHERE key > ? ORDER BY key LIMIT ${limits.pageEventsMax}`
  let after = ''
  while (true) {
    const page = database.all(sql, after)
    const last = page[page.length - 1]
    if (last === undefined) return
    for (const row of page) {
      const key = textOf(row, 'key')
      if (forget(key, textOf(row, 'value'))) database.run('DELETE FROM bookmarks WHERE key = ?', key)
    }
    after = textOf(last, 'key')
  }
}

/** From here on this connection overwrites what it frees. Copies that earlier changes left are gone when the file is written anew. */
function eraseFreed(database: Database): void {
  const on = integerOf(database.get('PRAGMA secure_delete') ?? {}, 'secure_delete')
  if (on !== 1) database.exec('PRAGMA secure_delete = ON')
}
