/**
 * Policies: what a session does of its own accord. A policy looks at what a command has changed and asks for further
 * commands; they are decided like anybody's and recorded with the actor `policy:<name>`, in the same transaction, so that
 * no crash comes between a cause and what follows from it. A policy is pure; replay never runs one.
 */
import type { Refusal } from '../decide/decision.ts'
import type { Command } from '../events/commands.ts'
import type { ReadonlyState } from '../fold/state.ts'
import { checkpointPolicies, roseTo } from './checkpoint-policy.ts'
import {
  compressInEmergency,
  compressOnRecovery,
  discloseProgressively,
  preserveContext,
} from './context-policy.ts'
import { expireHandoff } from './handoff-policy.ts'

export interface Policy {
  /** Part of the actor's name and of the ids of its commands. */
  readonly name: string
  /** What follows from `cause`, a command that was accepted. `now` is when it happened. */
  follow(before: ReadonlyState, after: ReadonlyState, cause: Command, now: string): readonly Command[]
  /**
   * What is to stand before a command: a checkpoint of the state before it, or what makes a refused one legal. `refusal` is
   * `null` when it would be accepted as it is. Nothing is recorded when the command stays refused.
   */
  precede?(state: ReadonlyState, command: Command, refusal: Refusal | null, now: string): readonly Command[]
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
  expireHandoff,
  ...checkpointPolicies,
  trackGrowth,
  discloseProgressively,
  compressInEmergency,
  preserveContext,
  compressOnRecovery,
]
