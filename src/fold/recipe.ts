/** What the recipes share: their type, the history, counting under a bounded set of names. */

import type { EventType } from '../events/catalogue.ts'
import type { FoldableEvent, LoggedEvent } from '../events/envelope.ts'
import { limits } from '../kernel/limits.ts'
import type { OpenedCalls } from './open-calls.ts'
import type { SessionState } from './state.ts'

/** An event as it was logged, or as much of one as folding needs. */
export type AnyEvent = LoggedEvent | FoldableEvent

/**
 * One recipe per event type; it changes the state it is given and looks at nothing else. Calls that were opened by the events
 * before it in the same fold stand in `opened`, which belongs to the state until the fold ends.
 */
export type Recipes = {
  readonly [T in EventType]: (state: SessionState, event: FoldableEvent<T>, opened: OpenedCalls) => void
}

/**
 * Adds a line to the recent history. While a fold goes on, up to twice as many stand there as are kept: letting many go at once costs less
 * than one by one.
 */
export function note(state: SessionState, version: number, time: string, text: string): void {
  state.history.push({ version, time, text: text.slice(0, limits.previewCharactersMax) })
  if (state.history.length >= 2 * limits.historyEntriesMax) settleHistory(state)
}

/** Lets all but the newest lines go. Each fold ends with it. */
export function settleHistory({ history }: SessionState): void {
  const tooMany = history.length - limits.historyEntriesMax
  if (tooMany > 0) history.splice(0, tooMany)
}

/** The key to count under: the name itself, or `other` once too many names have been seen. */
export function countingKey(
  counts: Readonly<Record<string, unknown>>,
  name: string,
  namesMax: number,
): string {
  if (Object.hasOwn(counts, name) || Object.keys(counts).length < namesMax) return name
  return 'other'
}
