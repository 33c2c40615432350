/**
 * Goal: a machine's stream travels like a session's: through snapshots, forks, bundles and redactions, and goes on where it was. Method: one
 * order with a context large enough to be kept apart in snapshots, and a secret in it, in a home on a disk.
 */
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { exportBundle } from '../../src/bundle/export.ts'
import { unbundle } from '../../src/bundle/unbundle.ts'
import { fold, frozen, stateHash } from '../../src/fold/fold.ts'
import { initialState } from '../../src/fold/state.ts'
import { redactSession } from '../../src/redaction/redact.ts'
import { loadState } from '../../src/replay/load.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { openHome, temporaryFolder } from '../bundle/support.ts'
import { eventsOf } from '../support/events.ts'
import { order, startOf } from './histories.ts'

const sessionId = 'sess_00000000-0000-4000-8000-0000000000ae'
const secret = 'AKIAIOSFODNN7EXAMPLE'

async function shopped(waymark: Waymark) {
  const machine = order()
  const { session } = await waymark.openMachine({ machine, sessionId, start: startOf(machine) })
  const add = (item: string) => session.send({ type: 'machine.send', event: { type: 'ADD', item } })
  const items = Array.from({ length: 14 }, (_, index) => `item ${index} ${'x'.repeat(120)}`)
  await Promise.all([...items, `key ${secret}`].map(add))
  return session
}

describe('a machine that travels', () => {
  it('comes back from a checkpoint and the events after it, in another process of the home', async () => {
    const home = temporaryFolder()
    const first = await Waymark.open({ home })
    const session = await shopped(first)
    const point = await session.checkpoint({ reason: 'before it is paid' })
    await session.send({ type: 'machine.send', event: { type: 'PAY' } })
    const whole = fold(frozen(initialState(sessionId)), await eventsOf(first.log, sessionId))
    expect(stateHash(whole)).toBe(stateHash(session.state))
    await first.close()
    const second = await Waymark.open({ home })
    onTestFinished(() => second.close())
    const loaded = await loadState(second.log, sessionId)
    expect(loaded.replayedEvents).toBeLessThan(5)
    expect(stateHash(loaded.state)).toBe(stateHash(whole))
    const { session: again, first: begun } = await second.openMachine({ machine: order(), sessionId })
    expect(begun).toEqual([])
    await again.send({
      type: 'machine.settle-effect',
      effectId: Object.keys(again.state.machine?.effects ?? {})[0] ?? '',
      outcome: 'done',
      output: 'a text of its own',
    })
    expect(again.state.machine?.snapshot).toMatchObject({
      value: 'shipping',
      context: { receipt: 'a text of its own' },
    })
    expect((await again.at(point.version)).machine?.snapshot['value']).toBe('open')
    await expect(again.rewind({ to: 2 })).rejects.toThrow(/a machine runs in it/)
    expect(await second.verify()).toMatchObject({ ok: true })
  })

  it('is checked and taken in elsewhere, and goes on there', async () => {
    const here = await openHome('sqlite')
    const there = await openHome('memory', 2)
    const session = await shopped(here)
    const path = join(temporaryFolder(), 'order.wmb')
    await exportBundle(here.log, session.id, path)
    await unbundle(there.log, path)
    const { session: arrived } = await there.openMachine({ machine: order(), sessionId })
    expect(stateHash(arrived.state)).toBe(stateHash(session.state))
    await arrived.send({ type: 'machine.send', event: { type: 'CANCEL' } })
    expect(arrived.state.machine?.status).toBe('done')
  })

  it('gives up what is taken out, and still stands where it stood', async () => {
    const waymark = await openHome('sqlite')
    const session = await shopped(waymark)
    const before = session.state.machine
    const report = await redactSession(waymark.log, waymark.environment, session.id, {
      patterns: ['aws-key'],
    })
    expect(report).toMatchObject({ events: 1, problemCount: 0 })
    const { session: again } = await waymark.openMachine({ machine: order(), sessionId })
    expect(JSON.stringify(await eventsOf(waymark.log, sessionId))).not.toContain(secret)
    expect(JSON.stringify(again.state)).not.toContain(secret)
    expect(again.state.machine).toMatchObject({
      transitions: before?.transitions,
      status: 'active',
      snapshot: { value: 'open' },
    })
    expect(again.state.machine?.snapshot['context']).toMatchObject({
      items: expect.arrayContaining(['key [redacted]']),
    })
    await again.send({ type: 'machine.send', event: { type: 'PAY' } })
    expect(await waymark.verify()).toMatchObject({ ok: true })
  })
})
