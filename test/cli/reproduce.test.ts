/** `waymark reproduce` as people and programs use it: where the test goes, what is said of it, and what is said when there is none. */
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { projectRoot } from '../support/processes.ts'
import { errorShape, reproduceShape } from './shapes.ts'
import { built, makePlace, type Place } from './support.ts'

beforeAll(built, 180_000)

const failed = 'tasks.exists(id, tasks[id].status == "failed")'

/** A session with three tasks, one of which failed. */
async function worked(place: Place): Promise<string> {
  const id = await place.session({ title: 'Log in', windowTokens: 200_000 })
  await place.send(
    id,
    { type: 'task.add', taskId: 'A', title: 'one' },
    { type: 'task.add', taskId: 'B', title: 'two' },
    { type: 'context.measure', contextTokens: 40_000 },
    { type: 'task.start', taskId: 'B' },
    { type: 'task.start', taskId: 'A' },
    { type: 'task.fail', taskId: 'B', reason: 'no network', retryable: true },
    { type: 'task.complete', taskId: 'A' },
  )
  return id
}

/** Runs vitest as in a project that has Waymark and vitest. */
function vitest(folder: string) {
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(projectRoot, join(folder, 'node_modules/waymark'), 'dir')
  symlinkSync(join(projectRoot, 'node_modules/vitest'), join(folder, 'node_modules/vitest'), 'dir')
  const script = join(folder, 'node_modules/vitest/vitest.mjs')
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, 'run', '--root', folder], {
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  })
  return { status, told: stdout + stderr }
}

describe('reproduce', () => {
  it('prints the test, and says beside it how it was found', async () => {
    const place = await makePlace()
    const { code, stdout, stderr } = await place.run(['reproduce', await worked(place), '--when', failed])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^\/\/ Cut by waymark [\s\S]*\n\}\)\n$/)
    expect(stdout.match(/\{ type: '[a-z.]+'/g)).toEqual([
      "{ type: 'session.start'",
      "{ type: 'task.add'",
      "{ type: 'task.start'",
      "{ type: 'task.fail'",
    ])
    expect(stderr).toMatch(
      /^4 of the \d+ commands up to version \d+, those at .*; none of them can be left out; \d+ attempts in /,
    )
    expect(stderr).toContain('next: --out <file> writes it')
  })

  it('writes the test, which fails in TypeScript as in JavaScript, and writes over nothing unasked', async () => {
    const place = await makePlace()
    const id = await worked(place)
    const args = ['reproduce', id, '--when', failed, '--out']
    expect(await place.run([...args, 'failed.test.mjs'])).toMatchObject({
      code: 0,
      stdout: 'failed.test.mjs\n',
    })
    expect(await place.run([...args, 'failed.test.ts'])).toMatchObject({ code: 0 })
    const { status, told } = vitest(place.folder)
    expect(status).toBe(1)
    expect(told).toMatch(/Tests {2}2 failed \(2\)/)
    expect(told).toContain('it does not hold after task.fail')

    writeFileSync(join(place.folder, 'failed.test.ts'), 'mine')
    const again = await place.run([...args, 'failed.test.ts', '--json'])
    expect(again.code).toBe(1)
    expect(errorShape.parse(JSON.parse(again.stderr)).error.code).toBe('ALREADY_EXISTS')
    expect(readFileSync(join(place.folder, 'failed.test.ts'), 'utf8')).toBe('mine')
    expect(await place.run([...args, 'failed.test.ts', '--force'])).toMatchObject({ code: 0 })
    expect(readFileSync(join(place.folder, 'failed.test.ts'), 'utf8')).toContain('Cut by waymark')
  })

  it('answers in JSON with the test or with its file, for a predicate, a version, and a seed', async () => {
    const place = await makePlace()
    const id = await worked(place)
    const printed = await place.json(reproduceShape, 'reproduce', id, '--when', failed, '--seed', '7')
    expect(printed).toMatchObject({ kind: 'state', isMinimal: true, seed: 7, file: null })
    expect(printed.test).toContain('const seed = 7')
    const version = printed.version
    const written = await place.json(
      reproduceShape,
      'reproduce',
      id,
      '--version',
      String(version),
      '--out',
      'v.test.mjs',
    )
    expect(written).toMatchObject({ kind: 'change', version, file: 'v.test.mjs', test: null })
    expect(written.commands.map(({ type }) => type)).toEqual(printed.commands.map(({ type }) => type))
    expect(readFileSync(join(place.folder, 'v.test.mjs'), 'utf8')).toContain('not.toMatchObject(change)')
  })

  it('names the module of machines as the test has to import it', async () => {
    const place = await makePlace()
    const id = await worked(place)
    mkdirSync(join(place.folder, 'machines'))
    mkdirSync(join(place.folder, 'test'))
    // A running task accepts nothing any more.
    const text = readFileSync(join(projectRoot, 'examples/reproduce/machines.mjs'), 'utf8')
      .replace('...config.states,', '...config.states, in_progress: { on: {} },')
      .replace("'waymark/machines'", `'${join(projectRoot, 'dist/machines/index.js')}'`)
      .replace("'xstate'", `'${join(projectRoot, 'node_modules/xstate/dist/xstate.esm.js')}'`)
    writeFileSync(join(place.folder, 'machines/mine.mjs'), text)
    const args = ['--machines', 'machines/mine.mjs', '--out', 'test/mine.test.mjs']
    const found = await place.json(reproduceShape, 'reproduce', id, ...args)
    expect(found.kind).toBe('divergence')
    expect(readFileSync(join(place.folder, 'test/mine.test.mjs'), 'utf8')).toContain(
      "import * as machines from '../machines/mine.mjs'",
    )
    expect(vitest(place.folder).told).toMatch(/Tests {2}1 failed/)
  })

  it.each([
    [1, 'NOT_REPRODUCED', ['--when', 'tasks.A.status == "failed"']],
    [1, 'NOT_REPRODUCED', ['--when', 'taskCount >= 0.0']],
    [2, 'PREDICATE_INVALID', ['--when', 'task.A.status == "failed"']],
    [2, 'PREDICATE_INVALID', ['--when', '']],
    [2, 'VERSION_NOT_FOUND', ['--version', '99']],
    [2, 'VERSION_NOT_FOUND', ['--version', '0']],
    [2, 'USAGE', ['--version', 'x']],
    [2, 'USAGE', ['--version']],
    [2, 'USAGE', []],
    [2, 'USAGE', ['--when', failed, '--version', '3']],
    [2, 'USAGE', ['--when', failed, '--force']],
    [2, 'USAGE', ['--when', failed, '--seed', '-1']],
    [2, 'USAGE', ['--when', failed, '--out', 'nowhere/a.test.ts']],
    [2, 'USAGE', ['--when', failed, '--out', 'failed.js']],
    [2, 'USAGE', ['--when', failed, '--out', 'failed.txt']],
    [2, 'MACHINES_INVALID', ['--machines', 'nowhere.mjs']],
  ] as const)('ends with %i and %s for %j', async (code, name, options) => {
    const place = await makePlace()
    const ended = await place.run(['reproduce', await worked(place), ...options, '--json'])
    expect([ended.code, ended.stdout]).toEqual([code, ''])
    const { error } = errorShape.parse(JSON.parse(ended.stderr))
    expect(error.code).toBe(name)
    expect(error.hint).toEqual(expect.any(String))
  })

  it.skipIf(process.getuid?.() === 0)(
    'says that a folder may not be written into, before it searches',
    async () => {
      const place = await makePlace()
      const id = await worked(place)
      mkdirSync(join(place.folder, 'closed'))
      chmodSync(join(place.folder, 'closed'), 0o500)
      const { code, stderr } = await place.run([
        'reproduce',
        id,
        '--when',
        failed,
        '--out',
        'closed/a.test.ts',
      ])
      expect([code, stderr]).toEqual([2, expect.stringContaining('cannot write closed/a.test.ts')])
      expect(existsSync(join(place.folder, 'closed/a.test.ts'))).toBe(false)
    },
  )

  it('leaves -V and --version of the command itself as they are', async () => {
    const place = await makePlace()
    const { stdout } = await place.run(['--version'])
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
    expect(await place.run(['reproduce', '-V'])).toMatchObject({ code: 0, stdout })
    expect(await place.run(['list', '--version'])).toMatchObject({ code: 0, stdout })
  })
})
