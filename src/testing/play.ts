/** Plays commands into a log as a session would, and keeps what came of each: for laws and examples. */
import type { DurableMachine } from '../decide/durable/port.ts'
import type { Command } from '../events/commands.ts'
import type { LoggedEvent } from '../events/envelope.ts'
import type { ReadonlyState } from '../fold/state.ts'
import { seeded } from '../kernel/clock.ts'
import { CommandRefused } from '../kernel/errors.ts'
import type { EventLog } from '../log/port.ts'
import { type Policy, standardPolicies } from '../session/policy.ts'
import { type Recorded, record } from '../session/record.ts'

export interface PlayedStep {
  readonly command: Command
  readonly before: ReadonlyState | null
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
 * Plays `commands` into `log` with the clock and ids of `seed`. Refused commands are kept as refusals; the first command
 * begins the session.
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
      if (!(error instanceof CommandRefused) || before === null) throw error
      steps.push({ command, before, after: before, events: [], refusal: error })
    }
  }
  if (state === null) throw new RangeError('play needs at least one command')
  return { sessionId, steps, state }
}
