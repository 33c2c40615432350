/** What handing over needs of the session in hand. */
import type { Sending } from '../events/content.ts'
import type { ReadonlyState } from '../fold/state.ts'
import { CommandRefused } from '../kernel/errors.ts'
import { isOfferOver } from './handoff-policy.ts'
import type { SessionHost } from './host.ts'
import type { RecordEnvironment } from './record.ts'

export interface HandoffHolder {
  readonly host: SessionHost
  readonly environment: RecordEnvironment
  /** The fencing number under which it writes. */
  readonly epoch: number
  readonly session: {
    readonly id: string
    readonly state: ReadonlyState
    refresh(): Promise<ReadonlyState>
    send(command: Sending, options?: { readonly actor?: string }): Promise<{ readonly version: number }>
    settled(): Promise<void>
  }
  refreshRepository(): Promise<void>
}

/** Records that the time of an offer is over, if it is: then the session is its holder's again. */
export async function noticeExpiry({ session, environment }: HandoffHolder): Promise<void> {
  if (!isOfferOver(session.state, environment.clock.now())) return
  try {
    await session.send({ type: 'handoff.expire' }, { actor: 'policy:expire-handoff' })
  } catch (error) {
    // Somebody else has noticed it meanwhile.
    if (!(error instanceof CommandRefused)) throw error
    await session.refresh()
  }
}
