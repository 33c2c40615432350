/** What must be known: constraints, decisions, the user, the project, and what lies in the context. */
import type { ContextTier } from '../../events/context.ts'
import { cutToBytes } from '../cut.ts'
import { specViews } from '../spec-progress.ts'
import { percentText, timeText } from '../text.ts'
import { type Fit, fitAll, fitBelow, fitLines, fitQuote } from './fit.ts'
import { onOneLine } from './readable.ts'
import { type Source, summaryPartOf } from './source.ts'

const tierRank: Readonly<Record<ContextTier, number>> = { critical: 0, supporting: 1, temporary: 2 }

/** A sentence that binds: told in the imperative, with a word for it. */
const binding =
  /\b(?:must|never|always|don't|do not|make sure|no need|avoid|please use|use only|only use)\b|하지 ?마|반드시|항상|금지|必须|不要|必ず|しない/i
const derivedConstraintsMax = 8

export function constraintsFit(source: Source): Fit | null {
  const { focus } = source.state.knowledge
  if (focus.constraints.length > 0) {
    return fitLines(
      focus.constraints.map((text) => `- ${text}`),
      (count) => `${count} more: waymark show ${source.name}`,
    )
  }
  const stated = summaryPartOf(source, 'constraints')
  const told = bindingSentences(source)
  const parts = [
    ...(stated === null
      ? []
      : [{ share: 0.5, fit: fitBelow('From the summary of the last compaction:', fitQuote(stated.text)) }]),
    ...(told.length === 0
      ? []
      : [
          {
            share: 0.5,
            fit: fitBelow(
              'Said by the user:',
              fitLines(
                told.map((text) => `- ${text}`),
                (count) => `${count} more`,
              ),
            ),
          },
        ]),
  ]
  return parts.length === 0 ? null : fitAll(parts)
}

/** Sentences of prompts that bind, the newest first. The last prompt is not among them: it is told whole. */
function bindingSentences(source: Source): readonly string[] {
  const messages = summaryPartOf(source, 'messages')?.text ?? ''
  const earlier = source.prompts.slice(0, -1).reverse()
  const spoken = [...earlier.map(({ words }) => words), messages].filter(
    (words) => words.length <= spokenCharactersMax,
  )
  const sentences = spoken.flatMap((words) => words.split(/\n|(?<=[.!?。])\s+/))
  const told = sentences
    .map((sentence) => onOneLine(sentence).replace(/^(?:[-*>]|\d+\.)\s*/, ''))
    .filter((sentence) => sentence.length >= 12 && sentence.length <= 300 && binding.test(sentence))
  return [...new Set(told)].slice(0, derivedConstraintsMax)
}

/** A longer prompt was pasted: a plan, a review, a log. Its sentences bind nobody by themselves. */
const spokenCharactersMax = 600

export function preferencesFit(source: Source): Fit | null {
  const { language, expertise, preferences } = source.state.knowledge.user
  const script = language === null ? scriptOf(source) : null
  const lines = [
    ...(language === null ? [] : [`- Language: ${language}`]),
    ...(script === null ? [] : [`- Language: the user writes ${script}`]),
    ...(expertise === null ? [] : [`- Expertise: ${expertise}`]),
    ...Object.entries(preferences)
      .sort(byName)
      .map(([name, value]) => `- ${name}: ${value}`),
  ]
  return lines.length === 0 ? null : fitLines(lines, (count) => `${count} more: waymark show ${source.name}`)
}

const scripts: readonly (readonly [RegExp, string])[] = [
  [/\p{Script=Hangul}/gu, 'Korean'],
  [/[\p{Script=Hiragana}\p{Script=Katakana}]/gu, 'Japanese'],
  [/\p{Script=Han}/gu, 'Chinese'],
  [/\p{Script=Cyrillic}/gu, 'in Cyrillic script'],
  [/\p{Script=Arabic}/gu, 'in Arabic script'],
  [/\p{Script=Hebrew}/gu, 'in Hebrew script'],
  [/\p{Script=Thai}/gu, 'Thai'],
  [/\p{Script=Devanagari}/gu, 'in Devanagari script'],
]

/** The language of prompts where their script tells it. A few letters may be a quotation. */
function scriptOf({ prompts, firstPrompt }: Source): string | null {
  const own = [...(firstPrompt === null ? [] : [firstPrompt]), ...prompts].filter(({ fromPeer }) => !fromPeer)
  const words = own.map((prompt) => prompt.words.slice(0, 1_000)).join('\n')
  const letters = words.match(/\p{L}/gu)?.length ?? 0
  const found = scripts.find(([pattern]) => (words.match(pattern)?.length ?? 0) > letters * 0.2)
  return letters < 4 ? null : (found?.[1] ?? null)
}

export function decisionsFit({ state, name }: Source): Fit | null {
  const { decisions, decisionCount } = state.knowledge
  if (decisions.length === 0) return null
  const unseen = decisionCount - decisions.length
  const lines = decisions
    .toReversed()
    .map(({ text, reason }) => `- ${answerFirst(text)}${reason === null ? '' : ` (${reason})`}`)
  return fitLines(lines, (count) => `${count + unseen} older ones: waymark log ${name} --type decision`)
}

/** Of a question with its answer, which an import makes, a long question is cut and not the answer. */
function answerFirst(text: string): string {
  const arrow = text.lastIndexOf(' → ')
  return arrow === -1 ? text : `${cutToBytes(text.slice(0, arrow), questionBytesMax)}${text.slice(arrow)}`
}

const questionBytesMax = 160

export function specsFit(source: Source): Fit | null {
  const { state, name } = source
  const { milestones, specs } = state.knowledge
  const rank = { active: 0, planned: 1, completed: 2, dropped: 3 } as const
  const ordered = specViews(state).toSorted(
    (a, b) =>
      rank[a.status ?? 'active'] - rank[b.status ?? 'active'] ||
      (specs[b.id]?.version ?? 0) - (specs[a.id]?.version ?? 0),
  )
  const lines = ordered.map(({ id, title, phase, status, progressPercent, completedSteps, nextStep }) =>
    [
      `- ${id}${title === null ? '' : `, ${title}`}: ${status ?? 'active'}`,
      ...(phase === null ? [] : [`phase ${phase}`]),
      ...(progressPercent === null ? [] : [percentText(progressPercent)]),
      ...(completedSteps.length === 0 ? [] : [`last done: ${completedSteps.at(-1)}`]),
      ...(nextStep === null ? [] : [`next: ${nextStep}`]),
    ].join(', '),
  )
  const open = Object.values(milestones).toSorted((a, b) => b.version - a.version)
  const reached = open.map(
    ({ id, title, specId, status }) =>
      `- milestone ${id}${title === null ? '' : `, ${title}`}${specId === null ? '' : ` of ${specId}`}: ${status}`,
  )
  const all = [...lines, ...reached]
  return all.length === 0 ? null : fitLines(all, (count) => `${count} more: waymark show ${name}`)
}

/** Items by their tags, critical ones first: no supporting one is named where a critical one is not. */
export function itemsFit({ state, name }: Source): Fit | null {
  const items = Object.values(state.context.items).sort(
    (a, b) => tierRank[a.tier] - tierRank[b.tier] || b.addedVersion - a.addedVersion,
  )
  if (items.length === 0) return null
  const lines = items.map(({ tag, tier, status, title }) => {
    const left = status === 'kept' ? '' : `, ${status}`
    return `- ${tag} (${tier}${left})${title === null ? '' : `: ${title}`}`
  })
  const list = fitLines(lines, (count) => `${count} more: waymark context ${name}`)
  return fitBelow(`Read one with: waymark context ${name} --tag @X`, list)
}

export function filesFit({ state, name }: Source): Fit | null {
  const { files } = state.talk
  if (files.length === 0) return null
  const lines = files.toReversed().map(({ path }) => `- ${belowFolder(path, state.cwd)}`)
  return fitLines(lines, (count) => `${count} more: waymark show ${name} --json`)
}

function belowFolder(path: string, folder: string | null): string {
  return folder !== null && path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : path
}

export function checkpointFit({ state }: Source): Fit | null {
  const last = state.checkpoints.at(-1)
  if (last === undefined) return null
  const { id, version, time, phase, reason, gitHead, gitBranch, gitDirty } = last
  const git =
    gitHead === null
      ? ''
      : `; git ${gitHead.slice(0, 12)}${gitBranch === null ? '' : ` on ${gitBranch}`}${gitDirty === true ? ', with changes not committed' : ''}`
  const why = [phase, reason].filter((text) => text !== null).join(', ')
  return fitLines(
    [`- ${id} about version ${version}, ${timeText(time)}${why === '' ? '' : ` (${why})`}${git}`],
    String,
  )
}

export function variablesFit({ state, name }: Source): Fit | null {
  const { focus, environment, permissions } = state.knowledge
  const named = (what: string, values: Readonly<Record<string, string>>): readonly string[] =>
    Object.entries(values)
      .sort(byName)
      .map(([key, value]) => `- ${what}${key}: ${value}`)
  const lines = [
    ...named('', focus.variables),
    ...named('permission ', permissions),
    ...named('environment ', environment),
  ]
  return lines.length === 0 ? null : fitLines(lines, (count) => `${count} more: waymark show ${name}`)
}

function byName([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : a > b ? 1 : 0
}
