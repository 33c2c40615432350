/**
 * Goal: whatever moment a recording process is killed at, every acknowledged command is there, none twice, and the next
 * open recovers. Method: real processes on a real file, killed with SIGKILL after a random number of acknowledgements
 * plus a random delay, again and again on the same session.
 */
import { describe, expect, it } from 'vitest'
import { isKnown } from '../../src/events/envelope.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { eventsOf } from '../support/events.ts'
import { startWorker, temporaryHome, until } from '../support/processes.ts'

const kills = 10
const commandsPerRun = 400

/** A small generator, so that a failing run can be told by its round alone. */
function random(seed: number): number {
  const x = Math.sin(seed * 12.9898) * 43_758.5453
  return x - Math.floor(x)
}

describe('kill -9', () => {
  it('loses no acknowledged event, repeats none, and the next open recovers', {
    timeout: 180_000,
  }, async () => {
    const { home, remove } = await temporaryHome()
    const waymark = await Waymark.open({ home })
    const { id } = await waymark.createSession({ title: 'killed many times' })
    const acknowledged = new Map<string, number>()
    for (let round = 0; round < kills; round++) {
      const worker = startWorker('record.mjs', home, id, `round-${round}`, String(commandsPerRun))
      const wanted = 1 + Math.floor(random(round) * 30)
      await until(() => worker.lines.length > wanted, `${wanted} acknowledgements in round ${round}`)
      await new Promise((resolve) => setTimeout(resolve, random(round + 0.5) * 4))
      worker.child.kill('SIGKILL')
      const { signal, stderr } = await worker.ended
      expect([signal, stderr]).toEqual(['SIGKILL', ''])
      for (const line of worker.lines.slice(1)) {
        const [commandId = '', version = ''] = line.split(' ')
        acknowledged.set(commandId, Number(version))
      }
      const report = await waymark.recover(id)
      expect(report).toMatchObject({ damage: null, recorded: true })
    }
    const events = await eventsOf(waymark.log, id)
    expect(events.map(({ version }) => version)).toEqual(events.map((_, index) => index + 1))
    const added = events.filter(isKnown).filter((event) => event.type === 'task.added')
    const byCommand = new Map(added.map((event) => [event.commandId, event.version]))
    expect(byCommand.size).toBe(added.length)
    for (const [commandId, version] of acknowledged) expect(byCommand.get(commandId)).toBe(version)
    expect(acknowledged.size).toBeGreaterThan(kills)
    expect(await waymark.verify()).toMatchObject({ ok: true })
    await waymark.close()
    await remove()
  })

  it('two processes sending to one session lose, repeat and interleave nothing', {
    timeout: 120_000,
  }, async () => {
    const { home, remove } = await temporaryHome()
    const waymark = await Waymark.open({ home })
    const session = await waymark.createSession({ title: 'two writers' })
    const workers = ['left', 'right'].map((side) =>
      startWorker('record.mjs', home, session.id, side, '150', '3'),
    )
    for (const { ended } of workers) expect(await ended).toMatchObject({ code: 0, stderr: '' })
    const events = await eventsOf(waymark.log, session.id)
    expect(events.map(({ version }) => version)).toEqual(events.map((_, index) => index + 1))
    expect(new Set(events.map(({ commandId }) => commandId)).size).toBe(302)
    const printed = workers.flatMap(({ lines }) => lines.slice(1).map((line) => Number(line.split(' ')[1])))
    expect(printed.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 300 }, (_, n) => n + 3))
    expect(Object.keys((await session.refresh()).tasks).length).toBe(300)
    expect(await waymark.verify()).toMatchObject({ ok: true })
    await waymark.close()
    await remove()
  })
})
