/** A stream of commands: one answer a line, as each is durable; what is wrong is told by its line. */
import { spawn } from 'node:child_process'
import { openSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { limits } from '../../src/kernel/limits.ts'
import * as shapes from './shapes.ts'
import { built, command, makePlace, ndjson } from './support.ts'

beforeAll(built, 180_000)

const add = (taskId: string, more: object = {}) =>
  JSON.stringify({ type: 'task.add', taskId, title: 'one', ...more })
const start = (taskId: string) => JSON.stringify({ type: 'task.start', taskId })

describe('a stream of commands', () => {
  it('is answered line by line, blank lines passed over', async () => {
    const place = await makePlace()
    const id = await place.session()
    const input = `${add('A', { commandId: 'c1' })}\n\n   \r\n${start('A')}\r\n${add('A', { commandId: 'c1' })}`
    const { code, stdout, stderr } = await place.run(['send', id, '-', '--json'], { input })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const answers = ndjson(shapes.sendLineShape, stdout)
    expect(answers.map(({ line, version, repeated }) => [line, version, repeated])).toEqual([
      [1, 3, false],
      [4, 4, false],
      [5, 3, true],
    ])
    expect(answers[0]?.commandId).toBe('c1')
  })

  it('is answered while it goes on: each line before the next is written', async () => {
    const place = await makePlace()
    const id = await place.session()
    for (const options of [[], ['--keep-going']]) {
      const running = place.start(['send', id, '-', '--json', ...options])
      for (let line = 1; line <= 3; line++) {
        running.write(`${add(`T${options.length}-${line}`)}\n`)
        expect(await running.lines(line)).toHaveLength(line)
      }
      running.closeInput()
      expect((await running.ended).code).toBe(0)
    }
  })

  it('is answered before the next line is read, also where all lines lie ready in a file', async () => {
    const place = await makePlace()
    const id = await place.session()
    const [commands, answers] = [join(place.folder, 'commands'), join(place.folder, 'answers')]
    const names = Array.from({ length: 20_000 }, (_, index) => `T${index}`)
    writeFileSync(commands, names.map((name) => `${add(name)}\n`).join(''))
    const files = [openSync(commands, 'r'), openSync(answers, 'w'), 'ignore'] as const
    const environment = { PATH: process.env.PATH, HOME: place.userFolder }
    const args = [command, 'send', id, '-', '--json']
    const child = spawn(process.execPath, args, { cwd: place.folder, env: environment, stdio: [...files] })
    const ended = new Promise((resolve) => child.on('close', resolve))
    while (statSync(answers).size === 0) await sleep(1)
    await sleep(100)
    // Whenever it is killed, the command before the last recorded one has been answered.
    child.kill('SIGKILL')
    await ended
    const answered = readFileSync(answers, 'utf8').split('\n').length - 1
    const { state } = await place.library((waymark) => waymark.openSession(id))
    const recorded = Object.keys(state.tasks).length
    expect(recorded).toBeLessThan(names.length)
    expect(recorded - answered).toBeLessThanOrEqual(1)
  })

  it('stops at the first line that is wrong, and says which', async () => {
    const place = await makePlace()
    const id = await place.session()
    const { code, stdout, stderr } = await place.run(['send', id, '-', '--json'], {
      input: [add('A'), '{"type":"nonsense"}', add('B')].join('\n'),
    })
    expect(code).toBe(2)
    expect(ndjson(shapes.sendLineShape, stdout)).toHaveLength(1)
    expect(ndjson(shapes.errorShape, stderr)).toMatchObject([{ error: { code: 'COMMAND_INVALID', line: 2 } }])
    expect((await place.json(shapes.tasksShape, 'tasks', id)).map((task) => task.id)).toEqual(['A'])
    const complete = JSON.stringify({ type: 'task.complete', taskId: 'A' })
    const refused = await place.run(['send', id, '-'], { input: [complete, add('B')].join('\n') })
    expect(refused.code).toBe(1)
    expect(refused.stderr).toMatch(
      /^waymark: line 1: task.complete refused: task A is pending: .*\nhint: accepted now/,
    )
    expect((await place.json(shapes.tasksShape, 'tasks', id)).map((task) => task.id)).toEqual(['A'])
  })

  it('goes on after wrong lines when asked, and answers every one', async () => {
    const place = await makePlace()
    const id = await place.session()
    const long = add('L', { description: 'x'.repeat(limits.commandBytesMax) })
    const input = [add('A'), add('A'), '{', long, add('B', { expectedVersion: 99 }), add('C')].join('\n')
    const { code, stdout, stderr } = await place.run(['send', id, '-', '--json', '--keep-going'], { input })
    expect(code).toBe(2)
    const answers = stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line))
    expect(answers.map(({ line, version, error }) => [line, version ?? error.code])).toEqual([
      [1, 3],
      [2, 'COMMAND_REFUSED'],
      [3, 'COMMAND_INVALID'],
      [4, 'COMMAND_INVALID'],
      [5, 'VERSION_CONFLICT'],
      [6, 4],
    ])
    expect(ndjson(shapes.errorShape, stderr).map(({ error }) => error.line)).toEqual([2, 3, 4, 5])
    const onlyRefused = await place.run(['send', id, '-', '--keep-going'], {
      input: `${add('A')}\n${add('D')}`,
    })
    expect(onlyRefused.code).toBe(1)
  })

  it('keeps the order of a long stream, none lost, none twice', async () => {
    const place = await makePlace()
    const id = await place.session()
    const names = Array.from({ length: 1_500 }, (_, index) => `T${index}`)
    const input = names.map((name) => add(name)).join('\n')
    const { code, stdout } = await place.run(['send', id, '-', '--json', '--keep-going'], { input })
    expect(code).toBe(0)
    const answers = ndjson(shapes.sendLineShape, stdout)
    expect(answers.map(({ version }) => version)).toEqual(names.map((_, index) => index + 3))
    expect(answers.map(({ events }) => events[0]?.data.taskId)).toEqual(names)
  })

  it.each(['', '\n\n', '  \n'])('is missed when there is none: %j', async (input) => {
    const place = await makePlace()
    const id = await place.session()
    const { code, stderr } = await place.run(['send', id, '-'], { input })
    expect(code).toBe(2)
    expect(stderr).toContain('waymark: there was no command on stdin')
  })

  it('is not held whole: a gigantic line is refused, the memory bounded', async () => {
    const place = await makePlace()
    const id = await place.session()
    const running = place.start(['send', id, '-', '--json', '--keep-going'])
    const piece = 'x'.repeat(1_048_576)
    for (let piecesWritten = 0; piecesWritten < 64; piecesWritten++) running.write(piece)
    running.write(`\n${add('A')}\n`)
    running.closeInput()
    const { code, stdout } = await running.ended
    expect(code).toBe(2)
    expect(
      stdout
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line)),
    ).toMatchObject([
      { line: 1, error: { code: 'COMMAND_INVALID' } },
      { line: 2, version: 3 },
    ])
  })

  it('that is not UTF-8 is refused', async () => {
    const place = await makePlace()
    const id = await place.session()
    const input = Buffer.from(`${add('A').replace('one', 'x\u00ff')}\n`, 'latin1')
    expect((await place.run(['send', id, '-'], { input })).code).toBe(2)
  })

  it('to a session that is not there is refused before a line is read', async () => {
    const place = await makePlace()
    const running = place.start(['send', 'nobody', '-'])
    expect((await running.ended).code).toBe(2)
  })
})
