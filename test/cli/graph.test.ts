/**
 * `waymark graph`, as people and scripts use it: plan, look, claim, settle, take back. Goal: every action does its work on a real home, and
 * what cannot be is refused with what to do instead.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import * as shapes from './shapes.ts'
import { built, makePlace, type Place } from './support.ts'

beforeAll(built, 180_000)

const plan = [
  { id: 'schema', title: 'Draw the schema' },
  { id: 'api', title: 'Write the API', dependsOn: ['schema'], specId: 'SPEC-001' },
  { id: 'page', title: 'Draw the "page"', dependsOn: ['schema'] },
  { id: 'tests', title: 'Test both', dependsOn: ['api', 'page'] },
]

async function planned(): Promise<{ readonly place: Place; readonly id: string }> {
  const place = await makePlace()
  const id = await place.session({ title: 'Accounts' })
  writeFileSync(join(place.folder, 'graph.json'), JSON.stringify(plan))
  await place.json(shapes.graphPlanShape, 'graph', 'plan', id, 'graph.json')
  return { place, id }
}

describe('graph plan', () => {
  it('adds the nodes of a file, once; and those of stdin', async () => {
    const { place, id } = await planned()
    const again = await place.json(shapes.graphPlanShape, 'graph', 'plan', id, 'graph.json')
    expect(again).toEqual({ sessionId: id, added: [], present: ['schema', 'api', 'page', 'tests'] })
    const input = JSON.stringify([{ id: 'docs', title: 'Describe it', dependsOn: ['tests'] }])
    const { code, stdout, stderr } = await place.run(['graph', 'plan', id, '-'], { input })
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'docs\n', stderr: '' })
  })

  it.each([
    [
      'a cycle',
      '[{"id":"a","title":"a","dependsOn":["b"]},{"id":"b","title":"b","dependsOn":["a"]}]',
      'a → b → a',
    ],
    ['no JSON, with its line', '[\n  {"id": "a"\n  "title": "a"}\n]', 'line 3, column'],
    ['a node without a title', '[{"id":"a"}]', 'entry 1 ("a"), title'],
    ['too much', ' '.repeat(33_554_433), 'longer than 33,554,432 bytes'],
  ])('of %s is refused as wrong use, and changes nothing', async (_what, input, says) => {
    const { place, id } = await planned()
    const { code, stdout, stderr } = await place.run(['graph', 'plan', id, '-', '--json'], { input })
    expect([code, stdout]).toEqual([2, ''])
    const { error } = shapes.errorShape.parse(JSON.parse(stderr))
    expect(error.code).toBe('GRAPH_INVALID')
    expect(error.message).toContain(says)
    expect((await place.json(shapes.graphShape, 'graph', id)).nodes).toHaveLength(4)
  })
})

describe('graph show', () => {
  it('is what a session alone gives: for people a drawing, in a pipe a table, for programs JSON', async () => {
    const { place, id } = await planned()
    const view = await place.json(shapes.graphShape, 'graph', id)
    expect(view).toMatchObject({ ready: ['schema'], levels: 3, criticalPath: ['schema', 'api', 'tests'] })
    expect(await place.json(shapes.graphShape, 'graph', 'show', id)).toEqual(view)
    const environment = { WAYMARK_LAYOUT: 'aligned' }
    const drawn = await place.run(['graph', id.slice(0, 13)], { environment })
    expect(drawn.stdout).toBe(
      [
        'level 1',
        '  ○ schema: Draw the schema (ready)',
        'level 2',
        '  · api: Write the API ← schema (waits for schema)',
        '  · page: Draw the "page" ← schema (waits for schema)',
        'level 3',
        '  · tests: Test both ← api, page (waits for api, page)',
        '',
      ].join('\n'),
    )
    expect(drawn.stderr).toContain('tasks: 1 ready, 3 waiting')
    const rows = (await place.run(['graph', id])).stdout.trim().split('\n')
    expect(rows.map((row) => row.split('\t').slice(0, 3))).toEqual([
      ['schema', 'ready', '1'],
      ['api', 'waiting', '2'],
      ['page', 'waiting', '2'],
      ['tests', 'waiting', '3'],
    ])
  })

  it('draws a flowchart for pages', async () => {
    const { place, id } = await planned()
    const { stdout } = await place.run(['graph', id, '--mermaid'])
    expect(stdout).toContain('flowchart LR\n  n0["schema<br>Draw the schema"]:::ready\n')
    expect(stdout).toContain('n2["page<br>Draw the #34;page#34;"]:::waiting')
    expect(stdout).toContain('  n1 --> n3\n')
    const { mermaid } = await place.json(shapes.graphMermaidShape, 'graph', id, '--mermaid')
    expect(`${mermaid}\n`).toBe(stdout)
  })
})

describe('graph claim and complete', () => {
  it('take a graph to its end, task by task', async () => {
    const { place, id } = await planned()
    const first = await place.json(shapes.graphClaimShape, 'graph', 'claim', id, '--agent', 'ada')
    expect(first).toMatchObject({ task: { id: 'schema', agent: 'ada' }, epoch: 1, resumed: false })
    const nothing = await place.json(shapes.graphClaimShape, 'graph', 'claim', id, '--agent', 'bob')
    expect(nothing).toMatchObject({ task: null, workSessionId: null, counts: { running: 1 } })
    const none = await place.run(['graph', 'claim', id, '--agent', 'bob'])
    expect(none).toMatchObject({ code: 0, stdout: '' })
    expect(none.stderr).toContain('nothing is ready: 1 running, 3 waiting')
    const complete = ['graph', 'complete', id, 'schema', '--agent', 'ada', '--result', 'three tables']
    const done = await place.json(shapes.graphChangeShape, ...complete)
    expect(done).toMatchObject({ taskId: 'schema', ready: ['api', 'page'], finished: false })
    const claim = ['graph', 'claim', id, '--agent', 'bob', '--model', 'claude-haiku-4-5', '--window', '100k']
    const api = await place.json(shapes.graphClaimShape, ...claim)
    expect(api.brief).toContain('Result: three tables')
    const work = await place.json(shapes.showShape, 'show', api.workSessionId ?? '')
    expect(work.window.totalTokens).toBe(100_000)
    const page = await place.run(['graph', 'claim', id, 'page', '--agent', 'cay'])
    expect(page.stdout).toMatch(/^page\tsess_[0-9a-f-]{36}\tDraw the "page"\n$/)
    const refused = await place.run(['graph', 'complete', id, 'api', '--agent', 'cay'])
    expect(refused).toMatchObject({ code: 1, stdout: '' })
    expect(refused.stderr).toContain('task api is worked on by bob, not by cay')
    for (const task of ['api', 'page']) await place.run(['graph', 'complete', id, task])
    await place.run(['graph', 'claim', id, '--agent', 'ada'])
    const end = await place.run(['graph', 'complete', id, 'tests'])
    expect(end.stderr).toContain('everything is completed or cancelled')
  })

  it('claim the same task again under the same command id', async () => {
    const { place, id } = await planned()
    const claim = ['graph', 'claim', id, '--agent', 'ada', '--command-id', 'claim-1']
    const first = await place.json(shapes.graphClaimShape, ...claim)
    const again = await place.json(shapes.graphClaimShape, ...claim)
    expect([again.task?.id, again.workSessionId]).toEqual([first.task?.id, first.workSessionId])
  })

  it('wait until something is ready', { timeout: 60_000 }, async () => {
    const { place, id } = await planned()
    await place.run(['graph', 'claim', id, '--agent', 'ada'])
    const waiting = place.start(['graph', 'claim', id, '--agent', 'bob', '--wait'])
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    expect(waiting.stdout()).toBe('')
    await place.run(['graph', 'complete', id, 'schema'])
    const { code, stdout } = await waiting.ended
    expect([code, stdout.split('\t')[0]]).toEqual([0, 'api'])
  })
})

describe('graph fail, retry, release, take-over and reclaim', () => {
  it('show what failed and what it holds up, and make it ready again', async () => {
    const { place, id } = await planned()
    await place.run(['graph', 'claim', id, '--agent', 'ada'])
    const failed = await place.run(['graph', 'fail', id, 'schema', '--reason', 'no disk', '--retryable'])
    expect(failed).toMatchObject({ code: 0, stdout: 'schema: failed: no disk, can be retried\n' })
    const view = await place.json(shapes.graphShape, 'graph', id)
    expect(view.counts).toMatchObject({ failed: 1, 'held-up': 3, ready: 0 })
    expect(view.nodes[3]?.heldUpBy).toEqual(['schema'])
    const retried = await place.json(shapes.graphChangeShape, 'graph', 'retry', id, 'schema')
    expect(retried.ready).toEqual(['schema'])
  })

  it('give a task back, and another agent goes on in its session', async () => {
    const { place, id } = await planned()
    const first = await place.json(shapes.graphClaimShape, 'graph', 'claim', id, '--agent', 'ada')
    await place.run(['graph', 'release', id, 'schema', '--agent', 'ada', '--reason', 'lunch'])
    const second = await place.json(shapes.graphClaimShape, 'graph', 'claim', id, '--agent', 'bob')
    expect(second).toMatchObject({ workSessionId: first.workSessionId, resumed: true, epoch: 2 })
  })

  it('take over what was handed off', async () => {
    const { place, id } = await planned()
    const { workSessionId } = await place.json(shapes.graphClaimShape, 'graph', 'claim', id, '--agent', 'ada')
    await place.send(workSessionId ?? '', { type: 'session.hand-off', fromAgent: 'ada', toAgent: 'bob' })
    const offered = await place.json(shapes.graphShape, 'graph', id)
    expect(offered.workers).toMatchObject([{ taskId: 'schema', holder: 'ada', offeredTo: 'bob', loss: null }])
    await place.run(['graph', 'take-over', id, 'schema', '--agent', 'bob'])
    const taken = await place.json(shapes.graphShape, 'graph', id)
    expect(taken.workers).toMatchObject([{ holder: 'bob', offeredTo: null }])
    expect(taken.nodes[0]?.agent).toBe('bob')
  })

  it('take back what was left behind, after silence', async () => {
    const { place, id } = await planned()
    await place.run(['graph', 'claim', id, '--agent', 'ada'])
    expect((await place.json(shapes.graphReclaimShape, 'graph', 'reclaim', id)).reclaimed).toEqual([])
    const note = await place.run(['graph', id, '--silent', '0'])
    expect(note.stderr).toContain('schema: nothing was heard of ada for')
    const { reclaimed, ready } = await place.json(
      shapes.graphReclaimShape,
      'graph',
      'reclaim',
      id,
      '--silent',
      '0',
    )
    expect(reclaimed).toMatchObject([{ taskId: 'schema', agent: 'ada', ready: true }])
    expect(ready).toEqual(['schema'])
  })
})

describe('graph', () => {
  it.each([
    [['graph', 'plam', 'ID'], 'unknown action "plam"', 'did you mean plan'],
    [['graph', 'plan', 'ID'], 'graph plan needs a file, or - for stdin', 'waymark help graph'],
    [['graph', 'plan', 'ID', 'nofile.json'], 'there is no file nofile.json', 'name a file'],
    [['graph', 'claim', 'ID'], 'graph claim needs --agent', 'waymark help graph'],
    [['graph', 'claim'], 'graph claim needs a session', 'waymark help graph'],
    [['graph', 'complete', 'ID'], 'graph complete needs the id of a task', 'waymark help graph'],
    [['graph', 'fail', 'ID', 'schema'], 'graph fail needs --reason', 'waymark help graph'],
    [['graph', 'ID', '--wait'], 'graph show takes no --wait', 'waymark help graph'],
    [['graph', 'reclaim', 'ID', '--silent', 'long'], '--silent "long"', 'waymark help'],
  ])('%j is wrong use, and says what to type', async (args, says, hint) => {
    const { place, id } = await planned()
    const { code, stdout, stderr } = await place.run(args.map((word) => (word === 'ID' ? id : word)))
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(says)
    expect(stderr).toContain(hint)
  })
})
