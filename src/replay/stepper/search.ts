/** Places in a session's log found by reading it once, in one direction: the next event of a type, the last change of a path. */
import { eventTypes } from '../../events/catalogue.ts'
import { nearest } from '../../events/commands.ts'
import type { LoggedEvent } from '../../events/envelope.ts'
import { foldInto } from '../../fold/fold.ts'
import type { SessionState } from '../../fold/state.ts'
import { WaymarkError } from '../../kernel/errors.ts'
import { canonicalJson } from '../../kernel/json.ts'
import { limits } from '../../kernel/limits.ts'
import type { EventLog } from '../../log/port.ts'
import { parsePath, type StatePath, valueAt } from '../../views/state-path.ts'
import { startingPoint } from '../load.ts'

/** Where a stepper stops: at the ends of batches, or at each event. */
export type StepBy = 'batch' | 'event'

export interface Search {
  readonly log: EventLog
  readonly sessionId: string
  readonly by: StepBy
  readonly signal?: AbortSignal | undefined
}

/** Between two pages, whoever wants to end the search is heard. */
async function listen(signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return
  await new Promise((resolve) => setImmediate(resolve))
  signal.throwIfAborted()
}

/**
 * What an event must be called: a full type (`task.failed`) or a noun (`task`).
 *
 * @throws WaymarkError `USAGE` for a name that no event has.
 */
export function typeMatcher(name: string): (event: LoggedEvent) => boolean {
  const nouns = new Set(eventTypes.map(nounOf))
  const known: readonly string[] = [...eventTypes, ...nouns]
  if (typeof name !== 'string') {
    throw new WaymarkError('USAGE', {
      message: 'the type of an event is a text',
      hint: 'name a type (task.failed) or a noun (task)',
    })
  }
  if (!known.includes(name)) {
    throw new WaymarkError('USAGE', {
      message: `no event has the type "${name.slice(0, limits.previewCharactersMax)}"`,
      hint: `did you mean ${nearest(name, known).join(' or ')}?`,
    })
  }
  return nouns.has(name) ? ({ type }) => nounOf(type) === name : ({ type }) => type === name
}

function nounOf(type: string): string {
  return type.slice(0, type.indexOf('.'))
}

/** The version of the first event after a version that matches, or `null`. */
export async function nextMatch(
  { log, sessionId, signal }: Search,
  after: number,
  matches: (event: LoggedEvent) => boolean,
): Promise<number | null> {
  for await (const page of log.read(sessionId, { after })) {
    await listen(signal)
    const found = page.find(matches)
    if (found !== undefined) return found.version
  }
  return null
}

/** How far a search backwards looks at a time: further each time, as each look has a cost of its own. */
function* looks(): Generator<number, never, undefined> {
  let events: number = limits.stepperStretchEvents
  for (;;) {
    yield events
    events = Math.min(events * 2, limits.stepperSearchEventsMax)
  }
}

/** The version of the last event up to a version that matches, or `null`. Reads backwards, piece by piece. */
export async function previousMatch(
  { log, sessionId, signal }: Search,
  to: number,
  matches: (event: LoggedEvent) => boolean,
): Promise<number | null> {
  let end = to
  for (const far of looks()) {
    if (end <= 0) return null
    const after = Math.max(0, end - far)
    let found: number | null = null
    for await (const page of log.read(sessionId, { after, to: end })) {
      await listen(signal)
      found = page.findLast(matches)?.version ?? found
    }
    if (found !== null) return found
    end = after
  }
  return null
}

/** The first place after a version where the value of a path is another one than there, or `null`. */
export async function nextChange(search: Search, after: number, text: string): Promise<number | null> {
  const path = parsePath(text)
  const { log, sessionId, by, signal } = search
  const state = await ownStateAt(search, after)
  const before = markOf(valueAt(state, path))
  for await (const page of log.read(sessionId, { after })) {
    await listen(signal)
    for (const event of page) {
      const isPlace = state.version > after && (by === 'event' || event.index === 0)
      if (isPlace && !isMarked(before, valueAt(state, path))) return state.version
      foldInto(state, [event])
    }
  }
  return isMarked(before, valueAt(state, path)) ? null : state.version
}

/**
 * The last place up to a version at which the value of a path became another one, or `null`. Goes backwards from snapshot to
 * snapshot, and folds what lies between them once.
 */
export async function previousChange(search: Search, to: number, text: string): Promise<number | null> {
  const path = parsePath(text)
  let end = to
  // The first look goes to the snapshot that is nearest.
  let far = 1
  for (const next of looks()) {
    if (end <= 0) return null
    const { begin, found } = await lastChangeIn(search, end, far, path)
    if (found !== null) return found
    end = begin
    far = next
  }
  return null
}

/** Looks from the snapshot that lies so far before a version, or further, up to it. */
async function lastChangeIn(
  search: Search,
  end: number,
  far: number,
  path: StatePath,
): Promise<{ readonly begin: number; readonly found: number | null }> {
  const { log, sessionId, by, signal } = search
  const state = await placeBefore(search, Math.max(0, end - far))
  const begin = state.version
  let mark = markOf(valueAt(state, path))
  let found: number | null = null
  const look = (): void => {
    const value = valueAt(state, path)
    if (isMarked(mark, value)) return
    mark = markOf(value)
    found = state.version
  }
  for await (const page of log.read(sessionId, { after: begin, to: end })) {
    await listen(signal)
    for (const event of page) {
      if (by === 'event' || event.index === 0) look()
      foldInto(state, [event])
    }
  }
  look()
  return { begin, found }
}

/** A state to fold on from, at or before a version, at a place where a stepper may stop. */
async function placeBefore({ log, sessionId, by }: Search, version: number): Promise<SessionState> {
  for (let atMost = version; ; ) {
    const { state } = await startingPoint(log, sessionId, atMost)
    if (by === 'event' || state.version === 0) return state
    const index = await indexAt(log, sessionId, state.version + 1)
    if (index === 0) return state
    // The snapshot lies inside a batch: look before that batch.
    atMost = Math.max(0, state.version - index)
  }
}

async function indexAt(log: EventLog, sessionId: string, version: number): Promise<number> {
  for await (const page of log.read(sessionId, { after: version - 1, to: version })) {
    return page[0]?.index ?? 0
  }
  return 0
}

/** The state at a version, held by nobody else. */
async function ownStateAt({ log, sessionId, signal }: Search, version: number): Promise<SessionState> {
  const { state } = await startingPoint(log, sessionId, version)
  for await (const page of log.read(sessionId, { after: state.version, to: version })) {
    await listen(signal)
    foldInto(state, page)
  }
  return state
}

/** A value to compare later ones with, though the state it is part of is changed in place: a part of state as its JSON. */
type Mark = { readonly json: string } | { readonly value: unknown }

function markOf(value: unknown): Mark {
  return isPart(value) ? { json: canonicalJson(value) } : { value }
}

function isMarked(mark: Mark, value: unknown): boolean {
  if (isPart(value)) return 'json' in mark && mark.json === canonicalJson(value)
  return 'value' in mark && mark.value === value
}

function isPart(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
