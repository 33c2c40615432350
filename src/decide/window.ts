/** How full the window is: from a reading to the gauge, the budget's phase, and the tasks it warns. */
import type { DecidedEvent } from '../events/catalogue.ts'
import type { SessionConfiguration, WindowSource } from '../events/session.ts'
import type { BudgetPhase } from '../events/usage.ts'
import { defaultWindowTokens, type ReadonlyState } from '../fold/state.ts'
import { allocationEvents } from './allocation.ts'
import { type DecisionContext, machinesOf } from './decision.ts'
import { isWarning } from './machines.ts'

/** Sizes that context windows come in; a reading above an assumed size means the next one that holds it. */
const windowSizes = [200_000, 500_000, 1_000_000, 2_000_000, 10_000_000] as const

export interface Gauge {
  readonly totalTokens: number
  readonly source: WindowSource
  readonly usedTokens: number
  readonly estimated: boolean
}

/** Names of models that say the size of their window: `claude-sonnet-4-5[1m]`. */
const namedSize = /\[(\d{1,4})([km])\]$/i

/** The window of a session that begins: stated by the caller, said by the model's name, or what most models have. */
export function firstWindow(
  statedTokens: number | undefined,
  model: string | undefined,
): { totalTokens: number; source: WindowSource } {
  if (statedTokens !== undefined) return { totalTokens: statedTokens, source: 'stated' }
  const [, number, unit] = namedSize.exec(model ?? '') ?? []
  const named = Number(number) * (unit?.toLowerCase() === 'm' ? 1_000_000 : 1_000)
  return { totalTokens: named >= 1 ? named : defaultWindowTokens, source: 'default' }
}

/**
 * The gauge after a reading. A size that is only assumed grows with a reading that does not fit;
 * one that was stated stays, and the window is shown as more than full.
 */
export function gaugeOf(
  state: ReadonlyState,
  usedTokens: number,
  statedTokens: number | undefined,
  estimated: boolean,
): Gauge {
  if (statedTokens !== undefined)
    return { totalTokens: statedTokens, source: 'stated', usedTokens, estimated }
  const { totalTokens, totalSource } = state.window
  const assumed = totalSource === 'default' || totalSource === 'learned'
  if (!assumed || estimated || usedTokens <= totalTokens) {
    return { totalTokens, source: totalSource, usedTokens, estimated }
  }
  const larger = windowSizes.find((size) => size >= usedTokens) ?? usedTokens
  return { totalTokens: larger, source: 'learned', usedTokens, estimated }
}

/**
 * A reserve as large as the window leaves nothing of it. Whoever set it did not know this window: it falls back to its share
 * of whatever the window is.
 */
export function reserveFallback(
  { reserveTokens }: Pick<SessionConfiguration, 'reserveTokens'>,
  windowTokens: number,
): readonly DecidedEvent[] {
  if (reserveTokens === null || reserveTokens < windowTokens) return []
  return [{ type: 'session.configured', data: { configuration: { reserveTokens: null } } }]
}

/**
 * What follows from a gauge or from new thresholds: the reserve's fallback, at most one change of phase, and the running tasks
 * it warns or relieves.
 * In every state, a running task is in `token_warning` exactly while the phase is warning or above. `runningTasks: false`
 * says that the batch has taken all running tasks out of their context before.
 */
export function consequences(
  state: ReadonlyState,
  gauge: Pick<Gauge, 'totalTokens' | 'usedTokens'>,
  context: DecisionContext,
  options: { readonly configuration?: SessionConfiguration; readonly runningTasks?: boolean } = {},
): readonly DecidedEvent[] {
  const asked = options.configuration ?? state.configuration
  const fallback = reserveFallback(asked, gauge.totalTokens)
  const configuration = fallback.length === 0 ? asked : { ...asked, reserveTokens: null }
  const from = state.window.phase
  const percent = (gauge.usedTokens * 100) / gauge.totalTokens
  const to = machinesOf(context).budget(from, percent, configuration)
  const { totalTokens, usedTokens } = gauge
  const allocation = allocationEvents(state, {
    totalTokens,
    usedTokens,
    reserveTokens: configuration.reserveTokens,
  })
  if (to === from) return [...fallback, ...allocation]
  const events: DecidedEvent[] = [...fallback, { type: 'budget.phase-changed', data: { from, to, percent } }]
  const tasks = options.runningTasks === false ? [] : tasksTouched(state, from, to)
  return [...events, ...tasks, ...allocation]
}

function tasksTouched(state: ReadonlyState, from: BudgetPhase, to: BudgetPhase): readonly DecidedEvent[] {
  if (isWarning(from) === isWarning(to)) return []
  const leaving = isWarning(to) ? 'in_progress' : 'token_warning'
  const taskIds = Object.values(state.tasks)
    .filter((task) => task.status === leaving)
    .map((task) => task.id)
    .sort()
  if (taskIds.length === 0) return []
  return [{ type: isWarning(to) ? 'task.warned' : 'task.relieved', data: { taskIds } }]
}
