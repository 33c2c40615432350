/**
 * A session as a decider: Waymark's own decide and fold with all that a log would answer kept in its state, so that it asks nothing and
 * nobody. Its clock moves a second with each command that adds something, as that of `play` does.
 */
import { decide } from '../../decide/decide.ts'
import type { DecidedEvent } from '../../events/catalogue.ts'
import type { Command } from '../../events/commands.ts'
import type { FoldableEvent } from '../../events/envelope.ts'
import type { Counters } from '../../events/shapes.ts'
import { fold, frozen } from '../../fold/fold.ts'
import { initialState, type ReadonlyState } from '../../fold/state.ts'
import { derivedIdOf, isoOf } from '../../kernel/clock.ts'
import { highestCounters } from '../../log/calls.ts'
import type { Answer, Decider } from './decider.ts'

/** A decided event and the moment of its decision. */
export type TimedEvent = DecidedEvent & { readonly time: string }

/** A session, and what its log would know besides. */
export interface SessionSoFar {
  readonly session: ReadonlyState
  /** The highest counters reported of each model call. */
  readonly calls: Readonly<Record<string, Counters>>
  /** Of the newest event; `null` before the first. */
  readonly time: string | null
}

/** The decider of a session, as {@link sessionDecider} gives it. */
export interface SessionDecider extends Decider<Command, TimedEvent, SessionSoFar> {
  readonly decide: (command: Command, state: SessionSoFar) => Answer<TimedEvent>
  /** The same as `evolve` for many events at once. */
  readonly fold: (state: SessionSoFar, events: readonly TimedEvent[]) => SessionSoFar
  /** What the clock says to the next command. */
  readonly timeAfter: (state: SessionSoFar) => string
}

const startMs = Date.parse('2026-01-01T00:00:00.000Z')
const tickMs = 1_000
const onlySession = 'sess_00000000-0000-4000-8000-000000000001'

/**
 * Waymark's own decide and fold in the shape of a {@link Decider}: pure, without a log, policies or ids by chance.
 *
 * @example
 * ```ts
 * const { initialState: first, decide: ask } = sessionDecider()
 * ask({ type: 'session.start' }, first()).ok // true
 * ask({ type: 'task.start', taskId: 'A' }, first()).ok // false (the session has not begun)
 * ```
 */
export function sessionDecider(sessionId: string = onlySession): SessionDecider {
  return {
    initialState: () => ({ session: frozen(initialState(sessionId)), calls: {}, time: null }),
    decide: decideInSession,
    evolve: (state, event) => foldSession(state, [event]),
    fold: foldSession,
    timeAfter,
  }
}

function timeAfter({ time }: SessionSoFar): string {
  return time === null ? isoOf(startMs) : isoOf(Date.parse(time) + tickMs)
}

function decideInSession(command: Command, state: SessionSoFar): Answer<TimedEvent> {
  const { session, calls } = state
  const now = timeAfter(state)
  const fresh = derivedIdOf(`${session.sessionId}/${session.version}`)
  const decision = decide(session, command, {
    now,
    checkpointId: () => `ckpt_${fresh}`,
    handoffId: () => `hoff_${fresh}`,
    countedCall: (callId) => (Object.hasOwn(calls, callId) ? (calls[callId] ?? null) : null),
  })
  if (!decision.ok) return decision
  return { ok: true, events: decision.events.map((event) => ({ ...event, time: now })) }
}

function foldSession(state: SessionSoFar, events: readonly TimedEvent[]): SessionSoFar {
  const { session } = state
  if (events.length === 0) return state
  return {
    session: fold(session, foldable(session.version, events)),
    calls: events.reduce(countedIn, state.calls),
    time: events[events.length - 1]?.time ?? state.time,
  }
}

function foldable(version: number, events: readonly TimedEvent[]): readonly FoldableEvent[] {
  return events.map((event, index) => ({ ...event, version: version + index + 1 }))
}

function countedIn(calls: SessionSoFar['calls'], event: TimedEvent): SessionSoFar['calls'] {
  if (event.type !== 'usage.recorded' || event.data.inherited === true) return calls
  const { callId, inputTokens, outputTokens, cacheReadTokens, cacheCreationTokens } = event.data
  const report = { inputTokens, outputTokens, cacheReadTokens, cacheCreationTokens }
  const before = Object.hasOwn(calls, callId) ? calls[callId] : undefined
  const highest = before === undefined ? report : (highestCounters([before, report]) ?? report)
  // Not a literal: `constructor` is an id as good as any.
  return Object.fromEntries([...Object.entries(calls), [callId, highest]])
}
