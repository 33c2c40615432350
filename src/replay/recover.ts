/**
 * Recovery: finds the newest sound state and what was left open. It starts from the newest valid snapshot, else an
 * older one, else replays all, and checks the hash chain of every event it reads on the way. It reads only;
 * the session records what was found.
 */
import { foldInto, frozen } from '../fold/fold.ts'
import type { ReadonlyState } from '../fold/state.ts'
import type { RowProblem } from '../log/chain.ts'
import type { EventLog } from '../log/port.ts'
import { checkedEvents } from './chain.ts'
import { type LoadedFrom, type SnapshotProblem, startingPoint, streamOf } from './load.ts'

/** Something that was going on when the session stopped. */
export type OpenItem =
  | { readonly kind: 'task'; readonly id: string; readonly status: string; readonly title: string }
  | {
      readonly kind: 'call'
      readonly id: string
      readonly name: string
      readonly version: number
      readonly time: string
    }

export interface Recovery {
  readonly sessionId: string
  readonly from: LoadedFrom
  /** The checkpoint whose snapshot was taken; `null` for a keyframe or a full replay. */
  readonly checkpointId: string | null
  readonly snapshotVersion: number
  /** The version the state is at: the newest, or the last sound one when the log is damaged. */
  readonly version: number
  readonly replayedEvents: number
  readonly open: readonly OpenItem[]
  readonly passedOver: readonly SnapshotProblem[]
  /** The first damage met; events from its version on are not in the state. */
  readonly damage: RowProblem | null
  readonly state: ReadonlyState
}

/** Statuses of tasks that somebody was working on. */
const openTaskStatuses: ReadonlySet<string> = new Set([
  'in_progress',
  'token_warning',
  'context_switch',
  'recovered',
])

/** Finds the newest sound state of a session and what was left open in it. */
export async function planRecovery(log: EventLog, sessionId: string): Promise<Recovery> {
  const stream = await streamOf(log, sessionId)
  const start = await startingPoint(log, sessionId, stream.version)
  const { state } = start
  const chainHash = start.snapshot?.chainHash ?? ''
  let damage: RowProblem | null = null
  let replayedEvents = 0
  for await (const page of checkedEvents(log, stream, state.version, chainHash)) {
    foldInto(state, page.events)
    replayedEvents += page.events.length
    damage = page.problem
    if (damage !== null) break
  }
  const recovered = frozen(state)
  return {
    sessionId,
    from: start.from,
    checkpointId: start.snapshot?.checkpointId ?? null,
    snapshotVersion: start.snapshot?.version ?? 0,
    version: recovered.version,
    replayedEvents,
    open: openItems(recovered),
    passedOver: start.passedOver,
    damage,
    state: recovered,
  }
}

/** Tasks somebody was working on and calls whose result never came. */
function openItems(state: ReadonlyState): readonly OpenItem[] {
  const tasks = Object.values(state.tasks)
    .filter(({ status }) => openTaskStatuses.has(status))
    .map(({ id, status, title }): OpenItem => ({ kind: 'task', id, status, title }))
  const calls = Object.entries(state.openCalls).map(
    ([id, { name, version, time }]): OpenItem => ({ kind: 'call', id, name, version, time }),
  )
  return [...tasks, ...calls]
}
