/** Which parts of a machine were met, as data and as text, and why others were not. */
import { machineBounds } from './bounds.ts'
import type { TransitionPlace } from './places.ts'
import type { Tally } from './tally.ts'
import { whyGuard, whyState, whyTransition } from './why.ts'

export interface StateCoverage {
  /** The way to it: `editing.dirty`. */
  readonly name: string
  readonly final: boolean
  /** Steps that came through it. */
  readonly count: number
  /** Why it was not reached, as far as can be told; `null` for one that was. */
  readonly why: string | null
}

export interface TransitionCoverage {
  /** `failed: task.recover [retryable] → recovered` */
  readonly name: string
  readonly from: string
  /** What makes it: an event's type, `always`, `after 1000`, `done of loader`. */
  readonly on: string
  readonly guard: string | null
  /** `null` for one that stays where it is. */
  readonly to: string | null
  /** Steps in which it was taken. */
  readonly count: number
  /** Recorded steps in which it or another one was taken, and that do not say which. */
  readonly perhaps: number
  /** Why it was not taken, as far as can be told; `null` for one that was, or perhaps was. */
  readonly why: string | null
}

export interface GuardCoverage {
  readonly name: string
  /** The transitions that ask it. */
  readonly transitions: readonly string[]
  /** How often it was true, and how often it was false. */
  readonly passed: number
  readonly refused: number
  /** What was not seen of it; `null` when it was seen both ways. */
  readonly why: string | null
}

/** A recorded change of state that the machine as it is does not make. */
export interface OutsideStep {
  readonly from: string
  readonly event: string
  readonly to: string
  readonly count: number
}

/** Which parts of a machine were met. */
export interface Coverage {
  readonly machine: string
  readonly states: readonly StateCoverage[]
  readonly transitions: readonly TransitionCoverage[]
  readonly guards: readonly GuardCoverage[]
  /** Steps looked at: events tried, or recorded steps. */
  readonly steps: number
  /** Of recorded steps: those in which the event was refused, and nothing changed. */
  readonly refused: number
  /** Of recorded steps: those that the machine does not make. The first of them are listed, all are counted. */
  readonly outside: readonly OutsideStep[]
  readonly outsideCount: number
  /** Where the work was cut short: what was not met may lie beyond. Empty when everything was looked at. */
  readonly cutShort: readonly string[]
}

type Rest = Pick<Coverage, 'steps' | 'refused' | 'outside' | 'outsideCount' | 'cutShort'>

export function coverageFrom(tally: Tally, rest: Rest): Coverage {
  const { places } = tally
  return {
    machine: places.machine,
    states: places.states.map((state) => ({
      name: state.name,
      final: state.final,
      count: tally.states[state.number] ?? 0,
      why: whyState(tally, state),
    })),
    transitions: places.transitions.map((transition) => ({
      name: transition.name,
      from: transition.from,
      on: transition.on,
      guard: transition.guard,
      to: transition.to,
      count: tally.transitions[transition.number]?.taken ?? 0,
      perhaps: tally.transitions[transition.number]?.perhaps ?? 0,
      why: whyTransition(tally, transition),
    })),
    guards: guardsOf(tally),
    ...rest,
  }
}

/** A transition that forbids an event is not counted as one to be taken by `can`, but it has to be met all the same. */
function guardsOf(tally: Tally): readonly GuardCoverage[] {
  const byKey = new Map<string, TransitionPlace[]>()
  for (const transition of tally.places.transitions) {
    const { guardKey } = transition
    if (guardKey !== null) byKey.set(guardKey, [...(byKey.get(guardKey) ?? []), transition])
  }
  return [...byKey.values()].map((transitions): GuardCoverage => {
    const sum = (what: 'passed' | 'refused'): number =>
      transitions.reduce((total, { number }) => total + (tally.transitions[number]?.[what] ?? 0), 0)
    const passed = sum('passed')
    const refused = sum('refused')
    return {
      name: transitions[0]?.guard ?? '',
      transitions: transitions.map(({ name }) => name),
      passed,
      refused,
      why: whyGuard(passed, refused),
    }
  })
}

/**
 * A coverage as text for people: how much of each was met, where the work was cut short, and what was not met, with the reason. Of long lists
 * the first lines are told.
 *
 * @example
 * ```ts
 * import { checkMachine } from 'waymark/testing'
 * const { coverage } = checkMachine(recoveryMachine)
 * formatCoverage(coverage).split('\n')[0]
 * // 'recovery: 8 of 8 states, 12 of 12 transitions, 0 of 0 guards both ways'
 * ```
 */
export function formatCoverage(coverage: Coverage): string {
  const { states, transitions, guards, outside, outsideCount, cutShort } = coverage
  const of = (parts: readonly { readonly why: string | null }[]): string =>
    `${parts.filter(({ why }) => why === null).length} of ${parts.length}`
  const so = cutShort.length === 0 ? '' : ' before that'
  const missed = (
    title: string,
    parts: readonly { readonly name: string; readonly why: string | null }[],
  ) => {
    const lines = parts.flatMap(({ name, why }) => (why === null ? [] : [`  ${name}: ${why}`]))
    const more = lines.length - machineBounds.coverageLinesMax
    const told = lines.slice(0, machineBounds.coverageLinesMax)
    return lines.length === 0 ? [] : [`${title}${so}:`, ...told, ...(more > 0 ? [`  and ${more} more`] : [])]
  }
  const others = outside.map(({ from, event, to, count }) => `  ${from}: ${event} → ${to} (${count})`)
  return [
    `${coverage.machine}: ${of(states)} states, ${of(transitions)} transitions, ${of(guards)} guards both ways`,
    ...cutShort.map((what) => `cut short: ${what}`),
    ...missed('states not reached', states),
    ...missed('transitions not taken', transitions),
    ...missed('guards not seen both ways', guards),
    ...(outsideCount === 0 ? [] : [`recorded, and not the machine's (${outsideCount}):`, ...others]),
  ].join('\n')
}
