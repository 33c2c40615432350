/** What came back from tools, and who refused when they were not run. */
import type { Command } from '../../events/commands.ts'
import { contentOf } from '../../events/content.ts'
import { idOf, jsonText } from '../text.ts'
import { tellAgent } from './agents.ts'
import { tellAnswers, tellRefusal } from './answers.ts'
import { type Scene, say } from './memory.ts'
import { holdRejectedPlan, tellPlan } from './plans.ts'
import { type Block, blocksOf, type ToolResult, textOf, toolResultOf } from './shape.ts'
import { readTaskResult } from './tasks.ts'

type Outcome = 'ok' | 'error' | 'denied' | 'interrupted'

/** How an error begins when the tool was not allowed to run: by the user, by a rule, by a classifier. */
const denials: readonly RegExp[] = [
  /^The user doesn't want to (?:proceed with this tool use|take this action right now)/,
  /^User rejected tool use/,
  /^This command requires approval/,
  /^This Bash command contains multiple operations\. The following parts? requires? approval/,
  /^Claude requested permissions to /,
  /^Permission for this action (?:has been|was) denied/,
  /^\S.{0,2000} was blocked\. For security, Claude Code may only /s,
]

/** A line that brings the results of tools. */
export function readToolResults(scene: Scene): void {
  const blocks = blocksOf(scene.entry.message?.content)
  for (const [index, block] of blocks.entries()) {
    if (block.type === 'tool_result') readToolResult(scene, block, index)
  }
}

export function readToolResult(scene: Scene, block: Block, index: number): void {
  const { entry, key, line, talk } = scene
  const toolCallId = idOf(block.tool_use_id)
  const text = resultTextOf(block)
  const output = contentOf(text)
  if (toolCallId === null) {
    const kind = 'tool-result-without-id'
    say(scene, `${key}/return/${index}`, { type: 'observation.record', kind, content: output.ref, line }, [
      output,
    ])
    return
  }
  const result = toolResultOf(entry.toolUseResult)
  const outcome = outcomeOf(scene, block, text, result)
  const kept = text === '' ? {} : { output: output.ref }
  const intent: Extract<Command, { type: 'tool.return' }> = {
    type: 'tool.return',
    toolCallId,
    outcome,
    ...kept,
  }
  const contents = text === '' ? [] : [output]
  if (outcome === 'denied' && talk.planCalls.includes(toolCallId)) {
    holdRejectedPlan(scene, `return/${toolCallId}`, intent, contents)
  } else {
    say(scene, `return/${toolCallId}`, intent, contents)
  }
  readDecision(scene, toolCallId, outcome, result, text)
  talk.planCalls = talk.planCalls.filter((id) => id !== toolCallId)
  readTaskResult(scene, toolCallId, outcome === 'ok', result, text)
  if (result !== null) tellAgent(scene, toolCallId, result)
}

/** What a result says of the user's mind: a plan accepted, questions answered, a tool refused with a rule. */
function readDecision(
  scene: Scene,
  toolCallId: string,
  outcome: Outcome,
  result: ToolResult | null,
  text: string,
): void {
  const { planCalls, planText } = scene.talk
  const isPlan = planCalls.includes(toolCallId)
  const known = planText?.id === toolCallId ? planText.text : undefined
  if (known !== undefined) scene.talk.planText = null
  if (outcome === 'denied' && !isPlan) tellRefusal(scene, toolCallId, text)
  if (outcome !== 'ok' || result?.awaitingLeaderApproval === true) return
  const plan = isPlan ? (result?.plan ?? known) : undefined
  if (plan !== undefined) tellPlan(scene, `plan/${toolCallId}`, plan)
  if (result !== null) tellAnswers(scene, toolCallId, result)
}

function outcomeOf(scene: Scene, block: Block, text: string, result: ToolResult | null): Outcome {
  if (result?.interrupted === true || result?.wasInterrupted === true) return 'interrupted'
  if (block.is_error !== true) return 'ok'
  if (scene.entry.toolDenialKind !== undefined) return 'denied'
  return denials.some((denial) => denial.test(text)) ? 'denied' : 'error'
}

/** A result's text; where it holds more than texts (images, references), its blocks as JSON. */
function resultTextOf(block: Block): string {
  const { content } = block
  if (content === undefined || content === null) return ''
  if (typeof content === 'string') return content
  const onlyTexts = Array.isArray(content) && blocksOf(content).every(({ type }) => type === 'text')
  return onlyTexts ? textOf(content) : jsonText(content)
}
