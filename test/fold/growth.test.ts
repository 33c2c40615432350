/**
 * Goal: what is said of a window's growth is what the reports say, by figures that can be reckoned by hand. Method: lines of five reports,
 * one for each way that points can lie.
 */
import { describe, expect, it } from 'vitest'
import { currentWindowOf, estimatedTokens, forecastOf, growthLineOf } from '../../src/fold/growth.ts'
import { initialState } from '../../src/fold/state.ts'

const noBytes = { prompts: 0, replies: 0, toolInputs: 0, toolOutputs: 0 }
const begun = initialState('sess_00000000-0000-4000-8000-000000000001')

type Point = readonly [bytes: number, tokens: number]

const samplesOf = (points: readonly Point[], kind: keyof typeof noBytes = 'prompts') =>
  points.map(([bytes, tokens], index) => ({
    version: index + 2,
    time: `2026-01-01T00:0${index}:00.000Z`,
    tokens,
    usedTokens: 1_000,
    bytes: { ...noBytes, [kind]: bytes },
  }))

const growthOf = (points: readonly Point[]) => ({ ...begun.growth, samples: samplesOf(points) })
const rising: readonly Point[] = [
  [100, 60],
  [200, 110],
  [300, 160],
  [400, 210],
  [500, 260],
]

describe('the line through the reports', () => {
  it.each<[string, readonly Point[], object]>([
    ['rises with the texts', rising, { perReport: 10, perByte: 0.5, learned: true }],
    ['begins at nothing', rising.map(([x, y]) => [x, y - 10]), { perReport: 0, perByte: 0.5, learned: true }],
    ['is assumed from fewer than five', rising.slice(1), { perReport: 0, perByte: 0.425, learned: false }],
    [
      'is the mean where all texts are alike',
      rising.map(() => [100, 50]),
      { perReport: 0, perByte: 0.5, learned: true },
    ],
    [
      'is the mean where longer texts took less',
      rising.map(([x, y]) => [600 - x, y]),
      { perReport: 0, perByte: 160 / 300, learned: true },
    ],
    [
      'is the mean where it would begin below nothing',
      rising.map(([x, y]) => [x, y * 2 - 110]),
      { perReport: 0, perByte: 0.7, learned: true },
    ],
    [
      'is assumed where there were no texts',
      rising.map(([, y]) => [0, y]),
      { perReport: 0, perByte: 0.425, learned: false },
    ],
  ])('%s', (_, points, line) => {
    expect(growthLineOf({ growth: growthOf(points) })).toEqual(line)
  })

  it('counts texts of every kind', () => {
    const kinds = ['prompts', 'replies', 'toolInputs', 'toolOutputs'] as const
    const samples = rising.flatMap((point, index) => samplesOf([point], kinds[index % kinds.length]))
    expect(growthLineOf({ growth: { ...begun.growth, samples } })).toEqual({
      perReport: 10,
      perByte: 0.5,
      learned: true,
    })
  })
})

describe('what a text weighs', () => {
  it.each<[string, readonly Point[], number, number]>([
    ['what the line says, rounded up', rising, 11, 6],
    ['nothing for nothing', rising, 0, 0],
    ['no more than a byte can weigh', rising.map(([x, y]) => [x, y * 2]), 100, 56],
    ['no less than a byte can weigh', rising.map(([x]) => [x, x / 10]), 100, 25],
  ])('%s', (_, points, bytes, tokens) => {
    expect(estimatedTokens({ growth: growthOf(points) }, bytes)).toBe(tokens)
  })
})

describe('the window now', () => {
  const window = { ...begun.window, totalTokens: 1_000, usedTokens: 400 }
  const growth = growthOf(rising)
  it.each<[string, object, object, object]>([
    ['is the report', {}, {}, { usedTokens: 400, percent: 40, availableTokens: 600, estimated: false }],
    [
      'is an estimate after an estimate',
      {},
      { estimated: true },
      { usedTokens: 400, percent: 40, availableTokens: 600, estimated: true },
    ],
    [
      'has what came since',
      { pending: { ...noBytes, replies: 100 } },
      {},
      { usedTokens: 460, percent: 46, availableTokens: 540, estimated: true },
    ],
    [
      'has the items that came since',
      { pendingItemTokens: 100 },
      {},
      { usedTokens: 500, percent: 50, availableTokens: 500, estimated: true },
    ],
    [
      'has not the items that went since',
      { pendingItemTokens: -401 },
      {},
      { usedTokens: 0, percent: 0, availableTokens: 1_000, estimated: true },
    ],
    [
      'may be more than full',
      { pendingItemTokens: 700 },
      {},
      { usedTokens: 1_100, percent: 110, availableTokens: 0, estimated: true },
    ],
  ])('%s', (_, grown, gauge, expected) => {
    expect(currentWindowOf({ growth: { ...growth, ...grown }, window: { ...window, ...gauge } })).toEqual(
      expected,
    )
  })
})

describe('a forecast', () => {
  const window = { ...begun.window, totalTokens: 10_000, usedTokens: 5_000 }
  const of = (points: readonly Point[], more: object = {}) =>
    forecastOf({
      configuration: begun.configuration,
      growth: growthOf(points),
      window: { ...window, ...more },
    })

  it('says when the next phase begins, and what grows', () => {
    expect(of(rising)).toEqual({
      phase: 'monitoring',
      tokensToGo: 1_000,
      tokensPerReport: 160,
      reportsToGo: 7,
      expectedAt: '2026-01-01T00:11:00.000Z',
      kind: 'prompts',
      kindPercent: 100,
    })
  })

  it.each<[string, object, object]>([
    ['warning after monitoring', { phase: 'monitoring' }, { phase: 'warning', tokensToGo: 2_500 }],
    ['emergency after warning', { phase: 'warning' }, { phase: 'emergency', tokensToGo: 3_500 }],
    ['exhausted at last', { phase: 'emergency' }, { phase: 'exhausted', tokensToGo: 5_000 }],
    [
      'at once, where the line is passed',
      { usedTokens: 6_000 },
      { tokensToGo: 0, reportsToGo: 0, expectedAt: '2026-01-01T00:04:00.000Z' },
    ],
  ])('names %s', (_, more, expected) => {
    expect(of(rising, more)).toMatchObject(expected)
  })

  it('names what brought most, and its share', () => {
    const growth = {
      ...begun.growth,
      samples: [...samplesOf([[100, 10]]), ...samplesOf([[300, 10]], 'toolOutputs')],
    }
    const forecast = forecastOf({ configuration: begun.configuration, growth, window })
    expect(forecast).toMatchObject({ kind: 'toolOutputs', kindPercent: 75 })
    const textless = { ...begun.growth, samples: samplesOf([[0, 10]]) }
    expect(forecastOf({ configuration: begun.configuration, growth: textless, window })).toMatchObject({
      kind: 'unknown',
      kindPercent: 0,
      expectedAt: null,
    })
  })

  it('says no time that no clock will show', () => {
    expect(
      of([
        [1, 1e-12],
        [1, 1e-12],
      ]),
    ).toMatchObject({ expectedAt: null })
  })

  it.each<[string, readonly Point[], object]>([
    ['no report', [], {}],
    ['no growth', rising.map(([x]) => [x, 0]), {}],
    ['no phase ahead', rising, { phase: 'exhausted' }],
  ])('is not made with %s', (_, points, more) => {
    expect(of(points, more)).toBeNull()
  })
})
