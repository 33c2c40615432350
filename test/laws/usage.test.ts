/**
 * Goal: every token of every model call is counted once, whoever reports it, however often, in whatever order.
 * Method: random reports of a few calls over several sessions and forks, compared with the highest figures per call.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seeded } from '../../src/kernel/clock.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { Session } from '../../src/session/session.ts'
import { Waymark } from '../../src/session/waymark.ts'

const reportArbitrary = fc.record({
  session: fc.nat(2),
  call: fc.nat(4),
  inputTokens: fc.nat(1_000),
  outputTokens: fc.nat(1_000),
  fork: fc.boolean(),
})

const kinds = ['inputTokens', 'outputTokens', 'cacheReadTokens', 'cacheCreationTokens'] as const

function sumOwn(sessions: readonly Session[]): Record<string, number> {
  const sum: Record<string, number> = { calls: 0 }
  for (const { state } of sessions) {
    sum.calls = (sum.calls ?? 0) + state.usage.calls
    for (const kind of kinds) sum[kind] = (sum[kind] ?? 0) + state.usage[kind]
  }
  return sum
}

describe('usage', () => {
  it('law: over any sessions and forks of a home, own usage sums to the highest report of each call', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(reportArbitrary, { minLength: 1, maxLength: 40 }), async (reports) => {
        const waymark = await Waymark.open({ store: new MemoryLog(), ...seeded(3) })
        const sessions: Session[] = []
        for (let n = 0; n < 3; n++) sessions.push(await waymark.createSession({ model: 'm' }))
        const highest = new Map<number, Record<string, number>>()
        for (const report of reports) {
          const { call, inputTokens, outputTokens } = report
          const session = sessions[report.session % sessions.length]
          if (session === undefined) continue
          if (report.fork && sessions.length < 8) sessions.push(await session.fork())
          await session.send({
            type: 'usage.record',
            callId: `msg_${call}`,
            model: 'm',
            inputTokens,
            outputTokens,
            cacheReadTokens: 0,
            cacheCreationTokens: 7,
            countedOnceIn: 'home',
          })
          const before = highest.get(call)
          highest.set(call, {
            inputTokens: Math.max(before?.inputTokens ?? 0, inputTokens),
            outputTokens: Math.max(before?.outputTokens ?? 0, outputTokens),
          })
        }
        const expected = {
          calls: highest.size,
          inputTokens: 0,
          outputTokens: 0,
          cacheReadTokens: 0,
          cacheCreationTokens: 0,
        }
        for (const call of highest.values()) {
          expected.inputTokens += call.inputTokens ?? 0
          expected.outputTokens += call.outputTokens ?? 0
          expected.cacheCreationTokens += 7
        }
        expect(sumOwn(sessions)).toEqual(expected)
      }),
      { numRuns: 60 },
    )
  })

  it('a fork starts at zero and shows what it inherited apart', async () => {
    const waymark = await Waymark.open({ store: new MemoryLog(), ...seeded(4) })
    const session = await waymark.createSession({ model: 'm' })
    const call = {
      type: 'usage.record',
      model: 'm',
      outputTokens: 5,
      cacheReadTokens: 0,
      cacheCreationTokens: 0,
    } as const
    await session.send({ ...call, callId: 'msg_1', inputTokens: 10 })
    const fork = await session.fork()
    await fork.send({ ...call, callId: 'msg_2', inputTokens: 20 })
    await session.send({ ...call, callId: 'msg_3', inputTokens: 40 })
    expect(fork.state.usage).toMatchObject({
      calls: 1,
      inputTokens: 20,
      inherited: { calls: 1, inputTokens: 10 },
    })
    expect(session.state.usage).toMatchObject({ calls: 2, inputTokens: 50, inherited: { calls: 0 } })
  })

  it('the same call in two sessions that name their calls themselves is two calls', async () => {
    const waymark = await Waymark.open({ store: new MemoryLog(), ...seeded(5) })
    const call = {
      type: 'usage.record',
      callId: '1',
      model: 'm',
      inputTokens: 9,
      outputTokens: 1,
      cacheReadTokens: 0,
      cacheCreationTokens: 0,
    } as const
    for (let n = 0; n < 2; n++) {
      const session = await waymark.createSession()
      await session.send(call)
      expect(session.state.usage.calls).toBe(1)
    }
  })
})
