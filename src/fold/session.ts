/** How session events and turns change state. */
import type { RecordedEvent } from '../events/envelope.ts'
import type { ConfigurationChange } from '../events/session.ts'
import { limits } from '../kernel/limits.ts'
import type { Handoff } from './branch-state.ts'
import { grow } from './growth.ts'
import { endHandoff, offerHandoff } from './handoff.ts'
import type { TextPointer } from './knowledge-state.ts'
import { dropCalls } from './open-calls.ts'
import { note, type Recipes } from './recipe.ts'
import { noUsage, type SessionState } from './state.ts'
import { add } from './usage.ts'

export const sessionRecipes: Pick<
  Recipes,
  | 'session.started'
  | 'session.described'
  | 'session.configured'
  | 'session.suspended'
  | 'session.resumed'
  | 'session.handed-off'
  | 'session.taken-over'
  | 'session.ended'
  | 'session.forked'
  | 'session.recovered'
  | 'prompt.submitted'
  | 'reply.recorded'
  | 'turn.completed'
  | 'turn.interrupted'
> = {
  'session.started': (state, { data, time, version }) => {
    state.startedAt = time
    state.model = data.model ?? null
    state.window.totalTokens = data.window.totalTokens
    state.window.totalSource = data.window.source
    state.window.availableTokens = data.window.totalTokens
    configure(state, data.configuration)
    state.tool = data.tool ?? null
    state.nativeId = data.nativeId ?? null
    state.parentSessionId = data.parentSessionId ?? null
    state.continuesSessionId = data.continuesSessionId ?? null
    state.continuesVersion = data.continuesVersion ?? null
    state.holder = data.agent ?? null
    describe(state, data)
    note(state, version, time, 'session started')
  },
  'session.described': (state, { data }) => describe(state, data),
  'session.configured': (state, { data }) => {
    configure(state, data.configuration)
  },
  'session.suspended': (state, { data, time, version }) => {
    state.status = 'suspended'
    note(state, version, time, `session suspended${data.reason === undefined ? '' : `: ${data.reason}`}`)
  },
  'session.resumed': (state, { time, version }) => {
    state.status = 'active'
    state.offeredTo = null
    state.endReason = null
    endHandoff(state, undefined, 'withdrawn', time)
    note(state, version, time, 'session resumed')
  },
  'session.handed-off': (state, { data, time, version }) => {
    state.status = 'handed_off'
    state.offeredTo = data.toAgent
    offerHandoff(state, offered(data, time, version))
    note(state, version, time, `session handed off to ${data.toAgent}`)
  },
  'session.taken-over': (state, { data, time, version }) => {
    state.status = 'active'
    state.epoch = data.epoch
    state.holder = data.agent
    state.offeredTo = null
    accept(state, data, time)
    note(state, version, time, `session taken over by ${data.agent}`)
  },
  'session.ended': (state, { data, time, version }) => {
    state.status = 'ended'
    state.endReason = data.reason ?? null
    state.offeredTo = null
    endHandoff(state, undefined, 'withdrawn', time)
    note(state, version, time, `session ended${data.reason === undefined ? '' : `: ${data.reason}`}`)
  },
  'session.forked': (state, { data, time, version }, opened) => {
    state.status = 'active'
    state.epoch = 1
    state.offeredTo = null
    state.endReason = null
    state.nativeId = null
    state.parentSessionId = data.parentSessionId
    state.forkedAt = data.parentVersion
    state.continuesSessionId = null
    state.continuesVersion = null
    state.startedAt = time
    state.handoffs = []
    state.recovery = null
    if (data.title !== undefined) state.title = data.title
    inheritUsage(state)
    dropCalls(state, opened)
    state.earlyResults = []
    note(state, version, time, `forked from ${data.parentSessionId} at version ${data.parentVersion}`)
  },
  'session.recovered': (state, { data, time, version }) => {
    state.status = 'active'
    state.recoveries += 1
    state.recoveredFrom = data.checkpointId
    if (state.recovery !== null && state.recovery.id === data.recoveryId) {
      state.recovery.status = 'recovered'
      state.recovery.endedAt = time
      const { notified } = data
      if (notified !== undefined) state.recovery.steps.push({ step: 'notify', ...notified, lines: [], time })
    }
    note(
      state,
      version,
      time,
      `recovered by ${data.from}, ${data.replayedEvents} events replayed, ${data.openCount} left open`,
    )
  },
  'prompt.submitted': (state, { data, time, version }) => {
    state.turns.prompts += 1
    grow(state, 'prompts', data.content.bytes)
    const pointer = { version, time, content: data.content }
    state.talk.firstPrompt ??= pointer
    keepNewest(state.talk.prompts, pointer, limits.recentPromptsMax)
  },
  'reply.recorded': (state, { data, time, version }) => {
    grow(state, 'replies', data.content.bytes)
    if (data.kind !== 'text') return
    keepNewest(state.talk.replies, { version, time, content: data.content }, limits.recentTextsMax)
  },
  'turn.completed': (state) => {
    state.turns.completed += 1
  },
  'turn.interrupted': (state, { time, version }) => {
    state.turns.interrupted += 1
    note(state, version, time, 'turn interrupted')
  },
}

/** Offers of a time when handoffs had no ids are named by their version. */
function offered(
  data: RecordedEvent<'session.handed-off'>['data'],
  offeredAt: string,
  version: number,
): Handoff {
  return {
    id: data.handoffId ?? `version-${version}`,
    fromAgent: data.fromAgent ?? null,
    toAgent: data.toAgent,
    status: 'offered',
    offeredAt,
    version,
    expiresAt: data.expiresAt ?? null,
    endedAt: null,
    reason: data.reason ?? null,
    content: data.content ?? null,
    epoch: null,
  }
}

function accept(
  state: SessionState,
  { handoffId, epoch }: RecordedEvent<'session.taken-over'>['data'],
  time: string,
): void {
  const handoff = state.handoffs.find(({ id, status }) =>
    handoffId === undefined ? status === 'offered' : id === handoffId,
  )
  if (handoff === undefined) return
  handoff.status = 'accepted'
  handoff.endedAt = time
  handoff.epoch = epoch
}

interface Description {
  readonly title?: string | undefined
  readonly cwd?: string | undefined
  readonly gitBranch?: string | undefined
  readonly toolVersion?: string | undefined
  readonly permissionMode?: string | undefined
}

function describe(state: SessionState, facts: Description): void {
  if (facts.title !== undefined) state.title = facts.title
  if (facts.cwd !== undefined) state.cwd = facts.cwd
  if (facts.gitBranch !== undefined) state.gitBranch = facts.gitBranch
  if (facts.toolVersion !== undefined) state.toolVersion = facts.toolVersion
  if (facts.permissionMode !== undefined) state.permissionMode = facts.permissionMode
}

function configure(state: SessionState, changes: ConfigurationChange | undefined): void {
  if (changes === undefined) return
  const stated = Object.entries(changes).filter(([, value]) => value !== undefined)
  state.configuration = { ...state.configuration, ...Object.fromEntries(stated) }
}

function keepNewest(pointers: TextPointer[], pointer: TextPointer, max: number): void {
  pointers.push(pointer)
  if (pointers.length > max) pointers.shift()
}

/** A fork starts to count at zero; what was spent before it is the parent's, and shown apart. */
function inheritUsage(state: SessionState): void {
  const inherited = { ...state.usage.inherited }
  add(inherited, state.usage)
  state.usage = { ...noUsage(), inherited, byModel: {}, estimatedCalls: 0 }
}
