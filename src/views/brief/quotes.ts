/** Which prompts and replies a brief quotes at its head. Each is chosen once, so that nothing is quoted again further down. */
import { type Said, type Source, summaryPartOf } from './source.ts'

/** A prompt that weighs less says little without what came before it: `continue`, `commit this`. */
const shortPromptWeight = 60
/** A reply of fewer characters is often an aside; what was done stands in a longer one. */
const fullReplyCharacters = 400
/** A prompt that weighs less is `proceed`, or `commit this`. */
const tellingWeight = 16
/** How many letters of an alphabet one sign of these scripts is worth. */
const denseWeight = 2.5
const dense = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/gu
/** Words that a prompt begins with which answers something. */
const answering =
  /^(?:y(?:es|ep|eah|up)?|no(?:pe)?|ok(?:ay)?|sure|fine|right|exactly|do (?:it|that|both)|go (?:on|ahead)|both|all|approved|lgtm|sounds good|perfect|\d+[.,) ]|네|예|응|좋아|はい|好|是的?)(?![\p{L}])/iu

/** How much a prompt says: its characters, those of scripts that say more with each counted for more. */
function weightOf(words: string): number {
  const beginning = words.slice(0, 1_000)
  return words.length + (beginning.match(dense)?.length ?? 0) * (denseWeight - 1)
}

/** Whether a prompt begins as an answer does. */
function isAnswer(words: string): boolean {
  return answering.test(words)
}

/**
 * How much a prompt says. 2: much. 1: something. 0: an answer, a command of the tool, a word or two.
 */
export function rankOf(words: string): 0 | 1 | 2 {
  const weight = weightOf(words)
  if (isCommand(words) || weight < tellingWeight) return 0
  if (weight >= shortPromptWeight) return 2
  return isAnswer(words) ? 0 : 1
}

/** A command of the tool without anything beside it: `/compact`. */
function isCommand(words: string): boolean {
  return /^\/\S+$/.test(words)
}

/**
 * The prompt that has to stand for the objective: the first one that says something. `null` where the objective is stated, stands
 * in a summary, or is in the last prompt.
 */
export function objectivePrompt(source: Source): Said | null {
  const { firstPrompt, prompts, state } = source
  const { objectives, scope } = state.knowledge.focus
  const isKnown = objectives.length > 0 || scope !== null || summaryPartOf(source, 'intent') !== null
  const last = prompts.at(-1)?.version
  if (isKnown || firstPrompt === null || firstPrompt.version === last) return null
  const telling = [firstPrompt, ...prompts].find(({ words, fromPeer }) => rankOf(words) > 0 && !fromPeer)
  return telling === undefined || telling.version === last ? firstPrompt : telling
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
  const own = last.fromPeer ? (prompts.findLast(({ fromPeer }) => !fromPeer) ?? null) : null
  const user = own ?? last
  const isShort = weightOf(user.words) < shortPromptWeight
  const answers = answered !== null && (weightOf(last.words) < shortPromptWeight || isAnswer(last.words))
  const answersLast = answers && answered.version === replies.at(-1)?.version
  const objective = objectivePrompt(source)?.version
  const rankMin = rankOf(user.words) === 0 ? 1 : 2
  const longer = prompts.findLast(
    ({ version, words, fromPeer }) => version < user.version && !fromPeer && rankOf(words) >= rankMin,
  )
  return {
    last,
    own,
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
