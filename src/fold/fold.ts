/**
 * The fold: events in, state out. It is total: it never refuses and never asks a machine, because today's rules
 * do not judge yesterday's facts. One recipe per event type, two runners that give the same state:
 *
 * - `fold` keeps the old state untouched and shares what did not change, for live use;
 * - `foldInto` changes a state nobody else holds, for bulk replay.
 */
import { freeze, produce } from 'immer'
import { tidyingTypes } from '../events/catalogue.ts'
import type { FoldableEvent } from '../events/envelope.ts'
import { hashOf } from '../kernel/hash.ts'
import { branchRecipes } from './branch.ts'
import { contextRecipes } from './context.ts'
import { handoffRecipes } from './handoff.ts'
import { knowledgeRecipes } from './knowledge.ts'
import { given, ownedFor } from './live.ts'
import { type OpenedCalls, settleCalls } from './open-calls.ts'
import type { AnyEvent, Recipes } from './recipe.ts'
import { recoveryRecipes } from './recovery.ts'
import { sessionRecipes } from './session.ts'
import type { ReadonlyState, SessionState } from './state.ts'
import { taskRecipes } from './task.ts'
import { usageRecipes } from './usage.ts'
import { workRecipes } from './work.ts'

const recipes: Recipes = {
  ...sessionRecipes,
  ...handoffRecipes,
  ...recoveryRecipes,
  ...branchRecipes,
  ...taskRecipes,
  ...usageRecipes,
  ...contextRecipes,
  ...knowledgeRecipes,
  ...workRecipes,
}

/**
 * The state after `events`, which follow `state` in their stream. The old state stays as it was.
 *
 * @example
 * ```ts
 * const before = frozen(initialState('sess_00000000-0000-4000-8000-000000000000'))
 * fold(before, []) === before // true
 * ```
 */
export function fold(state: ReadonlyState, events: readonly AnyEvent[]): ReadonlyState {
  if (events.length === 0) return state
  const owned = ownedFor(state, events)
  if (owned === null) return foldByDraft(state, events)
  foldInto(owned.copy, events)
  return given(state, owned, events)
}

/** The long way of `fold`, for any events: immer copies whatever it sees changed. */
export function foldByDraft(state: ReadonlyState, events: readonly AnyEvent[]): ReadonlyState {
  // immer's draft of a read-only state is the mutable state the recipes take.
  return produce(state as SessionState, (draft) => {
    foldInto(draft, events)
  })
}

/** Changes `state`, which nobody else may hold, by `events`. The bulk twin of `fold`. */
export function foldInto(state: SessionState, events: readonly AnyEvent[]): void {
  const opened: OpenedCalls = new Map()
  for (const event of events) {
    if (!('unknown' in event)) apply(state, event, opened)
    state.version = event.version
    if (tidyingTypes.has(event.type)) continue
    if (state.lastEventAt === null || event.time > state.lastEventAt) state.lastEventAt = event.time
  }
  settleCalls(state, opened)
}

function apply(state: SessionState, event: FoldableEvent, opened: OpenedCalls): void {
  // The type picks the recipe that takes exactly this event; the compiler cannot follow the pairing.
  const recipe = recipes[event.type] as (
    state: SessionState,
    event: FoldableEvent,
    opened: OpenedCalls,
  ) => void
  recipe(state, event, opened)
}

/** Gives a bulk-folded state away: from here on nobody may change it. */
export function frozen(state: SessionState): ReadonlyState {
  return freeze(state, true)
}

/** The fingerprint of a state: equal states have equal hashes, on every machine. */
export function stateHash(state: ReadonlyState): string {
  return hashOf(state)
}
