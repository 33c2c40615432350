/**
 * Goal: what changed between two values of JSON, and applying it, are each other's way back, and applying anything to anything does no harm.
 * Method: random values with keys that mean something to JavaScript or to pointers, and random patches with paths into them and past them.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { JsonValue } from '../../src/events/json.ts'
import { applyPatch, type Patch, patchBetween, patchShape } from '../../src/events/patch.ts'
import { canonicalJson } from '../../src/kernel/json.ts'
import { limits } from '../../src/kernel/limits.ts'

const key = fc.oneof(
  fc.constantFrom(
    'a',
    'b',
    '',
    '0',
    '1',
    '-',
    'a/b',
    'm~n',
    '~1',
    '__proto__',
    'constructor',
    'length',
    'toString',
  ),
  fc.string({ maxLength: 3 }),
)
const { json } = fc.letrec<{ json: JsonValue }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.oneof(
      fc.constantFrom<JsonValue>(null, true, false, 0, 1, ''),
      fc.string({ maxLength: 4 }),
      fc.integer(),
    ),
    fc.array(tie('json'), { maxLength: 4 }),
    fc.dictionary(key, tie('json'), { maxKeys: 4, noNullPrototype: true }),
  ),
}))
const path = fc.oneof(
  fc
    .array(key, { maxLength: 4 })
    .map((keys) => keys.map((one) => `/${one.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')),
  fc.constantFrom(
    '',
    '/',
    'a',
    '/a~',
    '/~2',
    '/00',
    '/-1',
    '/1e1',
    '/__proto__/polluted',
    '/constructor/prototype/polluted',
  ),
)
const patch = fc.array(
  fc.oneof(
    fc.record({ op: fc.constantFrom('add' as const, 'replace' as const), path, value: json }),
    fc.record({ op: fc.constant('remove' as const), path }),
  ),
  { maxLength: 6 },
)

/** Pairs that have much in common, or nothing: where they have, telling what changed is shorter than the whole. */
const kept = 'a text that stays the same while other things change'
const pair = fc.oneof(
  fc.tuple(json, json),
  fc.tuple(json, patch).map(([before, change]): [JsonValue, JsonValue] => [
    { kept, inner: [before, kept] },
    { kept, inner: [applyPatch(before, change), kept] },
  ]),
)

describe('patches', () => {
  it('lead from one value to the other, whatever the two are', () => {
    let told = 0
    fc.assert(
      fc.property(pair, ([before, after]) => {
        const made = patchBetween(before, after)
        expect(canonicalJson(applyPatch(before, made))).toBe(canonicalJson(after))
        // As it is once it has been through a log.
        const read = JSON.parse(JSON.stringify(made)) as Patch
        expect(canonicalJson(applyPatch(before, read))).toBe(canonicalJson(after))
        expect(made.length === 0).toBe(canonicalJson(before) === canonicalJson(after))
        expect(JSON.stringify(made).length).toBeLessThanOrEqual(wholeCharacters(after) + 2)
        if (made.some((one) => one.path !== '')) told += 1
      }),
      { numRuns: 1_000 },
    )
    expect(told).toBeGreaterThan(100)
  })

  it('do no harm, whatever they say of whatever value', () => {
    let changed = 0
    fc.assert(
      fc.property(json, patch, (before, change) => {
        const [wasBefore, wasChange] = [canonicalJson(before), JSON.stringify(change)]
        freeze(before)
        freeze(change)
        const after = applyPatch(before, change)
        expect(canonicalJson(applyPatch(before, change))).toBe(canonicalJson(after))
        expect(canonicalJson(before)).toBe(wasBefore)
        expect(JSON.stringify(change)).toBe(wasChange)
        if (canonicalJson(after) !== wasBefore) changed += 1
      }),
      { numRuns: 1_000 },
    )
    expect(Object.keys(Object.prototype)).toEqual([])
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
    expect(changed).toBeGreaterThan(100)
  })

  it.each<[string, JsonValue, JsonValue, Patch]>([
    ['nothing', { a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }, []],
    [
      'a field',
      { count: 1, name: 'order' },
      { count: 2, name: 'order' },
      [{ op: 'replace', path: '/count', value: 2 }],
    ],
    [
      'growth at the end',
      { items: ['some', 'more'] },
      { items: ['some', 'more', 'x'] },
      [{ op: 'add', path: '/items/2', value: 'x' }],
    ],
    [
      'shrinking at the end',
      { long: 'enough text to be kept', items: [1, 2, 3] },
      { long: 'enough text to be kept', items: [1] },
      [{ op: 'replace', path: '/items', value: [1] }],
    ],
    [
      'names that pointers escape',
      { 'a/b~c': 1, kept: 'a text that is kept' },
      { 'a/b~c': 2, kept: 'a text that is kept' },
      [{ op: 'replace', path: '/a~1b~0c', value: 2 }],
    ],
    [
      'a field that is gone',
      { gone: 1, kept: 'a text that is kept' },
      { kept: 'a text that is kept' },
      [{ op: 'remove', path: '/gone' }],
    ],
    ['another kind of value', [1], { 0: 1 }, [{ op: 'replace', path: '', value: { 0: 1 } }]],
    [
      'what is shorter as a whole',
      { a: 1, b: 2 },
      { a: 3, b: 4 },
      [{ op: 'replace', path: '', value: { a: 3, b: 4 } }],
    ],
  ])('tell %s', (_name, before, after, expected) => {
    expect(patchBetween(before, after)).toEqual(expected)
    expect(applyPatch(before, expected)).toEqual(after)
  })

  it('replace a value as a whole where its changes are too many, and keep to what a log takes', () => {
    const count = limits.patchOperationsMax + 1
    const long = (mark: string): JsonValue =>
      Array.from({ length: count }, (_, index) => ({
        kept: 'a text that is kept and kept and kept',
        mark: `${mark}${index}`,
      }))
    const made = patchBetween({ rows: long('a'), other: 1 }, { rows: long('b'), other: 1 })
    expect(made.map(({ op, path: place }) => `${op} ${place}`)).toEqual(['replace /rows'])
    const deep = 'k'.repeat(limits.textCharactersMax)
    const named = patchBetween({ [deep]: { a: [deep, 1] } }, { [deep]: { a: [deep, 2] } })
    expect(named.map(({ path: place }) => place)).toEqual([''])
    expect(patchShape.safeParse(made).success && patchShape.safeParse(named).success).toBe(true)
  })

  it('pass over an operation that finds no place', () => {
    const value = { list: [1, 2], text: 'x' }
    const nowhere: Patch = [
      { op: 'replace', path: '/new', value: 1 },
      { op: 'add', path: '/list/3', value: 1 },
      { op: 'add', path: '/text/0', value: 1 },
      { op: 'remove', path: '/list/-' },
      { op: 'remove', path: '' },
      { op: 'add', path: 'list/0', value: 1 },
    ]
    expect(applyPatch(value, nowhere)).toBe(value)
    expect(applyPatch(value, [{ op: 'add', path: '/list/0', value: 0 }])).toEqual({
      list: [0, 1, 2],
      text: 'x',
    })
  })
})

function wholeCharacters(after: JsonValue): number {
  return JSON.stringify({ op: 'replace', path: '', value: after }).length
}

function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  for (const inner of Object.values(value)) freeze(inner)
  Object.freeze(value)
}
