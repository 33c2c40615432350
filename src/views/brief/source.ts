/** What a brief is made from: state, the texts it points to, and what those texts say. */
import type { TextPointer } from '../../fold/knowledge-state.ts'
import type { DeepReadonly, ReadonlyState } from '../../fold/state.ts'
import { type SummaryPart, type SummaryRole, summaryParts } from '../compaction-summary.ts'
import { spokenWords } from '../spoken.ts'

type Pointer = DeepReadonly<TextPointer>

/** What the session before this one ended with. */
export interface Predecessor {
  readonly sessionId: string
  readonly state: ReadonlyState
}

/** A prompt or reply in words. */
export interface Said {
  readonly version: number
  readonly time: string
  readonly words: string
}

export interface Source {
  readonly state: ReadonlyState
  readonly predecessor: Predecessor | null
  /** The session as one types it. */
  readonly name: string
  /** The text of a pointer; where it cannot be read, how it began and that this is all. */
  readonly textOf: (content: Pointer['content']) => string
  readonly firstPrompt: Said | null
  /** The newest ones with words, oldest first. */
  readonly prompts: readonly Said[]
  readonly replies: readonly Said[]
  readonly summary: { readonly version: number; readonly parts: readonly SummaryPart[] } | null
}

export function sourceOf(
  state: ReadonlyState,
  texts: ReadonlyMap<string, string>,
  predecessor: Predecessor | null,
): Source {
  const name = state.sessionId.slice(0, 'sess_'.length + 8)
  const textOf: Source['textOf'] = ({ hash, preview }) =>
    texts.get(hash) ?? `${preview} (the rest of this text cannot be read: waymark verify ${name})`
  const { firstPrompt, prompts, replies, summary } = state.talk
  const said = (pointer: Pointer): Said => ({
    version: pointer.version,
    time: pointer.time,
    words: spokenWords(textOf(pointer.content)),
  })
  const first = firstPrompt === null ? null : said(firstPrompt)
  return {
    state,
    predecessor,
    name,
    textOf,
    firstPrompt: first === null || first.words === '' ? null : first,
    prompts: prompts.map(said).filter(({ words }) => words !== ''),
    replies: replies
      .map((pointer) => ({ ...said(pointer), words: textOf(pointer.content).trim() }))
      .filter(({ words }) => words !== ''),
    summary:
      summary === null ? null : { version: summary.version, parts: summaryParts(textOf(summary.content)) },
  }
}

/** The part of the summary that is about something, if it has one that says more than that there is nothing. */
export function summaryPartOf({ summary }: Source, role: SummaryRole): SummaryPart | null {
  const part = summary?.parts.find((candidate) => candidate.role === role)
  return part === undefined || /^(?:[-*] *)?(?:none|n\/a|nothing)\b[^\n]{0,20}$/i.test(part.text)
    ? null
    : part
}

/** Nothing was said since the summary was made, so it says where the work stands. */
export function summaryIsNewest({ summary, prompts, replies }: Source): boolean {
  if (summary === null) return false
  return [...prompts, ...replies].every(({ version }) => version < summary.version)
}
