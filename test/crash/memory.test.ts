/**
 * Goal: whatever moment a process is killed at while it writes memory files, each file is an old one or a new one, never half
 * of one; the log is sound; and the next write puts everything right.
 * Method: real processes, killed with SIGKILL before and in the middle of a write, on both sides of its fsync and of the rename; and
 * processes that write without a pause, killed after a random time, again and again in one home.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkMemoryFiles } from '../../src/memory/check.ts'
import { isUnedited } from '../../src/memory/task-text.ts'
import { writeMemoryFiles } from '../../src/memory/write.ts'
import { sessionsFolderOf } from '../../src/session/home.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { killedAtPoints } from '../support/crash-points.ts'
import { missing, titled } from '../support/interposer.ts'
import { startWorker, startWorkerWith, temporaryHome, until } from '../support/processes.ts'

const kills = 8

function random(seed: number): number {
  const x = Math.sin(seed * 78.233) * 43_758.5453
  return x - Math.floor(x)
}

/** A crash makes files old, or not written yet; it never looks like an edit. */
const leftBehind = ['ok', 'stale', 'missing']

describe('kill -9 while memory files are written', () => {
  it.skipIf(missing !== null)(
    titled('at calls of the system: leaves old files or new ones'),
    {
      timeout: 1_800_000,
    },
    async () => {
      const { home, remove } = await temporaryHome()
      const made = await Waymark.open({ home })
      const { id } = await made.createSession({ title: 'killed at points' })
      await made.close()
      const kinds = new Set<string>()
      await killedAtPoints(
        { original: home, files: '*/sessions/*.tmp', perNameMax: 1 },
        (copy, environment) => startWorkerWith(environment, 'remember.mjs', copy, id, 'x', '1'),
        async ({ home: copy, death }) => {
          const folder = sessionsFolderOf(copy)
          expectWholeFiles(folder)
          const waymark = await Waymark.open({ home: copy })
          const { log, settings } = waymark
          for (const { kind } of (await checkMemoryFiles({ folder, log }, settings)).files) kinds.add(kind)
          const session = await waymark.openSession(id)
          await session.send({ type: 'task.add', taskId: 'after', title: 'after the crash' })
          expect(await waymark.verify()).toMatchObject({ ok: true })
          await waymark.close()
          const again = await Waymark.open({ home: copy, readOnly: true })
          const { ok } = await checkMemoryFiles({ folder, log: again.log }, settings)
          await again.close()
          expect([death.name, ok]).toEqual([death.name, true])
          expect(namesIn(folder).filter((name) => name.endsWith('.tmp'))).toEqual([])
        },
      )
      expect([...kinds].filter((kind) => !leftBehind.includes(kind))).toEqual([])
      expect(kinds).toContain('stale')
      await remove()
    },
  )

  it('leaves whole files, and the next write puts everything right', { timeout: 180_000 }, async () => {
    const { home, remove } = await temporaryHome()
    const waymark = await Waymark.open({ home, memoryFiles: false })
    const { id } = await waymark.createSession({ title: 'killed many times' })
    const folder = sessionsFolderOf(home)
    const { settings, log } = waymark
    const kinds = new Set<string>()
    for (let round = 0; round < kills; round++) {
      const worker = startWorker('remember.mjs', home, id, `round-${round}`, '1000')
      await until(() => worker.lines.length > 0, `a first write in round ${round}`)
      await new Promise((resolve) => setTimeout(resolve, random(round) * 120))
      worker.child.kill('SIGKILL')
      expect((await worker.ended).stderr).toBe('')
      expectWholeFiles(folder)
      const { files } = await checkMemoryFiles({ folder, log }, settings)
      for (const { kind } of files) kinds.add(kind)
    }
    expect([...kinds].filter((kind) => !leftBehind.includes(kind))).toEqual([])
    const worker = startWorker('remember.mjs', home, id, 'last', '1')
    expect(await worker.ended).toMatchObject({ code: 0, stderr: '' })
    expect((await checkMemoryFiles({ folder, log }, settings)).ok).toBe(true)
    expect(namesIn(folder).filter((name) => name.endsWith('.tmp'))).toEqual([])
    await writeMemoryFiles({ folder, log, clock: waymark.environment.clock }, settings, {
      editedTasks: 'stay',
    })
    expect(await waymark.verify()).toMatchObject({ ok: true })
    await waymark.close()
    await remove()
  })
})

function namesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
}

function expectWholeFiles(folder: string): void {
  for (const name of namesIn(folder)) {
    if (name.endsWith('.json')) JSON.parse(readFileSync(join(folder, name), 'utf8'))
    if (name === 'active-tasks.md') expect(isUnedited(readFileSync(join(folder, name), 'utf8'))).toBe(true)
    if (name !== 'token-usage.log') continue
    const lines = readFileSync(join(folder, name), 'utf8').split('\n')
    expect(lines.pop()).toBe('')
    for (const line of lines) JSON.parse(line)
  }
}
