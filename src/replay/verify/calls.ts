/**
 * What was known of a model call when a report of it came in: within the session, and in the whole home. The index of a log says what is
 * known now; asking again needs what was known then, so reports are taken with their places in the log.
 */
import type { EventData } from '../../events/catalogue.ts'
import { isKnown, type LoggedEvent } from '../../events/envelope.ts'
import type { Counters } from '../../events/shapes.ts'
import { WaymarkError } from '../../kernel/errors.ts'
import { highestCounters, reportedCall } from '../../log/calls.ts'
import { decodeRow } from '../../log/codec.ts'
import type { EventLog } from '../../log/port.ts'

type Usage = EventData<'usage.recorded'>

/** The highest figures of each call, as reports come in. */
export class ReportedCalls {
  readonly #highest = new Map<string, Counters>()

  add(event: LoggedEvent): void {
    const call = reportedCall(event)
    if (call === null) return
    const before = this.#highest.get(call.callId)
    const highest = before === undefined ? call.counters : highestCounters([before, call.counters])
    if (highest !== null) this.#highest.set(call.callId, highest)
  }

  get(callId: string): Counters | null {
    return this.#highest.get(callId) ?? null
  }
}

interface Report {
  readonly position: number
  readonly counters: Counters
}

/** The reports of all sessions of a home, read once, when the first is asked about. */
export class HomeCalls {
  readonly #log: EventLog
  #reports: Map<string, Report[]> | null = null

  constructor(log: EventLog) {
    this.#log = log
  }

  async load(): Promise<void> {
    if (this.#reports !== null) return
    const reports = new Map<string, Report[]>()
    for await (const streams of this.#log.streams()) {
      for (const { sessionId } of streams) await collect(this.#log, sessionId, reports)
    }
    this.#reports = reports
  }

  /** The highest figures that any session had reported at an earlier place. */
  before(callId: string, position: number): Counters | null {
    const earlier = (this.#reports?.get(callId) ?? []).filter((report) => report.position < position)
    return highestCounters(earlier.map(({ counters }) => counters))
  }
}

async function collect(log: EventLog, sessionId: string, reports: Map<string, Report[]>): Promise<void> {
  for await (const page of log.rows(sessionId)) {
    for (const row of page) {
      // Nearly all rows are other events: they are not worth parsing.
      if (!row.envelope.includes('"usage.recorded"')) continue
      const event = readable(() => decodeRow(sessionId, row))
      const call = event === null ? null : reportedCall(event)
      if (call === null) continue
      const { callId, counters } = call
      const known = reports.get(callId)
      if (known === undefined) reports.set(callId, [{ position: row.position, counters }])
      else known.push({ position: row.position, counters })
    }
  }
}

/** A damaged report of another session is that session's own matter. */
function readable<T>(read: () => T): T | null {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof WaymarkError)) throw error
    return null
  }
}

/** Whether what an event counts depends on the other sessions of its home. */
export function dependsOnHome(event: LoggedEvent | undefined): event is LoggedEvent & { data: Usage } {
  if (event === undefined || !isKnown(event) || event.type !== 'usage.recorded') return false
  return event.data.countedOnceIn === 'home' && event.data.inherited !== true
}

/** What a report says by itself of what others had reported before it. */
export function impliedBy(report: Usage): Counters | null {
  const { counted, elsewhere } = report
  if (counted.calls === 1 && elsewhere === undefined) return null
  const before = (kind: keyof Counters): number =>
    counted[kind] > 0 ? report[kind] - counted[kind] : report[kind]
  return {
    inputTokens: before('inputTokens'),
    outputTokens: before('outputTokens'),
    cacheReadTokens: before('cacheReadTokens'),
    cacheCreationTokens: before('cacheCreationTokens'),
  }
}
