/** What the model wrote: texts, thoughts, tool calls; and calls that failed for good. */

import { contentOf, oneLine } from '../../events/content.ts'
import { bounds } from '../bounds.ts'
import { idOf, jsonText, modelOf } from '../text.ts'
import { rememberAgentCall } from './agents.ts'
import { tellWaitingBoundary } from './compaction.ts'
import { keepNewest, type Scene, say } from './memory.ts'
import { rememberPlan, settlePlan } from './plans.ts'
import { type Block, blocksOf, textOf } from './shape.ts'
import { targetOfCall } from './targets.ts'
import { rememberTaskInput } from './tasks.ts'
import { readToolResult } from './tools.ts'
import { closeCall, readUsage, syntheticModel } from './usage.ts'

/** An assistant's line: usually one block of a reply. */
export function readAssistant(scene: Scene): void {
  const { entry, talk } = scene
  const { message } = entry
  tellWaitingBoundary(scene)
  settlePlan(scene, false)
  talk.returning = false
  if (message === undefined) return
  if (message.model === syntheticModel || entry.isApiErrorMessage === true) {
    readSynthetic(scene)
    return
  }
  readUsage(scene, message)
  if (entry.forkedFrom !== undefined) return
  for (const [index, block] of blocksOf(message.content).entries()) readBlock(scene, block, index)
}

/** Lines the tool wrote in the model's name. One that reports an error is a call given up; the others say nothing. */
function readSynthetic(scene: Scene): void {
  const { entry, talk, key } = scene
  if (entry.isApiErrorMessage !== true) return
  closeCall(talk, scene.steps)
  const detail = oneLine(textOf(entry.message?.content))
  const reason = typeof entry.error === 'string' && entry.error !== '' ? oneLine(entry.error) : 'api error'
  say(scene, `${key}/failed`, { type: 'call.fail', reason, ...(detail === '' ? {} : { detail }) })
}

type BlockReader = (scene: Scene, block: Block, index: number) => void

const blockReaders: Readonly<Record<string, BlockReader>> = {
  text: (scene, block, index) => tellReply(scene, 'text', block.text, index),
  thinking: (scene, block, index) => tellReply(scene, 'thinking', block.thinking, index),
  tool_use: tellToolCall,
  server_tool_use: tellToolCall,
  advisor_tool_result: (scene, block, index) => readToolResult(scene, block, index),
  web_search_tool_result: (scene, block, index) => readToolResult(scene, block, index),
  tool_result: (scene, block, index) => readToolResult(scene, block, index),
  fallback: (scene, block, index) => {
    const detail = `the provider fell back to ${modelOf(block.to?.model)}`
    say(scene, `${scene.key}/fallback/${index}`, {
      type: 'observation.record',
      kind: 'model-fallback',
      detail,
    })
  },
}

function readBlock(scene: Scene, block: Block, index: number): void {
  const type = block.type ?? ''
  if (Object.hasOwn(blockReaders, type)) blockReaders[type]?.(scene, block, index)
}

function tellReply(scene: Scene, kind: 'text' | 'thinking', text: string | undefined, index: number): void {
  if (text === undefined || text.trim() === '') return
  const content = contentOf(text)
  const callId = idOf(scene.entry.message?.id)
  const called = callId === null ? {} : { callId }
  say(
    scene,
    `${scene.key}/${kind}/${index}`,
    { type: 'reply.record', kind, content: content.ref, ...called },
    [content],
  )
}

/** A call without an id could never be closed: it is noted, not opened. */
function tellToolCall(scene: Scene, block: Block, index: number): void {
  const { key, line, talk } = scene
  const toolCallId = idOf(block.id)
  const name = oneLine(block.name ?? '') || 'unknown'
  const input = contentOf(jsonText(block.input ?? {}))
  if (toolCallId === null) {
    const kind = 'tool-call-without-id'
    say(
      scene,
      `${key}/call/${index}`,
      { type: 'observation.record', kind, detail: name, content: input.ref, line },
      [input],
    )
    return
  }
  const call = { type: 'tool.call', toolCallId, name, input: input.ref } as const
  say(scene, `call/${toolCallId}`, { ...call, ...targetOfCall(name, block.input) }, [input])
  rememberTaskInput(talk, toolCallId, name, block.input)
  if (name === 'ExitPlanMode') {
    keepNewest(talk.planCalls, toolCallId, bounds.taskInputsMax)
    rememberPlan(scene, toolCallId, block.input)
  }
  if (name === 'Task' || name === 'Agent') rememberAgentCall(scene, toolCallId, block.input)
}
