/** Whether folding the same events twice gives the same state, and if not, from which event on it does not. */
import type { LoggedEvent } from '../../events/envelope.ts'
import { foldInto } from '../../fold/fold.ts'
import type { ReadonlyState, SessionState } from '../../fold/state.ts'
import type { EventLog } from '../../log/port.ts'
import { type Difference, firstDifference, same } from './difference.ts'

export type FoldInto = typeof foldInto

/** Events between two comparisons: each goes through the whole state. */
const comparedEvery = 50_000

/** Folds every event a second time, into a state of its own. */
export class FoldTwin {
  readonly #start: SessionState
  readonly #state: SessionState
  readonly #fold: FoldInto
  #agreedAt: number
  #differs = false

  constructor(start: SessionState, fold: FoldInto = foldInto) {
    this.#start = structuredClone(start)
    this.#state = structuredClone(start)
    this.#fold = fold
    this.#agreedAt = start.version
  }

  add(events: readonly LoggedEvent[], state: ReadonlyState): void {
    if (this.#differs) return
    this.#fold(this.#state, events)
    if (state.version - this.#agreedAt >= comparedEvery) this.#compare(state)
  }

  #compare(state: ReadonlyState): void {
    if (same(state, this.#state)) this.#agreedAt = state.version
    else this.#differs = true
  }

  /** The first version at which two folds differ, and where; `null` when they do not. */
  async end(
    log: EventLog,
    state: ReadonlyState,
  ): Promise<{ readonly version: number; readonly difference: Difference } | null> {
    if (!this.#differs) this.#compare(state)
    if (!this.#differs) return null
    const first = await this.#located(log, state)
    if (first !== null) return first
    const difference = firstDifference(state, this.#state) ?? { path: '', recorded: null, now: null }
    return { version: this.#agreedAt + 1, difference }
  }

  /** Folds twice again and compares after each event. What comes out by chance may not come out again. */
  async #located(
    log: EventLog,
    { sessionId, version }: ReadonlyState,
  ): Promise<{ readonly version: number; readonly difference: Difference } | null> {
    const states = [structuredClone(this.#start), structuredClone(this.#start)] as const
    for await (const page of log.read(sessionId, { after: this.#start.version, to: version })) {
      for (const event of page) {
        for (const state of states) this.#fold(state, [event])
        const difference = event.version <= this.#agreedAt ? null : firstDifference(...states)
        if (difference !== null) return { version: event.version, difference }
      }
    }
    return null
  }
}
