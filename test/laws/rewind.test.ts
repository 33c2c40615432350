/**
 * Goal: after a rewind a session is where it was, and its log has lost nothing.
 * Method: random histories with rewinds among them, to random versions; compared with the states and events of then.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Command } from '../../src/events/commands.ts'
import { foldInto, frozen, stateHash } from '../../src/fold/fold.ts'
import { initialState, type ReadonlyState } from '../../src/fold/state.ts'
import { CommandRefused } from '../../src/kernel/errors.ts'
import { canonicalJson } from '../../src/kernel/json.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { loadState } from '../../src/replay/load.ts'
import { packSnapshot, unpackSnapshot } from '../../src/replay/snapshot/snapshot.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { historyArbitrary } from '../../src/testing/arbitrary/history.ts'
import { play } from '../../src/testing/play.ts'
import { eventsOf } from '../support/events.ts'

/** What a rewind brings back, with running tasks running as the budget says at the end. */
function partsOf(state: ReadonlyState, phase: ReadonlyState['window']['phase']): unknown {
  const warned = ['warning', 'emergency', 'exhausted'].includes(phase)
  const tasks = Object.values(state.tasks).map((task) => {
    const runs = task.status === 'in_progress' || task.status === 'token_warning'
    return runs ? { ...task, status: warned ? 'token_warning' : 'in_progress' } : task
  })
  const { focus, decisions, specs, milestones } = state.knowledge
  const byId = tasks.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const items = Object.entries(state.context.items).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return { tasks: byId, items, focus, decisions, specs, milestones }
}

async function accepted(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work()
    return true
  } catch (error) {
    if (!(error instanceof CommandRefused)) throw error
    return false
  }
}

const rewinds = fc.array(fc.record({ to: fc.nat(), after: fc.nat(6) }), { minLength: 1, maxLength: 4 })

describe('rewind', () => {
  it('law: tasks, items and knowledge are as they were at that version, and the log has lost nothing', async () => {
    let restored = 0
    await fc.assert(
      fc.asyncProperty(historyArbitrary(25), rewinds, historyArbitrary(25), async (commands, turns, more) => {
        const log = new MemoryLog()
        const { sessionId } = await play(log, commands)
        const waymark = await Waymark.open({ store: log, policies: [] })
        const session = await waymark.openSession(sessionId)
        const waiting: Command[] = more.slice(1)
        for (const { to, after } of turns) {
          if (session.state.status !== 'active') await session.send({ type: 'session.resume' })
          const before = await eventsOf(log, sessionId)
          const toVersion = to % session.version
          const past = await session.at(toVersion)
          const dry = await session.rewind({ to: toVersion, dryRun: true })
          const report = await session.rewind({ to: toVersion, reason: 'another way' })
          expect(report).toMatchObject({ tasks: dry.tasks, items: dry.items, knowledge: dry.knowledge })
          const { phase } = session.state.window
          expect(canonicalJson(partsOf(session.state, phase))).toBe(canonicalJson(partsOf(past, phase)))
          const events = await eventsOf(log, sessionId)
          expect(canonicalJson(events.slice(0, before.length))).toBe(canonicalJson(before))
          expect(events.slice(before.length).map(({ type }) => type)).toEqual(
            report.recorded ? ['session.rewound'] : [],
          )
          if (report.recorded) restored += 1
          for (const command of waiting.splice(0, after)) await accepted(() => session.send(command))
        }
        expect(await waymark.verify()).toMatchObject({ ok: true })
      }),
      { numRuns: 60 },
    )
    expect(restored).toBeGreaterThan(60)
  })

  it('law: a snapshot at any version and the events after it equal the fold of all events, across rewinds', async () => {
    await fc.assert(
      fc.asyncProperty(historyArbitrary(20), fc.nat(), fc.nat(), async (commands, first, second) => {
        const log = new MemoryLog()
        const { sessionId } = await play(log, commands)
        const waymark = await Waymark.open({ store: log })
        const session = await waymark.openSession(sessionId)
        if (session.state.status !== 'active') await session.send({ type: 'session.resume' })
        await session.rewind({ to: first % session.version })
        await session.checkpoint({ gitHead: 'x' })
        await session.rewind({ to: second % session.version })
        const events = await eventsOf(log, sessionId)
        const whole = initialState(sessionId)
        for (const event of events) foldInto(whole, [event])
        const hash = stateHash(frozen(whole))
        expect(stateHash(session.state)).toBe(hash)
        expect(stateHash((await loadState(log, sessionId)).state)).toBe(hash)
        for (let version = 0; version <= events.length; version++) {
          const { state } = await loadState(log, sessionId, version)
          const unpacked = unpackSnapshot(packSnapshot(state, '', null), sessionId)
          if (!unpacked.ok) throw new Error(unpacked.detail)
          // Each time it is asked for, it is another copy.
          const restored = unpacked.state
          foldInto(restored, events.slice(version))
          expect(stateHash(frozen(restored))).toBe(hash)
        }
      }),
      { numRuns: 40 },
    )
  })
})
