/** Hashes: SHA-256 for what must not be forged, CRC-32 for what may have rotted. */
import { createHash, hash } from 'node:crypto'
import { crc32 as crc32OfNode } from 'node:zlib'
import { canonicalJson } from './json.ts'

/** SHA-256 of a text (UTF-8) or of bytes, as 64 hexadecimal digits. */
export function sha256(content: string | Uint8Array): string {
  return hash('sha256', content, 'hex')
}

/** 52 bits of the SHA-256 of a text, as an integer: for finding things again that are told apart by something else. */
export function hashNumber(text: string): number {
  return Number.parseInt(sha256(text).slice(0, 13), 16)
}

/** SHA-256 over the parts one after the other. */
export function sha256Of(...parts: readonly (string | Uint8Array)[]): string {
  const running = createHash('sha256')
  for (const part of parts) running.update(part)
  return running.digest('hex')
}

/** SHA-256 of a value's canonical JSON: equal values have equal hashes, in whatever order their keys stand. */
export function hashOf(value: unknown): string {
  return sha256(canonicalJson(value))
}

/** CRC-32 of a text or bytes, going on from `previous`. */
export function crc32(content: string | Uint8Array, previous = 0): number {
  return crc32OfNode(content, previous)
}

/** SHA-256 of parts that come one after the other. */
export class RunningHash {
  readonly #hash = createHash('sha256')

  add(part: string | Uint8Array): void {
    this.#hash.update(part)
  }

  /** Of all parts so far. */
  digest(): string {
    return this.#hash.copy().digest('hex')
  }
}
