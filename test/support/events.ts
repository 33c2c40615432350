/** Reads whole streams for tests; the product never does. */
import type { LoggedEvent } from '../../src/events/envelope.ts'
import type { EventLog } from '../../src/log/port.ts'

export async function eventsOf(log: EventLog, sessionId: string): Promise<readonly LoggedEvent[]> {
  const events: LoggedEvent[] = []
  for await (const page of log.read(sessionId)) events.push(...page)
  return events
}
