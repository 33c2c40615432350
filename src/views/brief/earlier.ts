/**
 * Prompts and replies before those that the head of a brief quotes. Of prompts the ones that say most are kept where there is
 * little room, in their order; what is missing between them is counted at its place.
 */
import { cutToBytes, gap } from '../cut.ts'
import { timeText } from '../text.ts'
import { bytesOf, type Fit, type Fitted, fitAll, fitBelow, fitQuote, type Part } from './fit.ts'
import { quotedVersions, rankOf } from './quotes.ts'
import { onOneLine } from './readable.ts'
import type { Said, Source } from './source.ts'

/** Bytes that the words of one prompt may take: as many as all that say something have room with. */
const wordBytes = [400, 240, 140, 80] as const
/** Characters of a prompt that are looked at: more than a line takes. */
const lookedAtCharacters = 2_000

interface Entry {
  readonly stamp: string
  readonly words: string
  /** How much it says. */
  readonly rank: 0 | 1 | 2
  /** Prompts older than this one and newer than the next that the brief does not know. */
  readonly unknownAfter: number
}

/** Prompts before the last one, the newest first; those that are quoted at the head are not among them. */
export function earlierFit(source: Source): Fit | null {
  const quoted = quotedVersions(source)
  const { firstPrompt, prompts, state } = source
  const kept = state.talk.prompts
  const oldest = kept[0]?.version ?? 0
  const isFirstApart = state.talk.firstPrompt !== null && state.talk.firstPrompt.version < oldest
  const unknown = Math.max(0, state.turns.prompts - kept.length - (isFirstApart ? 1 : 0))
  const known = prompts.toReversed().filter(({ version }) => !quoted.has(version))
  const first = isFirstApart && firstPrompt !== null && !quoted.has(firstPrompt.version) ? [firstPrompt] : []
  const all = [...known, ...first]
  if (all.length === 0 && unknown === 0) return null
  const entries = all.map((said, index) => entryOf(said, index === known.length - 1 ? unknown : 0))
  const unknownFirst = known.length === 0 ? unknown : 0
  return fitEntries(withoutRepeats(entries), unknownFirst, `waymark log ${source.name} --type prompt`)
}

function entryOf({ time, words, fromPeer }: Said, unknownAfter: number): Entry {
  const stamp = timeText(time).slice(0, 'YYYY-MM-DD hh:mm'.length)
  return {
    stamp: `- ${stamp}: ${fromPeer ? '(another agent) ' : ''}`,
    words: onOneLine(words.slice(0, lookedAtCharacters)),
    // Another agent's message may be long and say little of what is wanted.
    rank: fromPeer ? 1 : rankOf(words),
    unknownAfter,
  }
}

/** The same words twice running are told once. */
function withoutRepeats(entries: readonly Entry[]): readonly Entry[] {
  return entries.filter(({ words }, index) => {
    const before = entries[index - 1]
    return before?.words !== words || before.unknownAfter > 0
  })
}

/**
 * All prompts where they fit; else those that say something, the ones that say most first, and the others counted: `proceed` is
 * not told where what was asked for has no room.
 */
function fitEntries(entries: readonly Entry[], unknownFirst: number, command: string): Fit {
  const all = entries.map((_, index) => index)
  const telling = all
    .filter((index) => rankAt(entries, index) > 0)
    .sort((a, b) => rankAt(entries, b) - rankAt(entries, a) || a - b)
  return (bytesMax) => {
    for (const [round, bytes] of wordBytes.entries()) {
      const render = (chosen: ReadonlySet<number>): string =>
        rendered(entries, chosen, unknownFirst, bytes, command)
      const isLast = round === wordBytes.length - 1
      const chosen =
        bytesOf(render(new Set(all))) <= bytesMax ? new Set(all) : choose(telling, bytesMax, render)
      if (chosen.size < telling.length && !isLast) continue
      const text = render(chosen)
      if (bytesOf(text) > bytesMax || (chosen.size === 0 && telling.length > 0)) break
      return fittedOf(text, entries, chosen, unknownFirst, bytes)
    }
    return { text: '', cut: true }
  }
}

/** As many as fit, from the first on; one of a rank is not taken where one of a higher rank had no room. */
function choose(
  wanted: readonly number[],
  bytesMax: number,
  render: (chosen: ReadonlySet<number>) => string,
): ReadonlySet<number> {
  const chosen = new Set<number>()
  for (const index of wanted) {
    chosen.add(index)
    if (bytesOf(render(chosen)) <= bytesMax) continue
    chosen.delete(index)
    break
  }
  return chosen
}

function rankAt(entries: readonly Entry[], index: number): number {
  return entries[index]?.rank ?? 0
}

function fittedOf(
  text: string,
  entries: readonly Entry[],
  chosen: ReadonlySet<number>,
  unknownFirst: number,
  bytes: number,
): Fitted {
  const isWhole =
    unknownFirst === 0 &&
    entries.every(
      ({ words, unknownAfter }, index) => chosen.has(index) && unknownAfter === 0 && bytesOf(words) <= bytes,
    )
  return { text, cut: !isWhole }
}

/** The chosen prompts, and marks that count what is missing; the last mark says how to see it. */
function rendered(
  entries: readonly Entry[],
  chosen: ReadonlySet<number>,
  unknownFirst: number,
  bytes: number,
  command: string,
): string {
  const lines: string[] = []
  let missing = unknownFirst
  let lastMark = -1
  const mark = (words: string): void => {
    if (missing > 0) lastMark = lines.push(`- ${gap} ${missing} ${words}`) - 1
    missing = 0
  }
  for (const [index, { stamp, words, unknownAfter }] of entries.entries()) {
    if (chosen.has(index)) {
      mark('between')
      lines.push(`${stamp}${cutToBytes(words, bytes)}`)
    } else missing += 1
    missing += unknownAfter
  }
  mark('more')
  if (lastMark >= 0) lines[lastMark] = `${lines[lastMark]}: ${command}`
  return lines.join('\n')
}

/** Replies before the last one that are not quoted yet, the most telling sentences of each. */
export function earlierRepliesFit(source: Source): Fit | null {
  const quoted = quotedVersions(source)
  const earlier = source.replies.filter(({ version }) => !quoted.has(version)).reverse()
  if (earlier.length === 0) return null
  return fitAll(
    earlier.map(
      ({ time, words }): Part => ({
        share: 1 / earlier.length,
        fit: fitBelow(`${timeText(time)}:`, fitQuote(words)),
      }),
    ),
  )
}
