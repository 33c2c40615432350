/** What goes wrong is said clearly, ends with the documented exit code, and changes nothing. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { limits } from '../../src/kernel/limits.ts'
import * as shapes from './shapes.ts'
import { built, type Ended, makePlace, type Place } from './support.ts'

beforeAll(built, 180_000)

const add = '{"type":"task.add","taskId":"A","title":"one"}'
const verbsOfASession = [
  'show',
  'log',
  'budget',
  'tasks',
  'checkpoint',
  'checkpoints',
  'recover',
  'replay',
  'export',
]

function errorOf({ stderr }: Ended) {
  return shapes.errorShape.parse(JSON.parse(stderr)).error
}

/** Runs with `--json` and expects one line of JSON on stderr and nothing on stdout. */
async function failure(place: Place, args: readonly string[], input?: string) {
  const ended = await place.run([...args, '--json'], input === undefined ? {} : { input })
  expect(ended.stdout).toBe('')
  return { exitCode: ended.code, ...errorOf(ended) }
}

describe('wrong use of the command', () => {
  const cases: readonly [string, string[], string, string | RegExp][] = [
    ['an unknown verb', ['lgo'], "unknown command 'lgo'", 'did you mean log?'],
    ['an unknown option', ['list', '--al'], "unknown option '--al'", 'did you mean --all?'],
    ['a missing argument', ['show'], "missing required argument 'session'", /help/],
    ['too many arguments', ['list', 'x'], 'too many arguments', /help/],
    ['an option without its value', ['show', 'x', '--at'], "option '--at <when>' argument missing", /help/],
    [
      'an option that is no version',
      ['log', 'x', '--after', '-1'],
      '--after "-1": a version is a whole number',
      /help/,
    ],
    [
      'a time that is none',
      ['show', 'x', '--at', 'tuesday'],
      '--at "tuesday": a version (12) or a time',
      /help/,
    ],
    [
      'a day that does not exist',
      ['show', 'x', '--at', '2026-13-01'],
      '--at "2026-13-01": a version',
      /help/,
    ],
    ['tokens that are none', ['new', '--window', 'much'], '--window "much": a number of tokens', /help/],
    ['an empty title', ['new', '--title', ''], '--title "": it is empty', /help/],
    ['an endless title', ['new', '--title', 'x'.repeat(2_001)], '--title "xxx', /help/],
    ['a status that is none', ['tasks', 'x', '--status', 'done'], '--status', /help/],
    [
      'a type that is none',
      ['log', 'x', '--type', 'task.start'],
      'no event has the type "task.start"',
      /task\.started/,
    ],
    ['help on nothing', ['help', 'constructor'], 'no help on "constructor"', /topics/],
    ['no verb', ['--no-color'], 'no verb was given', /help/],
  ]
  it.each(cases)('%s', async (_, args, message, hint) => {
    const place = await makePlace()
    const error = await failure(place, args)
    expect(error).toMatchObject({ exitCode: 2, code: 'USAGE' })
    expect(error.message).toContain(message)
    expect(error.hint).toMatch(hint)
    const { code, stderr } = await place.run(args)
    expect(code).toBe(2)
    expect(stderr).toContain(`waymark: ${message}`)
    expect(stderr).toContain('\nhint: ')
  })

  it('without a word prints help, and fails', async () => {
    const place = await makePlace({ bare: true })
    const { code, stdout, stderr } = await place.run([])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('Usage: waymark <verb> [options]')
  })
})

describe('a session that is not there', () => {
  it.each([...verbsOfASession, 'send', 'verify'])('%s says which home it looked in', async (verb) => {
    const place = await makePlace()
    const args = verb === 'send' ? [verb, 'nobody', add] : [verb, 'nobody']
    const error = await failure(place, args)
    expect(error).toMatchObject({
      exitCode: 2,
      code: 'SESSION_NOT_FOUND',
      home: { path: place.home, foundBy: 'project' },
    })
    expect(error.hint).toContain('waymark list')
    const { code, stderr } = await place.run(args)
    expect(code).toBe(2)
    expect(stderr).toContain('waymark: no session "nobody"')
    expect(stderr).toContain(`home: ${place.home} (the nearest .moai folder upward from here)`)
  })

  const strange = [
    '../../etc/passwd',
    'sess_..',
    '__proto__',
    'constructor',
    '%2e%2e',
    '*',
    "' OR 1=1 --",
    'x'.repeat(1_500),
  ]
  it.each(strange)('is not found by the name %j', async (name) => {
    const place = await makePlace()
    await place.session()
    expect(await failure(place, ['show', name])).toMatchObject({ exitCode: 2, code: 'SESSION_NOT_FOUND' })
  })

  it('is not looked for by a name without end, or none', async () => {
    const place = await makePlace()
    expect(await failure(place, ['show', 'x'.repeat(100_000)])).toMatchObject({ exitCode: 2, code: 'USAGE' })
    expect(await failure(place, ['show', ''])).toMatchObject({ exitCode: 2, code: 'USAGE' })
  })

  it('is not picked by a slip of the finger, nor where several are meant', async () => {
    const place = await makePlace()
    const id = await place.session()
    expect(await failure(place, ['show', id.slice(0, 6)])).toMatchObject({
      exitCode: 2,
      code: 'SESSION_NOT_FOUND',
    })
    for (const nativeId of ['native-1', 'native-2']) await place.session({ nativeId })
    const error = await failure(place, ['show', 'native'])
    expect(error).toMatchObject({ exitCode: 2, code: 'SESSION_AMBIGUOUS', hint: 'write more of the id' })
    expect(error.home?.path).toBe(place.home)
    expect((await place.json(shapes.showShape, 'show', 'native-1')).nativeId).toBe('native-1')
  })
})

describe('a version that is not there', () => {
  it.each(['show', 'replay'])('%s', async (verb) => {
    const place = await makePlace()
    const id = await place.session()
    const error = await failure(
      place,
      verb === 'show' ? ['show', id, '--at', '9'] : ['replay', id, '--to', '9'],
    )
    expect(error).toMatchObject({ exitCode: 2, code: 'VERSION_NOT_FOUND', hint: 'its versions are 0 to 2' })
  })
})

describe('no home', () => {
  it.each(['list', 'verify', 'send', ...verbsOfASession])(
    '%s says where it looked and how to make one',
    async (verb) => {
      const place = await makePlace({ bare: true })
      const args =
        verb === 'send' ? [verb, 'x', add] : ['list', 'verify'].includes(verb) ? [verb] : [verb, 'x']
      const home = join(place.userFolder, '.moai')
      expect(await failure(place, args)).toMatchObject({
        exitCode: 2,
        code: 'HOME_NOT_FOUND',
        home: { path: home, foundBy: 'user' },
      })
      expect((await place.run(args)).stderr).toMatch(/hint: waymark init/)
    },
  )

  it.each<[string, string[], Record<string, string>, string, string]>([
    ['--home', ['--home', 'there'], {}, 'given', 'named by --home'],
    ['WAYMARK_HOME', [], { WAYMARK_HOME: 'there' }, 'environment', 'named by WAYMARK_HOME'],
  ])('named by %s', async (_, args, environment, foundBy, said) => {
    const place = await makePlace()
    const path = join(place.folder, 'there')
    const ended = await place.run(['list', '--json', ...args], { environment })
    expect(errorOf(ended)).toMatchObject({ code: 'HOME_NOT_FOUND', home: { path, foundBy } })
    expect((await place.run([...args, 'list'], { environment })).stderr).toContain(`home: ${path} (${said})`)
  })

  it('is where a file stands instead of a folder', async () => {
    const place = await makePlace({ bare: true })
    writeFileSync(join(place.folder, 'file'), '')
    expect(await failure(place, ['new', '--home', 'file'])).toMatchObject({
      exitCode: 1,
      code: 'HOME_NOT_WRITABLE',
    })
  })

  // Who is root may write and look everywhere.
  it.skipIf(process.getuid?.() === 0)(
    'may be in a folder that may not be written to, or not looked into',
    async () => {
      const place = await makePlace({ bare: true })
      const folder = join(place.folder, 'closed')
      mkdirSync(folder)
      for (const [mode, verb] of [
        [0o500, 'new'],
        [0o000, 'list'],
      ] as const) {
        chmodSync(folder, mode)
        const error = await failure(place, [verb, '--home', join(folder, '.moai')])
        chmodSync(folder, 0o700)
        expect(error).toMatchObject({ exitCode: 1, code: 'HOME_NOT_WRITABLE' })
        expect(error.hint).toContain('--home')
      }
    },
  )
})

describe('a command', () => {
  const tooLong = JSON.stringify({
    type: 'task.add',
    taskId: 'A',
    title: 'x'.repeat(limits.lineCharactersMax + 1),
  })
  const invalid: readonly [string, string, string | RegExp][] = [
    ['that is no JSON', '{"type":', /not JSON/],
    ['that is empty', '', /not JSON/],
    ['that is a list', '[1]', /a command is a JSON object/],
    ['that is null', 'null', /a command is a JSON object/],
    ['without a type', '{"taskId":"A"}', /unknown command type/],
    ['of an unknown type', '{"type":"task.begin","taskId":"A"}', 'unknown command type "task.begin"'],
    ['of an inherited type', '{"type":"constructor"}', 'unknown command type "constructor"'],
    ['of a wrong shape', '{"type":"task.add","taskId":7,"title":"one"}', /taskId/],
    ['with a field too many', '{"type":"task.start","taskId":"A","at":"once"}', /at/],
    ['with __proto__', '{"type":"task.start","taskId":"A","__proto__":{"x":1}}', /__proto__/],
    [
      'with __proto__ further in',
      '{"type":"task.block","taskId":"A","on":{"kind":"task","__proto__":{}}}',
      /__proto__/,
    ],
    ['about the task __proto__', '{"type":"task.start","taskId":"__proto__"}', /taskId/],
    ['about a task with path characters', '{"type":"task.start","taskId":"../../A"}', /taskId/],
    ['with a title without end', tooLong, /title/],
    ['with a wrong time', '{"type":"task.start","taskId":"A","time":"yesterday"}', /time/],
    ['with a wrong command id', '{"type":"task.start","taskId":"A","commandId":"a/b"}', /commandId/],
    [
      'with a wrong expected version',
      '{"type":"task.start","taskId":"A","expectedVersion":-1}',
      /expectedVersion/,
    ],
  ]
  it.each(invalid)('%s is not understood, and changes nothing', async (_, command, message) => {
    const place = await makePlace()
    const id = await place.session()
    const before = (await place.run(['export', id])).stdout
    const error = await failure(place, ['send', id, command])
    expect(error).toMatchObject({ exitCode: 2, code: 'COMMAND_INVALID' })
    expect(error.message).toMatch(message)
    expect(error.hint).not.toBeNull()
    expect((await place.run(['export', id])).stdout).toBe(before)
  })

  it('is refused by the machines with what would be accepted', async () => {
    const place = await makePlace()
    const id = await place.session()
    await place.send(id, JSON.parse(add))
    const error = await failure(place, ['send', id, '{"type":"task.complete","taskId":"A"}'])
    expect(error).toMatchObject({
      exitCode: 1,
      code: 'COMMAND_REFUSED',
      details: { status: 'pending', command: 'task.complete' },
    })
    expect(error.hint).toContain('task.start')
    expect((await place.json(shapes.showShape, 'show', id)).version).toBe(3)
  })

  it('is refused when the version is not the expected one, or its id was used before', async () => {
    const place = await makePlace()
    const id = await place.session()
    const conflict = await failure(place, [
      'send',
      id,
      '{"type":"task.add","taskId":"A","title":"x","expectedVersion":7}',
    ])
    expect(conflict).toMatchObject({
      exitCode: 1,
      code: 'VERSION_CONFLICT',
      details: { actual: 2, expected: 7 },
    })
    await place.run(['send', id, JSON.stringify({ ...JSON.parse(add), commandId: 'once' })])
    const reused = await failure(place, ['send', id, '{"type":"task.start","taskId":"A","commandId":"once"}'])
    expect(reused).toMatchObject({ exitCode: 1, code: 'COMMAND_ID_REUSED' })
  })
})

describe('an error', () => {
  it('writes nothing to stdout, and no colour where stderr is no terminal', async () => {
    const place = await makePlace()
    const { stdout, stderr } = await place.run(['show', 'nobody'])
    expect(stdout).toBe('')
    expect(stderr).not.toContain('\u001b')
    expect((await place.run(['show', 'nobody'], { environment: { FORCE_COLOR: '1' } })).stderr).toContain(
      '\u001b[31m',
    )
    const plain = await place.run(['show', 'nobody', '--no-color'], { environment: { FORCE_COLOR: '1' } })
    expect(plain.stderr).not.toContain('\u001b')
  })

  it('says so where a module ends the process, and does not take that for an answer', async () => {
    const place = await makePlace()
    const id = await place.session()
    writeFileSync(join(place.folder, 'ends.mjs'), 'export default () => process.exit(0)')
    const { stderr, code } = await place.run(['bisect', id, '--module', 'ends.mjs'])
    expect(code).toBe(1)
    expect(stderr).toContain('ended before the verb was done')
    expect(stderr).toContain('must not call process.exit')
  })

  it('shows what was typed without obeying it', async () => {
    const place = await makePlace()
    const { stderr } = await place.run(['show', 'evil\u001b[2Jname'])
    expect(stderr).toContain('evil\\u001b[2Jname')
  })
})
