/**
 * Goal: what state counts beside a collection is the collection's size, so that deciders need not count it.
 * Method: random histories through the real path, looked at after each command; and a rewind, which puts tasks back itself.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MemoryLog } from '../../src/log/memory.ts'
import { historyArbitrary } from '../../src/testing/arbitrary/history.ts'
import { play } from '../../src/testing/play.ts'

describe('counts', () => {
  it('law: taskCount is the number of tasks, at every step', async () => {
    let most = 0
    await fc.assert(
      fc.asyncProperty(historyArbitrary(40), async (commands) => {
        const { steps } = await play(new MemoryLog(), commands)
        for (const { after } of steps) {
          expect(after.taskCount).toBe(Object.keys(after.tasks).length)
          most = Math.max(most, after.taskCount)
        }
      }),
    )
    expect(most).toBeGreaterThan(1)
  })

  it('a rewind that takes tasks away and puts others back counts them anew', async () => {
    const restored = { tasks: { A: null }, items: {}, knowledge: null }
    const { state } = await play(new MemoryLog(), [
      { type: 'session.start' },
      { type: 'task.add', taskId: 'A', title: 'a' },
      { type: 'task.add', taskId: 'B', title: 'b' },
      { type: 'session.rewind', toVersion: 1, restored },
    ])
    expect([Object.keys(state.tasks), state.taskCount]).toEqual([['B'], 1])
  })
})
