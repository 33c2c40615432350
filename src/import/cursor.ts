/**
 * How far a file has been read: a bookmark of the log, written in the same transaction as the events it led to, so that
 * an import killed anywhere goes on exactly there. Valid only while the file still begins with the bytes that were read.
 */
import type { FileHandle } from 'node:fs/promises'
import { sha256, sha256Of } from '../kernel/hash.ts'
import { limits } from '../kernel/limits.ts'
import { bounds } from './bounds.ts'
import type { Memory } from './translator.ts'
import type { DamagedLine } from './values.ts'

export interface Cursor {
  /** Bytes read; the next line begins here, or goes on here when `openLine`. */
  readonly offset: number
  /** Lines read. */
  readonly lines: number
  /** The last line had no LF yet: what follows belongs to it. */
  readonly openLine: boolean
  /** Hash of an unfinished last line that has been told; reading goes on before it all the same. */
  readonly tail: string | null
  readonly damaged: readonly DamagedLine[]
  readonly damagedCount: number
  readonly refused: number
  readonly memory: Memory
}

/** The shape of stored cursors; those of another version are not used, and the file is read again. */
const cursorVersion = 2

interface StoredCursor {
  readonly version: typeof cursorVersion
  readonly path: string
  readonly fingerprint: string
  readonly cursor: Cursor
  /** Of the cursor: one that is not as it was written is not used. */
  readonly hash: string
}

export function firstCursor(memory: Memory): Cursor {
  return {
    offset: 0,
    lines: 0,
    openLine: false,
    tail: null,
    damaged: [],
    damagedCount: 0,
    refused: 0,
    memory,
  }
}

export function packCursor(path: string, fingerprint: string, cursor: Cursor): string {
  const stored: StoredCursor = {
    version: cursorVersion,
    path,
    fingerprint,
    cursor,
    hash: sha256(JSON.stringify(cursor)),
  }
  return JSON.stringify(stored)
}

/** The stored cursor, when the file is still the one it was written for. */
export async function unpackCursor(
  text: string | null,
  file: FileHandle,
  size: number,
): Promise<Cursor | null> {
  if (text === null) return null
  const value = jsonIn(text)
  if (typeof value !== 'object' || value === null || Reflect.get(value, 'version') !== cursorVersion)
    return null
  // The hash tells whether this is what packCursor wrote.
  const { fingerprint, cursor, hash } = value as StoredCursor
  if (typeof cursor !== 'object' || cursor === null || sha256(JSON.stringify(cursor)) !== hash) return null
  if (cursor.offset > size || (await fingerprintOf(file, cursor.offset)) !== fingerprint) return null
  return cursor
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** A hash of both ends of the first `offset` bytes: a file that was rewritten or replaced has another one. */
export async function fingerprintOf(file: FileHandle, offset: number): Promise<string> {
  const length = Math.min(bounds.fingerprintBytes, offset)
  const first = Buffer.alloc(length)
  const last = Buffer.alloc(length)
  await file.read(first, 0, length, 0)
  await file.read(last, 0, length, offset - length)
  return sha256Of(first, last)
}

/** Adds a damaged line to the list; the pieces of one line are one damage. */
export function withDamage(cursor: Cursor, damage: DamagedLine): Cursor {
  if (cursor.damaged.at(-1)?.line === damage.line) return cursor
  const isListed = cursor.damaged.length < limits.damagedLinesListedMax
  const damaged = isListed ? [...cursor.damaged, damage] : cursor.damaged
  return { ...cursor, damaged, damagedCount: cursor.damagedCount + 1 }
}
