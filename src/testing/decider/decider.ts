/** An event-sourced decider, in the shape in which most libraries have it, and what came of asking one. */

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

/** Asks a decider, whichever way it answers. @throws Error when `decide` breaks instead of refusing. */
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
  if (isList(answer)) return { ok: true, events: answer }
  return isAnswer(answer) ? answer : { ok: true, events: [answer] }
}

function isList<Event>(answer: DeciderAnswer<Event>): answer is readonly Event[] {
  return Array.isArray(answer)
}

function isAnswer<Event>(answer: Event | Answer<Event>): answer is Answer<Event> {
  if (typeof answer !== 'object' || answer === null || !('ok' in answer)) return false
  return answer.ok === true ? 'events' in answer : answer.ok === false && 'refusal' in answer
}

/** The state after events, one by one. */
export function foldWith<Event, State>(
  { evolve }: { readonly evolve: (state: State, event: Event) => State },
  state: State,
  events: readonly Event[],
): State {
  return events.reduce((current, event) => evolve(current, event), state)
}

/** Why a command was refused, in words: what was thrown, or what was answered. */
export function reasonOf(refusal: unknown): string {
  if (refusal instanceof Error) return refusal.message
  if (typeof refusal === 'object' && refusal !== null) {
    if ('reason' in refusal && typeof refusal.reason === 'string') return refusal.reason
    if ('message' in refusal && typeof refusal.message === 'string') return refusal.message
  }
  return typeof refusal === 'string' ? refusal : JSON.stringify(refusal)
}
