/**
 * Open tool calls while events are folded. Most calls return a few events after they began, so those that are opened wait outside of the
 * state until the fold ends, and only what is still open then becomes a key of it: making a key of an object out of a string that was never
 * seen before takes twice as long as keeping it in a `Map`, and removing it again as long once more. The newest few stand in a list, where the
 * call that returns is mostly the last one; that takes a third of what the `Map` does.
 */
import { limits } from '../kernel/limits.ts'
import type { OpenCall, SessionState } from './state.ts'

/** Calls that were opened by the events folded so far, and are open still. State counts them, and does not list them yet: a call stands in one place. */
export interface OpenedCalls {
  /** The newest, oldest first. */
  readonly newest: NamedCall[]
  readonly others: Map<string, OpenCall>
}

interface NamedCall {
  readonly id: string
  call: OpenCall
}

/** So few that looking at each costs less than a `Map`. */
const newestMax = 4

export function noOpenedCalls(): OpenedCalls {
  return { newest: [], others: new Map() }
}

/** Opens a call; the oldest ones give way when there are too many. */
export function openCall(state: SessionState, opened: OpenedCalls, id: string, call: OpenCall): void {
  const { newest, others } = opened
  const isAnyListed = state.openCallCount > newest.length + others.size
  const place = placeOf(newest, id)
  const known = newest[place]
  if (isAnyListed && Object.hasOwn(state.openCalls, id)) state.openCalls[id] = call
  else if (known !== undefined) known.call = call
  else if (others.size > 0 && others.has(id)) others.set(id, call)
  else {
    newest.push({ id, call })
    state.openCallCount += 1
    if (newest.length > newestMax) makeRoom(opened)
    if (state.openCallCount > limits.openCallsMax) forgetOldest(state, opened)
  }
}

export function openCallOf(
  { openCalls }: SessionState,
  opened: OpenedCalls,
  id: string,
): OpenCall | undefined {
  const call = opened.newest[placeOf(opened.newest, id)]?.call ?? opened.others.get(id)
  if (call !== undefined) return call
  return Object.hasOwn(openCalls, id) ? openCalls[id] : undefined
}

/** Closes a call, and says what it was; `undefined` when it is not open. */
export function closeCall(state: SessionState, opened: OpenedCalls, id: string): OpenCall | undefined {
  const { newest, others } = opened
  const place = placeOf(newest, id)
  const call = newest[place]?.call ?? openCallOf(state, opened, id)
  if (call === undefined) return undefined
  state.openCallCount -= 1
  if (place < 0) {
    if (!others.delete(id)) delete state.openCalls[id]
  } else if (place === newest.length - 1) newest.pop()
  else newest.splice(place, 1)
  return call
}

/** The place of a call in the list, looked for from its end; -1 when it is not there. */
function placeOf(newest: readonly NamedCall[], id: string): number {
  let place = newest.length - 1
  while (place >= 0 && newest[place]?.id !== id) place--
  return place
}

/** What is open for longer goes into the `Map`. */
function makeRoom({ newest, others }: OpenedCalls): void {
  for (const { id, call } of newest.splice(0, newestMax / 2)) others.set(id, call)
}

/** Forgets all open calls: a fork cannot wait for what its parent began. */
export function dropCalls(state: SessionState, opened: OpenedCalls): void {
  opened.newest.length = 0
  opened.others.clear()
  state.openCalls = {}
  state.openCallCount = 0
}

/** Lists in the state what has been opened and is open still. */
export function settleCalls(state: SessionState, { newest, others }: OpenedCalls): void {
  for (const [id, call] of others) state.openCalls[id] = call
  for (const { id, call } of newest) state.openCalls[id] = call
}

/**
 * Holds open calls to their bound. The older half gives way at once, so that a session whose calls never end pays for it
 * rarely. By version, because keys of a state that was stored stand in another order.
 */
function forgetOldest(state: SessionState, opened: OpenedCalls): void {
  const newest = opened.newest.map(({ id, call }) => [id, call] as const)
  const all = [...Object.entries(state.openCalls), ...opened.others, ...newest]
  const oldestFirst = all.sort(([, a], [, b]) => a.version - b.version)
  for (const [id] of oldestFirst.slice(0, Math.ceil(limits.openCallsMax / 2))) {
    closeCall(state, opened, id)
    state.forgottenCalls += 1
  }
}
