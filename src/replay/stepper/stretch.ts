/**
 * A window onto a session's log: a few stretches of events with some of their states, so that a step in either direction costs
 * the folding of a few events. What is not held is read; nothing is ever folded from the first event for one step back.
 */
import type { LoggedEvent } from '../../events/envelope.ts'
import { fold } from '../../fold/fold.ts'
import type { ReadonlyState } from '../../fold/state.ts'
import { assert } from '../../kernel/assert.ts'
import { limits } from '../../kernel/limits.ts'
import type { EventLog } from '../../log/port.ts'
import { loadState, streamOf } from '../load.ts'

/** The events after a version, and the state before each so many of them. */
interface Stretch {
  readonly after: number
  readonly events: readonly LoggedEvent[]
  /** The first is the state at `after`; further ones are folded when they are needed. */
  readonly states: ReadonlyState[]
}

/** How much a window holds. */
export interface WindowSize {
  readonly stretchEvents: number
  readonly stretchesMax: number
  /** Events between two states that are kept. */
  readonly stateEvents: number
}

const standardSize: WindowSize = {
  stretchEvents: limits.stepperStretchEvents,
  stretchesMax: limits.stepperStretchesMax,
  stateEvents: limits.stepperStateEvents,
}

/** A step asks for two states, and the next step for one of them again. */
const recentStatesMax = 4

export class StretchWindow {
  readonly #log: EventLog
  readonly #sessionId: string
  readonly #size: WindowSize
  #newest = 0
  /** The one used last comes first. */
  #held: readonly Stretch[] = []
  /** States that were asked for last. */
  #recent: readonly ReadonlyState[] = []
  /** The states between one that is kept and one that was asked for on the way back: the next steps back ask for them. */
  #passed: readonly ReadonlyState[] = []

  constructor(log: EventLog, sessionId: string, size: WindowSize = standardSize) {
    this.#log = log
    this.#sessionId = sessionId
    this.#size = size
  }

  /** Version of the newest event, as far as it is known. */
  get newest(): number {
    return this.#newest
  }

  /** Looks at the log again. @throws SessionNotFound */
  async refresh(): Promise<number> {
    const { version } = await streamOf(this.#log, this.#sessionId)
    // The stretch at the end may have got more events; the others stay as they are.
    if (version !== this.#newest) {
      this.#held = this.#held.filter(({ events }) => events.length === this.#size.stretchEvents)
    }
    this.#newest = version
    return version
  }

  /** The event of a version from 1 to the newest. */
  async event(version: number): Promise<LoggedEvent> {
    const { after, events } = await this.#stretchOf(version)
    const event = events[version - after - 1]
    assert(event !== undefined, 'a stretch holds the events of its versions')
    return event
  }

  /** The state at a version from 0 to the newest. */
  async state(version: number): Promise<ReadonlyState> {
    const recent = this.#recent.find((state) => state.version === version)
    if (recent !== undefined) return recent
    const passed = this.#passed.find((state) => state.version === version)
    if (passed !== undefined) return this.#noted(passed)
    const stretch = await this.#stretchOf(Math.max(1, version))
    const nearest = nearestState(stretch, version, this.#size.stateEvents)
    // Going on step by step, the state of the step before is nearer than any that is kept.
    const start = [...this.#recent, ...this.#passed].reduce(
      (best, one) => (one.version < version && one.version > best.version ? one : best),
      nearest,
    )
    const events = stretch.events.slice(start.version - stretch.after, version - stretch.after)
    if (!this.#isOnWayBack(version)) return this.#noted(fold(start, events))
    const along = statesAlong(start, events)
    // Only those that the next steps back come by: the others lie after this one, or before one that is kept.
    const before = this.#passed.filter((one) => one.version > nearest.version && one.version <= start.version)
    this.#passed = [...before, ...along]
    return this.#noted(along[along.length - 1] ?? start)
  }

  #noted(state: ReadonlyState): ReadonlyState {
    this.#recent = [state, ...this.#recent].slice(0, recentStatesMax)
    return state
  }

  /** Whether a version lies a few events before the one that was asked for last. */
  #isOnWayBack(version: number): boolean {
    const back = (this.#recent[0]?.version ?? 0) - version
    return back > 0 && back <= this.#size.stateEvents
  }

  async #stretchOf(version: number): Promise<Stretch> {
    const { stretchEvents, stretchesMax } = this.#size
    const after = Math.floor((version - 1) / stretchEvents) * stretchEvents
    const found = this.#held.find((stretch) => stretch.after === after) ?? (await this.#read(after))
    const others = this.#held.filter((stretch) => stretch.after !== after)
    this.#held = [found, ...others].slice(0, stretchesMax)
    return found
  }

  async #read(after: number): Promise<Stretch> {
    const { stretchEvents } = this.#size
    const before = this.#held.find(({ after: begin, events }) => begin + events.length === after)
    // Going on, the state is at hand; anywhere else a snapshot is near.
    const first =
      before === undefined
        ? (await loadState(this.#log, this.#sessionId, after)).state
        : await this.state(after)
    const to = Math.min(after + stretchEvents, this.#newest)
    const events: LoggedEvent[] = []
    if (to > after) {
      for await (const page of this.#log.read(this.#sessionId, { after, to })) events.push(...page)
    }
    return { after, events, states: [first] }
  }
}

/** Events that are folded one by one for a step back; those before them are folded so many at a time, for the steps after it. */
const singleEventsMax = 8

/** States on the way over some events: the last few after each event, the others some events apart. No step waits for all of them. */
function statesAlong(start: ReadonlyState, events: readonly LoggedEvent[]): readonly ReadonlyState[] {
  const states: ReadonlyState[] = []
  for (let done = 0; done < events.length; ) {
    const next = events.length - done > singleEventsMax ? done + singleEventsMax : done + 1
    states.push(fold(states[states.length - 1] ?? start, events.slice(done, next)))
    done = next
  }
  return states
}

/** The last state that is kept at or before a version of a stretch. */
function nearestState({ after, events, states }: Stretch, version: number, spacing: number): ReadonlyState {
  const wanted = Math.floor((version - after) / spacing)
  for (let index = states.length; index <= wanted; index += 1) {
    const earlier = states[index - 1]
    assert(earlier !== undefined, 'a stretch begins with a state')
    states.push(fold(earlier, events.slice((index - 1) * spacing, index * spacing)))
  }
  const nearest = states[wanted]
  assert(nearest !== undefined, 'the state before was kept')
  return nearest
}
