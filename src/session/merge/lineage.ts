/** Where two histories meet: the ancestors of sessions, and the newest place that both sides of a merge have in them. */
import { isKnown } from '../../events/envelope.ts'
import type { ReadonlyState } from '../../fold/state.ts'
import { limits } from '../../kernel/limits.ts'
import type { EventLog } from '../../log/port.ts'
import { versionAt } from '../../replay/at.ts'
import { streamOf } from '../../replay/load.ts'

/** A session up to a version: what a younger session has of it. */
export interface Ancestor {
  readonly sessionId: string
  /** Up to here; of the session itself there is no end. */
  readonly version: number
  /** How the one before it in the list came from it. */
  readonly link: 'self' | 'fork' | 'continuation'
}

/** The session itself, then what it came from, nearest first. */
export type Ancestors = readonly Ancestor[]

/** The ancestors of a session, as far as they are in this home. */
export async function ancestorsOf(log: EventLog, sessionId: string): Promise<Ancestors> {
  const ancestors: Ancestor[] = [{ sessionId, version: Number.POSITIVE_INFINITY, link: 'self' }]
  const met = new Set([sessionId])
  for (let next = await originOf(log, sessionId); next !== null; next = await originOf(log, next.sessionId)) {
    if (met.has(next.sessionId) || ancestors.length > limits.lineageDepthMax * 2) break
    met.add(next.sessionId)
    // Forked below its own fork point, a session has less of the older one than the one in between has.
    const most = next.link === 'fork' ? (ancestors.at(-1)?.version ?? next.version) : next.version
    ancestors.push({ ...next, version: Math.min(next.version, most) })
  }
  return ancestors
}

async function originOf(log: EventLog, sessionId: string): Promise<Ancestor | null> {
  const { forkedFrom } = await streamOf(log, sessionId)
  if (forkedFrom !== null) return { ...forkedFrom, link: 'fork' }
  for await (const page of log.read(sessionId, { to: 1 })) {
    const first = page[0]
    if (first === undefined || !isKnown(first) || first.type !== 'session.started') return null
    const { continuesSessionId, continuesVersion } = first.data
    const origin = continuesSessionId === undefined ? null : await log.stream(continuesSessionId)
    if (origin === null) return null
    const version = continuesVersion ?? (await versionAt(log, origin.sessionId, first.time))
    return { sessionId: origin.sessionId, version: Math.min(version, origin.version), link: 'continuation' }
  }
  return null
}

/** A place on a list of ancestors. */
export interface Place {
  readonly index: number
  readonly version: number
}

/** Where both sides were one, as a place in the history of each; `null` on the side that took it in by a merge. */
export interface MeetingPoint {
  readonly onSource: Place | null
  readonly onTarget: Place | null
  /** The version of the source at which both were one, or were merged: up to here, nothing is new to the target. */
  readonly baseVersion: number
  /** What the source has of its own, or of others, is of later versions. */
  readonly newAfter: number
}

interface Taken {
  readonly place: Place
  /** The version of the merge that took it in. */
  readonly mergedAt: number
}

/**
 * The newest place that both have in them: what one has merged of the other's history, else where the histories part.
 * `null` for sessions that have nothing to do with each other.
 */
export function meetingPoint(
  source: Ancestors,
  target: Ancestors,
  merges: { readonly source: ReadonlyState['merges']; readonly target: ReadonlyState['merges'] },
): MeetingPoint | null {
  const parted = partingPoint(source, target)
  if (parted === null) return null
  const taken = newestTaken(source, merges.target, parted.onSource)
  const given = newestTaken(target, merges.source, parted.onTarget)
  const onSource = taken?.place ?? parted.onSource
  const newAfter = isOneStream(source, onSource.index) ? onSource.version : 0
  if (given !== null && (taken === null || given.place.version >= taken.mergedAt)) {
    return { onSource: null, onTarget: given.place, baseVersion: given.mergedAt, newAfter }
  }
  return { onSource, onTarget: taken === null ? parted.onTarget : null, baseVersion: newAfter, newAfter }
}

function partingPoint(
  source: Ancestors,
  target: Ancestors,
): { readonly onSource: Place; readonly onTarget: Place } | null {
  const indexOf = new Map(target.map(({ sessionId }, index) => [sessionId, index]))
  for (const [index, ancestor] of source.entries()) {
    const other = indexOf.get(ancestor.sessionId)
    if (other === undefined) continue
    const version = Math.min(ancestor.version, target[other]?.version ?? 0)
    return {
      onSource: inOwner(source, { index, version }),
      onTarget: inOwner(target, { index: other, version }),
    }
  }
  return null
}

/** The same place in the session whose own event it is: an inherited version lies above the forks that share it. */
function inOwner(history: Ancestors, { index, version }: Place): Place {
  let at = index
  for (let next = history[at + 1]; next?.link === 'fork' && version <= next.version; next = history[at + 1])
    at += 1
  return { index: at, version }
}

/** The newest place of a history that the other side has merged, unless it lies before where they parted. */
function newestTaken(history: Ancestors, merges: ReadonlyState['merges'], parted: Place): Taken | null {
  let newest: Taken | null = null
  for (const { sessionId, sourceVersion, version: mergedAt } of merges) {
    const index = history.findIndex((ancestor) => ancestor.sessionId === sessionId)
    const ancestor = history[index]
    if (ancestor === undefined) continue
    const place = inOwner(history, { index, version: Math.min(sourceVersion, ancestor.version) })
    if (isNewer(place, newest?.place ?? parted)) newest = { place, mergedAt }
  }
  return newest
}

function isNewer(a: Place, b: Place): boolean {
  return a.index < b.index || (a.index === b.index && a.version > b.version)
}

/** Whether all ancestors up to an index share their versions with the session itself. */
function isOneStream(history: Ancestors, index: number): boolean {
  return history.slice(1, index + 1).every(({ link }) => link === 'fork')
}

/** The session through which an ancestor can be read: the youngest one that shares its events. */
export function readerOf(history: Ancestors, index: number): string {
  let at = index
  while (history[at]?.link === 'fork') at -= 1
  return history[at]?.sessionId ?? ''
}
