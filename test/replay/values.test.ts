/**
 * Goal: values that are compared while a log is replayed are the same, or differ at the place that is named, whatever they are; what is copied
 * shares nothing. Method: pairs of values, each by its answer.
 */
import { describe, expect, it } from 'vitest'
import type { DecidedEvent } from '../../src/events/catalogue.ts'
import type { LoggedEvent } from '../../src/events/envelope.ts'
import { copied, deeplyFrozen, isSameValue } from '../../src/replay/snapshot/shared.ts'
import { batchDifference, firstDifference, isSameBatch } from '../../src/replay/verify/difference.ts'

const inherited: unknown = JSON.parse('{ "__proto__": 1 }')

type Pair = readonly [
  name: string,
  one: unknown,
  other: unknown,
  path: string,
  recorded: unknown,
  now: unknown,
]

const apart: readonly Pair[] = [
  ['a number and another', 1, 2, '', 1, 2],
  ['a number and its text', 1, '1', '', 1, '1'],
  ['null and an object', null, {}, '', null, {}],
  ['an object and null', {}, null, '', {}, null],
  ['an object and nothing', {}, undefined, '', {}, null],
  ['a list and an object', [], {}, '', [], {}],
  ['an object and a list', { 0: 'a' }, ['a'], '', { 0: 'a' }, ['a']],
  ['a field', { a: 1, b: 2 }, { a: 1, b: 3 }, 'b', 2, 3],
  ['the first of two fields by name', { b: 1, a: 1 }, { b: 2, a: 2 }, 'a', 1, 2],
  ['a field that is not there now', { a: 1 }, {}, 'a', 1, null],
  ['a field that was not there', {}, { a: 1 }, 'a', null, 1],
  ['a field within a field', { a: { b: [1, { c: 2 }] } }, { a: { b: [1, { c: 3 }] } }, 'a.b[1].c', 2, 3],
  ['the second of ten entries', [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], [1, 0, 3, 4, 5, 6, 7, 8, 9, 0], '[1]', 2, 0],
  ['an entry more', [1], [1, 2], '[1]', null, 2],
  ['an entry less', [1, 2], [1], '[1]', 2, null],
  ['a field that all objects have, and one of its own', {}, { constructor: 1 }, 'constructor', null, 1],
  ['a field called __proto__', {}, inherited, '__proto__', null, 1],
]

describe('two values', () => {
  it.each<[string, unknown, unknown]>([
    ['numbers', 1, 1],
    ['empty objects', {}, {}],
    ['empty lists', [], []],
    ['objects in another order', { a: 1, b: { c: [1, null] } }, { b: { c: [1, null] }, a: 1 }],
    ['names that all objects have', { constructor: 1, toString: 'x' }, { constructor: 1, toString: 'x' }],
    ['a field called __proto__', inherited, JSON.parse('{ "__proto__": 1 }')],
  ])('are the same: %s', (_, one, other) => {
    expect(firstDifference(one, other)).toBeNull()
    expect(isSameValue(one, other)).toBe(true)
  })

  it('are the same where a field that was left out holds nothing', () => {
    expect(firstDifference({ a: 1 }, { a: 1, b: undefined })).toBeNull()
    expect(firstDifference({ a: 1, b: undefined }, { a: 1 })).toBeNull()
  })

  it.each(apart.map(([name, ...pair]) => ({ name, pair })))('differ by $name', ({ pair }) => {
    const [one, other, path, recorded, now] = pair
    expect(firstDifference(one, other)).toEqual({ path, recorded, now })
    expect(isSameValue(one, other)).toBe(false)
    expect(isSameValue(other, one)).toBe(false)
  })
})

describe('two batches', () => {
  const event = (type: string, data: object) => ({ type, data }) as LoggedEvent & DecidedEvent
  const a = event('task.started', { taskId: 'A' })
  const b = event('task.started', { taskId: 'B' })
  const other = event('task.blocked', { taskId: 'A' })
  it.each<[string, readonly (typeof a)[], readonly (typeof a)[], string, unknown, unknown]>([
    ['another type', [a], [other], '[0].type', 'task.started', 'task.blocked'],
    ['another fact', [a, a], [a, b], '[1].data.taskId', 'A', 'B'],
    ['an event less', [a, b], [a], '[1].type', 'task.started', null],
    ['an event more', [a], [a, b], '[1].type', null, 'task.started'],
  ])('differ by %s', (_, recorded, decided, path, was, is) => {
    expect(isSameBatch(recorded, decided)).toBe(false)
    expect(batchDifference(recorded, decided)).toEqual({ path, recorded: was, now: is })
  })

  it('are the same', () => {
    expect(isSameBatch([a, b], [a, b])).toBe(true)
    expect(isSameBatch([], [])).toBe(true)
    expect(batchDifference([a], [a])).toEqual({ path: '', recorded: null, now: null })
  })
})

describe('a copy', () => {
  const value = { a: [{ b: 1 }, [2]], c: null, d: { e: 'x' } }
  it('is equal, shares nothing, and may be changed', () => {
    const copy = copied(deeplyFrozen(structuredClone(value)))
    expect(copy).toEqual(value)
    copy.a.push([3])
    copy.d.e = 'y'
    Object.assign(copy.a[0] ?? {}, { b: 2 })
    expect(value).toEqual({ a: [{ b: 1 }, [2]], c: null, d: { e: 'x' } })
    expect(copied(inherited)).toEqual(inherited)
  })

  it('is frozen to its last entry', () => {
    const frozen = deeplyFrozen(structuredClone(value))
    const parts = [frozen, frozen.a, frozen.a[0], frozen.a[1], frozen.d]
    expect(parts.map((part) => Object.isFrozen(part))).toEqual([true, true, true, true, true])
  })
})
