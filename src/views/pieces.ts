/** A text as lines and sentences, and how telling each of them is. */
import { limits } from '../kernel/limits.ts'
import { wholeAt } from './cut.ts'

/** Characters of one piece; longer sentences and lines are taken in parts. */
const pieceCharactersMax = 320
/** Characters up to which a line is one piece, however many sentences it has. */
const lineCharactersMax = 160
/** Different words of one piece that are weighed. */
const pieceWordsMax = 60

/** A line or sentence that is taken or left as a whole. */
export interface Piece {
  readonly text: string
  readonly bytes: number
  /** Number of the line it comes from; pieces of one line are joined without a break. */
  readonly line: number
  /** What stood between it and the piece before it on the same line. */
  readonly lead: '' | ' '
  /** Something before it was not read: the text was too long. */
  readonly afterGap: boolean
  readonly score: number
}

type Bare = Omit<Piece, 'score'>

/** The pieces of a text in their order, with their scores. Of a very long text only beginning and end are read. */
export function piecesOf(text: string): readonly Piece[] {
  const { extractCharactersMax } = limits
  if (text.length <= extractCharactersMax) return weighed(linesAsPieces(text, 0))
  const half = extractCharactersMax / 2
  const head = linesAsPieces(text.slice(0, wholeAt(text, half)), 0)
  const tail = linesAsPieces(text.slice(wholeAt(text, text.length - half)), (head.at(-1)?.line ?? 0) + 1)
  return weighed([
    ...head,
    ...tail.map((piece, index) => (index === 0 ? { ...piece, afterGap: true } : piece)),
  ])
}

function linesAsPieces(text: string, firstLine: number): readonly Bare[] {
  const pieces: Bare[] = []
  for (const [number, line] of text.split(/\r\n|\r|\n/).entries()) {
    if (line.trim() === '') continue
    const parts =
      line.length <= lineCharactersMax ? [{ part: line.trimEnd(), lead: '' as const }] : partsOf(line)
    for (const { part, lead } of parts) {
      pieces.push({
        text: part,
        bytes: Buffer.byteLength(part),
        line: firstLine + number,
        lead,
        afterGap: false,
      })
    }
  }
  return pieces
}

/** Sentences of a long line; a sentence that is too long itself comes in parts, cut at a space where there is one. */
function* partsOf(line: string): Generator<{ readonly part: string; readonly lead: '' | ' ' }> {
  for (let start = 0; start < line.length; ) {
    const end = endAfter(line, start)
    const lead = start > 0 && /\s/.test(line.charAt(start)) ? ' ' : ''
    const part = start === 0 ? line.slice(0, end).trimEnd() : line.slice(start, end).trim()
    if (part !== '') yield { part, lead }
    start = end
  }
}

const sentenceEnd = /[.!?](?=\s)|[。！？]/

function endAfter(line: string, start: number): number {
  const farthest = Math.min(line.length, start + pieceCharactersMax)
  // A few characters are no sentence: `e.g. this` is not cut.
  const from = start + 20
  const found = sentenceEnd.exec(line.slice(from, farthest + 1))
  if (found !== null && from + found.index < farthest) return from + found.index + 1
  if (farthest === line.length) return farthest
  const space = line.lastIndexOf(' ', farthest)
  return space > start + pieceCharactersMax / 2 ? space : Math.max(start + 1, wholeAt(line, farthest))
}

/** What a piece may look like, and how much that tells. */
const looks: readonly { readonly pattern: RegExp; readonly score: number }[] = [
  { pattern: /^\s*#{1,6}\s|^\s*\*\*[^*]+\*\*:?\s*$/, score: 2 },
  { pattern: /^\s*(?:[-*+•]|\d{1,3}[.)])\s/, score: 1 },
  { pattern: /\b(?:decid|chose|agreed|because|instead of|root cause)/i, score: 2 },
  { pattern: /\b(?:must|never|always|only|don't|do not|required?|constraint|important)\b/i, score: 2 },
  {
    pattern: /\b(?:next|todo|fixme|pending|remaining|still|not yet|blocked|unfinished|in progress)\b/i,
    score: 2,
  },
  {
    pattern: /\b(?:goal|objective|task|implement|fix(?:ed|es)?|add(?:ed)?|complete[d]?|passed)\b/i,
    score: 1,
  },
  {
    pattern: /오류|실패|해야|다음|결정|금지|错误|失败|必须|下一步|决定|エラー|失敗|必ず|次に|決定/,
    score: 2,
  },
  {
    pattern: /[\w.-]+\/[\w./-]*\w|\b[\w-]+\.(?:ts|js|py|go|rs|md|json|toml|ya?ml|java|c|h|cpp|sh|sql)\b/,
    score: 1,
  },
]

const fence = /^\s*(?:```|~~~)/

const failure =
  /\b(?:errors?|fail(?:ed|ure|s)?|exception|panic|fatal|traceback|cannot|could not|denied|not found|undefined|segfault|timed out|exit code [1-9])\b|✗|✘|❌/i

/** Code, JSON, output of tools: most of the line is not words. */
const notProse =
  /^\s*[{}[\]()<>"'`/*+@$|=;:]|[;{}[(,]\s*$|^\s*(?:\d{4}-\d\d-\d\d|\d+[:\s|→])|[=<>{}[\]();|\\]{2}/

function weighed(pieces: readonly Bare[]): readonly Piece[] {
  const isOutput = pieces.filter(({ text }) => notProse.test(text)).length * 2 > pieces.length
  const rareness = wordRareness(pieces)
  const last = pieces.length - 1
  const seen = new Set<string>()
  let fenced = false
  return pieces.map((piece, index) => {
    const said = piece.text.trim()
    const again = seen.has(said) ? Number.NEGATIVE_INFINITY : 0
    seen.add(said)
    const isFence = fence.test(piece.text)
    // A line of code says nothing without the lines around it, unless it is an error.
    const isCode = isFence || (fenced && !failure.test(piece.text))
    const code = isCode && !isOutput ? Number.NEGATIVE_INFINITY : 0
    if (isFence) fenced = !fenced
    const near = Math.min(index, last - index)
    const edge = isOutput ? Math.max(0, 5 - near) : near === 0 ? 4 : 0
    const afterBreak = index > 0 && piece.line > (pieces[index - 1]?.line ?? 0) + 1 ? 0.5 : 0
    const fails = failure.test(piece.text) ? (isOutput ? 6 : 2) : 0
    const shape = isOutput
      ? 0
      : looks.reduce((sum, { pattern, score }) => sum + (pattern.test(piece.text) ? score : 0), 0)
    return { ...piece, score: again + code + edge + afterBreak + fails + shape + rareness(piece.text) }
  })
}

/**
 * How rich a piece is in words that the text comes back to without being full of them, from 0 to about 3. Where no spaces set
 * words apart, pairs of characters stand for them.
 */
function wordRareness(pieces: readonly Bare[]): (text: string) => number {
  const piecesWith = new Map<string, number>()
  for (const { text } of pieces) {
    for (const word of wordsOf(text)) piecesWith.set(word, (piecesWith.get(word) ?? 0) + 1)
  }
  const many = Math.max(3, pieces.length * 0.15)
  return (text) => {
    const words = wordsOf(text)
    if (words.size === 0) return 0
    let sum = 0
    for (const word of words) {
      const count = piecesWith.get(word) ?? 1
      if (count > 1 && count <= many) sum += Math.min(3, Math.log2(count))
    }
    return Math.min(3, sum / Math.sqrt(words.size))
  }
}

const word = /[\p{L}\p{N}_]{4,40}/gu
const unspaced = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]{2}/gu

function wordsOf(text: string): ReadonlySet<string> {
  const words = new Set<string>()
  for (const pattern of [word, unspaced]) {
    for (const [found] of text.matchAll(pattern)) {
      if (words.size >= pieceWordsMax) return words
      words.add(found.toLowerCase())
    }
  }
  return words
}
