import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'vitest'
import { Waymark } from '/work/main/src/session/waymark.ts'
const time = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
  const start = performance.now(); const r = await work()
  console.log(what, (performance.now() - start).toFixed(1), 'ms'); return r
}
it('measures', { timeout: 900_000 }, async () => {
  const home = join(mkdtempSync(join(tmpdir(), 'b1-')), '.moai')
  const waymark = await Waymark.open({ home, memoryFiles: false, settings: { maxParallelSessions: 1000 } })
  const s = await waymark.createSession({ configuration: { autoCheckpoint: false } })
  let done = 0
  for (const goal of [1_000, 100_000]) {
    await time(`record up to ${goal}`, async () => {
      while (done < goal) {
        const batch = Array.from({ length: 500 }, (_, k) => s.send({ type: 'observation.record', kind: 'mode', detail: `event ${done + k} ${'x'.repeat(100)}` }))
        await Promise.all(batch); done += 500
      }
    })
    const p = await s.checkpoint({ gitHead: 'x' })
    for (let k = 0; k < 3; k++) await time(`fork at head of ${goal}`, () => s.fork())
    await time(`fork at checkpoint of ${goal}`, () => s.fork({ checkpoint: p.id }))
    const pos = await waymark.log.position()
    const f = await s.fork()
    console.log('events appended by a fork', (await waymark.log.position()) - pos)
    await f.send({ type: 'task.add', taskId: `T${goal}`, title: 't' })
    await time(`merge one task back at ${goal}`, () => s.merge(f))
    await time(`rewind dry at ${goal}`, () => s.rewind({ to: p.version, dryRun: true }))
  }
  // deep
  let d = await waymark.createSession({ configuration: { autoCheckpoint: false } })
  const root = d
  await time('1000 forks deep', async () => { for (let k = 0; k < 1000; k++) d = await d.fork() })
  await d.fork().then(() => console.log('NOT refused'), (e: Error) => console.log('refused:', e.message))
  await d.send({ type: 'task.add', taskId: 'deep', title: 'x' })
  await time('fork from leaf parent', () => waymark.openSession(d.id))
  await time('merge 1000-deep into root', () => root.merge(d).then((r) => console.log(r.changes.length, r.recorded)))
  await time('lineage again', () => root.merge(d).then((r) => console.log(r.changes.length, r.recorded)))
  // 5000 tasks
  const t = await waymark.createSession({ configuration: { autoCheckpoint: false } })
  await Promise.all(Array.from({ length: 2500 }, (_, n) => t.send({ type: 'task.add', taskId: `A${n}`, title: `a ${n}` })))
  const tf = await t.fork()
  await time('5000-task fork work', async () => {
    await Promise.all(Array.from({ length: 2500 }, (_, n) => tf.send({ type: 'task.start', taskId: `A${n}` })))
    await Promise.all(Array.from({ length: 2500 }, (_, n) => tf.send({ type: 'task.complete', taskId: `A${n}` })))
    await Promise.all(Array.from({ length: 2500 }, (_, n) => tf.send({ type: 'task.add', taskId: `B${n}`, title: `b ${n}` })))
  })
  await time('dry merge 5000', () => t.merge(tf, { dryRun: true }))
  await time('merge 5000', () => t.merge(tf).then((r) => console.log(r.commandCount, r.changes.length)))
  await time('rewind 5000', () => t.rewind({ to: 2 }).then((r) => console.log(r.tasks.removed.length)))
  await time('verify', () => waymark.verify(t.id).then((v) => console.log(v.ok)))
  await waymark.close()
})
