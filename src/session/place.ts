/** Places in histories as people name them: a session, alone or with a version, a checkpoint or a time behind an `@`. */
import { WaymarkError } from '../kernel/errors.ts'
import type { EventLog } from '../log/port.ts'
import { stateAt, versionAt } from '../replay/at.ts'
import { checkpointVersion } from '../replay/checkpoint-version.ts'
import { type DiffOptions, diffHistories, type HistoryDiff, type HistoryPlace } from '../replay/diff/diff.ts'
import { streamOf } from '../replay/load.ts'
import { checkName } from './doors.ts'
import { resolveSession } from './resolve.ts'

/**
 * Compares two places. Without a second one, a place in the past is compared with the newest version of its session, and a fork with what
 * its parent is now.
 *
 * @throws SessionNotFound; WaymarkError `SESSION_AMBIGUOUS`, `VERSION_NOT_FOUND`, `USAGE`, `DAMAGED_RECORD`
 * @example
 * ```ts
 * const fork = await session.fork()
 * await fork.send({ type: 'task.add', taskId: 'A', title: 'Log in' })
 * const { common, state } = await waymark.diff(session.id, fork.id)
 * common === session.version // true
 * state.changes.some(({ path }) => path === 'tasks.A') // true
 * ```
 */
export async function diffPlaces(
  log: EventLog,
  before: string,
  after: string | undefined,
  options: DiffOptions,
): Promise<HistoryDiff> {
  const [first, second] = await bothPlaces(log, await named(log, before), after)
  return diffHistories(log, await placeOf(log, first), await placeOf(log, second), options)
}

/** What was typed, with the session it means; an empty name means that of the other place. */
interface Named {
  readonly sessionId: string | null
  /** What stands behind the `@`. */
  readonly at: string | null
}

interface NamedPlace extends Named {
  readonly sessionId: string
}

async function bothPlaces(
  log: EventLog,
  first: Named,
  after: string | undefined,
): Promise<readonly [NamedPlace, NamedPlace]> {
  if (after !== undefined) {
    const second = await named(log, after)
    const sessionId = first.sessionId ?? second.sessionId
    if (sessionId === null) throw noSession()
    return [
      { ...first, sessionId },
      { ...second, sessionId: second.sessionId ?? sessionId },
    ]
  }
  const { sessionId, at } = first
  if (sessionId === null) throw noSession()
  const place = { sessionId, at }
  if (at !== null) return [place, { sessionId, at: null }]
  const { forkedFrom } = await streamOf(log, sessionId)
  if (forkedFrom !== null) return [{ sessionId: forkedFrom.sessionId, at: null }, place]
  throw new WaymarkError('USAGE', {
    message: `session ${sessionId} is no fork: name what it is compared with`,
    hint: 'a version of it (3f2a@12), two of them (3f2a@12 @40), or another session',
  })
}

function noSession(): WaymarkError {
  return new WaymarkError('USAGE', {
    message: 'neither place names a session',
    hint: 'write them as 3f2a@12 and @40: the second one is of the same session',
  })
}

async function named(log: EventLog, text: string): Promise<Named> {
  checkName(text, 'a place in a session')
  const mark = text.lastIndexOf('@')
  // Another tool's id of a session may have the sign in it.
  if (mark === -1 || (mark > 0 && (await isName(log, text))))
    return { sessionId: await resolveSession(log, text), at: null }
  const at = text.slice(mark + 1)
  if (mark === 0) return { sessionId: null, at }
  return { sessionId: await resolveSession(log, text.slice(0, mark)), at }
}

async function isName(log: EventLog, text: string): Promise<boolean> {
  try {
    await resolveSession(log, text)
    return true
  } catch (error) {
    if (error instanceof WaymarkError && error.code === 'SESSION_NOT_FOUND') return false
    throw error
  }
}

function before(newest: number, count: number, sessionId: string): number {
  if (newest + count >= 0) return newest + count
  throw new WaymarkError('VERSION_NOT_FOUND', {
    message: `session ${sessionId} has no ${-count} versions before the newest`,
    hint: `its versions are 0 to ${newest}`,
    details: { sessionId, before: -count, newest },
  })
}

const timePattern = /^\d{4}-\d{2}-\d{2}(?:[T ][\d:.]+(Z|[+-]\d{2}:?\d{2})?)?$/i

async function placeOf(log: EventLog, { sessionId, at }: NamedPlace): Promise<HistoryPlace> {
  const { version: newest } = await streamOf(log, sessionId)
  if (at === null) return { sessionId, version: newest }
  if (/^\d{1,15}$/.test(at)) return { sessionId, version: Number(at) }
  if (/^-\d{1,15}$/.test(at)) return { sessionId, version: before(newest, Number(at), sessionId) }
  const time = timePattern.exec(at)
  if (time !== null) {
    // A time of the day without a zone is in UTC, as all times are shown.
    const complete = at.length > 'YYYY-MM-DD'.length && time[1] === undefined ? `${at}Z` : at
    return { sessionId, version: await versionAt(log, sessionId, complete) }
  }
  if (/^(?:ckpt_)?[0-9a-f-]+$/i.test(at)) {
    const id = at.startsWith('ckpt_') ? at : `ckpt_${at}`
    return { sessionId, version: await checkpointVersion(log, await stateAt(log, sessionId), id) }
  }
  throw new WaymarkError('USAGE', {
    message: `"${at.slice(0, 100)}" is no place in a session`,
    hint: 'behind the @ stands a version (12, or -3 for three before the newest), a checkpoint (ckpt_…) or a time (2026-01-31T12:00:00Z)',
  })
}
