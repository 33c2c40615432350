/** `waymark handoff`: offered, answered, looked at; each command a process of its own. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { handoffPackageShape } from '../../src/handoff/package.ts'
import * as shapes from './shapes.ts'
import { built, makePlace, type Place } from './support.ts'

beforeAll(built, 180_000)

const work = [
  { type: 'task.add', taskId: 'SPEC-001', title: 'Log in' },
  { type: 'task.start', taskId: 'SPEC-001' },
  { type: 'focus.change', nextStep: 'write_tests' },
]

async function atWork(place: Place): Promise<string> {
  const id = await place.session({ agent: 'spec-builder', title: 'Log in' })
  await place.send(id, ...work)
  return id
}

async function failure(place: Place, ...args: readonly string[]) {
  const { code, stdout, stderr } = await place.run([...args, '--json'])
  expect(stdout).toBe('')
  return { exitCode: code, ...shapes.errorShape.parse(JSON.parse(stderr)).error }
}

describe('waymark handoff', () => {
  it('offers, validates, accepts and settles; the old holder is refused by its epoch', async () => {
    const place = await makePlace()
    const id = await atWork(place)
    const file = join(place.folder, 'package.json')
    const args = [
      'offer',
      id,
      '--to',
      'tester',
      '--expires',
      '60',
      '--reason',
      'the plan stands',
      '--out',
      file,
    ]
    const offer = await place.json(shapes.handoffOfferShape, 'handoff', ...args)
    expect(offer).toMatchObject({ sessionId: id, compression: null, file, package: { to_agent: 'tester' } })
    const shown = await place.run(['handoff', 'show', id, '--json'])
    expect(shown.stdout).toBe(readFileSync(file, 'utf8'))
    expect((await place.run(['show', id])).stdout).toMatch(
      /^offered\thoff_\S+: to tester by spec-builder since/m,
    )
    const validation = await place.json(
      shapes.handoffValidationShape,
      'handoff',
      'validate',
      file,
      '--context',
    )
    expect(validation).toMatchObject({ ok: true, problems: [], notes: [], package: offer.package })
    expect(validation.context?.brief).toContain('write_tests')
    expect(await failure(place, 'handoff', 'accept', id, '--agent', 'writer')).toMatchObject({
      exitCode: 1,
      code: 'COMMAND_REFUSED',
    })
    const accepted = await place.json(
      shapes.handoffAcceptanceShape,
      'handoff',
      'accept',
      id,
      '--agent',
      'tester',
      '--package',
      file,
    )
    expect(accepted).toMatchObject({ handoffId: offer.handoffId, epoch: 2, switchedTasks: ['SPEC-001'] })
    const turn = '{"type":"turn.complete"}'
    expect(await failure(place, 'send', id, turn, '--epoch', '1')).toMatchObject({
      exitCode: 1,
      code: 'STALE_HOLDER',
    })
    await place.json(shapes.sendShape, 'send', id, turn, '--epoch', '2')
    const offerOf = ['handoff', 'offer', id, '--to', 'writer']
    expect(await failure(place, ...offerOf, '--from', 'spec-builder')).toMatchObject({
      exitCode: 1,
      code: 'COMMAND_REFUSED',
      message: expect.stringContaining('held by tester'),
    })
    const fork = await place.library(async (waymark) => (await waymark.fork(id)).id)
    await place.send(fork, { type: 'task.add', taskId: 'F', title: 'f' })
    const { version } = await place.json(shapes.showShape, 'show', id)
    for (const args of [
      ['checkpoint', id],
      ['rewind', id, '--to', '2'],
      ['merge', id, fork],
      ['recover', id],
      offerOf,
      ['handoff', 'done', id],
    ]) {
      expect(await failure(place, ...args, '--epoch', '1')).toMatchObject({
        exitCode: 1,
        code: 'STALE_HOLDER',
      })
    }
    expect((await place.json(shapes.showShape, 'show', id)).version).toBe(version)
    await place.json(shapes.checkpointShape, 'checkpoint', id, '--epoch', '2')
    const done = await place.json(shapes.handoffEndedShape, 'handoff', 'done', id, '--result', 'all green')
    expect(done).toMatchObject({
      epoch: 2,
      holder: 'tester',
      handoff: { status: 'done', reason: 'all green' },
    })
  })

  it('rejects, withdraws and expires', async () => {
    const place = await makePlace()
    const id = await atWork(place)
    const offer = (...more: string[]) =>
      place.json(shapes.handoffOfferShape, 'handoff', 'offer', id, '--to', 'tester', ...more)
    const ended = (...args: string[]) => place.json(shapes.handoffEndedShape, 'handoff', ...args)
    await offer()
    expect(await failure(place, 'handoff', 'expire', id)).toMatchObject({ code: 'COMMAND_REFUSED' })
    expect((await ended('reject', id, '--agent', 'tester', '--reason', 'no time')).handoff).toMatchObject({
      status: 'rejected',
      reason: 'no time',
    })
    await offer()
    expect(await ended('withdraw', id)).toMatchObject({ status: 'active', handoff: { status: 'withdrawn' } })
    expect(await failure(place, 'handoff', 'withdraw', id)).toMatchObject({
      exitCode: 1,
      code: 'COMMAND_REFUSED',
    })
    const { handoffId } = await offer('--expires', '0.0001')
    const list = await place.json(shapes.handoffListShape, 'handoff', 'list', id)
    expect(list.map(({ status, isOver }) => [status, isOver])).toEqual([
      ['rejected', false],
      ['withdrawn', false],
      ['offered', true],
    ])
    expect((await place.run(['handoff', 'list', id])).stdout.split('\n')[2]).toContain('its time is over')
    expect((await ended('expire', id, '--id', handoffId)).handoff?.status).toBe('expired')
  })

  it('is told to people in words', async () => {
    const place = await makePlace()
    const id = await atWork(place)
    const offer = await place.run(['handoff', 'offer', id, '--to', 'tester'])
    expect(offer.stdout).toMatch(/^hoff_[0-9a-f-]{36}\n$/)
    expect(offer.stderr).toContain('next: waymark handoff accept sess_')
    const show = await place.run(['handoff', 'show', id])
    expect(show.stdout).toMatch(/^next step\twrite_tests$/m)
    const context = await place.run(['handoff', 'show', id, '--context'])
    expect(context.stdout).toContain('# Handoff from spec-builder to tester')
    const accept = await place.run(['handoff', 'accept', id, '--agent', 'tester'])
    expect(accept.stdout).toMatch(/^holder\ttester\nepoch\t2\nlost their context\tSPEC-001$/m)
  })

  it('says that it made room, or could not', async () => {
    const place = await makePlace()
    const id = await place.session({ agent: 'a', windowTokens: 20_000 })
    const { stderr } = await place.run(['handoff', 'offer', id, '--to', 'b'])
    expect(stderr).toContain('20,000 tokens were available, fewer than 30,000; nothing was compressed')
  })

  it('goes by the registry in the settings', async () => {
    const place = await makePlace()
    const id = await atWork(place)
    mkdirSync(join(place.home, 'config'), { recursive: true })
    const agents = { 'spec-builder': { hands_to: ['tester'] }, tester: { hands_to: [] } }
    writeFileSync(join(place.home, 'config/config.json'), JSON.stringify({ session: { agents } }))
    expect(await failure(place, 'handoff', 'offer', id, '--to', 'tester2')).toMatchObject({
      exitCode: 2,
      code: 'AGENT_UNKNOWN',
      hint: expect.stringContaining('did you mean tester'),
    })
    const nobodys = await place.session({})
    expect(
      await failure(place, 'handoff', 'offer', nobodys, '--from', 'tester', '--to', 'spec-builder'),
    ).toMatchObject({
      exitCode: 1,
      code: 'AGENTS_INCOMPATIBLE',
    })
    const file = join(place.folder, 'p.json')
    await place.json(shapes.handoffOfferShape, 'handoff', 'offer', id, '--to', 'tester', '--out', file)
    const other = '{"x":{"hands_to":["y"]}}'
    const { code, stdout } = await place.run(['handoff', 'validate', file, '--set', `agents=${other}`])
    expect([code, stdout]).toEqual([1, expect.stringContaining('problem\tunknown agent "spec-builder"')])
    expect((await place.run(['config', 'agents'])).stdout).toContain(JSON.stringify(agents))
  })

  it('validates and receives in a place that has no home', async () => {
    const place = await makePlace()
    const id = await atWork(place)
    const file = join(place.folder, 'p.json')
    await place.json(shapes.handoffOfferShape, 'handoff', 'offer', id, '--to', 'tester', '--out', file)
    const there = await makePlace({ bare: true })
    expect((await there.run(['handoff', 'validate', file])).stdout).toMatch(/^valid\tyes$/m)
    expect(await failure(there, 'list')).toMatchObject({ code: 'HOME_NOT_FOUND' })
    const received = await there.json(
      shapes.handoffReceivedShape,
      'handoff',
      'receive',
      file,
      '--agent',
      'tester',
    )
    expect(received).toMatchObject({ continuesSessionId: id, holder: 'tester', leftOut: [] })
    expect(await failure(there, 'handoff', 'receive', file)).toMatchObject({
      exitCode: 1,
      code: 'ALREADY_EXISTS',
    })
    expect((await there.run(['brief', received.sessionId])).stdout).toContain('write_tests')
    const text = readFileSync(file, 'utf8')
    writeFileSync(file, text.replace('write_tests', 'write_docs!'))
    const changed = await there.run(['handoff', 'validate', file, '--json'])
    expect([changed.code, JSON.parse(changed.stdout)]).toMatchObject([
      1,
      { ok: false, problems: [{ code: 'changed' }] },
    ])
    expect(handoffPackageShape.safeParse(JSON.parse(text)).success).toBe(true)
  })

  it('says what is wrong with what was typed', async () => {
    const place = await makePlace()
    const id = await atWork(place)
    for (const [args, message] of [
      [['offr', id], 'unknown action "offr"'],
      [['offer', id], 'handoff offer needs --to'],
      [['accept', id], 'handoff accept needs --agent'],
      [['list', id, '--to', 'x'], 'handoff list takes no --to'],
      [['offer', id, '--to', 'x', '--expires', 'soon'], '--expires "soon"'],
      [['offer', id, '--to', 'x', '--out', 'no/such/folder/p.json'], 'there is no folder no/such/folder'],
      [['validate', 'missing.json'], 'cannot read the package missing.json'],
    ] as const) {
      expect(await failure(place, 'handoff', ...args)).toMatchObject({
        exitCode: 2,
        code: 'USAGE',
        message: expect.stringContaining(message),
      })
    }
    expect(await failure(place, 'handoff', 'show', id)).toMatchObject({
      exitCode: 1,
      code: 'HANDOFF_INVALID',
    })
    expect(await failure(place, 'handoff', 'list', 'nobody')).toMatchObject({ code: 'SESSION_NOT_FOUND' })
  })
})
