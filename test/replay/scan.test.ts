/** Goal: a scan counts every turn, and lists as many as it may. Method: a predicate that turns at each batch, over more batches than that. */
import { expect, it } from 'vitest'
import type { Command } from '../../src/events/commands.ts'
import { limits } from '../../src/kernel/limits.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { bisectSession } from '../../src/replay/bisect/bisection.ts'
import { play } from '../../src/testing/play.ts'

const most = limits.flipsListedMax

it.each([3, most, most + 1])('of %d turns', async (turns) => {
  const log = new MemoryLog()
  const others = Array.from({ length: turns - 1 }, (): Command => ({ type: 'turn.complete' }))
  const { sessionId } = await play(log, [{ type: 'session.start' }, ...others], { policies: [] })
  const seen: number[] = []
  const onProgress = (version: number): number => seen.push(version)
  const { scan, probes, version, monotone } = await bisectSession(log, sessionId, 'version % 2 == 1', {
    scan: true,
    onProgress,
  })
  const listed = Array.from({ length: Math.min(turns, most) }, (_, at) => ({
    version: at + 1,
    before: at,
    holds: at % 2 === 0,
  }))
  expect(scan).toEqual({ heldBefore: false, flips: listed, flipCount: turns, looks: turns + 1 })
  expect(probes.length).toBe(listed.length + 1)
  expect([version, monotone]).toEqual([1, false])
  expect(seen).toEqual(seen.toSorted((a, b) => a - b))
  expect(seen.length).toBe(Math.ceil(turns / limits.pageEventsMax))
})
