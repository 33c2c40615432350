/** Hashes: SHA-256 for what must not be forged, CRC-32 for what may have rotted. */
import { createHash, hash } from 'node:crypto'
import { crc32 as crc32OfNode } from 'node:zlib'
import { canonicalJson } from './json.ts'

/** SHA-256 of a text (UTF-8) or of bytes, as 64 hexadecimal digits. */
export function sha256(content: string | Uint8Array): string {
  return hash('sha256', content, 'hex')
}

/** Where short texts are put together for hashing: making a buffer for each costs half as much as the hash. */
const scratch = Buffer.alloc(65_536)
const bytesPerCharacterMax = 3

/** SHA-256 of bytes followed by a text. */
export function sha256After(bytes: Uint8Array, text: string): string {
  return hash('sha256', joined(bytes, text), 'hex')
}

/** SHA-256 of texts one after the other, none of which ends within a character. */
export function sha256OfTexts(first: string, second: string, third: string): string {
  const length = first.length + second.length + third.length
  if (length * bytesPerCharacterMax > scratch.length) return sha256(first + second + third)
  let end = scratch.write(first)
  end += scratch.write(second, end)
  end += scratch.write(third, end)
  return hash('sha256', scratch.subarray(0, end), 'hex')
}

/** SHA-1 of bytes followed by a text, for ids that are derived by it. */
export function sha1After(bytes: Uint8Array, text: string): string {
  return hash('sha1', joined(bytes, text), 'hex')
}

/** Good until it is called again. */
function joined(bytes: Uint8Array, text: string): Uint8Array {
  if (bytes.length + text.length * bytesPerCharacterMax > scratch.length) {
    return Buffer.concat([bytes, Buffer.from(text)])
  }
  scratch.set(bytes)
  return scratch.subarray(0, bytes.length + scratch.write(text, bytes.length))
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
