/** Who asks, checked at the door: for methods that take an actor and send commands of their own. */
import { commandMetaShape } from '../events/envelope.ts'
import { WaymarkError } from '../kernel/errors.ts'

/** @throws WaymarkError `COMMAND_INVALID` */
export function checkedActor(actor: string | undefined): string {
  const parsed = commandMetaShape.safeParse({ actor: actor ?? 'user' })
  if (parsed.success) return parsed.data.actor ?? 'user'
  throw new WaymarkError('COMMAND_INVALID', {
    message: `actor: ${parsed.error.issues[0]?.message ?? 'invalid'}`,
    hint: "an actor is one line: user, or an agent's name",
  })
}
