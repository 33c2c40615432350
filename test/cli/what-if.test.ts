/** `replay` with other rules: real homes, the built command. What it finds, what it saves, and every way to ask for it wrongly. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { canonicalJson } from '../../src/kernel/json.ts'
import { saveWhatIf } from '../../src/what-if/save.ts'
import { eventsOf } from '../support/events.ts'
import * as shapes from './shapes.ts'
import { built, makePlace, type Place } from './support.ts'

beforeAll(built, 180_000)

const thresholds = {
  monitoring_threshold_percent: 40,
  warning_threshold_percent: 60,
  emergency_threshold_percent: 70,
}

function usage(callId: string, inputTokens: number) {
  const rest = { outputTokens: 500, cacheReadTokens: 0, cacheCreationTokens: 0 }
  return { type: 'usage.record', callId, model: 'claude-sonnet-4-5', inputTokens, ...rest }
}

/** A session of a task, and a window that fills up to 78 %. */
async function recorded(): Promise<{ readonly place: Place; readonly id: string }> {
  const place = await makePlace()
  const id = await place.session({ model: 'claude-sonnet-4-5', windowTokens: 200_000 })
  await place.send(
    id,
    { type: 'task.add', taskId: 'A', title: 'Log in' },
    { type: 'task.start', taskId: 'A' },
    usage('m1', 90_000),
    usage('m2', 130_000),
    usage('m3', 156_000),
    { type: 'task.complete', taskId: 'A' },
  )
  return { place, id }
}

function settings(place: Place, session: object): string {
  const file = join(place.folder, 'other.json')
  writeFileSync(file, JSON.stringify({ session }))
  return file
}

describe('replay --with', () => {
  it('says which thresholds would have been crossed when, and which checkpoints taken', async () => {
    const { place, id } = await recorded()
    const file = settings(place, { context_budget: thresholds, cache_enabled: false })
    const found = await place.json(shapes.whatIfShape, 'replay', id, '--with', file)
    expect(found.asked).toMatchObject({
      configuration: { warningThresholdPercent: 60 },
      withoutEffect: ['session.cache_enabled'],
    })
    const to = ({ listed }: typeof found.phases.played) => listed.map((phase) => phase.to)
    expect(to(found.phases.recorded)).toEqual(['monitoring', 'warning'])
    expect(to(found.phases.played)).toEqual(['monitoring', 'warning', 'emergency'])
    expect(found.partsAt).toMatchObject({ version: 5, command: 'usage.record', kind: 'played' })
    expect(found.checkpoints.added.listed.map(({ trigger }) => trigger)).toEqual(['budget', 'emergency'])
    expect(found.checkpoints.missing.listed.map(({ trigger }) => trigger)).toEqual(['budget'])
    expect(found).toMatchObject({ same: false, fork: null })

    const { stdout, stderr, code } = await place.run(['replay', id, '--with', file], {
      environment: { WAYMARK_LAYOUT: 'aligned' },
    })
    expect(code).toBe(0)
    expect(stdout).toMatch(/^called +no model, no tool$/m)
    expect(stdout).toMatch(/^warningThresholdPercent +60 instead of 75$/m)
    expect(stdout).toMatch(/^ +7 .* now +monitoring +warning +65\.0 %$/m)
    expect(stderr).toContain('no session depends on session.cache_enabled')
  })

  it('says that it is the same where nothing comes of it', async () => {
    const { place, id } = await recorded()
    const file = settings(place, { session_timeout_minutes: 90 })
    const found = await place.json(shapes.whatIfShape, 'replay', id, '--with', file)
    expect(found).toMatchObject({ same: false, partsAt: null })
    expect((await place.run(['replay', id, '--with', file])).stdout).toContain(
      'the same, but for the configuration itself',
    )
    const edit = await place.json(shapes.whatIfShape, 'replay', id, '--edit', '3', '{"title":"Log in"}')
    expect(edit).toMatchObject({ same: true, partsAt: null, refused: { count: 0 } })
  })

  it('goes before what the session configured itself, and says so', async () => {
    const { place, id } = await recorded()
    await place.send(id, { type: 'session.configure', configuration: { emergencyThresholdPercent: 95 } })
    const file = settings(place, { context_budget: thresholds })
    const found = await place.json(shapes.whatIfShape, 'replay', id, '--with', file)
    expect(found.gaveWay.listed).toMatchObject([
      { command: 'session.configure', fields: ['emergencyThresholdPercent'] },
    ])
    expect((await place.run(['replay', id, '--with', file])).stdout).toMatch(
      /gave way\tversion \d+ set emerg/,
    )
  })
})

describe('replay --skip, --edit, --insert', () => {
  it('says which commands are refused now, and why', async () => {
    const { place, id } = await recorded()
    const found = await place.json(shapes.whatIfShape, 'replay', id, '--skip', '4')
    expect(found.refused.listed).toMatchObject([
      { command: 'task.complete', subject: 'task A', status: 'pending' },
    ])
    expect(found.state.played.tasks).toEqual({ A: 'pending' })
    expect(found.diff.changes.map(({ path }) => path)).toContain('tasks.A.status')
  })

  it('takes ranges and what policies asked for within them', async () => {
    const { place, id } = await recorded()
    const found = await place.json(shapes.whatIfShape, 'replay', id, '--skip', '4,9-13')
    expect(found.state.played.window).toMatchObject({ usedTokens: 130_000 })
    expect(found.checkpoints.missing.count).toBe(1)
  })

  it('takes several changes at once, in both forms', async () => {
    const { place, id } = await recorded()
    const fail = '{"type":"task.fail","taskId":"A","reason":"no network","retryable":true}'
    const edits = ['--edit', '3={"title":"Log out"}', '--edit', '5', '{"inputTokens":10}']
    const inserts = ['--insert', '4', fail, '--insert', '4={"type":"task.recover","taskId":"A"}']
    const found = await place.json(shapes.whatIfShape, 'replay', id, ...edits, ...inserts)
    expect(found.asked.edit.map(({ version }) => version)).toEqual([3, 5])
    expect(found.partsAt).toMatchObject({ version: 3, command: 'task.add', kind: 'edited' })
    expect(found.state.played.tasks).toEqual({ A: 'recovered' })
    expect(found.commands).toBe(9)
  })
})

describe('what an answer says', () => {
  it('an inserted command that is refused is told, is not the same, and cannot be saved', async () => {
    const { place, id } = await recorded()
    const insert = ['--insert', '5', '{"type":"task.start","taskId":"NOPE"}']
    const found = await place.json(shapes.whatIfShape, 'replay', id, ...insert)
    expect(found).toMatchObject({ same: false, partsAt: null, refused: { count: 1 } })
    const { stdout, code } = await place.run(['replay', id, ...insert])
    expect(stdout).toMatch(/^what-if\toutcome\tno other events; 1 inserted command refused$/m)
    expect(stdout).toMatch(/^refused\t5\ttask\.start\ttask NOPE/m)
    expect(code).toBe(0)
    const saved = await place.run(['replay', id, ...insert, '--save'])
    expect(saved.code).toBe(2)
    expect(saved.stderr).toContain('what was inserted is refused')
  })

  it('a beginning that is inserted is refused like any command, and a hint about a beginning can be followed', async () => {
    const { place, id } = await recorded()
    const found = await place.json(
      shapes.whatIfShape,
      'replay',
      id,
      '--insert',
      '5',
      '{"type":"session.start"}',
    )
    expect(found.refused.listed).toMatchObject([{ version: 5, command: 'session.start' }])
    const { sessionId } = await place.library(async (waymark) => (await waymark.fork(id)).state)
    const { stderr } = await place.run(['replay', sessionId, '--skip', '15'])
    const [, version = '', fields = ''] = /--edit (\d+) '(.*)'/.exec(stderr) ?? []
    const edited = await place.json(shapes.whatIfShape, 'replay', sessionId, '--edit', version, fields)
    expect(edited.partsAt).toMatchObject({ version: 15, kind: 'edited' })
  })

  it('several files hold together, the later one first; what is as it was and what gives way is said', async () => {
    const { place, id } = await recorded()
    const first = settings(place, { context_budget: thresholds })
    const second = join(place.folder, 'second.json')
    writeFileSync(second, JSON.stringify({ session: { context_budget: { warning_threshold_percent: 75 } } }))
    const files = ['--with', first, '--with', second]
    // The thresholds of the first file end below the 75 of the second one.
    expect((await place.run(['replay', id, ...files])).code).toBe(2)
    writeFileSync(
      first,
      JSON.stringify({ session: { context_budget: { monitoring_threshold_percent: 40 } } }),
    )
    const edit = ['--edit', '1', '{"configuration":{"monitoringThresholdPercent":50}}']
    const { stdout } = await place.run(['replay', id, ...files, ...edit])
    expect(stdout).toMatch(/monitoringThresholdPercent\t40 instead of 60$/m)
    expect(stdout).toMatch(/warningThresholdPercent\t75, as it is$/m)
    expect(stdout).toMatch(/gave way\tversion 1 set monitoringThresholdPercent$/m)
  })

  it('what only came at another version is not listed, a value that was not there is none', async () => {
    const { place, id } = await recorded()
    await place.send(
      id,
      { type: 'decision.record', text: 'use cookies' },
      { type: 'focus.change', nextStep: 'write tests' },
    )
    const { stdout, stderr } = await place.run(['replay', id, '--skip', '4'])
    expect(stdout).not.toContain('knowledge.')
    expect(stdout).toContain('none')
    expect(stdout).not.toContain('null')
    expect(stderr).toMatch(/only came at another version/)
  })

  it('of a redaction it is said that it gave way', async () => {
    const { place, id } = await recorded()
    await place.send(id, { type: 'decision.record', text: 'the password is hunter2hunter2' })
    expect((await place.run(['redact', id, '--pattern', 'hunter2'])).code).toBe(0)
    const { stdout } = await place.run(['replay', id, '--skip', '4'])
    expect(stdout).toMatch(/gave way\tversion \d+ redacted: what it took out stays out$/m)
    expect(stdout).not.toMatch(/^state\t.*redactions/m)
  })

  it('a session that stands behind the options is asked for, with how to write it', async () => {
    const { place, id } = await recorded()
    const { stderr, code } = await place.run(['replay', '--edit', '3', '{}', id])
    expect(code).toBe(2)
    expect(stderr).toContain('write waymark replay <session> [options]')
    expect((await place.run(['help', 'replay'])).stdout).toContain('replay <session> [options]')
  })
})

describe('a stepper', () => {
  it('says that the home is closed', async () => {
    const { place, id } = await recorded()
    const steppers = await place.library(async (waymark) => {
      const session = await waymark.openSession(id)
      return [await session.stepper(), await session.stepper({ at: 9 })]
    })
    const closed = { code: 'STORE_CLOSED' }
    for (const stepper of steppers) {
      await expect(stepper.to(3)).rejects.toMatchObject(closed)
      await expect(stepper.nextOfType('task')).rejects.toMatchObject(closed)
      await expect(stepper.nextChangeOf('status')).rejects.toMatchObject(closed)
      // What it holds can be seen still.
      expect(await stepper.next()).not.toBeNull()
    }
  })
})

describe('replay --save', () => {
  it('takes no place among the sessions that are being written', async () => {
    const { place, id } = await recorded()
    await place.library(async (waymark) => {
      const edit = [{ version: 3, fields: { title: 'Log out' } }]
      for (let fork = 0; fork < 5; fork++) await saveWhatIf(waymark, id, { edit })
      const session = await waymark.openSession(id)
      await session.send({ type: 'task.add', taskId: 'B', title: 'B' })
    })
  })

  it('makes a fork of what was played, which verifies, and leaves the session as it was', async () => {
    const { place, id } = await recorded()
    const before = await place.library(async ({ log }) => canonicalJson(await eventsOf(log, id)))
    const file = settings(place, { context_budget: thresholds })
    const args = ['--with', file, '--save', '--title', 'lower']
    const { fork } = await place.json(shapes.whatIfShape, 'replay', id, ...args)
    expect(fork).toMatchObject({ parentSessionId: id, forkedAt: 4, leftOut: { count: 0 } })
    expect(await place.library(async ({ log }) => canonicalJson(await eventsOf(log, id)))).toBe(before)
    expect((await place.run(['verify'])).code).toBe(0)
    expect((await place.run(['tree', id])).stdout).toContain('lower')
    const state = await place.library(
      async (waymark) => (await waymark.openSession(fork?.sessionId ?? '')).state,
    )
    expect(state.window).toMatchObject({ usedTokens: 156_000, phase: 'emergency' })
    expect(state.tasks.A?.status).toBe('completed')
    expect(state.configuration.warningThresholdPercent).toBe(60)
    expect(state.usage).toMatchObject({ calls: 0, inherited: { calls: 3 } })
    const again = await place.json(shapes.whatIfShape, 'replay', fork?.sessionId ?? '', '--edit', '3', '{}')
    expect(again).toMatchObject({ playedFrom: 0, same: true })
  })

  it('writes nothing without it', async () => {
    const { place, id } = await recorded()
    const before = await place.library(async ({ log }) => log.position())
    await place.json(shapes.whatIfShape, 'replay', id, '--skip', '4')
    expect(await place.library(async ({ log }) => log.position())).toBe(before)
  })
})

describe('replay --machines', () => {
  it('plays with the machines of a module', async () => {
    const { place, id } = await recorded()
    const at = (path: string): string => new URL(`../../${path}`, import.meta.url).href
    writeFileSync(
      join(place.folder, 'machines.mjs'),
      `import { createMachine } from '${at('node_modules/xstate/dist/xstate.esm.js')}'
import { taskMachine as usual } from '${at('dist/machines/index.js')}'
const { config } = usual
const { 'task.complete': _gone, ...on } = config.states.token_warning.on
const states = { ...config.states, token_warning: { ...config.states.token_warning, on } }
export const taskMachine = createMachine({ ...config, states }, usual.implementations)
`,
    )
    const found = await place.json(shapes.whatIfShape, 'replay', id, '--machines', 'machines.mjs')
    expect(found.asked.machines).toBe(true)
    expect(found.refused.listed).toMatchObject([{ command: 'task.complete', status: 'token_warning' }])
  })
})

describe('a what-if that is asked for wrongly', () => {
  it.each([
    [['--skip', '99'], 'VERSION_NOT_FOUND', 'its versions are 1 to 14'],
    [['--skip', '0'], 'VERSION_NOT_FOUND', 'its versions are 1 to 14'],
    [['--skip', '1'], 'USAGE', 'edit it instead'],
    [['--skip', '2'], 'USAGE', 'name version 1'],
    [['--skip', 'x'], 'USAGE', 'write 12'],
    [['--skip', '9-5'], 'USAGE', 'the smaller version comes first'],
    [['--skip', '1-99999999'], 'USAGE', 'name fewer'],
    [['--edit', '13', '{}'], 'USAGE', 'name version 9'],
    [['--edit', '4', 'x'], 'USAGE', 'the fields to replace'],
    [['--edit', '4', '[1]'], 'USAGE', 'the fields to replace'],
    [['--edit', '4'], 'USAGE', 'the fields to replace'],
    [['--edit', 'four', '{}'], 'USAGE', 'the fields to replace'],
    [['--edit', '4', '{"taskId":5}'], 'COMMAND_INVALID', 'docs/events.md'],
    [['--edit', '4={}', '4={}'], 'USAGE', 'name each command once'],
    [['--edit', '1', '{"configuration":{"warningThresholdPercent":50}}'], 'CONFIGURATION_INVALID', ''],
    [['--insert', '4', '{}'], 'COMMAND_INVALID', ''],
    [
      ['--insert', '99', '{"type":"task.start","taskId":"A"}'],
      'VERSION_NOT_FOUND',
      'its versions are 1 to 14',
    ],
    [['--with', 'nowhere.json'], 'CONFIGURATION_INVALID', 'name a file such as'],
    [['--with', 'broken.json'], 'CONFIGURATION_INVALID', 'correct it'],
    [['--with', 'wrong.json'], 'CONFIGURATION_INVALID', 'it takes a number above 0'],
    [['--with', 'empty.json'], 'CONFIGURATION_INVALID', 'name a file such as'],
    [['--with', 'falling.json'], 'CONFIGURATION_INVALID', ''],
    [['--machines', 'nowhere.mjs'], 'MACHINES_INVALID', 'a module exports'],
    [['--save'], 'USAGE', 'waymark fork'],
    [['--save', '--edit', '1', '{"title":"x"}'], 'USAGE', 'waymark new'],
    [['--save', '--machines', 'x.mjs'], 'USAGE', 'leave --save out'],
    [['--skip', '4', '--title', 'x'], 'USAGE', 'add --save'],
    [['--skip', '4', '--timeline'], 'USAGE', 'leave it out'],
  ] as const)('%j is told, with what to do, and writes nothing', async (args, code, hint) => {
    const { place, id } = await withFiles()
    const before = await place.library(async ({ log }) => log.position())
    const ended = await place.run(['replay', id, ...args, '--json'])
    expect(ended.stdout).toBe('')
    expect(ended.code).toBe(2)
    const { error } = shapes.errorShape.parse(JSON.parse(ended.stderr))
    expect(error.code).toBe(code)
    expect(error.hint ?? '').toContain(hint)
    expect(await place.library(async ({ log }) => log.position())).toBe(before)
  })
})

/** A home with files that are wrong in their ways. */
async function withFiles(): Promise<{ readonly place: Place; readonly id: string }> {
  const { place, id } = await recorded()
  writeFileSync(join(place.folder, 'broken.json'), '{')
  writeFileSync(join(place.folder, 'empty.json'), '{"other":1}')
  const budget = (fields: object) => JSON.stringify({ session: { context_budget: fields } })
  writeFileSync(join(place.folder, 'wrong.json'), budget({ warning_threshold_percent: 'high' }))
  writeFileSync(join(place.folder, 'falling.json'), budget({ warning_threshold_percent: 50 }))
  return { place, id }
}
