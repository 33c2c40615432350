/** What is a problem, what only good to know, and what is no finding at all: sessions as they stand in life. */
import { describe, expect, it } from 'vitest'
import { fullWindow } from './scenarios.ts'
import { hanging, later, makePlace, ofCode } from './support.ts'

const call = { type: 'tool.call', toolCallId: 'call-1', name: 'Bash' }
const start = { type: 'task.start', taskId: 'T-1' }
const imported = { tool: 'claude-code', nativeId: '11111111-2222-4333-8444-555555555555' }

describe('a session that somebody works in', () => {
  it('has open calls and tasks in progress, and that is as it should be', async () => {
    const place = await makePlace()
    const { kill } = await hanging(place, place.sessionId, [call, start])
    expect((await place.examine()).findings).toEqual([])
    expect((await place.examine({ clock: later(600) })).findings).toEqual([])
    await kill()
    // Whether it came to write the memory files is chance.
    const codes = (await place.examine()).findings
      .map(({ code }) => code)
      .filter((code) => code !== 'memory-drift')
    expect(codes).toEqual(['idle-tasks', 'calls-without-result'])
  })

  it('and what it has called is being worked in too', async () => {
    const place = await makePlace()
    const child = await place.session({ parentSessionId: place.sessionId })
    await place.send(child, { type: 'task.add', taskId: 'T-9', title: 'below' }, { ...start, taskId: 'T-9' })
    const { kill } = await hanging(place, place.sessionId, [{ type: 'task.add', taskId: 'T-2', title: 'x' }])
    expect((await place.examine({ clock: later(600) })).findings).toEqual([])
    await kill()
    expect(ofCode(await place.examine({ clock: later(600) }), 'idle-tasks')).toMatchObject([
      { subject: child },
    ])
  })

  it('has been left a moment ago: that is told when it has been idle for long enough', async () => {
    const place = await makePlace()
    await place.send(place.sessionId, call, start)
    expect((await place.examine()).findings).toEqual([])
    expect((await place.examine({ clock: later(25) })).findings).toEqual([])
    expect((await place.examine({ clock: later(35) })).findings.map(({ code }) => code)).toEqual([
      'idle-tasks',
      'calls-without-result',
    ])
  })
})

describe('what was put aside', () => {
  it('on purpose is a notice', async () => {
    const place = await makePlace()
    await place.send(place.sessionId, start, { type: 'session.suspend' })
    const examination = await place.examine({ clock: later(600) })
    expect(ofCode(examination, 'idle-tasks')).toMatchObject([{ severity: 'notice' }])
  })

  it('in an imported session is a warning on the day, and history afterwards', async () => {
    const place = await makePlace()
    const id = await place.session({ ...imported, windowTokens: 200_000 })
    await place.send(id, { type: 'task.add', taskId: 'T-1', title: 'x' }, start, call, fullWindow)
    const severities = async (minutes: number) =>
      (await place.examine({ clock: later(minutes) })).findings
        .filter(({ subject }) => subject === id)
        .map(({ code, severity }) => `${code} ${severity}`)
    expect(await severities(60)).toEqual([
      'budget-exceeded warning',
      'idle-tasks warning',
      'calls-without-result warning',
    ])
    expect(await severities(3 * 24 * 60)).toEqual([
      'budget-exceeded notice',
      'idle-tasks notice',
      'calls-without-result notice',
    ])
  })
})

describe('a full window', () => {
  it('names what is heavy, by category and MCP server, and the checkpoint to fork at', async () => {
    const place = await makePlace()
    const id = await place.session({ windowTokens: 200_000 })
    await place.send(
      id,
      { type: 'context.add', tier: 'critical', category: 'reference.project', tokens: 90_000 },
      {
        type: 'context.add',
        tier: 'critical',
        category: 'reference.tools',
        tokens: 50_000,
        server: 'browser',
      },
      { type: 'checkpoint.create' },
      { ...fullWindow, inputTokens: 200_000 },
    )
    const [finding] = ofCode(await place.examine(), 'budget-exceeded')
    expect(finding).toMatchObject({ severity: 'problem', subject: id })
    expect(finding?.message).toMatch(
      /^exhausted since .*\(100\.0 %\); heaviest: reference\.project 90,000, prompts, replies and results 60,000, reference\.tools 50,000; MCP servers: browser 50,000$/,
    )
    expect(finding?.proposal).toMatch(new RegExp(`waymark fork ${id} --at \\d+ to go on from a checkpoint$`))
  })

  it('of a session that has ended fills nobody’s window', async () => {
    const place = await makePlace()
    const id = await place.session({ windowTokens: 200_000 })
    await place.send(id, fullWindow, { type: 'session.end' })
    expect(ofCode(await place.examine(), 'budget-exceeded')).toEqual([])
  })
})

describe('a handoff', () => {
  it('may wait a while, and is told no more when it was taken up', async () => {
    const place = await makePlace()
    await place.send(place.sessionId, { type: 'session.hand-off', toAgent: 'reviewer' })
    expect(ofCode(await place.examine({ clock: later(20) }), 'handoff-failed')).toEqual([])
    const [finding] = ofCode(await place.examine({ clock: later(90) }), 'handoff-failed')
    expect(finding?.proposal).toContain('--agent reviewer to take it over')
    await place.send(place.sessionId, { type: 'session.take-over', agent: 'reviewer' })
    expect(ofCode(await place.examine({ clock: later(90) }), 'handoff-failed')).toEqual([])
  })

  it('whose time is over is told at once', async () => {
    const place = await makePlace()
    const expiresAt = later(5).now()
    await place.send(place.sessionId, { type: 'session.hand-off', toAgent: 'reviewer', expiresAt })
    expect(ofCode(await place.examine(), 'handoff-failed')).toEqual([])
    const found = ofCode(await place.examine({ clock: later(6) }), 'handoff-failed')
    expect(found).toMatchObject([{ severity: 'warning', message: expect.stringContaining(', until ') }])
    expect(found[0]?.proposal).toMatch(/^waymark handoff expire sess_/)
  })

  it('with a package that is none, or that is gone, is a problem at once', async () => {
    const place = await makePlace()
    const gone = { hash: 'a'.repeat(64), bytes: 12, preview: '{' }
    for (const [content, told] of [
      ['{"handoff_id":1}', 'Missing required field: from_agent'],
      [gone, 'its text is missing or damaged'],
    ] as const) {
      await place.library(async (waymark) => {
        const session = await waymark.openSession(place.sessionId)
        await session.send({ type: 'session.hand-off', toAgent: 'reviewer', content })
      })
      const found = ofCode(await place.examine(), 'handoff-failed')
      expect(found).toMatchObject([{ severity: 'problem', message: expect.stringContaining(told) }])
      expect(found[0]?.proposal).toContain('waymark handoff withdraw')
      await place.send(place.sessionId, { type: 'session.resume' })
    }
  })
})

describe('recoveries', () => {
  it('with work between them lead somewhere', async () => {
    const place = await makePlace()
    for (let time = 0; time < 4; time++) {
      await place.library((waymark) => waymark.recover(place.sessionId))
      await place.send(place.sessionId, { type: 'task.add', taskId: `W-${time}`, title: 'work' })
    }
    expect(ofCode(await place.examine(), 'recovery-stuck')).toEqual([])
  })

  it('that were begun and not completed are told once their step takes too long, and are gone when taken up', async () => {
    const place = await makePlace()
    const recoveryId = 'reco_00000000-0000-4000-8000-000000000001'
    await place.send(place.sessionId, { type: 'recovery.begin', recoveryId, taskPolicy: 'keep' })
    expect(ofCode(await place.examine(), 'recovery-stuck')).toEqual([])
    const [finding] = ofCode(await place.examine({ clock: later(6) }), 'recovery-stuck')
    expect(finding?.message).toMatch(/^recovery reco_\S+ has been restoring since /)
    expect(finding?.proposal).toContain(`waymark recover ${place.sessionId} takes it up`)
    await place.library((waymark) => waymark.recover(place.sessionId))
    expect(ofCode(await place.examine({ clock: later(6) }), 'recovery-stuck')).toEqual([])
  })

  it('that lead nowhere are left behind with the fork that is proposed', async () => {
    const place = await makePlace()
    await place.library(async (waymark) => {
      for (let time = 0; time < 3; time++) await waymark.recover(place.sessionId)
    })
    const [finding] = ofCode(await place.examine(), 'recovery-stuck')
    const at = Number(/--at (\d+)/.exec(finding?.proposal ?? '')?.[1])
    const forked = await place.library(async (waymark) => (await waymark.fork(place.sessionId, { at })).id)
    expect(ofCode(await place.examine(), 'recovery-stuck')).toMatchObject([{ subject: place.sessionId }])
    expect((await place.examine({ session: forked })).findings).toEqual([])
  })
})
