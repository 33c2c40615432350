/**
 * A summary that needs no model: the most telling lines and sentences of a text, in their order. It says less than a model
 * would, and nothing that is not in the text.
 */
import { cutToBytes, gap } from './cut.ts'
import { type Piece, piecesOf } from './pieces.ts'

/** Bytes that a chosen piece may add beside its own: a gap before it with a separator on each side. */
const joinBytes = 5
/** A gap at the end, on a line of its own. */
const endBytes = 4
/** Times that what is left of the room is offered to what did not fit before. */
const roundsMax = 4

/**
 * The most telling lines and sentences of `text`, in at most `bytesMax` bytes of UTF-8. A text that fits comes back
 * unchanged. Order is kept, `…` marks what was left out, no surrogate pair is split, and the same text gives the same
 * summary. Of prose it takes headings, first and last sentences, and what speaks of decisions, failures, paths and next
 * steps; of code and output of tools the first and last lines and those that look like failures. Of a text longer than
 * `limits.extractCharactersMax` only the beginning and the end are read.
 *
 * @example
 * ```ts
 * extractSummary('# Log in\nMuch was said that long day.\nNext: hash passwords in src/users.ts', 60)
 * // '# Log in\n…\nNext: hash passwords in src/users.ts'
 * ```
 */
export function extractSummary(text: string, bytesMax: number): string {
  return extractorOf(text)(bytesMax)
}

/** The same for several sizes of one text, which is weighed once. */
export function extractorOf(text: string): (bytesMax: number) => string {
  let weighed: Weighed | null = null
  return (bytesMax) => {
    const room = Number.isFinite(bytesMax) ? Math.max(0, Math.floor(bytesMax)) : 0
    if (text.length <= room && Buffer.byteLength(text) <= room) return text
    weighed ??= weighedOf(text)
    return extracted(weighed, room)
  }
}

interface Weighed {
  readonly pieces: readonly Piece[]
  /** Indexes of pieces, the most telling first; what was said before is not said again. */
  readonly order: readonly number[]
}

function weighedOf(text: string): Weighed {
  const pieces = piecesOf(text)
  const order = pieces
    .map(({ score }, index) => ({ score, index }))
    .filter(({ score }) => Number.isFinite(score))
    .sort((a, b) => b.score - a.score || a.index - b.index)
    .map(({ index }) => index)
  return { pieces, order }
}

function extracted({ pieces, order }: Weighed, room: number): string {
  const chosen = new Set<number>()
  let summary = ''
  for (let round = 0; round < roundsMax; round++) {
    const before = chosen.size
    let left = room - (round === 0 ? endBytes : Buffer.byteLength(summary))
    for (const index of order) {
      const cost = (pieces[index]?.bytes ?? 0) + joinBytes
      if (cost > left || chosen.has(index)) continue
      chosen.add(index)
      left -= cost
    }
    if (chosen.size === before) break
    summary = joined(pieces, chosen)
  }
  // Not one piece fits as a whole: as much as possible of the best.
  return chosen.size > 0 ? summary : cutToBytes(pieces[order[0] ?? 0]?.text ?? '', room)
}

function joined(pieces: readonly Piece[], chosen: ReadonlySet<number>): string {
  const parts: string[] = []
  let before: Piece | undefined
  let follows = true
  for (const [index, piece] of pieces.entries()) {
    if (piece.afterGap) follows = false
    if (!chosen.has(index)) {
      follows = false
      continue
    }
    parts.push(separator(before, piece, follows), piece.text)
    before = piece
    follows = true
  }
  return `${parts.join('')}${follows ? '' : `\n${gap}`}`
}

function separator(before: Piece | undefined, piece: Piece, follows: boolean): string {
  if (before === undefined) return follows ? '' : `${gap}\n`
  if (before.line === piece.line) return follows ? piece.lead : ` ${gap} `
  return follows ? '\n' : `\n${gap}\n`
}
