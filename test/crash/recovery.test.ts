/**
 * Goal: a recovery killed between any two of its steps is taken up, and a process that is told to stop leaves a checkpoint and still
 * ends by its signal. Method: real processes on real files, killed with SIGKILL at every one of a recovery's transactions; the real
 * command and a program of the library told to stop with SIGINT and SIGTERM.
 */
import { spawn } from 'node:child_process'
import { beforeAll, describe, expect, it } from 'vitest'
import { isKnown } from '../../src/events/envelope.ts'
import { recoverySteps } from '../../src/events/recovery.ts'
import { elapsedMs } from '../../src/kernel/clock.ts'
import { limits } from '../../src/kernel/limits.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { built, command } from '../cli/support.ts'
import { eventsOf } from '../support/events.ts'
import { startWorker, temporaryHome, until } from '../support/processes.ts'

beforeAll(built, 180_000)

async function sessionAtWork(home: string): Promise<string> {
  const waymark = await Waymark.open({ home })
  const session = await waymark.createSession({ title: 'stopped' })
  await session.send({ type: 'task.add', taskId: 'A', title: 'a' })
  await session.send({ type: 'task.start', taskId: 'A' })
  await waymark.close()
  return session.id
}

describe('kill -9 within a recovery', () => {
  it('at each of its transactions, before it or after it: the next one takes it up, and it is one recovery', {
    timeout: 240_000,
  }, async () => {
    const { home, remove } = await temporaryHome()
    const id = await sessionAtWork(home)
    const waymark = await Waymark.open({ home })
    for (const when of ['before', 'after']) {
      for (let at = 0; at < 7; at++) {
        const from = (await (await waymark.openSession(id)).refresh()).version
        const killed = await startWorker('recover.mjs', home, id, String(at), when).ended
        expect([killed.signal, killed.stderr]).toEqual(['SIGKILL', ''])
        const unfinished = (await waymark.openSession(id)).state
        const isBegun = at > 0 || when === 'after'
        const isDone = at === 6 && when === 'after'
        expect([unfinished.recovery?.status === 'recovered', unfinished.version > from]).toEqual([
          !isBegun ? unfinished.recovery !== null : isDone,
          isBegun,
        ])
        if (isDone) continue
        const report = await waymark.recover(id)
        expect(report).toMatchObject({ recorded: true, takenUp: isBegun })
        const events = (await eventsOf(waymark.log, id)).slice(from).filter(isKnown)
        expect(
          events.map((event) => (event.type === 'recovery.step-recorded' ? event.data.step : event.type)),
        ).toEqual(['recovery.began', ...recoverySteps, 'session.recovered'])
      }
    }
    expect(await waymark.verify()).toMatchObject({ ok: true })
    await waymark.close()
    await remove()
  })

  it('two processes that recover at once make one recovery', { timeout: 120_000 }, async () => {
    const { home, remove } = await temporaryHome()
    const id = await sessionAtWork(home)
    const workers = [0, 1, 2].map(() => startWorker('recover.mjs', home, id, '99', 'before'))
    const ended = await Promise.all(workers.map((worker) => worker.ended))
    expect(ended.map(({ code, stderr }) => [code, stderr])).toEqual(workers.map(() => [0, '']))
    const waymark = await Waymark.open({ home, readOnly: true })
    const types = (await eventsOf(waymark.log, id)).map(({ type }) => type)
    // One that came after the others were done began another one: as many as there are ids, each whole.
    const ids = new Set(workers.flatMap(({ lines }) => lines.map((line) => line.split(' ')[0])))
    expect(types.filter((type) => type === 'session.recovered')).toHaveLength(ids.size)
    expect(types.filter((type) => type === 'recovery.step-recorded')).toHaveLength(
      ids.size * recoverySteps.length,
    )
    await waymark.close()
    await remove()
  })
})

const newest = async (home: string, id: string) => {
  const waymark = await Waymark.open({ home, readOnly: true })
  const { state } = await waymark.openSession(id)
  await waymark.close()
  return state.checkpoints.at(-1)
}

describe('a process that is told to stop', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    'with %s: a checkpoint stands, and it ends by that signal',
    async (signal) => {
      const { home, remove } = await temporaryHome()
      const id = await sessionAtWork(home)
      const worker = startWorker('told-to-stop.mjs', home, id, 'alone')
      await until(() => worker.lines.length > 0, 'the worker')
      worker.child.kill(signal)
      expect(await worker.ended).toMatchObject({ signal, stderr: '' })
      expect(await newest(home, id)).toMatchObject({
        trigger: 'interruption',
        reason: `the process got ${signal}`,
        version: 5,
      })
      await remove()
    },
    60_000,
  )

  it.each([0, 1])(
    'while it writes with pauses of %i ms: the checkpoint is the last thing, and it ends in time',
    async (pauseMs) => {
      const { home, remove } = await temporaryHome()
      const id = await sessionAtWork(home)
      const worker = startWorker('busy-until-stopped.mjs', home, id, String(pauseMs))
      await until(() => worker.lines.length > 0, 'the worker')
      const startMs = elapsedMs()
      worker.child.kill('SIGTERM')
      // One that hears no signal is ended all the same.
      const ending = setTimeout(() => worker.child.kill('SIGKILL'), 10_000)
      expect(await worker.ended).toMatchObject({ signal: 'SIGTERM', stderr: '' })
      clearTimeout(ending)
      expect(elapsedMs() - startMs).toBeLessThan(limits.interruptionWaitMs + 1_000)
      const waymark = await Waymark.open({ home, readOnly: true })
      const { state } = await waymark.openSession(id)
      await waymark.close()
      const last = state.checkpoints.at(-1)
      expect(last).toMatchObject({ trigger: 'interruption', reason: 'the process got SIGTERM' })
      // What was on its way when the signal went on: a few transactions, not what a write of files takes.
      expect(state.version - (last?.version ?? 0)).toBeLessThan(25)
      await remove()
    },
    60_000,
  )

  it('leaves its end to others who listen', async () => {
    const { home, remove } = await temporaryHome()
    const id = await sessionAtWork(home)
    const worker = startWorker('told-to-stop.mjs', home, id, 'others')
    await until(() => worker.lines.length > 0, 'the worker')
    worker.child.kill('SIGTERM')
    expect(await worker.ended).toMatchObject({ code: 7, signal: null })
    expect(await newest(home, id)).toMatchObject({ trigger: 'interruption' })
    await remove()
  }, 60_000)

  it('takes none when that was undone', async () => {
    const { home, remove } = await temporaryHome()
    const id = await sessionAtWork(home)
    const worker = startWorker('told-to-stop.mjs', home, id, 'undone')
    await until(() => worker.lines.length > 0, 'the worker')
    worker.child.kill('SIGTERM')
    expect(await worker.ended).toMatchObject({ signal: 'SIGTERM' })
    expect(await newest(home, id)).toMatchObject({ trigger: 'session-start' })
    await remove()
  }, 60_000)

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'as `waymark send -`, with %s',
    async (signal) => {
      const { home, remove } = await temporaryHome()
      const id = await sessionAtWork(home)
      const child = spawn(process.execPath, [command, 'send', id, '-', '--json', '--home', home])
      const ended = new Promise((resolve) => child.on('close', (_code, by) => resolve(by)))
      let answers = ''
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        answers += text
      })
      child.stdin.write('{"type":"task.enter-phase","taskId":"A","phase":"GREEN"}\n')
      await until(() => answers.includes('\n'), 'the answer to the first line')
      child.kill(signal)
      expect(await ended).toBe(signal)
      expect(await newest(home, id)).toMatchObject({ trigger: 'interruption', phase: 'GREEN', version: 6 })
      await remove()
    },
    60_000,
  )
})
