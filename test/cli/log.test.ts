/** Reading on: following live events, readers that stop early, and what goes into a pipe. */
import { beforeAll, describe, expect, it } from 'vitest'
import * as shapes from './shapes.ts'
import { built, makePlace, ndjson } from './support.ts'

beforeAll(built, 180_000)

describe('log --follow', () => {
  it('prints events that another process appends, and ends with Ctrl-C', async () => {
    const place = await makePlace()
    const id = await place.session()
    const following = place.start(['log', id, '--follow', '--json'])
    await following.lines(2)
    await place.send(id, { type: 'task.add', taskId: 'A', title: 'one' })
    await following.lines(3)
    await place.send(id, { type: 'task.start', taskId: 'A' })
    const lines = await following.lines(4)
    expect(ndjson(shapes.eventShape, lines.join('\n')).map(({ version, type }) => [version, type])).toEqual([
      [1, 'session.started'],
      [2, 'checkpoint.created'],
      [3, 'task.added'],
      [4, 'task.started'],
    ])
    following.kill('SIGINT')
    const { code, stderr } = await following.ended
    expect({ code, stderr }).toEqual({ code: 130, stderr: '' })
  })

  it('begins after a version and keeps to the types asked for', async () => {
    const place = await makePlace()
    const id = await place.session()
    const following = place.start(['log', id, '--follow', '--after', '1', '--type', 'task.started'])
    await place.send(id, { type: 'task.add', taskId: 'A', title: 'one' }, { type: 'task.start', taskId: 'A' })
    expect(await following.lines(1)).toEqual([expect.stringMatching(/\t4\ttask.started\ttask A started$/)])
    following.kill('SIGINT')
    expect((await following.ended).code).toBe(130)
  })
})

describe('a reader that has seen enough', () => {
  it('ends the command quietly', async () => {
    const place = await makePlace()
    const id = await place.session()
    const tasks = Array.from({ length: 2_000 }, (_, index) => ({
      type: 'task.add',
      taskId: `T${index}`,
      title: 'one',
    }))
    await place.send(id, ...tasks)
    for (const args of [
      ['log', id],
      ['export', id],
      ['log', id, '--follow'],
    ]) {
      const running = place.start(args)
      const ended = await running.endedAfterFirstLine()
      expect(ended).toEqual({ code: 0, stderr: '' })
    }
  })
})

describe('in a pipe', () => {
  it('text is tab-separated, without colour, and whole', async () => {
    const place = await makePlace()
    const title = `a\ttitle ${'that goes on '.repeat(40)}`
    const id = await place.session({ title })
    const { stdout } = await place.run(['list'])
    expect(stdout).not.toContain('\u001b')
    expect(stdout.trimEnd().split('\t')).toEqual([
      id,
      'active',
      'normal',
      '2',
      '0',
      expect.stringMatching(/^\d{4}-.*Z$/),
      title.replace('\t', '\\t'),
      'session',
    ])
  })

  it('colour is for who forces it', async () => {
    const place = await makePlace()
    const id = await place.session()
    const environment = { WAYMARK_LAYOUT: 'aligned', FORCE_COLOR: '1' }
    expect((await place.run(['show', id], { environment })).stdout).toContain('\u001b[32mactive')
    expect((await place.run(['show', id, '--no-color'], { environment })).stdout).not.toContain('\u001b')
    const none = await place.run(['show', id], { environment: { WAYMARK_LAYOUT: 'aligned', NO_COLOR: '1' } })
    expect(none.stdout).not.toContain('\u001b')
  })

  it('what a record holds cannot move the cursor', async () => {
    const place = await makePlace()
    const id = await place.session()
    await place.send(id, { type: 'task.add', taskId: 'A', title: 'evil\u001b[2J\nsecond line' })
    for (const layout of ['aligned', 'tsv']) {
      const { stdout } = await place.run(['tasks', id], { environment: { WAYMARK_LAYOUT: layout } })
      expect(stdout).toContain('evil\\u001b[2J\\nsecond line')
    }
  })
})
