/**
 * Goal: handing over is fenced at the store, and killed anywhere it leaves no offer or a whole one. Method: real processes on a real
 * file: holders that go on writing while the session is taken from them; an offering process killed at random moments.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isKnown } from '../../src/events/envelope.ts'
import { readHandoff, validateHandoff } from '../../src/handoff/validate.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { eventsOf } from '../support/events.ts'
import { startWorker, temporaryHome, until } from '../support/processes.ts'

const rounds = 4
const kills = 12

/** A small generator, so that a failing run can be told by its round alone. */
function random(seed: number): number {
  const x = Math.sin(seed * 12.9898) * 43_758.5453
  return x - Math.floor(x)
}

describe('a handoff between processes', () => {
  it('a stale holder is always refused, also while appends race', { timeout: 120_000 }, async () => {
    const { home, remove } = await temporaryHome()
    const waymark = await Waymark.open({ home })
    const { id } = await waymark.createSession({ agent: 'agent-0' })
    const ends: { readonly version: number; readonly acknowledged: readonly number[] }[] = []
    for (let round = 0; round < rounds; round++) {
      const holders = ['left', 'right'].map((side) =>
        startWorker('hold-on.mjs', home, id, `${side}-${round}`),
      )
      await until(() => holders.every(({ lines }) => lines.length > 5), `writers in round ${round}`)
      const session = await waymark.openSession(id)
      await session.handOff({ fromAgent: `agent-${round}`, toAgent: `agent-${round + 1}` })
      const next = await waymark.openSession(id)
      const { epoch, version } = await next.acceptHandoff({ agent: `agent-${round + 1}` })
      expect(epoch).toBe(round + 2)
      // The new holder writes while the old ones still try to.
      for (let n = 0; n < 10; n++) await next.send({ type: 'turn.complete' }, { actor: `agent-${round + 1}` })
      for (const { ended, lines } of holders) {
        expect(await ended).toMatchObject({ code: 0, stderr: '' })
        expect(lines.slice(-3)).toEqual(['STALE_HOLDER', 'STALE_HOLDER', 'STALE_HOLDER'])
        ends.push({ version, acknowledged: lines.slice(1, -3).map(Number) })
      }
    }
    for (const { version, acknowledged } of ends) {
      expect(Math.max(...acknowledged)).toBeLessThan(version)
    }
    const events = await eventsOf(waymark.log, id)
    expect(events.map(({ version }) => version)).toEqual(events.map((_, index) => index + 1))
    let round = -1
    for (const event of events.filter(isKnown)) {
      if (event.type === 'session.taken-over') round += 1
      if (event.type === 'task.added') expect(event.data.taskId).toMatch(new RegExp(`-${round + 1}-`))
    }
    expect(round).toBe(rounds - 1)
    const added = events.filter(({ type }) => type === 'task.added').map(({ version }) => version)
    expect(added.toSorted((a, b) => a - b)).toEqual(
      ends.flatMap(({ acknowledged }) => acknowledged).toSorted((a, b) => a - b),
    )
    expect(await waymark.verify()).toMatchObject({ ok: true })
    await waymark.close()
    await remove()
  })

  it('killed while it is offered leaves no offer or a whole one, and no half file', {
    timeout: 120_000,
  }, async () => {
    const { home, remove } = await temporaryHome()
    const waymark = await Waymark.open({ home })
    const session = await waymark.createSession({ agent: 'spec-builder' })
    for (let n = 0; n < 30; n++) {
      const content = `${n} `.repeat(2_000)
      await session.send({ type: 'context.add', tier: 'critical', category: 'reference.project', content })
    }
    const file = join(home, 'package.json')
    const offers = new Set<string>()
    for (let round = 0; round < kills; round++) {
      const worker = startWorker('hand-off.mjs', home, session.id, file)
      await until(() => worker.lines.length > 1, `an offer in round ${round}`)
      await new Promise((resolve) => setTimeout(resolve, random(round) * 60))
      worker.child.kill('SIGKILL')
      const { signal, stderr } = await worker.ended
      expect([signal, stderr]).toEqual(['SIGKILL', ''])
      const told = worker.lines.slice(1)
      const events = await eventsOf(waymark.log, session.id)
      const handed = events.filter(isKnown).filter(({ type }) => type === 'session.handed-off')
      for (const event of handed) {
        if (event.type !== 'session.handed-off') continue
        const id = event.data.handoffId ?? ''
        if (offers.has(id)) continue
        offers.add(id)
        const bytes = await waymark.log.content(event.data.content?.hash ?? '')
        const { package: handoff, context } = readHandoff(bytes ?? '')
        expect([handoff.handoff_id, handoff.waymark.session_version]).toEqual([id, event.version - 1])
        expect(context.items).toHaveLength(30)
      }
      expect(told.filter((id) => !offers.has(id))).toEqual([])
      expect(existsSync(file)).toBe(true)
      expect(validateHandoff(readFileSync(file))).toMatchObject({ ok: true })
    }
    expect(offers.size).toBeGreaterThanOrEqual(kills)
    expect(await waymark.verify()).toMatchObject({ ok: true })
    await waymark.close()
    await remove()
  })
})
