/**
 * Goal: reading beside a process that writes sees no damage that is not there.
 * Method: a real process appends as fast as it can; meanwhile the session is opened, verified and recovered again and again.
 */
import { expect, it } from 'vitest'
import { Waymark } from '../../src/session/waymark.ts'
import { startWorker, temporaryHome, until } from '../support/processes.ts'

it('verify, open, read and recover find nothing wrong while another process appends', async () => {
  const { home, remove } = await temporaryHome()
  const waymark = await Waymark.open({ home })
  const { id } = await waymark.createSession({ title: 'written to all the time' })
  const writer = startWorker('record.mjs', home, id, 'w', '2000', '8')
  await until(() => writer.lines.length > 20, 'the writer to begin')
  let rounds = 0
  for (let ended = false; !ended && rounds < 200; rounds++) {
    expect(await waymark.verify()).toMatchObject({ ok: true })
    const session = await waymark.openSession(id)
    expect((await session.at(session.version)).version).toBe(session.version)
    expect(await waymark.recover(id)).toMatchObject({ damage: null, recorded: true })
    ended = writer.child.exitCode !== null
  }
  expect(await writer.ended).toMatchObject({ code: 0, stderr: '' })
  expect(rounds).toBeGreaterThan(3)
  await waymark.close()
  await remove()
}, 120_000)
