/**
 * Policies: what a session does of its own accord. A policy looks at what a command has changed and asks for further
 * commands; they are decided like anybody's and recorded with the actor `policy:<name>`, in the same transaction, so that
 * no crash comes between a cause and what follows from it. A policy is pure; replay never runs one.
 */
import type { Command } from '../events/commands.ts'
import type { BudgetPhase } from '../events/usage.ts'
import type { ReadonlyState } from '../fold/state.ts'

export interface Policy {
  /** Part of the actor's name and of the ids of its commands. */
  readonly name: string
  follow(before: ReadonlyState, after: ReadonlyState): readonly Command[]
}

const checkpointPhases: readonly BudgetPhase[] = ['warning', 'emergency', 'exhausted']

/** Takes a checkpoint when the budget rises into warning, emergency or exhaustion. */
export const checkpointOnBudget: Policy = {
  name: 'checkpoint-on-budget',
  follow: (before, after) => {
    const rose = checkpointPhases.indexOf(after.window.phase) > checkpointPhases.indexOf(before.window.phase)
    if (!rose) return []
    const reason = `budget entered ${after.window.phase} at ${after.window.percent.toFixed(1)} %`
    return [{ type: 'checkpoint.create', trigger: 'budget', reason }]
  },
}

export const standardPolicies: readonly Policy[] = [checkpointOnBudget]
