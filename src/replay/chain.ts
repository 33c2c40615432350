/** Reads rows with the chain checked, over a stream's own events or over all it inherited. */

import type { LoggedEvent } from '../events/envelope.ts'
import { ChainCheck, type CheckedRow, type RowProblem } from '../log/chain.ts'
import { type Segment, segmentsOf } from '../log/lineage.ts'
import type { EventLog, ForkPoint, StreamInfo } from '../log/port.ts'
import { streamOf } from './load.ts'
import { RedactionLookup } from './redactions.ts'

/** The rows of a stream itself up to its head, without inherited ones, each with what is wrong with it. */
export async function* checkRows(
  log: EventLog,
  stream: StreamInfo,
): AsyncGenerator<readonly CheckedRow[], void, undefined> {
  const { sessionId, forkedFrom } = stream
  const inherited = forkedFrom === null ? '' : await log.chainHash(forkedFrom.sessionId, forkedFrom.version)
  const check = new ChainCheck(sessionId, forkedFrom?.version ?? 0, inherited)
  const lookup = new RedactionLookup(log, sessionId)
  for await (const page of log.rowsToCheck(sessionId, { to: stream.version })) {
    const redactions = await lookup.forPage(page.rows)
    yield check.checkPage(page, redactions.dataHashes)
  }
}

export interface CheckedPage {
  readonly events: readonly LoggedEvent[]
  /** The first problem met; nothing comes after it. */
  readonly problem: RowProblem | null
}

/**
 * The events after a version, inherited ones first, up to the newest or to the first that is not sound.
 *
 * @param chainHash the chain hash at `after`, where the check begins.
 */
export async function* checkedEvents(
  log: EventLog,
  stream: StreamInfo,
  after: number,
  chainHash: string,
): AsyncGenerator<CheckedPage, void, undefined> {
  let version = after
  let hash = chainHash
  for (const segment of await segmentsIn(log, stream, after)) {
    const check = new ChainCheck(segment.sessionId, version, hash)
    const lookup = new RedactionLookup(log, segment.sessionId)
    for await (const page of log.rowsToCheck(segment.sessionId, { after: segment.after, to: segment.to })) {
      const redactions = await lookup.forPage(page.rows)
      const events: LoggedEvent[] = []
      for (const { row, event, problems } of check.checkPage(page, redactions.dataHashes)) {
        if (event === null) {
          yield { events, problem: problems[0] ?? null }
          return
        }
        events.push(event)
        version = row.version
        hash = row.hash
      }
      yield { events, problem: null }
    }
    if (version < segment.to) {
      const detail = `versions ${version + 1} to ${segment.to} are not there`
      yield { events: [], problem: { version: version + 1, kind: 'missing-events', detail } }
      return
    }
  }
  if (hash !== stream.hash) {
    const detail = 'the head of the stream does not have the hash of its newest event'
    yield { events: [], problem: { version: stream.version, kind: 'damaged-head', detail } }
  }
}

/** The segments of a stream after a version, with the fork points of its ancestors looked up first. */
export async function segmentsIn(
  log: EventLog,
  stream: StreamInfo,
  after: number,
): Promise<readonly Segment[]> {
  const forkPoints = new Map<string, ForkPoint | null>()
  let owner = stream
  forkPoints.set(owner.sessionId, owner.forkedFrom)
  while (owner.forkedFrom !== null && owner.forkedFrom.version > after) {
    owner = await streamOf(log, owner.forkedFrom.sessionId)
    forkPoints.set(owner.sessionId, owner.forkedFrom)
  }
  return segmentsOf(stream.sessionId, after, stream.version, (sessionId) => forkPoints.get(sessionId) ?? null)
}
