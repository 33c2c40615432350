/** Two places in histories held against each other: where their pasts part, what happened on each side since, and what differs. */
import type { LoggedEvent } from '../../events/envelope.ts'
import type { EventLog } from '../../log/port.ts'
import { type StateDiff, type StateDiffOptions, stateDiff } from '../../views/state-diff.ts'
import { type TimelineEntry, timelineEntry } from '../../views/timeline.ts'
import { stateAt } from '../at.ts'
import { eventAt } from '../batch-ends.ts'
import { streamOf } from '../load.ts'
import { IdPairs, noteIds, type SeenIds } from './id-pairs.ts'

/** A session at a version. */
export interface HistoryPlace {
  readonly sessionId: string
  readonly version: number
}

/**
 * - `same-session`: two versions of one session;
 * - `shared-past`: a fork and its parent, or two forks: their first events are the same ones, not only alike;
 * - `apart`: two sessions that share nothing; their events are compared by what they say.
 */
export type Relation = 'same-session' | 'shared-past' | 'apart'

/** What happened on one side after the last version that both have. */
export interface Side extends HistoryPlace {
  readonly events: number
  /** How many of each type, the most frequent first. */
  readonly byType: Readonly<Record<string, number>>
  /** The first event that the other side does not have; `null` when this side ends there. */
  readonly first: TimelineEntry | null
}

export interface HistoryDiff {
  readonly relation: Relation
  /** The last version up to which both are the same; 0 when they differ from the first event on. */
  readonly common: number
  readonly before: Side
  readonly after: Side
  /** Neither side has an event that the other has not, and no part of the states differs. */
  readonly same: boolean
  readonly state: StateDiff
}

export interface DiffOptions extends Pick<StateDiffOptions, 'all' | 'foldTimes'> {
  readonly onProgress?: (version: number) => void
}

/**
 * Compares two places. Where they share a past, it is found by their lineage and not read again; of the rest each event is read once, a
 * page of each side at a time.
 *
 * @throws SessionNotFound; WaymarkError `VERSION_NOT_FOUND`, `DAMAGED_RECORD`
 */
export async function diffHistories(
  log: EventLog,
  before: HistoryPlace,
  after: HistoryPlace,
  { onProgress, ...options }: DiffOptions = {},
): Promise<HistoryDiff> {
  // A version that is not there is told before anything is read.
  const states = { before: await stateOf(log, before), after: await stateOf(log, after) }
  const shared = await sharedVersion(log, before, after)
  const relation =
    before.sessionId === after.sessionId ? 'same-session' : shared === null ? 'apart' : 'shared-past'
  const ids = new IdPairs()
  const common = shared ?? (await alikeUpTo(log, before, after, ids, onProgress))
  const isApart = relation === 'apart'
  const seen = { before: new Set<string>(), after: new Set<string>() }
  const sides = {
    before: await sideOf(log, before, common, seen.before, onProgress),
    after: await sideOf(log, after, common, seen.after, onProgress),
  }
  // Of histories that share events, what is not shared is not the same, however alike it is.
  if (isApart) ids.pairRest(seen.before, seen.after)
  const state = stateDiff(states.before, states.after, {
    foldTimes: isApart,
    ...options,
    nameOf: ids.nameOf,
  })
  const same = sides.before.events === 0 && sides.after.events === 0 && state.changeCount === 0
  return { relation, common, ...sides, same, state }
}

function stateOf(log: EventLog, { sessionId, version }: HistoryPlace): ReturnType<typeof stateAt> {
  return stateAt(log, sessionId, version)
}

/** The last version that both places inherited from, or are in, one and the same stream; `null` when there is none. */
async function sharedVersion(log: EventLog, a: HistoryPlace, b: HistoryPlace): Promise<number | null> {
  const owners = new Map((await ownersOf(log, a)).map(({ sessionId, version }) => [sessionId, version]))
  for (const { sessionId, version } of await ownersOf(log, b)) {
    const other = owners.get(sessionId)
    if (other !== undefined) return Math.min(version, other)
  }
  return null
}

/** The session and those it was forked from, each up to the version that belongs to it here, nearest first. */
async function ownersOf(log: EventLog, place: HistoryPlace): Promise<readonly HistoryPlace[]> {
  const owners: HistoryPlace[] = [place]
  let { forkedFrom } = await streamOf(log, place.sessionId)
  // The log bounds how deep forks of forks may be.
  for (let most = place.version; forkedFrom !== null; ) {
    most = Math.min(most, forkedFrom.version)
    owners.push({ sessionId: forkedFrom.sessionId, version: most })
    forkedFrom = (await streamOf(log, forkedFrom.sessionId)).forkedFrom
  }
  return owners
}

/** Up to which version the events of two sessions say the same, read side by side: ids, times and actors differ between any two. */
async function alikeUpTo(
  log: EventLog,
  a: HistoryPlace,
  b: HistoryPlace,
  ids: IdPairs,
  onProgress: DiffOptions['onProgress'],
): Promise<number> {
  ids.pair(a.sessionId, b.sessionId)
  const others = eventsOf(log, b, 0)
  try {
    for await (const event of eventsOf(log, a, 0, onProgress)) {
      const other = await others.next()
      if (other.done === true || !ids.areAlike(event, other.value)) return event.version - 1
    }
    return Math.min(a.version, b.version)
  } finally {
    await others.return()
  }
}

async function* eventsOf(
  log: EventLog,
  { sessionId, version }: HistoryPlace,
  after: number,
  onProgress?: (version: number) => void,
): AsyncGenerator<LoggedEvent, void, undefined> {
  if (version <= after) return
  for await (const page of log.read(sessionId, { after, to: version })) {
    yield* page
    onProgress?.(page.at(-1)?.version ?? after)
  }
}

async function sideOf(
  log: EventLog,
  place: HistoryPlace,
  common: number,
  seen: SeenIds,
  onProgress: DiffOptions['onProgress'],
): Promise<Side> {
  const counts = new Map<string, number>()
  for await (const { type, data } of eventsOf(log, place, common, onProgress)) {
    noteIds(seen, data)
    counts.set(type, (counts.get(type) ?? 0) + 1)
  }
  const first = place.version > common ? await eventAt(log, place.sessionId, common + 1) : null
  const byType = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
  return {
    ...place,
    events: Math.max(0, place.version - common),
    byType: Object.fromEntries(byType),
    first: first === null ? null : timelineEntry(first),
  }
}
