/** Goal: times that are told apart by their digits lie as far apart as parsed ones. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { msBetween } from '../../src/fold/times.ts'

const first = Date.UTC(2026, 1, 28)
const twoDaysMs = 172_800_000

describe('milliseconds between two times', () => {
  it('law: are those of the parsed times, on one day and across midnight', () => {
    const time = fc.integer({ min: 0, max: twoDaysMs }).map((ms) => new Date(first + ms).toISOString())
    fc.assert(
      fc.property(time, time, (from, to) => {
        expect(msBetween(from, to)).toBe(Date.parse(to) - Date.parse(from))
      }),
    )
  })

  it('are those of the parsed times for any other way of writing one', () => {
    expect(msBetween('2026-02-28T10:00:00Z', '2026-02-28T10:00:01.000Z')).toBe(1_000)
    expect(msBetween('2026-02-28T10:00:00.000Z', 'no time')).toBeNaN()
  })
})
