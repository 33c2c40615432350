/**
 * Goal: state is nothing but a fold of the log, however it is folded.
 * Method: histories of random commands (most legal, many refused) are played into the reference log; then every way of
 * getting a state is compared with the plain fold from the first event.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isKnown, type LoggedEvent } from '../../src/events/envelope.ts'
import { fold, foldInto, frozen, stateHash } from '../../src/fold/fold.ts'
import { initialState, type ReadonlyState } from '../../src/fold/state.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { loadState } from '../../src/replay/load.ts'
import { packSnapshot, unpackSnapshot } from '../../src/replay/snapshot/snapshot.ts'
import { historyArbitrary } from '../../src/testing/arbitrary/history.ts'
import { play } from '../../src/testing/play.ts'
import { eventsOf } from '../support/events.ts'

function plainFold(sessionId: string, events: readonly LoggedEvent[]): ReadonlyState {
  const state = initialState(sessionId)
  for (const event of events) foldInto(state, [event])
  return frozen(state)
}

describe('fold', () => {
  it('law: live state, batch by batch, equals the plain fold of the log', async () => {
    await fc.assert(
      fc.asyncProperty(historyArbitrary(), async (commands) => {
        const log = new MemoryLog()
        const { sessionId, state } = await play(log, commands)
        expect(state).toEqual(plainFold(sessionId, await eventsOf(log, sessionId)))
      }),
    )
  })

  it('law: fold of a snapshot at any version and the events after it equals the fold of all events', async () => {
    await fc.assert(
      fc.asyncProperty(historyArbitrary(30), async (commands) => {
        const log = new MemoryLog()
        const { sessionId } = await play(log, commands)
        const events = await eventsOf(log, sessionId)
        const whole = stateHash(plainFold(sessionId, events))
        for (let version = 0; version <= events.length; version++) {
          const snapshot = packSnapshot(plainFold(sessionId, events.slice(0, version)), '', null)
          const unpacked = unpackSnapshot(snapshot, sessionId)
          if (!unpacked.ok) throw new Error(unpacked.detail)
          expect(stateHash(fold(frozen(unpacked.state), events.slice(version)))).toBe(whole)
        }
      }),
      { numRuns: 40 },
    )
  })

  it('law: the state loaded at any version equals the fold of the events up to it', async () => {
    await fc.assert(
      fc.asyncProperty(historyArbitrary(30), async (commands) => {
        const log = new MemoryLog()
        const { sessionId } = await play(log, commands)
        const events = await eventsOf(log, sessionId)
        for (let version = 0; version <= events.length; version++) {
          const { state } = await loadState(log, sessionId, version)
          expect(stateHash(state)).toBe(stateHash(plainFold(sessionId, events.slice(0, version))))
        }
      }),
      { numRuns: 40 },
    )
  })

  it('law: the fold is total: any events in any order, from the middle or twice, never throw', async () => {
    await fc.assert(
      fc.asyncProperty(historyArbitrary(), fc.infiniteStream(fc.nat()), async (commands, choices) => {
        const log = new MemoryLog()
        const { sessionId } = await play(log, commands)
        const events = await eventsOf(log, sessionId)
        const shuffled = events
          .map(() => events[(choices.next().value ?? 0) % events.length])
          .filter((e) => e !== undefined)
        expect(() => plainFold(sessionId, shuffled)).not.toThrow()
      }),
    )
  })

  it('the generator is not vacuous: most event types come up, and so do refusals', async () => {
    const seen = new Set<string>()
    let refusals = 0
    for (const commands of fc.sample(historyArbitrary(), { numRuns: 300, seed: 14 })) {
      const log = new MemoryLog()
      const { steps } = await play(log, commands)
      for (const { events, refusal } of steps) {
        if (refusal !== null) refusals += 1
        for (const event of events) if (isKnown(event)) seen.add(event.type)
      }
    }
    expect(refusals).toBeGreaterThan(100)
    expect([...seen].sort()).toEqual(
      expect.arrayContaining([
        'budget.phase-changed',
        'checkpoint.created',
        'context.compacted',
        'model.switched',
        'session.handed-off',
        'session.taken-over',
        'task.completed',
        'task.context-restored',
        'task.context-switched',
        'task.recovered',
        'task.relieved',
        'task.warned',
        'tool.returned',
        'usage.recorded',
      ]),
    )
  })
})
