/**
 * Goal: whatever the graph and whatever the order in which things happen, a task is ready only when all it depends on is completed, one
 * worker at a time holds it, and a graph that nothing fails in is worked to its end.
 * Method: random graphs, random commands, and workers of one log taking turns at random; each compared with the plainest account of the
 * same thing. Then graphs as large, as deep and as wrong as they may be.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isKnown } from '../../src/events/envelope.ts'
import type { GraphSpec } from '../../src/events/graph.ts'
import { type ReadonlyState, taskOf } from '../../src/fold/state.ts'
import { CommandRefused, StaleHolder, WaymarkError } from '../../src/kernel/errors.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { EventLog } from '../../src/log/port.ts'
import type { Claim } from '../../src/session/graph/options.ts'
import type { TaskGraph } from '../../src/session/graph/task-graph.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { graphOf } from '../../src/views/graph.ts'
import { inDependencyOrder } from '../../src/views/graph-order.ts'
import { eventsOf } from '../support/events.ts'

const idOf = (n: number): string => `n${n}`

/** A graph without cycles: each node depends on some that are named before it. The plan names them in any order. */
function acyclicArbitrary(nodesMax: number): fc.Arbitrary<readonly GraphSpec[]> {
  return fc
    .array(fc.array(fc.nat(), { maxLength: 3 }), { minLength: 1, maxLength: nodesMax })
    .map((choices) =>
      choices.map((picked, n) => ({
        id: idOf(n),
        title: `node ${n}`,
        dependsOn: n === 0 ? [] : [...new Set(picked.map((choice) => idOf(choice % n)))],
      })),
    )
    .chain((specs) => fc.shuffledSubarray(specs, { minLength: specs.length, maxLength: specs.length }))
}

/** Any graph at all, cycles included. */
const anyGraphArbitrary = fc
  .array(fc.array(fc.nat({ max: 7 }), { maxLength: 3 }), { minLength: 1, maxLength: 8 })
  .map((choices) =>
    choices.map((picked, n): GraphSpec & { readonly dependsOn: readonly string[] } => ({
      id: idOf(n),
      title: `node ${n}`,
      dependsOn: [...new Set(picked.filter((other) => other < choices.length).map(idOf))],
    })),
  )

/** The plainest account of a cycle: take away what waits for nothing until nothing can be taken away. */
function hasCycle(specs: readonly { readonly id: string; readonly dependsOn: readonly string[] }[]): boolean {
  let left = [...specs]
  for (;;) {
    const ids = new Set(left.map(({ id }) => id))
    const waiting = left.filter(({ dependsOn }) => dependsOn.some((id) => ids.has(id)))
    if (waiting.length === left.length) return left.length > 0
    left = waiting
  }
}

async function graphIn(log: EventLog, specs: readonly GraphSpec[]): Promise<TaskGraph> {
  const waymark = await Waymark.open({ store: log })
  const session = await waymark.createSession({ title: 'the graph' })
  const graph = await waymark.graph(session.id)
  await graph.plan(specs)
  return graph
}

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => null,
    (error: unknown) => error,
  )
}

/** What the log says happened to tasks, checked as it goes: who holds what, and that nothing started too early. */
async function checkHistory(log: EventLog, sessionId: string): Promise<ReadonlyMap<string, number>> {
  const dependsOn = new Map<string, readonly string[]>()
  const holder = new Map<string, string>()
  const completions = new Map<string, number>()
  for (const event of (await eventsOf(log, sessionId)).filter(isKnown)) {
    if (event.type === 'task.added') dependsOn.set(event.data.taskId, event.data.dependsOn ?? [])
    if (event.type === 'task.started') {
      const { taskId, agent = 'nobody' } = event.data
      expect(holder.get(taskId), `${taskId} is held by nobody else`).toBeUndefined()
      expect((dependsOn.get(taskId) ?? []).filter((id) => !completions.has(id))).toEqual([])
      holder.set(taskId, agent)
    }
    if (event.type === 'task.completed' || event.type === 'task.failed') holder.delete(event.data.taskId)
    if (event.type === 'task.completed') {
      completions.set(event.data.taskId, (completions.get(event.data.taskId) ?? 0) + 1)
    }
  }
  return completions
}

describe('the order of a graph', () => {
  it('law: a cycle is found exactly where the plainest account finds one, and what is named is one', () => {
    fc.assert(
      fc.property(anyGraphArbitrary, (specs) => {
        const { ordered, cycle } = inDependencyOrder(specs)
        expect(cycle !== null).toBe(hasCycle(specs))
        if (cycle !== null) {
          expect(cycle.at(0)).toBe(cycle.at(-1))
          for (const [n, id] of cycle.slice(0, -1).entries()) {
            expect(specs.find((spec) => spec.id === id)?.dependsOn).toContain(cycle[n + 1])
          }
        }
        const place = new Map(ordered.map(({ id }, n) => [id, n]))
        for (const { id, dependsOn } of ordered) {
          for (const other of dependsOn) expect(place.get(other)).toBeLessThan(place.get(id) ?? -1)
        }
        expect(ordered.length === specs.length).toBe(cycle === null)
      }),
    )
  })

  it('law: planning is refused exactly for cycles, and task by task deciding refuses what would close one', async () => {
    await fc.assert(
      fc.asyncProperty(anyGraphArbitrary, async (specs) => {
        const log = new MemoryLog()
        const waymark = await Waymark.open({ store: log })
        const session = await waymark.createSession()
        const graph = await waymark.graph(session.id)
        const failure = await failureOf(graph.plan(specs))
        expect(failure === null).toBe(!hasCycle(specs))
        if (failure !== null) expect(failure).toMatchObject({ code: 'GRAPH_INVALID' })
        expect(Object.keys((await session.refresh()).tasks)).toHaveLength(failure === null ? specs.length : 0)

        const other = await waymark.createSession()
        for (const { id: taskId, title } of specs) await other.send({ type: 'task.add', taskId, title })
        const accepted = new Map(specs.map(({ id }) => [id, { id, dependsOn: [] as readonly string[] }]))
        for (const { id, dependsOn } of specs) {
          const tried = [...accepted.values()].map((spec) => (spec.id === id ? { id, dependsOn } : spec))
          const refusal = await failureOf(
            other.send({ type: 'task.describe', taskId: id, dependsOn: [...dependsOn] }),
          )
          expect(refusal instanceof CommandRefused).toBe(hasCycle(tried))
          if (refusal === null) accepted.set(id, { id, dependsOn })
        }
      }),
      { numRuns: 60 },
    )
  })

  it('is not vacuous: random graphs have cycles and have none', () => {
    const found = fc.sample(anyGraphArbitrary, 200).map(hasCycle)
    expect(new Set(found)).toEqual(new Set([true, false]))
  })
})

/** Longest way down to a node without dependencies, reckoned by trying all of them. */
function levelOf(state: ReadonlyState, id: string): number {
  const dependsOn = taskOf(state, id)?.dependsOn ?? []
  return 1 + Math.max(0, ...dependsOn.map((other) => levelOf(state, other)))
}

function chainOf(state: ReadonlyState, id: string): number {
  const behind = Object.values(state.tasks).filter((task) => task.dependsOn.includes(id))
  return 1 + Math.max(0, ...behind.map((task) => chainOf(state, task.id)))
}

/** Whether something that failed lies anywhere below; what is completed waits for nothing, whatever lies below it. */
function isAboveFailure(state: ReadonlyState, id: string): boolean {
  const unmet = (taskOf(state, id)?.dependsOn ?? []).filter(
    (other) => taskOf(state, other)?.status !== 'completed',
  )
  return unmet.some((other) => taskOf(state, other)?.status === 'failed' || isAboveFailure(state, other))
}

const nodeCommands = ['task.start', 'task.complete', 'task.recover', 'task.cancel', 'task.unblock'] as const

describe('the view of a graph', () => {
  it('law: whatever is sent, what is ready has no unmet dependency, and every node stands where a plain account says', async () => {
    await fc.assert(
      fc.asyncProperty(
        acyclicArbitrary(8),
        fc.array(fc.tuple(fc.constantFrom(...nodeCommands, 'fail', 'block'), fc.nat()), { maxLength: 25 }),
        async (specs, steps) => {
          const log = new MemoryLog()
          const graph = await graphIn(log, specs)
          const session = await (await Waymark.open({ store: log })).openSession(graph.sessionId)
          for (const [step, choice] of steps) {
            const taskId = idOf(choice % specs.length)
            const command =
              step === 'fail'
                ? ({ type: 'task.fail', taskId, reason: 'no', retryable: choice % 2 === 0 } as const)
                : step === 'block'
                  ? ({ type: 'task.block', taskId, on: { kind: 'input' } } as const)
                  : ({ type: step, taskId } as const)
            await failureOf(session.send(command))
            const { state } = session
            const view = graphOf(state)
            for (const node of view.nodes) {
              const unmet = node.dependsOn.filter((id) => taskOf(state, id)?.status !== 'completed')
              expect(node.waitsFor).toEqual(unmet)
              const waits = node.status === 'pending' || node.status === 'recovered'
              expect(node.standing === 'ready').toBe(waits && unmet.length === 0)
              expect(view.ready.includes(node.id)).toBe(node.standing === 'ready')
              expect(node.standing === 'held-up').toBe(waits && isAboveFailure(state, node.id))
              expect(node.level).toBe(levelOf(state, node.id))
            }
            expect(Object.values(view.counts).reduce((sum, count) => sum + count, 0)).toBe(specs.length)
          }
          await checkHistory(log, graph.sessionId)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('law: the critical path of an untouched graph is as long as the longest way through it', async () => {
    await fc.assert(
      fc.asyncProperty(acyclicArbitrary(9), async (specs) => {
        const log = new MemoryLog()
        const graph = await graphIn(log, specs)
        const { state } = await (await Waymark.open({ store: log })).openSession(graph.sessionId)
        const { nodes, criticalPath, ready } = graphOf(state)
        for (const node of nodes) expect(node.chain).toBe(chainOf(state, node.id))
        expect(criticalPath).toHaveLength(Math.max(...nodes.map(({ chain }) => chain)))
        for (const [n, id] of criticalPath.entries()) {
          if (n > 0) expect(taskOf(state, id)?.dependsOn).toContain(criticalPath[n - 1])
        }
        const chains = ready.map((id) => chainOf(state, id))
        expect(chains).toEqual(chains.toSorted((a, b) => b - a))
      }),
      { numRuns: 60 },
    )
  })
})

type Turn = readonly [worker: number, act: 'claim' | 'complete' | 'release' | 'reclaim']

const turnsArbitrary = fc.array(
  fc.tuple(
    fc.nat({ max: 3 }),
    fc.constantFrom<Turn[1]>('claim', 'claim', 'complete', 'complete', 'release', 'reclaim'),
  ),
  { maxLength: 40 },
)

interface Worker {
  readonly name: string
  readonly graph: TaskGraph
  claim: Claim | null
}

async function takeTurn(worker: Worker, act: Turn[1]): Promise<void> {
  const { graph, name, claim } = worker
  if (act === 'claim' && claim === null) worker.claim = await graph.claim({ agent: name })
  // Everybody counts as gone, those who are not too: they will be refused.
  if (act === 'reclaim') await graph.reclaim({ silentMs: Number.NEGATIVE_INFINITY, attemptsMax: 1_000 })
  if (claim === null || (act !== 'complete' && act !== 'release')) return
  worker.claim = null
  const settled = act === 'complete' ? graph.complete(claim.task.id) : graph.release(claim.task.id)
  const failure = await failureOf(settled)
  if (failure !== null && !(failure instanceof StaleHolder) && !(failure instanceof CommandRefused))
    throw failure
}

describe('workers of a graph', () => {
  it('law: in any interleaving no two hold one task, and the graph ends completed, each task once', async () => {
    await fc.assert(
      fc.asyncProperty(acyclicArbitrary(7), turnsArbitrary, async (specs, turns) => {
        const log = new MemoryLog()
        const { sessionId } = await graphIn(log, specs)
        const workers: Worker[] = []
        for (const name of ['ada', 'bob', 'cay', 'dan']) {
          workers.push({
            name,
            graph: await (await Waymark.open({ store: log })).graph(sessionId),
            claim: null,
          })
        }
        for (const [n, act] of turns) {
          const worker = workers[n]
          if (worker !== undefined) await takeTurn(worker, act)
        }
        for (let round = 0; round <= specs.length * 2; round++) {
          for (const worker of workers)
            for (const act of ['claim', 'complete'] as const) await takeTurn(worker, act)
          const [first] = workers
          if (round === 0 && first !== undefined) await takeTurn(first, 'reclaim')
        }
        const view = await workers[0]?.graph.view()
        expect(view?.finished).toBe(true)
        const completions = await checkHistory(log, sessionId)
        expect(Object.fromEntries(completions)).toEqual(Object.fromEntries(specs.map(({ id }) => [id, 1])))
      }),
      { numRuns: 60 },
    )
  })

  it('law: workers that run at the same time finish every graph, each task once', async () => {
    await fc.assert(
      fc.asyncProperty(acyclicArbitrary(9), fc.integer({ min: 1, max: 5 }), async (specs, count) => {
        const log = new MemoryLog()
        const { sessionId } = await graphIn(log, specs)
        const work = async (name: string): Promise<void> => {
          const graph = await (await Waymark.open({ store: log })).graph(sessionId)
          for await (const { task } of graph.claims({ agent: name, signal: AbortSignal.timeout(20_000) })) {
            await graph.complete(task.id, { result: name })
          }
          expect((await graph.view()).finished).toBe(true)
        }
        await Promise.all(Array.from({ length: count }, (_, n) => work(`worker-${n}`)))
        expect((await checkHistory(log, sessionId)).size).toBe(specs.length)
      }),
      { numRuns: 40 },
    )
  })

  it('is not vacuous: turns make workers stale, tasks are resumed, and several work at a time', async () => {
    const specs = [
      { id: 'n0', title: 'a' },
      { id: 'n1', title: 'b' },
    ]
    const log = new MemoryLog()
    const { sessionId } = await graphIn(log, specs)
    const open = async (name: string): Promise<Worker> => ({
      name,
      graph: await (await Waymark.open({ store: log })).graph(sessionId),
      claim: null,
    })
    const [ada, bob] = [await open('ada'), await open('bob')]
    await takeTurn(ada, 'claim')
    await takeTurn(bob, 'claim')
    expect((await bob.graph.view()).counts.running).toBe(2)
    await takeTurn(bob, 'reclaim')
    expect((await bob.graph.view()).counts.ready).toBe(2)
    const again = await bob.graph.claim({ agent: 'bob', taskId: 'n0' })
    expect(again?.resumed).toBe(true)
    expect(await failureOf(ada.graph.complete('n0'))).toBeInstanceOf(StaleHolder)
  })
})

describe('a hostile graph', () => {
  it('of 10,000 nodes is planned, shown and worked', { timeout: 120_000 }, async () => {
    const specs = Array.from({ length: 10_000 }, (_, n) => ({
      id: idOf(n),
      title: `node ${n}`,
      dependsOn: n < 100 ? [] : [...new Set([idOf(n - 100), idOf(n - 1 - (n % 99)), idOf(n - 50)])],
    }))
    const graph = await graphIn(new MemoryLog(), specs)
    const view = await graph.view()
    expect(view.nodes).toHaveLength(10_000)
    expect(view.counts.ready + view.counts.waiting).toBe(10_000)
    const claim = await graph.claim({ agent: 'ada' })
    expect(claim?.task.id).toBe(view.ready[0])
    await graph.fail(claim?.task.id ?? '', { reason: 'no' })
    expect((await graph.view()).counts['held-up']).toBeGreaterThan(1_000)
    const more = await failureOf(graph.plan([{ id: 'one-more', title: 'too many' }]))
    expect(more).toMatchObject({ code: 'COMMAND_REFUSED' })
  })

  it('of a chain of 5,000 nodes, given last first, is planned and shown', { timeout: 60_000 }, async () => {
    const specs = Array.from({ length: 5_000 }, (_, n) => ({
      id: idOf(n),
      title: `node ${n}`,
      dependsOn: n === 0 ? [] : [idOf(n - 1)],
    })).reverse()
    const graph = await graphIn(new MemoryLog(), specs)
    const view = await graph.view()
    expect(view).toMatchObject({ levels: 5_000, ready: ['n0'] })
    expect(view.criticalPath).toHaveLength(5_000)
    const [first] = specs.slice(-1)
    const closed = [...specs.slice(0, -1), { ...first, id: 'n0', title: 'node 0', dependsOn: ['n4999'] }]
    const failure = await failureOf((await graphIn(new MemoryLog(), [{ id: 'x', title: 'x' }])).plan(closed))
    expect(failure).toBeInstanceOf(WaymarkError)
    expect(failure).toMatchObject({ code: 'GRAPH_INVALID' })
    expect(failure instanceof Error ? failure.message.length : 0).toBeLessThan(400)
  })

  it('of tasks with names that objects have by themselves is a graph like any other', async () => {
    const specs = [
      { id: 'constructor', title: 'a', dependsOn: ['toString'] },
      { id: 'toString', title: 'b' },
      { id: 'hasOwnProperty', title: 'c', dependsOn: ['constructor', 'toString'] },
    ]
    const graph = await graphIn(new MemoryLog(), specs)
    const order: string[] = []
    for await (const { task } of graph.claims({ agent: 'ada', signal: AbortSignal.timeout(10_000) })) {
      order.push(task.id)
      await graph.complete(task.id)
    }
    expect(order).toEqual(['toString', 'constructor', 'hasOwnProperty'])
  })
})
