/** The laws themselves: what each is called, and what it holds of a history that was played. */

import type { Invariant } from '../machine/judge.ts'
import {
  type Answer,
  answerOf,
  evolved,
  foldWith,
  kindOf,
  reasonOf,
  refusesByThrowing,
  stateOf,
} from './decider.ts'
import { differenceText, textOf } from './difference.ts'
import type { DeciderLaws } from './law-options.ts'
import { copyOf, equal, frozenDeep, notPlain, pictureOf, throughJson } from './plain.ts'
import { type History, type HistoryStep, play } from './play.ts'

export interface Law<Command, Event, State> {
  readonly name: string
  /** @throws Error that says what was expected and what was found */
  readonly holds: (history: History<Command, Event, State>) => void
}

/** Milliseconds between two looks at the same thing: what depends on the clock is another by then. */
const laterMs = 1
/** Places at most at which a history is taken apart. */
const cutsMax = 8

/** The laws that apply to a decider, by what is said of it. */
export function lawsOf<Command, Event, State>(
  laws: DeciderLaws<Command, Event, State>,
): readonly Law<Command, Event, State>[] {
  const { plainData = true, anyOrder = false, commandOf, isIdempotent, invariants = {} } = laws
  return [
    decidesTheSame(laws),
    decideChangesNothing(laws),
    evolveChangesNothing(laws),
    refusalsChangeNothing(laws),
    replayLeadsBack(laws),
    foldsInParts(laws),
    ...(plainData ? [statesArePlain<Command, Event, State>(), eventsArePlain<Command, Event, State>()] : []),
    ...(anyOrder ? [takesAnyOrder(laws)] : []),
    ...(commandOf === undefined ? [] : [readsCommandsBack(laws, commandOf)]),
    ...(isIdempotent === undefined ? [] : [mayBeRepeated(laws, isIdempotent)]),
    ...Object.entries(invariants).map(([name, holds]) => invariant<Command, Event, State>(name, holds)),
  ]
}

function decidesTheSame<C, E, S>(laws: DeciderLaws<C, E, S>): Law<C, E, S> {
  return {
    name: 'decide answers the same command in the same state the same, whenever it is asked',
    holds({ steps }) {
      waitForLater()
      for (const step of steps) {
        const again = asked(laws, copyOf(step.command), copyOf(step.before))
        assertSame(laws, comparable(step.answer), comparable(again), `the answer to ${at(steps, step)}`)
      }
    },
  }
}

function decideChangesNothing<C, E, S>(laws: DeciderLaws<C, E, S>): Law<C, E, S> {
  return {
    name: 'decide changes neither the command nor the state it is given',
    holds({ steps }) {
      for (const step of steps) {
        const [command, state] = [copyOf(step.command), copyOf(step.before)]
        assertUntouched(() => asked(laws, command, state), {
          [`the command of ${at(steps, step)}`]: command,
          [`the state before ${at(steps, step)}`]: state,
        })
        if (notPlain(command) === null) frozenDeep(command)
        if (notPlain(state) === null) frozenDeep(state)
        asked(laws, command, state)
      }
    },
  }
}

function evolveChangesNothing<C, E, S>(laws: DeciderLaws<C, E, S>): Law<C, E, S> {
  return {
    name: 'evolve changes neither the state nor the event it is given',
    holds({ steps }) {
      for (const step of steps) {
        if (!step.answer.ok) continue
        let state = copyOf(step.before)
        for (const decided of step.answer.events) {
          const [before, event] = [copyOf(state), copyOf(decided)]
          assertUntouched(() => evolved(laws, before, event), {
            [`the state before ${at(steps, step)}`]: before,
            [`an event of ${at(steps, step)}`]: event,
          })
          if (notPlain(before) === null) frozenDeep(before)
          if (notPlain(event) === null) frozenDeep(event)
          state = evolved(laws, before, event)
        }
      }
    },
  }
}

function refusalsChangeNothing<C, E, S>(laws: DeciderLaws<C, E, S>): Law<C, E, S> {
  return {
    name: 'a refused command changes nothing: without it everything is the same',
    holds({ steps, events, state }) {
      const accepted = steps.filter(({ answer }) => answer.ok).map(({ command }) => command)
      const without = play(laws, accepted, laws.isRefusal ?? refusesByThrowing)
      assertSame(laws, events, without.events, 'the events')
      assertSame(laws, state, without.state, 'the state')
    },
  }
}

function replayLeadsBack<C, E, S>(laws: DeciderLaws<C, E, S>): Law<C, E, S> {
  return {
    name: 'replaying the decided events leads to the same states, whenever it is done',
    holds({ steps }) {
      waitForLater()
      let state = laws.initialState()
      for (const step of steps) {
        assertSame(laws, step.before, state, `the state before ${at(steps, step)}`)
        if (step.answer.ok) state = foldWith(laws, state, step.answer.events.map(stored))
        assertSame(laws, step.after, state, `the state after ${at(steps, step)}`)
      }
    },
  }
}

/** From any place on, and from what a snapshot keeps of the state there. */
function foldsInParts<C, E, S>(laws: DeciderLaws<C, E, S>): Law<C, E, S> {
  return {
    name: 'the fold of a beginning, and then of the rest, is the fold of all',
    holds({ events, state: whole }) {
      const { fold: many } = laws
      const fold = (begun: S, rest: readonly E[]): S =>
        many === undefined ? foldWith(laws, begun, rest) : stateOf('fold', () => many(begun, rest))
      assertSame(laws, whole, fold(laws.initialState(), events), 'the fold of all events at once')
      const apart = Math.max(1, Math.ceil(events.length / cutsMax))
      for (let cut = 0; cut <= events.length; cut += apart) {
        const beginning = stored(fold(laws.initialState(), events.slice(0, cut)))
        assertSame(laws, whole, fold(beginning, events.slice(cut)), `the fold in two, after ${cut} events`)
      }
    },
  }
}

function statesArePlain<C, E, S>(): Law<C, E, S> {
  return {
    name: 'a state is plain data: JSON gives it back as it was',
    holds({ steps, state }) {
      for (const value of [...steps.map(({ before }) => before), state]) assertPlain(value, 'state')
    },
  }
}

function eventsArePlain<C, E, S>(): Law<C, E, S> {
  return {
    name: 'an event is plain data: JSON gives it back as it was',
    holds({ events }) {
      for (const event of events) assertPlain(event, 'event')
    },
  }
}

function takesAnyOrder<C, E, S>(laws: DeciderLaws<C, E, S>): Law<C, E, S> {
  return {
    name: 'evolve takes any events in any order: backwards, from the middle, twice',
    holds({ events }) {
      const middle = events.slice(Math.floor(events.length / 2))
      for (const order of [events.toReversed(), middle, [...events, ...events]]) {
        foldWith(laws, laws.initialState(), order)
      }
    },
  }
}

function readsCommandsBack<C, E, S>(
  laws: DeciderLaws<C, E, S>,
  commandOf: (events: readonly E[]) => C | null,
): Law<C, E, S> {
  return {
    name: 'a command can be read back from its events: decided again, it gives them again',
    holds({ steps }) {
      for (const step of steps) {
        if (!step.answer.ok || step.answer.events.length === 0) continue
        const command = commandOf(step.answer.events)
        if (command === null) throw new Error(`commandOf gives null for the events of ${at(steps, step)}`)
        const again = asked(laws, command, step.before)
        assertSame(
          laws,
          comparable(step.answer),
          comparable(again),
          `the answer to what was read back of ${at(steps, step)}`,
        )
      }
    },
  }
}

function mayBeRepeated<C, E, S>(
  laws: DeciderLaws<C, E, S>,
  isIdempotent: (command: C) => boolean,
): Law<C, E, S> {
  return {
    name: 'a command that may be repeated changes nothing the second time',
    holds({ steps }) {
      for (const step of steps) {
        if (!step.answer.ok || !isIdempotent(step.command)) continue
        const again = asked(laws, step.command, step.after)
        const state = again.ok ? foldWith(laws, step.after, again.events) : step.after
        assertSame(laws, step.after, state, `the state after ${at(steps, step)} was sent again`)
      }
    },
  }
}

function invariant<C, E, S>(name: string, holds: Invariant<S>): Law<C, E, S> {
  return {
    name: `invariant: ${name}`,
    holds({ steps, state }) {
      for (const value of [...steps.map(({ before }) => before), state]) {
        const broken = brokenBy(holds, value)
        if (broken !== null) throw new Error(`expected that ${name}${broken}; the state is\n${textOf(value)}`)
      }
    },
  }
}

/** How an invariant is broken, to be told after its name; `null` when it holds. @throws Error for an answer that says neither */
function brokenBy<S>(holds: Invariant<S>, state: S): string | null {
  let said: unknown
  try {
    said = holds(state)
  } catch (thrown) {
    return `: ${thrown instanceof Error ? thrown.message : String(thrown)}`
  }
  if (said === true || said === undefined) return null
  if (said === false) return ''
  if (typeof said === 'string') return `: ${said}`
  throw new Error(
    `an invariant answered ${kindOf(said)}; it has to answer true or nothing where it holds, false or the reason where it does not`,
  )
}

function asked<C, E, S>(laws: DeciderLaws<C, E, S>, command: C, state: S): Answer<E> {
  return answerOf(laws, command, state, laws.isRefusal)
}

/** An answer as it is compared: errors are other objects each time, and say the same. */
function comparable<E>(answer: Answer<E>): unknown {
  return answer.ok ? answer.events : { refused: reasonOf(answer.refusal) }
}

/** A value as a log gives it back. One that is not plain is handed on as it is: another law says so. */
function stored<T>(value: T): T {
  return notPlain(value) === null ? throughJson(value) : value
}

function at<C, E, S>(steps: readonly HistoryStep<C, E, S>[], step: HistoryStep<C, E, S>): string {
  return `command ${steps.indexOf(step) + 1}`
}

function assertSame<C, E, S>(
  laws: DeciderLaws<C, E, S>,
  expected: unknown,
  found: unknown,
  what: string,
): void {
  const isSame = (laws.equals ?? equal)(expected, found)
  if (!isSame) throw new Error(`not the same: ${what}\n${differenceText(expected, found)}`)
}

/** Values that a piece of work leaves as they are, by what they are called. */
function assertUntouched(work: () => unknown, values: Readonly<Record<string, unknown>>): void {
  const before = Object.entries(values).map(([what, value]) => ({ what, value, picture: pictureOf(value) }))
  work()
  for (const { what, value, picture } of before) {
    const after = pictureOf(value)
    if (!equal(picture, after)) throw new Error(`${what} was changed\n${differenceText(picture, after)}`)
  }
}

function assertPlain(value: unknown, what: string): void {
  const found = notPlain(value)
  if (found !== null) throw new Error(`expected plain data; in the ${what} ${found}`)
}

function waitForLater(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, laterMs)
}
