/**
 * Goal: processes that work on one graph share it out, and none of it is lost when some of them are killed.
 * Method: real processes on one home, two of them killed with SIGKILL wherever they are; then every event is looked at.
 */
import { expect, it, onTestFinished } from 'vitest'
import { isKnown } from '../../src/events/envelope.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { eventsOf } from '../support/events.ts'
import { startWorker, temporaryHome, until } from '../support/processes.ts'

it('processes finish a graph, each task once, though two of them are killed', {
  timeout: 120_000,
}, async () => {
  const { home, remove } = await temporaryHome()
  onTestFinished(remove)
  const specs = Array.from({ length: 48 }, (_, n) => ({
    id: `n${n}`,
    title: `node ${n}`,
    // Wide enough that there is always something for every worker.
    dependsOn: n < 8 ? [] : [`n${n - 8}`, `n${n - 8 + (n % 8 === 7 ? 0 : 1)}`],
  }))
  const waymark = await Waymark.open({ home, memoryFiles: false })
  onTestFinished(() => waymark.close())
  const { id: sessionId } = await waymark.createSession({ title: 'the graph' })
  const graph = await waymark.graph(sessionId)
  await graph.plan(specs.map((spec) => ({ ...spec, dependsOn: [...new Set(spec.dependsOn)] })))

  const workers = ['ada', 'bob', 'cay', 'dan'].map((name) => startWorker('graph.mjs', home, sessionId, name))
  const said = (n: number): number => workers[n]?.lines.length ?? 0
  await until(() => said(0) > 1, 'ada to complete tasks', 60_000)
  workers[0]?.child.kill('SIGKILL')
  await until(() => said(1) > 1, 'bob to complete tasks', 60_000)
  workers[1]?.child.kill('SIGKILL')
  const ends = await Promise.all(workers.map(({ ended }) => ended))
  expect(ends.slice(2).map(({ code, stderr }) => [code, stderr])).toEqual([
    [0, ''],
    [0, ''],
  ])

  expect((await graph.view()).finished).toBe(true)
  const events = (await eventsOf(waymark.log, sessionId)).filter(isKnown)
  const holder = new Map<string, string>()
  const completed: string[] = []
  for (const event of events) {
    if (event.type === 'task.started') {
      const { taskId, agent = '' } = event.data
      expect(holder.has(taskId), `${taskId} has no other holder`).toBe(false)
      holder.set(taskId, agent)
    }
    if (event.type === 'task.failed') holder.delete(event.data.taskId)
    if (event.type === 'task.completed') {
      const { taskId, result } = event.data
      expect(result).toBe(holder.get(taskId))
      holder.delete(taskId)
      completed.push(taskId)
    }
  }
  expect(completed.toSorted()).toEqual(specs.map(({ id }) => id).toSorted())
  // What a worker said it had completed is completed.
  for (const { lines } of workers) for (const line of lines.slice(1)) expect(completed).toContain(line)
  expect(events.filter(({ type }) => type === 'task.failed').length).toBeLessThanOrEqual(2)
  expect((await waymark.verify()).ok).toBe(true)
})
