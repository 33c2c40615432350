/** Where the events of a forked stream lie: each ancestor holds a run of versions, the stream itself the rest. */
import type { ForkPoint } from './port.ts'

/** A run of versions, all held by one stream: after `after`, up to and with `to`. */
export interface Segment {
  readonly sessionId: string
  readonly after: number
  readonly to: number
}

/**
 * The segments that hold the versions after `after` up to `to`, oldest first.
 *
 * @param forkedFrom tells the fork point of a stream, `null` for one that is no fork.
 */
export function segmentsOf(
  sessionId: string,
  after: number,
  to: number,
  forkedFrom: (sessionId: string) => ForkPoint | null,
): readonly Segment[] {
  const segments: Segment[] = []
  let owner = sessionId
  let last = to
  for (let fork = forkedFrom(owner); ; fork = forkedFrom(owner)) {
    const first = Math.max(after, fork?.version ?? 0)
    if (first < last) segments.push({ sessionId: owner, after: first, to: last })
    if (fork === null || fork.version <= after) return segments.reverse()
    owner = fork.sessionId
    last = Math.min(last, fork.version)
  }
}
