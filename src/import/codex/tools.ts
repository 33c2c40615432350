/** Tool calls and what came back; whether a command failed stands in its output, and in an event beside it. */
import type { Command } from '../../events/commands.ts'
import { contentOf, oneLine } from '../../events/content.ts'
import { bounds } from '../bounds.ts'
import { importedSessionId } from '../step.ts'
import { changeOfList } from '../task-list.ts'
import { idOf, jsonText, madeId } from '../text.ts'
import { type Scene, say } from './memory.ts'
import { field, jsonIn, partsText, planOf } from './shape.ts'
import { targetOfCall, targetOfSearch } from './targets.ts'

export function readCall(scene: Scene): void {
  const { memory, payload, time } = scene
  const toolCallId = idOf(payload.call_id ?? payload.id)
  const name = oneLine(payload.name ?? payload.type ?? '') || 'unknown'
  const input = payload.arguments ?? payload.input ?? payload.action ?? {}
  const content = contentOf(typeof input === 'string' ? input : jsonText(input))
  if (toolCallId === null) {
    const kind = 'tool-call-without-id'
    const key = `call/${time}/${content.ref.hash}`
    say(scene, key, { type: 'observation.record', kind, detail: name, content: content.ref }, [content])
    return
  }
  const call = { type: 'tool.call', toolCallId, name, input: content.ref } as const
  say(scene, `call/${toolCallId}`, { ...call, ...targetOfCall(name, input) }, [content])
  if (name === 'update_plan') rememberPlan(scene, toolCallId, jsonIn(input))
  if (name === 'spawn_agent')
    memory.spawnCalls = [...memory.spawnCalls, toolCallId].slice(-bounds.taskInputsMax)
}

/** A search of the web is one item: it is called and has returned. */
export function readWebSearch(scene: Scene): void {
  const { payload, time } = scene
  const content = contentOf(jsonText(payload.action ?? {}))
  const toolCallId =
    idOf(payload.call_id ?? payload.id) ?? madeId('web-search', `${time}-${content.ref.hash.slice(0, 12)}`)
  const call = { type: 'tool.call', toolCallId, name: 'web_search', input: content.ref } as const
  say(scene, `call/${toolCallId}`, { ...call, ...targetOfSearch(payload.action) }, [content])
  if (payload.status !== 'completed' && payload.status !== 'failed') return
  const outcome = payload.status === 'completed' ? 'ok' : 'error'
  say(scene, `return/${toolCallId}`, { type: 'tool.return', toolCallId, outcome })
}

function rememberPlan(scene: Scene, id: string, input: unknown): void {
  const steps = planOf(input)
  if (steps === null) return
  const { memory } = scene
  const items = steps.slice(0, bounds.listItemsMax).map(({ step, status }) => {
    return { id: null, text: oneLine(step, bounds.itemCharactersMax), status }
  })
  memory.planCalls = [...memory.planCalls, { id, items }].slice(-bounds.taskInputsMax)
}

export function readOutput(scene: Scene): void {
  const { memory, payload } = scene
  const toolCallId = idOf(payload.call_id)
  const text = outputTextOf(payload.output)
  if (toolCallId === null) {
    tellLooseOutput(scene, text)
    return
  }
  const outcome = memory.failedCalls.includes(toolCallId) ? 'error' : outcomeOf(text)
  memory.failedCalls = memory.failedCalls.filter((id) => id !== toolCallId)
  const content = contentOf(text)
  const command: Command = {
    type: 'tool.return',
    toolCallId,
    outcome,
    ...(text === '' ? {} : { output: content.ref }),
  }
  say(scene, `return/${toolCallId}`, command, text === '' ? [] : [content])
  const plan = memory.planCalls.find(({ id }) => id === toolCallId)
  memory.planCalls = memory.planCalls.filter(({ id }) => id !== toolCallId)
  if (plan !== undefined && outcome === 'ok') tellPlan(scene, plan.id, plan.items)
  if (memory.spawnCalls.includes(toolCallId)) tellSpawn(scene, toolCallId, field(jsonIn(text), 'agent_id'))
}

/** An output without an id closes no call: it is noted. */
function tellLooseOutput(scene: Scene, text: string): void {
  const content = contentOf(text)
  const { line, time } = scene
  const kind = 'tool-result-without-id'
  const intent = { type: 'observation.record', kind, content: content.ref, line } as const
  say(scene, `return/${time}/${content.ref.hash}`, intent, [content])
}

function tellPlan(scene: Scene, callId: string, items: Scene['memory']['planCalls'][number]['items']): void {
  const { memory } = scene
  const change = changeOfList('plan', memory.plan, items)
  memory.plan = change.items
  for (const [index, intent] of change.intents.entries()) say(scene, `plan/${callId}/${index}`, intent)
}

function outputTextOf(output: unknown): string {
  if (typeof output === 'string') return output
  if (output === undefined || output === null) return ''
  const parts = partsText(output)
  const inner = field(output, 'content')
  if (parts !== '') return parts
  return typeof inner === 'string' ? inner : jsonText(output)
}

type Outcome = Extract<Command, { type: 'tool.return' }>['outcome']

/** How outputs tell of failures, in the order they are looked for. Looked at is only what stands before the output itself. */
const outcomes: readonly (readonly [RegExp, Outcome])[] = [
  [/^(?:exec command )?rejected by user|^patch rejected by user/i, 'denied'],
  [/^aborted by user|^aborted$/i, 'interrupted'],
  [/^(?:.*\n)*?Process exited with code (?!0\b)-?\d+/, 'error'],
  [/^Exit code: (?!0\b)-?\d+/, 'error'],
  [/^apply_patch verification failed|^collab spawn failed|^failed to parse function arguments/, 'error'],
]

function outcomeOf(text: string): Outcome {
  const [head = ''] = text.slice(0, 2_000).split(/\nOutput:/)
  const exitCode = text.startsWith('{"output"')
    ? field(field(jsonIn(text), 'metadata'), 'exit_code')
    : undefined
  if (typeof exitCode === 'number' && exitCode !== 0) return 'error'
  return outcomes.find(([sign]) => sign.test(head))?.[1] ?? 'ok'
}

/** An event beside the output that says how the command went. */
export function readCommandEnd(scene: Scene): void {
  const { memory, payload } = scene
  const callId = idOf(payload.call_id)
  const failed = payload.success === false || payload.status === 'failed' || (payload.exit_code ?? 0) !== 0
  if (callId === null || !failed) return
  memory.failedCalls = [...memory.failedCalls, callId].slice(-bounds.failedCallsMax)
}

/** Which thread an agent's call began: told by an event, or by the call's own output. */
export function readSpawnEnd(scene: Scene): void {
  const { payload } = scene
  const callId = idOf(payload.call_id ?? payload.event_id)
  if (callId !== null) tellSpawn(scene, callId, payload.new_thread_id ?? payload.agent_thread_id)
}

function tellSpawn(scene: Scene, callId: string, threadId: unknown): void {
  if (typeof threadId !== 'string') return
  const detail = oneLine(`${callId} started ${threadId} ${importedSessionId('codex', threadId)}`)
  say(scene, `agent/${threadId}`, { type: 'observation.record', kind: 'agent', detail })
}
