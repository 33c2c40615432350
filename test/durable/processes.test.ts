/**
 * Goal: a machine survives the process that runs it, and of several processes one runs it.
 * Method: a real process runs a machine in a real home and is killed with SIGKILL, or goes on beside this one.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { assign, fromPromise, setup, toPromise } from 'xstate'
import { durable, effectKeyOf, Waymark } from '../../src/index.ts'
import { startWorker, temporaryHome, type Worker } from '../support/processes.ts'

let place: Awaited<ReturnType<typeof temporaryHome>>
let workers: Worker[] = []
let waymark: Waymark

beforeEach(async () => {
  place = await temporaryHome()
  workers = []
  waymark = await Waymark.open({ home: place.home })
})

afterEach(async () => {
  for (const { child } of workers) child.kill('SIGKILL')
  await waymark.close()
  await place.remove()
})

const keys: (string | null)[] = []
const job = setup({
  types: {} as { context: { result: unknown; ticks: number }; events: { type: 'BEGIN' } | { type: 'TICK' } },
  actors: {
    work: fromPromise(async ({ self }) => {
      keys.push(effectKeyOf(self))
      return 'done here'
    }),
  },
}).createMachine({
  id: 'job',
  version: '1',
  context: { result: null, ticks: 0 },
  initial: 'idle',
  states: {
    idle: {
      on: { BEGIN: 'working', TICK: { actions: assign({ ticks: ({ context }) => context.ticks + 1 }) } },
    },
    working: {
      invoke: {
        src: 'work',
        onDone: { target: 'done', actions: assign({ result: ({ event }) => event.output }) },
      },
      on: { TICK: { actions: assign({ ticks: ({ context }) => context.ticks + 1 }) } },
      after: { 3600000: 'late' },
    },
    late: {},
    done: { type: 'final' },
  },
})

function start(id: string, way: string): Worker {
  const worker = startWorker('machine.mjs', place.home, id, way)
  workers.push(worker)
  return worker
}

async function said(worker: Worker, what: string): Promise<Record<string, unknown>> {
  for (;;) {
    const found = worker.lines.map((line) => JSON.parse(line)).find((line) => line.what === what)
    if (found !== undefined) return found
    if (worker.child.exitCode !== null) throw new Error(`it ended: ${(await worker.ended).stderr}`)
    await sleep(20)
  }
}

async function killed(worker: Worker): Promise<void> {
  worker.child.kill('SIGKILL')
  await worker.ended
}

// A process that waits for another one's place looks whether it is free every five seconds.
describe('a machine in a process of its own', { timeout: 60_000 }, () => {
  it('goes on here when that is killed, and its effect is run again under the same key', async () => {
    const worker = start('job-1', 'hangs')
    const { key } = await said(worker, 'works')
    await said(worker, 'began')
    await killed(worker)
    keys.splice(0)
    const actor = await durable(job, { log: waymark, id: 'job-1' })
    expect(actor.isRunner).toBe(true)
    await toPromise(actor.ref)
    expect(actor.getSnapshot().context.result).toBe('done here')
    expect(keys).toEqual([key])
    const { ok } = await actor.verify()
    expect(ok).toBe(true)
    await actor.stop()
  })

  it('loses nothing that was acknowledged when it is killed anywhere, and has nothing twice', async () => {
    const worker = start('job-2', 'ticks')
    await said(worker, 'ticked')
    await sleep(150)
    await killed(worker)
    const versions = worker.lines.map((line) => JSON.parse(line)).filter(({ what }) => what === 'ticked')
    const last = Math.max(...versions.map(({ version }) => version))
    const actor = await durable(job, { log: waymark, id: 'job-2' })
    // The step that was being written when it was killed may be there as well.
    expect(actor.version - last).toBeLessThanOrEqual(1)
    expect(actor.version).toBeGreaterThanOrEqual(last)
    expect(actor.getSnapshot().context.ticks).toBe(actor.version - 1)
    await actor.stop()
  })

  it('runs it alone while it lives; this one sends and watches, and takes over when it is gone', async () => {
    const worker = start('job-3', 'hangs')
    await said(worker, 'began')
    keys.splice(0)
    const actor = await durable(job, { log: waymark, id: 'job-3' })
    expect(actor.isRunner).toBe(false)
    await actor.send({ type: 'TICK' })
    expect(actor.getSnapshot().context.ticks).toBe(1)
    expect(keys).toEqual([])
    await killed(worker)
    await toPromise(actor.ref)
    expect(actor.isRunner).toBe(true)
    expect(keys).toHaveLength(1)
    await actor.stop()
  })

  it('hears what another process sends, and runs what follows from it', async () => {
    keys.splice(0)
    const runner = await durable(job, { log: waymark, id: 'job-4' })
    const other = await Waymark.open({ home: place.home })
    const sender = await durable(job, { log: other, id: 'job-4', effects: 'leave' })
    await sender.send({ type: 'BEGIN' })
    await toPromise(runner.ref)
    await toPromise(sender.ref)
    expect(keys).toHaveLength(1)
    expect(sender.getSnapshot().context.result).toBe('done here')
    await sender.stop()
    await runner.stop()
    await other.close()
  })
})
