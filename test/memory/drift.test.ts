/**
 * Goal: each way in which a memory file drifts from the log is told apart, with its reason, and writing puts it right.
 * Method: real files of a real home, edited, taken away and made old as people and crashes do it.
 */
import { lstatSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { brotliDecompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { limits } from '../../src/kernel/limits.ts'
import { waymarkVersion } from '../../src/kernel/version.ts'
import { checkMemoryFiles } from '../../src/memory/check.ts'
import { measured, openHome, settings } from './support.ts'

const files = [
  'session-state.json',
  'context-cache.json',
  'active-tasks.md',
  'token-usage.log',
  'memory.json',
]

async function writtenHome() {
  const home = await openHome()
  await home.session.send({ type: 'task.add', taskId: 'A', title: 'one' })
  await home.session.send(measured(150_000))
  await home.session.checkpoint({ phase: 'GREEN' })
  await home.write()
  return home
}

describe('memory files', () => {
  it('are all there after a write, private, and as the log says', async () => {
    const home = await writtenHome()
    expect(home.names()).toEqual(expect.arrayContaining(files))
    for (const name of files) expect(statSync(join(home.folder, name)).mode & 0o777).toBe(0o600)
    expect(await home.drift()).toEqual({})
    expect(home.names().filter((name) => name.endsWith('.tmp'))).toEqual([])
  })

  it('hold the fields that other tools read', async () => {
    const home = await writtenHome()
    const { state } = home.session
    const sessionState = JSON.parse(home.read('session-state.json'))
    expect(sessionState).toMatchObject({
      session_id: state.sessionId,
      model: 'claude-sonnet-4-5',
      created_at: state.startedAt,
      context_window: { total: 200_000, used: 150_000, available: 50_000, position_percent: 75 },
      persistence: { auto_load_history: true, context_preservation: 'critical_only', cache_enabled: true },
      forking: { enabled: true, fork_session_id: null },
      token_usage: { used: 150_000, available: 50_000 },
      context_position: 75,
      sessions: [
        { session_id: state.sessionId, title: 'Log in', status: 'active', last_event_at: state.lastEventAt },
      ],
    })
    const point = state.checkpoints.at(-1)
    const checkpoint = JSON.parse(home.read(`checkpoints/${point?.id}.json`))
    expect(checkpoint).toMatchObject({
      checkpoint_id: point?.id,
      timestamp: point?.time,
      phase: 'GREEN',
      token_usage: { used: 150_000, available: 50_000 },
      session_id: state.sessionId,
      recovery_tokens_reserved: 55_000,
    })
    const packed = Buffer.from(z.string().parse(checkpoint.context_snapshot), 'base64')
    const snapshot = JSON.parse(brotliDecompressSync(packed).toString('utf8'))
    expect(snapshot).toMatchObject({
      sessionId: state.sessionId,
      version: point?.version,
      tasks: { A: { title: 'one' } },
    })
    expect(JSON.parse(home.read('token-usage.log'))).toEqual({
      timestamp: expect.any(String),
      session_id: state.sessionId,
      version: 4,
      position: 4,
      used: 150_000,
      available: 50_000,
      percent: 75,
      phase: 'monitoring',
    })
  })

  it('hold critical and kept texts compressed, and nothing of them in the clear', async () => {
    const home = await writtenHome()
    const secret = 'never drop the customers table'
    await home.session.send({
      type: 'context.add',
      tag: '@RULE-001',
      tier: 'critical',
      category: 'system.instructions',
      content: secret,
    })
    await home.session.send({
      type: 'context.add',
      tag: '@LOG-001',
      tier: 'temporary',
      category: 'reference.project',
      content: 'noise',
    })
    await home.session.send({ type: 'context.defer', tags: ['@LOG-001'] })
    await home.write()
    for (const name of [
      'session-state.json',
      'context-cache.json',
      'active-tasks.md',
      'token-usage.log',
      'memory.json',
    ])
      expect(home.read(name)).not.toContain(secret)
    const cache = JSON.parse(home.read('context-cache.json'))
    const context = JSON.parse(brotliDecompressSync(Buffer.from(cache.context, 'base64')).toString('utf8'))
    expect(context.items).toMatchObject([
      { tag: '@RULE-001', tier: 'critical', status: 'kept', text: secret },
      { tag: '@LOG-001', tier: 'temporary', status: 'deferred', text: null },
    ])
  })

  it.each(['session-state.json', 'context-cache.json', 'token-usage.log'])(
    'tells that %s was edited by hand',
    async (name) => {
      const home = await writtenHome()
      home.put(
        name,
        home.read(name).replace(/\d/, (digit) => String((Number(digit) + 1) % 10)),
      )
      expect(await home.drift()).toEqual({ [name]: 'edited' })
      await home.write()
      expect(await home.drift()).toEqual({})
    },
  )

  it('tells that only the time of a file was edited', async () => {
    const home = await writtenHome()
    home.put(
      'session-state.json',
      home.read('session-state.json').replace(/"last_sync": "20/, '"last_sync": "19'),
    )
    expect(await home.drift()).toEqual({ 'session-state.json': 'edited' })
  })

  it('tells that a checkpoint was edited, and writes it again', async () => {
    const home = await writtenHome()
    const name = `checkpoints/${home.session.state.checkpoints.at(-1)?.id}.json`
    const before = home.read(name)
    home.put(name, before.replace('GREEN', 'RED'))
    expect(await home.drift()).toEqual({ [name]: 'edited' })
    await home.write()
    expect(home.read(name)).toBe(before)
  })

  it.each(files)('tells that %s is missing', async (name) => {
    const home = await writtenHome()
    rmSync(join(home.folder, name))
    expect(await home.drift()).toEqual({ [name]: 'missing' })
    await home.write()
    expect(await home.drift()).toEqual({})
  })

  it('tells that files are stale, and how far', async () => {
    const home = await writtenHome()
    await home.session.send(measured(160_000))
    const { ok, files: checks } = await checkMemoryFiles(
      { folder: home.folder, log: home.waymark.log },
      settings,
    )
    expect(ok).toBe(false)
    const version = home.session.version
    const reasons = Object.fromEntries(
      checks.filter(({ kind }) => kind === 'stale').map(({ name, reason }) => [name, reason]),
    )
    expect(reasons['session-state.json']).toMatch(
      new RegExp(`it shows version \\d+; the session is at version ${version}`),
    )
    expect(reasons['token-usage.log']).toMatch(/the window has been read since/)
  })

  it('tells that a write was interrupted', async () => {
    const home = await writtenHome()
    const before = home.read('session-state.json')
    await home.session.send(measured(160_000))
    await home.write()
    home.put('session-state.json', before)
    const { files: checks } = await checkMemoryFiles({ folder: home.folder, log: home.waymark.log }, settings)
    expect(checks.find(({ name }) => name === 'session-state.json')).toEqual({
      name: 'session-state.json',
      kind: 'stale',
      reason: 'a write was interrupted before it came to this file',
    })
  })

  it('tells that another version made them, where they differ from what this one makes', async () => {
    const home = await writtenHome()
    home.put(
      'memory.json',
      home.read('memory.json').replace(`"waymark": "${waymarkVersion}"`, '"waymark": "9.0.0"'),
    )
    expect(await home.drift()).toEqual({ 'memory.json': 'other-version' })
    await home.session.send(measured(160_000))
    expect(await home.drift()).toMatchObject({
      'session-state.json': 'other-version',
      'memory.json': 'other-version',
    })
    await home.write()
    expect(await home.drift()).toEqual({})
  })

  it.each([
    ['cut off', (text: string) => text.slice(0, 200)],
    ['not JSON', () => 'x'],
    ['empty', () => ''],
    ['hostile', () => '{"format":1,"waymark":"0.1.0","files":{"__proto__":1}}'],
  ])('does without a manifest that is %s', async (_, spoil) => {
    const home = await writtenHome()
    home.put('memory.json', spoil(home.read('memory.json')))
    expect(await home.drift()).toEqual({ 'memory.json': 'edited' })
    await home.write()
    expect(await home.drift()).toEqual({})
  })

  it('tells of another session, and of another cache setting', async () => {
    const home = await writtenHome()
    expect(await home.drift({ cacheEnabled: false })).toMatchObject({ 'context-cache.json': 'stale' })
    await home.write({}, { cacheEnabled: false })
    expect(home.names()).not.toContain('context-cache.json')
    expect(await home.drift({ cacheEnabled: false })).toEqual({})
    expect(await home.drift()).toMatchObject({ 'context-cache.json': 'missing' })
    const other = await home.waymark.createSession({ title: 'newer' })
    await other.send({ type: 'task.add', taskId: 'B', title: 'two' })
    expect(await home.drift()).toMatchObject({ 'active-tasks.md': 'stale', 'session-state.json': 'stale' })
    await home.write()
    expect(await home.drift()).toEqual({})
    expect(home.read('active-tasks.md')).toContain('B: two')
  })

  it('keeps an edited list of tasks until somebody decides', async () => {
    const home = await writtenHome()
    const edited = home.read('active-tasks.md').replace('[ ] A', '[x] A')
    home.put('active-tasks.md', edited)
    expect(await home.drift()).toEqual({ 'active-tasks.md': 'edited' })
    await home.session.send(measured(160_000))
    expect((await home.write()).edited).toEqual(['active-tasks.md'])
    expect(home.read('active-tasks.md')).toBe(edited)
    expect(await home.drift()).toEqual({ 'active-tasks.md': 'edited' })
    await home.write({ editedTasks: 'keep' })
    expect(home.read('active-tasks.edited.md')).toBe(edited)
    expect(await home.drift()).toEqual({})
  })

  it('keeps what stands in the place of the list, be it a link or larger than any list', async () => {
    const home = await writtenHome()
    const path = join(home.folder, 'active-tasks.md')
    rmSync(path)
    symlinkSync(join(home.home, 'my-tasks.md'), path)
    expect(await home.drift()).toEqual({ 'active-tasks.md': 'edited' })
    await home.write()
    expect(lstatSync(path).isSymbolicLink()).toBe(true)
    await home.write({ editedTasks: 'keep' })
    expect(lstatSync(join(home.folder, 'active-tasks.edited.md')).isSymbolicLink()).toBe(true)
    expect(await home.drift()).toEqual({})
    truncateSync(path, limits.memoryFileBytesMax + 1)
    expect(await home.drift()).toEqual({ 'active-tasks.md': 'edited' })
    await home.write()
    expect(statSync(path).size).toBe(limits.memoryFileBytesMax + 1)
    await home.write({ editedTasks: 'replace' })
    expect(await home.drift()).toEqual({})
  })

  it('follows no link, and puts a file in its place', async () => {
    const home = await writtenHome()
    const elsewhere = join(home.home, 'elsewhere')
    home.put('../elsewhere', 'mine')
    rmSync(join(home.folder, 'token-usage.log'))
    symlinkSync(elsewhere, join(home.folder, 'token-usage.log'))
    expect(await home.drift()).toEqual({ 'token-usage.log': 'edited' })
    await home.write()
    expect(readFileSync(elsewhere, 'utf8')).toBe('mine')
    expect(await home.drift()).toEqual({})
  })

  it('moves an archived checkpoint, and keeps a snapshot that the store has lost', async () => {
    const home = await writtenHome()
    const point = home.session.state.checkpoints.at(-1)
    const checkpointId = point?.id ?? ''
    await home.session.checkpoint()
    const text = home.read(`checkpoints/${checkpointId}.json`)
    await home.session.send({ type: 'checkpoint.archive', checkpointIds: [checkpointId] })
    expect(await home.drift()).toMatchObject({ [`checkpoints/archive/${checkpointId}.json`]: 'stale' })
    await home.write()
    expect(home.read(`checkpoints/archive/${checkpointId}.json`)).toBe(text)
    expect(home.names()).not.toContain(`checkpoints/${checkpointId}.json`)
    expect(await home.drift()).toEqual({})
    // Put back by hand, and unknown to the manifest: it is found and moved again.
    renameSync(
      join(home.folder, `checkpoints/archive/${checkpointId}.json`),
      join(home.folder, `checkpoints/${checkpointId}.json`),
    )
    rmSync(join(home.folder, 'memory.json'))
    await home.write()
    expect(home.read(`checkpoints/archive/${checkpointId}.json`)).toBe(text)
  })
})

it('the version that files name is that of the package', () => {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  expect(waymarkVersion).toBe(manifest.version)
})
