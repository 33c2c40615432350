/** A session as its checks see it: what is expensive is read when it is first asked for, and once. */
import { isKnown, type LoggedEvent } from '../events/envelope.ts'
import type { ReadonlyState } from '../fold/state.ts'
import { limits } from '../kernel/limits.ts'
import { ChainCheck, type RowProblem } from '../log/chain.ts'
import type { StreamInfo } from '../log/port.ts'
import { checkRows } from '../replay/chain.ts'
import { loadState, streamOf } from '../replay/load.ts'
import type { LogContext, SessionContext, Tail } from './check.ts'
import { type Liveness, livenessOf } from './liveness.ts'

export function sessionContext(context: LogContext, stream: StreamInfo): SessionContext {
  const { log, deep, nowMs } = context
  const { sessionId } = stream
  const state = once(async (): Promise<ReadonlyState> => (await loadState(log, sessionId)).state)
  const tail = once(async (): Promise<Tail> => readTail(context, sessionId))
  const liveness = once(async (): Promise<Liveness> => livenessOf(log, stream, nowMs))
  async function* events(): AsyncGenerator<readonly LoggedEvent[], void, undefined> {
    if (!deep) yield eventsIn((await tail()).rows)
    else for await (const rows of checkRows(log, await streamOf(log, sessionId))) yield eventsIn(rows)
  }
  return { ...context, stream, state, tail, liveness, events }
}

function eventsIn(rows: Tail['rows']): readonly LoggedEvent[] {
  return rows.flatMap(({ event }) => (event === null || !isKnown(event) ? [] : [event]))
}

function once<T>(read: () => Promise<T>): () => Promise<T> {
  let reading: Promise<T> | null = null
  return () => {
    reading ??= read()
    return reading
  }
}

/** The newest events up to the one that the head names now, with the chain checked from the event before them. */
async function readTail({ log }: LogContext, sessionId: string): Promise<Tail> {
  const stream = await streamOf(log, sessionId)
  const base = stream.forkedFrom?.version ?? 0
  const after = Math.max(base, stream.version - limits.examinedEventsMax)
  const owner = after === base && stream.forkedFrom !== null ? stream.forkedFrom.sessionId : sessionId
  const check = new ChainCheck(sessionId, after, await log.chainHash(owner, after))
  const rows: Tail['rows'][number][] = []
  for await (const page of log.rows(sessionId, { after, to: stream.version })) {
    for (const row of page) rows.push(check.check(row))
    if (rows.length >= limits.examinedEventsMax) break
  }
  return {
    rows,
    problems: [...rows.flatMap(({ problems }) => problems), ...headProblems(stream, rows, base)],
  }
}

function headProblems(stream: StreamInfo, rows: Tail['rows'], base: number): readonly RowProblem[] {
  const newest = rows[rows.length - 1]?.row
  const version = newest?.version ?? base
  if (version < stream.version) {
    const detail = `the head says version ${stream.version}, and the newest event is ${version}`
    return [{ version: version + 1, kind: 'missing-events', detail }]
  }
  if (newest === undefined || newest.hash === stream.hash) return []
  const detail = 'the head’s hash is not that of the newest event'
  return [{ version: stream.version, kind: 'damaged-head', detail }]
}
