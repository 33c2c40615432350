/** How usage, gauge, compactions and model switches change state. */

import type { WindowSource } from '../events/session.ts'
import type { Counted } from '../events/shapes.ts'
import { limits } from '../kernel/limits.ts'
import { interruptGrowth, learn, noteCut } from './growth.ts'
import { countingKey, note, type Recipes } from './recipe.ts'
import { noUsage, type SessionState } from './state.ts'

export const usageRecipes: Pick<
  Recipes,
  | 'usage.recorded'
  | 'context.measured'
  | 'context.compacted'
  | 'model.switched'
  | 'budget.phase-changed'
  | 'budget.forecasted'
  | 'budget.allocation-overrun'
  | 'budget.allocation-relieved'
> = {
  'usage.recorded': (state, event) => {
    const { data } = event
    add(state.usage, data.counted)
    if (data.elsewhere !== undefined) add(state.usage.inherited, data.elsewhere)
    const key = countingKey(state.usage.byModel, data.model, limits.modelsCountedMax)
    let ofModel = state.usage.byModel[key]
    if (ofModel === undefined) {
      ofModel = noUsage()
      state.usage.byModel[key] = ofModel
    }
    add(ofModel, data.counted)
    if (data.estimated === true) state.usage.estimatedCalls += data.counted.calls
    if (data.window !== null) {
      learn(state, data.window, event)
      setGauge(state, data.window)
      state.model = data.model
    }
  },
  'context.measured': (state, event) => {
    learn(state, event.data.window, event)
    setGauge(state, event.data.window)
  },
  'context.compacted': (state, { data, time, version }) => {
    if (data.kind === 'full') state.compactions += 1
    interruptGrowth(state)
    if (data.summary !== undefined) state.talk.summary = { version, time, content: data.summary }
    if (data.window !== null) setGauge(state, data.window)
    if (data.window !== null && data.kind === 'full') noteCut(state)
    note(state, version, time, `context compacted (${data.kind}, ${data.trigger})`)
  },
  'model.switched': (state, { data, time, version }) => {
    state.model = data.model
    interruptGrowth(state)
    setGauge(state, data.window)
    note(state, version, time, `model ${data.from ?? 'unknown'} → ${data.model}`)
  },
  'budget.phase-changed': (state, { data, time, version }) => {
    state.window.phase = data.to
    state.window.phaseSince = version
    note(state, version, time, `budget ${data.from} → ${data.to} at ${data.percent.toFixed(1)} %`)
  },
  'budget.forecasted': (state, { data, version }) => {
    state.growth.forecast = data.forecast === null ? null : { ...data.forecast, version }
  },
  'budget.allocation-overrun': ({ context }, { data }) => {
    const added = data.allocations.map(({ name }) => name).filter((name) => !context.overrun.includes(name))
    if (added.length > 0) context.overrun = [...new Set([...context.overrun, ...added])].sort()
  },
  'budget.allocation-relieved': ({ context }, { data }) => {
    context.overrun = context.overrun.filter((name) => !data.names.includes(name))
  },
}

interface Reading {
  readonly totalTokens: number
  readonly source: WindowSource
  readonly usedTokens: number
  readonly estimated: boolean
}

/** Sets the gauge; an estimate moves the reading and never the peak. */
function setGauge(state: SessionState, reading: Reading): void {
  const window = state.window
  window.totalTokens = reading.totalTokens
  window.totalSource = reading.source
  window.usedTokens = reading.usedTokens
  window.availableTokens = Math.max(0, reading.totalTokens - reading.usedTokens)
  window.percent = (reading.usedTokens * 100) / reading.totalTokens
  window.estimated = reading.estimated
  if (!reading.estimated && reading.usedTokens > window.peakTokens) window.peakTokens = reading.usedTokens
}

export function add(total: Counted, part: Counted): void {
  total.calls += part.calls
  total.inputTokens += part.inputTokens
  total.outputTokens += part.outputTokens
  total.cacheReadTokens += part.cacheReadTokens
  total.cacheCreationTokens += part.cacheCreationTokens
}
