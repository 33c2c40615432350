/** Forking: a new stream that begins where another one stood. */
import type { ReadonlyState } from '../fold/state.ts'
import { WaymarkError } from '../kernel/errors.ts'
import type { EventLog } from '../log/port.ts'
import { checkpointVersion } from '../replay/checkpoint-version.ts'
import { loadState } from '../replay/load.ts'
import type { SessionHost } from './host.ts'
import { takeKeyframeOfFork } from './keyframe.ts'
import { record } from './record.ts'

export interface ForkOptions {
  /** The version to fork at; the newest if left out. */
  readonly at?: number
  /** The checkpoint to fork at, instead of a version. */
  readonly checkpoint?: string
  readonly title?: string
}

/**
 * Makes the fork in one transaction and returns its state. Costs what it costs to load the parent's state: the nearest snapshot and the
 * events after it.
 *
 * @throws WaymarkError `VERSION_NOT_FOUND`, `LIMIT_REACHED`, `USAGE`; CommandRefused; DamagedRecord
 */
export async function forkSession(
  { log, environment, appended }: Pick<SessionHost, 'log' | 'environment' | 'appended'>,
  parentSessionId: string,
  options: ForkOptions,
): Promise<ReadonlyState> {
  const at = await placeOf(log, parentSessionId, options)
  const { state: inherited, replayedEvents } = await loadState(log, parentSessionId, at)
  const sessionId = `sess_${environment.ids.uuid()}`
  const parentVersion = inherited.version
  const title = options.title === undefined ? {} : { title: options.title }
  const state = await log.transact((transaction) => {
    transaction.create(sessionId, { sessionId: parentSessionId, version: parentVersion })
    const known: ReadonlyState = { ...inherited, sessionId }
    const command = { type: 'session.fork', parentSessionId, parentVersion, ...title } as const
    const forked = record(transaction, known, { sessionId, command }, environment).state
    takeKeyframeOfFork(transaction, forked, replayedEvents)
    return forked
  })
  appended(sessionId)
  return state
}

async function placeOf(
  log: EventLog,
  sessionId: string,
  { at, checkpoint }: ForkOptions,
): Promise<number | undefined> {
  if (checkpoint === undefined) return at
  if (at !== undefined) {
    throw new WaymarkError('USAGE', {
      message: 'a fork begins at a version or at a checkpoint, not at both',
      hint: 'leave one of the two out',
    })
  }
  return checkpointVersion(log, (await loadState(log, sessionId)).state, checkpoint)
}
