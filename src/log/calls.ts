/** What an index of model calls holds: the counters of each report that counts, by the provider's id of the call. */
import type { LoggedEvent } from '../events/envelope.ts'
import type { Counters } from '../events/shapes.ts'
import type { PendingEvent } from './port.ts'

export interface ReportedCall {
  readonly callId: string
  readonly counters: Counters
}

/**
 * The call that an event reports, if it does. What was made before the session began, in a copied history, does not count:
 * whoever made it reports it.
 */
export function reportedCall(event: PendingEvent | LoggedEvent): ReportedCall | null {
  if ('unknown' in event || event.type !== 'usage.recorded' || event.data.inherited === true) return null
  const { callId, inputTokens, outputTokens, cacheReadTokens, cacheCreationTokens } = event.data
  return { callId, counters: { inputTokens, outputTokens, cacheReadTokens, cacheCreationTokens } }
}

/** The highest figure of each kind over several reports; `null` when there are none. */
export function highestCounters(reports: readonly Counters[]): Counters | null {
  const [first, ...others] = reports
  if (first === undefined) return null
  return others.reduce(
    (highest, report) => ({
      inputTokens: Math.max(highest.inputTokens, report.inputTokens),
      outputTokens: Math.max(highest.outputTokens, report.outputTokens),
      cacheReadTokens: Math.max(highest.cacheReadTokens, report.cacheReadTokens),
      cacheCreationTokens: Math.max(highest.cacheCreationTokens, report.cacheCreationTokens),
    }),
    first,
  )
}
