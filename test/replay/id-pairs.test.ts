/**
 * Goal: ids that were made while two histories were recorded are matched where they stand for the same, and never otherwise. Method: events
 * and lists of ids made by hand, each with the pairs that follow.
 */
import { describe, expect, it } from 'vitest'
import type { LoggedEvent } from '../../src/events/envelope.ts'
import { limits } from '../../src/kernel/limits.ts'
import { IdPairs, noteIds } from '../../src/replay/diff/id-pairs.ts'

const id = (kind: string, number: number) =>
  `${kind}_00000000-0000-4000-8000-${String(number).padStart(12, '0')}`
const [c1, c2, c3, c4] = [1, 2, 3, 4].map((number) => id('ckpt', number)) as [string, string, string, string]
const [h1, h2] = [id('hoff', 1), id('hoff', 2)]
const event = (data: object, type = 'checkpoint.created') => ({ type, data }) as LoggedEvent

describe('ids in data', () => {
  it('are noted in order, once each, wherever they stand', () => {
    const seen = new Set<string>()
    noteIds(seen, { a: `from ${c2} to ${c1}`, b: [c3, { d: h1 }, c2], e: null, f: 7, g: 'ckpt_1' })
    expect([...seen]).toEqual([c2, c1, c3, h1])
  })

  it('are noted up to a limit', () => {
    const seen = new Set<string>()
    noteIds(
      seen,
      Array.from({ length: limits.pairedIdsMax + 2 }, (_, index) => id('sess', index)),
    )
    expect(seen.size).toBe(limits.pairedIdsMax)
  })
})

describe('two events', () => {
  it.each<[string, object, object, boolean]>([
    ['the same', { a: 1 }, { a: 1 }, true],
    ['other facts', { a: 1 }, { a: 2 }, false],
    ['other times', { at: '2026-01-01T00:00:00.000Z' }, { at: '2026-02-01T00:00:00Z' }, true],
    ['a time and a text', { at: '2026-01-01T00:00:00.000Z' }, { at: 'soon' }, false],
    ['a text and a time', { at: 'soon' }, { at: '2026-01-01T00:00:00.000Z' }, false],
    ['ids of one kind', { a: c1 }, { a: c2 }, true],
    ['ids of two kinds', { a: c1 }, { a: h1 }, false],
    ['ids within the same text', { a: `from ${c1}` }, { a: `from ${c2}` }, true],
    ['ids within other texts', { a: `from ${c1}` }, { a: `to ${c2}` }, false],
    ['an id and two', { a: c1 }, { a: `${c1} ${c2}` }, false],
    ['the same new id twice', { a: c1, b: c1 }, { a: c2, b: c2 }, true],
    ['one new id for two', { a: c1, b: c1 }, { a: c2, b: c3 }, false],
    ['two new ids for one', { a: c1, b: c2 }, { a: c3, b: c3 }, false],
  ])('with %s', (_, before, after, alike) => {
    expect(new IdPairs().areAlike(event(before), event(after))).toBe(alike)
  })

  it('of two types are not alike', () => {
    expect(new IdPairs().areAlike(event({}), event({}, 'task.added'))).toBe(false)
  })

  it('make pairs that hold from then on', () => {
    const pairs = new IdPairs()
    expect(pairs.areAlike(event({ a: c1, b: h1 }), event({ a: c2, b: h2 }))).toBe(true)
    expect([c2, h2, c1, `see ${c2}`].map(pairs.nameOf)).toEqual([c1, h1, c1, `see ${c1}`])
    expect(pairs.areAlike(event({ a: c1 }), event({ a: c2 }))).toBe(true)
    expect(pairs.areAlike(event({ a: c1 }), event({ a: c3 }))).toBe(false)
    expect(pairs.areAlike(event({ a: c3 }), event({ a: c2 }))).toBe(false)
  })

  it('that are not alike make none', () => {
    const pairs = new IdPairs()
    expect(pairs.areAlike(event({ a: c1, b: 1 }), event({ a: c2, b: 2 }))).toBe(false)
    expect(pairs.nameOf(c2)).toBe(c2)
  })
})

describe('the rest', () => {
  const namesAfter = (before: readonly string[], after: readonly string[], pairs = new IdPairs()) => {
    pairs.pairRest(new Set(before), new Set(after))
    return after.map(pairs.nameOf)
  }
  it('is paired in order, kind by kind', () => {
    const [d1, d2, g1] = [id('ckpt', 11), id('ckpt', 12), id('hoff', 11)]
    expect(namesAfter([c1, h1, c2], [g1, d1, d2])).toEqual([h1, c1, c2])
  })

  it('leaves alone what both have, what has a partner, and what there is more of', () => {
    expect(namesAfter([c1, c2], [c2, c3, c4])).toEqual([c2, c1, c4])
    expect(namesAfter([c1, c2, c3], [c4])).toEqual([c1])
    const pairs = new IdPairs()
    pairs.pair(c1, c3)
    expect(namesAfter([c1, c2], [c3, c4], pairs)).toEqual([c1, c2])
  })

  it('is paired up to a limit', () => {
    const pairs = new IdPairs()
    for (let index = 0; index < limits.pairedIdsMax; index++) pairs.pair(`b${index}`, `a${index}`)
    pairs.pair(c1, c2)
    expect(pairs.nameOf(c2)).toBe(c2)
  })
})
