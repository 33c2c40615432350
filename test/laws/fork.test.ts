/**
 * Goal: a fork shares its parent's past and nothing of either's future.
 * Method: a random history, forked at every version; then both sides go on.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stateHash } from '../../src/fold/fold.ts'
import { canonicalJson } from '../../src/kernel/json.ts'
import { limits } from '../../src/kernel/limits.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { historyArbitrary } from '../../src/testing/arbitrary/history.ts'
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

  it('law: in any tree of forks, what one session does changes no other, and each shares its past with the one above it', async () => {
    const turn = fc.record({ who: fc.nat(), at: fc.nat(), forks: fc.boolean(), command: fc.nat() })
    let deepest = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(turn, { minLength: 5, maxLength: 25 }),
        historyArbitrary(30),
        async (turns, commands) => {
          const log = new MemoryLog()
          const waymark = await Waymark.open({ store: log, policies: [] })
          const all = [{ session: await waymark.createSession({ title: 'root' }), depth: 0 }]
          for (const { who, at, forks, command } of turns) {
            const one = all[who % all.length]
            if (one === undefined) continue
            const before = all.map(({ session }) => stateHash(session.state))
            if (forks) {
              const from = 1 + (at % one.session.version)
              const fork = await one.session.fork({ at: from })
              const past = (await eventsOf(log, one.session.id)).slice(0, from)
              expect(canonicalJson((await eventsOf(log, fork.id)).slice(0, from))).toBe(canonicalJson(past))
              all.push({ session: fork, depth: one.depth + 1 })
              deepest = Math.max(deepest, one.depth + 1)
            } else {
              const next = commands[command % commands.length]
              if (next !== undefined) await one.session.send(next).catch(() => {})
            }
            for (const [index, hash] of before.entries()) {
              const other = all[index]?.session
              if (other === undefined || (other === one.session && !forks)) continue
              expect(stateHash(await other.refresh())).toBe(hash)
            }
          }
          expect(await waymark.verify()).toMatchObject({ ok: true })
        },
      ),
      { numRuns: 30 },
    )
    expect(deepest).toBeGreaterThan(3)
  })

  it('begins at a checkpoint too, also at one that state lists no more; of what is not there it says so', async () => {
    const waymark = await Waymark.open({ store: new MemoryLog(), policies: [] })
    const session = await waymark.createSession()
    const point = await session.checkpoint({ gitHead: 'x' })
    await session.send({ type: 'task.add', taskId: 'A', title: 'a' })
    const fork = await session.fork({ checkpoint: point.id })
    expect(fork.state).toMatchObject({ forkedAt: point.version, tasks: {} })
    for (let n = 0; n < limits.checkpointsListedMax; n++) await session.checkpoint({ gitHead: 'x' })
    expect(session.state.checkpoints.some(({ id }) => id === point.id)).toBe(false)
    expect((await session.fork({ checkpoint: point.id })).state.forkedAt).toBe(point.version)
    const missing = { code: 'VERSION_NOT_FOUND' }
    await expect(session.fork({ checkpoint: 'ckpt_nowhere' })).rejects.toMatchObject(missing)
    await expect(session.fork({ at: session.version + 1 })).rejects.toMatchObject(missing)
    await expect(session.fork({ at: -1 })).rejects.toMatchObject(missing)
    await expect(session.fork({ at: 1, checkpoint: point.id })).rejects.toMatchObject({ code: 'USAGE' })
  })

  it('as deep as the limit says, and merged back from there; one deeper is refused', {
    timeout: 120_000,
  }, async () => {
    const waymark = await Waymark.open({ store: new MemoryLog(), policies: [] })
    const root = await waymark.createSession()
    let leaf = root
    for (let depth = 0; depth < limits.lineageDepthMax; depth++) leaf = await leaf.fork()
    expect(leaf.version).toBe(1 + limits.lineageDepthMax)
    await expect(leaf.fork()).rejects.toMatchObject({ code: 'LIMIT_REACHED' })
    await leaf.send({ type: 'task.add', taskId: 'A', title: 'from far below' })
    expect(await root.merge(leaf)).toMatchObject({ recorded: true, conflicts: [] })
    expect(root.state.tasks.A?.title).toBe('from far below')
  })

  it('a fork of a fork of a fork reads its whole past, and a command of the past is still known in it', async () => {
    const waymark = await Waymark.open({ store: new MemoryLog() })
    let session = await waymark.createSession({ title: 'root' })
    const first = await session.send({ type: 'task.add', taskId: 'A', title: 'a' }, { commandId: 'first' })
    for (let depth = 0; depth < 20; depth++) session = await session.fork()
    const again = await session.send({ type: 'task.add', taskId: 'A', title: 'a' }, { commandId: 'first' })
    expect(again.repeated).toBe(true)
    expect(again.events).toEqual(first.events)
    expect(session.version).toBe(first.version + 20)
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
