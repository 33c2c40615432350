/** The graph in words and signs: each standing, names that Mermaid would misread, and a state that no command leads to. */
import { describe, expect, it } from 'vitest'
import type { Task } from '../../src/fold/state.ts'
import { graphOf } from '../../src/views/graph.ts'
import { graphLines, graphMermaid } from '../../src/views/graph-text.ts'

const blank: Task = {
  id: '',
  title: '',
  description: null,
  parentTaskId: null,
  specId: null,
  phase: null,
  dependsOn: [],
  agent: null,
  workSessionId: null,
  status: 'pending',
  blockedOn: null,
  returnsTo: null,
  switchCause: null,
  retryable: null,
  reason: null,
  checkpointId: null,
  attempts: 0,
  addedAt: '2026-01-01T00:00:00.000Z',
  startedAt: null,
  endedAt: null,
  runningSince: null,
  workedMs: 0,
}

function stateOf(
  ...tasks: readonly (Partial<Task> & { readonly id: string })[]
): Parameters<typeof graphOf>[0] {
  const entries = tasks.map((task) => [task.id, { ...blank, title: task.id, ...task }])
  return { sessionId: 'sess_x', version: 1, title: null, tasks: Object.fromEntries(entries) }
}

describe('the lines of a graph', () => {
  it('say of every standing where the task stands, and why', () => {
    const state = stateOf(
      { id: 'a', status: 'completed', agent: 'ada', workSessionId: 'sess_12345678-1234', attempts: 2 },
      { id: 'b', title: 'Two words', status: 'in_progress', agent: 'bob', attempts: 1 },
      { id: 'c', status: 'recovered', attempts: 1 },
      { id: 'd', status: 'blocked', blockedOn: { kind: 'input', detail: 'which colour' } },
      { id: 'e', status: 'failed', reason: 'no disk', retryable: true },
      { id: 'f', status: 'failed', reason: 'cancelled', retryable: false },
      { id: 'g', dependsOn: ['a', 'b'] },
      { id: 'h', dependsOn: ['e', 'f', 'a'] },
      { id: 'i', dependsOn: ['h'] },
      { id: 'j', status: 'blocked', blockedOn: { kind: 'limit' } },
    )
    expect(graphLines(graphOf(state)).map(({ text }) => text)).toEqual([
      'level 1',
      '  ✓ a (completed by ada in sess_12345678, attempt 2)',
      '  ▶ b: Two words (running by bob)',
      '  ○ c (ready again, after one attempt)',
      '  ‖ d (blocked: which colour)',
      '  ✗ e (failed: no disk, can be retried)',
      '  - f (cancelled)',
      '  ‖ j (blocked: limit)',
      'level 2',
      '  · g ← a, b (waits for b)',
      '  ! h ← e, f, a (held up by e, f)',
      'level 3',
      '  ! i ← h (held up by e, f)',
    ])
    expect(graphOf(state).counts).toEqual({
      ready: 1,
      running: 1,
      blocked: 2,
      waiting: 1,
      'held-up': 2,
      failed: 1,
      cancelled: 1,
      completed: 1,
    })
  })

  it('draw what a blocked task waits for among the tasks, as lists of other tools say it', () => {
    const state = stateOf(
      { id: 'a' },
      { id: 'b', status: 'blocked', blockedOn: { kind: 'task', ids: ['a'] } },
    )
    expect(graphLines(graphOf(state)).map(({ text }) => text)).toEqual([
      'level 1',
      '  ○ a (ready)',
      'level 2',
      '  ‖ b ← a (blocked: waits for a)',
    ])
  })

  it('of a session without tasks are none, and there is nothing left to do', () => {
    const view = graphOf(stateOf())
    expect(graphLines(view)).toEqual([])
    expect(view).toMatchObject({ finished: true, levels: 0, criticalPath: [] })
    expect(graphMermaid(view)).toBe('flowchart LR')
  })

  it('of a cycle, which no command leads to, are there all the same', () => {
    const view = graphOf(
      stateOf({ id: 'a', dependsOn: ['b'] }, { id: 'b', dependsOn: ['a'] }, { id: 'c', dependsOn: ['z'] }),
    )
    expect(Object.fromEntries(view.nodes.map(({ id, standing }) => [id, standing]))).toEqual({
      a: 'waiting',
      b: 'waiting',
      c: 'waiting',
    })
    expect(view.ready).toEqual([])
    expect(view.criticalPath.length).toBeLessThanOrEqual(3)
  })

  it('name at most ten of the tasks that hold another one up', () => {
    const failed = Array.from(
      { length: 50 },
      (_, n) => ({ id: `f${n}`, status: 'failed', retryable: true }) as const,
    )
    const state = stateOf(...failed, { id: 'x', dependsOn: failed.map(({ id }) => id) })
    expect(graphOf(state).nodes.at(-1)?.heldUpBy).toHaveLength(10)
  })
})

describe('the flowchart of a graph', () => {
  it('takes nothing in a title for a sign of its own', () => {
    const hostile = '"]; click n0 "javascript:alert(1)" %% `<script>` \n end'
    const mermaid = graphMermaid(graphOf(stateOf({ id: 'a', title: hostile })))
    const [, node] = mermaid.split('\n')
    expect(node).toMatch(/^ {2}n0\["a<br>[^"<>`\]%]*"\]:::ready$/)
    expect(mermaid.split('\n')).toHaveLength(3)
  })

  it('leaves out arrows to what is not there, and styles for what does not occur', () => {
    const mermaid = graphMermaid(
      graphOf(stateOf({ id: 'a', dependsOn: ['z'] }, { id: 'b', dependsOn: ['a'] })),
    )
    expect(mermaid.match(/-->/g)).toHaveLength(1)
    expect(mermaid.match(/classDef/g)).toHaveLength(1)
  })
})
