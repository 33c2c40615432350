/** Rewinding: the session goes on from an earlier version of itself. What happened since stays in the log. */

import { decide } from '../decide/decide.ts'
import { isWarning } from '../decide/machines.ts'
import type { Restored } from '../events/branch.ts'
import { type Command, parseCommand } from '../events/commands.ts'
import type { ReadonlyState, SessionState } from '../fold/state.ts'
import { canonicalJson } from '../kernel/json.ts'
import type { EventLog } from '../log/port.ts'
import { checkpointVersion } from '../replay/checkpoint-version.ts'
import { loadState } from '../replay/load.ts'
import { takeKeyframeIfDue } from '../replay/snapshot/keyframe.ts'
import { checkedActor } from './actor.ts'
import type { SessionHost } from './host.ts'
import { assertOutsideMerge } from './merge/inside.ts'
import type { MergeTarget, Turned } from './merge/merge.ts'
import { assertHolder, caughtUp, precededBy, type RecordEnvironment, record, refused } from './record.ts'

export interface RewindOptions {
  /** The version to go on from, or a checkpoint's id. */
  readonly to: number | string
  readonly reason?: string
  /** Say what would be put back; nothing is recorded. */
  readonly dryRun?: boolean
  /** Who rewinds; `user` if left out. */
  readonly actor?: string
}

export interface RewindReport {
  readonly sessionId: string
  readonly toVersion: number
  /** Ids of tasks that are put back, and of those that are taken away because they were not there then. */
  readonly tasks: PutBack
  /** The same of context items, by tag. */
  readonly items: PutBack
  /** Focus, decisions, SPECs or milestones are put back. */
  readonly knowledge: boolean
  /** The session's version afterwards. */
  readonly version: number
  /** It is in the log; not after a dry run, and not when nothing differs. */
  readonly recorded: boolean
}

export interface PutBack {
  readonly restored: readonly string[]
  readonly removed: readonly string[]
}

/**
 * Puts tasks, context items and what is known back to how they were at a version, in one transaction and against the newest state.
 *
 * @throws WaymarkError `VERSION_NOT_FOUND`, `USAGE` for a version inside a merge; CommandRefused, StaleHolder, DamagedRecord; then nothing has been appended.
 */
export async function rewindSession(
  host: SessionHost,
  { sessionId, epoch }: MergeTarget,
  options: RewindOptions,
): Promise<Turned<RewindReport>> {
  const { log } = host
  const { state: known } = await loadState(log, sessionId)
  // What is put back comes from the log; the reason comes from outside.
  const nothing = { tasks: {}, items: {}, knowledge: null }
  parseCommand({ type: 'session.rewind', toVersion: 0, reason: options.reason, restored: nothing })
  const { state: past } = await loadState(log, sessionId, await versionOf(log, known, options.to))
  await assertOutsideMerge(log, past)
  if (options.dryRun === true) {
    const restored = restoredFrom(past, known)
    assertAccepted(known, commandOf(past, restored, options), epoch, host.environment)
    return { report: reportOf(known, past, restored, false), state: known }
  }
  const meta = { actor: checkedActor(options.actor) }
  const rewound = await log.transact((transaction) => {
    const before = caughtUp(transaction, sessionId, known)
    const restored = restoredFrom(past, before)
    const command = commandOf(past, restored, options)
    if (differsInNothing(restored)) {
      assertAccepted(before, command, epoch, host.environment)
      return { report: reportOf(before, past, restored, false), state: before }
    }
    const { state } = record(transaction, before, { sessionId, command, meta, epoch }, host.environment)
    host.writers?.take(transaction, state)
    takeKeyframeIfDue(transaction, state)
    return { report: reportOf(state, past, restored, true), state }
  })
  if (rewound.report.recorded) {
    host.writers?.committed(rewound.state)
    host.appended(sessionId)
  }
  return rewound
}

/** Whoever may not rewind is refused, also where nothing would be recorded. A session that the rewind would wake is taken as awake. */
function assertAccepted(
  before: ReadonlyState,
  command: Command<'session.rewind'>,
  epoch: number,
  environment: RecordEnvironment,
): void {
  assertHolder(before, epoch)
  const meta = { commandId: 'none', actor: 'user' }
  const { state } = precededBy(before, command, meta, environment)
  const decision = decide(state, command, {
    now: environment.clock.now(),
    checkpointId: () => `ckpt_${environment.ids.uuid()}`,
    handoffId: () => `hoff_${environment.ids.uuid()}`,
    countedCall: () => null,
  })
  if (!decision.ok) throw refused(decision.refusal)
}

async function versionOf(log: EventLog, state: ReadonlyState, to: number | string): Promise<number> {
  return typeof to === 'number' ? to : checkpointVersion(log, state, String(to))
}

function commandOf(
  past: ReadonlyState,
  restored: Restored,
  { reason }: RewindOptions,
): Command<'session.rewind'> {
  return {
    type: 'session.rewind',
    toVersion: past.version,
    ...(reason === undefined ? {} : { reason }),
    restored,
  }
}

/** What differs from an earlier state, as it was then. Running tasks run as the budget says now. */
function restoredFrom(past: ReadonlyState, now: ReadonlyState): Restored {
  const running = isWarning(now.window.phase) ? 'token_warning' : 'in_progress'
  const then = Object.entries(past.tasks).map(([id, task]) => {
    const runs = task.status === 'in_progress' || task.status === 'token_warning'
    return [id, runs ? { ...task, status: running } : task] as const
  })
  const tasks = differing(Object.fromEntries(then), now.tasks)
  const items = differing(past.context.items, now.context.items)
  const knowledge = { before: knowledgeOf(past), now: knowledgeOf(now) }
  const isKnown = canonicalJson(knowledge.before) === canonicalJson(knowledge.now)
  // Taken from state, which is plain data; the command is parsed like any other when it is read back.
  return structuredClone({ tasks, items, knowledge: isKnown ? null : knowledge.before }) as Restored
}

function knowledgeOf({
  knowledge,
}: ReadonlyState): Pick<ReadonlyState['knowledge'], 'focus' | 'decisions' | 'specs' | 'milestones'> {
  const { focus, decisions, specs, milestones } = knowledge
  return { focus, decisions, specs, milestones }
}

/** Entries of `then` that are others now, and `null` for those that were not there. */
function differing<T>(
  then: Readonly<Record<string, T>>,
  now: Readonly<Record<string, T>>,
): Readonly<Record<string, T | null>> {
  const changed = Object.entries(then).filter(([id, value]) => !isSame(value, entryOf(now, id)))
  const added = Object.keys(now).filter((id) => !Object.hasOwn(then, id))
  return Object.fromEntries([...changed, ...added.map((id) => [id, null] as const)])
}

function entryOf<T>(all: Readonly<Record<string, T>>, id: string): T | undefined {
  return Object.hasOwn(all, id) ? all[id] : undefined
}

function isSame<T>(a: T, b: T | undefined): boolean {
  return b !== undefined && (a === b || canonicalJson(a) === canonicalJson(b))
}

function differsInNothing({ tasks, items, knowledge }: Restored): boolean {
  return Object.keys(tasks).length === 0 && Object.keys(items).length === 0 && knowledge === null
}

function reportOf(
  { sessionId, version }: ReadonlyState | SessionState,
  past: ReadonlyState,
  { tasks, items, knowledge }: Restored,
  recorded: boolean,
): RewindReport {
  return {
    sessionId,
    toVersion: past.version,
    tasks: putBack(tasks),
    items: putBack(items),
    knowledge: knowledge !== null,
    version,
    recorded,
  }
}

function putBack(entries: Readonly<Record<string, unknown>>): PutBack {
  const ids = Object.keys(entries)
  return {
    restored: ids.filter((id) => entries[id] !== null),
    removed: ids.filter((id) => entries[id] === null),
  }
}
