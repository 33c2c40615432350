/** The verbs of branches: fork, tree, merge, rewind. */
import { beforeAll, describe, expect, it } from 'vitest'
import * as shapes from './shapes.ts'
import { built, makePlace, type Place } from './support.ts'

beforeAll(built, 180_000)

const add = (taskId: string) => ({ type: 'task.add', taskId, title: `task ${taskId}` })

/** A session with one task, and a fork of it; both go on with it, each its own way. */
async function parted(place: Place): Promise<{ id: string; fork: string }> {
  const id = await place.session({ title: 'first' })
  await place.send(id, add('A'))
  const { sessionId: fork } = await place.json(shapes.forkShape, 'fork', id, '--title', 'other way')
  await place.send(id, { type: 'task.describe', taskId: 'A', title: 'ours' })
  await place.send(fork, { type: 'task.describe', taskId: 'A', title: 'theirs' }, add('B'))
  return { id, fork }
}

const tasksOf = async (place: Place, id: string): Promise<readonly string[]> =>
  (await place.run(['tasks', id])).stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t')[0] ?? '')

describe('fork', () => {
  it('begins at a checkpoint', async () => {
    const place = await makePlace()
    const id = await place.session({ title: 'first' })
    const { checkpointId, version } = await place.json(shapes.checkpointShape, 'checkpoint', id)
    await place.send(id, add('A'))
    const forked = await place.json(shapes.forkShape, 'fork', id, '--checkpoint', checkpointId)
    expect(forked).toMatchObject({ parentSessionId: id, forkedAt: version })
    const { code, stderr } = await place.run(['fork', id, '--checkpoint', checkpointId.replace(/.$/, 'x')])
    expect(code).toBe(2)
    expect(stderr).toContain(`the newest is ${checkpointId}`)
  })
})

describe('merge', () => {
  it('says what is at odds, records nothing, and ends with exit code 1', async () => {
    const place = await makePlace()
    const { id, fork } = await parted(place)
    const before = await place.json(shapes.showShape, 'show', id)
    const conflict = {
      part: 'tasks',
      id: 'A',
      base: 'pending: task A',
      ours: 'pending: ours',
      theirs: 'pending: theirs',
      resolution: null,
    }
    const ended = await place.run(['merge', id, fork, '--json'])
    expect([ended.code, ended.stdout]).toEqual([1, ''])
    const { error } = shapes.errorShape.parse(JSON.parse(ended.stderr))
    expect(error).toMatchObject({
      code: 'MERGE_CONFLICT',
      details: { conflicts: [conflict], conflictCount: 1 },
    })
    const dry = await place.run(['merge', id, fork, '--dry-run', '--json'])
    expect(dry.code).toBe(1)
    expect(shapes.mergeShape.parse(JSON.parse(dry.stdout))).toMatchObject({
      conflicts: [conflict],
      changes: [{ id: 'B', change: 'added' }],
      recorded: false,
    })
    const forPeople = await place.run(['merge', id, fork, '--context', 'ours'])
    expect(forPeople.code).toBe(1)
    expect(forPeople.stdout).toBe(
      'conflicts\ttasks\tA\tpending: task A\tpending: ours\tpending: theirs\tnone\n',
    )
    expect(forPeople.stderr).toContain('choose ours, theirs or union for tasks')
    expect(await place.json(shapes.showShape, 'show', id)).toEqual(before)
  })

  it('merges by policy, once', async () => {
    const place = await makePlace()
    const { id, fork } = await parted(place)
    const args = [
      'merge',
      id.slice(0, 13),
      fork.slice(0, 13),
      '--policy',
      'ours',
      '--tasks',
      'union',
    ] as const
    const dry = await place.json(shapes.mergeShape, ...args, '--dry-run')
    const report = await place.json(shapes.mergeShape, ...args)
    expect(report).toMatchObject({
      policies: { tasks: 'union', context: 'ours', decisions: 'ours' },
      changes: dry.changes,
      conflicts: [{ id: 'A', resolution: 'both' }],
      recorded: true,
    })
    expect(await tasksOf(place, id)).toEqual(['A', `A~${fork.slice(5, 13)}`, 'B'])
    const again = await place.run([...args])
    expect(again.code).toBe(0)
    expect(again.stderr).toContain('nothing new in')
    expect((await place.run(['log', id])).stdout).toContain(`merged ${fork} at version`)
    expect((await place.run(['verify'])).code).toBe(0)
  })

  it('refuses what it cannot merge, each with a code of its own', async () => {
    const place = await makePlace()
    const { id, fork } = await parted(place)
    const stranger = await place.session({ title: 'stranger' })
    const codeOf = async (...args: string[]) => {
      const { code, stderr } = await place.run(['merge', ...args, '--json'])
      return [code, shapes.errorShape.parse(JSON.parse(stderr)).error.code]
    }
    expect(await codeOf(id, stranger)).toEqual([1, 'NO_COMMON_ANCESTOR'])
    expect(await codeOf(id, id)).toEqual([2, 'USAGE'])
    expect(await codeOf(id, 'nobody')).toEqual([2, 'SESSION_NOT_FOUND'])
    expect(await codeOf(id, fork, '--tasks', 'mine')).toEqual([2, 'USAGE'])
    await place.send(id, { type: 'session.end' })
    expect(await codeOf(id, fork, '--policy', 'ours')).toEqual([1, 'COMMAND_REFUSED'])
  })
})

describe('tree', () => {
  it('shows forks, continuations and sub-agents below theirs, usage apart, and merges from both sides', async () => {
    const place = await makePlace()
    const id = await place.session({ title: 'first' })
    const call = {
      type: 'usage.record',
      model: 'm',
      outputTokens: 1,
      cacheReadTokens: 0,
      cacheCreationTokens: 0,
    }
    await place.send(id, { ...call, callId: 'one', inputTokens: 10 })
    const { sessionId: fork } = await place.json(shapes.forkShape, 'fork', id)
    await place.send(fork, { ...call, callId: 'two', inputTokens: 20 }, add('A'))
    const { sessionId: deeper } = await place.json(shapes.forkShape, 'fork', fork)
    const child = await place.session({ title: 'helper', parentSessionId: fork })
    const next = await place.session({ title: 'later', continuesSessionId: id })
    const other = await place.session({ title: 'other' })
    await place.json(shapes.mergeShape, 'merge', id, fork)
    const nodes = await place.json(shapes.treeShape, 'tree')
    const facts = nodes.map(({ sessionId, kind, parentSessionId, depth, usage, inherited, total }) => [
      sessionId,
      kind,
      parentSessionId,
      depth,
      [usage, inherited, total].map(({ inputTokens }) => inputTokens),
    ])
    expect(facts).toEqual([
      [id, 'root', null, 0, [10, 0, 30]],
      [fork, 'fork', id, 1, [20, 10, 20]],
      [deeper, 'fork', fork, 2, [0, 30, 0]],
      [child, 'child', fork, 2, [0, 0, 0]],
      [next, 'continuation', id, 1, [0, 0, 0]],
      [other, 'root', null, 0, [0, 0, 0]],
    ])
    expect(nodes[0]?.merges).toMatchObject([{ sessionId: fork, conflictCount: 0 }])
    expect(nodes[1]?.mergedInto).toMatchObject([{ sessionId: id }])
    const { stdout } = await place.run(['tree', deeper.slice(0, 13)], {
      environment: { WAYMARK_LAYOUT: 'aligned' },
    })
    expect(stdout).toMatch(
      new RegExp(`^ {2}${fork.slice(0, 13)} .*into ${id.slice(0, 13)}.*\\n {4}${deeper.slice(0, 13)} `, 'm'),
    )
    expect(stdout).not.toContain(other.slice(0, 13))
    const { stdout: piped } = await place.run(['tree', deeper])
    expect(piped).toContain(`\n${deeper}\t${fork}\tfork\t`)
    expect(await place.json(shapes.treeShape, 'tree', other)).toHaveLength(1)
  })
})

describe('rewind', () => {
  it('goes on from a version or a checkpoint, and says first what it would put back', async () => {
    const place = await makePlace()
    const id = await place.session({ title: 'first' })
    await place.send(id, add('A'))
    const { checkpointId, version } = await place.json(shapes.checkpointShape, 'checkpoint', id)
    await place.send(id, { type: 'task.start', taskId: 'A' }, add('B'), {
      type: 'decision.record',
      text: 'x',
    })
    const dry = await place.json(shapes.rewindShape, 'rewind', id, '--to', checkpointId, '--dry-run')
    expect(dry).toMatchObject({
      toVersion: version,
      tasks: { restored: ['A'], removed: ['B'] },
      items: { restored: [], removed: [] },
      knowledge: true,
      recorded: false,
    })
    const report = await place.json(
      shapes.rewindShape,
      'rewind',
      id,
      '--to',
      String(version),
      '--reason',
      'no',
    )
    expect(report).toMatchObject({ tasks: dry.tasks, recorded: true })
    expect(await tasksOf(place, id)).toEqual(['A'])
    expect((await place.run(['log', id])).stdout).toContain(
      `went back to how it was at version ${version}: no`,
    )
    expect((await place.run(['replay', id])).code).toBe(0)
    const again = await place.run(['rewind', id, '--to', checkpointId.slice(0, 20)])
    expect([again.code, again.stdout]).toEqual([0, ''])
    expect(again.stderr).toContain('nothing differs')
  })

  it.each([
    [['--to', '999'], 2, 'has no version 999'],
    [['--to', 'ckpt_x'], 2, 'has no checkpoint ckpt_x'],
    [[], 2, 'say where to'],
  ] as const)('says what is wrong with %j', async (args, code, words) => {
    const place = await makePlace()
    const id = await place.session({ title: 'first' })
    const ended = await place.run(['rewind', id, ...args])
    expect(ended.code).toBe(code)
    expect(ended.stderr).toContain(words)
  })
})
