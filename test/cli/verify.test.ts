/**
 * Goal: `verify` asks the machines again, with those of a module too, and says in words and as JSON what would be different.
 * Method: the built command in homes of its own, with modules that have a bug planted in them, or are none.
 */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { errorShape, verifyShape } from './shapes.ts'
import { makePlace, type Place } from './support.ts'

const machines = pathToFileURL(fileURLToPath(new URL('../../dist/machines/index.js', import.meta.url))).href
const xstate = pathToFileURL(createRequire(import.meta.url).resolve('xstate')).href

async function session(place: Place): Promise<string> {
  const id = await place.session({ title: 'work' })
  await place.send(
    id,
    { type: 'task.add', taskId: 'A', title: 'first' },
    { type: 'task.start', taskId: 'A' },
    { type: 'task.block', taskId: 'A', on: { kind: 'input' } },
    { type: 'task.unblock', taskId: 'A' },
    { type: 'task.complete', taskId: 'A' },
  )
  return id
}

function module(place: Place, text: string, name = 'changed.mjs'): string {
  writeFileSync(join(place.folder, name), text)
  return name
}

/** The task machine of the package with one state changed. */
const withState = (state: string, on: string): string => `
import { setup } from ${JSON.stringify(xstate)}
import { taskMachine as usual } from ${JSON.stringify(machines)}
const { guards, actions } = usual.implementations
const states = { ...usual.config.states, ${state}: { on: ${on} } }
export const taskMachine = setup({ guards, actions }).createMachine({ ...usual.config, states })
`

/** The task machine of the package that starts a task where a guard says so. */
const guardOf = (body: string): string =>
  withState(
    'pending',
    `{ ...usual.config.states.pending.on, 'task.start': { target: 'in_progress', guard: () => { ${body} } } }`,
  )

const people = { environment: { WAYMARK_LAYOUT: 'aligned' } }

describe('verify', () => {
  it('asks the machines about every batch', async () => {
    const place = await makePlace()
    await session(place)
    const { sessions } = await place.json(verifyShape, 'verify')
    expect(sessions[0]?.machines).toMatchObject({ batches: 7, divergenceCount: 0, notAsked: [] })
    const { code, stderr } = await place.run(['verify'], people)
    expect(code).toBe(0)
    expect(stderr).toContain('the machines were asked about 7 batches: each follows from its command')
  })

  it('finds what a changed machine would refuse', async () => {
    const place = await makePlace()
    const id = await session(place)
    const other = await place.session({ title: 'other work' })
    // A bug: a running task can only be cancelled.
    const path = module(place, withState('in_progress', `{ 'task.cancel': 'failed' }`))
    const { code, stdout, stderr } = await place.run(['verify', '--machines', path], people)
    expect(code).toBe(1)
    expect(stdout).toMatch(
      new RegExp(
        `^diverges +${id} +7 +5 +machine-changed: task.block is refused now: the machine does not accept it; it led to task.blocked \\(and 1 batch more\\)$`,
        'm',
      ),
    )
    expect(stdout).toMatch(new RegExp(`^sound +${other}`, 'm'))
    expect(stdout).toMatch(/^task\.block +refused now +1 +1$/m)
    expect(stdout).toMatch(/^task\.complete +refused now +1 +1$/m)
    expect(stderr).toContain('the machines were asked about 9 batches: 2 in 1 session would be different')
    expect(stderr).toContain('everything is as it was written')
    expect(stderr).not.toContain('repair')
    const json = await place.run(['verify', id, '--machines', path, '--json'])
    expect(json.code).toBe(1)
    expect(verifyShape.parse(JSON.parse(json.stdout)).sessions[0]).toMatchObject({
      ok: false,
      problems: [],
      machines: {
        divergenceCount: 2,
        divergences: [
          { version: 5, command: 'task.block', cause: 'machine-changed', outcome: 'refused' },
          { version: 7, command: 'task.complete', cause: 'machine-changed', outcome: 'refused' },
        ],
      },
    })
  })

  it('finds what a changed machine would lead elsewhere, and what has other consequences', async () => {
    const place = await makePlace()
    await session(place)
    const path = module(place, withState('blocked', `{ 'task.unblock': 'pending' }`))
    const { code, stdout } = await place.run(['verify', '--machines', path], people)
    expect(code).toBe(1)
    expect(stdout).toContain('task.unblock: [0].data.status was in_progress, now pending')
    expect(stdout).toMatch(/^task\.unblock +other events now +1 +1$/m)
  })

  it('changes nothing with machines that were not changed', async () => {
    const place = await makePlace()
    await session(place)
    const path = module(
      place,
      `export { taskMachine, budgetMachine, sessionMachine, handoffMachine, recoveryMachine } from ${JSON.stringify(machines)}`,
    )
    expect((await place.run(['verify', '--machines', path])).code).toBe(0)
  })

  const broken: readonly (readonly [what: string, text: string | null, message: string])[] = [
    ['a file that is not there', null, 'there is no such file'],
    ['a module that is none', 'export const taskMachine = {', 'it cannot be loaded: SyntaxError'],
    ['a module that throws', `throw new Error('not today')`, 'it cannot be loaded: Error: not today'],
    ['a module without machines', 'export const machine = 1', 'it exports no machine'],
    [
      'something else by the name of a machine',
      'export const taskMachine = 1',
      'taskMachine is no XState machine of version 5',
    ],
    ['a machine of other states', withState('paused', '{}'), 'has states that a log does not know: paused'],
    [
      'a guard that throws',
      `import { taskMachine as usual } from ${JSON.stringify(machines)}
       export const taskMachine = usual.provide({ guards: { warned: () => { throw new Error('no window') } } })`,
      'taskMachine throws at task.start in pending',
    ],
  ]
  it.each(broken)('refuses %s with its reason', async (_what, text, message) => {
    const place = await makePlace()
    await session(place)
    const path = text === null ? 'nowhere.mjs' : module(place, text, 'broken.mjs')
    const { code, stdout, stderr } = await place.run(['verify', '--machines', path])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain(message)
    expect(stderr).toContain('hint: ')
    const json = await place.run(['verify', '--machines', path, '--json'])
    expect(errorShape.parse(JSON.parse(json.stderr)).error.code).toBe('MACHINES_INVALID')
  })

  const endless: readonly (readonly [
    what: string,
    text: string,
    verb: readonly string[],
    message: RegExp,
  ])[] = [
    ['a module', 'while (true) {}', ['verify'], /it is not loaded after 10000 milliseconds/],
    [
      'a guard, to verify',
      guardOf('for (;;) {}'),
      ['verify'],
      /taskMachine takes longer than \d+ milliseconds at task\.start in pending/,
    ],
    [
      'a guard, to reproduce',
      guardOf('for (;;) {}'),
      ['reproduce', 'S'],
      /taskMachine takes longer than \d+ milliseconds at task\.start in pending/,
    ],
  ]
  it.each(endless)('ends %s that never ends', { timeout: 60_000 }, async (_what, text, verb, message) => {
    const place = await makePlace()
    const id = await session(place)
    const words = verb.map((word) => (word === 'S' ? id : word))
    const path = module(place, text, 'endless.mjs')
    const { code, stderr } = await place.run([...words, '--machines', path])
    expect(code).toBe(2)
    expect(stderr).toMatch(message)
    expect(stderr).toContain('is there a loop that never ends?')
  })

  it('names machines that answer by chance', async () => {
    const place = await makePlace()
    const id = await session(place)
    const tasks = Array.from({ length: 24 }, (_, place) => `T${place}`)
    await place.send(
      id,
      ...tasks.flatMap((taskId) => [
        { type: 'task.add', taskId, title: taskId } as const,
        { type: 'task.start', taskId } as const,
      ]),
    )
    const path = module(place, guardOf('return Math.random() < 0.5'))
    const { code, stdout } = await place.run(['verify', '--machines', path], people)
    expect(code).toBe(1)
    expect(stdout).toContain('machine-unsteady')
    const reproduced = await place.run(['reproduce', id, '--machines', path])
    expect(reproduced).toMatchObject({ code: 1, stdout: '' })
    expect(reproduced.stderr).toContain('answers differently each time')
  })
})

describe('docs/verify.md', () => {
  it('shows what its module leads to', async () => {
    const page = readFileSync(new URL('../../docs/verify.md', import.meta.url), 'utf8')
    const [, text = ''] = /^```text\n([\s\S]*?)^```$/m.exec(page) ?? []
    const [, shown = ''] =
      /^```console\n\$ waymark verify --machines changed\.mjs\n([\s\S]*?)^```$/m.exec(page) ?? []
    const place = await makePlace()
    const id = await session(place)
    // The module says what a user's would: packages by their names.
    mkdirSync(join(place.folder, 'node_modules'))
    const root = fileURLToPath(new URL('../..', import.meta.url))
    symlinkSync(root, join(place.folder, 'node_modules', 'waymark'), 'dir')
    symlinkSync(join(root, 'node_modules', 'xstate'), join(place.folder, 'node_modules', 'xstate'), 'dir')
    const { code, stdout, stderr } = await place.run(['verify', '--machines', module(place, text)], people)
    expect(code).toBe(1)
    const sessionName = /sess_[0-9a-f-]{36}/g
    expect(`${stdout}${stderr}`.replaceAll('SPEC-001', 'A')).toBe(shown.replaceAll(sessionName, id))
  })
})
