/**
 * Goal: a recovery interrupted anywhere ends as an uninterrupted one, and two at once make one.
 * Method: a random history in two logs of the same seed; one is recovered in one go, the other is stopped before or after each of its
 * transactions and recovered again. The states at the end are compared, ids of new checkpoints left out.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isKnown } from '../../src/events/envelope.ts'
import { recoverySteps, reportedSteps, taskPolicies } from '../../src/events/recovery.ts'
import type { ReadonlyState } from '../../src/fold/state.ts'
import { seeded } from '../../src/kernel/clock.ts'
import { canonicalJson } from '../../src/kernel/json.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { EventLog } from '../../src/log/port.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { historyArbitrary } from '../../src/testing/arbitrary/history.ts'
import { play } from '../../src/testing/play.ts'
import { eventsOf } from '../support/events.ts'

/** A log whose n-th transaction from now on dies: before it did anything, or after it was committed. */
function dyingLog(log: EventLog, at: number, when: 'before' | 'after'): EventLog {
  let count = 0
  return new Proxy(log, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key)
      if (typeof value !== 'function') return value
      if (key !== 'transact') return value.bind(target)
      return async (work: Parameters<EventLog['transact']>[0]) => {
        const isLast = count++ === at
        if (isLast && when === 'before') throw new Error('the process died')
        const result: unknown = await target.transact(work)
        if (isLast) throw new Error('the process died')
        return result
      }
    },
  })
}

async function openAt(store: EventLog, seed: number): Promise<Waymark> {
  const { clock, ids } = seeded(seed, '2026-01-01T06:00:00.000Z', 0)
  return Waymark.open({ store, clock, ids })
}

/** State without the ids of checkpoints that were not there before. */
function comparable(state: ReadonlyState, known: ReadonlySet<string>): string {
  return canonicalJson(state).replaceAll(/ckpt_[0-9a-f-]{36}/g, (id) => (known.has(id) ? id : 'ckpt_new'))
}

const taskPolicyArbitrary = fc.constantFrom(...taskPolicies)

describe('a recovery', () => {
  it('law: interrupted before or after any of its transactions, it ends as an uninterrupted one', async () => {
    let recorded = 0
    await fc.assert(
      fc.asyncProperty(
        historyArbitrary(30),
        taskPolicyArbitrary,
        fc.array(fc.tuple(fc.nat(6), fc.constantFrom('before' as const, 'after' as const)), {
          minLength: 1,
          maxLength: 3,
        }),
        async (commands, tasks, deaths) => {
          const [whole, broken] = [new MemoryLog(), new MemoryLog()]
          const { sessionId, state: before } = await play(whole, commands)
          await play(broken, commands)
          const known = new Set(before.checkpoints.map(({ id }) => id))
          const expected = await (await openAt(whole, 5)).recover(sessionId, { tasks })
          const isDone = async (): Promise<boolean> => {
            const { state } = await (await openAt(broken, 6)).openSession(sessionId)
            return state.recoveries > before.recoveries
          }
          for (const [index, [at, when]] of deaths.entries()) {
            if (await isDone()) break
            const dying = await openAt(dyingLog(broken, at, when), 7 + index)
            await dying.recover(sessionId, { tasks }).catch(() => {})
          }
          const last = await openAt(broken, 6)
          if (!(await isDone())) await last.recover(sessionId, { tasks })
          const { state: end } = await last.openSession(sessionId)
          expect(comparable(end, known)).toBe(comparable(expected.state, known))
          expect((await last.verify()).ok).toBe(true)
          if (expected.recorded) recorded += 1
        },
      ),
      { numRuns: 120 },
    )
    // Not vacuous: most histories end in a session that can be recovered.
    expect(recorded).toBeGreaterThan(40)
  })

  it('law: two at once make one: six steps, each once, and nothing beside them', async () => {
    await fc.assert(
      fc.asyncProperty(historyArbitrary(20), taskPolicyArbitrary, async (commands, tasks) => {
        const log = new MemoryLog()
        const { sessionId, state: before } = await play(log, commands)
        const homes = [await openAt(log, 5), await openAt(log, 6), await openAt(log, 7)]
        const reports = await Promise.all(homes.map(async (home) => home.recover(sessionId, { tasks })))
        const events = (await eventsOf(log, sessionId)).slice(before.version).filter(isKnown)
        const ofType = (type: string) => events.filter((event) => event.type === type)
        const isRecorded = reports.every(({ recorded }) => recorded)
        expect(ofType('session.recovered')).toHaveLength(isRecorded ? 1 : 0)
        expect(ofType('recovery.began').length).toBeLessThanOrEqual(1)
        const steps = reports.map((report) => report.steps.map(({ step }) => step))
        expect(steps).toEqual(reports.map(() => (isRecorded ? [...reportedSteps] : [])))
        expect(ofType('recovery.step-recorded').length).toBeLessThanOrEqual(recoverySteps.length)
        expect(new Set(reports.map(({ recoveryId }) => recoveryId)).size).toBe(1)
      }),
      { numRuns: 60 },
    )
  })
})
