/**
 * The budget machine: its rows at the edges of their intervals, and its laws.
 *
 * Goal: what docs/spec/budget.md says, for the standard configuration row by row and for any configuration as laws. Method: each
 * row's condition is read as an interval and tried at both ends and between; laws are drawn by fast-check.
 */
import { getShortestPaths } from '@xstate/graph'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { transition } from 'xstate'
import {
  type BudgetPhase,
  type BudgetThresholds,
  boundariesBetween,
  budgetMachine,
  createBudgetMachine,
  phaseAfter,
  warnsTasks,
} from '../../machines/index.ts'
import { standardConfiguration } from '../../src/events/session.ts'
import { budgetPhases } from '../../src/events/usage.ts'
import { budgetRows } from './budget-rows.ts'
import { byTitle } from './rows.ts'

const rankOf = (phase: BudgetPhase) => budgetPhases.indexOf(phase)

function phaseNamed(text: string): BudgetPhase {
  const phase = budgetPhases.find((one) => one === text)
  if (phase === undefined) throw new Error(`no phase: ${text}`)
  return phase
}

/** The phase the machine is in after readings. */
function measured(from: BudgetPhase, ...percents: readonly number[]): BudgetPhase {
  return percents.reduce(
    (phase, percent) =>
      transition(budgetMachine, budgetMachine.resolveState({ value: phase, context: { percent: 0 } }), {
        type: 'budget.measure',
        percent,
        thresholds: standardConfiguration,
      })[0].value,
    from,
  )
}

const hair = 1e-9

/** The percents a condition speaks of, ends included. */
function intervalOf(condition: string): { readonly low: number; readonly high: number } {
  const numberIn = (pattern: RegExp) => {
    const found = pattern.exec(condition)?.[1]
    return found === undefined ? undefined : Number(found)
  }
  const above = numberIn(/above (\d+)/)
  const below = numberIn(/below (\d+)/)
  return {
    low: above === undefined ? (numberIn(/(\d+) or more/) ?? 0) : above + hair,
    high: below === undefined ? (numberIn(/up to (\d+)/) ?? 1000) : below - hair,
  }
}

describe('a reading leads', () => {
  it.each(byTitle(budgetRows))('%s', (_, row) => {
    const from = phaseNamed(row.status)
    const { low, high } = intervalOf(row.condition)
    for (const percent of [low, (low + high) / 2, high]) {
      expect(measured(from, percent)).toBe(row.result)
      expect(phaseAfter(from, percent, standardConfiguration)).toBe(row.result)
    }
  })

  it('the rows leave no percent out: from each phase they join up without a gap', () => {
    for (const phase of budgetPhases) {
      const intervals = budgetRows
        .filter((row) => row.status === phase)
        .map((row) => intervalOf(row.condition))
        .sort((a, b) => a.low - b.low)
      expect(intervals).toHaveLength(5)
      expect([intervals[0]?.low, intervals.at(-1)?.high]).toEqual([0, 1000])
      for (const [index, { low }] of intervals.entries()) {
        if (index > 0)
          expect(Math.abs(low - (intervals[index - 1]?.high ?? Number.NaN))).toBeLessThan(2 * hair)
      }
    }
  })

  it('the percent is remembered as it was given, also where the phase stays', () => {
    const [full] = transition(
      budgetMachine,
      budgetMachine.resolveState({ value: 'exhausted', context: { percent: 100 } }),
      {
        type: 'budget.measure',
        percent: 130.5,
        thresholds: standardConfiguration,
      },
    )
    expect([full.value, full.context]).toEqual(['exhausted', { percent: 130.5 }])
  })

  it('a factory makes a machine of its own each time', () => {
    expect(createBudgetMachine()).not.toBe(budgetMachine)
    expect(Object.keys(createBudgetMachine().states)).toEqual([...budgetPhases])
  })
})

/** Any configuration that is allowed, whole numbers and others. */
const anyThresholds: fc.Arbitrary<BudgetThresholds> = fc
  .record({
    thresholds: fc.uniqueArray(fc.integer({ min: 1, max: 199 }), { minLength: 3, maxLength: 3 }),
    hysteresisPercent: fc.oneof(fc.constantFrom(0, 1, 2, 5), fc.integer({ min: 0, max: 50 })),
  })
  .map(({ thresholds, hysteresisPercent }) => {
    const [monitoring = 0, warning = 0, emergency = 0] = thresholds
      .map((half) => half / 2)
      .sort((a, b) => a - b)
    return {
      monitoringThresholdPercent: monitoring,
      warningThresholdPercent: warning,
      emergencyThresholdPercent: emergency,
      hysteresisPercent,
    }
  })
const anyPhase = fc.constantFrom(...budgetPhases)
/** Quarters of a percent: they fall on thresholds and beside them. */
const anyPercent = fc.oneof(
  fc.integer({ min: 0, max: 480 }).map((quarters) => quarters / 4),
  fc.double({ min: 0, max: 1000, noNaN: true }),
)
const sampled = { numRuns: 2000, seed: 7 }

describe('never back and forth', () => {
  /** Readings less apart than the hysteresis, anywhere. */
  const anyCloseReadings = anyThresholds.chain((thresholds) =>
    fc.record({
      thresholds: fc.constant(thresholds),
      phase: anyPhase,
      percents: fc
        .tuple(
          fc.integer({ min: 0, max: 480 }),
          fc.array(fc.integer({ min: 0, max: Math.max(0, thresholds.hysteresisPercent * 4 - 1) }), {
            maxLength: 12,
          }),
        )
        .map(([low, spread]) => spread.map((more) => (low + more) / 4)),
    }),
  )
  const phasesOf = ({
    phase,
    percents,
    thresholds,
  }: {
    phase: BudgetPhase
    percents: number[]
    thresholds: BudgetThresholds
  }) => {
    const phases = [phase]
    for (const percent of percents) phases.push(phaseAfter(phases.at(-1) ?? phase, percent, thresholds))
    return phases.map(rankOf)
  }
  const rises = (ranks: readonly number[]) => ranks.some((rank, index) => rank > (ranks[index - 1] ?? rank))
  const falls = (ranks: readonly number[]) => ranks.some((rank, index) => rank < (ranks[index - 1] ?? rank))

  it('B-101 readings less apart than the hysteresis move the phase in one direction only', () => {
    fc.assert(
      fc.property(anyCloseReadings, (readings) => {
        const ranks = phasesOf(readings)
        expect(rises(ranks) && falls(ranks)).toBe(false)
      }),
      { numRuns: 2000 },
    )
  })

  it('not vacuous: such readings do move the phase, up and down, and lie on both sides of a threshold', () => {
    const all = fc.sample(anyCloseReadings, sampled)
    const sides = all.filter(
      ({ percents, thresholds }) =>
        percents.some((percent) => percent > thresholds.warningThresholdPercent) &&
        percents.some((percent) => percent <= thresholds.warningThresholdPercent),
    )
    expect(all.filter((readings) => rises(phasesOf(readings))).length).toBeGreaterThan(200)
    expect(all.filter((readings) => falls(phasesOf(readings))).length).toBeGreaterThan(200)
    expect(sides.length).toBeGreaterThan(100)
  })

  it('B-102 inside the band below its own threshold a phase stays', () => {
    fc.assert(
      fc.property(anyThresholds, fc.double({ min: 0.001, max: 1, noNaN: true }), (thresholds, part) => {
        const { warningThresholdPercent, hysteresisPercent } = thresholds
        fc.pre(hysteresisPercent > 0)
        const percent = warningThresholdPercent - hysteresisPercent + part * hysteresisPercent
        fc.pre(percent <= warningThresholdPercent)
        expect(phaseAfter('warning', percent, thresholds)).toBe('warning')
      }),
    )
  })

  it('B-103 the same reading twice changes nothing more', () => {
    fc.assert(
      fc.property(anyPhase, anyPercent, anyThresholds, (phase, percent, thresholds) => {
        const once = phaseAfter(phase, percent, thresholds)
        expect(phaseAfter(once, percent, thresholds)).toBe(once)
      }),
    )
  })
})

describe('more used is never a lower phase', () => {
  it('B-104 from one phase, a higher percent leads at least as high', () => {
    fc.assert(
      fc.property(anyPhase, anyPercent, anyPercent, anyThresholds, (phase, one, other, thresholds) => {
        const [low, high] = [Math.min(one, other), Math.max(one, other)]
        expect(rankOf(phaseAfter(phase, low, thresholds))).toBeLessThanOrEqual(
          rankOf(phaseAfter(phase, high, thresholds)),
        )
      }),
    )
  })

  it('B-105 at one percent, a higher phase before leads at least as high', () => {
    fc.assert(
      fc.property(anyPhase, anyPhase, anyPercent, anyThresholds, (one, other, percent, thresholds) => {
        const [low, high] = rankOf(one) < rankOf(other) ? [one, other] : [other, one]
        expect(rankOf(phaseAfter(low, percent, thresholds))).toBeLessThanOrEqual(
          rankOf(phaseAfter(high, percent, thresholds)),
        )
      }),
    )
  })

  it('not vacuous: from normal every phase is arrived at, and from exhausted too', () => {
    for (const from of ['normal', 'exhausted'] as const) {
      const arrived = fc
        .sample(fc.tuple(anyPercent, anyThresholds), sampled)
        .map(([percent, thresholds]) => phaseAfter(from, percent, thresholds))
      expect(new Set(arrived)).toEqual(new Set(budgetPhases))
    }
  })
})

describe('the edges', () => {
  it('B-106 without hysteresis the phase is what the reading says, whatever it was', () => {
    fc.assert(
      fc.property(anyPhase, anyPercent, anyThresholds, (phase, percent, thresholds) => {
        const sharp = { ...thresholds, hysteresisPercent: 0 }
        expect(phaseAfter(phase, percent, sharp)).toBe(phaseAfter('normal', percent, sharp))
      }),
    )
  })

  it('B-107 exhausted begins at 100 % itself, the other phases strictly above their thresholds', () => {
    fc.assert(
      fc.property(anyThresholds, (thresholds) => {
        expect(phaseAfter('normal', 100, thresholds)).toBe('exhausted')
        expect(phaseAfter('normal', thresholds.emergencyThresholdPercent, thresholds)).toBe('warning')
        expect(phaseAfter('normal', thresholds.warningThresholdPercent, thresholds)).toBe('monitoring')
        expect(phaseAfter('normal', thresholds.monitoringThresholdPercent, thresholds)).toBe('normal')
      }),
    )
  })

  it('B-108 a percent that is no number changes nothing', () => {
    for (const phase of budgetPhases) expect(phaseAfter(phase, Number.NaN, standardConfiguration)).toBe(phase)
  })

  it('B-109 machine and rule agree for any configuration', () => {
    fc.assert(
      fc.property(anyPhase, anyPercent, anyThresholds, (phase, percent, thresholds) => {
        const before = budgetMachine.resolveState({ value: phase, context: { percent: 0 } })
        const [next] = transition(budgetMachine, before, { type: 'budget.measure', percent, thresholds })
        expect([next.value, next.context.percent]).toEqual([phaseAfter(phase, percent, thresholds), percent])
      }),
    )
  })

  it('B-110 every phase is one reading away from normal', () => {
    const paths = getShortestPaths(budgetMachine, {
      events: [10, 61, 76, 86, 100].map((percent) => ({
        type: 'budget.measure' as const,
        percent,
        thresholds: standardConfiguration,
      })),
      serializeState: (state) => state.value,
    })
    expect(paths.map(({ state, weight }) => [state.value, weight])).toEqual(
      budgetPhases.map((phase) => [phase, phase === 'normal' ? 0 : 1]),
    )
  })
})

describe('what follows from a phase', () => {
  it('B-111 boundaries are listed in the order they are crossed, the phase left not among them', () => {
    expect(boundariesBetween('normal', 'exhausted')).toEqual([
      'monitoring',
      'warning',
      'emergency',
      'exhausted',
    ])
    expect(boundariesBetween('monitoring', 'warning')).toEqual(['warning'])
    expect(boundariesBetween('exhausted', 'normal')).toEqual(['emergency', 'warning', 'monitoring', 'normal'])
    expect(boundariesBetween('emergency', 'monitoring')).toEqual(['warning', 'monitoring'])
    for (const phase of budgetPhases) expect(boundariesBetween(phase, phase)).toEqual([])
  })

  const isBetween = (a: BudgetPhase, b: BudgetPhase, c: BudgetPhase) =>
    (rankOf(b) - rankOf(a)) * (rankOf(c) - rankOf(b)) >= 0

  it('B-112 the way by a phase between is the way itself', () => {
    fc.assert(
      fc.property(anyPhase, anyPhase, anyPhase, (a, b, c) => {
        fc.pre(isBetween(a, b, c))
        expect([...boundariesBetween(a, b), ...boundariesBetween(b, c)]).toEqual(boundariesBetween(a, c))
      }),
    )
  })

  it('B-113 tasks are warned in warning, emergency and exhausted', () => {
    expect(budgetPhases.filter(warnsTasks)).toEqual(['warning', 'emergency', 'exhausted'])
  })
})
