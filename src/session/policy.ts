/**
 * Policies: what a session does of its own accord. A policy looks at what a command has changed and asks for further
 * commands; they are decided like anybody's and recorded with the actor `policy:<name>`, in the same transaction, so that
 * no crash comes between a cause and what follows from it. A policy is pure; replay never runs one.
 */
import type { Refusal } from '../decide/decision.ts'
import type { Command } from '../events/commands.ts'
import { type BudgetPhase, budgetPhases } from '../events/usage.ts'
import type { ReadonlyState } from '../fold/state.ts'
import {
  compressInEmergency,
  compressOnRecovery,
  discloseProgressively,
  preserveContext,
} from './context-policy.ts'

export interface Policy {
  /** Part of the actor's name and of the ids of its commands. */
  readonly name: string
  /** What follows from a command that was accepted. */
  follow(before: ReadonlyState, after: ReadonlyState): readonly Command[]
  /** What makes a command legal that was refused for an obligation alone. */
  fulfil?(state: ReadonlyState, refusal: Refusal): readonly Command[]
}

/** Whether the budget rose into a phase that is `least` or above. */
function roseTo(before: ReadonlyState, after: ReadonlyState, least: BudgetPhase): boolean {
  const [from, to] = [before, after].map(({ window }) => budgetPhases.indexOf(window.phase))
  return to !== undefined && from !== undefined && to > from && to >= budgetPhases.indexOf(least)
}

/** Takes a checkpoint when the budget rises into warning, and an emergency checkpoint above. */
export const checkpointOnBudget: Policy = {
  name: 'checkpoint-on-budget',
  follow: (before, after) => {
    if (!after.configuration.autoCheckpoint || !roseTo(before, after, 'warning')) return []
    const { phase, percent } = after.window
    const reason = `budget entered ${phase} at ${percent.toFixed(1)} %`
    return [{ type: 'checkpoint.create', trigger: phase === 'warning' ? 'budget' : 'emergency', reason }]
  },
}

/** Takes a checkpoint when the newest one, or the session's start, lies further back than checkpoints are to be apart. */
export const checkpointOnInterval: Policy = {
  name: 'checkpoint-on-interval',
  follow: (before, after) => {
    const { autoCheckpoint, checkpointIntervalMinutes } = after.configuration
    const isTaken =
      after.checkpointCount > before.checkpointCount ||
      after.forkedAt !== before.forkedAt ||
      roseTo(before, after, 'warning')
    if (!autoCheckpoint || isTaken || after.status !== 'active') return []
    const newest = after.checkpoints[after.checkpoints.length - 1]
    const since = newest?.time ?? after.startedAt
    if (since === null || after.lastEventAt === null) return []
    const minutes = (Date.parse(after.lastEventAt) - Date.parse(since)) / 60_000
    if (minutes < checkpointIntervalMinutes) return []
    const reason = `${Math.floor(minutes)} minutes since the one before`
    return [{ type: 'checkpoint.create', trigger: 'interval', reason }]
  },
}

/** Takes the checkpoint that a context switch, a model switch or a handoff relies on. */
export const checkpointBeforeSwitch: Policy = {
  name: 'checkpoint-before-switch',
  follow: () => [],
  fulfil: (state, { obligation, command }) => {
    if (obligation !== 'checkpoint' || !state.configuration.autoCheckpoint) return []
    return [
      {
        type: 'checkpoint.create',
        trigger: switchTriggers[command] ?? 'context-switch',
        reason: `before ${command}`,
      },
    ]
  },
}

const switchTriggers: Readonly<Partial<Record<Refusal['command'], string>>> = {
  'session.hand-off': 'handoff',
  'model.switch': 'model-switch',
}

/** Reports between two forecasts of one phase. */
const forecastEveryReports = 10

/** Above the monitoring threshold, records where the window is heading: at each phase, and from time to time within it. */
export const trackGrowth: Policy = {
  name: 'track-growth',
  follow: (before, after) => {
    if (before.window === after.window || after.window.phase === 'normal') return []
    const { forecast, samples } = after.growth
    const since = samples.filter(({ version }) => forecast === null || version > forecast.version).length
    const isDue = roseTo(before, after, 'monitoring') || since >= forecastEveryReports
    return isDue && samples.length > 0 ? [{ type: 'budget.forecast' }] : []
  },
}

/** What sessions do unless somebody says otherwise, in this order. */
export const standardPolicies: readonly Policy[] = [
  checkpointOnBudget,
  checkpointOnInterval,
  checkpointBeforeSwitch,
  trackGrowth,
  discloseProgressively,
  compressInEmergency,
  preserveContext,
  compressOnRecovery,
]
