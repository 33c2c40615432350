/** Fits what is to be said into a number of bytes: as much of it as there is room for, the first things first. */
import { cutToBytes, gap } from '../cut.ts'
import { extractorOf } from '../extract.ts'
import { onOneLine, readable } from './readable.ts'

export interface Fitted {
  /** Empty when nothing fits. */
  readonly text: string
  /** Something of it is missing. */
  readonly cut: boolean
}

/** Says as much as fits into so many bytes of UTF-8, and never more. */
export type Fit = (bytesMax: number) => Fitted

export interface Part {
  /** Part of the room that it may take before all others have had theirs. */
  readonly share: number
  /** Part of the room up to which it grows before any other grows. */
  readonly firstShare?: number | undefined
  /** Bytes that it may take at first, however small its share is; else those of all parts. */
  readonly leastBytes?: number | undefined
  readonly fit: Fit
}

const nothing: Fitted = { text: '', cut: true }

/** Bytes that a part may take at first, however small its share is: a heading and a line. */
const floorBytes = 120
/**
 * Part of the room that a part may take in each round: its share, then the dearest what they need, then more for all, at last
 * whatever is left.
 */
const rounds: readonly ((part: Part) => number)[] = [
  ({ share }) => share,
  ({ firstShare = 0 }) => firstShare,
  ({ share }) => share * 2.5,
  ({ share }) => share * 5,
  () => Number.POSITIVE_INFINITY,
]

export function bytesOf(text: string): number {
  return Buffer.byteLength(text)
}

/**
 * Divides the room among parts, earlier ones first: everyone its share, then what is left to those that have more to say.
 * `reserveBytes` are kept free in the first round. Whether a part is said at all is settled there, by the parts before it alone.
 */
export function allot(
  parts: readonly Part[],
  roomBytes: number,
  joinBytes: number,
  reserveBytes = 0,
  growBytes = roomBytes,
  leastBytes = floorBytes,
): readonly Fitted[] {
  const fitted: Fitted[] = parts.map(() => nothing)
  let left = roomBytes - reserveBytes
  for (const [round, shareOf] of rounds.entries()) {
    for (const [index, part] of parts.entries()) {
      const before = fitted[index] ?? nothing
      if (!before.cut || (round > 0 && before.text === '')) continue
      const taken = before.text === '' ? 0 : bytesOf(before.text) + joinBytes
      const wish = Math.max(part.leastBytes ?? leastBytes, shareOf(part) * roomBytes)
      const now = part.fit(Math.floor(Math.min(wish, left + taken)) - joinBytes)
      if (now.text === '' || bytesOf(now.text) + joinBytes < taken) continue
      fitted[index] = now
      left -= bytesOf(now.text) + joinBytes - taken
    }
    if (round === 0) left += reserveBytes - (roomBytes - growBytes)
  }
  return fitted
}

/** Parts one after the other. */
export function fitAll(parts: readonly Part[], leastBytes = floorBytes): Fit {
  return (bytesMax) => {
    const said = allot(parts, bytesMax + 1, 1, 0, bytesMax + 1, leastBytes)
    return {
      text: said.flatMap(({ text }) => (text === '' ? [] : [text])).join('\n'),
      cut: said.some(({ cut }) => cut),
    }
  }
}

/** What is said under a heading; the heading alone is not worth its bytes. */
export function fitBelow(heading: string, inner: Fit): Fit {
  const line = onOneLine(heading)
  const headingBytes = bytesOf(line) + 1
  return (bytesMax) => {
    const below = inner(bytesMax - headingBytes)
    return below.text === '' ? nothing : { text: `${line}\n${below.text}`, cut: below.cut }
  }
}

/** Bytes of one line of a list; what is longer is cut at a word. */
const lineBytesMax = 400
/** Of a line that does not fit, fewer bytes than this say nothing. */
const lineBytesMin = 48
/** The same for a quotation. */
const quoteBytesMin = 24

/**
 * Lines of a list, from the first on and without leaving one out; how many more there are is said, and how to get them.
 */
export function fitLines(all: readonly string[], more: (count: number) => string): Fit {
  const lines = all.map((line) => cutToBytes(onOneLine(line), lineBytesMax))
  const sizes = lines.map((line) => bytesOf(line) + 1)
  const shortened = lines.some((line, index) => line !== onOneLine(all[index] ?? ''))
  return (bytesMax) => {
    let left = bytesMax + 1
    let count = 0
    while (count < lines.length && (sizes[count] ?? 0) <= left) left -= sizes[count++] ?? 0
    if (count === lines.length) return { text: lines.join('\n'), cut: shortened }
    const said = (shown: number): string => `- ${gap} ${more(lines.length - shown)}`
    while (count > 0 && bytesOf(said(count)) + 1 > left) left += sizes[--count] ?? 0
    if (count > 0) return { text: [...lines.slice(0, count), said(count)].join('\n'), cut: true }
    const room = bytesMax - bytesOf(said(1)) - 1
    if (lines.length === 1)
      return bytesMax < lineBytesMin ? nothing : { text: cutToBytes(lines[0] ?? '', bytesMax), cut: true }
    if (room >= lineBytesMin) return { text: `${cutToBytes(lines[0] ?? '', room)}\n${said(1)}`, cut: true }
    return nothing
  }
}

/** Lines with those that follow their like told once, and how often: `- Bash: make (denied) × 37`. */
export function collapsed(lines: readonly string[]): readonly string[] {
  const runs: { readonly line: string; count: number }[] = []
  for (const line of lines) {
    const last = runs.at(-1)
    if (last?.line === line) last.count += 1
    else runs.push({ line, count: 1 })
  }
  return runs.map(({ line, count }) => (count === 1 ? line : `${line} × ${count}`))
}

/** Somebody's words, set apart from the brief's own as a quotation; the most telling of them where they do not fit. */
export function fitQuote(text: string): Fit {
  const words = withoutBlankRuns(text)
  const extract = extractorOf(words)
  return (bytesMax) => {
    if (bytesMax < quoteBytesMin) return nothing
    let room = bytesMax
    for (let attempt = 0; attempt < attemptsMax && room > 0; attempt++) {
      const telling = extract(room)
      // Where no sentence fits well, how it begins says more.
      const said = bytesOf(telling) * 2 < room ? cutToBytes(words, room) : telling
      const quoted = quote(said)
      const over = bytesOf(quoted) - bytesMax
      if (over <= 0 && said.trim() !== '') return { text: quoted, cut: said !== words }
      room -= Math.max(over, 1)
    }
    return nothing
  }
}

/** Somebody's words from the first on: for those of which the beginning says most. */
export function fitBeginning(text: string): Fit {
  const words = withoutBlankRuns(text)
  return (bytesMax) => {
    const roomBytes = bytesMax - bytesOf(quote(words)) + bytesOf(words)
    const said = roomBytes < quoteBytesMin ? '' : cutToBytes(words, roomBytes)
    return said === '' ? nothing : { text: quote(said), cut: said !== words }
  }
}

/** Times that a quotation is made shorter until its marks fit too. */
const attemptsMax = 40

function quote(text: string): string {
  return text
    .split('\n')
    .map((line) => (line.trim() === '' ? '>' : `> ${line.trimEnd()}`))
    .join('\n')
}

/** No empty lines: every line costs. */
function withoutBlankRuns(text: string): string {
  return readable(text)
    .split('\n')
    .filter((line) => line.trim() !== '')
    .join('\n')
}
