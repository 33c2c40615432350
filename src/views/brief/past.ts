/** How it came to this: what a compaction left, what was said before, what happened. */
import { type SummaryPart, type SummaryRole, summaryParts } from '../compaction-summary.ts'
import { spokenWords } from '../spoken.ts'
import { countOf, timeText } from '../text.ts'
import { type Fit, fitAll, fitBelow, fitLines, fitQuote, onOneLine, type Part } from './fit.ts'
import { type Source, summaryIsNewest } from './source.ts'

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
  return fitBelow(age, fitParts(summary.parts, isNewest ? sharesOfNewest : sharesOfOlder))
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

/** The end of the session that this one continues: for one that has no summary of its own. */
export function beforeFit({ predecessor, textOf, summary }: Source): Fit | null {
  if (predecessor === null || summary !== null) return null
  const { state, sessionId } = predecessor
  const { title, talk } = state
  const prompt = talk.prompts.at(-1)
  const reply = talk.replies.at(-1)
  const parts: Part[] = []
  if (talk.summary !== null)
    parts.push({ share: 0.6, fit: fitParts(summaryParts(textOf(talk.summary.content)), sharesOfNewest) })
  if (prompt !== undefined)
    parts.push({
      share: 0.4,
      fit: fitBelow('Its last prompt:', fitQuote(spokenWords(textOf(prompt.content)))),
    })
  if (reply !== undefined)
    parts.push({ share: 0.6, fit: fitBelow('Its last reply:', fitQuote(textOf(reply.content))) })
  if (parts.length === 0) return null
  return fitBelow(`${sessionId.slice(0, 13)}${title === null ? '' : `, ${title}`}:`, fitAll(parts))
}

/** Prompts before the last one, the newest first. */
export function earlierFit({ prompts, firstPrompt, name }: Source): Fit | null {
  const earlier = prompts.slice(0, -1).reverse()
  const first =
    firstPrompt !== null && !prompts.some(({ version }) => version === firstPrompt.version)
      ? [firstPrompt]
      : []
  const all = [...earlier, ...first]
  if (all.length === 0) return null
  const lines = all.map(({ time, words }) => `- ${timeText(time)}: ${onOneLine(words)}`)
  return fitLines(lines, (count) => `${count} more: waymark log ${name} --type prompt`)
}

/** Replies before the last one, the most telling sentences of each. */
export function earlierRepliesFit({ replies }: Source): Fit | null {
  const earlier = replies.slice(0, -1).reverse()
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
