/**
 * Compression of stored texts and snapshots: one codec byte, then the payload.
 * Brotli at quality 3 takes transcripts to about an eighth at more than 200 MB a second; short payloads stay as they are.
 */
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib'

const codecs = { plain: 0, brotli: 1 } as const

/** Below this many bytes a compressed payload is rarely smaller. */
const compressedBytesMin = 64

/** Compresses bytes; `expand` gives them back. */
export function compress(bytes: Uint8Array): Uint8Array {
  if (bytes.length >= compressedBytesMin) {
    const packed = brotli(bytes)
    if (packed.length < bytes.length) return Buffer.concat([Uint8Array.of(codecs.brotli), packed])
  }
  return Buffer.concat([Uint8Array.of(codecs.plain), bytes])
}

/**
 * Gives the bytes back that `compress` took, or `null` when they are damaged or would grow past `bytesMax`.
 */
export function expand(packed: Uint8Array, bytesMax: number): Uint8Array | null {
  const payload = packed.subarray(1)
  if (packed[0] === codecs.plain) return payload.length <= bytesMax ? payload : null
  if (packed[0] !== codecs.brotli) return null
  try {
    return brotliDecompressSync(payload, { maxOutputLength: bytesMax })
  } catch {
    return null
  }
}

/** Brotli alone, without a codec byte: for files that other programs read. */
export function brotli(bytes: Uint8Array): Uint8Array {
  return brotliCompressSync(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 3, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
  })
}

/** The bytes of Brotli alone again; `null` when they are damaged or would grow past `bytesMax`. */
export function unbrotli(packed: Uint8Array, bytesMax: number): Uint8Array | null {
  return expand(Buffer.concat([Uint8Array.of(codecs.brotli), packed]), bytesMax)
}
