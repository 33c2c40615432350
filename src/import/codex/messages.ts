/**
 * Prompts, replies and thoughts. Each is written twice: as an event for the screen and as an item of the conversation.
 * Whichever comes first is told, its twin is passed over. Items in the user's name that the tool put in are no prompts.
 */

import { contentOf } from '../../events/content.ts'
import { bounds } from '../bounds.ts'
import { readInstructions } from './instructions.ts'
import { type Scene, say, type Twin } from './memory.ts'
import { field, partsText } from './shape.ts'

const putIn = [/^\s*<[a-z_-]+[\s>]/i, /^# AGENTS\.md/]

export function readUserMessage(scene: Scene): void {
  const { message } = scene.payload
  if (typeof message === 'string') tell(scene, 'prompt', 'event', message)
}

export function readAgentMessage(scene: Scene): void {
  const { message } = scene.payload
  if (typeof message === 'string') tell(scene, 'text', 'event', message)
}

export function readAgentReasoning(scene: Scene): void {
  const { text } = scene.payload
  if (text !== undefined) tell(scene, 'thinking', 'event', text)
}

export function readMessageItem(scene: Scene): void {
  const { role, content, message } = scene.payload
  const text = partsText(withoutImages(content ?? message))
  if (role === 'user' || role === 'developer') readInstructions(scene, content ?? message)
  if (role === 'assistant') tell(scene, 'text', 'item', text)
  if (role === 'user' && !putIn.some((beginning) => beginning.test(text))) tell(scene, 'prompt', 'item', text)
}

/** An image in a prompt is written as a part of its own between two tags; the event beside it leaves them out. */
function withoutImages(content: unknown): unknown {
  if (!Array.isArray(content)) return content
  return content.filter((part: unknown) => !/^<\/?image\b[^>]*>$/.test(partsText([part]).trim()))
}

export function readReasoningItem(scene: Scene): void {
  const { summary } = scene.payload
  if (!Array.isArray(summary)) return
  for (const part of summary) {
    const text = field(part, 'text')
    if (typeof text === 'string') tell(scene, 'thinking', 'item', text)
  }
}

function tell(scene: Scene, kind: Twin['kind'], source: Twin['source'], text: string): void {
  if (text.trim() === '') return
  const { memory, time } = scene
  const content = contentOf(text)
  const hash = contentOf(text.trim()).ref.hash
  const twin = memory.twins.findIndex(
    (other) => other.kind === kind && other.source !== source && other.hash === hash,
  )
  if (twin >= 0) {
    memory.twins.splice(twin, 1)
    return
  }
  memory.twins.push({ kind, source, hash })
  if (memory.twins.length > bounds.twinsMax) memory.twins.shift()
  const key = `${kind}/${time}/${hash}`
  if (kind === 'prompt') say(scene, key, { type: 'prompt.submit', content: content.ref }, [content])
  else say(scene, key, { type: 'reply.record', kind, content: content.ref }, [content])
}
