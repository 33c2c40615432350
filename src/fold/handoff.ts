/** How answers to an offer change state. Total: an answer to a handoff that is not listed changes only the session. */
import type { HandoffStatus } from '../events/handoff.ts'
import { limits } from '../kernel/limits.ts'
import type { Handoff } from './branch-state.ts'
import { note, type Recipes } from './recipe.ts'
import type { SessionState } from './state.ts'

export const handoffRecipes: Pick<Recipes, 'handoff.rejected' | 'handoff.expired' | 'handoff.completed'> = {
  'handoff.rejected': (state, { data, time, version }) => {
    goOn(state)
    endHandoff(state, data.handoffId, 'rejected', time, data.reason)
    note(state, version, time, `handoff rejected by ${data.agent}`)
  },
  'handoff.expired': (state, { data, time, version }) => {
    goOn(state)
    endHandoff(state, data.handoffId, 'expired', time)
    note(state, version, time, 'handoff expired')
  },
  'handoff.completed': (state, { data, time, version }) => {
    endHandoff(state, data.handoffId, 'done', time, data.result)
    note(state, version, time, 'handoff done')
  },
}

function goOn(state: SessionState): void {
  state.status = 'active'
  state.offeredTo = null
}

/** Adds an offer; the oldest that is listed gives way. */
export function offerHandoff(state: SessionState, handoff: Handoff): void {
  state.handoffs.push(handoff)
  if (state.handoffs.length > limits.handoffsListedMax) state.handoffs.shift()
}

/** The offer that stands, if any. */
export function offeredHandoff<One extends Pick<Handoff, 'status'>>(state: {
  readonly handoffs: readonly One[]
}): One | undefined {
  return state.handoffs.find(({ status }) => status === 'offered')
}

export function endHandoff(
  state: SessionState,
  id: string | undefined,
  status: HandoffStatus,
  time: string,
  reason?: string,
): void {
  const handoff = id === undefined ? offeredHandoff(state) : state.handoffs.find((one) => one.id === id)
  if (handoff === undefined) return
  handoff.status = status
  handoff.endedAt = time
  if (reason !== undefined) handoff.reason = reason
}
