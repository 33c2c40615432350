/**
 * Goal: a clock that is put back, or runs far ahead, breaks nothing: times in the log may go back, versions do not, the state at a time is
 * that of the running maximum, and everything that looks at a clock goes on. Method: random work under a clock that jumps by up to
 * decades between any two looks; and a real process whose time of day is moved between two commands.
 */
import { dirname } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { LoggedEvent } from '../../src/events/envelope.ts'
import { stateHash } from '../../src/fold/fold.ts'
import { forecastOf } from '../../src/fold/growth.ts'
import { isoOf } from '../../src/kernel/clock.ts'
import { WaymarkError } from '../../src/kernel/errors.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { loadState } from '../../src/replay/load.ts'
import type { Session } from '../../src/session/session.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { adviceOf } from '../../src/views/advice.ts'
import { currentTasks, elapsedMs, presentOf } from '../../src/views/task-list.ts'
import { eventsOf } from '../support/events.ts'
import { interposerIn, missing, titled } from '../support/interposer.ts'
import { temporaryHome } from '../support/processes.ts'
import { startRemote } from './support.ts'

const dayMs = 86_400_000
const startMs = Date.parse('2026-01-31T12:00:00.000Z')
/** From 1970, as a machine without a battery wakes up, to far ahead. */
const rangeMs = { min: 0, max: Date.parse('2099-12-31T00:00:00.000Z') } as const

/** How far the clock moves at a look: mostly a little, sometimes anywhere. */
const jump = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 90_000 }) },
  { weight: 2, arbitrary: fc.integer({ min: -3_600_000, max: -1 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(-20_000 * dayMs, -400 * dayMs, -dayMs, dayMs, 400 * dayMs, 20_000 * dayMs),
  },
)

type Act = (session: Session, n: number, waymark: Waymark) => Promise<unknown>

const acts: Readonly<Record<string, Act>> = {
  add: (session, n) => session.send({ type: 'task.add', taskId: `t-${n % 6}`, title: `task ${n}` }),
  start: (session, n) => session.send({ type: 'task.start', taskId: `t-${n % 6}` }),
  complete: (session, n) => session.send({ type: 'task.complete', taskId: `t-${n % 6}` }),
  call: (session, n) => {
    const counters = { inputTokens: 2_000 * n, outputTokens: 90, cacheReadTokens: 10, cacheCreationTokens: 0 }
    return session.send({ type: 'usage.record', callId: `call-${n}`, model: 'm', ...counters })
  },
  checkpoint: (session) => session.checkpoint({ reason: 'by hand' }),
  offer: (session, n) => session.handOff({ toAgent: 'tester', reason: `offer ${n}`, expiresInMinutes: 1 }),
  accept: async (session) => {
    const offer = session.state.handoffs.at(-1)
    if (offer !== undefined) await session.acceptHandoff({ handoffId: offer.id, agent: 'tester' })
  },
  resume: (session) => session.send({ type: 'session.resume' }),
  suspend: (session) => session.send({ type: 'session.suspend', reason: 'a pause' }),
  switch: (session, n) => session.send({ type: 'model.switch', model: `model-${n % 2}` }),
  recover: (session, _n, waymark) => waymark.recover(session.id),
  fork: async (session) => void (await session.fork()),
  brief: (session) => session.brief(),
}

const step = fc.record({ jumpMs: jump, act: fc.constantFrom(...Object.keys(acts)) })
const work = fc.array(step, { minLength: 1, maxLength: 30 })

/** Does the work under a clock that jumps. Whatever is refused is refused with a reason. */
async function worked(steps: readonly { readonly jumpMs: number; readonly act: string }[]): Promise<{
  readonly waymark: Waymark
  readonly session: Session
  readonly refused: number
}> {
  let nowMs = startMs
  const clock = { now: () => isoOf(nowMs++) }
  const waymark = await Waymark.open({
    store: new MemoryLog(),
    clock,
    settings: { sessionTimeoutMinutes: null },
  })
  const session = await waymark.createSession({ windowTokens: 200_000 })
  let refused = 0
  for (const [n, { jumpMs, act }] of steps.entries()) {
    nowMs = Math.min(rangeMs.max, Math.max(rangeMs.min, nowMs + jumpMs))
    try {
      await acts[act]?.(session, n, waymark)
    } catch (error) {
      if (!(error instanceof WaymarkError)) throw error
      refused += 1
    }
    await session.refresh()
    const { state } = session
    const now = clock.now()
    adviceOf(state, now)
    forecastOf(state)
    presentOf(state, now)
    for (const task of currentTasks(state)) expect(elapsedMs(task, now)).toBeGreaterThanOrEqual(0)
    for (const { workedMs } of Object.values(state.tasks)) expect(workedMs).toBeGreaterThanOrEqual(0)
  }
  return { waymark, session, refused }
}

/** The plain twin: the last end of a batch before the first batch that the clock had not reached. */
function versionByRunningMaximum(events: readonly LoggedEvent[], time: string): number {
  const first = events.find((event) => Date.parse(event.time) > Date.parse(time))
  if (first === undefined) return events.length
  return first.version - 1 - first.index
}

describe('a clock that jumps', { timeout: 120_000 }, () => {
  it('law: versions go on, everything verifies, and the state at a time is that of the running maximum', async () => {
    await fc.assert(
      fc.asyncProperty(work, fc.array(fc.integer(rangeMs), { maxLength: 3 }), async (steps, timesMs) => {
        const { waymark, session } = await worked(steps)
        const events = await eventsOf(waymark.log, session.id)
        expect(events.map(({ version }) => version)).toEqual(events.map((_, index) => index + 1))
        expect(await waymark.verify()).toMatchObject({ ok: true })
        const { state } = await loadState(waymark.log, session.id)
        expect(stateHash(state)).toBe(stateHash(session.state))
        const asked = [...timesMs.map(isoOf), ...events.map(({ time }) => time)]
        for (const time of asked) {
          expect((await session.at(time)).version, time).toBe(versionByRunningMaximum(events, time))
        }
        await waymark.close()
      }),
      { numRuns: 40 },
    )
  })

  it('really goes back, and really refuses little, in the law above', async () => {
    const samples = fc.sample(work, { numRuns: 20, seed: 7 })
    let backwards = 0
    let refused = 0
    let all = 0
    for (const steps of samples) {
      const done = await worked(steps)
      const times = (await eventsOf(done.waymark.log, done.session.id)).map(({ time }) => time)
      backwards += times.filter((time, index) => index > 0 && time < (times[index - 1] ?? '')).length
      refused += done.refused
      all += steps.length
      await done.waymark.close()
    }
    expect(backwards).toBeGreaterThan(10)
    expect(refused).toBeLessThan(all * 0.8)
  })
})

describe('a clock that tells what cannot be written', () => {
  it.each(['+012026-01-01T00:00:00.000Z', '2026-01-01T00:00:00Z', 'Thu Jan 01 2026', ''])(
    'is refused, and nothing is recorded: %j',
    async (time) => {
      let told = isoOf(startMs)
      const waymark = await Waymark.open({ store: new MemoryLog(), clock: { now: () => told } })
      const session = await waymark.createSession()
      told = time
      const adding = session.send({ type: 'task.add', taskId: 'a', title: 'a task' })
      await expect(adding).rejects.toMatchObject({
        code: 'USAGE',
        hint: expect.stringContaining('four digits'),
      })
      told = isoOf(startMs)
      await session.send({ type: 'task.add', taskId: 'a', title: 'a task' })
      expect(await waymark.verify()).toMatchObject({ ok: true })
      await waymark.close()
    },
  )
})

const eventsShape = z.array(z.object({ version: z.number(), time: z.string() }))

describe.skipIf(missing !== null)(
  titled('the time of day of a real process, put back and far ahead'),
  { timeout: 120_000 },
  () => {
    it('breaks no session, no memory file and no recovery', async () => {
      const { home, remove } = await temporaryHome()
      const machine = interposerIn(dirname(home))
      const remote = startRemote(home, machine.environment)
      await remote.ask('open')
      await remote.ask('begin', { options: { windowTokens: 200_000 } })
      // The last but one lies beyond the year 9999.
      const jumpsMs = [0, -400 * dayMs, 400 * dayMs, -18_000 * dayMs, 20_000 * dayMs, 3_000_000 * dayMs, 0]
      for (const [n, clockMs] of jumpsMs.entries()) {
        machine.order({ clockMs })
        const now = Date.parse(String(await remote.ask('now')))
        expect(Math.abs(now - Date.now() - clockMs)).toBeLessThan(60_000)
        await remote.ask('send', {
          command: { type: 'task.add', taskId: `t-${n}`, title: 'a task' },
          commandId: `c-${n}`,
        })
        await remote.ask('send', { command: { type: 'task.start', taskId: `t-${n}` } })
        await remote.ask('send', { command: { type: 'context.measure', contextTokens: 20_000 * (n + 1) } })
        await remote.ask('checkpoint')
        expect(String(await remote.ask('brief'))).toContain(`t-${n}`)
        expect(await remote.ask('recover')).toBeNull()
      }
      const events = eventsShape.parse(await remote.ask('events'))
      expect(events.map(({ version }) => version)).toEqual(events.map((_, index) => index + 1))
      const times = events.map(({ time }) => time)
      expect(times.every((time) => /^\d{4}-/.test(time))).toBe(true)
      expect(times.filter((time, index) => time < (times[index - 1] ?? '')).length).toBeGreaterThanOrEqual(3)
      const latest = times.toSorted().at(-1)
      expect(await remote.ask('at', { when: latest })).toBe(events.length)
      expect(await remote.ask('verify')).toBe(true)
      await remote.ask('close')
      await remote.ask('open')
      expect(await remote.ask('memory-files')).toMatchObject({ ok: true })
      await remote.ask('close')
      expect(await remote.end()).toBe('')
      await remove()
    })
  },
)
