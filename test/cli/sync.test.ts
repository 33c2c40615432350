/** `waymark sync` and `waymark debug` as they are typed: files, answers, exit codes. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { built, makePlace, type Place } from './support.ts'

beforeAll(built, 180_000)

const fileIn = (place: Place, name: string) => join(place.home, 'sessions', name)

async function placeWithTasks(): Promise<{ readonly place: Place; readonly session: string }> {
  const place = await makePlace()
  const session = await place.session({ title: 'Log in', model: 'claude-sonnet-4-5', windowTokens: 200_000 })
  await place.send(
    session,
    { type: 'task.add', taskId: 'A', title: 'one' },
    { type: 'task.add', taskId: 'B', title: 'two' },
    { type: 'context.measure', contextTokens: 156_000 },
  )
  return { place, session }
}

const checkShape = z.strictObject({
  ok: z.boolean(),
  sessionId: z.string().nullable(),
  version: z.int(),
  files: z.array(z.strictObject({ name: z.string(), kind: z.string(), reason: z.string() })),
})
const writtenShape = z.strictObject({
  sessionId: z.string().nullable(),
  version: z.int(),
  position: z.int(),
  written: z.array(z.string()),
  unchanged: z.array(z.string()),
  edited: z.array(z.string()),
  kept: z.array(z.string()),
  failed: z.array(z.strictObject({ name: z.string(), reason: z.string() })),
  archived: z.array(z.string()),
})

describe('waymark sync', () => {
  it('writes the files, which need not be there, and checks them', async () => {
    const { place, session } = await placeWithTasks()
    for (const name of ['memory.json', 'active-tasks.md']) rmSync(fileIn(place, name), { force: true })
    const missing = await place.run(['sync', '--check'])
    expect(missing.code).toBe(1)
    expect(missing.stdout).toMatch(/^missing\tactive-tasks\.md\tit is not there$/m)
    expect(missing.stderr).toMatch(/next: waymark sync/)
    const written = await place.json(writtenShape, 'sync')
    expect(written).toMatchObject({ sessionId: session, edited: [], archived: [] })
    expect(written.written).toContain('active-tasks.md')
    expect(await place.json(checkShape, 'sync', '--check')).toMatchObject({ ok: true, sessionId: session })
    expect(await place.json(checkShape, 'sync', session, '--check')).toMatchObject({ ok: true })
  })

  it('names what was edited, changes nothing by looking, and keeps an edited list when it writes', async () => {
    const { place } = await placeWithTasks()
    const path = fileIn(place, 'active-tasks.md')
    const edited = readFileSync(path, 'utf8').replace('[ ] A', '[x] A')
    writeFileSync(path, edited)
    const { code, stdout } = await place.run(['sync', '--check', '--json'])
    expect(code).toBe(1)
    const { files } = checkShape.parse(JSON.parse(stdout))
    expect(files.filter(({ kind }) => kind !== 'ok')).toEqual([
      {
        name: 'active-tasks.md',
        kind: 'edited',
        reason: 'edited by hand; waymark sync --adopt takes the changes in',
      },
    ])
    expect(readFileSync(path, 'utf8')).toBe(edited)
    const { stderr } = await place.run(['sync'])
    expect(stderr).toMatch(/kept in active-tasks\.edited\.md/)
    expect(readFileSync(fileIn(place, 'active-tasks.edited.md'), 'utf8')).toBe(edited)
  })

  it('takes an edited list in: first what it would do, then once', async () => {
    const { place, session } = await placeWithTasks()
    const path = fileIn(place, 'active-tasks.md')
    writeFileSync(path, readFileSync(path, 'utf8').replace('[ ] A', '[x] A').replace('B: two', 'B: zwei'))
    const dry = await place.run(['sync', '--adopt', '--dry-run'])
    expect(dry.code).toBe(0)
    expect(dry.stdout).toContain('{"type":"task.complete","taskId":"A"}')
    expect(dry.stderr).toMatch(/3 commands; nothing was recorded/)
    const shape = z.object({ recorded: z.boolean(), changes: z.array(z.unknown()), written: z.unknown() })
    expect(await place.json(shape, 'sync', '--adopt')).toMatchObject({ recorded: true })
    expect(await place.json(shape, 'sync', '--adopt')).toMatchObject({ recorded: false, changes: [] })
    const tasks = await place.json(
      z.array(z.object({ id: z.string(), title: z.string(), status: z.string() })),
      'tasks',
      session,
    )
    expect(tasks).toEqual([
      { id: 'A', title: 'one', status: 'completed' },
      { id: 'B', title: 'zwei', status: 'pending' },
    ])
    expect((await place.run(['sync', '--check'])).code).toBe(0)
  })

  it('says line by line what it cannot take in, and ends with 1', async () => {
    const { place, session } = await placeWithTasks()
    await place.send(session, { type: 'task.start', taskId: 'A' }, { type: 'task.complete', taskId: 'A' })
    const path = fileIn(place, 'active-tasks.md')
    writeFileSync(path, readFileSync(path, 'utf8').replace('[x] A', '[ ] A').replace('[ ] B', '[~] B'))
    const { code, stderr, stdout } = await place.run(['sync', '--adopt'])
    expect(code).toBe(1)
    expect(stderr).toMatch(/line \d+: task\.unblock refused: it is completed, and that is final: A: one/)
    expect(stdout).toContain('{"type":"task.start","taskId":"B"}')
    expect(existsSync(fileIn(place, 'active-tasks.edited.md'))).toBe(true)
  })

  it('leaves a list as it is of which nothing could be taken in', async () => {
    const { place, session } = await placeWithTasks()
    const path = fileIn(place, 'active-tasks.md')
    const edited = readFileSync(path, 'utf8').replace('[ ] A', '[k] A')
    writeFileSync(path, edited)
    for (let time = 0; time < 2; time++) {
      const { code, stderr } = await place.run(['sync', '--adopt'])
      expect(code).toBe(1)
      expect(stderr).toMatch(/nothing was taken in\nthe edited list stays as it is/)
      expect(readFileSync(path, 'utf8')).toBe(edited)
    }
    expect(existsSync(fileIn(place, 'active-tasks.edited.md'))).toBe(false)
    // What is good beside what is not is taken in, and then the edited list is kept, each under its own name.
    const half = edited.replace('[ ] B', '[~] B')
    writeFileSync(path, half)
    expect((await place.run(['sync', '--adopt'])).stderr).toMatch(/kept in active-tasks\.edited\.md/)
    const again = readFileSync(path, 'utf8').replace('[~] B', '[x] B').replace('[ ] A', '[k] A')
    writeFileSync(path, again)
    expect((await place.run(['sync', '--adopt'])).stderr).toMatch(/kept in active-tasks\.edited-2\.md/)
    expect(readFileSync(fileIn(place, 'active-tasks.edited.md'), 'utf8')).toBe(half)
    expect(readFileSync(fileIn(place, 'active-tasks.edited-2.md'), 'utf8')).toBe(again)
    expect((await place.run(['tasks', session])).stdout).toMatch(/^B\tcompleted/m)
  })

  it('with a folder in the place of a file: writes the others, says which failed and what to do, ends with 1', async () => {
    const { place, session } = await placeWithTasks()
    const path = fileIn(place, 'session-state.json')
    rmSync(path)
    mkdirSync(path, { mode: 0o700 })
    rmSync(fileIn(place, 'active-tasks.md'))
    const check = await place.run(['sync', '--check'])
    expect(check).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^blocked\tsession-state\.json\ta folder stands in its place$/m),
      stderr: expect.stringContaining('next: move away what is in the way, then waymark sync'),
    })
    const { code, stdout, stderr } = await place.run(['sync'])
    expect(code).toBe(1)
    expect(stdout).toMatch(/^written\tactive-tasks\.md$/m)
    expect(stdout).toMatch(/^failed\tsession-state\.json$/m)
    expect(stderr).toMatch(/session-state\.json could not be written: a folder stands in its place/)
    const doctor = await place.run(['doctor', '--json'])
    expect(JSON.parse(doctor.stdout).findings).toMatchObject([
      { code: 'memory-drift', subject: path, proposal: `mv ${path} ${path}.aside, then waymark sync` },
    ])
    rmSync(path, { recursive: true })
    expect((await place.json(writtenShape, 'sync', session)).failed).toEqual([])
    expect((await place.run(['sync', '--check'])).code).toBe(0)
  })

  it('follows no linked folder of checkpoints out of the home', async () => {
    const { place } = await placeWithTasks()
    const outside = join(place.folder, 'outside')
    mkdirSync(outside)
    rmSync(fileIn(place, 'checkpoints'), { recursive: true })
    symlinkSync(outside, fileIn(place, 'checkpoints'))
    expect((await place.run(['sync', '--check'])).stdout).toMatch(
      /^blocked\tcheckpoints\tit is a link, which is not followed$/m,
    )
    expect((await place.run(['sync'])).code).toBe(1)
    expect(readdirSync(outside)).toEqual([])
  })

  it('refuses what makes no sense', async () => {
    const { place } = await placeWithTasks()
    expect(await place.run(['sync', '--check', '--adopt'])).toMatchObject({ code: 2, stdout: '' })
    expect(await place.run(['sync', '--dry-run'])).toMatchObject({ code: 2, stdout: '' })
    expect(await place.run(['sync', 'sess_nobody'])).toMatchObject({ code: 2, stdout: '' })
    const empty = await makePlace()
    expect((await empty.run(['sync'])).stderr).toMatch(/no sessions in/)
    expect((await empty.run(['sync', '--check'])).code).toBe(0)
    expect((await empty.run(['sync', '--adopt'])).code).toBe(2)
  })

  it('leaves the context cache out where it is switched off', async () => {
    const { place } = await placeWithTasks()
    await place.run(['sync', '--set', 'cache_enabled=false'])
    expect(existsSync(fileIn(place, 'context-cache.json'))).toBe(false)
    await place.run(['sync'])
    expect(existsSync(fileIn(place, 'context-cache.json'))).toBe(true)
  })
})

describe('waymark debug', () => {
  it('gives the session in few facts', async () => {
    const { place, session } = await placeWithTasks()
    const shape = z.object({
      session_id: z.string(),
      context_window: z.object({ used: z.number(), position_percent: z.number() }),
    })
    const json = await place.json(shape, 'debug', '--show-session-state')
    expect(json).toEqual({ session_id: session, context_window: { used: 156_000, position_percent: 78 } })
  })

  it.each([
    ['--show-session-state', ['show']],
    ['--show-token-budget', ['budget']],
    ['--list-checkpoints', ['checkpoints']],
    ['--check-memory-sync', ['sync', '--check']],
  ])('%s prints what the other verb prints', async (flag, [verb = '', ...options]) => {
    const { place, session } = await placeWithTasks()
    const one = await place.run(['debug', flag])
    const other = await place.run([verb, session, ...options])
    expect([one.stdout, one.code]).toEqual([other.stdout, other.code])
    expect(one.stdout).not.toBe('')
  })

  it('prints the history of the window', async () => {
    const { place, session } = await placeWithTasks()
    await place.send(session, { type: 'context.measure', contextTokens: 20_000 })
    const rows = await place.json(
      z.array(z.object({ used: z.number(), phase: z.string() })),
      'debug',
      '--show-token-usage-log',
    )
    expect(rows).toEqual([
      { used: 156_000, phase: 'warning' },
      { used: 20_000, phase: 'normal' },
    ])
  })

  it('answers several with one document, and with the worst exit code', async () => {
    const { place } = await placeWithTasks()
    const all = [
      '--show-session-state',
      '--show-token-budget',
      '--list-checkpoints',
      '--show-token-usage-log',
    ]
    const documents = await place.json(z.record(z.string(), z.unknown()), 'debug', ...all)
    expect(Object.keys(documents)).toEqual([
      'session_state',
      'token_budget',
      'checkpoints',
      'token_usage_log',
    ])
    rmSync(fileIn(place, 'session-state.json'))
    const { code, stdout } = await place.run([
      'debug',
      '--check-memory-sync',
      '--show-session-state',
      '--json',
    ])
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({ memory_sync: { ok: false }, session_state: {} })
  })

  it('asks what to show', async () => {
    const { place } = await placeWithTasks()
    expect(await place.run(['debug'])).toMatchObject({ code: 2, stdout: '' })
  })
})
