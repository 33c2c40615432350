/**
 * The budget machine: how full an agent's context window is, as a phase.
 *
 *     percent   60           75           85              100
 *   ────────────┼────────────┼────────────┼────────────────┼──────────►
 *      normal   │ monitoring │  warning   │   emergency    │ exhausted
 *               │            │            │                │
 *     up:       strictly above a threshold; exhausted at 100 % or more
 *     down:     at the phase's own threshold minus the hysteresis, or below it (58, 73, 83, 98)
 *     between:  the phase stays as it is, so that a reading near a threshold does not go back and forth
 *
 *   Every phase reaches every other in one step: a reading may cross several boundaries at once, up or down.
 *
 * The thresholds come with each measurement, because they are the session's configuration and may change between two.
 * The rule is the pure function {@link phaseAfter}; the machine's guards ask it and nothing else.
 */
import { assign, setup } from 'xstate'
import type { BudgetThresholds } from '../src/events/session.ts'
import type { BudgetPhase } from '../src/events/usage.ts'
import { namesOf } from './table.ts'

/** A reading of the window: the one event of the machine. `percent` is used of total and may be above 100. */
export interface BudgetCommand {
  readonly type: 'budget.measure'
  readonly percent: number
  readonly thresholds: Readonly<BudgetThresholds>
}

export interface BudgetContext {
  /** The latest reading, as it was given. */
  readonly percent: number
}

type RaisedPhase = Exclude<BudgetPhase, 'normal'>

/** The phases from the emptiest window to the fullest. */
const rank = { normal: 0, monitoring: 1, warning: 2, emergency: 3, exhausted: 4 } as const satisfies Record<
  BudgetPhase,
  number
>

const below = {
  monitoring: 'normal',
  warning: 'monitoring',
  emergency: 'warning',
  exhausted: 'emergency',
} as const satisfies Record<RaisedPhase, BudgetPhase>

/** Where nothing is left of the window. */
const exhaustedPercent = 100

/** The percent at which a phase begins. */
function boundaryOf(phase: RaisedPhase, thresholds: Readonly<BudgetThresholds>): number {
  switch (phase) {
    case 'monitoring':
      return thresholds.monitoringThresholdPercent
    case 'warning':
      return thresholds.warningThresholdPercent
    case 'emergency':
      return thresholds.emergencyThresholdPercent
    case 'exhausted':
      return exhaustedPercent
  }
}

/** The phase a reading reaches by itself, whatever the phase was before. */
function reachedBy(percent: number, thresholds: Readonly<BudgetThresholds>): BudgetPhase {
  if (percent >= exhaustedPercent) return 'exhausted'
  if (percent > thresholds.emergencyThresholdPercent) return 'emergency'
  if (percent > thresholds.warningThresholdPercent) return 'warning'
  if (percent > thresholds.monitoringThresholdPercent) return 'monitoring'
  return 'normal'
}

/**
 * Tells which phase a reading of the window leads to.
 *
 * Up when strictly above a threshold (exhausted: at 100 % or more), down when at the phase's own threshold minus
 * the hysteresis or below it, in both directions as far as the reading goes; otherwise the phase stays. Asked again with
 * its own answer it gives the same answer. A percent that is no number changes nothing. Thresholds rise, as a
 * configuration guarantees.
 *
 * @example
 * ```ts
 * phaseAfter('normal', 86, thresholds) // 'emergency' (thresholds 60, 75, 85; hysteresis 2)
 * phaseAfter('emergency', 84, thresholds) // 'emergency' (it falls at 83)
 * phaseAfter('emergency', 83, thresholds) // 'warning'
 * ```
 */
export function phaseAfter(
  phase: BudgetPhase,
  percent: number,
  thresholds: Readonly<BudgetThresholds>,
): BudgetPhase {
  const reached = reachedBy(percent, thresholds)
  let now = phase
  while (now !== 'normal' && rank[now] > rank[reached]) {
    const fallsAt = boundaryOf(now, thresholds) - thresholds.hysteresisPercent
    // Not `percent > fallsAt`, so that a percent that is no number stops the fall too.
    if (!(percent <= fallsAt)) return now
    now = below[now]
  }
  return reached
}

/**
 * Lists the phases entered on the way from one phase to another, in order, for callbacks that fire once each.
 *
 * The phase left is not among them, the one arrived at is the last; from a phase to itself nothing is entered.
 *
 * @example
 * ```ts
 * boundariesBetween('normal', 'emergency') // ['monitoring', 'warning', 'emergency']
 * boundariesBetween('warning', 'normal') // ['monitoring', 'normal']
 * ```
 */
export function boundariesBetween(from: BudgetPhase, to: BudgetPhase): readonly BudgetPhase[] {
  const phases = namesOf(rank)
  return rank[from] <= rank[to]
    ? phases.slice(rank[from] + 1, rank[to] + 1)
    : phases.slice(rank[to], rank[from]).reverse()
}

/**
 * Says whether tasks that run in this phase are warned: in warning or above.
 *
 * It is the `warned` of the task machine's commands.
 *
 * @example
 * ```ts
 * warnsTasks('monitoring') // false
 * warnsTasks('emergency') // true
 * ```
 */
export function warnsTasks(phase: BudgetPhase): boolean {
  return rank[phase] >= rank.warning
}

const definition = setup({
  // XState takes its types from the type of a value that is never read.
  types: {} as { context: BudgetContext; events: BudgetCommand },
  guards: {
    leads: ({ event }, { from, to }: { from: BudgetPhase; to: BudgetPhase }) =>
      phaseAfter(from, event.percent, event.thresholds) === to,
  },
  actions: {
    read: assign(({ event }) => ({ percent: event.percent })),
  },
})

/** One state of the machine: the reading leads to another phase, or else stays and is only remembered. */
function stateOf(from: BudgetPhase) {
  const others = namesOf(rank).filter((phase) => phase !== from)
  const moves = others.map(
    (to) => ({ guard: { type: 'leads', params: { from, to } }, target: to, actions: 'read' }) as const,
  )
  return { on: { 'budget.measure': [...moves, { target: from, actions: 'read' }] } } as const
}

/**
 * Makes a budget machine: a passive one that turns readings of the window into phases.
 *
 * It accepts every {@link BudgetCommand} in every phase and has no final state.
 *
 * @example
 * ```ts
 * const actor = createActor(createBudgetMachine()).start()
 * actor.send({ type: 'budget.measure', percent: 76, thresholds })
 * actor.getSnapshot().value // 'warning'
 * ```
 */
export function createBudgetMachine() {
  return definition.createMachine({
    id: 'budget',
    context: { percent: 0 },
    initial: 'normal',
    states: {
      normal: stateOf('normal'),
      monitoring: stateOf('monitoring'),
      warning: stateOf('warning'),
      emergency: stateOf('emergency'),
      exhausted: stateOf('exhausted'),
    },
  })
}

/**
 * The budget machine, ready for an actor of one's own or for a parent machine.
 *
 * @example
 * ```ts
 * const actor = createActor(budgetMachine).start()
 * actor.send({ type: 'budget.measure', percent: 104.5, thresholds })
 * actor.getSnapshot().context // { percent: 104.5 }
 * ```
 */
export const budgetMachine = createBudgetMachine()
