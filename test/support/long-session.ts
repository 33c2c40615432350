/** A session that is long enough to be sealed, made as a user would make it. */
import type { LoggedEvent } from '../../src/events/envelope.ts'
import type { Session } from '../../src/session/session.ts'

type Sent = Parameters<Session['send']>[0]

const perBurst = 200

/** Sends commands until the session has `length` events; what each answered comes back. Command ids are `c-1`, `c-2`, … or with another prefix. */
export async function lengthen(
  session: Session,
  length: number,
  commandAt: (n: number) => Sent = (n) => ({
    type: 'observation.record',
    kind: 'note',
    detail: `number ${n}`,
  }),
  prefix = 'c',
): Promise<readonly LoggedEvent[]> {
  const answered: LoggedEvent[] = []
  for (let n = 0; session.version < length; ) {
    const sent = Array.from({ length: perBurst }, () =>
      session.send(commandAt(n++), { commandId: `${prefix}-${n}` }),
    )
    for (const { events } of await Promise.all(sent)) answered.push(...events)
  }
  return answered
}
