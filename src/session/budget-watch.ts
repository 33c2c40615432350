/**
 * Callbacks on the budget: called after the append, once a crossing, never on replay. A callback that throws or rejects
 * harms nothing: what went wrong is reported as a process warning, and everybody else is still called.
 */
import { phasesBetween } from '../decide/machines.ts'
import type { BudgetPhase } from '../events/usage.ts'
import type { ReadonlyState } from '../fold/state.ts'

/** A phase to be told of when it is entered, or a percentage to be told of when it is passed upwards. */
export type BudgetMark = BudgetPhase | number

export interface BudgetCrossing {
  /** The phase entered on the way, or the phase after the reading for a percentage. */
  readonly phase: BudgetPhase
  readonly percent: number
  readonly availableTokens: number
}

export type BudgetCallback = (crossing: BudgetCrossing) => unknown

export class BudgetWatch {
  readonly #watchers = new Set<{ readonly mark: BudgetMark; readonly callback: BudgetCallback }>()

  /** Adds a callback and returns the function that takes it away again. */
  add(mark: BudgetMark, callback: BudgetCallback): () => void {
    const watcher = { mark, callback }
    this.#watchers.add(watcher)
    return () => {
      this.#watchers.delete(watcher)
    }
  }

  /** Tells every watcher of the boundaries between two states. */
  notify(before: ReadonlyState, after: ReadonlyState): void {
    if (this.#watchers.size === 0 || before.window === after.window) return
    const { percent, availableTokens } = after.window
    const entered = phasesBetween(before.window.phase, after.window.phase)
    for (const { mark, callback } of this.#watchers) {
      if (typeof mark === 'number') {
        const passed = before.window.percent <= mark && percent > mark
        if (passed) call(callback, { phase: after.window.phase, percent, availableTokens })
      } else if (entered.includes(mark)) {
        call(callback, { phase: mark, percent, availableTokens })
      }
    }
  }
}

function call(callback: BudgetCallback, crossing: BudgetCrossing): void {
  try {
    const result = callback(crossing)
    if (result instanceof Promise) result.catch(warn)
  } catch (error) {
    warn(error)
  }
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error), { code: 'WAYMARK_BUDGET_CALLBACK' })
}
