/**
 * What both sides of a merge are compared with. A fork's beginning is no change: what it drops of the context it inherits, and the
 * tasks that lose theirs, are taken into what it is compared with. So is what a continuation does not carry over.
 */
import { isKnown, type LoggedEvent } from '../../events/envelope.ts'
import { fold } from '../../fold/fold.ts'
import { initialState, type ReadonlyState } from '../../fold/state.ts'
import { assert } from '../../kernel/assert.ts'
import { limits } from '../../kernel/limits.ts'
import type { EventLog } from '../../log/port.ts'
import { loadState } from '../../replay/load.ts'
import { type Ancestors, type MeetingPoint, type Place, readerOf } from './lineage.ts'
import { entryOf, itemKey, type Parts, partsOf, taskKey } from './parts.ts'

export interface MergeBase {
  /** What the target is compared with. */
  readonly ours: Parts
  /** What the source is compared with. */
  readonly theirs: Parts
  /** What the source has of its own is of later versions. */
  readonly newAfter: number
}

export async function baseOf(
  log: EventLog,
  source: Ancestors,
  target: Ancestors,
  { onSource, onTarget, newAfter }: MeetingPoint,
): Promise<MergeBase> {
  const history = onSource === null ? target : source
  const place = onSource ?? onTarget
  assert(place !== null, 'the sides meet somewhere')
  const { state } = await loadState(log, readerOf(history, place.index), place.version)
  const ours = onTarget === null ? partsOf(state) : await broughtDown(log, target, onTarget, state)
  const theirs = onSource === null ? partsOf(state) : await broughtDown(log, source, onSource, state)
  return { ours, theirs, newAfter }
}

/** A base brought down a history: at each fork and continuation on the way, with what its beginning changed of it. */
async function broughtDown(
  log: EventLog,
  history: Ancestors,
  from: Place,
  state: ReadonlyState,
): Promise<Parts> {
  let base = partsOf(state)
  let at = state
  for (let index = from.index; index > 0; index--) {
    const [ancestor, child] = [history[index], history[index - 1]]
    assert(ancestor !== undefined && child !== undefined, 'a place lies on its history')
    const before = await advanced(log, readerOf(history, index), at, ancestor.version)
    const forked = ancestor.link === 'fork'
    at = await begun(
      log,
      readerOf(history, index - 1),
      forked ? before : initialState(child.sessionId),
      child.version,
    )
    base = shifted(base, partsOf(before), partsOf(at))
  }
  return base
}

/** Events that are folded one after the other rather than looking for a snapshot. */
const stepEventsMax = limits.pageEventsMax * 5

async function advanced(
  log: EventLog,
  sessionId: string,
  from: ReadonlyState,
  to: number,
): Promise<ReadonlyState> {
  if (to - from.version > stepEventsMax) return (await loadState(log, sessionId, to)).state
  let state = from
  for await (const page of log.read(sessionId, { after: from.version, to })) state = fold(state, page)
  return state
}

/** The state after a session's beginning: its first batch, and what policies did about it. */
async function begun(
  log: EventLog,
  sessionId: string,
  from: ReadonlyState,
  to: number,
): Promise<ReadonlyState> {
  let state = from
  let commandId: string | null = null
  const range = { after: from.version, ...(Number.isFinite(to) ? { to } : {}) }
  for await (const page of log.read(sessionId, range)) {
    commandId ??= page[0]?.commandId ?? null
    const others = page.findIndex((event) => !belongsToBeginning(event, commandId))
    state = fold(state, others === -1 ? page : page.slice(0, others))
    if (others !== -1) break
  }
  return state
}

function belongsToBeginning(event: LoggedEvent, commandId: string | null): boolean {
  return isKnown(event) && (event.commandId === commandId || event.actor.startsWith('policy:'))
}

/** The base with what changed from `before` to `after`, wherever it was still as before. */
function shifted(base: Parts, before: Parts, after: Parts): Parts {
  return {
    tasks: shiftedEntries(base.tasks, before.tasks, after.tasks, taskKey),
    items: shiftedEntries(base.items, before.items, after.items, itemKey),
    decisions: base.decisions,
  }
}

function shiftedEntries<T>(
  base: Readonly<Record<string, T>>,
  before: Readonly<Record<string, T>>,
  after: Readonly<Record<string, T>>,
  keyOf: (value: T) => string,
): Readonly<Record<string, T>> {
  if (before === after) return base
  const key = (all: Readonly<Record<string, T>>, id: string): string | null => {
    const value = entryOf(all, id)
    return value === undefined ? null : keyOf(value)
  }
  const changed = new Map<string, T | undefined>()
  for (const id of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (entryOf(before, id) === entryOf(after, id)) continue
    const was = key(before, id)
    if (was !== key(after, id) && was === key(base, id)) changed.set(id, entryOf(after, id))
  }
  const kept = Object.entries(base).filter(([id]) => !changed.has(id))
  const added = [...changed].flatMap(([id, value]) => (value === undefined ? [] : [[id, value] as const]))
  return Object.fromEntries([...kept, ...added])
}
