/**
 * Which SPEC a task belongs to.
 *
 * Goal: the quick way through all tasks gives what walking up from each of them gives, in any forest, also one that no command leads to.
 * Method: a plain twin; random parents, cycles and missing ones included.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ReadonlyState } from '../../src/fold/state.ts'
import { specsByTask } from '../../src/views/spec-progress.ts'
import { type Sample, started, stateAfter } from './samples.ts'

type Tasks = Pick<ReadonlyState, 'tasks'>

function stateOf(
  tasks: readonly { id: string; parent: string | undefined; spec: string | undefined }[],
): Tasks {
  const samples = tasks.map(
    ({ id, parent, spec }): Sample => [
      'task.added',
      {
        taskId: id,
        title: id,
        ...(parent === undefined ? {} : { parentTaskId: parent }),
        ...(spec === undefined ? {} : { specId: spec }),
      },
    ],
  )
  return stateAfter(started, ...samples)
}

/** The plain twin: up from one task to the top. */
function specOf({ tasks }: Tasks, taskId: string): string | undefined {
  let named: string | undefined
  for (let at = tasks[taskId]; at !== undefined; at = tasks[at.parentTaskId ?? '']) {
    if (at.specId !== null) return at.specId
    if (at.id.startsWith('SPEC-')) named = at.id
  }
  return named
}

const ids = ['SPEC-1', 'a', 'SPEC-2', 'b', 'SPEC-3', 'c', 'd'] as const

/** Each task may lie below any that comes before it, or below one that is not there. */
const forestArbitrary = fc
  .tuple(
    ...ids.map((id, index) =>
      fc.record({
        id: fc.constant<string>(id),
        parent: fc.constantFrom(undefined, 'gone', ...ids.slice(0, index)),
        spec: fc.constantFrom(undefined, undefined, undefined, 'X', 'Y'),
      }),
    ),
  )
  .map((tasks) => [...tasks])

describe('the SPEC of a task', () => {
  it('law: is what walking up from it gives, whatever order the tasks stand in', () => {
    fc.assert(
      fc.property(forestArbitrary, fc.boolean(), (tasks, turned) => {
        const state = stateOf(turned ? tasks.toReversed() : tasks)
        const specs = specsByTask(state)
        for (const { id } of tasks) expect(specs.get(id), id).toBe(specOf(state, id))
      }),
    )
  })

  it('comes to an end where tasks lie below each other in a ring', () => {
    const state = stateOf([
      { id: 'SPEC-1', parent: 'b', spec: undefined },
      { id: 'b', parent: 'SPEC-1', spec: 'X' },
    ])
    expect(specsByTask(state).get('b')).toBe('X')
  })

  it('is found quickly however deep tasks lie', () => {
    const depth = 10_000
    const tasks = Array.from({ length: depth }, (_, index) => ({
      id: index === 0 ? 'SPEC-1' : `t${index}`,
      parent: index === 0 ? undefined : index === 1 ? 'SPEC-1' : `t${index - 1}`,
      spec: undefined,
    }))
    const state = stateOf(tasks.toReversed())
    const startedMs = performance.now()
    const specs = specsByTask(state)
    expect(performance.now() - startedMs).toBeLessThan(1_000)
    expect([specs.size, specs.get(`t${depth - 1}`)]).toEqual([depth, 'SPEC-1'])
  })
})
