/** Histories played through a decider, purely: what each command came to, and the state before and after it. */
import { type Answer, answerOf, type Decider, evolved, type IsRefusal, stateOf } from './decider.ts'
import { copyOf } from './plain.ts'

export interface HistoryStep<Command, Event, State> {
  readonly command: Command
  readonly answer: Answer<Event>
  readonly before: State
  readonly after: State
}

export interface History<Command, Event, State> {
  readonly sent: readonly Command[]
  readonly steps: readonly HistoryStep<Command, Event, State>[]
  /** All events, in order. */
  readonly events: readonly Event[]
  readonly state: State
}

/**
 * Plays commands. The decider is given copies, so that what it does to them is not in the history: a law of its own looks at that.
 *
 * @throws Error when `decide` or `evolve` breaks, or answers a promise
 */
export function play<Command, Event, State>(
  decider: Decider<Command, Event, State>,
  sent: readonly Command[],
  isRefusal: IsRefusal,
): History<Command, Event, State> {
  const steps: HistoryStep<Command, Event, State>[] = []
  let state = stateOf('initialState', decider.initialState)
  for (const command of sent) {
    const before = state
    const answer = answerOf(decider, copyOf(command), copyOf(before), isRefusal)
    if (answer.ok)
      state = answer.events.reduce((folded, event) => evolved(decider, copyOf(folded), copyOf(event)), before)
    steps.push({ command, answer, before, after: state })
  }
  const events = steps.flatMap(({ answer }) => (answer.ok ? answer.events : []))
  return { sent, steps, events, state }
}
