/** Whether somebody is working in a session: told by the note of live writers, and by how old its newest event is. */

import { limits } from '../kernel/limits.ts'
import type { EventLog, StreamInfo } from '../log/port.ts'
import { liveWriters, writersKey } from '../session/writers.ts'
import { bounds } from './bounds.ts'

/**
 * `written`: by a process that is there. `interrupted`: the process that wrote it is gone and has not closed it. `recent`: nobody
 * holds it now, and its newest event is young. `idle`: neither.
 */
export type Liveness = 'written' | 'interrupted' | 'recent' | 'idle'

export async function livenessOf(log: EventLog, stream: StreamInfo, nowMs: number): Promise<Liveness> {
  const note = await log.bookmark(writersKey)
  const live = new Set(liveWriters(note).map(({ sessionId }) => sessionId))
  if (await isLiveOrBelow(log, stream, live)) return 'written'
  if (sessionsIn(note).has(stream.sessionId)) return 'interrupted'
  const newestAt = Date.parse(stream.summary?.lastEventAt ?? '')
  return nowMs - newestAt < bounds.idleMinutes * 60_000 ? 'recent' : 'idle'
}

/** A session that another one called is written by whoever writes that one, and is not in the note itself. */
async function isLiveOrBelow(log: EventLog, stream: StreamInfo, live: ReadonlySet<string>): Promise<boolean> {
  if (live.size === 0) return false
  let next: StreamInfo | null = stream
  for (let steps = 0; next !== null && steps < limits.lineageDepthMax; steps++) {
    if (live.has(next.sessionId)) return true
    const parent: string | null = next.forkedFrom === null ? (next.summary?.parentSessionId ?? null) : null
    next = parent === null || parent === next.sessionId ? null : await log.stream(parent)
  }
  return false
}

/** All sessions that the note names, whatever has become of their writers. */
function sessionsIn(note: string | null): ReadonlySet<string> {
  try {
    const parsed: unknown = JSON.parse(note ?? '[]')
    const ids = Array.isArray(parsed) ? parsed.map((entry: unknown) => sessionIdIn(entry)) : []
    return new Set(ids.filter((id) => id !== null))
  } catch {
    return new Set()
  }
}

function sessionIdIn(entry: unknown): string | null {
  const id: unknown = typeof entry === 'object' && entry !== null ? Reflect.get(entry, 'sessionId') : null
  return typeof id === 'string' ? id : null
}
