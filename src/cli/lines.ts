/** The lines of a stream, each bounded: however long a line is, no more than its bound is held. */
import type { Readable } from 'node:stream'

export interface InputLine {
  /** Counted from 1. */
  readonly number: number
  /** The line without its end; `null` for one that is longer than the bound. */
  readonly bytes: Uint8Array | null
}

const lineFeed = 0x0a

/**
 * Gives lines as soon as their ends have come, together what has come together; a last one without an end comes when
 * the stream ends.
 */
export async function* linesOf(
  stream: Readable,
  lineBytesMax: number,
): AsyncGenerator<readonly InputLine[], void, undefined> {
  let parts: Uint8Array[] = []
  let heldBytes = 0
  let number = 1
  const take = (): InputLine => {
    const line = { number, bytes: heldBytes > lineBytesMax ? null : Buffer.concat(parts) }
    parts = []
    heldBytes = 0
    number += 1
    return line
  }
  for await (const chunk of stream) {
    const lines: InputLine[] = []
    const bytes: Uint8Array = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
    for (let start = 0; start < bytes.length; ) {
      const feed = bytes.indexOf(lineFeed, start)
      const end = feed < 0 ? bytes.length : feed
      heldBytes += end - start
      if (heldBytes <= lineBytesMax) parts.push(bytes.subarray(start, end))
      else parts = []
      if (feed >= 0) lines.push(take())
      start = end + 1
    }
    if (lines.length > 0) yield lines
  }
  if (heldBytes > 0) yield [take()]
}
