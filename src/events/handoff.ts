/** Handoffs: how an offered session is answered. The offer itself is `session.hand-off`, its acceptance `session.take-over`. */
import { z } from 'zod'
import { handoffIdShape, lineShape } from './shapes.ts'

export const handoffStatuses = ['offered', 'accepted', 'rejected', 'expired', 'withdrawn', 'done'] as const
export type HandoffStatus = (typeof handoffStatuses)[number]

/** The newest handoff when it is not named. */
const handoffId = handoffIdShape.optional()

export const handoffCommands = {
  /** The agent it was offered to does not take it; the session goes on with its holder. */
  'handoff.reject': z.strictObject({ handoffId, agent: lineShape.min(1), reason: lineShape.optional() }),
  /** The offer's time is over; the session goes on with its holder. */
  'handoff.expire': z.strictObject({ handoffId }),
  /** The agent that accepted has taken the work up: what was handed over is settled. */
  'handoff.complete': z.strictObject({ handoffId, result: lineShape.optional() }),
}

export const handoffEvents = {
  'handoff.rejected': z.strictObject({
    ...handoffCommands['handoff.reject'].shape,
    handoffId: handoffIdShape,
  }),
  'handoff.expired': z.strictObject({
    ...handoffCommands['handoff.expire'].shape,
    handoffId: handoffIdShape,
  }),
  'handoff.completed': z.strictObject({
    ...handoffCommands['handoff.complete'].shape,
    handoffId: handoffIdShape,
  }),
}
