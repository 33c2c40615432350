/** The facade as a caller sees it, over the reference log. */
import { describe, expect, it } from 'vitest'
import { limits } from '../../src/kernel/limits.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { Session } from '../../src/session/session.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { eventsOf } from '../support/events.ts'

async function opened(): Promise<{ waymark: Waymark; session: Session; log: MemoryLog }> {
  const log = new MemoryLog()
  const waymark = await Waymark.open({ store: log })
  return {
    waymark,
    log,
    session: await waymark.createSession({ model: 'claude-sonnet-4-5', windowTokens: 200_000 }),
  }
}

function call(callId: string, inputTokens: number) {
  return {
    type: 'usage.record',
    callId,
    model: 'claude-sonnet-4-5',
    inputTokens,
    outputTokens: 10,
    cacheReadTokens: 0,
    cacheCreationTokens: 0,
  } as const
}

describe('send', () => {
  it('records one batch for one command, with its consequences', async () => {
    const { session } = await opened()
    await session.send({ type: 'task.add', taskId: 'A', title: 'a' })
    await session.send({ type: 'task.start', taskId: 'A' })
    const { events, version } = await session.send(call('msg_1', 160_000))
    expect(events.map(({ type, version: at }) => [type, at])).toEqual([
      ['usage.recorded', 5],
      ['budget.phase-changed', 6],
      ['task.warned', 7],
      ['budget.allocation-overrun', 8],
    ])
    expect(version).toBe(8)
    expect(session.state.tasks.A?.status).toBe('token_warning')
    expect(session.state.window).toMatchObject({ percent: 80, phase: 'warning', availableTokens: 40_000 })
  })

  it('can read back the largest figures it accepts', async () => {
    const { session, log } = await opened()
    const most = limits.tokensMax
    const counters = {
      inputTokens: most,
      outputTokens: most,
      cacheReadTokens: most,
      cacheCreationTokens: most,
    }
    await session.send({ type: 'usage.record', callId: 'msg_1', model: 'm', ...counters })
    expect((await eventsOf(log, session.id)).length).toBe(session.version)
    expect(session.state.window.usedTokens).toBe(most * 3)
  })

  it('takes a checkpoint by itself on entering warning and emergency, once each, as a policy of that name', async () => {
    const { session, log } = await opened()
    await session.send(call('msg_1', 160_000))
    await session.send(call('msg_2', 165_000))
    await session.send(call('msg_3', 180_000))
    expect(session.state.checkpoints.map(({ version, trigger }) => [version, trigger])).toEqual([
      [1, 'session-start'],
      [5, 'budget'],
      [9, 'emergency'],
    ])
    const policyEvents = (await eventsOf(log, session.id)).filter(
      ({ actor }) => actor === 'policy:checkpoint-on-budget',
    )
    expect(policyEvents.map(({ type }) => type)).toEqual(['checkpoint.created', 'checkpoint.created'])
    expect(policyEvents.every(({ causationId }) => causationId !== null)).toBe(true)
  })

  it('answers the same command id with the same events and appends nothing', async () => {
    const { session } = await opened()
    const first = await session.send({ type: 'task.add', taskId: 'A', title: 'a' }, { commandId: 'one' })
    await session.send({ type: 'task.start', taskId: 'A' })
    const again = await session.send({ type: 'task.add', taskId: 'A', title: 'a' }, { commandId: 'one' })
    expect(again).toMatchObject({ repeated: true, version: first.version })
    expect(again.events).toEqual(first.events)
    expect(session.version).toBe(4)
    await expect(
      session.send({ type: 'task.add', taskId: 'B', title: 'b' }, { commandId: 'one' }),
    ).rejects.toMatchObject({
      code: 'COMMAND_ID_REUSED',
    })
  })

  it('repeats a command whose fields the decision filled in', async () => {
    const { session } = await opened()
    const first = await session.send({ type: 'checkpoint.create' }, { commandId: 'c' })
    const again = await session.send({ type: 'checkpoint.create' }, { commandId: 'c' })
    expect(again.events).toEqual(first.events)
    await expect(
      session.send({ type: 'checkpoint.create', reason: 'another' }, { commandId: 'c' }),
    ).rejects.toMatchObject({ code: 'COMMAND_ID_REUSED' })
  })

  it('refuses an expected version that is not the stream’s, with the actual one', async () => {
    const { session } = await opened()
    const command = { type: 'task.add', taskId: 'A', title: 'a' } as const
    await expect(session.send(command, { expectedVersion: 7 })).rejects.toMatchObject({
      code: 'VERSION_CONFLICT',
      details: { actual: 2, expected: 7 },
    })
    await expect(session.send(command, { expectedVersion: 'no-stream' })).rejects.toMatchObject({
      code: 'VERSION_CONFLICT',
    })
    await session.send(command, { expectedVersion: 2 })
    expect(session.version).toBe(3)
  })

  it('says why a command is refused and what would be accepted', async () => {
    const { session } = await opened()
    await session.send({ type: 'task.add', taskId: 'A', title: 'a' })
    const refusal = session.send({ type: 'task.complete', taskId: 'A' })
    await expect(refusal).rejects.toMatchObject({
      code: 'COMMAND_REFUSED',
      message: expect.stringContaining('task A is pending'),
      hint: expect.stringContaining('task.start'),
    })
    expect(session.version).toBe(3)
  })

  it('lets good commands of one burst through when others are refused', async () => {
    const { session } = await opened()
    const results = await Promise.allSettled([
      session.send({ type: 'task.add', taskId: 'A', title: 'a' }),
      session.send({ type: 'task.start', taskId: 'B' }),
      session.send({ type: 'task.start', taskId: 'A' }),
      session.send({ type: 'task.start', taskId: 'A' }),
    ])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected'])
    expect(session.version).toBe(4)
  })

  it('sees what another holder of the same session appended', async () => {
    const { session, waymark } = await opened()
    const other = await waymark.openSession(session.id)
    await other.send({ type: 'task.add', taskId: 'A', title: 'a' })
    await session.send({ type: 'task.start', taskId: 'A' })
    expect(session.state.tasks.A?.status).toBe('in_progress')
    expect((await other.refresh()).version).toBe(4)
  })

  it('refuses a stale holder after the session was taken over', async () => {
    const { session, waymark } = await opened()
    const other = await waymark.openSession(session.id)
    await session.send({ type: 'session.hand-off', toAgent: 'tester' })
    await other.send({ type: 'session.take-over', agent: 'tester' })
    await expect(
      session.send({ type: 'prompt.submit', content: { hash: '0'.repeat(64), bytes: 0, preview: '' } }),
    ).rejects.toMatchObject({
      code: 'STALE_HOLDER',
    })
    await other.send({ type: 'session.describe', title: 'mine now' })
    expect(other.state).toMatchObject({ epoch: 2, holder: 'tester', title: 'mine now' })
  })
})

describe('state', () => {
  it('is frozen and shares what did not change', async () => {
    const { session } = await opened()
    await session.send({ type: 'task.add', taskId: 'A', title: 'a' })
    const before = session.state
    await session.send({ type: 'task.add', taskId: 'B', title: 'b' })
    expect(Object.isFrozen(before.tasks)).toBe(true)
    expect(session.state.tasks.A).toBe(before.tasks.A)
    expect(session.state.usage).toBe(before.usage)
    expect(Object.keys(before.tasks)).toEqual(['A'])
  })

  it('can be read at any version and time', async () => {
    const { session } = await opened()
    await session.send({ type: 'task.add', taskId: 'A', title: 'a' }, { time: '2026-01-02T00:00:00.000Z' })
    await session.send({ type: 'task.start', taskId: 'A' }, { time: '2026-01-03T00:00:00.000Z' })
    expect((await session.at(3)).tasks.A?.status).toBe('pending')
    await expect(session.at(19)).rejects.toMatchObject({ code: 'VERSION_NOT_FOUND' })
    await expect(session.at('yesterday')).rejects.toMatchObject({ code: 'USAGE' })
  })
})

describe('onBudget', () => {
  it('calls once a crossing, for each phase on the way, and never when a session is opened again', async () => {
    const { session, waymark } = await opened()
    const seen: string[] = []
    session.onBudget('monitoring', ({ phase }) => seen.push(phase))
    session.onBudget('warning', ({ phase }) => seen.push(phase))
    const off = session.onBudget(50, ({ percent }) => seen.push(`50 passed at ${percent}`))
    await session.send(call('msg_1', 160_000))
    await session.send(call('msg_2', 161_000))
    off()
    expect(seen).toEqual(['monitoring', 'warning', '50 passed at 80'])
    const again = await waymark.openSession(session.id)
    again.onBudget('warning', () => seen.push('again'))
    await again.refresh()
    expect(seen.length).toBe(3)
  })

  it('is not harmed by a callback that throws, rejects or never ends', async () => {
    const { session } = await opened()
    const warnings: unknown[] = []
    const listen = (warning: Error): void => void warnings.push(warning.message)
    process.on('warning', listen)
    session.onBudget('warning', () => {
      throw new Error('thrown in a callback')
    })
    session.onBudget('warning', async () => Promise.reject(new Error('rejected in a callback')))
    session.onBudget('warning', async () => new Promise(() => {}))
    let called = false
    session.onBudget('warning', () => {
      called = true
    })
    await session.send(call('msg_1', 160_000))
    await new Promise((resolve) => setTimeout(resolve, 20))
    process.off('warning', listen)
    expect(called).toBe(true)
    expect(session.state.window.phase).toBe('warning')
    expect(warnings).toEqual(expect.arrayContaining(['thrown in a callback', 'rejected in a callback']))
  })
})

describe('events', () => {
  it('follows a session live, in order, until it is told to stop', async () => {
    const { session } = await opened()
    const stop = new AbortController()
    const seen: string[] = []
    const reading = (async () => {
      for await (const event of session.events({ signal: stop.signal })) {
        seen.push(event.type)
        if (seen.length === 4) stop.abort()
      }
    })()
    await session.send({ type: 'task.add', taskId: 'A', title: 'a' })
    await session.send({ type: 'task.start', taskId: 'A' })
    await reading
    expect(seen).toEqual(['session.started', 'checkpoint.created', 'task.added', 'task.started'])
  })
})

describe('finding a session', () => {
  it('takes an id, a unique beginning of it, or the native id; and says when it is none or several', async () => {
    const { waymark } = await opened()
    const one = await waymark.createSession({ nativeId: 'native-1' })
    await waymark.createSession({ nativeId: 'native-2' })
    expect(await waymark.resolve(one.id)).toBe(one.id)
    expect(await waymark.resolve(one.id.slice(0, 20))).toBe(one.id)
    expect(await waymark.resolve(one.id.slice(5, 20))).toBe(one.id)
    expect(await waymark.resolve('native-1')).toBe(one.id)
    await expect(waymark.resolve('native')).rejects.toMatchObject({ code: 'SESSION_AMBIGUOUS' })
    await expect(waymark.resolve('nobody')).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' })
    await expect(waymark.resolve('../../etc/passwd')).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' })
  })
})
