/**
 * Goal: a process that is killed while old events are sealed, or taken out of a block, loses nothing and leaves nothing half-done. Method: real
 * processes on real files, killed with SIGKILL inside and after each of the two transactions, at calls of the system on the way, and others
 * at random while they record and seal.
 */
import { beforeAll, describe, expect, it } from 'vitest'
import { sha256 } from '../../src/kernel/hash.ts'
import { canonicalJson } from '../../src/kernel/json.ts'
import { limits } from '../../src/kernel/limits.ts'
import { storePathOf } from '../../src/session/home.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { built } from '../cli/support.ts'
import { killedAtPoints, storeFiles } from '../support/crash-points.ts'
import { eventsOf } from '../support/events.ts'
import { missing, titled } from '../support/interposer.ts'
import { lengthen } from '../support/long-session.ts'
import { startWorker, startWorkerWith, temporaryHome, until } from '../support/processes.ts'

beforeAll(built, 180_000)

const length = limits.blockEventsMax + limits.unsealedEventsMin + 10

async function longSession(home: string): Promise<string> {
  const waymark = await Waymark.open({ home, memoryFiles: false })
  const session = await waymark.createSession({ title: 'long' })
  await lengthen(session, length)
  await waymark.close()
  return session.id
}

async function readOnly(
  home: string,
  id: string,
): Promise<{ readonly events: string; readonly ok: boolean }> {
  const waymark = await Waymark.open({ home, readOnly: true })
  const events = sha256(canonicalJson(await eventsOf(waymark.log, id)))
  const { ok } = await waymark.verify()
  await waymark.close()
  return { events, ok }
}

describe('kill -9 while sealing', () => {
  it('leaves every event where it was, inside or after each transaction', { timeout: 120_000 }, async () => {
    const { home, remove } = await temporaryHome()
    const id = await longSession(home)
    const read = async () => readOnly(home, id)
    const { events } = await read()
    for (const where of ['unsealing', 'unsealed', 'sealing', 'sealed']) {
      const killed = await startWorker('seal.mjs', storePathOf(home), id, where).ended
      expect([where, killed.signal, killed.stderr]).toEqual([where, 'SIGKILL', ''])
      expect(await read()).toEqual({ events, ok: true })
    }
    await remove()
  })

  it.skipIf(missing !== null)(
    titled('leaves every event where it was, at calls of the system'),
    {
      timeout: 1_800_000,
    },
    async () => {
      const { home, remove } = await temporaryHome()
      const id = await longSession(home)
      const { events } = await readOnly(home, id)
      await killedAtPoints(
        { original: home, files: storeFiles, perNameMax: 1 },
        (copy, environment) => startWorkerWith(environment, 'seal.mjs', storePathOf(copy), id, 'never'),
        async ({ home: copy, death }) => {
          expect(await readOnly(copy, id), death.name).toEqual({ events, ok: true })
        },
      )
      await remove()
    },
  )

  it('at any moment, keeps every acknowledged event once', { timeout: 240_000 }, async () => {
    const { home, remove } = await temporaryHome()
    const id = await longSession(home)
    const acknowledged: string[] = []
    for (let round = 0; round < 6; round++) {
      const worker = startWorker('record.mjs', home, id, `r${round}`, '1500', '100')
      await until(() => worker.lines.length > 150 * (round + 1), 'the worker')
      worker.child.kill('SIGKILL')
      await worker.ended
      acknowledged.push(...worker.lines.slice(1).map((line) => line.split(' ')[0] ?? ''))
    }
    const waymark = await Waymark.open({ home })
    const ids = (await eventsOf(waymark.log, id)).map(({ commandId }) => commandId)
    const counts = new Map<string, number>()
    for (const commandId of ids) counts.set(commandId, (counts.get(commandId) ?? 0) + 1)
    expect(acknowledged.filter((commandId) => counts.get(commandId) !== 1)).toEqual([])
    expect(await waymark.verify()).toMatchObject({ ok: true })
    await waymark.close()
    await remove()
  })
})
