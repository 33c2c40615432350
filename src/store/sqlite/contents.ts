/** What lies beside the events: texts by their hash, bookmarks. */
import { assert } from '../../kernel/assert.ts'
import { compress, expand } from '../../kernel/compress.ts'
import { DamagedRecord, WaymarkError } from '../../kernel/errors.ts'
import { sha256 } from '../../kernel/hash.ts'
import { limits } from '../../kernel/limits.ts'
import type { AuditedContent } from '../../log/port.ts'
import { bytesOf, integerOf, textOf } from './columns.ts'
import type { Database } from './database.ts'

export function putContent(database: Database, hash: string, content: Uint8Array): void {
  const key = Buffer.from(hash, 'hex')
  if (database.get('SELECT key FROM contents WHERE hash = ?', key) !== undefined) return
  assert(sha256(content) === hash, 'a content is stored under its own hash')
  if (content.length > limits.contentBytesMax) {
    throw new WaymarkError('LIMIT_REACHED', {
      message: `a text of ${content.length} bytes; one text has at most ${limits.contentBytesMax}`,
      hint: 'store it in parts',
    })
  }
  database.run('INSERT INTO contents (hash, body) VALUES (?, ?)', key, compress(content))
}

/** @throws DamagedRecord when the stored bytes do not have that hash. */
export function findContent(database: Database, hash: string): Uint8Array | null {
  const row = database.get('SELECT body FROM contents WHERE hash = ?', Buffer.from(hash, 'hex'))
  if (row === undefined) return null
  const { bytes, problem } = unpack(bytesOf(row, 'body'), hash)
  if (bytes !== null && problem === null) return bytes
  throw new DamagedRecord({
    message: `content ${hash} is damaged: ${problem}`,
    hint: 'import its source again into a new home, or restore a backup',
    details: { hash, reason: problem },
  })
}

/** Every content with what is wrong with it, one at a time. */
export function* auditContents(database: Database): Generator<AuditedContent, void, undefined> {
  let key = 0
  while (true) {
    const row = database.get('SELECT key, hash, body FROM contents WHERE key > ? ORDER BY key LIMIT 1', key)
    if (row === undefined) return
    const hash = bytesOf(row, 'hash').toString('hex')
    const { problem, isRedacted } = unpack(bytesOf(row, 'body'), hash)
    yield { hash, problem, isRedacted }
    key = integerOf(row, 'key')
  }
}

/** First byte of a body that stands in the place of a text that was taken out; then the hash of what stands there, then that. */
const redactedMark = 2
const redactedHeadBytes = 33

/** The body of a text in the place of one that was taken out. */
export function packRedacted(content: Uint8Array): Uint8Array {
  const hash = Buffer.from(sha256(content), 'hex')
  return Buffer.concat([Uint8Array.of(redactedMark), hash, compress(content)])
}

export interface UnpackedContent {
  readonly bytes: Uint8Array | null
  readonly problem: string | null
  readonly isRedacted: boolean
}

/** What a stored body holds, and what is wrong with it as the text of `hash`. */
export function unpack(body: Uint8Array, hash: string): UnpackedContent {
  const isRedacted = body[0] === redactedMark
  const bytes = expand(isRedacted ? body.subarray(redactedHeadBytes) : body, limits.contentBytesMax)
  if (bytes === null) return { bytes, problem: 'it cannot be decompressed', isRedacted }
  const expected = isRedacted ? Buffer.from(body.subarray(1, redactedHeadBytes)).toString('hex') : hash
  const problem = sha256(bytes) === expected ? null : 'its bytes do not have its hash'
  return { bytes, problem, isRedacted }
}

export function findBookmark(database: Database, key: string): string | null {
  const row = database.get('SELECT value FROM bookmarks WHERE key = ?', key)
  return row === undefined ? null : textOf(row, 'value')
}

export function putBookmark(database: Database, key: string, value: string): void {
  database.run('INSERT OR REPLACE INTO bookmarks VALUES (?, ?)', key, value)
}
