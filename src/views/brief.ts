/**
 * The brief: what an agent needs to go on after a compaction or a crash, as Markdown for a new conversation. It never takes
 * more tokens than it was given; the dearest things are said first and left out last, and what is left out is named.
 */
import type { ReadonlyState } from '../fold/state.ts'
import { WaymarkError } from '../kernel/errors.ts'
import { allot, bytesOf, type Fitted, fitBelow } from './brief/fit.ts'
import { itemSummariesMax } from './brief/past.ts'
import { onOneLine } from './brief/readable.ts'
import {
  type BriefLevel,
  briefLevels,
  type SectionName,
  type SectionSpec,
  sectionSpecs,
} from './brief/sections.ts'
import { type Surroundings, sourceOf } from './brief/source.ts'
import { bytesWithin, type TextMeasure, textMeasureOf, tokensOf } from './text-measure.ts'

export interface BriefOptions {
  /** Tokens it may take at most. 2,000 when left out. */
  readonly tokens?: number
  /** 1: what to do now; 2: and what must be known; 3: and how it came to this. 2 when left out. */
  readonly level?: BriefLevel
}

export interface BriefSection {
  readonly name: SectionName
  readonly text: string
  readonly tokens: number
  /** Part of it is missing for want of room. */
  readonly cut: boolean
}

/** What is missing for want of room, and the command that shows it. */
export interface LeftOut {
  readonly section: SectionName
  /** Nothing of it is there, or not all. */
  readonly what: 'all' | 'part'
  readonly how: string
}

export interface Brief {
  readonly sessionId: string
  readonly version: number
  readonly level: BriefLevel
  /** Tokens of `text` by `measure`. Never above `tokensMax`. */
  readonly tokens: number
  readonly tokensMax: number
  readonly measure: TextMeasure
  readonly sections: readonly BriefSection[]
  readonly text: string
  readonly leftOut: readonly LeftOut[]
}

const standardBriefTokens = 2_000
const standardBriefLevel: BriefLevel = 2

const joint = '\n\n'

/**
 * The brief of a state. `texts` holds what the state points to, by hash (see `textsForBrief`); a text that is not among them is
 * quoted as far as the state knows it, and that is said.
 *
 * @throws WaymarkError `USAGE` when not even the first line fits; `details.tokensMin` says how many tokens it takes. The same when
 * `tokens` is no number of tokens, or `level` none of the levels.
 */
export function brief(
  state: ReadonlyState,
  texts: ReadonlyMap<string, string>,
  options: BriefOptions & Surroundings = {},
): Brief {
  const { tokens: tokensMax = standardBriefTokens, level = standardBriefLevel } = options
  checkOptions(tokensMax, level)
  const measure = textMeasureOf(state)
  const source = sourceOf(state, texts, options)
  const title = `# Brief of ${state.sessionId}, version ${state.version}`
  const roomBytes = bytesWithin(tokensMax, measure) - bytesOf(title)
  if (roomBytes < 0) throw tooFewTokens(tokensMax, tokensOf(title, measure))
  const parts = specsOfLevel(level).flatMap(([name, spec]) => {
    const fit = spec.fit(source)
    if (fit === null) return []
    const { share, firstShare, leastBytes } = spec
    return [{ name, spec, share, firstShare, leastBytes, fit: fitBelow(`## ${spec.title}`, fit) }]
  })
  // How much to keep free for the list of what is left out is not known before; most often it is nothing.
  const wanted = Math.max(leftOutBytesMin, Math.floor(roomBytes * leftOutShare))
  const reserve = Math.min(leftOutBytesMax, wanted, Math.floor(roomBytes / 4))
  const generous = allot(parts, roomBytes, joint.length, reserve)
  const complete = generous.every(({ cut }) => !cut)
  const fitted = complete ? generous : allot(parts, roomBytes, joint.length, reserve, roomBytes - reserve)
  const leftOut = fitted.flatMap(({ text, cut }, index): readonly LeftOut[] => {
    const part = parts[index]
    if (part === undefined || !cut) return []
    return [
      { section: part.name, what: text === '' ? 'all' : 'part', how: part.spec.whole(source.name, source) },
    ]
  })
  const said = fitted.flatMap(({ text }) => (text === '' ? [] : [text]))
  const body = [title, ...said].join(joint)
  const room = bytesWithin(tokensMax, measure) - bytesOf(body) - joint.length
  const ending = leftOutText(leftOut, room)
  const text = ending === '' ? body : `${body}${joint}${ending}`
  return {
    sessionId: state.sessionId,
    version: state.version,
    level,
    tokens: tokensOf(text, measure),
    tokensMax,
    measure,
    sections: sectionsOf(parts, fitted, measure),
    text,
    leftOut,
  }
}

function checkOptions(tokens: number, level: number): void {
  const isLevel = briefLevels.some((known) => known === level)
  if (Number.isFinite(tokens) && tokens >= 0 && isLevel) return
  throw new WaymarkError('USAGE', {
    message: isLevel ? `${tokens} is no number of tokens` : `${level} is no level of a brief`,
    hint: isLevel
      ? `give it some: tokens: ${standardBriefTokens}`
      : `its levels are ${briefLevels.join(', ')}`,
    details: isLevel ? { tokens } : { level },
  })
}

/** Bytes kept free for saying what is left out: at least, at most, and as part of the room. */
const leftOutBytesMin = 100
const leftOutBytesMax = 600
const leftOutShare = 0.1

function specsOfLevel(level: BriefLevel): readonly (readonly [SectionName, SectionSpec])[] {
  return namesInOrder.flatMap((name): readonly (readonly [SectionName, SectionSpec])[] =>
    sectionSpecs[name].level <= level ? [[name, sectionSpecs[name]]] : [],
  )
}

// Object.keys knows no literal types; the table has no other keys.
const namesInOrder = Object.keys(sectionSpecs) as readonly SectionName[]

function sectionsOf(
  parts: readonly { readonly name: SectionName }[],
  fitted: readonly Fitted[],
  measure: TextMeasure,
): readonly BriefSection[] {
  return parts.flatMap(({ name }, index): readonly BriefSection[] => {
    const { text, cut } = fitted[index] ?? { text: '', cut: true }
    return text === '' ? [] : [{ name, text, tokens: tokensOf(text, measure), cut }]
  })
}

/** What is left out, those commands together that are the same; as much of it as fits. */
function leftOutText(leftOut: readonly LeftOut[], bytesMax: number): string {
  const byCommand = new Map<string, string[]>()
  const wholeFirst = leftOut.toSorted((a, b) => (a.what === b.what ? 0 : a.what === 'all' ? -1 : 1))
  for (const { section, what, how } of wholeFirst) {
    const { title } = sectionSpecs[section]
    byCommand.set(how, [...(byCommand.get(how) ?? []), what === 'all' ? title : `rest of ${title}`])
  }
  let text = ''
  for (const [how, names] of byCommand) {
    const line = `- ${how}: ${onOneLine(names.join('; '))}`
    const longer = text === '' ? `## Left out\n${line}` : `${text}\n${line}`
    if (bytesOf(longer) <= bytesMax) text = longer
  }
  return text
}

function tooFewTokens(tokens: number, tokensMin: number): WaymarkError {
  return new WaymarkError('USAGE', {
    message: `a brief of this session takes at least ${tokensMin} tokens, not ${tokens}`,
    hint: `give it more: --tokens ${standardBriefTokens}`,
    details: { tokens, tokensMin },
  })
}

/** Hashes of the texts that a brief reads. */
export function textsForBrief(state: ReadonlyState): readonly string[] {
  const { firstPrompt, prompts, replies, summary } = state.talk
  const pointers = [firstPrompt, summary, ...prompts, ...replies]
  const items = Object.values(state.context.items)
    .filter((item) => item.summary !== null)
    .sort((a, b) => b.addedVersion - a.addedVersion)
    .slice(0, itemSummariesMax)
  return [
    ...new Set([
      ...pointers.flatMap((pointer) => (pointer === null ? [] : [pointer.content.hash])),
      ...items.flatMap((item) => (item.summary === null ? [] : [item.summary.hash])),
    ]),
  ]
}
