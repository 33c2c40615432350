/**
 * Goal: what waits outside of the state while a fold goes on (open calls, lines of history beyond those that are kept) cannot be told from the
 * outside. Method: random calls, returns and notes, many of them open at once, are folded in one go, in random pages, and one by one.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { FoldableEvent } from '../../src/events/envelope.ts'
import { foldInto, foldPages } from '../../src/fold/fold.ts'
import { initialState } from '../../src/fold/state.ts'
import { limits } from '../../src/kernel/limits.ts'

const sessionId = 'sess_0190a8c0-0000-4000-8000-000000000001'
const time = '2026-02-03T04:05:06.789Z'

type Step = readonly ['called' | 'began' | 'returned' | 'noted', number]

function eventOf([step, id]: Step, index: number): FoldableEvent {
  const toolCallId = `call-${id}`
  const version = index + 1
  if (step === 'called') {
    return { type: 'tool.called', version, time, data: { toolCallId, name: `tool ${version}` } }
  }
  if (step === 'began') return { type: 'tool.began', version, time, data: { toolCallId } }
  if (step === 'noted') return { type: 'turn.interrupted', version, time, data: {} }
  return { type: 'tool.returned', version, time, data: { toolCallId, outcome: 'ok' } }
}

const steps = fc
  .array(
    fc.tuple(
      fc.constantFrom<Step[0]>('called', 'called', 'began', 'returned', 'noted', 'noted'),
      fc.integer({ min: 0, max: 30 }),
    ),
    { minLength: 250, maxLength: 500 },
  )
  .map((all) => all.map(eventOf))

function oneByOne(events: readonly FoldableEvent[]): ReturnType<typeof initialState> {
  const state = initialState(sessionId)
  for (const event of events) foldInto(state, [event])
  return state
}

async function* pagesOf(
  events: readonly FoldableEvent[],
  size: number,
): AsyncGenerator<readonly FoldableEvent[], void, undefined> {
  for (let start = 0; start < events.length; start += size) yield events.slice(start, start + size)
}

describe('a fold of many events', () => {
  it('law: leads where one event after the other leads, in one page and in several', async () => {
    let openAtOnce = 0
    let historyFull = 0
    await fc.assert(
      fc.asyncProperty(steps, fc.integer({ min: 1, max: 100 }), async (events, size) => {
        const expected = oneByOne(events)
        const whole = initialState(sessionId)
        foldInto(whole, events)
        expect(whole).toEqual(expected)
        const inPages = initialState(sessionId)
        expect(await foldPages(inPages, pagesOf(events, size))).toBe(events.length)
        expect(inPages).toEqual(expected)
        expect(Object.keys(expected.openCalls)).toHaveLength(expected.openCallCount)
        openAtOnce = Math.max(openAtOnce, expected.openCallCount)
        if (expected.history.length === limits.historyEntriesMax) historyFull += 1
      }),
    )
    // More than stand in the short list, and more lines than are kept.
    expect(openAtOnce).toBeGreaterThan(5)
    expect(historyFull).toBeGreaterThan(0)
  })

  it('forgets the same calls when too many are open', () => {
    const events = Array.from({ length: limits.openCallsMax * 2 }, (_, n) => eventOf(['called', n], n))
    const whole = initialState(sessionId)
    foldInto(whole, events)
    expect(whole).toEqual(oneByOne(events))
    expect(whole.forgottenCalls).toBeGreaterThan(0)
  })
})
