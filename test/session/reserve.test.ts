/**
 * Goal: no session keeps a reserve that leaves nothing of its window, and none is stuck with one. Method: every way in which a window
 * or a reserve becomes known, in real sessions; what is recorded, what is refused, and what the hint says.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { decide } from '../../src/decide/decide.ts'
import type { Sending } from '../../src/events/content.ts'
import { allocationBasisOf, reserveTokensOf } from '../../src/fold/allocation.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { OpenOptions } from '../../src/session/open-host.ts'
import type { Session } from '../../src/session/session.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { temporaryHome } from '../support/processes.ts'

const removals: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const remove of removals.splice(0)) await remove()
})

async function opened(options: OpenOptions = {}): Promise<Waymark> {
  return Waymark.open({ store: new MemoryLog(), policies: [], ...options })
}

async function homeWith(reserve_tokens: number): Promise<Waymark> {
  const { home, remove } = await temporaryHome()
  removals.push(remove)
  await mkdir(join(home, 'config'), { recursive: true })
  const session = { context_budget: { reserve_tokens } }
  await writeFile(join(home, 'config', 'config.json'), JSON.stringify({ session }))
  const waymark = await Waymark.open({ home })
  removals.unshift(async () => waymark.close())
  return waymark
}

const usage = {
  type: 'usage.record',
  callId: 'a',
  model: 'm',
  inputTokens: 100,
  outputTokens: 1,
  cacheReadTokens: 0,
  cacheCreationTokens: 0,
} as const

function reserveOf({ state }: Session): number {
  return reserveTokensOf(allocationBasisOf(state))
}

describe('a reserve as large as the window', () => {
  it.each<readonly [string, Sending]>([
    ['another model', { type: 'model.switch', model: 'small', windowTokens: 50_000 }],
    [
      'another model that was seen',
      { type: 'model.switch', model: 'small', windowTokens: 50_000, observed: true },
    ],
    ['another model that names its window', { type: 'model.switch', model: 'small[50k]' }],
    ['a report', { ...usage, windowTokens: 50_000 }],
    ['a reading', { type: 'context.measure', contextTokens: 100, windowTokens: 50_000 }],
  ])(
    'falls back to its share when the window becomes known by %s, and that is recorded',
    async (_, command) => {
      const waymark = await opened()
      const session = await waymark.createSession({
        windowTokens: 200_000,
        configuration: { reserveTokens: 60_000 },
      })
      const { events } = await session.send(command)
      expect(events).toContainEqual(
        expect.objectContaining({
          type: 'session.configured',
          data: { configuration: { reserveTokens: null } },
        }),
      )
      expect(session.state.configuration.reserveTokens).toBeNull()
      expect(reserveOf(session)).toBe(13_750)
      expect(session.state.context.overrun).toEqual([])
      await session.send({ type: 'session.configure', configuration: { autoCheckpoint: false } })
      expect(session.state.configuration.autoCheckpoint).toBe(false)
    },
  )

  it('stays while the window leaves something of it', async () => {
    const session = await (await opened()).createSession({
      windowTokens: 200_000,
      configuration: { reserveTokens: 60_000 },
    })
    await session.send({ type: 'model.switch', model: 'other', windowTokens: 60_001 })
    expect(reserveOf(session)).toBe(60_000)
  })

  it('is refused where it is set, and only there, with what to set instead', async () => {
    const session = await (await opened()).createSession({ windowTokens: 50_000 })
    const configure = (configuration: object): Promise<unknown> =>
      session.send({ type: 'session.configure', configuration })
    await expect(configure({ reserveTokens: 50_000 })).rejects.toMatchObject({
      code: 'COMMAND_REFUSED',
      message: expect.stringContaining('a reserve of 50000 tokens leaves nothing of a window of 50000'),
      hint: 'accepted now: session.configure with reserveTokens below 50000, or null for 27.5 % of the window',
    })
    await configure({ reserveTokens: 49_999 })
    await configure({ reserveTokens: null, warningThresholdPercent: 80 })
    expect(session.state.configuration.warningThresholdPercent).toBe(80)
  })

  it('does not keep a session of an older log from being configured', async () => {
    const session = await (await opened()).createSession({
      windowTokens: 200_000,
      configuration: { reserveTokens: 60_000 },
    })
    // As it was recorded before reserves fell back.
    const stuck = { ...session.state, window: { ...session.state.window, totalTokens: 50_000 } }
    const decision = decide(
      stuck,
      { type: 'session.configure', configuration: { autoCheckpoint: false } },
      {
        now: '2026-01-01T00:00:00.000Z',
        checkpointId: () => 'c',
        handoffId: () => 'h',
        countedCall: () => null,
      },
    )
    expect(decision).toMatchObject({
      ok: true,
      events: [
        { data: { configuration: { autoCheckpoint: false } } },
        { data: { configuration: { reserveTokens: null } } },
      ],
    })
  })
})

describe('a session that begins', () => {
  it.each([
    [{}, 'a window of 200000 tokens, which is assumed'],
    [{ windowTokens: 300_000 }, 'a window of 300000 tokens'],
    [{ model: 'claude-sonnet-4-5[250k]' }, 'a window of 250000 tokens, which is assumed'],
  ])('%j: is refused when the settings reserve all of its window', async (options, message) => {
    const waymark = await homeWith(300_000)
    await expect(waymark.createSession(options)).rejects.toMatchObject({
      code: 'CONFIGURATION_INVALID',
      message: expect.stringContaining(message),
      hint: expect.stringContaining('or null for 27.5 %'),
    })
    const ids: string[] = []
    for await (const { sessionId } of waymark.sessions()) ids.push(sessionId)
    expect(ids).toEqual([])
  })

  it('is accepted in a window that is larger', async () => {
    const waymark = await homeWith(300_000)
    expect(reserveOf(await waymark.createSession({ windowTokens: 1_000_000 }))).toBe(300_000)
    expect(reserveOf(await waymark.createSession({ model: 'claude-sonnet-4-5[1m]' }))).toBe(300_000)
    const own = await waymark.createSession({ configuration: { reserveTokens: null } })
    expect(reserveOf(own)).toBe(55_000)
  })

  it('is refused with a reserve of its own, and the message names no setting', async () => {
    const waymark = await opened()
    await expect(waymark.createSession({ configuration: { reserveTokens: 200_000 } })).rejects.toMatchObject({
      code: 'CONFIGURATION_INVALID',
      message: 'a reserve of 200000 tokens leaves nothing of a window of 200000, which is assumed',
    })
  })
})

describe('a refusal', () => {
  it('names no command that is refused too: the tag of a critical item is taken', async () => {
    const session = await (await opened()).createSession()
    const add = (tag: string, tier: 'critical' | 'temporary'): Promise<unknown> =>
      session.send({ type: 'context.add', tag, tier, category: 'reference.project', content: tag })
    await add('@A', 'critical')
    await add('@B', 'temporary')
    await expect(add('@A', 'temporary')).rejects.toMatchObject({
      hint: 'accepted now: context.add with another tag, context.retier',
    })
    await expect(add('@B', 'temporary')).rejects.toMatchObject({
      hint: 'accepted now: context.add with another tag, context.discard',
    })
    await session.send({ type: 'context.retier', tag: '@A', tier: 'temporary' })
    await session.send({ type: 'context.discard', tags: ['@A'] })
    await add('@A', 'critical')
  })
})
