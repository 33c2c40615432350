/**
 * Forking one session many times. Goal: what was taken out of the parent meanwhile is always noticed, though its newest state is loaded
 * for the first fork only. Method: forks before and after a redaction; the loads of the parent's snapshots are counted.
 */
import { expect, it } from 'vitest'
import { seeded } from '../../src/kernel/clock.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { EventLog } from '../../src/log/port.ts'
import { redactSession } from '../../src/redaction/redact.ts'
import { Waymark } from '../../src/session/waymark.ts'

/** The same log; which versions of a session were loaded is noted. */
function noting(log: MemoryLog): { readonly log: EventLog; readonly loaded: number[] } {
  const loaded: number[] = []
  const noted: EventLog = new Proxy(log, {
    get: (target, name) => {
      if (name === 'snapshots') {
        return (sessionId: string, atMost?: number) => {
          loaded.push(atMost ?? Number.POSITIVE_INFINITY)
          return target.snapshots(sessionId, atMost)
        }
      }
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return { log: noted, loaded }
}

it('sees what was taken out since the fork before, and loads the newest state once', async () => {
  const { log, loaded } = noting(new MemoryLog())
  const waymark = await Waymark.open({ store: log, policies: [], ...seeded(9) })
  const parent = await waymark.createSession({ title: 'parent' })
  await parent.send({ type: 'task.add', taskId: 'A', title: 'rotate AKIAIOSFODNN7EXAMPLE today' })
  const at = parent.version
  for (let n = 0; n < 10; n += 1) await parent.send({ type: 'context.measure', contextTokens: n })

  await waymark.fork(parent.id, { at })
  expect(loaded).toEqual([at, parent.version])
  loaded.length = 0
  await parent.send({ type: 'context.measure', contextTokens: 11 })
  const second = await waymark.fork(parent.id, { at })
  expect(loaded).toEqual([at])
  expect(second.state.redactions).toBe(0)

  await redactSession(waymark.log, waymark.environment, parent.id, { patterns: ['aws-key'] })
  const third = await waymark.fork(parent.id, { at })
  expect(third.state.redactions).toBe(1)
  const fourth = await waymark.fork(parent.id, { at })
  expect(fourth.state.redactions).toBe(1)
  await waymark.close()
})
