/** Stepping through what is recorded, forwards and backwards, in sessions of any length. */
import type { LoggedEvent } from '../../events/envelope.ts'
import type { ReadonlyState } from '../../fold/state.ts'
import { assert } from '../../kernel/assert.ts'
import { WaymarkError } from '../../kernel/errors.ts'
import { limits } from '../../kernel/limits.ts'
import type { EventLog } from '../../log/port.ts'
import { versionAt } from '../at.ts'
import {
  nextChange,
  nextMatch,
  previousChange,
  previousMatch,
  type Search,
  type StepBy,
  typeMatcher,
} from './search.ts'
import { StretchWindow } from './stretch.ts'

export interface StepperOptions {
  /** Where it stops: at the ends of batches, which is what a session goes through, or at every event; `batch` if left out. */
  readonly by?: StepBy
  /** The version or time to begin at; 0, before the first event, if left out. */
  readonly at?: number | string
}

export interface SearchOptions {
  /** Ends a search that takes too long: it then throws the signal's reason, and the stepper stays where it was. */
  readonly signal?: AbortSignal
}

/** A place in a session, and what led to it. */
export interface Step {
  readonly version: number
  readonly state: ReadonlyState
  /** The batch that ends here, or the one event; none at version 0. Of a very long batch the last `limits.stepEventsMax`. */
  readonly events: readonly LoggedEvent[]
  /** The version before those events. */
  readonly from: number
  /** The state there. */
  readonly before: ReadonlyState
}

/**
 * A place in a session that can be moved. It holds a bounded window of events and states, so a step costs the same in a session of a
 * million events as in one of a thousand, in both directions. Made by `session.stepper()`.
 *
 * A move that finds no place gives `null`, and the stepper stays where it was. What is appended meanwhile is found by going on at
 * the end. Moves that are not awaited are made one after the other, in the order in which they were asked for. Once the home is closed,
 * `next` and `previous` still answer within that window; everything else throws `STORE_CLOSED`.
 *
 * @example
 * ```ts
 * await session.send({ type: 'task.add', taskId: 'A', title: 'Log in' })
 * await session.send({ type: 'task.start', taskId: 'A' })
 * const stepper = await session.stepper({ at: session.version })
 * stepper.here.state.tasks['A']?.status // 'in_progress'
 * const before = await stepper.previous()
 * before?.state.tasks['A']?.status // 'pending'
 * const change = await stepper.nextChangeOf('tasks.A.status')
 * change?.events[0]?.type // 'task.started'
 * await stepper.nextOfType('task.failed') // null
 * ```
 */
export class Stepper {
  readonly sessionId: string
  readonly #log: EventLog
  readonly #by: StepBy
  readonly #window: StretchWindow
  #here: Step
  /** The move before, done or not. */
  #moving: Promise<unknown> = Promise.resolve()

  /** Not for callers: `openStepper` and `session.stepper()` make steppers. */
  constructor(log: EventLog, by: StepBy, window: StretchWindow, here: Step) {
    this.sessionId = here.state.sessionId
    this.#log = log
    this.#by = by
    this.#window = window
    this.#here = here
  }

  /** Where it stands. */
  get here(): Step {
    return this.#here
  }

  /** Version of the session's newest event, as far as this stepper has looked. */
  get newest(): number {
    return this.#window.newest
  }

  /** The next place; `null` at the newest. */
  async next(): Promise<Step | null> {
    return this.#inTurn(async () => {
      const { version } = this.#here
      if (version >= this.newest && version >= (await this.#window.refresh())) return null
      return this.#arrive(this.#by === 'event' ? version + 1 : await this.#endOfBatch(version + 1))
    })
  }

  /** The place before; `null` at version 0. */
  async previous(): Promise<Step | null> {
    return this.#inTurn(async () => {
      const { version, from } = this.#here
      return version === 0 ? null : this.#arrive(from)
    })
  }

  /**
   * A version, also one inside a batch, or the place at a time (ISO 8601).
   *
   * @throws WaymarkError `VERSION_NOT_FOUND`, or `USAGE` when the time cannot be read.
   */
  async to(when: number | string): Promise<Step> {
    return this.#inTurn(() => this.#go(when))
  }

  async #go(when: number | string): Promise<Step> {
    const newest = await this.#window.refresh()
    const version = typeof when === 'string' ? await versionAt(this.#log, this.sessionId, when) : when
    if (!Number.isInteger(version) || version < 0 || version > newest) {
      throw new WaymarkError('VERSION_NOT_FOUND', {
        message: `session ${this.sessionId} has no version ${version}`,
        hint: `its versions are 0 to ${newest}`,
        details: { sessionId: this.sessionId, version, newest },
      })
    }
    return this.#arrive(version)
  }

  /**
   * The next place with an event of a type (`task.failed`) or of a noun (`task`).
   *
   * @throws WaymarkError `USAGE` for a type that no event has.
   */
  async nextOfType(type: string, options: SearchOptions = {}): Promise<Step | null> {
    const matches = typeMatcher(type)
    return this.#inTurn(async () =>
      this.#arriveAfter(await nextMatch(this.#search(options), this.#here.version, matches)),
    )
  }

  /** The last place before this one with such an event. @throws WaymarkError `USAGE` for a type that no event has. */
  async previousOfType(type: string, options: SearchOptions = {}): Promise<Step | null> {
    const matches = typeMatcher(type)
    return this.#inTurn(async () =>
      this.#arriveAfter(await previousMatch(this.#search(options), this.#here.from, matches)),
    )
  }

  /**
   * The next place where the value of a path of state (`tasks.SPEC-001.status`) is another one than here. A path to a single value is
   * looked for at the speed of replay; one to a part of state takes longer, the larger it is.
   *
   * @throws WaymarkError `USAGE` for a path that no state can have.
   */
  async nextChangeOf(path: string, options: SearchOptions = {}): Promise<Step | null> {
    return this.#inTurn(async () =>
      this.#arriveAfter(await nextChange(this.#search(options), this.#here.version, path)),
    )
  }

  /** The last place before this one at which the value of a path became another one. @throws WaymarkError `USAGE` */
  async previousChangeOf(path: string, options: SearchOptions = {}): Promise<Step | null> {
    return this.#inTurn(async () =>
      this.#arriveAfter(await previousChange(this.#search(options), this.#here.from, path)),
    )
  }

  /** Moves are made one after the other, in the order in which they were asked for. */
  async #inTurn<T>(move: () => Promise<T>): Promise<T> {
    const done = this.#moving.then(move)
    this.#moving = done.catch(() => {})
    return done
  }

  #search({ signal }: SearchOptions): Search {
    return { log: this.#log, sessionId: this.sessionId, by: this.#by, signal }
  }

  async #arriveAfter(version: number | null): Promise<Step | null> {
    if (version === null) return null
    if (version > this.newest) await this.#window.refresh()
    return this.#arrive(this.#by === 'event' ? version : await this.#endOfBatch(version))
  }

  async #arrive(version: number): Promise<Step> {
    this.#here = await stepAt(this.#window, version, this.#by)
    return this.#here
  }

  /** The last version of the batch that an event belongs to. */
  async #endOfBatch(version: number): Promise<number> {
    let end = version
    while (end < this.newest && (await this.#window.event(end + 1)).index > 0) end += 1
    return end
  }
}

/**
 * Makes a stepper over a session of a log.
 *
 * @throws SessionNotFound; WaymarkError `VERSION_NOT_FOUND`, or `USAGE` when the time cannot be read.
 */
export async function openStepper(
  log: EventLog,
  sessionId: string,
  { by = 'batch', at = 0 }: StepperOptions = {},
  window: StretchWindow = new StretchWindow(log, sessionId),
): Promise<Stepper> {
  await window.refresh()
  const stepper = new Stepper(log, by, window, await stepAt(window, 0, by))
  if (at !== 0) await stepper.to(at)
  return stepper
}

async function stepAt(window: StretchWindow, version: number, by: StepBy): Promise<Step> {
  if (version === 0) {
    const state = await window.state(0)
    return { version, state, events: [], from: 0, before: state }
  }
  const last = await window.event(version)
  const from = by === 'event' ? version - 1 : Math.max(0, version - 1 - last.index)
  const before = await window.state(from)
  const events: LoggedEvent[] = []
  for (let next = Math.max(from, version - limits.stepEventsMax) + 1; next <= version; next += 1) {
    events.push(await window.event(next))
  }
  const state = await window.state(version)
  assert(state.version === version, 'the state is that of its version')
  return { version, state, events, from, before }
}
