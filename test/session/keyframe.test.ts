/** Keyframes: taken by the engine every so many bytes, without an event, so that coming back stays cheap. */

import { describe, expect, it } from 'vitest'
import type { Command } from '../../src/events/commands.ts'
import { stateHash } from '../../src/fold/fold.ts'
import { limits } from '../../src/kernel/limits.ts'
import { MemoryLog } from '../../src/log/memory.ts'
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

  it('waits longer for a large state, which costs more to pack', async () => {
    const log = new MemoryLog()
    const waymark = await Waymark.open({ store: log })
    const session = await waymark.createSession()
    const send = async (commands: readonly Command[]): Promise<void> => {
      await Promise.all(commands.map(async (command) => session.send(command)))
    }
    await send(
      Array.from({ length: 1_000 }, (_, n) => ({ type: 'task.add', taskId: `T-${n}`, title: 'a task' })),
    )
    await send(Array.from({ length: 320 }, () => ({ type: 'observation.record', kind: 'long', detail })))
    const stream = await log.stream(session.id)
    expect(stream?.bytesSinceSnapshot).toBeGreaterThan(limits.keyframeBytes)
    expect(log.stored.snapshots.map(({ kind }) => kind)).toEqual(['checkpoint'])
  })
})
