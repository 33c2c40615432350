/** Given, when, then, of a session: Waymark's own decide and fold, without a log. */
import type { DecidedEvent } from '../../events/catalogue.ts'
import { type Command, isCommandType } from '../../events/commands.ts'
import type { ReadonlyState } from '../../fold/state.ts'
import { reasonOf } from './decider.ts'
import { type SessionSoFar, sessionDecider, type TimedEvent } from './session-decider.ts'
import { type Given, type Outcome, outcomeOf } from './specify.ts'

/** A session with the history that a test begins with still to be told. */
export interface SessionSpecification {
  /**
   * What has happened, oldest first: commands, each of which has to be accepted, or events as they are.
   *
   * @throws Error for a command that is refused
   */
  readonly given: (
    ...history: readonly (Command | DecidedEvent)[]
  ) => Given<Command, DecidedEvent, ReadonlyState>
}

/**
 * Given commands or events of a session, when a command comes, then events, nothing, a refusal, or a state. Nothing is recorded, no policy is
 * asked, and the clock moves a second with each command.
 *
 * @example
 * ```ts
 * const started = specifySession().given({ type: 'session.start' }, { type: 'task.add', taskId: 'A', title: 'Log in' })
 * started
 *   .when({ type: 'task.start', taskId: 'A' })
 *   .thenEvents({ type: 'task.started', data: { taskId: 'A', status: 'in_progress' } })
 *   .thenState({ tasks: { A: { status: 'in_progress', attempts: 1 } } })
 * started.when({ type: 'task.complete', taskId: 'A' }).thenRefused({ subject: 'task A', status: 'pending' })
 * ```
 */
export function specifySession(): SessionSpecification {
  const decider = sessionDecider()
  return {
    given(...history) {
      const before = history.reduce(
        (state, item, index) => after(state, item, index + 1),
        decider.initialState(),
      )
      return { when: (command) => outcome(before, command) }
    },
  }

  function after(state: SessionSoFar, item: Command | DecidedEvent, place: number): SessionSoFar {
    if (!isCommand(item)) return decider.evolve(state, { ...item, time: decider.timeAfter(state) })
    const answer = decider.decide(item, state)
    if (answer.ok) return decider.fold(state, answer.events)
    throw new Error(`given ${place}, ${item.type}, is refused: ${reasonOf(answer.refusal)}`)
  }

  function outcome(before: SessionSoFar, command: Command): Outcome<DecidedEvent, ReadonlyState> {
    const answer = decider.decide(command, before)
    if (!answer.ok) return outcomeOf(answer, before.session)
    const { session } = decider.fold(before, answer.events)
    return outcomeOf({ ok: true, events: answer.events.map(untimed) }, session)
  }
}

function isCommand(item: Command | DecidedEvent): item is Command {
  return isCommandType(item.type)
}

function untimed({ time: _time, ...event }: TimedEvent): DecidedEvent {
  return event
}
