/** Where batches end: the steps of time travel. */
import type { LoggedEvent } from '../events/envelope.ts'
import { DamagedRecord } from '../kernel/errors.ts'
import type { EventLog } from '../log/port.ts'

/** The last version of the batch that a version from 1 to `newest` belongs to; 0 for 0. */
export async function batchEndAt(
  log: EventLog,
  sessionId: string,
  version: number,
  newest: number,
): Promise<number> {
  if (version <= 0) return 0
  for (let after = version; after < newest; ) {
    // Most batches are short.
    const to = Math.min(after + lookAheadEvents, newest)
    for await (const page of log.read(sessionId, { after, to })) {
      const next = page.find(({ index }) => index === 0)
      if (next !== undefined) return next.version - 1
    }
    after = to
  }
  return newest
}

const lookAheadEvents = 8

/** The batch that ends at a version: its events, in order. */
export async function batchEndingAt(
  log: EventLog,
  sessionId: string,
  version: number,
): Promise<readonly LoggedEvent[]> {
  const last = await eventAt(log, sessionId, version)
  if (last === null) return []
  const events: LoggedEvent[] = []
  for await (const page of log.read(sessionId, { after: version - 1 - last.index, to: version })) {
    events.push(...page)
  }
  return events
}

/**
 * The newest end of a batch at or before a version. Where the event after it is damaged nobody can tell whether the batch goes on; the
 * version is then taken as it is, so that what lies before damage can be looked at.
 */
export async function batchEndUpTo(
  log: EventLog,
  sessionId: string,
  version: number,
  newest: number,
): Promise<number> {
  if (version === 0 || version === newest || (await endsBefore(log, sessionId, version + 1))) return version
  const event = await eventAt(log, sessionId, version)
  return event === null ? 0 : version - 1 - event.index
}

async function endsBefore(log: EventLog, sessionId: string, next: number): Promise<boolean> {
  try {
    return (await eventAt(log, sessionId, next))?.index === 0
  } catch (error) {
    if (error instanceof DamagedRecord) return true
    throw error
  }
}

/** The event of a version, `null` where there is none. */
export async function eventAt(
  log: EventLog,
  sessionId: string,
  version: number,
): Promise<LoggedEvent | null> {
  if (version < 1) return null
  for await (const page of log.read(sessionId, { after: version - 1, to: version })) {
    if (page[0] !== undefined) return page[0]
  }
  return null
}
