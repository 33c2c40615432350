/** Which prompts and replies a brief quotes at its head. Each is chosen once, so that nothing is quoted again further down. */
import { type Said, type Source, summaryPartOf } from './source.ts'

/** A prompt that weighs less says little without what came before it: `continue`, `commit this`. */
export const shortPromptWeight = 60
/** A reply of fewer characters is often an aside; what was done stands in a longer one. */
const fullReplyCharacters = 400
/** How many letters of an alphabet one sign of these scripts is worth. */
const denseWeight = 2.5
const dense = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/gu
/** Words that a prompt begins with which answers something. */
const answering =
  /^(?:y(?:es|ep|eah|up)?|no(?:pe)?|ok(?:ay)?|sure|fine|right|exactly|do (?:it|that|both)|go (?:on|ahead)|both|all|approved|lgtm|sounds good|perfect|\d+[.,) ]|네|예|응|좋아|はい|好|是的?)(?![\p{L}])/iu

/** How much a prompt says: its characters, those of scripts that say more with each counted for more. */
export function weightOf(words: string): number {
  const beginning = words.slice(0, 1_000)
  return words.length + (beginning.match(dense)?.length ?? 0) * (denseWeight - 1)
}

/** Whether a prompt begins as an answer does. */
export function isAnswer(words: string): boolean {
  return answering.test(words)
}

/** The first prompt, where it has to stand for the objective; `null` where that is stated, or stands in a summary. */
export function objectivePrompt(source: Source): Said | null {
  const { firstPrompt, prompts, state } = source
  const { objectives, scope } = state.knowledge.focus
  const isKnown = objectives.length > 0 || scope !== null || summaryPartOf(source, 'intent') !== null
  return isKnown || prompts.at(-1)?.version === firstPrompt?.version ? null : firstPrompt
}

export interface PromptQuotes {
  readonly last: Said
  /** The user's own, where the last one came from another agent. */
  readonly own: Said | null
  /** The reply that it answers, unless that is the last reply. */
  readonly answered: Said | null
  /** It answers the last reply. */
  readonly answersLast: boolean
  /** A prompt before it that says more. */
  readonly longer: Said | null
}

export function promptQuotes(source: Source): PromptQuotes | null {
  const { prompts, replies, answered } = source
  const last = prompts.at(-1)
  if (last === undefined) return null
  const isShort = weightOf(last.words) < shortPromptWeight
  const answers = answered !== null && (isShort || isAnswer(last.words))
  const answersLast = answers && answered.version === replies.at(-1)?.version
  const objective = objectivePrompt(source)?.version
  const longer = prompts.findLast(
    ({ version, words, fromPeer }) =>
      version < last.version && !fromPeer && weightOf(words) >= shortPromptWeight,
  )
  return {
    last,
    own: last.fromPeer ? (prompts.findLast(({ fromPeer }) => !fromPeer) ?? null) : null,
    answered: answers && !answersLast ? answered : null,
    answersLast,
    longer: isShort && longer !== undefined && longer.version !== objective ? longer : null,
  }
}

export interface ReplyQuotes {
  readonly last: Said
  /** A reply before it, to the same prompt, that says more. */
  readonly fuller: Said | null
}

export function replyQuotes({ replies, prompts }: Source): ReplyQuotes | null {
  const last = replies.at(-1)
  if (last === undefined) return null
  if (last.words.length >= fullReplyCharacters) return { last, fuller: null }
  const prompt = prompts.at(-1)?.version ?? 0
  const fuller = replies.findLast(
    ({ version, words }) => version > prompt && words.length >= fullReplyCharacters,
  )
  return { last, fuller: fuller ?? null }
}

/** Versions of all prompts and replies that are quoted at the head. */
export function quotedVersions(source: Source): ReadonlySet<number> {
  const prompt = promptQuotes(source)
  const reply = replyQuotes(source)
  const quoted = [
    objectivePrompt(source),
    ...(prompt === null ? [] : [prompt.last, prompt.own, prompt.answered, prompt.longer]),
    ...(reply === null ? [] : [reply.last, reply.fuller]),
  ]
  return new Set(quoted.flatMap((said) => (said === null ? [] : [said.version])))
}
