/** A home with more sessions than anybody looks at: what is found is bounded, and what was left out is counted. */
import { describe, expect, it } from 'vitest'
import { limits } from '../../src/kernel/limits.ts'
import { later, makePlace, ofCode } from './support.ts'

const beyond = 20

describe('findings of many sessions', () => {
  it('are listed up to a bound, and counted past it', { timeout: 180_000 }, async () => {
    const place = await makePlace()
    const count = limits.findingsPerCheckMax + beyond
    const set = ['max_parallel_sessions=1000']
    const options = { policies: [], memoryFiles: false, set }
    // As many as one writer may have open at a time, then the rest.
    for (const part of [limits.findingsPerCheckMax, beyond]) {
      await place.library(async (waymark) => {
        for (let n = 0; n < part; n++) {
          const session = await waymark.createSession()
          await Promise.all([
            session.send({ type: 'task.add', taskId: 'T', title: 'one' }),
            session.send({ type: 'task.start', taskId: 'T' }),
            session.send({ type: 'session.suspend' }),
          ])
        }
      }, options)
    }
    const last = await place.session()
    await place.send(
      last,
      { type: 'task.add', taskId: 'T', title: 'one' },
      { type: 'task.start', taskId: 'T' },
    )
    const progress: string[] = []
    const examination = await place.examine({
      clock: later(120),
      onProgress: (text) => void progress.push(text),
    })
    expect(examination.sessions).toBe(count + 2)
    const found = ofCode(examination, 'idle-tasks')
    expect(found.length).toBe(limits.findingsPerCheckMax + 1)
    // The last one is a warning and lies past the bound: that must not be lost in the count.
    expect(found.at(-1)).toMatchObject({
      severity: 'warning',
      subject: null,
      message: `${beyond + 1} more like these`,
    })
    expect(progress.filter((text) => text.startsWith('examining session')).length).toBe(count + 2)
  })
})
