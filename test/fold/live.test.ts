/**
 * Goal: the short way of the live runner gives what the long way gives, shares as much, and is taken.
 * Method: random histories, and the corpus in which every event comes up, are folded batch by batch in both ways.
 */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LoggedEvent } from '../../src/events/envelope.ts'
import { fold, foldByDraft, foldInto, frozen } from '../../src/fold/fold.ts'
import { ownedFor } from '../../src/fold/live.ts'
import { initialState, type ReadonlyState } from '../../src/fold/state.ts'
import { limits } from '../../src/kernel/limits.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { historyArbitrary } from '../../src/testing/arbitrary/history.ts'
import { play } from '../../src/testing/play.ts'
import { eventsOf } from '../support/events.ts'

const corpus = readFileSync(new URL('../corpus/every-event.ndjson', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as LoggedEvent)

function batchesOf(events: readonly LoggedEvent[]): readonly (readonly LoggedEvent[])[] {
  const batches: LoggedEvent[][] = []
  for (const event of events) {
    if (event.index === 0) batches.push([])
    batches[batches.length - 1]?.push(event)
  }
  return batches
}

function isDeeplyFrozen(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true
  return Object.isFrozen(value) && Object.values(value).every(isDeeplyFrozen)
}

/** Folds both ways from one state, compares them, and says whether the short way was taken. */
function compared(state: ReadonlyState, events: readonly LoggedEvent[]): boolean {
  const before = structuredClone(state)
  const short = fold(state, events)
  const long = foldByDraft(state, events)
  expect(short).toEqual(long)
  expect(state).toEqual(before)
  expect(isDeeplyFrozen(short)).toBe(true)
  // Policies and callbacks ask by identity whether these changed.
  expect(short.window === state.window).toBe(long.window === state.window)
  expect(short.context.items === state.context.items).toBe(long.context.items === state.context.items)
  return ownedFor(state, events) !== null
}

/** Folds a session batch by batch in both ways; gives the share of batches that took the short way. */
function shareOfShort(events: readonly LoggedEvent[]): number {
  let state = frozen(initialState(events[0]?.sessionId ?? ''))
  const taken = batchesOf(events).map((batch) => {
    const isShort = compared(state, batch)
    state = fold(state, batch)
    return isShort
  })
  return taken.filter(Boolean).length / taken.length
}

describe('the short way of the live runner', () => {
  it('law: over any history it gives what the long way gives, frozen, the old state untouched', async () => {
    await fc.assert(
      fc.asyncProperty(historyArbitrary(), async (commands) => {
        const log = new MemoryLog()
        const { sessionId } = await play(log, commands)
        shareOfShort(await eventsOf(log, sessionId))
      }),
      { numRuns: 60 },
    )
  })

  it('law: any event, folded onto any state, comes out the same in both ways', () => {
    const states = corpus.map((_, index) => {
      const state = initialState(corpus[0]?.sessionId ?? '')
      foldInto(state, corpus.slice(0, index))
      return frozen(state)
    })
    fc.assert(
      fc.property(
        fc.constantFrom(...states),
        fc.array(fc.constantFrom(...corpus), { maxLength: 4 }),
        (state, events) => {
          if (events.length > 0) compared(state, events)
        },
      ),
      { numRuns: 400 },
    )
  })

  it('is taken for most of what a session does', async () => {
    const sample = fc.sample(historyArbitrary(), { numRuns: 20, seed: 5 })
    const shares: number[] = []
    for (const commands of sample) {
      const log = new MemoryLog()
      const { sessionId } = await play(log, commands)
      shares.push(shareOfShort(await eventsOf(log, sessionId)))
    }
    expect(shares.reduce((sum, share) => sum + share, 0) / shares.length).toBeGreaterThan(0.5)
  })

  it('shares every task but the one that changed, and copies no other', () => {
    const state = frozen(initialState('sess_00000000-0000-4000-8000-000000000000'))
    const added = Array.from({ length: 300 }, (_, n) =>
      taskEvent(n + 1, 'task.added', { taskId: `T${n}`, title: `${n}` }),
    )
    const full = fold(state, added)
    const after = fold(full, [taskEvent(301, 'task.described', { taskId: 'T7', title: 'other' })])
    expect(Object.keys(after.tasks)).toEqual(Object.keys(full.tasks))
    const changed = Object.keys(full.tasks).filter((id) => after.tasks[id] !== full.tasks[id])
    expect(changed).toEqual(['T7'])
    expect(after.history).toBe(full.history)
    const another = fold(after, [taskEvent(302, 'task.added', { taskId: 'last', title: 'last' })])
    expect(
      Object.keys(fold(another, [taskEvent(303, 'task.described', { taskId: 'last', title: 'x' })]).tasks),
    ).toEqual([...Object.keys(full.tasks), 'last'])
  })
})

describe('folding in pages', () => {
  it('law: however events are cut into pages, they lead to the same state', async () => {
    await fc.assert(
      fc.asyncProperty(
        historyArbitrary(),
        fc.infiniteStream(fc.integer({ min: 1, max: 9 })),
        async (commands, sizes) => {
          const log = new MemoryLog()
          const { sessionId } = await play(log, commands)
          const events = await eventsOf(log, sessionId)
          const [whole, cut] = [initialState(sessionId), initialState(sessionId)]
          foldInto(whole, events)
          for (let at = 0; at < events.length; ) {
            const size = sizes.next().value ?? 1
            foldInto(cut, events.slice(at, at + size))
            at += size
          }
          expect(whole).toEqual(cut)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('calls that are opened twice, end early, never end or fall to the bound are the same in one page and one by one', () => {
    const id = fc.integer({ min: 0, max: 3 }).map((n) => `call-${n}`)
    const type = fc.constantFrom('tool.called', 'tool.began', 'tool.returned', 'session.forked')
    fc.assert(
      fc.property(fc.array(fc.tuple(type, id), { maxLength: 40 }), fc.boolean(), (steps, isFull) => {
        const many = isFull
          ? Array.from({ length: limits.openCallsMax - 2 }, (_, n) => ['tool.called', `old-${n}`] as const)
          : []
        const events = [...many, ...steps].map(([type, toolCallId], n) => callEvent(n + 1, type, toolCallId))
        const [page, single] = [initialState('s'), initialState('s')]
        foldInto(page, events)
        for (const event of events) foldInto(single, [event])
        expect(page).toEqual(single)
        expect(Object.keys(page.openCalls)).toHaveLength(page.openCallCount)
      }),
      { numRuns: 200 },
    )
  })
})

function taskEvent(version: number, type: string, data: object): LoggedEvent {
  return eventOf(version, type, data)
}

function callEvent(version: number, type: string, toolCallId: string): LoggedEvent {
  const data = {
    toolCallId,
    name: 'Write',
    target: `/${toolCallId}`,
    writes: true,
    outcome: 'ok',
    parentSessionId: 'p',
    parentVersion: 1,
  }
  return eventOf(version, type, data)
}

function eventOf(version: number, type: string, data: object): LoggedEvent {
  const time = new Date(Date.UTC(2026, 0, 1, 0, 0, version)).toISOString()
  // As much of an event as the fold looks at.
  return { version, time, type, data } as LoggedEvent
}
