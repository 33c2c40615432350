/** What the user decided: answers to the agent's questions, and rules said when a tool was refused. */

import { oneLine } from '../../events/content.ts'
import { bounds } from '../bounds.ts'
import { type Scene, say } from './memory.ts'
import { answersOf, type ToolResult } from './shape.ts'

/** Answered questions, each a decision. A question that nobody answered is none. */
export function tellAnswers(scene: Scene, toolCallId: string, result: ToolResult): void {
  const answers = answersOf(result).slice(0, bounds.answersMax)
  for (const [index, { question, answer, note }] of answers.entries()) {
    const [asked, answered] = [question, answer].map((text) => oneLine(text, bounds.answerCharactersMax))
    if (asked === '' || answered === '') continue
    const noted = oneLine(note, 150)
    const text = `${asked} → ${answered}${noted === '' ? '' : ` (${noted})`}`
    const reason = 'the user answered'
    say(scene, `answer/${toolCallId}/${index}`, { type: 'decision.record', text, reason })
  }
}

const said = /\bthe user said:\s*\n([\s\S]+)$/
/** The tool adds a note of its own below the user's words. */
const toolNote = /\n\s*\nNote: [\s\S]*$/
const rule =
  /^(?:no[,.!]?\s+)?(?:please\s+)?(?:(?:you|we)\s+)?(?:don['’]?t|do not|never|always|must(?: not)?)\s/i

/** Words said with a refusal are a decision only where they lay down a rule: most are questions or other wishes. */
export function tellRefusal(scene: Scene, toolCallId: string, text: string): void {
  const words = oneLine((said.exec(text)?.[1] ?? '').replace(toolNote, ''))
  if (!rule.test(words) || words.includes('?')) return
  const reason = 'the user said so when refusing a tool'
  say(scene, `refusal/${toolCallId}`, { type: 'decision.record', text: words, reason })
}
