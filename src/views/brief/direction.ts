/** What the work is for and what comes next: as it was stated, else as far as the conversation tells. */
import { collapsed, type Fit, fitAll, fitBeginning, fitBelow, fitLines, fitQuote, type Part } from './fit.ts'
import { objectivePrompt, promptQuotes, replyQuotes } from './quotes.ts'
import { onOneLine } from './readable.ts'
import { type Said, type Source, shortName, summaryIsNewest, summaryPartOf } from './source.ts'
import { openTasks } from './tasks.ts'

export function objectiveFit(source: Source): Fit | null {
  const { knowledge } = source.state
  const { objectives, scope } = knowledge.focus
  const stated = [...objectives.map((text) => `- ${text}`), ...(scope === null ? [] : [`- Scope: ${scope}`])]
  if (stated.length > 0) return fitLines(stated, (count) => `${count} more: waymark show ${source.name}`)
  const intent = summaryPartOf(source, 'intent')
  if (intent !== null) return quoted('From the summary of the last compaction:', intent.text)
  const first = objectivePrompt(source)
  if (first !== null) return quoted(firstHeading(first, source), first.words)
  return source.firstPrompt === null ? null : fitLines(['The last prompt, below, is the only one.'], String)
}

function firstHeading(chosen: Said, { firstPrompt }: Source): string {
  return chosen.version === firstPrompt?.version
    ? 'The first prompt; later ones may have changed it:'
    : 'The first prompt that says what for; later ones may have changed it:'
}

export function promptFit(source: Source): Fit | null {
  const quotes = promptQuotes(source)
  if (quotes === null) return null
  const { last, own, answered, answersLast, longer } = quotes
  const parts: Part[] = last.fromPeer
    ? [
        ...(own === null ? [] : [{ share: 0.4, fit: quoted('By the user:', own.words) }]),
        { share: 0.6, fit: quoted('After it, by another agent:', last.words) },
      ]
    : [{ share: 0.6, fit: fitQuote(last.words) }]
  if (answersLast) parts.push({ share: 0.1, fit: fitLines(['It answers the last reply, below.'], String) })
  if (answered !== null) parts.push({ share: 0.4, fit: quoted('It followed this reply:', answered.words) })
  if (longer !== null)
    parts.push({ share: 0.3, fit: fitBelow('A longer prompt before it:', fitBeginning(longer.words)) })
  return fitAll(parts)
}

export function replyFit(source: Source): Fit | null {
  const quotes = replyQuotes(source)
  if (quotes === null) return null
  const { since, name } = source
  const { last, fuller } = quotes
  const done = since.calls.toReversed().map(({ name: tool, target, outcome }) => {
    const what = target === null ? '' : `: ${onOneLine(target).slice(0, targetCharacters)}`
    return `- ${tool}${what}${outcome === 'ok' ? '' : ` (${outcome ?? 'no result'})`}`
  })
  const more = (count: number): string => `${count} more: waymark log ${name} --all --after ${last.version}`
  return fitAll([
    { share: 0.5, fit: fitQuote(last.words) },
    ...(done.length === 0
      ? []
      : [{ share: 0.3, fit: fitBelow('Done after it, newest first:', fitLines(collapsed(done), more)) }]),
    ...(fuller === null ? [] : [{ share: 0.5, fit: quoted('A longer reply before it:', fuller.words) }]),
  ])
}

/** Characters of what a call worked on: a command may be a whole script. */
const targetCharacters = 160

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
  if (lines.length === 0 && step === null) return null
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
  if (source.since.failure !== null)
    steps.push(`- The model could not be reached at last: ${source.since.failure}`)
  if (prompt !== undefined && (reply === undefined || reply.version < prompt.version)) {
    const begun = source.since.calls.length > 0 ? ' Work on it had begun.' : ''
    steps.push(`- The last prompt has no reply yet: do what it asks.${begun}`)
  } else if (reply !== undefined) steps.push(...afterReply(source, reply))
  if (task !== undefined) {
    const isRunning = task.status === 'in_progress' || task.status === 'token_warning'
    const rest =
      others.length === 0 ? '' : `; ${others.length} more ${others.length === 1 ? 'is' : 'are'} open`
    steps.push(`- ${isRunning ? 'In hand' : 'Next open task'}: ${task.title}${rest}`)
  }
  if (steps.length > 0) return steps
  const { predecessor } = source
  // What a machine waits for stands in a section of its own.
  if (state.machine !== undefined) return []
  return predecessor === null
    ? ['- Nothing is recorded yet.']
    : [
        `- Nothing was said here yet: go on from the session before, waymark brief ${shortName(predecessor.sessionId)}`,
      ]
}

function afterReply({ since }: Source, reply: Said): readonly string[] {
  const outcome = since.calls.at(-1)?.outcome
  if (outcome === 'denied' || outcome === 'interrupted') {
    return [`- The work was stopped: the last call was ${outcome}. Ask before going on with it.`]
  }
  if (since.calls.length > 0) {
    return [
      '- The record stops in the middle of the work: go on from the last reply and what was done after it.',
    ]
  }
  if (/[?？]\s*$/.test(reply.words)) return ['- The last reply asked something, and no answer is recorded.']
  return [
    '- The last prompt has its reply, below; what that leaves open comes next, else whatever the user asks.',
  ]
}

/** Somebody's words below a line that says whose they are. */
function quoted(heading: string, words: string): Fit {
  return fitBelow(heading, fitQuote(words))
}
