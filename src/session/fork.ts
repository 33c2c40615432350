/** Forking: a new stream that begins where another one stood. */
import type { Command } from '../events/commands.ts'
import type { ReadonlyState } from '../fold/state.ts'
import { DamagedRecord, WaymarkError } from '../kernel/errors.ts'
import { limits } from '../kernel/limits.ts'
import type { EventLog } from '../log/port.ts'
import { checkpointVersion } from '../replay/checkpoint-version.ts'
import { loadState } from '../replay/load.ts'
import { takeKeyframeOfFork } from '../replay/snapshot/keyframe.ts'
import { takenOutUpTo } from '../replay/taken-out.ts'
import type { SessionHost } from './host.ts'
import { assertOutsideMerge } from './merge/inside.ts'
import { record } from './record.ts'

export interface ForkOptions {
  /** The version to fork at; the newest if left out. */
  readonly at?: number
  /** The checkpoint to fork at, instead of a version. */
  readonly checkpoint?: string
  readonly title?: string
  /** When it happened, where that was not now: a history that was played again keeps its times. */
  readonly time?: string
}

/**
 * Makes the fork in one transaction and returns its state. Costs what it costs to load the parent's state: the nearest snapshot and the
 * events after it.
 *
 * @throws WaymarkError `VERSION_NOT_FOUND`, `LIMIT_REACHED`, `USAGE`; CommandRefused; DamagedRecord
 */
export async function forkSession(
  { log, environment, writers, appended }: Pick<SessionHost, 'log' | 'environment' | 'writers' | 'appended'>,
  parentSessionId: string,
  options: ForkOptions,
): Promise<ReadonlyState> {
  const at = await placeOf(log, parentSessionId, options)
  const { state: inherited, replayedEvents } = await loadState(log, parentSessionId, at)
  if (inherited.version === 0) throw beforeItsStart(parentSessionId)
  await assertOutsideMerge(log, inherited)
  const sessionId = `sess_${environment.ids.uuid()}`
  const parentVersion = inherited.version
  const title = options.title === undefined ? {} : { title: options.title }
  const gone = await redactionsToRecord(log, parentSessionId, parentVersion)
  const state = await log.transact((transaction) => {
    transaction.create(sessionId, { sessionId: parentSessionId, version: parentVersion })
    const known: ReadonlyState = { ...inherited, sessionId }
    const command = { type: 'session.fork', parentSessionId, parentVersion, ...title } as const
    const meta = options.time === undefined ? {} : { time: options.time }
    let forked = record(transaction, known, { sessionId, command, meta }, environment).state
    for (const redaction of gone) {
      forked = record(transaction, forked, { sessionId, command: redaction }, environment).state
    }
    writers?.take(transaction, forked)
    takeKeyframeOfFork(transaction, forked, replayedEvents)
    return forked
  })
  writers?.committed(state)
  appended(sessionId)
  return state
}

function beforeItsStart(sessionId: string): WaymarkError {
  return new WaymarkError('USAGE', {
    message: `session ${sessionId} had not begun at version 0`,
    hint: 'fork it at version 1 or later; waymark new makes an empty session',
    details: { sessionId, version: 0 },
  })
}

/**
 * What was taken out of the shared events, as commands that record it: a fork may travel without its parent's later events, and has to say
 * by itself why data is not what was written. Only where something was ever taken out of the parent are its events gone over.
 */
async function redactionsToRecord(
  log: EventLog,
  sessionId: string,
  version: number,
): Promise<readonly Command[]> {
  if (!(await mayBeRedacted(log, sessionId))) return []
  const { events, contents } = await takenOutUpTo(log, sessionId, version)
  const most = limits.redactedEventsMax
  const commands: Command[] = []
  for (let at = 0; at < Math.max(events.length, contents.length); at += most) {
    commands.push({
      type: 'session.redact',
      rules: ['inherited'],
      events: events.slice(at, at + most).map((event) => ({ ...event })),
      contents: contents.slice(at, at + most),
    })
  }
  return commands
}

/** Versions up to which nothing was ever taken out of a session, as far as this process has looked. */
const soundUpTo = new WeakMap<EventLog, Map<string, number>>()
const sessionsNotedMax = 1_000

async function mayBeRedacted(log: EventLog, sessionId: string): Promise<boolean> {
  const noted = soundUpTo.get(log) ?? new Map<string, number>()
  soundUpTo.set(log, noted)
  try {
    const newest = await newestUntouched(log, sessionId, noted.get(sessionId))
    noted.delete(sessionId)
    if (newest !== null) noted.set(sessionId, newest)
    for (const [oldest] of noted) if (noted.size > sessionsNotedMax) noted.delete(oldest)
    return newest === null
  } catch (error) {
    // Forked before damage: then its events are gone over to see.
    if (error instanceof DamagedRecord) return true
    throw error
  }
}

/** The newest version of a session out of which nothing was taken, else `null`. Looks at what came after `known`, up to which nothing was. */
async function newestUntouched(log: EventLog, sessionId: string, known?: number): Promise<number | null> {
  if (known === undefined) {
    const { state } = await loadState(log, sessionId)
    return state.redactions > 0 ? null : state.version
  }
  let newest = known
  for await (const page of log.readToFold(sessionId, { after: known })) {
    for (const event of page) {
      if (event.type === 'session.redacted') return null
      newest = event.version
    }
  }
  return newest
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
