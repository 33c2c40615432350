/**
 * The verbs that look for where something went wrong: diff and bisect.
 *
 * Goal: what they print can be acted upon, and whatever cannot be looked at is told with its reason. Method: the built command on real
 * homes, with every error that a typed place, a predicate, a module or a damaged store can bring.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { findBetterSqlite3 } from '../../src/store/sqlite/better-sqlite3.ts'
import { findNodeSqlite } from '../../src/store/sqlite/node-sqlite.ts'
import * as shapes from './shapes.ts'
import { built, makePlace, type Place } from './support.ts'

beforeAll(built, 180_000)

const add = (taskId: string) => ({ type: 'task.add', taskId, title: `task ${taskId}` })
const aligned = { environment: { WAYMARK_LAYOUT: 'aligned' } }

/** 1 started, 2 checkpoint, 3 A, 4 B, 5 A started, 6 A failed, 7 checkpoint, 8 C. */
async function failed(place: Place): Promise<string> {
  const id = await place.session({ title: 'first' })
  await place.send(id, add('A'), add('B'), { type: 'task.start', taskId: 'A' })
  await place.send(id, { type: 'task.fail', taskId: 'A', reason: 'timeout', retryable: true }, add('C'))
  return id
}

async function errorOf(place: Place, ...args: readonly string[]) {
  const { code, stdout, stderr } = await place.run([...args, '--json'])
  expect(stdout).toBe('')
  return { exit: code, ...shapes.errorShape.parse(JSON.parse(stderr)).error }
}

async function tamper(place: Place, sql: string): Promise<void> {
  const found = [findNodeSqlite(), await findBetterSqlite3()].find((one) => 'driver' in one)
  if (found === undefined || !('driver' in found)) throw new Error('no SQLite to tamper with')
  const connection = found.driver.open(join(place.home, 'sessions/waymark.db'), 'read-write')
  connection.exec(sql)
  connection.close()
}

describe('diff', () => {
  it('compares two versions, ends with 1 where they differ and with 0 where not', async () => {
    const place = await makePlace()
    const id = await failed(place)
    const ended = await place.run(['diff', `${id}@3`, '@6', '--json'])
    expect([ended.code, ended.stderr]).toEqual([1, ''])
    expect(shapes.diffShape.parse(JSON.parse(ended.stdout))).toMatchObject({
      relation: 'same-session',
      common: 3,
      after: { byType: { 'task.added': 1, 'task.failed': 1, 'task.started': 1 } },
    })
    const text = await place.run(['diff', `${id}@3`, '@6'], aligned)
    expect(text.stdout).toMatch(/^tasks$/m)
    expect(text.stdout).toMatch(/^~ +A\.status +pending +failed$/m)
    expect(text.stdout).toMatch(/^\+ +B +pending, B, "task B"$/m)
    expect(text.stderr).toContain('diff --all lists them')
    const piped = await place.run(['diff', `${id}@3`, '@6'])
    expect(piped.stdout).toContain('tasks\t~\ttasks.A.status\tpending\tfailed\n')
    const all = await place.run(['diff', `${id}@3`, '@6', '--all'])
    expect(all.stdout).toContain('session\t~\tversion\t3\t6\n')
    const same = await place.run(['diff', `${id}@6`, '@6'])
    expect([same.code, same.stderr]).toEqual([0, 'nothing differs\n'])
  })

  it('compares a fork with its parent', async () => {
    const place = await makePlace()
    const id = await failed(place)
    const { sessionId: fork } = await place.json(shapes.forkShape, 'fork', id, '--at', '4')
    await place.send(fork, add('X'))
    const { code, stdout } = await place.run(['diff', fork], aligned)
    expect(code).toBe(1)
    expect(stdout).toContain('share their events up to version 4')
    expect(stdout).toMatch(/^before +5 +task\.started/m)
    expect(stdout).toMatch(/^after +5 +session\.forked/m)
    expect(stdout).toMatch(/^- +C /m)
    expect(stdout).toMatch(/^\+ +X /m)
  })

  it('says what cannot be compared', async () => {
    const place = await makePlace()
    const id = await failed(place)
    const other = await place.session()
    expect(await errorOf(place, 'diff', id)).toMatchObject({ exit: 2, code: 'USAGE' })
    expect(await errorOf(place, 'diff', `${id}@soon`)).toMatchObject({ exit: 2, code: 'USAGE' })
    expect(await errorOf(place, 'diff', `${id}@99`)).toMatchObject({ exit: 2, code: 'VERSION_NOT_FOUND' })
    expect((await errorOf(place, 'diff', `${id}@-999`)).message).toContain(
      'no 999 versions before the newest',
    )
    expect(await errorOf(place, 'diff', 'nothere')).toMatchObject({ exit: 2, code: 'SESSION_NOT_FOUND' })
    for (const nativeId of ['same-1', 'same-2']) await place.session({ nativeId })
    expect(await errorOf(place, 'diff', 'same@1')).toMatchObject({ exit: 2, code: 'SESSION_AMBIGUOUS' })
    expect(await errorOf(place, 'diff', other, 'nothere')).toMatchObject({ code: 'SESSION_NOT_FOUND' })
  })
})

describe('bisect', () => {
  it('finds the version, the event and what it changed, and says what to type next', async () => {
    const place = await makePlace()
    const id = await failed(place)
    const found = await place.json(shapes.bisectShape, 'bisect', id, 'tasks.A.status == "failed"')
    expect(found).toMatchObject({ outcome: 'found', version: 6, before: 5, monotone: null, scan: null })
    expect(found.events.map(({ type }) => type)).toEqual(['task.failed'])
    expect(found.changes?.changes.map(({ path }) => path)).toContain('tasks.A.status')
    const { code, stdout, stderr } = await place.run(['bisect', id, 'tasks.A.status == "failed"'], aligned)
    expect(code).toBe(0)
    expect(stdout).toContain('version 6; not yet at version 5')
    expect(stdout).toMatch(/^~ +A\.status +in_progress +failed$/m)
    expect(stderr).toContain(
      `next: waymark show ${id.slice(0, 13)} --at 6; waymark diff ${id.slice(0, 13)}@5 @6`,
    )
    expect(stderr).toContain('--scan looks at every version')
    const next = /waymark (diff \S+ \S+)/.exec(stderr)?.[1]?.split(' ') ?? []
    expect((await place.run(next)).stdout).toContain('tasks\t~\ttasks.A.status\tin_progress\tfailed\n')
  })

  it('tells every turn when it is to look at every version', async () => {
    const place = await makePlace()
    const id = await failed(place)
    const found = await place.json(
      shapes.bisectShape,
      'bisect',
      id,
      'version % 3 == 0',
      '--scan',
      '--from',
      '1',
    )
    expect(found).toMatchObject({ outcome: 'found', version: 3, monotone: false })
    expect(found.scan?.flips.map(({ version, holds }) => [version, holds])).toEqual([
      [3, true],
      [4, false],
      [6, true],
      [7, false],
    ])
    const { stdout } = await place.run(['bisect', id, 'version % 3 == 0', '--scan', '--from', '1'], aligned)
    expect(stdout).toContain('no, it turns')
  })

  it('says that it never holds, or did already, with exit code 1', async () => {
    const place = await makePlace()
    const id = await failed(place)
    const never = await place.run(['bisect', id, 'tasks.A.status == "completed"'], aligned)
    expect(never.code).toBe(1)
    expect(never.stdout).toMatch(/neither at version 0 nor at version \d/)
    expect(never.stderr).toContain('--scan')
    const surely = await place.run(['bisect', id, 'tasks.A.status == "completed"', '--scan'], aligned)
    expect([surely.code, surely.stdout]).toEqual([1, expect.stringContaining('at no version')])
    const already = await place.run(['bisect', id, `!("A" in tasks)`], aligned)
    expect([already.code, already.stdout]).toEqual([1, expect.stringContaining('at version 0 already')])
    expect(already.stderr).toContain(`'!(!("A" in tasks))'`)
    const always = await place.run(['bisect', id, 'version >= 0', '--scan'], aligned)
    expect([always.code, always.stderr]).toEqual([1, expect.stringContaining('it holds at every version')])
  })

  it('takes a function out of a module', async () => {
    const place = await makePlace()
    const id = await failed(place)
    const module = (name: string, text: string): string => {
      writeFileSync(join(place.folder, name), text)
      return name
    }
    const crowded = module('crowded.mjs', 'export default (state) => state.taskCount > 1\n')
    expect(await place.json(shapes.bisectShape, 'bisect', id, '--module', crowded)).toMatchObject({
      version: 4,
      predicate: 'crowded.mjs (default)',
    })
    const one = module(
      'one.mjs',
      'export const late = ({ version }) => version > 5\nexport const other = 1\n',
    )
    expect(await place.json(shapes.bisectShape, 'bisect', id, '--module', one)).toMatchObject({ version: 6 })
    for (const [name, text, said] of [
      ['throws.mjs', 'export default () => { throw new Error("not today") }', 'it threw not today'],
      ['long.mjs', 'export default () => { for (;;); }', 'it took longer than'],
      ['later.mjs', 'export default async () => true', 'a promise'],
      ['text.mjs', 'export default () => "yes"', 'a string'],
      ['object.mjs', 'export default () => ({})', 'an object'],
      ['none.mjs', 'export const limit = 3', 'it exports no function'],
      ['two.mjs', 'export const a = () => true, b = () => true', 'it exports a, b'],
      ['broken.mjs', 'export default (', 'SyntaxError'],
      ['changes.mjs', 'export default (state) => { state.title = "mine"; return true }', 'it threw'],
    ] as const) {
      const error = await errorOf(place, 'bisect', id, '--module', module(name, text))
      expect(error).toMatchObject({
        exit: 2,
        code: 'PREDICATE_INVALID',
        message: expect.stringContaining(said),
      })
    }
    expect(await errorOf(place, 'bisect', id, '--module', 'nothere.mjs')).toMatchObject({
      message: expect.stringContaining('there is no such file'),
    })
    expect(await errorOf(place, 'bisect', id, '--module', '.')).toMatchObject({
      message: expect.stringContaining('it is no file'),
    })
  })

  it('says what it cannot look for, or where', async () => {
    const place = await makePlace()
    const id = await failed(place)
    const holds = 'version > 3'
    for (const [args, code] of [
      [[id], 'USAGE'],
      [[id, holds, '--module', 'a.mjs'], 'USAGE'],
      [[id, 'widow.percent > 3'], 'PREDICATE_INVALID'],
      [[id, 'window.percent >'], 'PREDICATE_INVALID'],
      [[id, 'title'], 'PREDICATE_INVALID'],
      [[id, holds, '--to', '99'], 'VERSION_NOT_FOUND'],
      [[id, holds, '--from', '5', '--to', '3'], 'USAGE'],
      [[id, holds, '--from', '6', '--to', '6'], 'USAGE'],
      [[id, holds, '--from', 'x'], 'USAGE'],
      [['nothere', holds], 'SESSION_NOT_FOUND'],
    ] as const) {
      expect(await errorOf(place, 'bisect', ...args)).toMatchObject({ exit: 2, code })
    }
    const turned = await errorOf(place, 'bisect', id, holds, '--from', '5', '--to', '3')
    expect(turned.message).toContain('the first has to be the smaller one')
  })

  it('does not guess over damage, and looks elsewhere when it is told to', async () => {
    const place = await makePlace()
    const id = await failed(place)
    await tamper(place, `UPDATE events SET data = replace(data, 'task C', 'task X')`)
    expect(await errorOf(place, 'bisect', id, 'taskCount > 2')).toMatchObject({
      exit: 1,
      code: 'DAMAGED_RECORD',
    })
    expect(await errorOf(place, 'diff', `${id}@1`)).toMatchObject({ exit: 1, code: 'DAMAGED_RECORD' })
    const found = await place.json(shapes.bisectShape, 'bisect', id, 'taskCount > 1', '--to', '7')
    expect(found.version).toBe(4)
  })

  it('leaves a store of a later version alone', async () => {
    const place = await makePlace()
    const id = await failed(place)
    await tamper(place, 'PRAGMA user_version = 999')
    for (const args of [
      ['bisect', id, 'version > 3'],
      ['diff', `${id}@3`],
    ]) {
      expect(await errorOf(place, ...args)).toMatchObject({ exit: 1, code: 'STORE_TOO_NEW' })
    }
  })
})
