/**
 * A summary that needs no model: the most telling lines and sentences of a text, in their order. It says less than a model
 * would, and nothing that is not in the text.
 */
import { limits } from '../kernel/limits.ts'

/** Stands where something was left out. */
const gap = '…'
/** Bytes that a chosen piece may add beside its own: a gap before it with a separator on each side. */
const joinBytes = 5
/** A trailing gap on a line of its own. */
const endBytes = 4
/** Characters of one piece; longer sentences and lines are taken in parts. */
const pieceCharactersMax = 320
/** Different words of one piece that are weighed. */
const pieceWordsMax = 60

/** A line or sentence that is taken or left as a whole. */
interface Piece {
  readonly text: string
  readonly bytes: number
  /** Number of the line it comes from; pieces of one line are joined without a break. */
  readonly line: number
  /** What stood between it and the piece before it on the same line. */
  readonly lead: '' | ' '
  /** A gap comes before it whatever is chosen: the text was too long to be read whole. */
  readonly afterGap: boolean
  score: number
}

/**
 * The most telling lines and sentences of `text`, in at most `bytesMax` bytes of UTF-8. A text that fits comes back
 * unchanged. Order is kept, `…` marks what was left out, no surrogate pair is split, and the same text gives the same
 * summary. Of prose it takes headings, first and last sentences, and what speaks of decisions, failures, paths and next
 * steps; of code and output of tools the first and last lines and those that look like failures. Of a text longer than
 * `limits.extractCharactersMax` only the beginning and the end are read.
 *
 * @example
 * ```ts
 * extractSummary('# Plan\n\nWe talked for long about nothing much.\n\nNext: never log passwords.', 48)
 * // '# Plan\n…\nNext: never log passwords.'
 * ```
 */
export function extractSummary(text: string, bytesMax: number): string {
  const room = Number.isFinite(bytesMax) ? Math.max(0, Math.floor(bytesMax)) : 0
  if (text.length <= room && Buffer.byteLength(text) <= room) return text
  const pieces = piecesOf(text)
  if (pieces.length === 0) return cutToBytes(text, room)
  weigh(pieces)
  const order = pieces.map((_, index) => index).sort((a, b) => scoreAt(pieces, b) - scoreAt(pieces, a) || a - b)
  const chosen = choose(pieces, order, room)
  if (chosen.size > 0) return joined(pieces, chosen)
  // Not one piece fits as a whole: as much as possible of the best.
  return cutToBytes(pieces[order[0] ?? 0]?.text ?? '', room)
}

/**
 * The beginning of a text in at most `bytesMax` bytes of UTF-8, its end marked with `…` where something is missing and there
 * is room for the mark. Cut after a word where one ends near.
 */
export function cutToBytes(text: string, bytesMax: number): string {
  if (text.length <= bytesMax && Buffer.byteLength(text) <= bytesMax) return text
  const markBytes = Buffer.byteLength(gap)
  const hasMark = bytesMax > markBytes
  const end = endWithin(text, hasMark ? bytesMax - markBytes : bytesMax)
  const space = text.lastIndexOf(' ', end)
  const cut = text.slice(0, space > end * 0.7 ? space : end)
  return hasMark ? `${cut.trimEnd()}${gap}` : cut
}

/** The largest index at or below which the text takes at most `bytesMax` bytes, never inside a surrogate pair. */
function endWithin(text: string, bytesMax: number): number {
  let bytes = 0
  let end = 0
  while (end < text.length) {
    const code = text.codePointAt(end) ?? 0
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4
    if (bytes > bytesMax) break
    end += code < 0x10000 ? 1 : 2
  }
  return end
}

function piecesOf(text: string): Piece[] {
  const { extractCharactersMax } = limits
  if (text.length <= extractCharactersMax) return linesAsPieces(text, 0, false)
  const half = extractCharactersMax / 2
  const head = linesAsPieces(text.slice(0, wholeAt(text, half)), 0, false)
  const tail = text.slice(wholeAt(text, text.length - half))
  return [...head, ...linesAsPieces(tail, (head.at(-1)?.line ?? 0) + 1, true)]
}

/** `index`, or one less where it would split a surrogate pair. */
function wholeAt(text: string, index: number): number {
  const before = text.charCodeAt(index - 1)
  return before >= 0xd800 && before <= 0xdbff ? index - 1 : index
}

function linesAsPieces(text: string, firstLine: number, afterGap: boolean): Piece[] {
  const pieces: Piece[] = []
  const lines = text.split(/\r\n|\r|\n/)
  for (const [number, line] of lines.entries()) {
    if (line.trim() === '') continue
    for (const { part, lead } of line.length <= pieceCharactersMax / 2 ? [{ part: line.trimEnd(), lead: '' as const }] : partsOf(line)) {
      const startsLate = afterGap && pieces.length === 0
      pieces.push({ text: part, bytes: Buffer.byteLength(part), line: firstLine + number, lead, afterGap: startsLate, score: 0 })
    }
  }
  return pieces
}

const sentenceEnd = /[.!?](?=\s)|[。！？]/g

/** Sentences of a long line; a sentence that is too long itself comes in parts, cut at a space where there is one. */
function* partsOf(line: string): Generator<{ readonly part: string; readonly lead: '' | ' ' }> {
  let start = 0
  while (start < line.length) {
    const lead = start > 0 && /\s/.test(line.charAt(start)) ? (' ' as const) : ('' as const)
    const end = sentenceEndAfter(line, start)
    const part = start === 0 ? line.slice(start, end).trimEnd() : line.slice(start, end).trim()
    if (part !== '') yield { part, lead }
    start = end
  }
}

function sentenceEndAfter(line: string, start: number): number {
  const farthest = Math.min(line.length, start + pieceCharactersMax)
  sentenceEnd.lastIndex = start + 20
  const found = sentenceEnd.exec(line.slice(0, farthest + 1))
  if (found !== null && found.index < farthest) return found.index + found[0].length
  if (farthest === line.length) return farthest
  const space = line.lastIndexOf(' ', farthest)
  return space > start + pieceCharactersMax / 2 ? space : Math.max(start + 1, wholeAt(line, farthest))
}
