/** What a tool's compaction left of a conversation, taken apart as far as its form is known. */
import { onOneLine } from './brief/readable.ts'
import { spokenWords } from './spoken.ts'

/** What a part of a summary is about. */
export const summaryRoles = [
  'next',
  'pending',
  'current',
  'intent',
  'constraints',
  'errors',
  'decisions',
  'messages',
  'files',
  'concepts',
  'other',
] as const
export type SummaryRole = (typeof summaryRoles)[number]

export interface SummaryPart {
  readonly role: SummaryRole
  readonly title: string
  readonly text: string
}

const roleOfTitle: readonly (readonly [RegExp, SummaryRole])[] = [
  [/next step/i, 'next'],
  [/pending|remaining|open task|to.?do|unfinished/i, 'pending'],
  [/current work|current state|in progress|where .* stand/i, 'current'],
  [/request|intent|objective|goal|purpose/i, 'intent'],
  [/constraint|preference|instruction|rule|guideline|feedback/i, 'constraints'],
  [/error|failure|bug/i, 'errors'],
  [/decision|problem solving|rationale/i, 'decisions'],
  [/user message/i, 'messages'],
  [/file|code section/i, 'files'],
  [/concept|technical|context|background/i, 'concepts'],
]

/** Headings at the beginning of a line: `1. Primary Request and Intent:`, `## Pending tasks`, `**Current Work**:`. */
const heading =
  /^(?:#{1,4} +(?:\d{1,2}\. +)?|\d{1,2}\. +(?=[^\n]{3,60}:[ \t]*$)|(?=\*\*[^*\n]{3,60}\*\*:?[ \t]*$))\*{0,2}([^\n*:]{3,60}):?\*{0,2}:?[ \t]*$/gm

const preamble = /^This session is being continued from a previous conversation[^\n]*\n?/
const farewell =
  /\n(?:If you need specific details from before compaction|(?:Please )?[Cc]ontinue the conversation from where)[\s\S]*$/

/** The parts of a summary, in the order of the text. One of an unknown form is one part. */
export function summaryParts(summary: string): readonly SummaryPart[] {
  const history = historyParts(summary)
  if (history !== null) return history
  const text = summaryProper(summary)
  const headings = [...text.matchAll(heading)]
  if (headings.length < 2) return text === '' ? [] : [{ role: 'other', title: '', text }]
  const before = text.slice(0, headings[0]?.index ?? 0).trim()
  const parts = headings.flatMap((found, index): readonly SummaryPart[] => {
    const title = onOneLine(found[1] ?? '')
    const body = text.slice(found.index + found[0].length, headings[index + 1]?.index).trim()
    return body === '' ? [] : [{ role: roleOf(title), title, text: undented(body) }]
  })
  return before === '' ? parts : [{ role: 'other', title: '', text: before }, ...parts]
}

function roleOf(title: string): SummaryRole {
  return roleOfTitle.find(([pattern]) => pattern.test(title))?.[1] ?? 'other'
}

/** Without the thinking that comes before a summary, and without the words that introduce and end it. */
function summaryProper(summary: string): string {
  const said = summary.replace(preamble, '').replace(farewell, '')
  const tagged = said.lastIndexOf('<summary>')
  if (tagged !== -1)
    return said
      .slice(tagged + '<summary>'.length)
      .replace(/<\/summary>\s*$/, '')
      .trim()
  const labelled = /(?:^|\n)Summary:\s*\n(?=\s*1\. )/.exec(said)
  return (labelled === null ? said : said.slice(labelled.index + labelled[0].length)).trim()
}

/** Lines moved to the left by what all of them are indented by. */
function undented(text: string): string {
  const lines = text.split('\n')
  const depths = lines
    .slice(1)
    .flatMap((line) => (line.trim() === '' ? [] : [line.length - line.trimStart().length]))
  const depth = depths.reduce((least, next) => Math.min(least, next), 40)
  return lines
    .map((line, index) =>
      index === 0 || depths.length === 0
        ? line
        : line.slice(Math.min(depth, line.length - line.trimStart().length)),
    )
    .join('\n')
}

/** A history that replaces the conversation, as JSON: its prompts are what can be read of it. */
function historyParts(summary: string): readonly SummaryPart[] | null {
  if (!/^\s*\[\s*\{/.test(summary)) return null
  const items = parsedItems(summary)
  if (items === null) return null
  const spoken = items.flatMap((item) => {
    const words =
      Reflect.get(item, 'role') === 'user' ? spokenWords(textsOf(Reflect.get(item, 'content'))) : ''
    return words === '' ? [] : [words]
  })
  if (spoken.length === 0) return null
  const isBridge = (words: string): boolean => /^Another language model started/i.test(words)
  const bridges = spoken
    .filter(isBridge)
    .map((text): SummaryPart => ({ role: 'current', title: 'What the model before left', text }))
  const prompts = spoken.filter((words) => !isBridge(words)).map((words) => `- ${onOneLine(words)}`)
  return [...bridges, { role: 'messages', title: 'Prompts that it kept', text: prompts.join('\n') }]
}

function parsedItems(json: string): readonly object[] | null {
  try {
    const value: unknown = JSON.parse(json)
    return Array.isArray(value) ? value.filter((item) => typeof item === 'object' && item !== null) : null
  } catch {
    // Cut off or no JSON after all: it is read as a text.
    return null
  }
}

function textsOf(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content
    .flatMap((block: unknown) => {
      const text: unknown =
        typeof block === 'object' && block !== null ? Reflect.get(block, 'text') : undefined
      return typeof text === 'string' ? [text] : []
    })
    .join('\n')
}
