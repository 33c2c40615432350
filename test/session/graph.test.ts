/**
 * A graph of tasks on which many work.
 *
 * Goal: plans are added whole or refused whole; a claim gives a task to one worker with a session of its own; what happens to a worker
 * happens visibly to its task. Method: real homes in temporary folders, opened several times, as several processes would.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { parseGraph } from '../../src/events/graph.ts'
import { StaleHolder } from '../../src/kernel/errors.ts'
import { readGraph } from '../../src/session/graph/file.ts'
import type { TaskGraph } from '../../src/session/graph/task-graph.ts'
import type { OpenOptions } from '../../src/session/open-host.ts'
import { Waymark } from '../../src/session/waymark.ts'

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'waymark-graph-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return join(folder, '.moai')
}

async function openHome(home: string, options: OpenOptions = {}): Promise<Waymark> {
  const waymark = await Waymark.open({ home, memoryFiles: false, ...options })
  onTestFinished(() => waymark.close().catch(() => {}))
  return waymark
}

/** A home with a graph planned into a session of its own; the home that planned it is closed. */
async function planned(
  specs: Parameters<TaskGraph['plan']>[0],
): Promise<{ readonly home: string; readonly sessionId: string }> {
  const home = await temporaryFolder()
  const waymark = await Waymark.open({ home, memoryFiles: false })
  const session = await waymark.createSession({ title: 'the graph', model: 'claude-sonnet-4-5' })
  await (await waymark.graph(session.id)).plan(specs)
  await waymark.close()
  return { home, sessionId: session.id }
}

const diamond = [
  { id: 'schema', title: 'Draw the schema' },
  { id: 'api', title: 'Write the API', dependsOn: ['schema'], specId: 'SPEC-001' },
  { id: 'page', title: 'Draw the page', dependsOn: ['schema'] },
  { id: 'tests', title: 'Test both', dependsOn: ['api', 'page'] },
]

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  if (error === null) return 'nothing'
  return error instanceof Error && 'code' in error
    ? `${String(error.code)}: ${error.message}`
    : 'no error of ours'
}

describe('a plan', () => {
  it('becomes tasks, each after those it depends on, in whatever order it names them', async () => {
    const { home, sessionId } = await planned([...diamond].reverse())
    const graph = await (await openHome(home)).graph(sessionId)
    const view = await graph.view()
    expect(view.ready).toEqual(['schema'])
    expect(view.criticalPath).toEqual(['schema', 'api', 'tests'])
    expect(view.levels).toBe(3)
    expect(view.counts.waiting).toBe(3)
  })

  it('that is sent again adds what is new, and nothing twice', async () => {
    const { home, sessionId } = await planned(diamond)
    const graph = await (await openHome(home)).graph(sessionId)
    const again = await graph.plan([...diamond, { id: 'docs', title: 'Describe it', dependsOn: ['tests'] }])
    expect(again.added).toEqual(['docs'])
    expect(again.present).toHaveLength(4)
    expect((await graph.plan(diamond)).added).toEqual([])
  })

  it.each([
    [
      'a cycle, named',
      [
        { id: 'a', title: 'a', dependsOn: ['b'] },
        { id: 'b', title: 'b', dependsOn: ['a'] },
      ],
      'a → b → a',
    ],
    ['a task that depends on itself', [{ id: 'a', title: 'a', dependsOn: ['a'] }], 'a → a'],
    [
      'an id that is there twice',
      [
        { id: 'a', title: 'a' },
        { id: 'a', title: 'b' },
      ],
      '"a" is there twice',
    ],
    [
      'an id that nobody has',
      [{ id: 'a', title: 'a', dependsOn: ['z'] }],
      '"a" depends on "z", which is not there',
    ],
    [
      'a task that is there with other words',
      [{ id: 'schema', title: 'Paint it' }],
      '"schema" is there already, with another title',
    ],
    [
      'a task that is there and depends on others',
      [{ id: 'api', title: 'Write the API', specId: 'SPEC-001' }],
      'another dependsOn',
    ],
    ['an id that is none', [{ id: '../a', title: 'a' }], 'entry 1 ("../a"), id: '],
    ['nothing', [], 'expected array to have >=1 items'],
  ])('with %s is refused whole', async (_what, specs, says) => {
    const { home, sessionId } = await planned(diamond)
    const waymark = await openHome(home)
    const graph = await waymark.graph(sessionId)
    const before = (await waymark.log.stream(sessionId))?.version
    const mixed = [{ id: 'new', title: 'would be fine' }, ...specs]
    expect(await codeOf(graph.plan(specs.length === 0 ? [] : mixed))).toContain('GRAPH_INVALID')
    expect(await codeOf(graph.plan(specs))).toContain(says)
    expect((await waymark.log.stream(sessionId))?.version).toBe(before)
  })

  it('into a session that has ended is refused, and adds nothing', async () => {
    const { home, sessionId } = await planned(diamond)
    const waymark = await openHome(home)
    await (await waymark.openSession(sessionId)).send({ type: 'session.end' })
    const graph = await waymark.graph(sessionId)
    expect(await codeOf(graph.plan([{ id: 'late', title: 'too late' }]))).toContain('COMMAND_REFUSED')
  })
})

describe('the file of a graph', () => {
  it.each([
    ['no JSON', '[\n  { "id": "a", }\n]', 'line 2, column'],
    ['an object', '{"id":"a"}', 'expected array'],
    ['a node without a title', '[{"id":"a","title":"a"},{"id":"b"}]', 'entry 2 ("b"), title: '],
    [
      'a key that is none',
      '[{"id":"a","title":"a","after":["b"]}]',
      'entry 1 ("a"): Unrecognized key: "after"',
    ],
    [
      'too many nodes',
      JSON.stringify(Array.from({ length: 10_001 }, (_, n) => ({ id: `n${n}`, title: 't' }))),
      'it has 10001 nodes',
    ],
    [
      'too many dependencies',
      JSON.stringify([{ id: 'a', title: 'a', dependsOn: Array(101).fill('b') }]),
      'dependsOn: ',
    ],
  ])('that holds %s is refused with the place', (_what, text, says) => {
    expect(() => readGraph(text)).toThrow(says)
  })

  it('is refused unread when it is too long, and when it is not UTF-8', () => {
    expect(() => readGraph(Buffer.alloc(50_000_000, 0x20))).toThrow('longer than 33,554,432 bytes')
    expect(() => readGraph(Buffer.from([0x5b, 0xff, 0x5d]))).toThrow('not UTF-8')
    expect(() => readGraph('['.repeat(200_000))).toThrow('the graph cannot be planned')
  })

  it('may begin with a byte order mark', () => {
    expect(parseGraph(readGraph('\uFEFF[{"id":"a","title":"a"}]'))).toHaveLength(1)
  })
})

describe('a claim', () => {
  it('gives the task a session of its own, with a fresh budget, a parent, and the brief', async () => {
    const { home, sessionId } = await planned(diamond)
    const waymark = await openHome(home)
    const graph = await waymark.graph(sessionId)
    const schema = await graph.claim({ agent: 'ada' })
    await schema?.session.send({ type: 'decision.record', text: 'ids are UUIDs', reason: 'they travel' })
    await schema?.session.send({
      type: 'usage.record',
      callId: 'call-1',
      model: 'claude-sonnet-4-5',
      inputTokens: 90_000,
      outputTokens: 10,
      cacheReadTokens: 0,
      cacheCreationTokens: 0,
    })
    await graph.complete('schema', { result: 'three tables' })
    const api = await graph.claim({ agent: 'bob' })
    expect(api?.task).toMatchObject({ id: 'api', standing: 'running', agent: 'bob', attempts: 1 })
    expect(api?.session.state).toMatchObject({
      parentSessionId: sessionId,
      holder: 'bob',
      model: 'claude-sonnet-4-5',
    })
    expect(api?.session.state.window.usedTokens).toBe(0)
    expect(api?.brief).toContain('# Write the API')
    expect(api?.brief).toContain('SPEC-001')
    expect(api?.brief).toContain('Result: three tables')
    expect(api?.brief).toContain('- ids are UUIDs (they travel)')
    const told = await api?.session.brief({ tokens: 1_500 })
    expect(told?.text).toContain('Write the API')
    const item = api?.session.state.context.items['@TASK-BRIEF']
    expect(await waymark.content(item?.content?.hash ?? '')).toBe(api?.brief)
  })

  it('repeated under its command id gives the same task and session', async () => {
    const { home, sessionId } = await planned(diamond)
    const graph = await (await openHome(home)).graph(sessionId)
    const first = await graph.claim({ agent: 'ada', commandId: 'claim-1' })
    const elsewhere = await (await openHome(home)).graph(sessionId)
    const again = await elsewhere.claim({ agent: 'ada', commandId: 'claim-1' })
    expect([again?.task.id, again?.session.id]).toEqual([first?.task.id, first?.session.id])
    expect((await graph.view()).counts.running).toBe(1)
    expect(await codeOf(elsewhere.claim({ agent: 'bob', commandId: 'claim-1' }))).toContain(
      'COMMAND_ID_REUSED',
    )
  })

  it('repeated by a process that comes after the first has its place, so that nobody takes the task away', async () => {
    const { home, sessionId } = await planned(diamond)
    const before = await Waymark.open({ home, memoryFiles: false })
    await (await before.graph(sessionId)).claim({ agent: 'ada', commandId: 'claim-1' })
    await before.close()
    const after = await (await openHome(home)).graph(sessionId)
    const again = await after.claim({ agent: 'ada', commandId: 'claim-1' })
    const other = await (await openHome(home)).graph(sessionId)
    expect(await other.reclaim()).toEqual([])
    await after.complete('schema', { commandId: 'done-1' })
    await after.complete('schema', { commandId: 'done-1' })
    expect(await codeOf(after.complete('schema'))).toContain('COMMAND_REFUSED')
    expect((await after.claim({ agent: 'ada', commandId: 'claim-1' }))?.session.id).toBe(again?.session.id)
  })

  it('of nothing is null; of a named task that is not ready it is refused with what it waits for', async () => {
    const { home, sessionId } = await planned(diamond)
    const graph = await (await openHome(home)).graph(sessionId)
    expect(await codeOf(graph.claim({ agent: 'ada', taskId: 'tests' }))).toContain(
      'waiting: it waits for api, page',
    )
    expect(await codeOf(graph.claim({ agent: 'ada', taskId: 'nobody' }))).toContain('it is not there')
    expect(await codeOf(graph.claim({ agent: '' }))).toContain('COMMAND_INVALID: agent')
    await graph.claim({ agent: 'ada' })
    expect(await graph.claim({ agent: 'bob' })).toBeNull()
    expect(await codeOf(graph.claim({ agent: 'bob', taskId: 'schema' }))).toContain('it is running')
  })

  it('above max_parallel_sessions is refused clearly, and leaves the task ready', async () => {
    const wide = Array.from({ length: 4 }, (_, n) => ({ id: `task-${n}`, title: `task ${n}` }))
    const { home, sessionId } = await planned(wide)
    const graphs = await Promise.all(
      wide.map(async () => (await openHome(home, { settings: { maxParallelSessions: 3 } })).graph(sessionId)),
    )
    for (const [n, graph] of graphs.slice(0, 3).entries()) await graph.claim({ agent: `agent-${n}` })
    const last = graphs[3]
    expect(await codeOf(last?.claim({ agent: 'agent-3' }) ?? Promise.resolve())).toMatch(
      /^LIMIT_REACHED: 3 sessions are being written in this home/,
    )
    expect((await last?.view())?.ready).toEqual(['task-3'])
    await graphs[0]?.complete('task-0')
    expect((await last?.claim({ agent: 'agent-3' }))?.task.id).toBe('task-3')
  })

  it('by many at once gives each task to one of them', async () => {
    const wide = Array.from({ length: 12 }, (_, n) => ({ id: `task-${n}`, title: `task ${n}` }))
    const { home, sessionId } = await planned(wide)
    const settings = { maxParallelSessions: 50 }
    const graphs = await Promise.all(
      Array.from({ length: 6 }, async () => (await openHome(home, { settings })).graph(sessionId)),
    )
    const claims = await Promise.all(
      graphs.flatMap((graph, n) => [
        graph.claim({ agent: `a${n}` }),
        graph.claim({ agent: `b${n}` }),
        graph.claim({ agent: `c${n}` }),
      ]),
    )
    const taken = claims.flatMap((claim) => claim?.task.id ?? [])
    expect(taken.sort()).toEqual(wide.map(({ id }) => id).sort())
    expect(claims.filter((claim) => claim === null)).toHaveLength(6)
  })
})

describe('a task', () => {
  it('that is completed ends its work session, which can be resumed by its id', async () => {
    const { home, sessionId } = await planned(diamond)
    const waymark = await openHome(home)
    const graph = await waymark.graph(sessionId)
    const claim = await graph.claim({ agent: 'ada' })
    await graph.complete('schema', { result: 'three tables', agent: 'ada' })
    const session = await waymark.openSession(claim?.session.id ?? '')
    expect(session.state).toMatchObject({ status: 'ended', endReason: 'three tables' })
    await session.send({ type: 'session.resume' })
    expect(session.state.status).toBe('active')
    expect((await graph.ready()).map(({ id }) => id)).toEqual(['api', 'page'])
  })

  it('that fails for good holds up its dependants all the way down; one that may be retried goes on', async () => {
    const { home, sessionId } = await planned(diamond)
    const graph = await (await openHome(home)).graph(sessionId)
    await graph.claim({ agent: 'ada' })
    await graph.fail('schema', { reason: 'no disk', retryable: true })
    const held = await graph.view()
    expect(held.nodes.map(({ id, standing, heldUpBy }) => [id, standing, heldUpBy])).toEqual([
      ['schema', 'failed', []],
      ['api', 'held-up', ['schema']],
      ['page', 'held-up', ['schema']],
      ['tests', 'held-up', ['schema']],
    ])
    expect(await graph.waitForReady(AbortSignal.timeout(5_000))).toBe('held-up')
    expect(await graph.claim({ agent: 'bob' })).toBeNull()
    await graph.retry('schema')
    const again = await graph.claim({ agent: 'bob' })
    expect(again).toMatchObject({ resumed: true, task: { id: 'schema', attempts: 2, agent: 'bob' } })
    await graph.fail('schema', { reason: 'really not' })
    expect(await codeOf(graph.retry('schema'))).toContain('given up')
  })

  it('is settled by its agent only, when an agent says who it is', async () => {
    const { home, sessionId } = await planned(diamond)
    await (await (await openHome(home)).graph(sessionId)).claim({ agent: 'ada' })
    const elsewhere = await (await openHome(home)).graph(sessionId)
    expect(await codeOf(elsewhere.complete('schema', { agent: 'bob' }))).toContain(
      'worked on by ada, not by bob',
    )
    await elsewhere.complete('schema', { agent: 'ada' })
    expect((await elsewhere.view()).counts.completed).toBe(1)
  })

  it('that is given back is resumed in the same session, and its former worker is refused', async () => {
    const { home, sessionId } = await planned(diamond)
    const first = await (await openHome(home)).graph(sessionId)
    const second = await (await openHome(home)).graph(sessionId)
    const before = await first.claim({ agent: 'ada' })
    await before?.session.send({ type: 'task.add', taskId: 'half', title: 'half done' })
    await second.release('schema', { reason: 'ada is on holiday' })
    const after = await second.claim({ agent: 'bob' })
    expect(after?.session.id).toBe(before?.session.id)
    expect(after).toMatchObject({ resumed: true, session: { state: { holder: 'bob', epoch: 2 } } })
    expect(after?.recovery?.recorded).toBe(true)
    expect(Object.keys(after?.session.state.tasks ?? {})).toEqual(['half'])
    await expect(before?.session.send({ type: 'decision.record', text: 'too late' })).rejects.toThrow(
      StaleHolder,
    )
    await expect(first.complete('schema', { result: 'mine' })).rejects.toThrow(StaleHolder)
    await second.complete('schema', { result: 'bobs' })
  })

  it('whose claim was taken back is not given again under the old command id', async () => {
    const { home, sessionId } = await planned(diamond)
    const first = await (await openHome(home)).graph(sessionId)
    await first.claim({ agent: 'ada', commandId: 'claim-1' })
    const second = await (await openHome(home)).graph(sessionId)
    await second.release('schema')
    await second.claim({ agent: 'bob' })
    await expect(first.claim({ agent: 'ada', commandId: 'claim-1' })).rejects.toThrow(StaleHolder)
  })

  it('can be handed off to another agent, who alone may go on and complete it', async () => {
    const { home, sessionId } = await planned(diamond)
    const first = await (await openHome(home)).graph(sessionId)
    const claim = await first.claim({ agent: 'ada' })
    await claim?.session.send({ type: 'session.hand-off', fromAgent: 'ada', toAgent: 'bob' })
    const second = await (await openHome(home)).graph(sessionId)
    expect(await codeOf(second.takeOver('schema', { agent: 'eve' }))).toContain(
      'handed off to bob, not to eve',
    )
    const taken = await second.takeOver('schema', { agent: 'bob' })
    expect(taken.session.state).toMatchObject({ holder: 'bob', epoch: 2 })
    expect((await second.workers()).map(({ holder, loss }) => [holder, loss])).toEqual([['bob', null]])
    await expect(first.complete('schema')).rejects.toThrow(StaleHolder)
    await second.complete('schema', { agent: 'bob' })
    expect((await first.view()).nodes[0]).toMatchObject({ standing: 'completed', agent: 'bob' })
  })

  it('that is handed off waits for its next agent, whose loop takes it over, even when its first agent has gone', async () => {
    const { home, sessionId } = await planned(diamond)
    const gone = await Waymark.open({ home, memoryFiles: false })
    const claim = await (await gone.graph(sessionId)).claim({ agent: 'ada' })
    await claim?.session.send({ type: 'session.hand-off', fromAgent: 'ada', toAgent: 'bob' })
    await gone.close()
    const graph = await (await openHome(home)).graph(sessionId)
    expect(await graph.reclaim()).toEqual([])
    const signal = AbortSignal.timeout(20_000)
    expect(await graph.waitForReady(AbortSignal.timeout(700), 'eve')).toBe('aborted')
    const taken: string[] = []
    for await (const { task, resumed, session } of graph.claims({ agent: 'bob', signal })) {
      taken.push(`${task.id} ${resumed} ${session.state.epoch}`)
      await graph.complete(task.id, { agent: 'bob' })
    }
    expect(taken).toEqual(['schema true 2', 'api false 1', 'page false 1', 'tests false 1'])
  })
})

describe('a worker that is gone', () => {
  it('is noticed when it closed its home, and its task goes on in the same session', async () => {
    const { home, sessionId } = await planned(diamond)
    const gone = await Waymark.open({ home, memoryFiles: false })
    const before = await (await gone.graph(sessionId)).claim({ agent: 'ada' })
    const graph = await (await openHome(home)).graph(sessionId)
    expect(await graph.reclaim()).toEqual([])
    await gone.close()
    expect(await graph.waitForReady(AbortSignal.timeout(5_000))).toBe('lost')
    expect(await graph.reclaim({ actor: 'bob' })).toEqual([
      {
        taskId: 'schema',
        agent: 'ada',
        workSessionId: before?.session.id,
        reason: 'the process of ada is gone',
        ready: true,
      },
    ])
    expect(await graph.reclaim()).toEqual([])
    expect(await graph.claim({ agent: 'bob' })).toMatchObject({
      resumed: true,
      session: { id: before?.session.id },
    })
  })

  it('whose claim was tied to no process is gone after silence alone', async () => {
    const { home, sessionId } = await planned(diamond)
    const gone = await Waymark.open({ home, memoryFiles: false })
    await (await gone.graph(sessionId)).claim({ agent: 'ada', tied: false })
    await gone.close()
    const graph = await (await openHome(home)).graph(sessionId)
    expect(await graph.reclaim()).toEqual([])
    const [taken] = await graph.reclaim({ silentMs: 0 })
    expect(taken?.reason).toMatch(/^nothing was heard of ada for/)
  })

  it('is followed by others only so often: then the task stays failed until somebody retries it', async () => {
    const { home, sessionId } = await planned(diamond)
    const graph = await (await openHome(home)).graph(sessionId)
    for (let attempt = 1; attempt <= 2; attempt++) {
      const gone = await Waymark.open({ home, memoryFiles: false })
      await (await gone.graph(sessionId)).claim({ agent: 'ada' })
      await gone.close()
      expect(await graph.reclaim({ attemptsMax: 2 })).toMatchObject([{ ready: attempt < 2 }])
    }
    expect((await graph.view()).counts).toMatchObject({ failed: 1, 'held-up': 3 })
    await graph.retry('schema')
    expect((await graph.view()).ready).toEqual(['schema'])
  })

  it('leaves a session that cannot be read: the task goes on in a fresh one that names it', async () => {
    const { home, sessionId } = await planned(diamond)
    const waymark = await openHome(home)
    const graph = await waymark.graph(sessionId)
    const lost = 'sess_00000000-0000-4000-8000-00000000dead'
    const session = await waymark.openSession(sessionId)
    await session.send({ type: 'task.start', taskId: 'schema', agent: 'ada', workSessionId: lost })
    await graph.reclaim({ silentMs: 0 })
    const claim = await graph.claim({ agent: 'bob' })
    expect(claim).toMatchObject({ resumed: false, session: { state: { continuesSessionId: lost } } })
  })
})

describe('one claim after the other', () => {
  it('ends when the graph is finished', async () => {
    const { home, sessionId } = await planned(diamond)
    const graph = await (await openHome(home)).graph(sessionId)
    const order: string[] = []
    for await (const { task } of graph.claims({ agent: 'ada', signal: AbortSignal.timeout(20_000) })) {
      order.push(task.id)
      await graph.complete(task.id, { result: `${task.id} is done` })
    }
    expect(order).toEqual(['schema', 'api', 'page', 'tests'])
    expect((await graph.view()).finished).toBe(true)
  })

  it('waits for others, and stops when it is told to', async () => {
    const { home, sessionId } = await planned(diamond)
    const other = await (await openHome(home)).graph(sessionId)
    await other.claim({ agent: 'ada' })
    const graph = await (await openHome(home)).graph(sessionId)
    const stop = new AbortController()
    const waiting = graph.waitForReady(stop.signal)
    await other.complete('schema')
    expect(await waiting).toBe('ready')
    await graph.claim({ agent: 'bob', taskId: 'api' })
    await graph.claim({ agent: 'bob', taskId: 'page' })
    const waitingAgain = graph.waitForReady(stop.signal)
    stop.abort()
    expect(await waitingAgain).toBe('aborted')
  })
})
