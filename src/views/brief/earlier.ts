/**
 * Prompts and replies before those that the head of a brief quotes. Of prompts the ones that say most are kept where there is
 * little room, in their order; what is missing between them is counted at its place.
 */
import { cutToBytes, gap } from '../cut.ts'
import { timeText } from '../text.ts'
import { bytesOf, type Fit, type Fitted, fitAll, fitBelow, fitQuote, type Part } from './fit.ts'
import { isAnswer, quotedVersions, shortPromptWeight, weightOf } from './quotes.ts'
import { onOneLine } from './readable.ts'
import type { Said, Source } from './source.ts'

/** Bytes that the words of one prompt may take: as many as all that say something have room with. */
const wordBytes = [400, 240, 140, 80] as const
/** Characters of a prompt that are looked at: more than a line takes. */
const lookedAtCharacters = 2_000
/** A prompt that weighs less is `proceed`, or `commit this`. */
const tellingWeight = 16

interface Entry {
  readonly stamp: string
  readonly words: string
  /** 2: says much. 1: says something. 0: an answer, a command of the tool, a word or two. */
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
  const weight = weightOf(words)
  const isCommand = /^\/\S+$/.test(words)
  const isEmpty = isCommand || weight < tellingWeight || (isAnswer(words) && weight < shortPromptWeight)
  const stamp = timeText(time).slice(0, 'YYYY-MM-DD hh:mm'.length)
  return {
    stamp: `- ${stamp}: ${fromPeer ? '(another agent) ' : ''}`,
    words: onOneLine(words.slice(0, lookedAtCharacters)),
    rank: isEmpty ? 0 : weight < shortPromptWeight || fromPeer ? 1 : 2,
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

function fitEntries(entries: readonly Entry[], unknownFirst: number, command: string): Fit {
  const wanted = entries
    .map((_, index) => index)
    .sort((a, b) => rankAt(entries, b) - rankAt(entries, a) || a - b)
  const tellingCount = entries.filter(({ rank }) => rank > 0).length
  const marks = entries.length === 0 ? rendered(entries, new Set(), unknownFirst, 0, command) : ''
  return (bytesMax) => {
    for (const [round, bytes] of wordBytes.entries()) {
      const chosen = new Set<number>()
      let text = bytesOf(marks) <= bytesMax ? marks : ''
      let rankMin = 0
      for (const index of wanted) {
        if (rankAt(entries, index) < rankMin) continue
        chosen.add(index)
        const longer = rendered(entries, chosen, unknownFirst, bytes, command)
        if (bytesOf(longer) <= bytesMax) text = longer
        else {
          chosen.delete(index)
          // `proceed` is not told where what was asked for has no room.
          rankMin = rankAt(entries, index)
        }
      }
      const isEnough = wanted.slice(0, tellingCount).every((index) => chosen.has(index))
      if (isEnough || round === wordBytes.length - 1)
        return fittedOf(text, entries, chosen, unknownFirst, bytes)
    }
    return { text: '', cut: true }
  }
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
