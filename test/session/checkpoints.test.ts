/** Checkpoints that a session takes of its own accord: one for each trigger, none with auto_checkpoint off, never two of one state. */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isKnown } from '../../src/events/envelope.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { checkpointTriggers } from '../../src/session/checkpoint-policy.ts'
import type { Session } from '../../src/session/session.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { historyArbitrary } from '../../src/testing/arbitrary/history.ts'
import { play } from '../../src/testing/play.ts'
import { eventsOf } from '../support/events.ts'

async function opened(
  autoCheckpoint = true,
): Promise<{ waymark: Waymark; session: Session; log: MemoryLog }> {
  const log = new MemoryLog()
  const waymark = await Waymark.open({ store: log, settings: { autoCheckpoint } })
  return { waymark, log, session: await waymark.createSession({ model: 'm-1', windowTokens: 200_000 }) }
}

/** So many minutes after the session's start. */
function later(session: Session, minutes: number): string {
  return new Date(Date.parse(session.state.startedAt ?? '') + minutes * 60_000).toISOString()
}

const call = (inputTokens: number) =>
  ({
    type: 'usage.record',
    callId: `msg_${inputTokens}`,
    model: 'm-1',
    inputTokens,
    outputTokens: 1,
    cacheReadTokens: 0,
    cacheCreationTokens: 0,
  }) as const

/** What is done in a session with a running task, by the trigger of the checkpoint that it takes. */
const scenarios: Readonly<Record<string, (session: Session) => Promise<unknown>>> = {
  manual: async (session) => session.checkpoint(),
  'session-end': async (session) => session.send({ type: 'session.end', reason: 'done' }),
  'task-phase': async (session) => session.send({ type: 'task.enter-phase', taskId: 'A', phase: 'RED' }),
  handoff: async (session) => session.send({ type: 'session.hand-off', toAgent: 'tester' }),
  'model-switch': async (session) => session.send({ type: 'model.switch', model: 'm-2' }),
  'context-switch': async (session) =>
    session.send(
      { type: 'task.switch-context', taskIds: ['A'], cause: 'other' },
      { time: later(session, 11) },
    ),
  budget: async (session) => session.send(call(155_000)),
  emergency: async (session) => session.send(call(175_000)),
  error: async (session) => session.send({ type: 'call.fail', reason: 'overloaded' }),
  interruption: async (session) => session.send({ type: 'turn.interrupt', reason: 'Escape' }),
  timeout: async (session) => session.send({ type: 'turn.complete' }, { time: later(session, 61) }),
  'long-task': async (session) => {
    await session.send({ type: 'session.configure', configuration: { checkpointIntervalMinutes: 30 } })
    await session.send({ type: 'turn.complete' }, { time: later(session, 11) })
  },
  interval: async (session) => {
    await session.send({ type: 'task.complete', taskId: 'A' })
    await session.send({ type: 'turn.complete' }, { time: later(session, 11) })
  },
}

async function withTask(session: Session): Promise<Session> {
  await session.send({ type: 'task.add', taskId: 'A', title: 'a' })
  await session.send({ type: 'task.start', taskId: 'A' })
  return session
}

describe('a checkpoint by itself', () => {
  it('has a scenario for every trigger', () => {
    expect(Object.keys(checkpointTriggers).sort()).toEqual(
      ['session-start', ...Object.keys(scenarios)].sort(),
    )
  })

  it('has a row in docs/recovery.md for every trigger, with the same words', () => {
    const page = readFileSync(new URL('../../docs/recovery.md', import.meta.url), 'utf8')
    const rows = [...page.matchAll(/^\| `([a-z-]+)` \| ([^|]+) \| [^|]+ \|$/gm)].map(([, name, when]) => [
      name,
      when,
    ])
    expect(rows).toEqual(Object.entries(checkpointTriggers))
  })

  it('is taken when a session begins, of its first version', async () => {
    const { session } = await opened()
    expect(session.state.checkpoints).toMatchObject([{ trigger: 'session-start', version: 1 }])
  })

  it.each(Object.entries(scenarios))(
    '%s: one, by a policy of its own, and it can be read',
    async (trigger, act) => {
      const { session, log } = await opened()
      await act(await withTask(session))
      const taken = session.state.checkpoints.slice(1)
      expect(taken.map((entry) => entry.trigger)).toEqual([trigger])
      const created = (await eventsOf(log, session.id))
        .filter(({ type }) => type === 'checkpoint.created')
        .at(-1)
      expect(created?.actor).toMatch(trigger === 'manual' ? /^user$/ : /^policy:checkpoint-/)
      const [checkpoint] = taken
      expect((await session.at(checkpoint?.version ?? -1)).version).toBe(checkpoint?.version)
    },
  )

  it.each(
    Object.entries(scenarios).filter(
      ([trigger]) => !['manual', 'handoff', 'context-switch', 'model-switch'].includes(trigger),
    ),
  )('%s: none with auto_checkpoint off', async (_trigger, act) => {
    const { session } = await opened(false)
    await act(await withTask(session))
    expect(session.state.checkpoints).toEqual([])
  })

  it.each([['session-end'], ['task-phase'], ['handoff'], ['model-switch'], ['timeout']])(
    '%s: stands before its command, in the same transaction',
    async (trigger) => {
      const { session, log } = await opened()
      await withTask(session)
      const { version } = session
      await scenarios[trigger]?.(session)
      const [checkpoint, command] = (await eventsOf(log, session.id)).slice(version)
      expect(checkpoint?.type).toBe('checkpoint.created')
      expect(command?.type).not.toBe('checkpoint.created')
      expect(session.state.checkpoints.at(-1)?.version).toBe(version)
    },
  )

  it('names the phase that begins, and later ones the phase that the work stands at', async () => {
    const { session } = await opened()
    await withTask(session)
    for (const phase of ['RED', 'GREEN', 'REFACTOR']) {
      await session.send({ type: 'task.enter-phase', taskId: 'A', phase })
      await session.send({ type: 'turn.complete' })
    }
    await session.send({ type: 'call.fail', reason: 'overloaded' })
    expect(session.state.checkpoints.map(({ trigger, phase }) => [trigger, phase])).toEqual([
      ['session-start', null],
      ['task-phase', 'RED'],
      ['task-phase', 'GREEN'],
      ['task-phase', 'REFACTOR'],
      ['error', 'REFACTOR'],
    ])
  })

  it('is taken before the phase of a SPEC changes, not when the SPEC is made known, and not for the phase it has', async () => {
    const { session } = await opened()
    await session.send({ type: 'spec.update', specId: 'SPEC-001', phase: 'RED' })
    await session.send({ type: 'spec.update', specId: 'SPEC-001', phase: 'RED', progressPercent: 10 })
    await session.send({ type: 'spec.update', specId: 'SPEC-001', phase: 'GREEN' })
    expect(session.state.checkpoints.map(({ phase }) => phase)).toEqual([null, 'GREEN'])
  })

  it('is not taken for a command that is refused, or that has nothing to add', async () => {
    const { session } = await opened()
    await withTask(session)
    await session.send({ type: 'task.enter-phase', taskId: 'A', phase: 'RED' })
    const { version } = session
    await expect(session.send({ type: 'task.enter-phase', taskId: 'B', phase: 'RED' })).rejects.toThrow(
      'no such task',
    )
    await expect(session.send({ type: 'model.switch', model: 'm-1' })).rejects.toThrow('already')
    await session.send({ type: 'task.enter-phase', taskId: 'A', phase: 'RED' })
    expect(session.version).toBe(version)
  })

  it('is not taken again where nothing has happened since the newest one', async () => {
    const { session } = await opened()
    await withTask(session)
    await session.checkpoint()
    const { version } = session
    await session.send({ type: 'session.hand-off', toAgent: 'tester' })
    expect(session.version).toBe(version + 1)
  })

  it('law: no history holds two checkpoints by policy of one state', async () => {
    let count = 0
    await fc.assert(
      fc.asyncProperty(historyArbitrary(40), async (commands) => {
        const log = new MemoryLog()
        const { sessionId } = await play(log, commands)
        const events = (await eventsOf(log, sessionId)).filter(isKnown)
        const created = events.filter(({ type }) => type === 'checkpoint.created')
        count += created.length
        const again = events.filter(
          (event, index) =>
            event.type === 'checkpoint.created' &&
            event.actor.startsWith('policy:') &&
            events[index - 1]?.type === 'checkpoint.created',
        )
        expect(again).toEqual([])
      }),
    )
    expect(count).toBeGreaterThan(100)
  })
})
