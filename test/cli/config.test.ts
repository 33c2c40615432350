/** `waymark config` shows what is set, and where; `--set` is heard before and after any verb. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { settingsJson } from '../../src/configuration/json.ts'
import { keys, standardSettings } from '../../src/configuration/settings.ts'
import * as shapes from './shapes.ts'
import { built, makePlace, type Place } from './support.ts'

beforeAll(built, 180_000)

const names = Object.values(keys).map(({ name }) => name)

function write(home: string, text: string): string {
  const file = join(home, 'config', 'config.json')
  mkdirSync(join(home, 'config'), { recursive: true })
  writeFileSync(file, text)
  return file
}

async function failure(place: Place, args: readonly string[], environment = {}) {
  const { code, stdout, stderr } = await place.run([...args, '--json'], { environment })
  expect(stdout).toBe('')
  return { exitCode: code, ...shapes.errorShape.parse(JSON.parse(stderr)).error }
}

describe('waymark config', () => {
  it('shows the defaults where there is no home, and makes none', async () => {
    const place = await makePlace({ bare: true })
    const { settings, origins } = await place.json(shapes.configShape, 'config')
    expect(settings).toEqual(settingsJson(standardSettings))
    expect(Object.keys(origins)).toEqual(names)
    expect(new Set(Object.values(origins).map(({ layer }) => layer))).toEqual(new Set(['defaults']))
    expect(await failure(place, ['list'])).toMatchObject({ code: 'HOME_NOT_FOUND' })
  })

  it('shows each value, its layer and its place', async () => {
    const place = await makePlace({ bare: true })
    const user = write(join(place.userFolder, '.moai'), '{"session":{"cache_enabled":false}}')
    const project = write(
      place.home,
      '{\n  "other": 1,\n  "session": {\n    "max_parallel_sessions": 5\n  }\n}',
    )
    const environment = { WAYMARK_AUTO_CHECKPOINT: 'false' }
    const args = ['--set', 'auto_load_history=false', 'config', '--set', 'context_budget.reserve_tokens=1']
    const { code, stdout, stderr } = await place.run(args, { environment })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const rows = stdout.trimEnd().split('\n')
    expect(rows).toHaveLength(names.length)
    for (const row of [
      `cache_enabled\tfalse\thome\t${user}:1:13`,
      `max_parallel_sessions\t5\tproject\t${project}:4:5`,
      'auto_checkpoint\tfalse\tenvironment\tWAYMARK_AUTO_CHECKPOINT',
      'auto_load_history\tfalse\tflags\t--set auto_load_history',
      'context_budget.reserve_tokens\t1\tflags\t--set context_budget.reserve_tokens',
      'context_preservation\tcritical_only\tdefaults\t',
    ]) {
      expect(rows).toContain(row)
    }
    const { settings, origins } = await place.json(shapes.configShape, 'config')
    expect(settings.session).toMatchObject({ cache_enabled: false, max_parallel_sessions: 5 })
    expect(origins).toMatchObject({
      cache_enabled: { layer: 'home', file: user, line: 1, column: 13 },
      max_parallel_sessions: { layer: 'project', file: project, line: 4, column: 5 },
    })
  })

  it('is laid out for people, with what was set made strong', async () => {
    const place = await makePlace({ bare: true })
    const environment = { WAYMARK_LAYOUT: 'aligned', FORCE_COLOR: '1', WAYMARK_CACHE_ENABLED: 'false' }
    const { stdout } = await place.run(['config'], { environment })
    expect(stdout).toContain('where')
    expect(stdout).toContain('\u001b[1mfalse\u001b[22m')
    expect(stdout).not.toContain('\u001b[1mtrue')
  })

  it('shows one setting alone', async () => {
    const place = await makePlace({ bare: true })
    const file = write(place.home, '{"session":{"context_budget":{"reserve_tokens":7}}}')
    const key = 'context_budget.reserve_tokens'
    expect((await place.run(['config', key])).stdout).toBe(`${key}\t7\tproject\t${file}:1:31\n`)
    expect(await place.json(shapes.configKeyShape, 'config', key)).toEqual({
      key,
      value: 7,
      origin: { layer: 'project', file, line: 1, column: 31 },
    })
    expect(await place.json(shapes.configKeyShape, 'config', 'auto_checkpoint')).toEqual({
      key: 'auto_checkpoint',
      value: true,
      origin: { layer: 'defaults' },
    })
  })

  it('knows the keys, and the nearest ones of a key that is none', async () => {
    const place = await makePlace({ bare: true })
    for (const [key, hint] of [
      ['auto_checkpont', 'did you mean auto_checkpoint'],
      ['reserve_tokens', 'did you mean context_budget.reserve_tokens?'],
      ['__proto__', 'did you mean'],
    ] as const) {
      const error = await failure(place, ['config', key])
      expect(error).toMatchObject({ exitCode: 2, code: 'USAGE', message: `unknown key "${key}"` })
      expect(error.hint).toContain(hint)
    }
  })

  it('reads the home that was named', async () => {
    const place = await makePlace()
    write(place.home, '{"session":{"cache_enabled":1}}')
    const named = join(place.folder, 'named')
    write(named, '{"session":{"cache_enabled":false}}')
    const { stdout } = await place.run(['config', 'cache_enabled', '--home', 'named'])
    expect(stdout).toMatch(/^cache_enabled\tfalse\tproject\t/)
  })
})

describe('settings that may not be so', () => {
  it('in a file end with the file, the line, the key and what would be right', async () => {
    const place = await makePlace({ bare: true })
    const file = write(
      place.home,
      '{\n  "session": {\n    "context_budget": {\n      "warning_threshold_percent": "75"\n    }\n  }\n}',
    )
    const { code, stdout, stderr } = await place.run(['config'])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toBe(
      `waymark: ${file}:4:36: session.context_budget.warning_threshold_percent is "75"\n` +
        'hint: it takes a number above 0 and below 100\n',
    )
    expect(await failure(place, ['config'])).toMatchObject({
      exitCode: 2,
      code: 'CONFIGURATION_INVALID',
      details: { problems: [{ origin: { file, line: 4, column: 36 } }] },
    })
  })

  it('in a variable or a flag end with its name', async () => {
    const place = await makePlace({ bare: true })
    const inVariable = await failure(place, ['config'], { WAYMARK_CACHE_ENABLED: 'on' })
    expect(inVariable).toMatchObject({ exitCode: 2, code: 'CONFIGURATION_INVALID' })
    expect(inVariable.message).toBe('WAYMARK_CACHE_ENABLED: session.cache_enabled is "on"')
    const inFlag = await failure(place, ['config', '--set', 'context_budget.warning_threshold_percent=90'])
    expect(inFlag).toMatchObject({ exitCode: 2, code: 'CONFIGURATION_INVALID' })
    expect(inFlag.message).toContain('is not below session.context_budget.emergency_threshold_percent 85')
  })

  it('are shown without being obeyed', async () => {
    const place = await makePlace({ bare: true })
    write(place.home, '{"session":{"evil\\u001b[2J":1}}')
    expect((await place.run(['config'])).stderr).toContain('session.evil\\u001b[2J')
  })

  it('of other tools are nobody’s business', async () => {
    const place = await makePlace({ bare: true })
    write(place.home, '{"session":{},"sessions":{"cache_enabled":1},"project":{"session":{"x":1}}}')
    expect((await place.run(['config'])).code).toBe(0)
  })
})
