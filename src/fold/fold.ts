/**
 * The fold: events in, state out. It is total: it never refuses and never asks a machine, because today's rules
 * do not judge yesterday's facts. One recipe per event type, two runners that give the same state:
 *
 * - `fold` keeps the old state untouched and shares what did not change, for live use;
 * - `foldInto` changes a state nobody else holds, for bulk replay.
 */
import { freeze, produce } from 'immer'
import { type EventType, tidyingTypes } from '../events/catalogue.ts'
import type { FoldableEvent } from '../events/envelope.ts'
import { hashOf } from '../kernel/hash.ts'
import { branchRecipes } from './branch.ts'
import { contextRecipes } from './context.ts'
import { handoffRecipes } from './handoff.ts'
import { knowledgeRecipes } from './knowledge.ts'
import { given, ownedFor } from './live.ts'
import { machineRecipes } from './machine.ts'
import { noOpenedCalls, type OpenedCalls, settleCalls } from './open-calls.ts'
import { type FoldablePage, isPacked, type PackedPage } from './page.ts'
import { type AnyEvent, type Recipes, settleHistory } from './recipe.ts'
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
  ...machineRecipes,
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
export function foldInto(state: SessionState, events: FoldablePage): void {
  const opened = noOpenedCalls()
  foldPage(state, events, opened)
  settleCalls(state, opened)
  settleHistory(state)
}

/**
 * Changes `state`, which nobody else may hold, by many pages, and says how many events there were. Faster than page by page, for calls that are
 * open between two of them need not be listed. Until it ends, or if a page fails, `state` is not whole.
 *
 * @param onPage is told of each page, once it is folded
 */
export async function foldPages(
  state: SessionState,
  pages: AsyncIterable<FoldablePage>,
  onPage?: (page: FoldablePage) => void,
): Promise<number> {
  const opened = noOpenedCalls()
  let count = 0
  for await (const page of pages) {
    foldPage(state, page, opened)
    count += page.length
    onPage?.(page)
  }
  settleCalls(state, opened)
  settleHistory(state)
  return count
}

function foldPage(state: SessionState, page: FoldablePage, opened: OpenedCalls): void {
  if (isPacked(page)) foldPacked(state, page, opened)
  else foldList(state, page, opened)
}

function foldList(state: SessionState, events: readonly AnyEvent[], opened: OpenedCalls): void {
  for (const event of events) {
    if (!('unknown' in event)) recipeOf(event.type)(state, event, opened)
    if (!tidyingTypes.has(event.type)) countTime(state, event.time)
    state.version = event.version
  }
}

/** The same, event by event of a page whose kinds are known: what depends on the type alone is looked up once. */
function foldPacked(state: SessionState, page: PackedPage, opened: OpenedCalls): void {
  const { types, kinds, length, next } = page
  const recipesOfKinds = types.map(recipeOf)
  for (let place = 0; place < length; place++) {
    const event = next(place)
    recipesOfKinds[kinds[place] ?? 0]?.(state, event, opened)
    state.version = event.version
  }
  // No recipe looks at the latest time: it is enough to know it at the end.
  const latest = page.latestTime(types.map((type) => !tidyingTypes.has(type)))
  if (latest !== null) countTime(state, latest)
}

type AnyRecipe = (state: SessionState, event: FoldableEvent, opened: OpenedCalls) => void

function recipeOf(type: EventType): AnyRecipe {
  // The type picks the recipe that takes exactly this event; the compiler cannot follow the pairing.
  return recipes[type] as AnyRecipe
}

function countTime(state: SessionState, time: string): void {
  if (state.lastEventAt === null || time > state.lastEventAt) state.lastEventAt = time
}

/** Gives a bulk-folded state away: from here on nobody may change it. */
export function frozen(state: SessionState): ReadonlyState {
  return freeze(state, true)
}

/** The fingerprint of a state: equal states have equal hashes, on every machine. */
export function stateHash(state: ReadonlyState): string {
  return hashOf(state)
}
