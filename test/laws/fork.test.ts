/**
 * Goal: a fork shares its parent's past and nothing of either's future.
 * Method: a random history, forked at every version; then both sides go on.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stateHash } from '../../src/fold/fold.ts'
import { canonicalJson } from '../../src/kernel/json.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { historyArbitrary } from '../../src/testing/arbitraries.ts'
import { play } from '../../src/testing/play.ts'
import { eventsOf } from '../support/events.ts'

describe('fork', () => {
  it("law: a fork's first n events are its parent's first n events, and later ones of either side do not reach the other", async () => {
    await fc.assert(
      fc.asyncProperty(historyArbitrary(20), fc.nat(), async (commands, choice) => {
        const log = new MemoryLog()
        const { sessionId } = await play(log, commands)
        const waymark = await Waymark.open({ store: log })
        const parent = await waymark.openSession(sessionId)
        const at = 1 + (choice % parent.version)
        const rowsBefore = await log.position()
        const fork = await parent.fork({ at })
        // The fork, the tasks it takes out of their context, and what of its context is not carried over.
        expect(await log.position()).toBeLessThanOrEqual(rowsBefore + 6)

        const parentEvents = await eventsOf(log, sessionId)
        const parentHash = stateHash(parent.state)
        await fork.send({ type: 'session.describe', title: 'the other way' })
        await fork.send({ type: 'task.add', taskId: 'fork-only', title: 'only here' })
        const forkEvents = await eventsOf(log, fork.id)
        expect(canonicalJson(forkEvents.slice(0, at))).toBe(canonicalJson(parentEvents.slice(0, at)))
        expect(stateHash(await parent.refresh())).toBe(parentHash)
        expect((await eventsOf(log, sessionId)).length).toBe(parentEvents.length)

        const forkHash = stateHash(fork.state)
        await parent.send({ type: 'observation.record', kind: 'parent-only' })
        expect(stateHash(await fork.refresh())).toBe(forkHash)
      }),
      { numRuns: 60 },
    )
  })

  it('a fork of a fork of a fork reads its whole past, and a command of the past is still known in it', async () => {
    const waymark = await Waymark.open({ store: new MemoryLog() })
    let session = await waymark.createSession({ title: 'root' })
    const first = await session.send({ type: 'task.add', taskId: 'A', title: 'a' }, { commandId: 'first' })
    for (let depth = 0; depth < 20; depth++) session = await session.fork()
    const again = await session.send({ type: 'task.add', taskId: 'A', title: 'a' }, { commandId: 'first' })
    expect(again.repeated).toBe(true)
    expect(again.events).toEqual(first.events)
    expect(session.version).toBe(2 + 20)
    expect(session.state.tasks.A?.title).toBe('a')
  })

  it('running tasks enter context_switch in the fork and stay as they are in the parent', async () => {
    const waymark = await Waymark.open({ store: new MemoryLog() })
    const session = await waymark.createSession()
    await session.send({ type: 'task.add', taskId: 'A', title: 'a' })
    await session.send({ type: 'task.start', taskId: 'A' })
    const fork = await session.fork()
    expect(fork.state.tasks.A).toMatchObject({ status: 'context_switch', switchCause: 'fork' })
    await fork.send({ type: 'task.restore-context', taskIds: ['A'] })
    expect(fork.state.tasks.A?.status).toBe('in_progress')
    expect(session.state.tasks.A?.status).toBe('in_progress')
  })
})
