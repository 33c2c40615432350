/** One reader of a log for all machines that a process has open on it: each hears of the events of its own stream, whoever appended them. */
import type { LoggedEvent } from '../events/envelope.ts'
import type { EventLog } from '../log/port.ts'
import { followLog } from '../session/follow.ts'

export interface Listener {
  heard(event: LoggedEvent): void
  /** The log cannot be read any more. */
  failed(error: unknown): void
}

interface Follower {
  readonly listeners: Map<string, Set<Listener>>
  readonly abort: AbortController
}

const followers = new WeakMap<EventLog, Follower>()

/** Hears of each event that is appended to a stream from now on; the function that comes back ends it. */
export async function followMachine(
  log: EventLog,
  sessionId: string,
  listener: Listener,
): Promise<() => void> {
  const position = await log.position()
  const follower = followers.get(log) ?? begin(log, position)
  const { listeners, abort } = follower
  const own = listeners.get(sessionId) ?? new Set()
  listeners.set(sessionId, own.add(listener))
  return () => {
    own.delete(listener)
    if (own.size === 0) listeners.delete(sessionId)
    if (listeners.size > 0) return
    abort.abort()
    if (followers.get(log) === follower) followers.delete(log)
  }
}

function begin(log: EventLog, afterPosition: number): Follower {
  const follower: Follower = { listeners: new Map(), abort: new AbortController() }
  followers.set(log, follower)
  void follow(log, follower, afterPosition).catch((error: unknown) => {
    if (followers.get(log) === follower) followers.delete(log)
    if (follower.abort.signal.aborted) return
    for (const own of follower.listeners.values()) for (const listener of own) listener.failed(error)
  })
  return follower
}

async function follow(log: EventLog, { listeners, abort }: Follower, afterPosition: number): Promise<void> {
  for await (const event of followLog(log, afterPosition, abort.signal)) {
    for (const listener of listeners.get(event.sessionId) ?? []) listener.heard(event)
  }
}
