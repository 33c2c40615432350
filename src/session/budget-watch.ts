/**
 * Callbacks on the budget: called after the append, once a crossing, never on replay. A callback that throws or rejects
 * harms nothing: what went wrong is reported as a process warning, and everybody else is still called.
 */
import { phasesBetween } from '../decide/machines.ts'
import { type BudgetPhase, budgetPhases } from '../events/usage.ts'
import type { ReadonlyState } from '../fold/state.ts'
import { WaymarkError } from '../kernel/errors.ts'
import { warn } from './warning.ts'

/** A phase to be told of when it is entered, or a percentage from 0 to 100 to be told of when it is passed upwards. */
export type BudgetMark = BudgetPhase | number

export interface BudgetCrossing {
  /** The phase entered on the way, or the phase after the reading for a percentage. */
  readonly phase: BudgetPhase
  readonly percent: number
  readonly availableTokens: number
}

export type BudgetCallback = (crossing: BudgetCrossing) => unknown

type Window = ReadonlyState['window']

/** The window before a command and after it. */
export interface WindowChange {
  readonly before: Window
  readonly after: Window
}

interface Watcher {
  readonly mark: BudgetMark
  readonly callback: BudgetCallback
}

export class BudgetWatch {
  readonly #watchers = new Set<Watcher>()

  /**
   * Adds a callback and returns the function that takes it away again.
   *
   * @throws WaymarkError `USAGE`
   */
  add(mark: BudgetMark, callback: BudgetCallback): () => void {
    checkWatcher(mark, callback)
    const watcher = { mark, callback }
    this.#watchers.add(watcher)
    return () => {
      this.#watchers.delete(watcher)
    }
  }

  /** Tells every watcher of the boundaries that each change crossed. Those that are added meanwhile are told of what is sent next. */
  notify(changes: readonly WindowChange[]): void {
    const watchers = [...this.#watchers]
    for (const change of changes) {
      for (const watcher of watchers) {
        if (this.#watchers.has(watcher)) tell(watcher, change)
      }
    }
  }
}

function tell({ mark, callback }: Watcher, { before, after }: WindowChange): void {
  const { percent, availableTokens } = after
  if (typeof mark === 'number') {
    const passed = before.percent <= mark && percent > mark
    if (passed) call(callback, { phase: after.phase, percent, availableTokens })
  } else if (enteredBetween(before.phase, after.phase).includes(mark)) {
    call(callback, { phase: mark, percent, availableTokens })
  }
}

/** Phases are entered upwards, all on the way. The lowest one can only be fallen to; those passed in a fall are left, not entered. */
function enteredBetween(from: BudgetPhase, to: BudgetPhase): readonly BudgetPhase[] {
  const isRise = budgetPhases.indexOf(to) > budgetPhases.indexOf(from)
  if (isRise) return phasesBetween(from, to)
  return to === budgetPhases[0] && from !== to ? [to] : []
}

function call(callback: BudgetCallback, crossing: BudgetCrossing): void {
  try {
    Promise.resolve(callback(crossing)).catch(warnOfCallback)
  } catch (error) {
    warnOfCallback(error)
  }
}

function warnOfCallback(error: unknown): void {
  warn('WAYMARK_BUDGET_CALLBACK', error)
}

function checkWatcher(mark: unknown, callback: unknown): void {
  const isPhase = budgetPhases.some((phase) => phase === mark)
  const isPercent = typeof mark === 'number' && mark >= 0 && mark <= 100
  if (!isPhase && !isPercent) {
    throw new WaymarkError('USAGE', {
      message: `onBudget takes a phase or a percentage, not ${typeof mark === 'string' ? `"${mark.slice(0, 60)}"` : textOfMark(mark)}`,
      hint: `a phase is ${budgetPhases.join(', ')}; a percentage is a number from 0 to 100`,
    })
  }
  if (typeof callback !== 'function') {
    throw new WaymarkError('USAGE', {
      message: `onBudget takes a function to call, not ${callback === null ? 'null' : typeof callback}`,
      hint: "for example: session.onBudget('warning', ({ availableTokens }) => { … })",
    })
  }
}

function textOfMark(mark: unknown): string {
  return typeof mark === 'number' || mark === null ? String(mark) : typeof mark
}
