/** Plays commands into a log as a session would, and keeps what came of each: for laws and examples. */

import type { Refusal } from '../decide/decision.ts'
import type { DurableMachine } from '../decide/durable/port.ts'
import { type Command, parseCommand } from '../events/commands.ts'
import type { LoggedEvent } from '../events/envelope.ts'
import { frozen } from '../fold/fold.ts'
import { initialState, type ReadonlyState } from '../fold/state.ts'
import { seeded } from '../kernel/clock.ts'
import { CommandRefused, SessionNotFound } from '../kernel/errors.ts'
import type { EventLog } from '../log/port.ts'
import { type Policy, standardPolicies } from '../session/policy.ts'
import { type Recorded, record, refused } from '../session/record.ts'
import { sessionDecider } from './decider/session-decider.ts'
import { usage } from './usage.ts'

export interface PlayedStep {
  readonly command: Command
  /** `null` before the session has begun. */
  readonly before: ReadonlyState | null
  /** The same as `before` when the command was refused; the empty state as long as the session has not begun. */
  readonly after: ReadonlyState
  /** The command's own batch; empty when it was refused or had nothing to add. */
  readonly events: readonly LoggedEvent[]
  readonly refusal: CommandRefused | null
}

export interface Played {
  readonly sessionId: string
  readonly steps: readonly PlayedStep[]
  readonly state: ReadonlyState
}

/**
 * Plays `commands` into `log` with the clock and ids of `seed`. Refused commands are kept as refusals, also those that come before a command
 * begins the session.
 *
 * @throws WaymarkError `COMMAND_INVALID` for what is no command, `USAGE` without any
 */
export async function play(
  log: EventLog,
  commands: readonly Command[],
  options: {
    readonly seed?: number
    readonly policies?: readonly Policy[]
    /** The machine at hand, for a history of its stream. */
    readonly machine?: DurableMachine
  } = {},
): Promise<Played> {
  const { clock, ids } = seeded(options.seed ?? 1)
  const { policies = standardPolicies, machine } = options
  const environment = { clock, ids, policies, ...(machine === undefined ? {} : { machine }) }
  const sessionId = `sess_${ids.uuid()}`
  const steps: PlayedStep[] = []
  const unbegun = frozen(initialState(sessionId))
  let state: ReadonlyState | null = null
  for (const command of commands) {
    const before: ReadonlyState | null = state
    try {
      const request = { sessionId, command, meta: { commandId: ids.uuid() } }
      const recorded: Recorded = await log.transact((transaction) =>
        record(transaction, before, request, environment),
      )
      state = recorded.state
      steps.push({ command, before, after: recorded.state, events: recorded.events, refusal: null })
    } catch (error) {
      const refusal = refusalIn(error, sessionId, command)
      if (refusal === null) throw error
      steps.push({ command, before, after: before ?? unbegun, events: [], refusal })
    }
  }
  if (steps.length === 0) throw usage('there is nothing to play', 'give one command at least')
  return { sessionId, steps, state: state ?? unbegun }
}

/** The refusal that an error is. A session that has not begun is not there for the log, and for `decide` it refuses what comes too early. */
function refusalIn(error: unknown, sessionId: string, command: Command): CommandRefused | null {
  if (error instanceof CommandRefused) return error
  if (!(error instanceof SessionNotFound)) return null
  const { initialState: first, decide } = sessionDecider(sessionId)
  const answer = decide(parseCommand(command), first())
  // A session's decider answers with a refusal of this shape and no other.
  return answer.ok ? null : refused(answer.refusal as Refusal)
}
