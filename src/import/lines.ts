/**
 * A file as batches of lines, read forward in pieces: whatever the file's size, only a batch is held.
 * Lines end at LF; a last one without it is a line too, and marked, because it may be half of one being written.
 */
import type { FileHandle } from 'node:fs/promises'
import { bounds, type LineLimits, standardLineLimits } from './bounds.ts'

export interface Line {
  /** Counted from 1. */
  readonly number: number
  /** What stands before the LF; of a line that is too long, its beginning. */
  readonly bytes: Uint8Array
  /** Bytes of the whole line with its LF. */
  readonly size: number
  readonly terminated: boolean
  readonly tooLong: boolean
}

export interface LineBatch {
  readonly lines: readonly Line[]
  /** Nothing of the range is left after this batch. */
  readonly last: boolean
}

export interface LineRange {
  /** Byte to begin at: the beginning of the line `firstLine`, or the middle of it after an unterminated one. */
  readonly from: number
  /** Byte to end before. */
  readonly to: number
  readonly firstLine: number
}

const pieceBytes = 262_144
const lineFeed = 0x0a

/**
 * Reads the lines of a range. The last batch is marked, and may be empty: a file that has become shorter meanwhile
 * ends early.
 */
export async function* readLines(
  file: FileHandle,
  range: LineRange,
  lineLimits: LineLimits = standardLineLimits,
): AsyncGenerator<LineBatch, void, undefined> {
  const collector = new LineCollector(range.firstLine, lineLimits)
  const piece = Buffer.allocUnsafe(pieceBytes)
  let at = range.from
  while (at < range.to) {
    const { bytesRead } = await file.read(piece, 0, Math.min(pieceBytes, range.to - at), at)
    if (bytesRead === 0) break
    at += bytesRead
    for (let start = 0; start < bytesRead; ) {
      const feed = piece.indexOf(lineFeed, start)
      const end = feed < 0 || feed >= bytesRead ? bytesRead : feed + 1
      collector.add(piece.subarray(start, end), end > feed && feed >= 0)
      start = end
      if (collector.isFull && (start < bytesRead || at < range.to))
        yield { lines: collector.take(), last: false }
    }
  }
  collector.finish()
  yield { lines: collector.take(), last: true }
}

/** Puts pieces together to lines and lines to batches. */
class LineCollector {
  #number: number
  readonly #limits: LineLimits
  #parts: Uint8Array[] = []
  #partBytes = 0
  #size = 0
  #lines: Line[] = []
  #batchBytes = 0

  constructor(firstLine: number, lineLimits: LineLimits) {
    this.#number = firstLine
    this.#limits = lineLimits
  }

  get isFull(): boolean {
    return this.#lines.length >= this.#limits.batchLinesMax || this.#batchBytes >= this.#limits.batchBytesMax
  }

  add(piece: Uint8Array, terminated: boolean): void {
    const content = terminated ? piece.subarray(0, piece.length - 1) : piece
    this.#size += piece.length
    if (this.#partBytes + content.length <= this.#limits.lineBytesMax) {
      this.#parts.push(Buffer.from(content))
      this.#partBytes += content.length
    } else if (this.#partBytes <= this.#limits.lineBytesMax) {
      const head = Buffer.concat([...this.#parts, content]).subarray(0, bounds.longLineHeadBytes)
      this.#parts = [Buffer.from(head)]
      this.#partBytes = Number.POSITIVE_INFINITY
    }
    if (terminated) this.#end(true)
  }

  finish(): void {
    if (this.#size > 0) this.#end(false)
  }

  take(): readonly Line[] {
    const lines = this.#lines
    this.#lines = []
    this.#batchBytes = 0
    return lines
  }

  #end(terminated: boolean): void {
    const tooLong = this.#partBytes === Number.POSITIVE_INFINITY
    const [only, ...more] = this.#parts
    const bytes = only !== undefined && more.length === 0 ? only : Buffer.concat(this.#parts)
    this.#lines.push({ number: this.#number, bytes, size: this.#size, terminated, tooLong })
    this.#batchBytes += bytes.length
    this.#number += 1
    this.#parts = []
    this.#partBytes = 0
    this.#size = 0
  }
}
