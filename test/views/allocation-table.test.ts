/**
 * The allocation as a table.
 *
 * Goal: the parts of a window of 200,000 tokens are exactly those they are meant to be, other windows are divided alike, and what is in
 * the window is told once. Method: the figures by hand; laws over random items and readings.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type ContextTier, contextCategories, contextTiers } from '../../src/events/context.ts'
import { allocationTable, reserveOf } from '../../src/views/allocation-table.ts'
import { item, type Sample, started, stateAfter } from './samples.ts'

function measured(usedTokens: number, totalTokens = 200_000): Sample {
  return [
    'context.measured',
    {
      contextTokens: usedTokens,
      window: { totalTokens, source: 'stated', usedTokens, estimated: false },
    },
  ]
}

const thousands = (totalTokens: number) =>
  Object.fromEntries(
    allocationTable(stateAfter(started, measured(0, totalTokens))).map(
      ({ name, limitTokens, categories }) => [
        name,
        [limitTokens / 1_000, categories.map((category) => category.limitTokens / 1_000)],
      ],
    ),
  )

describe('the allocation table', () => {
  it('divides a window of 200,000 tokens as it is meant to be', () => {
    expect(thousands(200_000)).toEqual({
      system: [15, [8, 4, 3]],
      conversation: [80, [50, 20, 10]],
      reference: [50, [15, 20, 15]],
      reserve: [55, [10, 15, 20, 10]],
    })
    expect(allocationTable(stateAfter(started)).map(({ percent }) => percent)).toEqual([7.5, 40, 25, 27.5])
  })

  it.each([
    [500_000, [37.5, 200, 125, 137.5]],
    [1_000_000, [75, 400, 250, 275]],
  ])('divides a window of %d tokens alike', (totalTokens, limits) => {
    expect(Object.values(thousands(totalTokens)).map(([limit]) => limit)).toEqual(limits)
  })

  it('says what items take, what no item explains, and what is overrun', () => {
    const overrun: Sample = [
      'budget.allocation-overrun',
      { allocations: [{ name: 'reference.tools', limitTokens: 15_000, usedTokens: 16_000 }] },
    ]
    const state = stateAfter(
      started,
      item('@TOOLS', 'temporary', 'reference.tools', 16_000),
      item('@REPLY', 'temporary', 'conversation.messages', 10_000),
      overrun,
      measured(100_000),
    )
    const [, conversation, reference] = allocationTable(state)
    expect(conversation).toMatchObject({
      itemTokens: 10_000,
      unattributedTokens: 74_000,
      usedTokens: 84_000,
      overrun: true,
    })
    expect(reference).toMatchObject({ itemTokens: 16_000, unattributedTokens: 0, overrun: false })
    expect(reference?.categories.map(({ overrun: is }) => is)).toEqual([false, false, true])
  })

  it('tells of the reserve what is left of it', () => {
    const taken = reserveOf(stateAfter(started, measured(160_000)))
    expect(taken).toEqual({ limitTokens: 55_000, takenTokens: 15_000, leftTokens: 40_000, leftPercent: 20 })
    const full = reserveOf(stateAfter(started, measured(230_000)))
    expect(full).toEqual({ limitTokens: 55_000, takenTokens: 55_000, leftTokens: 0, leftPercent: 0 })
    const configured: Sample = ['session.configured', { configuration: { reserveTokens: 30_000 } }]
    expect(reserveOf(stateAfter(started, configured))).toMatchObject({ limitTokens: 30_000, takenTokens: 0 })
  })
})

const itemArbitrary = fc.record({
  tier: fc.constantFrom<ContextTier>(...contextTiers),
  category: fc.constantFrom(...contextCategories),
  tokens: fc.integer({ min: 0, max: 40_000 }),
})
const filledArbitrary = fc.record({
  items: fc.array(itemArbitrary, { maxLength: 12 }),
  usedTokens: fc.integer({ min: 0, max: 250_000 }),
  totalTokens: fc.constantFrom(200_000, 500_000, 1_000_000, 12_345),
})
type Filled = typeof filledArbitrary extends fc.Arbitrary<infer T> ? T : never

function stateOf({ items, usedTokens, totalTokens }: Filled) {
  const samples = items.map(({ tier, category, tokens }, index) =>
    item(`@I-${index}`, tier, category, tokens),
  )
  return stateAfter(started, ...samples, measured(usedTokens, totalTokens))
}

const sum = (figures: readonly number[]) => figures.reduce((total, figure) => total + figure, 0)

describe('laws of the allocation table', () => {
  it('law: what the parts hold together is what is in the window, or what items bring when that is more', () => {
    fc.assert(
      fc.property(filledArbitrary, (filled) => {
        const parts = allocationTable(stateOf(filled))
        const ofItems = sum(filled.items.map(({ tokens }) => tokens))
        expect(sum(parts.map((part) => part.itemTokens + part.unattributedTokens))).toBe(
          Math.max(filled.usedTokens, ofItems),
        )
        for (const part of parts.filter(({ name }) => name !== 'reserve')) {
          expect(part.usedTokens).toBe(part.itemTokens + part.unattributedTokens)
        }
      }),
    )
  })

  it('law: the categories of a part sum to it, in tokens, in percent, and in limits but for what rounding takes', () => {
    fc.assert(
      fc.property(filledArbitrary, (filled) => {
        for (const part of allocationTable(stateOf(filled))) {
          expect(sum(part.categories.map(({ usedTokens }) => usedTokens))).toBe(part.itemTokens)
          expect(sum(part.categories.map(({ percent }) => percent))).toBeCloseTo(part.percent, 0)
          const limits = sum(part.categories.map(({ limitTokens }) => limitTokens))
          expect(part.limitTokens - limits).toBeGreaterThanOrEqual(0)
          expect(part.limitTokens - limits).toBeLessThan(part.categories.length)
        }
      }),
    )
  })

  it('law: what is taken of the reserve and what is left of it are the reserve', () => {
    fc.assert(
      fc.property(filledArbitrary, (filled) => {
        const state = stateOf(filled)
        const { limitTokens, takenTokens, leftTokens } = reserveOf(state)
        expect(takenTokens + leftTokens).toBe(limitTokens)
        expect(allocationTable(state).find(({ name }) => name === 'reserve')?.usedTokens).toBe(takenTokens)
      }),
    )
  })

  it('meet windows that are not explained, overexplained and more than full', () => {
    const samples = fc.sample(filledArbitrary, { numRuns: 300, seed: 1 })
    const kindOf = ({ items, usedTokens, totalTokens }: Filled) =>
      sum(items.map(({ tokens }) => tokens)) > usedTokens
        ? 'over'
        : usedTokens > totalTokens
          ? 'full'
          : 'under'
    const kinds = samples.map(kindOf)
    for (const kind of ['over', 'full', 'under']) {
      expect(kinds.filter((one) => one === kind).length, kind).toBeGreaterThan(10)
    }
  })
})
