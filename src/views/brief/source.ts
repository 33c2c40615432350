/** What a brief is made from: state, the texts it points to, and what those texts say. */
import type { TextPointer } from '../../fold/knowledge-state.ts'
import type { DeepReadonly, ReadonlyState } from '../../fold/state.ts'
import { limits } from '../../kernel/limits.ts'
import { type SummaryPart, type SummaryRole, summaryParts } from '../compaction-summary.ts'
import { gap, wholeAt } from '../cut.ts'
import { isFromPeer, spokenWords } from '../spoken.ts'

export type Pointer = DeepReadonly<TextPointer>

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
  /** It came from another agent, not from the user. */
  readonly fromPeer: boolean
}

/** What a brief tells beside the session's own state. */
export interface Surroundings {
  /** The session that this one continues. */
  readonly predecessor?: Predecessor | null
  /** The reply that the last prompt followed, where state no longer points to it. */
  readonly answered?: Pointer | null
  /** What came after the last words. Left out where only state is at hand. */
  readonly since?: Since
  /** What open calls work on, by their ids. */
  readonly targets?: ReadonlyMap<string, string>
}

/** What was done after the last prompt or reply. */
export interface Since {
  /** Oldest first. */
  readonly calls: readonly {
    readonly name: string
    /** A file, a command, an address; else how its input begins. */
    readonly target: string | null
    /** `null` while it has not returned. */
    readonly outcome: 'ok' | 'error' | 'denied' | 'interrupted' | null
  }[]
  /** The last model call that was given up, if any was. */
  readonly failure: string | null
}

export interface Source {
  readonly state: ReadonlyState
  readonly predecessor: Predecessor | null
  readonly since: Since
  readonly targets: ReadonlyMap<string, string>
  /** The session as one types it. */
  readonly name: string
  /** The text of a pointer; where it cannot be read, how it began and that this is all. */
  readonly textOf: (content: Pointer['content']) => string
  readonly firstPrompt: Said | null
  /** The newest ones with words, oldest first. */
  readonly prompts: readonly Said[]
  readonly replies: readonly Said[]
  /** The reply that the last prompt followed. */
  readonly answered: Said | null
  readonly summary: { readonly version: number; readonly parts: readonly SummaryPart[] } | null
}

const nothingSince: Since = { calls: [], failure: null }

export function sourceOf(
  state: ReadonlyState,
  texts: ReadonlyMap<string, string>,
  { predecessor = null, answered = null, since = nothingSince, targets = new Map() }: Surroundings,
): Source {
  const name = shortName(state.sessionId)
  const textOf: Source['textOf'] = ({ hash, preview }) =>
    ends(texts.get(hash)) ?? `${preview} (the rest of this text cannot be read: waymark verify ${name})`
  const said = ({ version, time, content }: Pointer): Said => ({
    version,
    time,
    words: spokenWords(textOf(content)),
    fromPeer: isFromPeer(content.preview),
  })
  const { firstPrompt, summary } = state.talk
  const first = firstPrompt === null ? null : said(firstPrompt)
  const prompts = state.talk.prompts.map(said).filter(({ words }) => words !== '')
  const replies = state.talk.replies.map(said).filter(({ words }) => words !== '')
  const last = prompts.at(-1)?.version ?? 0
  const before = replies.findLast(({ version }) => version < last)
  return {
    state,
    predecessor,
    since,
    targets,
    name,
    textOf,
    firstPrompt: first === null || first.words === '' ? (prompts[0] ?? null) : first,
    prompts,
    replies,
    answered: before ?? (answered === null ? null : said(answered)),
    summary:
      summary === null ? null : { version: summary.version, parts: summaryParts(textOf(summary.content)) },
  }
}

/** A session as one types it. */
export function shortName(sessionId: string): string {
  return sessionId.slice(0, 'sess_'.length + 8)
}

/** A text, or the beginning and end of one that is too long to be read whole. */
function ends(text: string | undefined): string | undefined {
  const { extractCharactersMax } = limits
  if (text === undefined || text.length <= extractCharactersMax) return text
  const half = extractCharactersMax / 2
  return `${text.slice(0, wholeAt(text, half))}\n${gap}\n${text.slice(wholeAt(text, text.length - half))}`
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
