/**
 * Goal: every token of every model call is counted once, whoever reports it, however often, in whatever order.
 * Method: random reports of a few calls over several sessions and forks, compared with the highest figures per call.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { noUsage } from '../../src/fold/state.ts'
import { importFiles } from '../../src/import/import.ts'
import { seeded } from '../../src/kernel/clock.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { Session } from '../../src/session/session.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { addUsage, lineageOf } from '../../src/views/lineage.ts'

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

  it('law: over any tree of forks, merged in any order, each call counts once: own usage sums to the total of the tree', async () => {
    let merged = 0
    const turn = fc.record({ who: fc.nat(), other: fc.nat(), kind: fc.constantFrom('call', 'fork', 'merge') })
    await fc.assert(
      fc.asyncProperty(fc.array(turn, { minLength: 4, maxLength: 30 }), async (turns) => {
        const waymark = await Waymark.open({ store: new MemoryLog(), ...seeded(6) })
        const sessions = [await waymark.createSession({ model: 'm' })]
        let calls = 0
        for (const [n, { who, other, kind }] of turns.entries()) {
          const [one, two] = [sessions[who % sessions.length], sessions[other % sessions.length]]
          if (one === undefined || two === undefined) continue
          if (kind === 'fork') sessions.push(await one.fork())
          else if (kind === 'merge' && one !== two) {
            await two.send({ type: 'task.add', taskId: `T${n}`, title: 't' })
            const policies = { tasks: 'union', context: 'union', decisions: 'union' } as const
            if ((await one.merge(two, { policies })).recorded) merged += 1
          } else if (kind === 'call') {
            const tokens = {
              inputTokens: 1,
              outputTokens: 10,
              cacheReadTokens: 100,
              cacheCreationTokens: 1_000,
            }
            await one.send({ type: 'usage.record', callId: `msg_${++calls}`, model: 'm', ...tokens })
          }
        }
        const once = {
          calls,
          inputTokens: calls,
          outputTokens: calls * 10,
          cacheReadTokens: calls * 100,
          cacheCreationTokens: calls * 1_000,
        }
        expect(sumOwn(sessions)).toEqual(once)
        const streams = []
        for await (const stream of waymark.sessions()) streams.push(stream)
        const [top, ...rest] = lineageOf(streams)
        expect(top?.total).toEqual(once)
        expect(rest).toHaveLength(sessions.length - 1)
        for (const { sessionId, inherited } of rest) {
          const state = sessions.find(({ id }) => id === sessionId)?.state
          expect(inherited).toEqual(state?.usage.inherited)
        }
      }),
      { numRuns: 60 },
    )
    expect(merged).toBeGreaterThan(30)
  })

  it('law: transcripts and resumed copies of them, imported in any order and again, forked in between, count each call once', {
    timeout: 120_000,
  }, async () => {
    const folder = fileURLToPath(new URL('../fixtures/transcripts', import.meta.url))
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.jsonl'))
      .map((path) => join(folder, path))
    const totals = new Set<string>()
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray(files, { minLength: files.length }),
        fc.array(
          fc.record({ after: fc.nat(files.length - 1), who: fc.nat(), again: fc.nat(files.length - 1) }),
        ),
        async (order, turns) => {
          const waymark = await Waymark.open({ store: new MemoryLog(), policies: [], ...seeded(8) })
          for (const [index, path] of order.entries()) {
            await importFiles(waymark.log, waymark.environment, [path])
            for (const { who, again } of turns.filter(({ after }) => after === index)) {
              const ids = []
              for await (const { sessionId, version } of waymark.sessions())
                if (version > 0) ids.push(sessionId)
              const parent = await waymark.openSession(ids[who % ids.length] ?? '')
              const fork = await parent.fork()
              await fork.send({ type: 'task.add', taskId: `of-${fork.id}`, title: 'x' })
              if (parent.state.status === 'active') await parent.merge(fork)
              await importFiles(waymark.log, waymark.environment, order.slice(again, again + 1))
            }
          }
          const streams = []
          for await (const stream of waymark.sessions()) streams.push(stream)
          const sum = noUsage()
          for (const { total, kind } of lineageOf(streams)) if (kind === 'root') addUsage(sum, total)
          totals.add(JSON.stringify(sum))
        },
      ),
      { numRuns: 15 },
    )
    expect([...totals]).toHaveLength(1)
    expect(JSON.parse([...totals][0] ?? '{}')).toMatchObject({ calls: expect.any(Number) })
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
