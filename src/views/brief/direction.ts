/** What the work is for and what comes next: as it was stated, else as far as the conversation tells. */
import { type Fit, fitAll, fitBelow, fitLines, fitQuote } from './fit.ts'
import { type Said, type Source, summaryIsNewest, summaryPartOf } from './source.ts'
import { openTasks } from './tasks.ts'

/** A prompt of fewer characters says little without what came before it: `continue`, `yes, do it`. */
const shortPromptCharacters = 60
/** A reply of fewer characters is often an aside; what was done stands in a longer one. */
const fullReplyCharacters = 400

export function objectiveFit(source: Source): Fit | null {
  const { knowledge } = source.state
  const { objectives, scope } = knowledge.focus
  const stated = [...objectives.map((text) => `- ${text}`), ...(scope === null ? [] : [`- Scope: ${scope}`])]
  if (stated.length > 0) return fitLines(stated, (count) => `${count} more: waymark show ${source.name}`)
  const intent = summaryPartOf(source, 'intent')
  if (intent !== null) return quoted('From the summary of the last compaction:', intent.text)
  const { firstPrompt, prompts } = source
  if (firstPrompt === null) return null
  if (prompts.at(-1)?.version === firstPrompt.version)
    return fitLines(['The last prompt, below, is the only one.'], String)
  return quoted('The first prompt; later ones may have changed it:', firstPrompt.words)
}

export function promptFit(source: Source): Fit | null {
  const { prompts, replies } = source
  const last = prompts.at(-1)
  if (last === undefined) return null
  const parts = [{ share: 0.6, fit: fitQuote(last.words) }]
  if (last.words.length < shortPromptCharacters) {
    const answered = replies.findLast(({ version }) => version < last.version)
    const longer = prompts.findLast(
      ({ version, words }) => version < last.version && words.length >= shortPromptCharacters,
    )
    if (answered !== undefined)
      parts.push({ share: 0.4, fit: quoted('It followed this reply:', answered.words) })
    if (longer !== undefined)
      parts.push({ share: 0.3, fit: quoted('A longer prompt before it:', longer.words) })
  }
  return fitAll(parts)
}

export function replyFit({ replies, prompts, state, name }: Source): Fit | null {
  const last = replies.at(-1)
  if (last === undefined) return null
  const after = state.version - last.version
  const note = `${after} events came after it: waymark log ${name} --after ${last.version}`
  const prompt = prompts.at(-1)?.version ?? 0
  const fuller = replies.findLast(
    ({ version, words }) => version > prompt && words.length >= fullReplyCharacters,
  )
  return fitAll([
    { share: 0.5, fit: fitQuote(last.words) },
    ...(after > eventsOfAnEndingTurn ? [{ share: 0.15, fit: fitLines([note], String) }] : []),
    ...(last.words.length >= fullReplyCharacters || fuller === undefined
      ? []
      : [{ share: 0.5, fit: quoted('A longer reply before it:', fuller.words) }]),
  ])
}

/** What is recorded after the last words of a turn: its usage, its end. More means that tools were called. */
const eventsOfAnEndingTurn = 4

export function nextFit(source: Source): Fit | null {
  const { focus, specs } = source.state.knowledge
  const stated = [
    ...(focus.nextStep === null ? [] : [`- ${focus.nextStep}`]),
    ...Object.values(specs).flatMap(({ id, status, nextStep }) =>
      status === 'active' && nextStep !== null ? [`- ${id}: ${nextStep}`] : [],
    ),
  ]
  if (stated.length > 0) return fitLines(stated, (count) => `${count} more: waymark show ${source.name}`)
  const lines = derivedSteps(source)
  const step = summaryIsNewest(source) ? summaryPartOf(source, 'next') : null
  return fitAll([
    { share: 0.4, fit: fitLines(lines, (count) => `${count} more`) },
    ...(step === null
      ? []
      : [{ share: 0.6, fit: quoted('The summary of the last compaction names as next:', step.text) }]),
  ])
}

/** Where the work seems to stand, from what was said and what was left open. */
function derivedSteps(source: Source): readonly string[] {
  const { state, prompts, replies } = source
  const steps: string[] = []
  const prompt = prompts.at(-1)
  const reply = replies.at(-1)
  const calls = Object.keys(state.openCalls).length
  const [task, ...others] = openTasks(state)
  if (state.status === 'ended') steps.push('- The session was ended; go on only if asked to.')
  if (calls > 0)
    steps.push(
      `- ${calls === 1 ? 'A call was' : `${calls} calls were`} cut off: find out what came of ${calls === 1 ? 'it' : 'them'} before doing the same again.`,
    )
  if (prompt !== undefined && (reply === undefined || reply.version < prompt.version)) {
    steps.push('- The last prompt has no reply yet: do what it asks.')
  } else if (reply !== undefined) steps.push(...afterReply(source, reply))
  if (task !== undefined) {
    const isRunning = task.status === 'in_progress' || task.status === 'token_warning'
    const rest =
      others.length === 0 ? '' : `; ${others.length} more ${others.length === 1 ? 'is' : 'are'} open`
    steps.push(`- ${isRunning ? 'In hand' : 'Next open task'}: ${task.title}${rest}`)
  }
  return steps.length === 0 ? ['- Nothing is recorded yet.'] : steps
}

function afterReply({ state }: Source, reply: Said): readonly string[] {
  if (/[?？]\s*$/.test(reply.words)) return ['- The last reply asked something, and no answer is recorded.']
  const isLast = state.version - reply.version <= eventsOfAnEndingTurn
  if (!isLast)
    return ['- The last prompt was being worked on when the record stops: go on from the last reply.']
  return [
    '- The last prompt has its reply, below; what that leaves open comes next, else whatever the user asks.',
  ]
}

/** Somebody's words below a line that says whose they are. */
function quoted(heading: string, words: string): Fit {
  return fitBelow(heading, fitQuote(words))
}
