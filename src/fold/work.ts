/** How tool calls, failures, checkpoints and observations change state. */
import { limits } from '../kernel/limits.ts'
import { grow } from './growth.ts'
import { noteServerUse } from './knowledge.ts'
import { countingKey, note, type Recipes } from './recipe.ts'
import type { OpenCall, SessionState } from './state.ts'

export const workRecipes: Pick<
  Recipes,
  | 'tool.called'
  | 'tool.began'
  | 'tool.returned'
  | 'call.retried'
  | 'call.failed'
  | 'checkpoint.created'
  | 'checkpoint.archived'
  | 'observation.recorded'
> = {
  'tool.called': (state, { data, time, version }) => {
    grow(state, 'toolInputs', data.input?.bytes)
    noteServerUse(state, data.name, time, version)
    const writes = data.writes === true ? (data.target ?? null) : null
    const early = state.earlyResults.indexOf(data.toolCallId)
    if (early >= 0) {
      state.earlyResults.splice(early, 1)
      // How it ended is not known any more; most calls end well.
      if (writes !== null) noteFile(state, writes, time, version)
      return
    }
    if (!Object.hasOwn(state.openCalls, data.toolCallId)) state.openCallCount += 1
    state.openCalls[data.toolCallId] = {
      name: data.name,
      version,
      time,
      childSessionId: data.childSessionId ?? null,
      begunAt: null,
      writes,
    }
    forgetOldest(state)
  },
  'tool.began': (state, { data, time }) => {
    state.toolBegins += 1
    const open = openCallOf(state, data.toolCallId)
    if (open !== undefined) open.begunAt = time
  },
  'tool.returned': (state, { data, time, version }) => {
    grow(state, 'toolOutputs', data.output?.bytes)
    const open = openCallOf(state, data.toolCallId)
    if (open !== undefined) {
      if (open.writes !== null && data.outcome === 'ok') noteFile(state, open.writes, time, version)
      delete state.openCalls[data.toolCallId]
      state.openCallCount -= 1
      return
    }
    state.earlyResults.push(data.toolCallId)
    if (state.earlyResults.length > limits.earlyResultsMax) state.earlyResults.shift()
  },
  'call.retried': (state, { data }) => {
    state.failures.retries += 1
    state.failures.last = data.reason
  },
  'call.failed': (state, { data, time, version }) => {
    state.failures.givenUp += 1
    state.failures.last = data.reason
    note(state, version, time, `model call failed: ${data.reason}`)
  },
  'checkpoint.created': (state, { data, time, version }) => {
    state.checkpoints.push({
      id: data.checkpointId,
      version: data.version,
      time,
      trigger: data.trigger,
      reason: data.reason ?? null,
      phase: data.phase ?? null,
      gitHead: data.gitHead ?? null,
      gitBranch: data.gitBranch ?? null,
      gitDirty: data.gitDirty ?? null,
      usedTokens: state.window.usedTokens,
      availableTokens: state.window.availableTokens,
      archived: false,
    })
    if (state.checkpoints.length > limits.checkpointsListedMax) state.checkpoints.shift()
    state.checkpointCount += 1
    note(state, version, time, `checkpoint ${data.checkpointId} (${data.trigger})`)
  },
  'checkpoint.archived': (state, { data, time, version }) => {
    for (const checkpoint of state.checkpoints) {
      if (data.checkpointIds.includes(checkpoint.id)) checkpoint.archived = true
    }
    note(state, version, time, `${data.checkpointIds.length} checkpoints archived`)
  },
  'observation.recorded': (state, { data }) => {
    const key = countingKey(state.observations, data.kind, limits.observationKindsMax)
    state.observations[key] = (state.observations[key] ?? 0) + 1
  },
}

function openCallOf({ openCalls }: SessionState, toolCallId: string): OpenCall | undefined {
  return Object.hasOwn(openCalls, toolCallId) ? openCalls[toolCallId] : undefined
}

/** A file was written: it is named last, and once. */
function noteFile({ talk }: SessionState, path: string, time: string, version: number): void {
  talk.files = talk.files.filter((file) => file.path !== path)
  talk.files.push({ path, version, time })
  if (talk.files.length > limits.recentFilesMax) talk.files.shift()
}

/**
 * Holds open calls to their bound. The older half gives way at once, so that a session whose calls never end pays for it
 * rarely. By version, because keys of a state that was stored stand in another order.
 */
function forgetOldest(state: SessionState): void {
  if (state.openCallCount <= limits.openCallsMax) return
  const oldestFirst = Object.entries(state.openCalls).sort(([, a], [, b]) => a.version - b.version)
  const forgotten = oldestFirst.slice(0, Math.ceil(limits.openCallsMax / 2))
  for (const [toolCallId] of forgotten) delete state.openCalls[toolCallId]
  state.openCallCount -= forgotten.length
  state.forgottenCalls += forgotten.length
}
