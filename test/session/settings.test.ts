/**
 * Goal: every setting of a home's `config/config.json` changes what sessions do. Method: a real home with a real file, each
 * key with two values, and what differs. How the file is read, and what is refused, is tested in `test/configuration`.
 */
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { allocationBasisOf, reserveTokensOf } from '../../src/fold/allocation.ts'
import type { OpenOptions } from '../../src/session/open-host.ts'
import type { Session } from '../../src/session/session.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { startWorker, temporaryHome, until } from '../support/processes.ts'

const removals: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const remove of removals.splice(0)) await remove()
})

/** A home whose file holds these settings. */
async function homeWith(session: object): Promise<string> {
  const { home, remove } = await temporaryHome()
  removals.unshift(remove)
  await mkdir(join(home, 'config'), { recursive: true })
  await writeFile(join(home, 'config', 'config.json'), JSON.stringify({ session, other_tool: { x: 1 } }))
  return home
}

async function openedWith(session: object, options: OpenOptions = {}) {
  const home = await homeWith(session)
  const waymark = await Waymark.open({ home, ...options })
  removals.unshift(async () => waymark.close())
  return { home, waymark }
}

async function sessionWith(settings: object, options: OpenOptions = {}): Promise<Session> {
  const { waymark } = await openedWith(settings, options)
  return waymark.createSession({ model: 'claude-sonnet-4-5', windowTokens: 200_000 })
}

function measure(contextTokens: number) {
  return { type: 'context.measure', contextTokens } as const
}

describe('persistence_enabled', () => {
  it('true keeps the session on the disk', async () => {
    const { home, waymark } = await openedWith({ persistence_enabled: true })
    const { id } = await waymark.createSession()
    await waymark.close()
    expect((await (await Waymark.open({ home, readOnly: true })).openSession(id)).version).toBe(2)
    expect(existsSync(join(home, 'sessions', 'session-state.json'))).toBe(true)
  })

  it('false keeps it in memory alone: nothing is written', async () => {
    const { home, waymark } = await openedWith({ persistence_enabled: false })
    const session = await waymark.createSession()
    await session.send({ type: 'task.add', taskId: 'A', title: 'a' })
    expect(session.version).toBe(3)
    await waymark.close()
    expect(existsSync(join(home, 'sessions'))).toBe(false)
  })
})

describe('auto_checkpoint', () => {
  it.each([
    [true, ['session-start', 'budget']],
    [false, []],
  ])('%s: checkpoints at start and at a threshold are %j', async (auto_checkpoint, triggers) => {
    const session = await sessionWith({ auto_checkpoint })
    await session.send(measure(160_000))
    expect(session.state.checkpoints.map(({ trigger }) => trigger)).toEqual(triggers)
  })
})

describe('checkpoint_interval_minutes', () => {
  it.each([
    [5, 4],
    [10, 2],
  ])('%d: in 20 minutes of work that makes %d checkpoints', async (checkpoint_interval_minutes, count) => {
    let now = Date.parse('2026-01-01T00:00:00.000Z')
    const clock = { now: () => new Date(now).toISOString() }
    const session = await sessionWith({ checkpoint_interval_minutes }, { clock })
    for (let minute = 1; minute <= 20; minute++) {
      now += 60_000
      await session.send({ type: 'turn.complete' })
    }
    expect(session.state.checkpoints.map(({ trigger }) => trigger)).toEqual([
      'session-start',
      ...Array(count).fill('interval'),
    ])
  })
})

describe('recovery_strategy', () => {
  it.each([
    ['progressive_summarization', 'summarized'],
    ['full_context', 'kept'],
  ])('%s: a recovered context that does not fit is %s', async (recovery_strategy, status) => {
    // Below the warning threshold, so that nothing but the recovery makes room.
    const { waymark } = await openedWith({ recovery_strategy, context_budget: { reserve_tokens: 90_000 } })
    const session = await waymark.createSession({ windowTokens: 200_000 })
    const content = Array.from({ length: 60 }, (_, line) => `Line ${line} of the guide.`).join('\n')
    await session.send({
      type: 'context.add',
      tag: '@DOC',
      tier: 'supporting',
      category: 'reference.project',
      content,
    })
    await session.send(measure(140_000))
    const report = await waymark.recover(session.id)
    expect(report.recorded).toBe(true)
    const again = await waymark.openSession(session.id)
    await again.send({ type: 'turn.complete' })
    await again.settled()
    expect(again.state.context.items['@DOC']?.status).toBe(status)
  })
})

describe('context_budget', () => {
  it.each([
    [{}, 'warning'],
    [{ warning_threshold_percent: 82 }, 'monitoring'],
    [{ monitoring_threshold_percent: 80.5, warning_threshold_percent: 81 }, 'normal'],
    [{ emergency_threshold_percent: 79 }, 'emergency'],
  ])('%j: 80 %% of the window is %s', async (context_budget, phase) => {
    const session = await sessionWith({ context_budget })
    await session.send(measure(160_000))
    expect(session.state.window.phase).toBe(phase)
  })

  it.each([
    [{ reserve_tokens: 30_000 }, 30_000, []],
    [{ reserve_tokens: 90_000 }, 90_000, ['reserve']],
    [{}, 55_000, []],
  ])(
    '%j: the reserve is %d tokens, and at 120,000 used the overrun ones are %j besides the conversation',
    async (context_budget, tokens, overrun) => {
      const session = await sessionWith({ context_budget })
      await session.send(measure(120_000))
      expect(reserveTokensOf(allocationBasisOf(session.state))).toBe(tokens)
      expect(session.state.context.overrun.filter((name) => name !== 'conversation')).toEqual(overrun)
    },
  )

  it('a reserve above the window is refused when the window is known, and nothing is begun', async () => {
    const { waymark } = await openedWith({ context_budget: { reserve_tokens: 300_000 } })
    await expect(waymark.createSession({ windowTokens: 200_000 })).rejects.toMatchObject({
      code: 'CONFIGURATION_INVALID',
    })
    const sessions = []
    for await (const stream of waymark.sessions()) sessions.push(stream)
    expect(sessions).toEqual([])
    await expect(waymark.createSession({ windowTokens: 1_000_000 })).resolves.toBeDefined()
  })
})

describe('forking_enabled', () => {
  it('true lets a session be forked, false refuses and says so', async () => {
    const allowed = await sessionWith({ forking_enabled: true })
    expect((await allowed.fork()).state.parentSessionId).toBe(allowed.id)
    const { waymark } = await openedWith({ forking_enabled: false })
    const session = await waymark.createSession()
    await expect(session.fork()).rejects.toMatchObject({ code: 'COMMAND_REFUSED' })
    const sessions = []
    for await (const stream of waymark.sessions()) sessions.push(stream.sessionId)
    expect(sessions).toEqual([session.id])
  })
})

describe('max_parallel_sessions', () => {
  it('counts sessions that are being written; an ended one gives its place back', async () => {
    const { waymark } = await openedWith({ max_parallel_sessions: 2 })
    const first = await waymark.createSession()
    await waymark.createSession()
    await expect(waymark.createSession()).rejects.toMatchObject({ code: 'LIMIT_REACHED' })
    await first.send({ type: 'session.end' })
    await waymark.createSession()
    await expect(first.send({ type: 'session.resume' })).rejects.toMatchObject({ code: 'LIMIT_REACHED' })
    const { waymark: roomier } = await openedWith({ max_parallel_sessions: 4 })
    for (let count = 0; count < 4; count++) await roomier.createSession()
  })

  it('does not count sessions that another one called, nor those that are only read', async () => {
    const { home, waymark } = await openedWith({ max_parallel_sessions: 1 })
    const parent = await waymark.createSession()
    await waymark.createSession({ parentSessionId: parent.id })
    const reader = await Waymark.open({ home, readOnly: true })
    expect((await reader.openSession(parent.id)).version).toBe(2)
    await reader.close()
  })

  it('counts across processes, and a killed one holds no place', { timeout: 60_000 }, async () => {
    const home = await homeWith({ max_parallel_sessions: 2 })
    const first = startWorker('hold.mjs', home)
    await until(() => first.lines.length > 0, 'the first session')
    const second = startWorker('hold.mjs', home)
    await until(() => second.lines.length > 0, 'the second session')
    const third = startWorker('hold.mjs', home)
    await third.ended
    expect(third.lines).toEqual(['LIMIT_REACHED'])
    first.child.kill('SIGKILL')
    await first.ended
    const fourth = startWorker('hold.mjs', home)
    await until(() => fourth.lines.length > 0, 'the fourth session')
    expect(fourth.lines[0]).toMatch(/^sess_/)
    for (const worker of [second, fourth]) worker.child.kill('SIGKILL')
    await Promise.all([second.ended, fourth.ended])
  })
})

describe('auto_load_history and context_preservation', () => {
  it.each([
    [{ auto_load_history: true, context_preservation: 'critical_only' }, ['@RULES']],
    [{ auto_load_history: true, context_preservation: 'critical_and_supporting' }, ['@GUIDE', '@RULES']],
    [{ auto_load_history: false, context_preservation: 'all' }, []],
  ])('%j: a session that continues another begins with %j', async (settings, tags) => {
    const { waymark } = await openedWith(settings)
    const session = await waymark.createSession()
    await session.send({
      type: 'context.add',
      tag: '@RULES',
      tier: 'critical',
      category: 'system.instructions',
      content: 'No force push.',
    })
    await session.send({
      type: 'context.add',
      tag: '@GUIDE',
      tier: 'supporting',
      category: 'reference.project',
      content: 'How to build.',
    })
    const next = await waymark.createSession({ continuesSessionId: session.id })
    expect(Object.keys(next.state.context.items).sort()).toEqual(tags)
  })
})

describe('cache_enabled', () => {
  it.each([true, false])(
    '%s: whether the context cache lies among the memory files',
    async (cache_enabled) => {
      const { home, waymark } = await openedWith({ cache_enabled })
      await waymark.createSession()
      await waymark.close()
      expect(existsSync(join(home, 'sessions', 'context-cache.json'))).toBe(cache_enabled)
      expect(existsSync(join(home, 'sessions', 'active-tasks.md'))).toBe(true)
    },
  )
})

describe('layers', () => {
  it('what the caller sets goes before the environment, and that before the file', async () => {
    const home = await homeWith({ checkpoint_interval_minutes: 7, forking_enabled: false })
    process.env.WAYMARK_CHECKPOINT_INTERVAL_MINUTES = '8'
    try {
      const fromEnvironment = await Waymark.open({ home })
      expect(fromEnvironment.settings).toMatchObject({ checkpointIntervalMinutes: 8, forkingEnabled: false })
      const session = await fromEnvironment.createSession()
      expect(session.state.configuration).toMatchObject({
        checkpointIntervalMinutes: 8,
        forkingEnabled: false,
      })
      await fromEnvironment.close()
      const set = await Waymark.open({ home, set: ['checkpoint_interval_minutes=9'] })
      expect(set.settings.checkpointIntervalMinutes).toBe(9)
      await set.close()
    } finally {
      delete process.env.WAYMARK_CHECKPOINT_INTERVAL_MINUTES
    }
  })

  it('a file that is wrong stops the home from being opened, with its line', async () => {
    const home = await homeWith({ context_budget: { warning_threshold_percent: 90 } })
    await expect(Waymark.open({ home })).rejects.toMatchObject({ code: 'CONFIGURATION_INVALID' })
    expect(existsSync(join(home, 'sessions'))).toBe(false)
  })
})
