/**
 * What the index of calls would answer while commands are played again. Within the session it follows what was played; about the rest of the
 * home, and about what a fork inherits, the record tells what was answered then.
 */
import type { RecordedEvent } from '../events/envelope.ts'
import { isKnown, type LoggedEvent } from '../events/envelope.ts'
import type { Counters } from '../events/shapes.ts'
import { highestCounters, reportedCall } from '../log/calls.ts'

type UsageRecorded = RecordedEvent<'usage.recorded'>

/** What the record says was known of a call before a report of it. */
interface Answered {
  /** The session had seen it. */
  readonly here: boolean
  /** Another session had counted it. */
  readonly elsewhere: boolean
  /** Counters that the report was measured against. */
  readonly base: Counters
}

export class CountedCalls {
  readonly #played = new Map<string, Counters>()
  readonly #recorded = new Map<string, Counters>()

  /** Takes note of what was played, and of what the record has in its place. */
  note(played: readonly LoggedEvent[], recorded: readonly LoggedEvent[]): void {
    for (const event of played) add(this.#played, event)
    for (const event of recorded) add(this.#recorded, event)
  }

  /** The answer for a report; `batch` is what the record has of it, if anything. */
  answer(callId: string, scope: 'session' | 'home', batch: readonly LoggedEvent[]): Counters | null {
    const played = this.#played.get(callId) ?? null
    const before = this.#recorded.get(callId) ?? null
    const report = batch.find(
      (event): event is UsageRecorded =>
        isKnown(event) && event.type === 'usage.recorded' && event.data.callId === callId,
    )
    if (report === undefined) return played
    const answered = answeredFor(report)
    if (isSame(played, before)) {
      if (scope === 'session') return answered.here ? answered.base : null
      return answered.here || answered.elsewhere ? answered.base : null
    }
    if (scope === 'home' && answered.elsewhere) return answered.base
    // Seen by then, but not since the script began: it came with the fork.
    const isInherited = answered.here && before === null
    return played ?? (isInherited ? answered.base : null)
  }
}

function add(calls: Map<string, Counters>, event: LoggedEvent): void {
  const reported = reportedCall(event)
  if (reported === null) return
  const { callId, counters } = reported
  const before = calls.get(callId)
  calls.set(callId, before === undefined ? counters : (highestCounters([before, counters]) ?? counters))
}

function answeredFor({ data }: UsageRecorded): Answered {
  const { counted, elsewhere } = data
  const base = {
    inputTokens: data.inputTokens - counted.inputTokens,
    outputTokens: data.outputTokens - counted.outputTokens,
    cacheReadTokens: data.cacheReadTokens - counted.cacheReadTokens,
    cacheCreationTokens: data.cacheCreationTokens - counted.cacheCreationTokens,
  }
  if (data.inherited === true) return { here: elsewhere === undefined, elsewhere: false, base }
  const isFirst = counted.calls === 1
  return { here: !isFirst && elsewhere === undefined, elsewhere: elsewhere !== undefined, base }
}

function isSame(a: Counters | null, b: Counters | null): boolean {
  if (a === null || b === null) return a === b
  return (
    a.inputTokens === b.inputTokens &&
    a.outputTokens === b.outputTokens &&
    a.cacheReadTokens === b.cacheReadTokens &&
    a.cacheCreationTokens === b.cacheCreationTokens
  )
}
