/** Live reading: each follower reads on from its own place, in order, at least once, whoever appends. */
import type { LoggedEvent } from '../events/envelope.ts'
import type { EventLog } from '../log/port.ts'

/** Events of one stream after a version, and on as they come, until the signal aborts. */
export async function* followStream(
  log: EventLog,
  sessionId: string,
  afterVersion: number,
  signal: AbortSignal,
): AsyncGenerator<LoggedEvent, void, undefined> {
  let version = afterVersion
  while (!signal.aborted) {
    const position = await log.position()
    for await (const page of log.read(sessionId, { after: version })) {
      for (const event of page) {
        if (signal.aborted) return
        yield event
        version = event.version
      }
    }
    if (!signal.aborted) await log.changed(position, signal)
  }
}

/** Events of the whole log after a position, and on as they come, until the signal aborts. */
export async function* followLog(
  log: EventLog,
  afterPosition: number,
  signal: AbortSignal,
): AsyncGenerator<LoggedEvent, void, undefined> {
  let position = afterPosition
  while (!signal.aborted) {
    for await (const page of log.readAll(position)) {
      for (const event of page) {
        if (signal.aborted) return
        yield event
        position = event.position
      }
    }
    if (!signal.aborted) await log.changed(position, signal)
  }
}
