/**
 * Model calls. Every block of a reply is a line of its own, and each repeats the call's usage: the lines of a call are
 * put together by its id, field by field the highest, and told once. A line that comes later and counts more is a
 * correction.
 */
import type { Command } from '../../events/commands.ts'
import type { Counters } from '../../events/shapes.ts'
import { bounds } from '../bounds.ts'
import type { Step } from '../step.ts'
import { idOf, madeId, modelOf, tokensOf } from '../text.ts'
import { type Call, keepNewest, type Scene, say, type Talk } from './memory.ts'
import { iterationsOf, type Message } from './shape.ts'

type Usage = NonNullable<Message['usage']>

/** The model name of lines that the tool wrote itself: no call was made for them. */
export const syntheticModel = '<synthetic>'

const counterKinds = ['inputTokens', 'outputTokens', 'cacheReadTokens', 'cacheCreationTokens'] as const

/** Takes up the usage of an assistant's line. */
export function readUsage(scene: Scene, message: Message): void {
  const { talk, entry } = scene
  if (message.usage === undefined || message.model === syntheticModel) return
  const id = callIdOf(scene, message)
  if (talk.openCall !== id) closeCall(talk, scene.steps)
  const counters = countersOf(message.usage)
  const known = talk.calls.find((call) => call.id === id)
  const contextTokens = contextOf(message.usage)
  const settled = message.stop_reason !== undefined
  talk.openCall = id
  if (known !== undefined) {
    known.counters = highest(known.counters, counters)
    known.contextTokens = Math.max(known.contextTokens, contextTokens)
    known.settled ||= settled
    known.advisor ??= advisorOf(message.usage)
    known.time = scene.time
    known.line = scene.line
    return
  }
  const inherited = entry.forkedFrom !== undefined
  const model = modelOf(message.model)
  if (!inherited) followModel(scene, model, id)
  const { time, line } = scene
  const advisor = advisorOf(message.usage)
  const call: Call = {
    id,
    model,
    counters,
    contextTokens,
    settled,
    reported: null,
    inherited,
    advisor,
    time,
    line,
  }
  keepNewest(talk.calls, call, bounds.messagesMax)
}

/** The id that the lines of a call share; one that events do not accept is known by its hash. */
function callIdOf(scene: Scene, message: Message): string {
  const { requestId, uuid } = scene.entry
  const written = [message.id, requestId, uuid].find((id) => id !== undefined && id !== '')
  return idOf(written) ?? madeId('call', written ?? `${scene.talk.sessionId}/${scene.key}`)
}

/** A call of another model than the one before: the session has switched. */
function followModel(scene: Scene, model: string, callId: string): void {
  const { talk } = scene
  if (talk.model !== null && talk.model !== model)
    say(scene, `model/${callId}`, { type: 'model.switch', model, observed: true })
  talk.model = model
}

/** Tells the call whose lines have been read, or by how much it has grown since it was told. */
export function closeCall(talk: Talk, steps: Step[]): void {
  const call = talk.calls.find(({ id }) => id === talk.openCall)
  talk.openCall = null
  if (call === undefined) return
  const { reported, counters, time, line } = call
  if (reported !== null && counterKinds.every((kind) => counters[kind] === reported[kind])) return
  const key = `usage/${call.id}/${counterKinds.map((kind) => counters[kind]).join('.')}`
  const { sessionId } = talk
  steps.push({ sessionId, key, time, line, intent: usageOf(call), contents: [] })
  if (call.advisor !== null && reported === null) {
    const { model, inputTokens, outputTokens } = call.advisor
    const detail = `${model}: ${inputTokens} in, ${outputTokens} out`
    const intent: Command = { type: 'observation.record', kind: 'advisor-usage', detail, line }
    steps.push({ sessionId, key: `advisor/${call.id}`, time, line, intent, contents: [] })
  }
  call.reported = counters
}

function usageOf(call: Call): Command {
  const { id, model, counters, contextTokens, settled, inherited } = call
  const sum = counters.inputTokens + counters.cacheReadTokens + counters.cacheCreationTokens
  return {
    type: 'usage.record',
    callId: id,
    model,
    ...counters,
    ...(contextTokens === sum ? {} : { contextTokens }),
    ...(settled ? {} : { estimated: true }),
    ...(inherited ? { inherited: true } : { countedOnceIn: 'home' as const }),
  }
}

function countersOf(usage: Usage): Counters {
  return {
    inputTokens: tokensOf(usage.input_tokens),
    outputTokens: tokensOf(usage.output_tokens),
    cacheReadTokens: tokensOf(usage.cache_read_input_tokens),
    cacheCreationTokens: tokensOf(usage.cache_creation_input_tokens),
  }
}

function highest(a: Counters, b: Counters): Counters {
  return {
    inputTokens: Math.max(a.inputTokens, b.inputTokens),
    outputTokens: Math.max(a.outputTokens, b.outputTokens),
    cacheReadTokens: Math.max(a.cacheReadTokens, b.cacheReadTokens),
    cacheCreationTokens: Math.max(a.cacheCreationTokens, b.cacheCreationTokens),
  }
}

/**
 * What the window held. A reply that asked an advisor is several calls in one: its usage is their sum, and the window
 * is that of the last one.
 */
function contextOf(usage: Usage): number {
  const last = iterationsOf(usage).findLast(({ type }) => type === 'message') ?? usage
  const { inputTokens, cacheReadTokens, cacheCreationTokens } = countersOf(last)
  return tokensOf(inputTokens + cacheReadTokens + cacheCreationTokens)
}

/** The advisor's tokens are in no counter of the reply: they are told apart, and counted nowhere. */
function advisorOf(usage: Usage): Call['advisor'] {
  const advisor = iterationsOf(usage).find(({ type }) => type === 'advisor_message')
  if (advisor === undefined) return null
  const { inputTokens, cacheReadTokens, cacheCreationTokens, outputTokens } = countersOf(advisor)
  return {
    model: modelOf(advisor.model),
    inputTokens: inputTokens + cacheReadTokens + cacheCreationTokens,
    outputTokens,
  }
}
