/**
 * Open tool calls while events are folded. Most calls return a few events after they began, so those that are opened wait in a
 * `Map` until the fold ends, and only what is still open then becomes a key of the state: making a key of an object out of a
 * string that was never seen before takes twice as long, and removing it again as long once more.
 */
import { limits } from '../kernel/limits.ts'
import type { OpenCall, SessionState } from './state.ts'

/** Calls that were opened by the events folded so far, and are open still. State counts them, and does not list them yet: a call stands in one place. */
export type OpenedCalls = Map<string, OpenCall>

/** Opens a call; the oldest ones give way when there are too many. */
export function openCall(state: SessionState, opened: OpenedCalls, toolCallId: string, call: OpenCall): void {
  const isAnyListed = state.openCallCount > opened.size
  if (isAnyListed && Object.hasOwn(state.openCalls, toolCallId)) {
    state.openCalls[toolCallId] = call
    return
  }
  const countBefore = opened.size
  opened.set(toolCallId, call)
  state.openCallCount += opened.size - countBefore
  if (state.openCallCount > limits.openCallsMax) forgetOldest(state, opened)
}

export function openCallOf(
  { openCalls }: SessionState,
  opened: OpenedCalls,
  toolCallId: string,
): OpenCall | undefined {
  const call = opened.get(toolCallId)
  if (call !== undefined) return call
  return Object.hasOwn(openCalls, toolCallId) ? openCalls[toolCallId] : undefined
}

/** Closes a call that is open. */
export function closeCall(state: SessionState, opened: OpenedCalls, toolCallId: string): void {
  if (!opened.delete(toolCallId)) delete state.openCalls[toolCallId]
  state.openCallCount -= 1
}

/** Forgets all open calls: a fork cannot wait for what its parent began. */
export function dropCalls(state: SessionState, opened: OpenedCalls): void {
  opened.clear()
  state.openCalls = {}
  state.openCallCount = 0
}

/** Lists in the state what has been opened and is open still. */
export function settleCalls(state: SessionState, opened: OpenedCalls): void {
  for (const [toolCallId, call] of opened) state.openCalls[toolCallId] = call
  opened.clear()
}

/**
 * Holds open calls to their bound. The older half gives way at once, so that a session whose calls never end pays for it
 * rarely. By version, because keys of a state that was stored stand in another order.
 */
function forgetOldest(state: SessionState, opened: OpenedCalls): void {
  const all = [...Object.entries(state.openCalls), ...opened]
  const oldestFirst = all.sort(([, a], [, b]) => a.version - b.version)
  for (const [toolCallId] of oldestFirst.slice(0, Math.ceil(limits.openCallsMax / 2))) {
    closeCall(state, opened, toolCallId)
    state.forgottenCalls += 1
  }
}
