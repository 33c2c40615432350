/** How tool calls, failures, checkpoints and observations change state. */
import { limits } from '../kernel/limits.ts'
import { grow } from './growth.ts'
import { noteServerUse } from './knowledge.ts'
import { closeCall, openCall, openCallOf } from './open-calls.ts'
import { countingKey, note, type Recipes } from './recipe.ts'
import type { SessionState } from './state.ts'

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
  'tool.called': (state, { data, time, version }, opened) => {
    grow(state, 'toolInputs', data.input?.bytes)
    noteServerUse(state, data.name, time, version)
    const writes = data.writes === true ? (data.target ?? null) : null
    // Mostly there are none, and no id is looked for.
    const early = state.earlyResults.length === 0 ? -1 : state.earlyResults.indexOf(data.toolCallId)
    if (early >= 0) {
      state.earlyResults.splice(early, 1)
      // How it ended is not known any more; most calls end well.
      if (writes !== null) noteFile(state, writes, time, version)
      return
    }
    openCall(state, opened, data.toolCallId, {
      name: data.name,
      version,
      time,
      childSessionId: data.childSessionId ?? null,
      begunAt: null,
      writes,
    })
  },
  'tool.began': (state, { data, time }, opened) => {
    state.toolBegins += 1
    const open = openCallOf(state, opened, data.toolCallId)
    if (open !== undefined) open.begunAt = time
  },
  'tool.returned': (state, event, opened) => {
    const { data } = event
    grow(state, 'toolOutputs', data.output?.bytes)
    const closed = closeCall(state, opened, data.toolCallId)
    if (closed !== undefined) {
      const { writes } = closed
      if (writes !== null && data.outcome === 'ok') noteFile(state, writes, event.time, event.version)
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

/** A file was written: it is named last, and once. */
function noteFile({ talk }: SessionState, path: string, time: string, version: number): void {
  const before = talk.files.findIndex((file) => file.path === path)
  if (before >= 0) talk.files.splice(before, 1)
  talk.files.push({ path, version, time })
  if (talk.files.length > limits.recentFilesMax) talk.files.shift()
}
