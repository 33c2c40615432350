/**
 * Goal: memory files follow the log by themselves, a burst in one write, and harm nobody when they cannot be written.
 * Method: the library as people use it, on real homes, with a folder taken away under it, and with two processes at once.
 */
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/kernel/clock.ts'
import { MemoryFiles } from '../../src/memory/memory-files.ts'
import { startWorker } from '../support/processes.ts'
import { measured, openHome, pause, settings } from './support.ts'

describe('MemoryFiles', () => {
  it('writes a burst of a thousand touches at most twice, and the newest state on flush', async () => {
    const { folder, waymark, session, drift } = await openHome()
    const files = new MemoryFiles({ folder, log: waymark.log, settings: () => settings, clock: systemClock })
    const sends = []
    for (let n = 0; n < 1_000; n++) {
      sends.push(session.send({ type: 'task.add', taskId: `T-${n}`, title: `task ${n}` }))
      files.touch(session.id)
    }
    await Promise.all(sends)
    files.touch(session.id)
    await files.flush()
    expect(files.writes).toBeGreaterThan(0)
    expect(files.writes).toBeLessThanOrEqual(2)
    expect(await drift()).toEqual({})
    await files.flush()
    expect(files.writes).toBeLessThanOrEqual(2)
  })

  it('writes by itself soon after a touch, at most once in 200 ms', async () => {
    const { folder, waymark, session, drift } = await openHome()
    const files = new MemoryFiles({ folder, log: waymark.log, settings: () => settings, clock: systemClock })
    const start = performance.now()
    const passedMs = (): number => performance.now() - start
    // A machine that is busy writes late.
    for (let n = 0; passedMs() < (files.writes === 0 ? 20_000 : 1_100); n++) {
      await session.send(measured(1_000 + n))
      files.touch(session.id)
      await pause(5)
    }
    const elapsedMs = passedMs()
    expect(files.writes).toBeGreaterThanOrEqual(1)
    expect(files.writes).toBeLessThanOrEqual(Math.ceil(elapsedMs / 200))
    await files.flush()
    expect(await drift()).toEqual({})
  })

  it('is fed by sessions and flushed when the home is closed', async () => {
    const { waymark, session, names, drift } = await openHome({ memoryFiles: true })
    await session.send({ type: 'task.add', taskId: 'A', title: 'one' })
    expect(names()).not.toContain('memory.json')
    await expect.poll(() => names().includes('memory.json'), { timeout: 5_000 }).toBe(true)
    await waymark.createSession({ title: 'another' })
    await expect.poll(drift, { timeout: 5_000 }).toEqual({})
  })

  it('warns once when the disk fails, harms no session, and is well again afterwards', async () => {
    const { folder, waymark, session, drift } = await openHome()
    const warnings: unknown[] = []
    const hear = (warning: Error & { readonly code?: string }) => warnings.push(warning.code)
    process.on('warning', hear)
    const files = new MemoryFiles({ folder, log: waymark.log, settings: () => settings, clock: systemClock })
    // A folder stands where a file belongs: no rename puts the file there.
    mkdirSync(join(folder, 'session-state.json'))
    for (let n = 0; n < 3; n++) {
      await session.send({ type: 'task.add', taskId: `T-${n}`, title: 'one' })
      files.touch(session.id)
      await files.flush()
    }
    expect(files.failure).toBe('session-state.json: a folder stands in its place')
    expect(Object.keys(session.state.tasks)).toHaveLength(3)
    rmSync(join(folder, 'session-state.json'), { recursive: true })
    files.touch(session.id)
    await files.flush()
    await pause(10)
    process.off('warning', hear)
    expect(warnings).toEqual(['WAYMARK_MEMORY_FILES'])
    expect(files.failure).toBeNull()
    expect(await drift()).toEqual({})
  })

  it('writes nothing while persistence is switched off', async () => {
    const { folder, waymark, session, names } = await openHome()
    const off = { ...settings, persistenceEnabled: false }
    const files = new MemoryFiles({ folder, log: waymark.log, settings: () => off, clock: systemClock })
    files.touch(session.id)
    await files.flush()
    expect(names()).toEqual(['.gitignore'])
  })

  it('takes away what killed writers left, and nothing else', async () => {
    const { folder, waymark, session, names, put } = await openHome()
    const { child, ended } = startWorker('nothing.mjs')
    await ended
    put(`.memory.json.${child.pid}.1.tmp`, 'half')
    put(`checkpoints/.ckpt.json.${child.pid}.2.tmp`, 'half')
    put(`.memory.json.${process.pid}.999.tmp`, 'of a writer that lives')
    writeFileSync(join(folder, 'notes.tmp'), 'mine')
    chmodSync(join(folder, 'notes.tmp'), 0o400)
    const files = new MemoryFiles({ folder, log: waymark.log, settings: () => settings, clock: systemClock })
    files.touch(session.id)
    await files.flush()
    expect(
      names()
        .filter((name) => name.endsWith('.tmp'))
        .sort(),
    ).toEqual([`.memory.json.${process.pid}.999.tmp`, 'notes.tmp'])
  })

  it('two processes that write at once leave the newest state', { timeout: 120_000 }, async () => {
    const { home, session, drift } = await openHome()
    const workers = ['left', 'right'].map((side) => startWorker('remember.mjs', home, session.id, side, '40'))
    for (const { ended } of workers) expect(await ended).toMatchObject({ code: 0, stderr: '' })
    await session.refresh()
    expect(Object.keys(session.state.tasks)).toHaveLength(80)
    expect(await drift()).toEqual({})
  })
})
