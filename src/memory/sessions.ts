/** Which sessions a home has, and which of them the memory files are about. */
import { limits } from '../kernel/limits.ts'
import type { EventLog, StreamInfo } from '../log/port.ts'

export interface HomeSessions {
  /** The newest ones, newest first: at most `limits.sessionsListedMax`. */
  readonly listed: readonly StreamInfo[]
  readonly count: number
  /** The session whose memory files are kept; `null` in a home without sessions. */
  readonly current: string | null
}

/**
 * All sessions, and the current one: the active session with the newest event. Sub-agents stand back behind the session
 * that started them, and where none is active, the newest of all is meant.
 */
export async function sessionsOf(log: EventLog): Promise<HomeSessions> {
  let listed: StreamInfo[] = []
  let current: StreamInfo | null = null
  let count = 0
  for await (const page of log.streams()) {
    const begun = page.filter(({ version, summary }) => version > 0 && summary !== null)
    count += begun.length
    listed.push(...begun)
    for (const session of begun) if (current === null || goesBefore(session, current)) current = session
    if (listed.length > limits.sessionsListedMax * 2) listed = newest(listed)
  }
  return { listed: newest(listed), count, current: current?.sessionId ?? null }
}

function newest(sessions: readonly StreamInfo[]): StreamInfo[] {
  return sessions
    .toSorted((a, b) => compare(lastEventAt(b), lastEventAt(a)))
    .slice(0, limits.sessionsListedMax)
}

/** Ranks decide in this order: active, no sub-agent, newest event. */
function goesBefore(a: StreamInfo, b: StreamInfo): boolean {
  const [first, second] = [ranksOf(a), ranksOf(b)]
  const index = first.findIndex((rank, at) => rank !== second[at])
  return index >= 0 && compare(first[index] ?? '', second[index] ?? '') > 0
}

function ranksOf(session: StreamInfo): readonly string[] {
  const { summary, forkedFrom, sessionId } = session
  const isActive = summary?.status === 'active' ? '1' : '0'
  const isSubAgent = summary?.parentSessionId != null && forkedFrom === null
  return [isActive, isSubAgent ? '0' : '1', lastEventAt(session), sessionId]
}

function lastEventAt({ summary }: StreamInfo): string {
  return summary?.lastEventAt ?? ''
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
