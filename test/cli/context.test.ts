/** What fills the window, and advice: what the command answers in JSON, and what people read. */
import { beforeAll, describe, expect, it } from 'vitest'
import { seeded } from '../../src/kernel/clock.ts'
import { Waymark } from '../../src/session/waymark.ts'
import * as shapes from './shapes.ts'
import { built, makePlace, type Place } from './support.ts'

beforeAll(built, 180_000)

const original = 'Use tabs:\n\tNever log passwords.\n'
const aligned = { environment: { WAYMARK_LAYOUT: 'aligned' } }

/** A session with items, servers and a task in hand; the window at 65 %, and a prompt since. */
async function filled(place: Place): Promise<string> {
  return place.library(async (waymark) => {
    const session = await waymark.createSession({ title: 'Log in', windowTokens: 200_000 })
    await session.send({
      type: 'context.add',
      tag: '@CONFIG-001',
      tier: 'critical',
      category: 'system.instructions',
      title: 'house rules',
      tokens: 7_800,
      content: original,
    })
    await session.send({
      type: 'context.add',
      tier: 'supporting',
      category: 'reference.skills',
      tokens: 5_000,
      content: 'a skill',
    })
    await session.send({ type: 'context.summarize', tag: '@SKILL-001', summary: 'skill', tokens: 1_000 })
    await session.send({
      type: 'context.add',
      tag: '@OLD',
      tier: 'temporary',
      category: 'reference.project',
      content: 'raw',
    })
    await session.send({ type: 'context.discard', tags: ['@OLD'] })
    await session.send({ type: 'server.describe', server: 'context7', tools: ['docs'], toolTokens: 2_000 })
    await session.send({ type: 'task.add', taskId: 'SPEC-001', title: 'Log in' })
    await session.send({ type: 'task.start', taskId: 'SPEC-001' })
    await session.send({ type: 'tool.call', toolCallId: 't1', name: 'mcp__github__search' })
    await session.send({ type: 'context.measure', contextTokens: 130_000 })
    await session.send({ type: 'prompt.submit', content: 'x'.repeat(1_000) })
    return session.id
  })
}

describe('context', () => {
  it('answers with what fills the window', async () => {
    const place = await makePlace()
    const id = await filled(place)
    const report = await place.json(shapes.contextShape, 'context', id)
    expect(report).toMatchObject({
      window: { usedTokens: 130_000, phase: 'monitoring' },
      current: { usedTokens: 130_425, estimated: true, line: { perByte: 0.425, learned: false } },
      unattributedTokens: 130_000 - 8_800,
      discarded: 1,
      switchOff: { servers: ['context7'], savedTokens: 2_000 },
    })
    expect(report.items.map(({ tag, status, tokens }) => [tag, status, tokens])).toEqual([
      ['@CONFIG-001', 'kept', 7_800],
      ['@SKILL-001', 'summarized', 1_000],
    ])
    expect(report.advice.map(({ code }) => code)).toEqual(['servers-unused'])
    const critical = await place.json(shapes.contextShape, 'context', id, '--tier', 'critical')
    expect(critical.items.map(({ tag }) => tag)).toEqual(['@CONFIG-001'])
    expect(critical.tiers).toEqual(report.tiers)
  })

  it('draws it for people and tells values to programs', async () => {
    const place = await makePlace()
    const id = await filled(place)
    const { stdout, stderr } = await place.run(['context', id], aligned)
    expect(stdout).toMatch(/^now +130,425 tokens \(65.2 %\), estimated$/m)
    expect(stdout).toMatch(/^estimated by +0 tokens a report and 0.425 a byte, assumed until/m)
    expect(stdout).toMatch(/^ {2}system.instructions +4.0 % +8,000 +7,800$/m)
    expect(stdout).toMatch(/^context7 +yes +1 +2,000 +0 +– +could be switched off$/m)
    expect(stdout).toMatch(/^servers-unused +2 MCP servers known/m)
    expect(stderr).toContain('switching off context7 for the task in hand saves 2,000 tokens')
    const values = (await place.run(['context', id])).stdout
    expect(values).toContain(
      '\nallocation\tconversation\t40.0 %\t80000\t121200\toverrun, 121,200 by no item\n',
    )
    expect(values).toContain(
      '\nitems\t@CONFIG-001\tcritical\tsystem.instructions\tkept\t7800\t0\thouse rules\n',
    )
  })

  it('prints the text of an item to the byte, also of one that is gone', async () => {
    const place = await makePlace()
    const id = await filled(place)
    const { code, stdout, stderr } = await place.run(['context', id, '--tag', '@CONFIG-001'])
    expect({ code, stdout }).toEqual({ code: 0, stdout: original })
    expect(stderr).toBe('@CONFIG-001: critical, system.instructions, kept\n')
    expect((await place.run(['context', id, '--tag', 'OLD'])).stdout).toBe('raw\n')
    expect(await place.json(shapes.itemShape, 'context', id, '--tag', '@OLD')).toMatchObject({
      status: 'discarded',
      estimated: true,
      part: 'original',
      text: 'raw',
    })
    const summary = await place.json(shapes.itemShape, 'context', id, '--tag', '@SKILL-001', '--summary')
    expect(summary).toMatchObject({ part: 'summary', text: 'skill', status: 'summarized' })
    expect((await place.run(['context', id, '--tag', '@SKILL-001'])).stdout).toBe('a skill\n')
  })

  it.each([
    [['--tag', '@CONFG-001'], 'never had an item @CONFG-001', 'did you mean @CONFIG-001'],
    [['--tag', 'not a tag'], 'a tag is @ and letters', 'waymark help'],
    [['--tag', '@CONFIG-001', '--summary'], 'was never summarized', 'without --summary'],
    [['--summary'], '--summary is about one item', 'name it'],
    [['--tier', 'dear'], 'a tier is one of critical, supporting, temporary', 'waymark help'],
  ])('says what is wrong with %j', async (args, message, hint) => {
    const place = await makePlace()
    const id = await filled(place)
    const { code, stdout, stderr } = await place.run(['context', id, ...args])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(message)
    expect(stderr).toContain(`hint: ${hint}`)
  })
})

describe('budget', () => {
  it('says how the window is divided, what is in reserve, and where it is heading', async () => {
    const place = await makePlace()
    const id = await filled(place)
    await place.library(async (waymark) => {
      const session = await waymark.openSession(id)
      await session.send({ type: 'context.measure', contextTokens: 140_000 })
      await session.send({ type: 'tool.return', toolCallId: 't1', outcome: 'ok', output: 'y'.repeat(4_000) })
      await session.send({ type: 'context.measure', contextTokens: 146_000 })
    })
    const report = await place.json(shapes.budgetShape, 'budget', id)
    expect(report).toMatchObject({
      reserve: { limitTokens: 55_000, takenTokens: 1_000, leftTokens: 54_000, leftPercent: 27 },
      growth: { reports: 2, tokens: 16_000, bytes: { prompts: 1_000, toolOutputs: 4_000 } },
      forecast: {
        phase: 'warning',
        tokensToGo: 4_000,
        tokensPerReport: 8_000,
        kind: 'toolOutputs',
        kindPercent: 80,
      },
    })
    expect(report.allocation.map(({ limitTokens }) => limitTokens)).toEqual([15_000, 80_000, 50_000, 55_000])
    const { stdout } = await place.run(['budget', id], aligned)
    expect(stdout).toMatch(/^reserve +54,000 of 55,000 tokens left \(27.0 % of the window\)$/m)
    expect(stdout).toMatch(/^forecast +warning in 4,000 tokens, 1 report, about \d{4}-/m)
    expect(stdout).toMatch(/^grows by +results of tools, 80 % of what came$/m)
    expect(stdout).toMatch(/^conversation +40.0 % +80,000 +137,200 +overrun, /m)
  })

  it('tells no forecast to people before the window is watched', async () => {
    const place = await makePlace()
    const id = await place.library(async (waymark) => {
      const session = await waymark.createSession()
      for (const contextTokens of [1_000, 2_000, 3_000]) {
        await session.send({ type: 'context.measure', contextTokens })
        await session.send({ type: 'prompt.submit', content: 'x'.repeat(900) })
      }
      return session.id
    })
    expect((await place.run(['budget', id], aligned)).stdout).not.toContain('forecast')
    expect((await place.json(shapes.budgetShape, 'budget', id)).forecast).toMatchObject({
      phase: 'monitoring',
    })
  })
})

describe('show', () => {
  it('has the six layers and advice', async () => {
    const place = await makePlace()
    const id = await filled(place)
    const shown = await place.json(shapes.showShape, 'show', id)
    expect(shown.layers).toMatchObject({
      contextAwareness: { positionPercent: 65, phase: 'monitoring' },
      activeContext: {
        tasks: [{ id: 'SPEC-001' }],
        openCalls: [{ name: 'mcp__github__search', begunAt: null }],
      },
      project: { specs: [{ id: 'SPEC-001', progressPercent: 0, progressBy: 'tasks' }] },
      system: {
        servers: [
          { name: 'context7', calls: 0 },
          { name: 'github', calls: 1 },
        ],
      },
    })
    expect(shown.context).toMatchObject({ items: 2, savedTokens: 4_000 + 2 })
    expect(shown.advice.map(({ code }) => code)).toEqual(['servers-unused'])
    const { stdout } = await place.run(['show', id], aligned)
    expect(stdout.match(/^L\d .*$/gm)).toEqual([
      'L1 context awareness',
      'L2 active context',
      'L3 history',
      'L4 project',
      'L5 user',
      'L6 system',
    ])
    expect(stdout).toMatch(/^in hand +SPEC-001: Log in$/m)
    expect(stdout).toMatch(/^servers-unused /m)
  })

  it('advises about the moment that is shown, and not about the time since a session was left', async () => {
    const place = await makePlace()
    // Each look at this clock is a minute later.
    const minutes = seeded(1, '2020-01-31T12:00:00.000Z', 60_000)
    const waymark = await Waymark.open({ home: place.home, ...minutes, policies: [] })
    const session = await waymark.createSession()
    await session.send({ type: 'task.add', taskId: 'A', title: 'A' })
    await session.send({ type: 'task.start', taskId: 'A' })
    for (let turn = 0; turn < 12; turn++) await session.send({ type: 'turn.complete' })
    const { id, state } = session
    await waymark.close()
    const codesAt = async (...args: string[]) =>
      (await place.json(shapes.showShape, 'show', id, ...args)).advice.map(({ code }) => code)
    expect(await codesAt()).toEqual(['checkpoint-overdue'])
    expect(await codesAt('--at', String(state.version))).toEqual(['checkpoint-overdue'])
    expect(await codesAt('--at', '4')).toEqual([])
    const [task] = await place.json(shapes.tasksShape, 'tasks', id)
    const { startedAt = null } = state.tasks.A ?? {}
    expect(task?.elapsedMs).toBe(Date.parse(state.lastEventAt ?? '') - Date.parse(startedAt ?? ''))
  })
})
