/** Obligations: what must have been done before a command is legal. */
import type { CommandType } from '../events/commands.ts'
import type { ReadonlyState } from '../fold/state.ts'
import { type Decision, refuse } from './decision.ts'

/**
 * A context switch or a handoff relies on a checkpoint to come back to: the newest one is at most as old as checkpoints
 * are apart, or nothing has happened since. One from the future, as a clock leaves it that was put back, is of unknown age. Gives
 * the refusal, or `null` when there is such a checkpoint.
 */
export function checkpointNeeded(state: ReadonlyState, command: CommandType, now: string): Decision | null {
  const newest = state.checkpoints[state.checkpoints.length - 1]
  const { checkpointIntervalMinutes } = state.configuration
  if (newest !== undefined) {
    const ageMinutes = (Date.parse(now) - Date.parse(newest.time)) / 60_000
    const isYoung = ageMinutes >= 0 && ageMinutes <= checkpointIntervalMinutes
    if (isYoung || newest.version + 1 === state.version) return null
  }
  const found = newest === undefined ? 'there is none' : `the newest is of ${newest.time}`
  return refuse(
    state,
    command,
    `it needs a checkpoint that is at most ${checkpointIntervalMinutes} minutes old, and ${found}`,
    { accepted: ['checkpoint.create'], obligation: 'checkpoint' },
  )
}
