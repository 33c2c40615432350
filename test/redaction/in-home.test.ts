/**
 * Goal: a program of the library takes a secret out of a home as the verb does: no file of the home holds it, or a part of it, afterwards.
 * Method: real homes on disk, searched byte by byte.
 */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { brotliDecompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { MemoryLog } from '../../src/log/memory.ts'
import { redactInHome } from '../../src/redaction/in-home.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { temporaryFolder } from '../bundle/support.ts'
import { eventsOf } from '../support/events.ts'

const key = 'AKIAIOSFODNN7EXAMPLE'

/** Names of files that hold a text, plain or in the packed state of a checkpoint. */
function filesWith(folder: string, text: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => {
    const path = join(folder, name)
    if (!existsSync(path) || !statSync(path).isFile()) return false
    const bytes = readFileSync(path)
    return bytes.includes(text) || (isCheckpoint(name) && stateIn(bytes).includes(text))
  })
}

function isCheckpoint(name: string): boolean {
  return /ckpt_[^/\\]+\.json$/.test(name)
}

function stateIn(file: Buffer): Buffer {
  const packed = /"(?:brotli\+base64:)?([A-Za-z0-9+/]{100,}={0,2})"/.exec(file.toString('utf8'))?.[1]
  // After a redaction the snapshot is dropped, and the file written anew has none.
  return packed === undefined ? Buffer.alloc(0) : brotliDecompressSync(Buffer.from(packed, 'base64'))
}

describe('redactInHome', () => {
  it.each([true, false])('leaves nothing in any file, with memory files: %s', async (memoryFiles) => {
    const home = join(temporaryFolder(), '.moai')
    const first = await Waymark.open({ home })
    const { id } = await first.createSession({ title: 'with a key' })
    const session = await first.openSession(id)
    await session.send({ type: 'task.add', taskId: 'K', title: `rotate ${key}` })
    await session.checkpoint({ reason: 'by hand' })
    await first.close()
    const held = filesWith(home, key)
    const checkpoints = held.filter(isCheckpoint)
    expect(checkpoints.length).toBeGreaterThan(0)

    const waymark = await Waymark.open({ home, memoryFiles })
    const report = await redactInHome(waymark, id.slice(0, 12), { patterns: ['aws-key'] })
    expect(report).toMatchObject({ sessionId: id, events: 1, problemCount: 0, erased: true })
    expect(report.filesRemoved).toEqual(
      expect.arrayContaining(checkpoints.map((name) => name.replace('sessions/', ''))),
    )
    expect(filesWith(home, key).filter((name) => isCheckpoint(name) || name.includes('waymark.db'))).toEqual(
      [],
    )
    await waymark.close()
    if (memoryFiles) expect(filesWith(home, key)).toEqual([])
  })

  it('changes no file in a dry run, and works on a store of one’s own', async () => {
    const waymark = await Waymark.open({ store: new MemoryLog() })
    expect(waymark.sessionsFolder).toBeNull()
    const session = await waymark.createSession()
    await session.send({ type: 'task.add', taskId: 'K', title: `rotate ${key}` })
    const options = { patterns: ['aws-key'] }
    expect(await redactInHome(waymark, session.id, { ...options, dryRun: true })).toMatchObject({ events: 1 })
    const { version } = await session.refresh()
    expect(await redactInHome(waymark, session.id, options)).toMatchObject({ events: 1, filesRemoved: [] })
    expect((await session.refresh()).version).toBe(version + 1)
  })
})

describe('a checkpoint by policy', () => {
  it.each([
    ['task.fail', { type: 'task.fail', taskId: 'A', retryable: true }],
    ['call.fail', { type: 'call.fail' }],
    ['turn.interrupt', { type: 'turn.interrupt' }],
    ['session.end', { type: 'session.end' }],
  ] as const)('of %s keeps no part of its words', async (_type, command) => {
    const waymark = await Waymark.open({ store: new MemoryLog() })
    const session = await waymark.createSession()
    await session.send({ type: 'task.add', taskId: 'A', title: 'a' })
    await session.send({ type: 'task.start', taskId: 'A' })
    // Wherever a copy were cut at 300 characters, some of these keys would lie across the cut.
    for (const before of command.type === 'session.end' ? [266] : [250, 256, 262, 266]) {
      await session.send({ ...command, reason: `${'x'.repeat(before)} ${key} ${'y'.repeat(40)}` })
      if (command.type === 'task.fail') {
        await session.send({ type: 'task.recover', taskId: 'A' })
        await session.send({ type: 'task.start', taskId: 'A' })
      }
    }
    expect(session.state.checkpoints.length).toBeGreaterThan(1)
    await redactInHome(waymark, session.id, { patterns: ['aws-key'] })
    const events = JSON.stringify(await eventsOf(waymark.log, session.id))
    expect(events).not.toContain('AKIA')
    expect(events).toContain('[redacted]')
  })
})
