/** Context in a session: texts stored with their command, policies that make room, summaries made after the append. */
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { MemoryLog } from '../../src/log/memory.ts'
import type { OpenOptions } from '../../src/session/open-host.ts'
import type { Session } from '../../src/session/session.ts'
import type { Summarizer } from '../../src/session/summaries.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { eventsOf } from '../support/events.ts'

async function opened(options: OpenOptions = {}) {
  const log = new MemoryLog()
  const waymark = await Waymark.open({ store: log, ...options })
  const session = await waymark.createSession({ model: 'claude-sonnet-4-5', windowTokens: 200_000 })
  return { log, waymark, session }
}

const longText = Array.from(
  { length: 80 },
  (_, line) => `Line ${line}: the service answers within a second.`,
).join('\n')

async function fill(session: Session): Promise<void> {
  await session.send({
    type: 'context.add',
    tag: '@CONFIG-001',
    tier: 'critical',
    category: 'system.instructions',
    content: 'Never push to main.',
  })
  await session.send({
    type: 'context.add',
    tag: '@DOC-001',
    tier: 'supporting',
    category: 'reference.project',
    content: longText,
  })
  await session.send({
    type: 'context.add',
    tag: '@RAW-001',
    tier: 'temporary',
    category: 'conversation.cache',
    content: 'debug',
  })
}

async function report(session: Session, usedTokens: number): Promise<void> {
  await session.send({ type: 'context.measure', contextTokens: usedTokens })
}

function item(session: Session, tag: string) {
  return session.state.context.items[tag]
}

describe('a text in a command', () => {
  it('is stored once, with the command that brings it, and read by the hash that the event holds', async () => {
    const { session, waymark } = await opened()
    const { events } = await session.send({ type: 'prompt.submit', content: 'Write the first test.' })
    await session.send({ type: 'reply.record', kind: 'text', content: 'Write the first test.' })
    const [event] = events
    const content = event?.type === 'prompt.submitted' && 'data' in event ? event.data : null
    expect(content).toMatchObject({ content: { bytes: 21, preview: 'Write the first test.' } })
    const hash = session.state.talk.prompts[0]?.content.hash ?? ''
    expect(await waymark.content(hash)).toBe('Write the first test.')
    expect(session.state.talk.replies[0]?.content.hash).toBe(hash)
  })

  it('is not stored when the command is refused', async () => {
    const { session, log } = await opened()
    await session.send({
      type: 'context.add',
      tag: '@A',
      tier: 'critical',
      category: 'system.instructions',
      content: 'one',
    })
    const sent = session.send({
      type: 'context.add',
      tag: '@A',
      tier: 'critical',
      category: 'system.instructions',
      content: 'two',
    })
    await expect(sent).rejects.toMatchObject({ code: 'COMMAND_REFUSED' })
    const contents: string[] = []
    for await (const { hash } of log.auditContents()) contents.push(hash)
    expect(contents).toEqual([item(session, '@A')?.content?.hash])
  })

  it('makes half surrogate pairs whole, and takes the same command id again', async () => {
    const { session } = await opened()
    const first = await session.send({ type: 'prompt.submit', content: 'half \uD83D' }, { commandId: 'one' })
    const again = await session.send({ type: 'prompt.submit', content: 'half \uD83D' }, { commandId: 'one' })
    expect(again).toMatchObject({ repeated: true, version: first.version })
    await expect(
      session.send({ type: 'prompt.submit', content: 'another' }, { commandId: 'one' }),
    ).rejects.toMatchObject({ code: 'COMMAND_ID_REUSED' })
  })
})

describe('progressive disclosure', () => {
  it('above the warning threshold drops what is temporary, summarizes what is supporting, and defers what comes later', async () => {
    const { session, waymark } = await opened()
    await fill(session)
    await report(session, 152_000)
    expect(item(session, '@RAW-001')).toBeUndefined()
    expect(item(session, '@CONFIG-001')?.status).toBe('kept')
    await session.settled()
    const summarized = item(session, '@DOC-001')
    expect(summarized).toMatchObject({ status: 'summarized', summaryWantedPercent: null })
    const summary = await waymark.content(summarized?.summary?.hash ?? '')
    expect(Buffer.byteLength(summary)).toBeLessThanOrEqual(Buffer.byteLength(longText) * 0.3)
    expect(await waymark.content(summarized?.content?.hash ?? '')).toBe(longText)
    await session.send({
      type: 'context.add',
      tag: '@DOC-002',
      tier: 'supporting',
      category: 'reference.project',
      content: longText,
    })
    await session.send({
      type: 'context.add',
      tag: '@CONFIG-002',
      tier: 'critical',
      category: 'system.instructions',
      content: 'Use pnpm.',
    })
    expect(item(session, '@DOC-002')?.status).toBe('deferred')
    expect(item(session, '@CONFIG-002')?.status).toBe('kept')
    await session.send({ type: 'context.restore', tags: ['@DOC-002'] })
    expect(item(session, '@DOC-002')?.status).toBe('kept')
  })

  it('above the emergency threshold takes an emergency checkpoint, summarizes harder and archives what was deferred', async () => {
    const { session } = await opened()
    await fill(session)
    await session.send({ type: 'context.defer', tags: ['@DOC-001'] })
    await session.send({
      type: 'context.add',
      tag: '@DOC-003',
      tier: 'supporting',
      category: 'reference.project',
      content: longText,
    })
    await report(session, 152_000)
    await session.settled()
    const before = item(session, '@DOC-003')?.summaryTokens ?? 0
    await report(session, 172_000)
    await session.settled()
    expect(item(session, '@DOC-001')).toBeUndefined()
    expect(session.state.context.archived).toBe(1)
    expect(item(session, '@DOC-003')?.summaryTokens).toBeLessThan(before / 2)
    expect(session.state.checkpoints.map(({ trigger }) => trigger)).toEqual([
      'session-start',
      'budget',
      'emergency',
    ])
  })

  it('is replaceable: without policies nothing of that happens, with one of one’s own that one runs', async () => {
    const without = await opened({ policies: [] })
    await fill(without.session)
    await report(without.session, 190_000)
    expect(item(without.session, '@RAW-001')?.status).toBe('kept')
    expect(without.session.state.checkpoints).toEqual([])
    const own = await opened({
      policies: [
        {
          name: 'note',
          follow: (before, after) =>
            before.window.phase === after.window.phase
              ? []
              : [{ type: 'decision.record', text: `now ${after.window.phase}` }],
        },
      ],
    })
    await report(own.session, 190_000)
    expect(own.session.state.knowledge.decisions.map(({ text }) => text)).toEqual(['now emergency'])
    expect((await eventsOf(own.log, own.session.id)).at(-1)?.actor).toBe('policy:note')
  })
})

describe('summaries', () => {
  it('are made by the function that the user gives, asked once, with the room there is', async () => {
    const asked: string[] = []
    const summarizer: Summarizer = async ({ tag, text, bytesMax, tokensMax }) => {
      asked.push(`${tag} ${text === longText} ${bytesMax > 500} ${tokensMax > 100}`)
      await delay(5)
      return 'In short: it answers within a second.'
    }
    const { session, waymark } = await opened({ summarizer })
    await fill(session)
    await report(session, 152_000)
    await session.settled()
    expect(asked).toEqual(['@DOC-001 true true true'])
    expect(await waymark.content(item(session, '@DOC-001')?.summary?.hash ?? '')).toBe(
      'In short: it answers within a second.',
    )
  })

  it.each<[string, Summarizer]>([
    [
      'throws',
      () => {
        throw new Error('no model')
      },
    ],
    ['rejects', async () => Promise.reject(new Error('no model'))],
    ['gives more than it was asked for', ({ text }) => text],
    ['gives nothing', () => ''],
  ])(
    'come from the built-in summariser when the given one %s, and the session goes on',
    async (_what, summarizer) => {
      const warnings: Error[] = []
      const listener = (warning: Error): void => void warnings.push(warning)
      process.on('warning', listener)
      const { session } = await opened({ summarizer })
      await fill(session)
      await report(session, 152_000)
      await session.settled()
      await delay(5)
      process.off('warning', listener)
      expect(item(session, '@DOC-001')?.status).toBe('summarized')
      expect(warnings).toHaveLength(1)
      await session.send({ type: 'task.add', taskId: 'A', title: 'a' })
    },
  )

  it('that a crash left unmade are made by whoever writes next: the request lies in the log', async () => {
    const store = new MemoryLog()
    const first = await Waymark.open({ store, summarizer: () => new Promise<string>(() => {}) })
    const session = await first.createSession({ windowTokens: 200_000 })
    await fill(session)
    await report(session, 152_000)
    expect(item(session, '@DOC-001')?.summaryWantedPercent).toBe(30)
    // The first opener hangs in its summariser for ever, as if it had been killed.
    const second = await Waymark.open({ store })
    const again = await second.openSession(session.id)
    await again.send({ type: 'task.add', taskId: 'A', title: 'a' })
    await again.settled()
    expect(item(again, '@DOC-001')?.status).toBe('summarized')
  })
})

describe('carrying over', () => {
  it.each([
    ['critical_only', ['kept', 'deferred', undefined]],
    ['critical_and_supporting', ['kept', 'kept', undefined]],
    ['all', ['kept', 'kept', 'kept']],
  ] as const)('a compaction and a fork carry over what %s says', async (contextPreservation, statuses) => {
    for (const cut of ['compaction', 'fork'] as const) {
      const { session } = await opened({ settings: { contextPreservation } })
      await fill(session)
      let other = session
      if (cut === 'fork') other = await session.fork()
      else await session.send({ type: 'context.compact', trigger: 'auto', kind: 'full' })
      expect(['@CONFIG-001', '@DOC-001', '@RAW-001'].map((tag) => item(other, tag)?.status)).toEqual(statuses)
      if (cut === 'fork') expect(item(session, '@RAW-001')?.status).toBe('kept')
    }
  })

  it.each([
    [true, 'critical_only', ['@CONFIG-001']],
    [true, 'all', ['@CONFIG-001', '@DOC-001', '@RAW-001']],
    [false, 'all', []],
  ] as const)(
    'a session that continues another begins with its history: load %s, %s',
    async (autoLoadHistory, contextPreservation, tags) => {
      const { session, waymark } = await opened({ settings: { autoLoadHistory, contextPreservation } })
      await fill(session)
      await session.send({ type: 'focus.change', objectives: ['log in'], constraints: ['no new library'] })
      await session.send({ type: 'user.describe', language: 'ko', preferences: { tone: 'short' } })
      const next = await waymark.createSession({ continuesSessionId: session.id })
      expect(Object.keys(next.state.context.items).sort()).toEqual([...tags])
      expect(next.state.knowledge.focus.constraints).toEqual(autoLoadHistory ? ['no new library'] : [])
      expect(next.state.knowledge.user.language).toBe(autoLoadHistory ? 'ko' : null)
      expect(next.state.usage.calls).toBe(0)
    },
  )
})

describe('obligations', () => {
  it('a handoff, a context switch and a model switch with tasks in hand take the checkpoint they need', async () => {
    const { session } = await opened()
    await session.send({ type: 'task.add', taskId: 'A', title: 'a' })
    await session.send({ type: 'task.start', taskId: 'A' })
    await session.send({ type: 'model.switch', model: 'claude-haiku-4-5' })
    expect(session.state.checkpoints.map(({ trigger }) => trigger)).toEqual(['session-start', 'model-switch'])
    expect(session.state.tasks.A?.status).toBe('context_switch')
    await session.send({ type: 'task.restore-context', taskIds: ['A'] })
    await session.send({ type: 'session.hand-off', toAgent: 'tester' })
    expect(session.state.checkpoints.at(-1)?.trigger).toBe('handoff')
    expect(session.state.status).toBe('handed_off')
  })

  it('without automatic checkpoints they are refused until one is young enough, and nothing changes', async () => {
    let now = Date.parse('2026-01-01T00:00:00.000Z')
    const clock = { now: () => new Date(now).toISOString() }
    const { session } = await opened({
      settings: { autoCheckpoint: false, checkpointIntervalMinutes: 5 },
      clock,
    })
    const version = session.version
    const handOff = { type: 'session.hand-off', toAgent: 'tester' } as const
    await expect(session.send(handOff)).rejects.toMatchObject({
      code: 'COMMAND_REFUSED',
      hint: 'accepted now: checkpoint.create',
    })
    expect(session.version).toBe(version)
    await session.checkpoint()
    await session.send({ type: 'task.add', taskId: 'A', title: 'a' })
    now += 6 * 60_000
    await expect(session.send(handOff)).rejects.toThrow(
      /at most 5 minutes old, and the newest is of 2026-01-01/,
    )
    await session.checkpoint()
    now += 4 * 60_000
    await session.send(handOff)
    expect(session.state.status).toBe('handed_off')
  })
})

describe('another model', () => {
  it.each([
    [{ model: 'claude-haiku-4-5' }, 200_000],
    [{ model: 'claude-sonnet-4-5[1m]' }, 1_000_000],
    [{ model: 'claude-sonnet-4-5', windowTokens: 500_000 }, 500_000],
  ])('%j changes the window to %d tokens, and the phase with it', async (fields, totalTokens) => {
    const { waymark } = await opened()
    const session = await waymark.createSession({ model: 'claude-opus-4-5', windowTokens: 190_000 })
    await report(session, 140_000)
    expect(session.state.window.phase).toBe('monitoring')
    await session.send({ type: 'model.switch', ...fields })
    expect(session.state.window).toMatchObject({ totalTokens, usedTokens: 140_000 })
    expect(session.state.window.phase).toBe(totalTokens === 200_000 ? 'monitoring' : 'normal')
  })
})

describe('growth', () => {
  it('is learned from reports, tells the window between them as an estimate, and forecasts the next phase', async () => {
    const { session } = await opened()
    const { currentWindowOf, growthLineOf } = await import('../../src/fold/growth.ts')
    let used = 20_000
    await report(session, used)
    for (let turn = 0; turn < 30; turn++) {
      const bytes = 2_000 + turn * 100
      await session.send({
        type: 'tool.return',
        toolCallId: `t${turn}`,
        outcome: 'ok',
        output: 'x'.repeat(bytes),
      })
      used += 300 + Math.round(bytes * 0.5)
      await report(session, used)
    }
    const line = growthLineOf(session.state)
    expect(line.learned).toBe(true)
    expect(line.perByte).toBeCloseTo(0.5, 1)
    expect(line.perReport).toBeGreaterThan(250)
    expect(currentWindowOf(session.state)).toMatchObject({ usedTokens: used, estimated: false })
    await session.send({ type: 'prompt.submit', content: 'y'.repeat(4_000) })
    const now = currentWindowOf(session.state)
    expect(now.estimated).toBe(true)
    expect(Math.abs(now.usedTokens - used - 2_300)).toBeLessThan(60)
    expect(session.state.window.usedTokens).toBe(used)
    await report(session, 122_000)
    expect(session.state.growth.forecast).toMatchObject({
      phase: 'warning',
      kind: 'toolOutputs',
      tokensToGo: 28_000,
    })
  })
})
