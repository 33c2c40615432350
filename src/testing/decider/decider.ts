/** An event-sourced decider, in the shape in which most libraries have it, and what came of asking one. */
import { inspect } from 'node:util'

/**
 * Decides commands, and makes state of events. A command is refused by throwing, or by answering `{ ok: false, refusal }`. It may answer
 * with one event, with several, or with `{ ok: true, events }`.
 */
export interface Decider<Command, Event, State> {
  readonly initialState: () => State
  readonly decide: (command: Command, state: State) => DeciderAnswer<Event>
  readonly evolve: (state: State, event: Event) => State
}

export type DeciderAnswer<Event> = Event | readonly Event[] | Answer<Event>

/** What a command came to. */
export type Answer<Event> =
  | { readonly ok: true; readonly events: readonly Event[] }
  | { readonly ok: false; readonly refusal: unknown }

/** Whether what `decide` threw is a refusal, and not a fault in it. */
export type IsRefusal = (thrown: unknown) => boolean

const faults = [TypeError, ReferenceError, SyntaxError, RangeError]

/** Errors of the language are faults of whoever wrote the decider; all others are refusals. */
export const refusesByThrowing: IsRefusal = (thrown) => !faults.some((fault) => thrown instanceof fault)

/**
 * Asks a decider, whichever way it answers.
 *
 * @throws Error when `decide` breaks instead of refusing, or answers what is no answer: a promise, or nothing
 */
export function answerOf<Command, Event, State>(
  { decide }: Pick<Decider<Command, Event, State>, 'decide'>,
  command: Command,
  state: State,
  isRefusal: IsRefusal = refusesByThrowing,
): Answer<Event> {
  let answer: DeciderAnswer<Event>
  try {
    answer = decide(command, state)
  } catch (thrown) {
    if (isRefusal(thrown)) return { ok: false, refusal: thrown }
    throw new Error(`decide broke: ${String(thrown)}`, { cause: thrown })
  }
  if (isPromise(answer) || isNothing(answer)) throw noAnswer(answer)
  const whole: Answer<Event> = isList(answer)
    ? { ok: true, events: answer }
    : isAnswer(answer)
      ? answer
      : { ok: true, events: [answer] }
  if (!whole.ok) return whole
  if (!isList(whole.events)) throw noAnswer(whole.events)
  for (const event of whole.events) {
    if (isPromise(event) || isNothing(event)) throw noAnswer(event, 'a list with ')
  }
  return whole
}

function noAnswer(answer: unknown, within = ''): Error {
  return new Error(`decide answered ${within}${kindOf(answer)}; it has to answer events`)
}

/** What a value is that should not be there, in words. A promise is taken care of: nobody else waits for it. */
export function kindOf(value: unknown): string {
  if (isPromise(value)) {
    value.then(undefined, () => {})
    return 'a promise'
  }
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (typeof value === 'object' || typeof value === 'function')
    return typeof value === 'object' ? 'an object' : 'a function'
  return `${typeof value} ${inspect(value)}`
}

export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

function isNothing(value: unknown): value is null | undefined {
  return value === null || value === undefined
}

function isList<Event>(answer: DeciderAnswer<Event>): answer is readonly Event[] {
  return Array.isArray(answer)
}

function isAnswer<Event>(answer: Event | Answer<Event>): answer is Answer<Event> {
  if (typeof answer !== 'object' || answer === null || !('ok' in answer)) return false
  return answer.ok === true ? 'events' in answer : answer.ok === false && 'refusal' in answer
}

type Evolving<Event, State> = Pick<Decider<never, Event, State>, 'evolve'>

/** The state after an event. @throws Error when `evolve` breaks, or answers a promise */
export function evolved<Event, State>({ evolve }: Evolving<Event, State>, state: State, event: Event): State {
  return stateOf('evolve', () => evolve(state, event))
}

/** The state that a function of the decider gives. @throws Error when it breaks, or answers a promise */
export function stateOf<State>(name: string, work: () => State): State {
  let state: State
  try {
    state = work()
  } catch (thrown) {
    throw new Error(`${name} broke: ${String(thrown)}`, { cause: thrown })
  }
  if (isPromise(state))
    throw new Error(`${name} answered ${kindOf(state)}; it has to answer the state itself`)
  return state
}

/** The state after events, one by one. */
export function foldWith<Event, State>(
  decider: Evolving<Event, State>,
  state: State,
  events: readonly Event[],
): State {
  return events.reduce((current, event) => evolved(decider, current, event), state)
}

/** Why a command was refused, in words: what was thrown, or what was answered. */
export function reasonOf(refusal: unknown): string {
  if (refusal instanceof Error) return refusal.message
  if (typeof refusal === 'object' && refusal !== null) {
    if ('reason' in refusal && typeof refusal.reason === 'string') return refusal.reason
    if ('message' in refusal && typeof refusal.message === 'string') return refusal.message
  }
  return typeof refusal === 'string' ? refusal : (JSON.stringify(refusal) ?? String(refusal))
}
