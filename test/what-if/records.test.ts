/** Goal: what imports and whole lives of a home recorded plays again as it is, however it came into the log. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { seeded } from '../../src/kernel/clock.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { EventLog } from '../../src/log/port.ts'
import { redactInHome } from '../../src/redaction/in-home.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { playScript } from '../../src/what-if/play.ts'
import { saveWhatIf } from '../../src/what-if/save.ts'
import { scriptOf } from '../../src/what-if/script.ts'
import { whatIf } from '../../src/what-if/what-if.ts'
import { fixtures, imported } from '../import/support.ts'
import { eventsOf } from '../support/events.ts'

async function streamsOf(log: EventLog): Promise<readonly string[]> {
  const ids: string[] = []
  for await (const page of log.streams()) ids.push(...page.map(({ sessionId }) => sessionId))
  return ids
}

/** Every session of a log played again gives its own events. */
async function expectSame(log: EventLog): Promise<void> {
  for (const sessionId of await streamsOf(log)) {
    const script = await scriptOf(log, sessionId)
    const events = [...playScript(script)].flatMap((step) => step.events)
    const recorded = (await eventsOf(log, sessionId)).slice(script.start.version)
    expect(events.map((event) => ({ ...event, position: 0 }))).toEqual(
      recorded.map((event) => ({ ...event, position: 0 })),
    )
  }
}

const transcripts = readdirSync(fixtures, { recursive: true, encoding: 'utf8' }).filter((path) =>
  path.endsWith('.jsonl'),
)

describe('what-if with nothing changed', () => {
  it('has transcripts to look at', () => {
    expect(transcripts.length).toBeGreaterThan(5)
  })

  it.each(transcripts)('is the same for the import of %s', async (path) => {
    const { log } = await imported([join(fixtures, path)])
    await expectSame(log)
  })

  it('is the same when imported sessions share calls, which are counted once', async () => {
    const { log } = await imported([fixtures])
    await expectSame(log)
  })

  it('is the same after a handoff, a recovery, a rewind, a merge and a graph', async () => {
    const log = new MemoryLog()
    const waymark = await Waymark.open({ store: log, ...seeded(5) })
    const session = await waymark.createSession({
      model: 'claude-sonnet-4-5',
      windowTokens: 100_000,
      agent: 'builder',
    })
    for (const taskId of ['A', 'B', 'C']) await session.send({ type: 'task.add', taskId, title: taskId })
    await session.send({ type: 'task.start', taskId: 'A' })
    const graph = await waymark.graph(session.id)
    await graph.plan([
      { id: 'D', title: 'first' },
      { id: 'E', title: 'then', dependsOn: ['D'] },
    ])
    await session.refresh()
    const fork = await session.fork()
    await fork.send({ type: 'task.restore-context', taskIds: ['A'] })
    await fork.send({ type: 'task.complete', taskId: 'A' })
    await session.send({ type: 'decision.record', text: 'cookies' })
    await session.merge(fork, { policies: { tasks: 'theirs', decisions: 'union', context: 'ours' } })
    const { version } = session.state
    await session.send({ type: 'task.start', taskId: 'B' })
    await session.send({ type: 'task.fail', taskId: 'B', reason: 'no network', retryable: true })
    await session.rewind({ to: version })
    await session.send({ type: 'context.measure', contextTokens: 90_000 })
    await waymark.recover(session.id, { tasks: 'retry' })
    await session.refresh()
    await session.handOff({ fromAgent: 'builder', toAgent: 'tester' })
    await session.send({ type: 'session.take-over', agent: 'tester' })
    const next = await waymark.createSession({ continuesSessionId: session.id, tasks: 'open' })
    await next.send({ type: 'session.end' })
    await expectSame(log)
    for (const id of await streamsOf(log)) {
      expect(await whatIf(waymark, id, {})).toMatchObject({ same: true, partsAt: null })
    }
    const { steps } = await scriptOf(log, session.id)
    const types = new Set(steps.map(({ command }) => command?.type))
    for (const type of [
      'session.merge',
      'session.rewind',
      'session.recover',
      'session.hand-off',
      'session.take-over',
    ]) {
      expect(types).toContain(type)
    }
    expect(steps.filter(({ policies }) => policies === 'others')).toEqual([])
  })

  it('is the same after a redaction, also where it made two commands alike', async () => {
    const log = new MemoryLog()
    const waymark = await Waymark.open({ store: log, ...seeded(6) })
    const session = await waymark.createSession({ model: 'claude-sonnet-4-5', title: 'secret-1' })
    await session.send({ type: 'session.describe', title: 'secret-2' })
    await session.send({ type: 'session.describe', title: 'secret-3' })
    await session.send({ type: 'task.add', taskId: 'A', title: 'secret-4' })
    await session.send({ type: 'task.describe', taskId: 'A', title: 'secret-5' })
    await redactInHome(waymark, session.id, { patterns: ['secret-\\d'] })
    await session.refresh()
    await session.send({ type: 'task.start', taskId: 'A' })
    expect(JSON.stringify(await eventsOf(log, session.id))).not.toContain('secret-4')
    await expectSame(log)
    expect(await whatIf(waymark, session.id, {})).toMatchObject({ same: true, partsAt: null })
    const { version } = session.state
    const skipped = await whatIf(waymark, session.id, { skip: [3] })
    expect(skipped.gaveWay.listed).toMatchObject([{ command: 'session.redact' }])
    expect(skipped.state.played.tasks.A?.status).toBe('in_progress')
    const fork = await saveWhatIf(waymark, session.id, { skip: [version - 2] })
    expect(fork.leftOut.count).toBe(0)
    expect((await waymark.verify()).ok).toBe(true)
  })
})
