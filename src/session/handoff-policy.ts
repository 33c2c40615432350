/** Policies around handoffs. */
import type { Refusal } from '../decide/decision.ts'
import type { Command } from '../events/commands.ts'
import { offeredHandoff } from '../fold/handoff.ts'
import type { ReadonlyState } from '../fold/state.ts'

interface HandoffPolicy {
  readonly name: string
  follow(before: ReadonlyState, after: ReadonlyState, cause: Command): readonly Command[]
  precede(state: ReadonlyState, command: Command, refusal: Refusal | null, now: string): readonly Command[]
}

/** Whether the session is offered, and the time of the offer is over. */
export function isOfferOver(state: ReadonlyState, now: string): boolean {
  if (state.status !== 'handed_off') return false
  const offer = offeredHandoff(state)
  return offer !== undefined && offer.expiresAt !== null && offer.expiresAt <= now
}

/** An offer whose time is over is noticed by the first command that it would stand in the way of. */
export const expireHandoff: HandoffPolicy = {
  name: 'expire-handoff',
  follow: () => [],
  precede: (state, _command, refusal, now) =>
    refusal !== null && isOfferOver(state, now) ? [{ type: 'handoff.expire' }] : [],
}
