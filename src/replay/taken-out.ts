/** What was taken out of the events that a session shares or holds, and what of it the session itself does not record. */
import { contentRefsIn } from '../events/references.ts'
import { sha256 } from '../kernel/hash.ts'
import type { EventLog, ReplacedData } from '../log/port.ts'
import { isRedacted, replacedHashOf } from '../log/rows.ts'
import { segmentsIn } from './chain.ts'
import { streamOf } from './load.ts'
import { redactionIn } from './redactions.ts'

export interface TakenOut {
  readonly events: readonly ReplacedData[]
  /** Hashes of texts. */
  readonly contents: readonly string[]
}

/**
 * What was taken out of the events of a session up to a version, inherited ones included, and of the texts that they refer to. A fork
 * records it too: it may travel without its parent's later events.
 */
export async function takenOutUpTo(log: EventLog, sessionId: string, version: number): Promise<TakenOut> {
  const events: ReplacedData[] = []
  const texts = new Set<string>()
  for (const segment of await segmentsIn(log, await streamOf(log, sessionId), 0)) {
    const to = Math.min(segment.to, version)
    for await (const page of log.rows(segment.sessionId, { after: segment.after, to })) {
      for (const { version: at, data, salt } of page) {
        if (isRedacted({ salt })) events.push({ version: at, dataHash: replacedHashOf(data) })
        if (!data.includes('"hash"')) continue
        const value: unknown = JSON.parse(data)
        for (const { hash } of contentRefsIn(value)) texts.add(hash)
      }
    }
  }
  const contents: string[] = []
  for (const hash of texts) {
    const bytes = await log.content(hash)
    // The store has compared it with its hash: another one is that of a text that was taken out.
    if (bytes !== null && sha256(bytes) !== hash) contents.push(hash)
  }
  return { events, contents }
}

/** What was taken out of a session's events and is not in its own record. */
export async function unrecordedIn(log: EventLog, sessionId: string): Promise<TakenOut> {
  const { version } = await streamOf(log, sessionId)
  const { events, contents } = await takenOutUpTo(log, sessionId, version)
  const recorded = new Map<number, string>()
  const recordedTexts = new Set<string>()
  if (events.length + contents.length > 0) {
    for await (const page of log.rows(sessionId)) {
      for (const row of page) {
        const redaction = redactionIn(sessionId, row)
        for (const event of redaction?.events ?? []) recorded.set(event.version, event.dataHash)
        for (const hash of redaction?.contents ?? []) recordedTexts.add(hash)
      }
    }
  }
  return {
    events: events.filter((event) => recorded.get(event.version) !== event.dataHash),
    contents: contents.filter((hash) => !recordedTexts.has(hash)),
  }
}
