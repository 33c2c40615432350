/**
 * What was committed, noted at once and apart from the log: the truth that a log is held against. It knows forks by their events, and
 * folds by the plain way, so that nothing in it rests on what is being tested.
 */
import { isKnown, type LoggedEvent } from '../../events/envelope.ts'
import { foldInto } from '../../fold/fold.ts'
import { initialState, type SessionState } from '../../fold/state.ts'
import type { EventLog, ForkPoint } from '../../log/port.ts'

/** What one transaction of one process has added. */
export interface Commit {
  readonly process: string
  readonly events: readonly LoggedEvent[]
  /** Versions of the sessions that it added to, as they were before. */
  readonly versionsBefore: ReadonlyMap<string, number>
}

export interface LedgerSession {
  readonly sessionId: string
  readonly forkedFrom: ForkPoint | null
  /** Its own events; inherited ones are its parent's. */
  readonly own: LoggedEvent[]
}

export class Ledger {
  readonly events: LoggedEvent[] = []
  readonly commits: Commit[] = []
  readonly sessions = new Map<string, LedgerSession>()

  /** Position of the newest event. */
  get position(): number {
    return this.events[this.events.length - 1]?.position ?? 0
  }

  versionOf(sessionId: string): number {
    const session = this.sessions.get(sessionId)
    return (session?.forkedFrom?.version ?? 0) + (session?.own.length ?? 0)
  }

  /** Notes what a log has had added since the last time. */
  async note(log: EventLog, process: string): Promise<Commit> {
    const events: LoggedEvent[] = []
    for await (const page of log.readAll(this.position)) events.push(...page)
    const versionsBefore = new Map<string, number>()
    for (const event of events) {
      if (!versionsBefore.has(event.sessionId)) versionsBefore.set(event.sessionId, this.#begun(event))
      this.events.push(event)
      this.sessions.get(event.sessionId)?.own.push(event)
    }
    const commit = { process, events, versionsBefore }
    if (events.length > 0) this.commits.push(commit)
    return commit
  }

  /** The version of a session before an event, which may be its first. */
  #begun(event: LoggedEvent): number {
    const { sessionId } = event
    if (!this.sessions.has(sessionId)) {
      this.sessions.set(sessionId, { sessionId, forkedFrom: forkPointOf(event), own: [] })
    }
    return this.versionOf(sessionId)
  }

  /** All events of a session, inherited ones first. */
  lineOf(sessionId: string, to = this.versionOf(sessionId)): readonly LoggedEvent[] {
    const session = this.sessions.get(sessionId)
    if (session === undefined) return []
    const { forkedFrom, own } = session
    const base = forkedFrom?.version ?? 0
    const inherited =
      forkedFrom === null ? [] : this.lineOf(forkedFrom.sessionId, Math.min(forkedFrom.version, to))
    return [...inherited, ...own.slice(0, Math.max(0, to - base))]
  }

  /** The commit that an event came with. */
  commitOf(sessionId: string, version: number): Commit | undefined {
    return this.commits.find(({ events }) =>
      events.some((event) => event.sessionId === sessionId && event.version === version),
    )
  }

  /** The state of a session at each of its versions in turn: one object that changes, for whoever looks at it at once. */
  *statesOf(sessionId: string): Generator<SessionState, void, undefined> {
    const state = initialState(sessionId)
    yield state
    for (const event of this.lineOf(sessionId)) {
      foldInto(state, [event])
      yield state
    }
  }
}

function forkPointOf(event: LoggedEvent): ForkPoint | null {
  if (!isKnown(event) || event.type !== 'session.forked') return null
  const { parentSessionId, parentVersion } = event.data
  return { sessionId: parentSessionId, version: parentVersion }
}
