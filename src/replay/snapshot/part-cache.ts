/** Parts that were unpacked lately, by their hash: going to another version of a session reads only what is not at hand. */
import { expand } from '../../kernel/compress.ts'
import { sha256 } from '../../kernel/hash.ts'
import { limits } from '../../kernel/limits.ts'
import type { SnapshotPart } from '../../log/port.ts'
import { isObject } from './parts.ts'
import { deeplyFrozen } from './shared.ts'

interface CachedPart {
  readonly value: object
  readonly bytes: number
}

/** Oldest use first. */
const cached = new Map<string, CachedPart>()
let cachedBytes = 0

/** A part's value, frozen; `null` when its bytes are missing or damaged. */
export function readPart(part: SnapshotPart): object | null {
  const known = cached.get(part.hash)
  if (known === undefined) return readStoredPart(part)
  cached.delete(part.hash)
  cached.set(part.hash, known)
  return known.value
}

/** The same, read from the store even if it is at hand: for those who look whether what is stored is sound. */
export function readStoredPart(part: SnapshotPart): object | null {
  const packed = part.body()
  const bytes = packed === null ? null : expand(packed, limits.stateBytesMax)
  if (bytes === null || sha256(bytes) !== part.hash) return null
  // The hash has just shown that these are the bytes that were cut.
  const value: unknown = JSON.parse(textOf(bytes))
  if (!isObject(value)) return null
  keep(part.hash, { value: deeplyFrozen(value), bytes: bytes.length })
  return value
}

/** Without a copy of the bytes. */
function textOf({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('utf8')
}

function keep(hash: string, part: CachedPart): void {
  if (cached.has(hash)) return
  cached.set(hash, part)
  cachedBytes += part.bytes
  for (const [oldest, { bytes }] of cached) {
    if (cachedBytes <= limits.partsCachedBytesMax) return
    cached.delete(oldest)
    cachedBytes -= bytes
  }
}

/** Lets go of all of them: for whoever measures what else is held. */
export function forgetParts(): void {
  cached.clear()
  cachedBytes = 0
}
