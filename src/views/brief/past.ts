/** How it came to this: what a compaction left, what was said before, what happened. */
import { type ReadonlyState, taskOf } from '../../fold/state.ts'
import { type SummaryPart, type SummaryRole, summaryParts } from '../compaction-summary.ts'
import { spokenWords } from '../spoken.ts'
import { countOf, timeText } from '../text.ts'
import { type Fit, fitAll, fitBelow, fitLines, fitQuote, type Part } from './fit.ts'
import { onOneLine } from './readable.ts'
import { type Said, type Source, shortName, summaryIsNewest } from './source.ts'
import { openLines } from './tasks.ts'

type Shares = Readonly<Partial<Record<SummaryRole, number>>>

/**
 * What of a summary is worth how much room, the most wanted first. Intent and constraints are said elsewhere in a brief, and so
 * is the next step.
 */
const sharesOfNewest: Shares = {
  pending: 0.2,
  current: 0.25,
  errors: 0.12,
  decisions: 0.12,
  messages: 0.1,
  files: 0.12,
  concepts: 0.05,
  other: 1,
}

/** Where work went on after the summary, what it says of the present is past: what it learned comes first. */
const sharesOfOlder: Shares = {
  pending: 0.15,
  decisions: 0.2,
  errors: 0.2,
  messages: 0.15,
  concepts: 0.1,
  files: 0.15,
  current: 0.1,
  other: 1,
}

export function summaryFit(source: Source): Fit | null {
  const { summary, state } = source
  if (summary === null) return null
  const isNewest = summaryIsNewest(source)
  const after = countOf(state.version - summary.version, 'event')
  const age = isNewest
    ? `Made at version ${summary.version}; nothing was said since.`
    : `Made at version ${summary.version}, ${after} ago: the last prompt and reply are newer.`
  const parts = withoutPrompts(summary.parts, source)
  return parts.length === 0 ? null : fitBelow(age, fitParts(parts, isNewest ? sharesOfNewest : sharesOfOlder))
}

/** The parts without the prompts that the brief quotes by itself. */
function withoutPrompts(parts: readonly SummaryPart[], source: Source): readonly SummaryPart[] {
  const { prompts, firstPrompt } = source
  const known = new Set([...prompts, ...(firstPrompt === null ? [] : [firstPrompt])].map(lineOf))
  return parts.flatMap((part) => {
    if (part.role !== 'messages') return [part]
    const kept = part.text.split('\n').filter((line) => !known.has(line.trim()))
    return kept.every((line) => line.trim() === '') ? [] : [{ ...part, text: kept.join('\n') }]
  })
}

function lineOf({ words }: Said): string {
  return `- ${onOneLine(words)}`
}

function fitParts(parts: readonly SummaryPart[], shares: Shares): Fit {
  const ranked = Object.keys(shares)
  const rank = ({ role }: SummaryPart): number => ranked.indexOf(role)
  const wanted = parts.filter((part) => rank(part) !== -1)
  return fitAll(
    (wanted.length === 0 ? parts : wanted)
      .toSorted((a, b) => rank(a) - rank(b))
      .map(
        ({ role, title, text }): Part => ({
          share: shares[role] ?? 1,
          fit: title === '' ? fitQuote(text) : fitBelow(`${title}:`, fitQuote(text)),
        }),
      ),
    partBytesMin,
  )
}

/** Fewer bytes of a part are scraps: then it is better left out for the sake of others. */
const partBytesMin = 260

/**
 * The session that this one continues, where this one has no summary of its own: how that ended, what it left open, and what of
 * it is not here.
 */
export function beforeFit(source: Source): Fit | null {
  const { predecessor, textOf, summary } = source
  if (predecessor === null || summary !== null) return null
  const { state, sessionId } = predecessor
  const { title, talk } = state
  const command = `waymark brief ${shortName(sessionId)}`
  const prompt = talk.prompts.map(({ content }) => spokenWords(textOf(content))).findLast(Boolean)
  const reply = talk.replies.at(-1)
  const open = openLines(predecessor.state).filter(({ id }) => taskOf(source.state, id) === undefined)
  const missing = missingText(source.state, state)
  const parts: Part[] = []
  if (open.length > 0) {
    const lines = open.map(({ text }) => text)
    const fit = fitLines(lines, (count) => `${count} more open tasks: ${command}`)
    parts.push({ share: 0.3, fit: fitBelow('Its open tasks:', fit) })
  }
  if (missing !== '') parts.push({ share: 0.1, fit: fitLines([`- Not here: ${missing}`], String) })
  if (talk.summary !== null)
    parts.push({ share: 0.6, fit: fitParts(summaryParts(textOf(talk.summary.content)), sharesOfNewest) })
  if (prompt !== undefined) parts.push({ share: 0.4, fit: fitBelow('Its last prompt:', fitQuote(prompt)) })
  if (reply !== undefined)
    parts.push({ share: 0.6, fit: fitBelow('Its last reply:', fitQuote(spokenWords(textOf(reply.content)))) })
  if (parts.length === 0) return null
  return fitBelow(`${command}${title === null ? '' : ` (${title})`}:`, fitAll(parts))
}

/** What the session before knows and this one does not: `3 decisions, 1 SPEC`. */
function missingText(own: ReadonlyState, before: ReadonlyState): string {
  const decided = new Set(own.knowledge.decisions.map(({ text }) => text))
  const { decisions, decisionCount, specs, milestones } = before.knowledge
  const here = decisions.filter(({ text }) => decided.has(text)).length
  const absent = (all: object, known: object): number =>
    Object.keys(all).filter((id) => !Object.hasOwn(known, id)).length
  const counts = [
    [decisionCount - here, 'decision'],
    [absent(specs, own.knowledge.specs), 'SPEC'],
    [absent(milestones, own.knowledge.milestones), 'milestone'],
  ] as const
  return counts.flatMap(([count, noun]) => (count === 0 ? [] : [countOf(count, noun)])).join(', ')
}

/** Summaries of context items that are in the window only as such. */
export function itemSummariesFit({ state, textOf }: Source): Fit | null {
  const summarized = Object.values(state.context.items)
    .filter(({ summary }) => summary !== null)
    .sort((a, b) => b.addedVersion - a.addedVersion)
  if (summarized.length === 0) return null
  return fitAll(
    summarized.slice(0, itemSummariesMax).map(
      ({ tag, summary }): Part => ({
        share: 1 / Math.min(itemSummariesMax, summarized.length),
        fit: fitBelow(`${tag}:`, fitQuote(summary === null ? '' : textOf(summary))),
      }),
    ),
  )
}

/** Texts that a brief reads for the summaries of items. */
export const itemSummariesMax = 20

export function historyFit({ state, name }: Source): Fit | null {
  if (state.history.length === 0) return null
  const lines = state.history.toReversed().map(({ time, text }) => `- ${timeText(time)}: ${text}`)
  return fitLines(lines, (count) => `${count} more: waymark log ${name}`)
}
