/**
 * Goal: whatever moment a process is killed at while it writes memory files, each file is an old one or a new one, never half
 * of one; the log is sound; and the next write puts everything right.
 * Method: real processes that write without a pause, killed with SIGKILL after a random time, again and again in one home.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkMemoryFiles } from '../../src/memory/check.ts'
import { isUnedited } from '../../src/memory/task-text.ts'
import { writeMemoryFiles } from '../../src/memory/write.ts'
import { sessionsFolderOf } from '../../src/session/home.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { startWorker, temporaryHome, until } from '../support/processes.ts'

const kills = 30

function random(seed: number): number {
  const x = Math.sin(seed * 78.233) * 43_758.5453
  return x - Math.floor(x)
}

describe('kill -9 while memory files are written', () => {
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
    // A crash makes files old, or not written yet; it never looks like an edit.
    expect([...kinds].filter((kind) => kind !== 'ok' && kind !== 'stale' && kind !== 'missing')).toEqual([])
    expect(kinds).toContain('stale')
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
