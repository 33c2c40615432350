/** Given, when, then: one command after some events, and what has to come of it. */
import {
  type Answer,
  answerOf,
  type Decider,
  foldWith,
  type IsRefusal,
  reasonOf,
  stateOf,
} from './decider.ts'
import { differenceText, textOf } from './difference.ts'
import { partMismatch, type RefusalMatcher, refusalMismatch, says } from './match.ts'
import { equal } from './plain.ts'

/** A decider with the history that a test begins with still to be told. */
export interface Specification<Command, Event, State> {
  /** What has happened: events, oldest first; none for a new beginning. */
  readonly given: (...events: readonly Event[]) => Given<Command, Event, State>
}

export interface Given<Command, Event, State> {
  readonly when: (command: Command) => Outcome<Event, State>
}

/** What came of a command. Each check throws where it does not hold, and gives the outcome for the next one. */
export interface Outcome<Event, State> {
  /** These events and no others, in this order. */
  thenEvents(...events: readonly Event[]): Outcome<Event, State>
  /** It is accepted, and there is nothing to add. */
  thenNothing(): Outcome<Event, State>
  /** It is refused; with `why`, like that. */
  thenRefused(why?: RefusalMatcher): Outcome<Event, State>
  /** The state afterwards: what the function says of it, or the fields that are named. */
  thenState(state: StateMatcher<State>): Outcome<Event, State>
}

export type StateMatcher<State> = ((state: State) => boolean) | PartOf<State>

/** Some of the fields of a value, however deep. */
export type PartOf<Value> = Value extends readonly unknown[]
  ? Value
  : Value extends object
    ? { readonly [Key in keyof Value]?: PartOf<Value[Key]> }
    : Value

/**
 * Given some events, when a command comes, then events, nothing, a refusal, or a state. It runs under any test runner: what does not hold throws,
 * with what was expected beside what was found.
 *
 * @example
 * ```ts
 * type Opened = { type: 'opened'; by: string }
 * const door = specify({
 *   initialState: () => ({ isOpen: false }),
 *   decide: (command: { type: 'open'; by: string }, { isOpen }): Opened => {
 *     if (isOpen) throw new Error('it is open already')
 *     return { type: 'opened', by: command.by }
 *   },
 *   evolve: (_state, _event: Opened) => ({ isOpen: true }),
 * })
 * door.given().when({ type: 'open', by: 'Ann' }).thenEvents({ type: 'opened', by: 'Ann' }).thenState({ isOpen: true })
 * door.given({ type: 'opened', by: 'Ann' }).when({ type: 'open', by: 'Bob' }).thenRefused('open already')
 * door.given().when({ type: 'open', by: 'Ann' }).thenRefused() // throws Error
 * ```
 */
export function specify<Command, Event, State>(
  decider: Decider<Command, Event, State>,
  { isRefusal }: { readonly isRefusal?: IsRefusal } = {},
): Specification<Command, Event, State> {
  return {
    given: (...events) => ({
      when(command) {
        const before = foldWith(decider, stateOf('initialState', decider.initialState), events)
        const answer = answerOf(decider, command, before, isRefusal)
        const state = answer.ok ? foldWith(decider, before, answer.events) : before
        return outcomeOf(answer, state)
      },
    }),
  }
}

/** The checks of an answer and of the state after it. */
export function outcomeOf<Event, State>(answer: Answer<Event>, state: State): Outcome<Event, State> {
  const outcome: Outcome<Event, State> = {
    thenEvents(...expected) {
      const found = acceptedEvents(answer, 'these events')
      if (!equal(expected, found))
        throw new Error(`other events than expected\n${differenceText(expected, found)}`)
      return outcome
    },
    thenNothing() {
      const found = acceptedEvents(answer, 'nothing to add')
      if (found.length > 0) throw new Error(`expected nothing to add\n${differenceText([], found)}`)
      return outcome
    },
    thenRefused(why) {
      if (answer.ok) {
        throw new Error(`expected a refusal, and it was accepted\n${textOf(answer.events)}`)
      }
      const mismatch = why === undefined ? null : refusalMismatch(why, answer.refusal)
      if (mismatch !== null) throw new Error(`refused otherwise than expected\n${mismatch}`)
      return outcome
    },
    thenState(expected) {
      if (isFunction(expected)) {
        if (!says(expected, state))
          throw new Error(`the state is not as expected; it is
${textOf(state)}`)
        return outcome
      }
      const mismatch = partMismatch(expected, state)
      if (mismatch !== null) throw new Error(`the state is not as expected\n${mismatch}`)
      return outcome
    },
  }
  return outcome
}

function isFunction<State>(matcher: StateMatcher<State>): matcher is (state: State) => boolean {
  return typeof matcher === 'function'
}

function acceptedEvents<Event>(answer: Answer<Event>, expected: string): readonly Event[] {
  if (answer.ok) return answer.events
  throw new Error(`expected ${expected}, and it was refused: ${reasonOf(answer.refusal)}`)
}
