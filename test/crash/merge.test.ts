/**
 * Goal: a merge is there as a whole or not at all, whatever moment its process is killed at and whoever merges at the same time.
 * Method: real processes that fork, work and merge on a real file; killed with SIGKILL while they merge, or two of them at once.
 */
import { describe, expect, it } from 'vitest'
import { isKnown, type LoggedEvent } from '../../src/events/envelope.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { eventsOf } from '../support/events.ts'
import { startWorker, temporaryHome, until } from '../support/processes.ts'

const kills = 12
const tasksPerMerge = 60

/** How many commands each recorded merge says it brought, and how many follow it in its name. */
function countsOf(events: readonly LoggedEvent[]): readonly (readonly [string, number, number])[] {
  return events.filter(isKnown).flatMap((event) => {
    if (event.type !== 'session.merged') return []
    const brought = events.filter(({ causationId }) => causationId === event.id)
    return [[event.data.sourceSessionId, event.data.broughtCount, brought.length] as const]
  })
}

describe('merges of several processes', () => {
  it('killed in the middle, a merge is there with all it brings or not at all, and can be made again', {
    timeout: 180_000,
  }, async () => {
    const { home, remove } = await temporaryHome()
    const waymark = await Waymark.open({ home, settings: { maxParallelSessions: 1_000 } })
    const session = await waymark.createSession({ title: 'merged into while killed' })
    const begun: string[] = []
    const acknowledged: string[] = []
    for (let round = 0; round < kills; round++) {
      const worker = startWorker('merge.mjs', home, session.id, `r${round}`, '100', String(tasksPerMerge))
      const wanted = 2 + (round % 3) * 2
      await until(() => worker.lines.length >= wanted, `${wanted} lines in round ${round}`)
      await new Promise((resolve) => setTimeout(resolve, (round * 7) % 25))
      worker.child.kill('SIGKILL')
      expect(await worker.ended).toMatchObject({ signal: 'SIGKILL', stderr: '' })
      const named = (word: string): string[] =>
        worker.lines.filter((line) => line.startsWith(word)).map((line) => line.split(' ')[1] ?? '')
      begun.push(...named('merging '))
      acknowledged.push(...named('merged '))
    }
    const counts = countsOf(await eventsOf(waymark.log, session.id))
    for (const [source, said, found] of counts) expect([source, found]).toEqual([source, said])
    const merged = counts.map(([source]) => source)
    expect(merged).toEqual(expect.arrayContaining(acknowledged))
    expect(new Set(merged).size).toBe(merged.length)

    await session.refresh()
    for (const fork of begun) await session.merge(fork)
    expect(Object.keys(session.state.tasks)).toHaveLength(begun.length * tasksPerMerge)
    expect(await waymark.verify()).toMatchObject({ ok: true })
    await waymark.close()
    await remove()
  })

  it('two processes that merge into one session, while this one writes to it, lose and repeat nothing', {
    timeout: 120_000,
  }, async () => {
    const { home, remove } = await temporaryHome()
    const waymark = await Waymark.open({ home, settings: { maxParallelSessions: 1_000 } })
    const session = await waymark.createSession({ title: 'three writers' })
    const workers = [
      startWorker('merge.mjs', home, session.id, 'left', '8', '10'),
      startWorker('merge.mjs', home, session.id, 'right', '8', '10'),
    ]
    for (let n = 0; n < 60; n++) await session.send({ type: 'task.add', taskId: `own-${n}`, title: 'own' })
    for (const { ended } of workers) expect(await ended).toMatchObject({ code: 0, stderr: '' })
    const { tasks, merges } = await session.refresh()
    const of = (prefix: string) => Object.values(tasks).filter(({ id }) => id.startsWith(prefix))
    expect([of('left').length, of('right').length, of('own').length]).toEqual([80, 80, 60])
    expect(Object.keys(tasks)).toHaveLength(220)
    expect(of('left').every(({ status }) => status === 'in_progress')).toBe(true)
    expect(merges).toHaveLength(16)
    const counts = countsOf(await eventsOf(waymark.log, session.id))
    for (const [source, said, found] of counts) expect([source, found]).toEqual([source, said])
    expect(await waymark.verify()).toMatchObject({ ok: true })
    await waymark.close()
    await remove()
  })
})
