/**
 * Goal: what is left of a list still shows the problem, and no single item of it can be left out.
 * Method: small lists with arbitrary problems, a table of all their sub-lists that says which show it, so that every answer can be
 * looked up; and the promises about attempts counted on the way.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { reduce, type Trial } from '../../src/what-if/reduce.ts'

const itemsMax = 7

/** A list and the set of its sub-lists, as bits, that show the problem; the whole list is one of them. */
const problemArbitrary = fc.integer({ min: 0, max: itemsMax }).chain((length) =>
  fc.record({
    items: fc.constant(Array.from({ length }, (_, index) => index)),
    showing: fc
      .uniqueArray(fc.integer({ min: 0, max: 2 ** length - 1 }), { maxLength: 40 })
      .map((masks) => new Set([...masks, 2 ** length - 1])),
    unplayable: fc.uniqueArray(fc.integer({ min: 0, max: 2 ** length - 1 }), { maxLength: 20 }),
  }),
)

const maskOf = (items: readonly number[]) => items.reduce((mask, item) => mask + 2 ** item, 0)
const roomy = { attemptsMax: 10_000 }

function trialOf(showing: ReadonlySet<number>, unplayable: readonly number[] = []) {
  const tried: number[] = []
  const attempt = (kept: readonly number[]): Trial<number> => {
    tried.push(maskOf(kept))
    if (showing.has(maskOf(kept))) return { verdict: 'shows', kept }
    return unplayable.includes(maskOf(kept)) ? { verdict: 'unplayable' } : { verdict: 'absent' }
  }
  return { tried, attempt }
}

describe('reduce', () => {
  it('law: the result shows the problem, in order, and no single item of it can be left out', () => {
    fc.assert(
      fc.property(problemArbitrary, ({ items, showing, unplayable }) => {
        const { tried, attempt } = trialOf(showing, unplayable)
        const reduced = reduce(items, attempt, roomy)
        if (reduced === null) throw new Error('the whole list shows it')
        expect(showing.has(maskOf(reduced.items))).toBe(true)
        expect(reduced.isMinimal).toBe(true)
        expect([...reduced.items]).toEqual([...reduced.items].sort((a, b) => a - b))
        for (const item of reduced.items) expect(showing.has(maskOf(reduced.items) - 2 ** item)).toBe(false)
        expect(reduced.attempts).toBe(tried.length)
        expect(new Set(tried).size).toBe(tried.length)
      }),
      { numRuns: 500 },
    )
  })

  it('law: where more items never hide a problem, the result is one of the smallest that brute force finds', () => {
    const cores = fc.array(fc.integer({ min: 1, max: 2 ** itemsMax - 1 }), { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(cores, (masks) => {
        const all = Array.from({ length: 2 ** itemsMax }, (_, mask) => mask)
        const showing = new Set(all.filter((mask) => masks.some((core) => (mask & core) === core)))
        const minimal = masks.filter(
          (core) => !masks.some((other) => other !== core && (core & other) === other),
        )
        const items = Array.from({ length: itemsMax }, (_, index) => index)
        const reduced = reduce(items, trialOf(showing).attempt, roomy)
        expect(minimal).toContain(maskOf(reduced?.items ?? []))
      }),
    )
  })

  it('law: the same list and answers, the same attempts in the same order', () => {
    fc.assert(
      fc.property(problemArbitrary, ({ items, showing }) => {
        const [first, second] = [trialOf(showing), trialOf(showing)]
        expect(reduce(items, first.attempt, roomy)).toEqual(reduce(items, second.attempt, roomy))
        expect(first.tried).toEqual(second.tried)
      }),
    )
  })

  it('its problems are not vacuous: many have several smallest results, and some none but the whole', () => {
    const samples = fc.sample(problemArbitrary, { numRuns: 200, seed: 1 })
    const minimal = samples.map(
      ({ items, showing }) =>
        [...showing].filter((mask) =>
          items.every((item) => !(mask & (2 ** item)) || !showing.has(mask - 2 ** item)),
        ).length,
    )
    expect(minimal.filter((count) => count > 1).length).toBeGreaterThan(50)
    expect(minimal.filter((count) => count === 1).length).toBeGreaterThan(10)
  })

  it('finds three needles among ten thousand with few attempts', () => {
    const items = Array.from({ length: 10_000 }, (_, index) => index)
    const needles = [17, 5_000, 9_998]
    const reduced = reduce(
      items,
      (kept) =>
        needles.every((needle) => kept.includes(needle)) ? { verdict: 'shows', kept } : { verdict: 'absent' },
      roomy,
    )
    expect(reduced).toMatchObject({ items: needles, isMinimal: true })
    expect(reduced?.attempts).toBeLessThan(150)
  })

  it('takes over what a trial leaves out of its own accord', () => {
    const items = Array.from({ length: 64 }, (_, index) => index)
    const reduced = reduce(
      items,
      (candidate) =>
        candidate.includes(40)
          ? { verdict: 'shows', kept: candidate.filter((item) => item % 2 === 0) }
          : { verdict: 'absent' },
      roomy,
    )
    expect(reduced).toMatchObject({ items: [40], isMinimal: true })
  })

  it('stops at its bound with what it has, and says that it is not the least', () => {
    const items = Array.from({ length: 100 }, (_, index) => index)
    const seen: number[] = []
    const reduced = reduce(
      items,
      (kept) => (kept.includes(3) && kept.includes(99) ? { verdict: 'shows', kept } : { verdict: 'absent' }),
      { attemptsMax: 5, onProgress: ({ attempts }) => seen.push(attempts) },
    )
    expect(reduced).toMatchObject({ attempts: 5, isMinimal: false })
    expect(reduced?.items).toEqual(expect.arrayContaining([3, 99]))
    expect(seen).toEqual([2, 3, 4, 5])
  })

  it('gives null when the whole list does not show it, and the empty list when nothing is needed', () => {
    expect(reduce([1, 2], () => ({ verdict: 'absent' }), roomy)).toBeNull()
    expect(reduce([1, 2, 3], (kept) => ({ verdict: 'shows', kept }), roomy)).toMatchObject({ items: [] })
  })
})
