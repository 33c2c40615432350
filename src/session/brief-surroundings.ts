/** What a brief tells beside state: what the log says around the last words, and the session that this one continues. */
import { isKnown, type LoggedEvent } from '../events/envelope.ts'
import type { ReadonlyState } from '../fold/state.ts'
import { WaymarkError } from '../kernel/errors.ts'
import { limits } from '../kernel/limits.ts'
import type { EventLog } from '../log/port.ts'
import { loadState } from '../replay/load.ts'
import type { Pointer, Predecessor, Since, Surroundings } from '../views/brief/source.ts'

/** Open calls whose target is looked up, the newest ones. */
const targetsMax = 10

export async function surroundingsOf(log: EventLog, state: ReadonlyState): Promise<Required<Surroundings>> {
  return {
    predecessor: state.talk.summary === null ? await predecessorOf(log, state) : null,
    answered: await answeredReply(log, state),
    since: await sinceLastReply(log, state),
    targets: await targetsOfOpenCalls(log, state),
  }
}

/** What a brief goes on without: a record that is not there, damaged, or of an unknown kind. */
export function isUnreadable(error: unknown): boolean {
  const codes = ['DAMAGED_RECORD', 'SESSION_NOT_FOUND', 'UNKNOWN_EVENT', 'VERSION_NOT_FOUND']
  return error instanceof WaymarkError && codes.includes(error.code)
}

/** The session that this one continues, as far as this one continues it, if it is at hand and sound. A fork has what its parent knew in its own state. */
async function predecessorOf(
  log: EventLog,
  { continuesSessionId, continuesVersion }: ReadonlyState,
): Promise<Predecessor | null> {
  if (continuesSessionId === null) return null
  try {
    const { state } = await loadState(log, continuesSessionId, continuesVersion ?? undefined)
    return { sessionId: continuesSessionId, state }
  } catch (error) {
    if (isUnreadable(error)) return null
    throw error
  }
}

/**
 * The reply that the last prompt followed, where so much was said since that state no longer points to it: `yes, do it` says
 * nothing without what it answers.
 */
async function answeredReply(log: EventLog, { sessionId, talk }: ReadonlyState): Promise<Pointer | null> {
  const prompt = talk.prompts.at(-1)
  if (prompt === undefined || talk.replies.some(({ version }) => version < prompt.version)) return null
  let found: Pointer | null = null
  await eachEvent(log, sessionId, prompt.version - limits.pageEventsMax, prompt.version, (event) => {
    if (!isKnown(event) || event.type !== 'reply.recorded' || event.data.kind !== 'text') return
    found = { version: event.version, time: event.time, content: event.data.content }
  })
  return found
}

/** The calls that came after the last reply in words, and the last failure of a model call among them. */
async function sinceLastReply(log: EventLog, { sessionId, talk, version }: ReadonlyState): Promise<Since> {
  const from = Math.max(talk.replies.at(-1)?.version ?? 0, talk.prompts.at(-1)?.version ?? 0)
  const calls = new Map<string, Since['calls'][number]>()
  let failure: string | null = null
  await eachEvent(log, sessionId, Math.max(from, version - limits.pageEventsMax), version, (event) => {
    if (!isKnown(event)) return
    if (event.type === 'tool.called') {
      calls.set(event.data.toolCallId, { name: event.data.name, target: targetOf(event.data), outcome: null })
    } else if (event.type === 'tool.returned') {
      const call = calls.get(event.data.toolCallId)
      if (call !== undefined) calls.set(event.data.toolCallId, { ...call, outcome: event.data.outcome })
    } else if (event.type === 'call.failed') {
      failure = [event.data.reason, event.data.detail].filter((text) => text !== undefined).join(': ')
    }
  })
  return { calls: [...calls.values()], failure }
}

async function targetsOfOpenCalls(
  log: EventLog,
  { sessionId, openCalls }: ReadonlyState,
): Promise<ReadonlyMap<string, string>> {
  const newest = Object.values(openCalls)
    .map(({ version }) => version)
    .sort((a, b) => b - a)
    .slice(0, targetsMax)
  const targets = new Map<string, string>()
  for (const version of newest) {
    await eachEvent(log, sessionId, version - 1, version, (event) => {
      if (!isKnown(event) || event.type !== 'tool.called') return
      const target = targetOf(event.data)
      if (target !== null) targets.set(event.data.toolCallId, target)
    })
  }
  return targets
}

function targetOf(call: {
  readonly target?: string | undefined
  readonly input?: { readonly preview: string } | undefined
}): string | null {
  return call.target ?? call.input?.preview ?? null
}

async function eachEvent(
  log: EventLog,
  sessionId: string,
  after: number,
  to: number,
  look: (event: LoggedEvent) => void,
): Promise<void> {
  try {
    for await (const page of log.read(sessionId, { after: Math.max(0, after), to })) page.forEach(look)
  } catch (error) {
    if (!isUnreadable(error)) throw error
  }
}
