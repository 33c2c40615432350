/** Keyframes: taken by the engine every so many bytes, without an event, so that coming back stays cheap. */

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Command } from '../../src/events/commands.ts'
import { stateHash } from '../../src/fold/fold.ts'
import { seeded } from '../../src/kernel/clock.ts'
import { sha256 } from '../../src/kernel/hash.ts'
import { limits } from '../../src/kernel/limits.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { StoredSnapshot } from '../../src/log/port.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { eventsOf } from '../support/events.ts'

const detail = 'x'.repeat(limits.lineCharactersMax)
const commandsPerKeyframe = Math.ceil(limits.keyframeBytes / limits.lineCharactersMax)

describe('keyframe', () => {
  it('is taken once enough bytes have been appended, and recovery starts from it', async () => {
    const log = new MemoryLog()
    const waymark = await Waymark.open({ store: log })
    const session = await waymark.createSession()
    for (let n = 0; n < commandsPerKeyframe * 2.5; n += 10) {
      await Promise.all(
        Array.from({ length: 10 }, () => session.send({ type: 'observation.record', kind: 'long', detail })),
      )
    }
    const keyframes = log.stored.snapshots.filter(({ kind }) => kind === 'keyframe')
    expect(keyframes.map(({ kind, checkpointId }) => [kind, checkpointId])).toEqual([
      ['keyframe', null],
      ['keyframe', null],
    ])
    expect((await eventsOf(log, session.id)).length).toBe(session.version)
    const before = stateHash(session.state)
    const report = await waymark.recover(session.id)
    expect(report).toMatchObject({
      from: 'snapshot',
      checkpointId: null,
      snapshotVersion: keyframes[1]?.version,
    })
    expect(report.replayedEvents).toBeLessThan(commandsPerKeyframe)
    expect(stateHash(await session.at((report.state.recovery?.version ?? 0) - 1))).toBe(before)
    expect(await waymark.verify()).toMatchObject({ ok: true })
  })

  it('waits where it is dear, and adds only what changed since the one before', async () => {
    const log = new MemoryLog()
    const waymark = await Waymark.open({ store: log })
    const session = await waymark.createSession()
    const send = async (commands: readonly Command[]): Promise<void> => {
      await Promise.all(commands.map(async (command) => session.send(command)))
    }
    const talk = async (): Promise<void> =>
      send(Array.from({ length: 50 }, () => ({ type: 'observation.record', kind: 'long', detail })))
    await send(Array.from({ length: 1_000 }, (_, n) => task(n)))
    const waiting = await log.stream(session.id)
    expect(waiting?.bytesSinceSnapshot).toBeGreaterThan(limits.keyframeBytes)
    expect(log.stored.snapshots.map(({ kind }) => kind)).toEqual(['checkpoint'])
    while (log.stored.snapshots.length < 2) await talk()
    const first = await newestOf(log, session.id)
    while (log.stored.snapshots.length < 3) await talk()
    const second = await newestOf(log, session.id)
    // The first has all tasks, and had to wait for them; the second came after the least that is asked for.
    expect(sizeOf(first) * 16).toBeGreaterThan(limits.keyframeBytes)
    expect((second.version - first.version) * detail.length).toBeLessThan(limits.keyframeBytes * 1.5)
    const known = new Set(first.parts.map(({ hash }) => hash))
    const added = second.parts.filter(({ hash }) => !known.has(hash))
    expect(second.parts.length).toBeGreaterThan(20)
    expect(added.length).toBeLessThan(5)
  })

  it('law: all keyframes of a long session together take less than half of its events, and leave short tails', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 800 }), fc.integer(), async (taskCount, seed) => {
        const { log, sessionId } = await longSession(taskCount, seed)
        const rows = log.stored.streams.get(sessionId)?.rows ?? []
        const bytes = rows.map(({ envelope, data }) => envelope.length + data.length)
        const total = bytes.reduce((sum, size) => sum + size, 0)
        const parts = [...(log.stored.parts.get(sessionId)?.values() ?? [])]
        const keyframes = log.stored.snapshots.reduce((sum, { body }) => sum + body.length, 0)
        const kept = parts.reduce((sum, part) => sum + part.length, keyframes)
        expect(kept).toBeLessThan(total / 2)
        let tail = 0
        const places = new Set(log.stored.snapshots.map(({ version }) => version))
        for (const [at, size] of bytes.entries()) {
          tail = places.has(at) ? size : tail + size
          // A transaction is not cut.
          expect(tail).toBeLessThan(limits.keyframeTailBytes * 1.5)
        }
        expect(places.size).toBeGreaterThan(1)
        const waymark = await Waymark.open({ store: log })
        expect(await waymark.verify()).toMatchObject({ ok: true })
      }),
      { numRuns: 3 },
    )
  })
})

function task(n: number): Command {
  return { type: 'task.add', taskId: `T-${n}`, title: sha256(`${n}`) }
}

/** Tasks that come and go on, some thousand events. */
async function longSession(
  taskCount: number,
  seed: number,
): Promise<{ readonly log: MemoryLog; readonly sessionId: string }> {
  const log = new MemoryLog()
  const waymark = await Waymark.open({ store: log, ...seeded(seed), policies: [] })
  const session = await waymark.createSession()
  for (let n = 0; n < 3_000; n += 100) {
    const commands = Array.from({ length: 100 }, (_, at): Command => {
      const step = n + at
      if (step < taskCount) return task(step)
      const taskId = `T-${Number.parseInt(sha256(`${seed}/${step}`).slice(0, 8), 16) % taskCount}`
      if (step % 3 === 0)
        return { type: 'observation.record', kind: 'long', detail: sha256(`${step}`).repeat(30) }
      return step % 3 === 1 ? { type: 'task.start', taskId } : { type: 'task.complete', taskId }
    })
    await Promise.allSettled(commands.map(async (command) => session.send(command)))
  }
  return { log, sessionId: session.id }
}

function sizeOf({ body, parts }: StoredSnapshot): number {
  return parts.reduce((sum, part) => sum + (part.body()?.length ?? 0), body.length)
}

async function newestOf(log: MemoryLog, sessionId: string): Promise<StoredSnapshot> {
  for await (const snapshot of log.snapshots(sessionId)) return snapshot
  throw new Error('there is a snapshot')
}
