/** What simulations have found, as short as it goes. */
import { expect, it } from 'vitest'
import { seeded } from '../../src/kernel/clock.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { verifyLog } from '../../src/replay/verify/verify.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { faultyLog } from '../../src/testing/store/faulty-log.ts'

const recoveryId = 'reco_00000000-0000-4000-8000-000000000001'

it('a session that is suspended while it is recovered is suspended after the next step, and verifies', async () => {
  const waymark = await Waymark.open({ store: new MemoryLog(), ...seeded(1) })
  const session = await waymark.createSession()
  await session.send({ type: 'recovery.begin', recoveryId, taskPolicy: 'keep' })
  await session.send({ type: 'session.suspend' })
  await session.send({
    type: 'recovery.record-step',
    recoveryId,
    step: 'restore',
    outcome: 'done',
    detail: 'all of it is there',
  })
  expect(session.state.status).toBe('suspended')
  const { ok, sessions } = await waymark.verify()
  expect(sessions.flatMap(({ machines }) => machines?.divergences ?? [])).toEqual([])
  expect(ok).toBe(true)
})

it('a store that fails while a fork is verified is no damage of what the fork inherits', async () => {
  const store = new MemoryLog()
  const waymark = await Waymark.open({ store, ...seeded(1) })
  const fork = await (await waymark.createSession()).fork()
  for (let nth = 1; nth <= 4; nth++) {
    const log = faultyLog(store, { faults: [{ on: 'read', nth, fault: 'fail', code: 'STORE_FAILED' }] })
    const outcome = await verifyLog(log, fork.id).catch((error: unknown) => error)
    if (log.injected.length > 0) expect(outcome).toMatchObject({ code: 'STORE_FAILED' })
    else expect(outcome).toMatchObject({ ok: true })
  }
})
