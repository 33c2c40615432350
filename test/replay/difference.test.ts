/**
 * Goal: two values are the same where JSON says so, and where they are not, the place that is named is where they are not.
 * Method: random values, with the names that objects know of themselves; held against their canonical JSON.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { DecidedEvent } from '../../src/events/catalogue.ts'
import type { LoggedEvent } from '../../src/events/envelope.ts'
import { canonicalJson } from '../../src/kernel/json.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { isSameValue } from '../../src/replay/snapshot/shared.ts'
import { batchDifference, firstDifference, isSameBatch, same } from '../../src/replay/verify/difference.ts'
import { play } from '../../src/testing/play.ts'
import { eventsOf } from '../support/events.ts'

const key = fc.oneof(
  fc.constantFrom('a', 'b', 'c', '0', '1', 'length'),
  fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'),
)

/** Values of few kinds and names, so that two of them are often alike. */
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(null, true, 0, 1, 'x', ''),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 3 }).map((entries) => recordOf(entries)),
  ),
})).value

function recordOf(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  const record: Record<string, unknown> = {}
  for (const [name, value] of entries) {
    Object.defineProperty(record, name, { value, enumerable: true, configurable: true, writable: true })
  }
  return record
}

/** The value with one place in it changed, or the value itself. */
function alike(value: unknown): fc.Arbitrary<readonly [unknown, unknown]> {
  return fc.tuple(fc.boolean(), json).map(([isSame, other]) => {
    const copy: unknown = structuredCloneOf(value)
    if (isSame || typeof copy !== 'object' || copy === null) return [value, isSame ? copy : other]
    const [first] = Object.keys(copy)
    if (first !== undefined) Object.defineProperty(copy, first, { value: other, enumerable: true })
    return [value, copy]
  })
}

function structuredCloneOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(structuredCloneOf)
  if (typeof value !== 'object' || value === null) return value
  return recordOf(Object.entries(value).map(([name, inner]) => [name, structuredCloneOf(inner)]))
}

const two = fc.oneof(
  fc.tuple(json, json),
  json.chain((value) => alike(value)),
)

/** What stands at a path such as `a.b[1].c`; `undefined` where nothing does. */
function at(value: unknown, path: string): unknown {
  const names = path.split(/[.[\]]+/).filter((name) => name !== '')
  return names.reduce<unknown>(
    (part, name) =>
      typeof part === 'object' && part !== null
        ? Object.getOwnPropertyDescriptor(part, name)?.value
        : undefined,
    value,
  )
}

const textOf = (value: unknown): string => (value === undefined ? 'nothing' : canonicalJson(value))

describe('two values', () => {
  it('law: are the same exactly where their canonical JSON is', () => {
    const seen = { same: 0, other: 0 }
    fc.assert(
      fc.property(two, ([one, other]) => {
        const expected = canonicalJson(one) === canonicalJson(other)
        expect(same(one, other)).toBe(expected)
        expect(same(other, one)).toBe(expected)
        expect(isSameValue(one, other)).toBe(expected)
        // Each value is compared with itself, and with a list that holds it.
        expect(same(one, structuredCloneOf(one))).toBe(true)
        expect(same(one, [one])).toBe(false)
        seen.same += 1
        seen[expected ? 'same' : 'other'] += 1
      }),
      { numRuns: 400 },
    )
    expect(seen.same).toBeGreaterThanOrEqual(400)
  })

  it('law: differ first at the place that is named, and nowhere before it', () => {
    fc.assert(
      fc.property(two, ([one, other]) => {
        for (const [recorded, now] of [
          [one, other],
          [
            { a: one, list: [1, one] },
            { a: other, list: [1, other] },
          ],
          [
            [one, 1],
            [other, 2, 3],
          ],
        ]) {
          const found = firstDifference(recorded, now)
          expect(found === null).toBe(same(recorded, now))
          if (found === null) continue
          const { path } = found
          if (!/length|__proto__/.test(path)) {
            expect(textOf(at(recorded, path) ?? null)).toBe(textOf(found.recorded))
            expect(textOf(at(now, path) ?? null)).toBe(textOf(found.now))
            expect(textOf(at(recorded, path))).not.toBe(textOf(at(now, path)))
          }
        }
      }),
      { numRuns: 300 },
    )
  })

  it.each([
    [{ a: 1, b: undefined }, { a: 1 }, null],
    [{ a: 1 }, { a: 1, b: undefined }, null],
    [{ b: 1, a: 2 }, { a: 2, b: 1 }, null],
    [
      { b: 1, a: 1 },
      { b: 2, a: 2 },
      { path: 'a', recorded: 1, now: 2 },
    ],
    [
      { a: { c: [1, { d: 'x' }] } },
      { a: { c: [1, { d: 'y' }] } },
      { path: 'a.c[1].d', recorded: 'x', now: 'y' },
    ],
    [
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
      [0, 1, 9, 3, 4, 5, 6, 7, 8, 9, 11],
      { path: '[2]', recorded: 2, now: 9 },
    ],
    [[1], [1, 2], { path: '[1]', recorded: null, now: 2 }],
    [[1, 2], [1], { path: '[1]', recorded: 2, now: null }],
    [{ a: [] }, { a: {} }, { path: 'a', recorded: [], now: {} }],
    [{ a: null }, { a: {} }, { path: 'a', recorded: null, now: {} }],
    [{}, { a: 1 }, { path: 'a', recorded: null, now: 1 }],
    [1, '1', { path: '', recorded: 1, now: '1' }],
    [undefined, 1, { path: '', recorded: null, now: 1 }],
    [{ constructor: undefined }, {}, null],
    [{}, { valueOf: undefined }, null],
    [recordOf([['__proto__', undefined]]), {}, null],
    [{}, recordOf([['__proto__', undefined]]), null],
    [[1], { 0: 2 }, { path: '', recorded: [1], now: { 0: 2 } }],
    [{ constructor: 1 }, {}, { path: 'constructor', recorded: 1, now: null }],
    [{}, { toString: 1 }, { path: 'toString', recorded: null, now: 1 }],
    [recordOf([['__proto__', { a: 1 }]]), {}, { path: '__proto__', recorded: { a: 1 }, now: null }],
    [{}, recordOf([['__proto__', { a: 1 }]]), { path: '__proto__', recorded: null, now: { a: 1 } }],
    [recordOf([['__proto__', 1]]), recordOf([['__proto__', 1]]), null],
  ])('%j and %j', (recorded, now, expected) => {
    expect(firstDifference(recorded, now)).toEqual(expected)
    expect(same(recorded, now)).toBe(expected === null)
    expect(firstDifference(recorded, now, 'of')?.path).toBe(
      expected === null
        ? undefined
        : expected.path.startsWith('[') || expected.path === ''
          ? `of${expected.path}`
          : `of.${expected.path}`,
    )
  })
})

describe('two batches', () => {
  it('are the same with the same types and data, and else differ at a place of an event', async () => {
    const log = new MemoryLog()
    const { sessionId } = await play(
      log,
      [
        { type: 'session.start' },
        ...['A', 'B', 'C'].map((id) => ({ type: 'task.add', taskId: id, title: id }) as const),
      ],
      { policies: [] },
    )
    const recorded = (await eventsOf(log, sessionId)).slice(1)
    const decided = recorded.map(({ type, data }) => ({ type, data: { ...Object(data) } }) as DecidedEvent)
    const differs = (now: readonly DecidedEvent[], was: readonly LoggedEvent[] = recorded) => {
      expect(isSameBatch(was, now)).toBe(false)
      return batchDifference(was, now)
    }
    expect(isSameBatch(recorded, decided)).toBe(true)
    expect(isSameBatch([], [])).toBe(true)
    expect(batchDifference(recorded, decided)).toEqual({ path: '', recorded: null, now: null })
    expect(differs(decided.slice(0, 2))).toEqual({ path: '[2].type', recorded: 'task.added', now: null })
    expect(differs(decided, recorded.slice(0, 1))).toEqual({
      path: '[1].type',
      recorded: null,
      now: 'task.added',
    })
    expect(differs([])).toEqual({ path: '[0].type', recorded: 'task.added', now: null })
    for (const place of [0, 1, 2]) {
      const titled = decided.map((event, at) =>
        at === place ? ({ ...event, data: { ...Object(event.data), title: 'Z' } } as DecidedEvent) : event,
      )
      expect(differs(titled)).toEqual({
        path: `[${place}].data.title`,
        recorded: 'ABC'[place],
        now: 'Z',
      })
      const typed = decided.map((event, at) =>
        at === place ? ({ type: 'task.described', data: event.data } as DecidedEvent) : event,
      )
      expect(differs(typed)).toEqual({
        path: `[${place}].type`,
        recorded: 'task.added',
        now: 'task.described',
      })
    }
  })
})
