/** Sub-agents as their parent sees them: which call began which session, and how it ended. */

import { contentOf, oneLine } from '../../events/content.ts'
import { bounds } from '../bounds.ts'
import { digest, importedSessionId } from '../step.ts'
import { idOf } from '../text.ts'
import { keepNewest, type Scene, say } from './memory.ts'
import type { ToolResult } from './shape.ts'

/** The session of an agent, named by its parent's id and its own: the parent's id alone names several logs. */
export function agentSessionId(parentNativeId: string, agentId: string): string {
  return importedSessionId('claude-code', `${parentNativeId}/agent-${agentId}`)
}

/** How users know an agent. */
export function agentNativeId(agentId: string): string {
  return oneLine(`agent-${agentId}`)
}

/** A tool's result that names an agent: started in the background, or finished. */
export function tellAgent(scene: Scene, toolCallId: string, result: ToolResult): void {
  const agentId = result.agentId ?? result.agent_id
  if (agentId === undefined) return
  const status = oneLine(result.status ?? 'completed', 60)
  linkAgent(scene, toolCallId, agentId, status)
}

/** An agent's messages, streamed into its parent's file: they only link, their usage is in the agent's own file. */
export function readAgentProgress(scene: Scene): void {
  const { data, parentToolUseID } = scene.entry
  const toolCallId = idOf(parentToolUseID)
  if (data?.agentId === undefined || toolCallId === null) return
  linkAgent(scene, toolCallId, data.agentId, 'running')
}

function linkAgent(scene: Scene, toolCallId: string, agentId: string, status: string): void {
  const child = agentSessionId(scene.memory.family, agentId)
  const detail = oneLine(`${toolCallId} ${status} ${agentNativeId(agentId)} ${child}`)
  say(scene, `agent/${toolCallId}/${agentId}/${status}`, {
    type: 'observation.record',
    kind: 'agent',
    detail,
  })
}

export function rememberAgentCall(scene: Scene, toolCallId: string, input: unknown): void {
  const prompt: unknown =
    typeof input === 'object' && input !== null ? Reflect.get(input, 'prompt') : undefined
  if (typeof prompt !== 'string') return
  keepNewest(scene.memory.agentCalls, { id: toolCallId, prompt: digest(prompt.trim()) }, bounds.taskInputsMax)
}

/** A run inside the file is told what some call said: that call began it. */
export function linkByPrompt(scene: Scene, prompt: string): void {
  const { memory, talk } = scene
  if (talk.sessionId === memory.sessionId) return
  const call = memory.agentCalls.find((other) => other.prompt === digest(prompt.trim()))
  if (call === undefined) return
  memory.agentCalls = memory.agentCalls.filter((other) => other !== call)
  const detail = `${call.id} running ${talk.sessionId}`
  const intent = { type: 'observation.record', kind: 'agent', detail } as const
  say({ ...scene, talk: memory.main }, `agent/${call.id}/${talk.sessionId}`, intent)
}

const tag = (name: string): RegExp => new RegExp(`<${name}>([\\s\\S]*?)</${name}>`)
const notificationTags = {
  taskId: tag('task-id'),
  toolUseId: tag('tool-use-id'),
  status: tag('status'),
  summary: tag('summary'),
}

export function isNotification(text: string): boolean {
  return text.startsWith('<task-notification>')
}

/** Work in the background has ended. The same notice is queued, attached and delivered: it is one. */
export function tellNotification(scene: Scene, text: string): void {
  const found = (key: keyof typeof notificationTags): string =>
    notificationTags[key].exec(text)?.[1]?.trim() ?? ''
  const [taskId, status, summary] = [found('taskId'), found('status'), found('summary')]
  const detail = oneLine([taskId, status, summary].filter((part) => part !== '').join(' '))
  const key = taskId === '' ? `${scene.key}/notice` : `notice/${taskId}/${status}/${found('toolUseId')}`
  const content = contentOf(text)
  const intent = {
    type: 'observation.record',
    kind: 'background-work-ended',
    detail,
    content: content.ref,
  } as const
  say(scene, key, intent, [content])
}
