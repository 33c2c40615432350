/** Every verb does its work on a real home: what it answers in JSON, and what people read. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import * as shapes from './shapes.ts'
import { built, makePlace, ndjson, type Place } from './support.ts'

beforeAll(built, 180_000)

const start = (taskId: string) => ({ type: 'task.start', taskId })
const add = (taskId: string, title = `Title of ${taskId}`) => ({ type: 'task.add', taskId, title })
const usage = (callId: string, inputTokens: number, cacheReadTokens = 0) => ({
  type: 'usage.record' as const,
  callId,
  model: 'claude-sonnet-4-5',
  inputTokens,
  outputTokens: 500,
  cacheReadTokens,
  cacheCreationTokens: 0,
})

/** A session with two tasks, one of them at work, and a window at 80 %. */
async function worked(place: Place): Promise<string> {
  const id = await place.session({ title: 'Log in', model: 'claude-sonnet-4-5', windowTokens: 200_000 })
  await place.send(
    id,
    add('A'),
    add('B'),
    start('A'),
    usage('msg_1', 10_000, 30_000),
    usage('msg_2', 40_000, 120_000),
  )
  return id
}

/** A child of a session, a fork of the child, and a session whose parent is not in this home. */
async function family(place: Place, parentSessionId: string) {
  return place.library(async (waymark) => {
    const child = await waymark.createSession({ title: 'child', parentSessionId })
    await child.send(usage('msg_child', 1_000))
    const fork = await child.fork({ title: 'fork' })
    await fork.send(usage('msg_fork', 100))
    const elsewhere = 'sess_00000000-0000-4000-8000-000000000000'
    const orphan = await waymark.createSession({ title: 'orphan', parentSessionId: elsewhere })
    return { child: child.id, fork: fork.id, orphan: orphan.id }
  })
}

describe('init', () => {
  it('makes a home here that version control ignores, once', async () => {
    const place = await makePlace({ bare: true })
    expect(await place.json(shapes.initShape, 'init')).toEqual({ home: place.home, created: true })
    expect(readFileSync(join(place.home, 'sessions/.gitignore'), 'utf8')).toMatch(/^\*$/m)
    expect(statSync(join(place.home, 'sessions')).mode & 0o777).toBe(0o700)
    expect(await place.json(shapes.initShape, 'init')).toEqual({ home: place.home, created: false })
    const { code, stdout, stderr } = await place.run(['init'])
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: `${place.home}\n`,
      stderr: 'was a home for sessions already\n',
    })
  })

  it('makes a home here even below another one', async () => {
    const place = await makePlace()
    const inner = join(place.folder, 'inner')
    mkdirSync(inner)
    const { stdout } = await place.run(['init'], { cwd: inner })
    expect(stdout).toBe(`${join(inner, '.moai')}\n`)
  })

  it('makes the one that was named', async () => {
    const place = await makePlace({ bare: true })
    const named = join(place.folder, 'elsewhere')
    expect((await place.json(shapes.initShape, 'init', '--home', 'elsewhere')).home).toBe(named)
    const { stdout } = await place.run(['init'], { environment: { WAYMARK_HOME: 'by-environment' } })
    expect(stdout).toBe(`${join(place.folder, 'by-environment')}\n`)
  })

  it('leaves a home with nothing in it, not none', async () => {
    const place = await makePlace()
    expect(await place.json(shapes.listShape, 'list')).toEqual([])
    const { code, stdout, stderr } = await place.run(['list'])
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    expect(stderr).toContain(`no sessions in ${place.home}`)
  })
})

describe('new', () => {
  it('begins a session and prints its id', async () => {
    const place = await makePlace()
    const { sessionId, version, home } = await place.json(
      shapes.newShape,
      'new',
      '--title',
      'Log in',
      '--agent',
      'tester',
    )
    expect({ version, home }).toEqual({ version: 2, home: place.home })
    const state = await place.json(shapes.showShape, 'show', sessionId)
    expect(state).toMatchObject({
      title: 'Log in',
      holder: 'tester',
      window: { totalTokens: 200_000, source: 'default' },
    })
    const { stdout, stderr } = await place.run(['new'])
    expect(stdout).toMatch(/^sess_[0-9a-f-]{36}\n$/)
    expect(stderr).toBe(`in ${place.home} (the nearest .moai folder upward from here)\n`)
  })

  it.each([
    ['200000', 200_000],
    ['1_000_000', 1_000_000],
    ['200k', 200_000],
    ['1M', 1_000_000],
  ])('takes a window of %s', async (typed, totalTokens) => {
    const place = await makePlace()
    const { sessionId: id } = await place.json(shapes.newShape, 'new', '--window', typed)
    expect((await place.json(shapes.showShape, 'show', id)).window).toMatchObject({
      totalTokens,
      source: 'stated',
    })
  })

  it("makes the user's own home where there is none, and says so", async () => {
    const place = await makePlace({ bare: true })
    const { code, stderr } = await place.run(['new'])
    const home = join(place.userFolder, '.moai')
    expect(code).toBe(0)
    expect(stderr).toBe(
      `made a home in ${home}\nin ${home} (the user's own, as there is no .moai folder upward from here)\n`,
    )
    expect(existsSync(home)).toBe(true)
  })
})

describe('send', () => {
  it('records one command and answers with its events', async () => {
    const place = await makePlace()
    const id = await place.session()
    const answer = await place.json(shapes.sendShape, 'send', id, JSON.stringify(add('A')))
    expect(answer).toMatchObject({
      version: 3,
      repeated: false,
      events: [{ type: 'task.added', version: 3, index: 0 }],
    })
    expect(answer.commandId).toBe(answer.events[0]?.commandId)
    const { stdout } = await place.run(['send', id, JSON.stringify(start('A'))])
    expect(stdout).toMatch(/^[0-9T:.-]+Z\t4\ttask.started\ttask A started\n$/)
  })

  it('takes what is said about a command beside its fields', async () => {
    const place = await makePlace()
    const id = await place.session()
    const meta = {
      commandId: 'my-1',
      time: '2026-01-31T12:00:00.000Z',
      actor: 'tester',
      correlationId: 'run-7',
      causationId: 'cause-1',
      expectedVersion: 2,
    }
    const answer = await place.json(shapes.sendShape, 'send', id, JSON.stringify({ ...add('A'), ...meta }))
    const { expectedVersion: _expected, ...said } = meta
    expect(answer.events[0]).toMatchObject(said)
  })

  it('gives the same answer to the same command id, and appends nothing', async () => {
    const place = await makePlace()
    const id = await place.session()
    const command = JSON.stringify({ ...add('A'), commandId: 'my-1' })
    const first = await place.json(shapes.sendShape, 'send', id, command)
    const again = await place.json(shapes.sendShape, 'send', id, command)
    expect(again).toEqual({ ...first, repeated: true })
    expect((await place.run(['send', id, command])).stderr).toContain(
      'recorded before under the same command id',
    )
  })

  it('says when there was nothing to add', async () => {
    const place = await makePlace()
    const id = await place.session({ title: 'Log in' })
    const command = JSON.stringify({ type: 'session.describe', title: 'Log in' })
    expect(await place.json(shapes.sendShape, 'send', id, command)).toMatchObject({
      version: 2,
      events: [],
      commandId: null,
    })
    expect((await place.run(['send', id, command])).stderr).toContain('nothing to add')
  })
})

describe('list', () => {
  it('shows sessions in the order they began, and what is below them when asked', async () => {
    const place = await makePlace()
    const first = await place.session({ title: 'first' })
    const second = await place.session({ title: 'second' })
    const { child, fork, orphan } = await family(place, first)
    const sessions = await place.json(shapes.listShape, 'list')
    expect(sessions.map(({ sessionId, parentSessionId }) => [sessionId, parentSessionId])).toEqual([
      [first, null],
      [second, null],
      [child, first],
      [fork, child],
      [orphan, null],
    ])
    const idsOf = async (...args: string[]) =>
      (await place.run(['list', ...args])).stdout.split('\n').map((line) => line.split('\t')[0])
    expect(await idsOf()).toEqual([first, second, orphan, ''])
    expect(await idsOf('--all')).toEqual([first, second, child, fork, orphan, ''])
    expect((await place.run(['list'])).stderr).toBe(
      '2 more below these: --all lists them, waymark tree shows where they belong\n',
    )
  })

  it('names sessions by as much of their id as tells them apart, for people', async () => {
    const place = await makePlace()
    const id = await place.session({ title: 'first' })
    const { stdout } = await place.run(['list'], { environment: { WAYMARK_LAYOUT: 'aligned' } })
    expect(stdout).toContain(`${id.slice(0, 13)}  active`)
    expect((await place.run(['show', id.slice(0, 13)])).code).toBe(0)
    expect((await place.run(['show', id.slice(5, 13)])).code).toBe(0)
  })
})

describe('show', () => {
  it('answers with the state, now and in the past', async () => {
    const place = await makePlace()
    const id = await worked(place)
    const now = await place.json(shapes.showShape, 'show', id)
    expect(now).toMatchObject({
      sessionId: id,
      status: 'active',
      model: 'claude-sonnet-4-5',
      window: {
        usedTokens: 160_000,
        availableTokens: 40_000,
        percent: 80,
        phase: 'warning',
        peakTokens: 160_000,
      },
      usage: {
        calls: 2,
        inputTokens: 50_000,
        outputTokens: 1_000,
        cacheReadTokens: 150_000,
        cacheCreationTokens: 0,
      },
      tree: { usage: { calls: 2, inputTokens: 50_000 } },
      tasks: [
        { id: 'A', status: 'token_warning' },
        { id: 'B', status: 'pending' },
      ],
    })
    const before = await place.json(shapes.showShape, 'show', id, '--at', '3')
    expect(before).toMatchObject({
      version: 3,
      tasks: [{ id: 'A', status: 'pending' }],
      tree: { usage: { calls: 0 } },
    })
    const empty = await place.json(shapes.showShape, 'show', id, '--at', '0')
    expect(empty).toMatchObject({ version: 0, startedAt: null })
    expect((await place.json(shapes.showShape, 'show', id, '--at', '2099-01-01')).version).toBe(now.version)
    expect((await place.json(shapes.showShape, 'show', id, '--at', '2001-01-01 12:00')).version).toBe(0)
  })

  it('adds up a session and all below it, each call once, at any time', async () => {
    const place = await makePlace()
    const id = await place.session()
    await place.send(id, usage('msg_1', 10))
    const { version } = await place.json(shapes.showShape, 'show', id)
    const { child, fork } = await family(place, id)
    const inputOf = async (...args: string[]) => {
      const { usage: own, tree } = await place.json(shapes.showShape, 'show', ...args)
      return [own.inputTokens, own.inherited.inputTokens, tree.usage.inputTokens, tree.usage.calls]
    }
    expect(await inputOf(id)).toEqual([10, 0, 1_110, 3])
    expect(await inputOf(child)).toEqual([1_000, 0, 1_100, 2])
    expect(await inputOf(fork)).toEqual([100, 1_000, 100, 1])
    expect(await inputOf(id, '--at', String(version))).toEqual([10, 0, 10, 1])
    expect(await inputOf(id, '--at', '2099-01-01')).toEqual([10, 0, 1_110, 3])
  })

  it('is a panel for people', async () => {
    const place = await makePlace()
    const id = await worked(place)
    const { stdout } = await place.run(['show', id], { environment: { WAYMARK_LAYOUT: 'aligned' } })
    expect(stdout).toMatch(/^window +160,000 of 200,000 tokens \(80.0 %\), warning$/m)
    expect(stdout).toMatch(/^tasks +1 pending, 1 token warning$/m)
    expect(stdout).toMatch(/^L1 context awareness$/m)
    expect((await place.run(['show', id])).stdout).toContain(
      '\nL1 context awareness\twindow\t160,000 of 200,000 tokens (80.0 %), warning\n',
    )
  })
})

describe('log', () => {
  it('tells the story; all of it, or some types, when asked', async () => {
    const place = await makePlace()
    const id = await worked(place)
    const story = await place.run(['log', id])
    expect(story.stdout).toMatch(/\t5\ttask.started\ttask A started\n/)
    expect(story.stdout).toMatch(/\tbudget normal → warning at 80.0 %\n/)
    expect(story.stdout).not.toContain('usage.recorded')
    expect(story.stderr).toContain('2 details not shown')
    expect((await place.run(['log', id, '--all'])).stdout.match(/usage\.recorded/g)).toHaveLength(2)
    const tasks = await place.run(['log', id, '--type', 'task'])
    expect(
      tasks.stdout
        .split('\n')
        .slice(0, -1)
        .every((line) => /\ttask\.[a-z]+\t/.test(line)),
    ).toBe(true)
    expect(
      (await place.run(['log', id, '--type', 'task.added', '--after', '3'])).stdout.split('\n'),
    ).toHaveLength(2)
  })

  it('streams whole events as NDJSON', async () => {
    const place = await makePlace()
    const id = await worked(place)
    const { stdout } = await place.run(['log', id, '--json'])
    const events = ndjson(shapes.eventShape, stdout)
    expect(events.map(({ version }) => version)).toEqual(events.map((_, index) => index + 1))
    expect(events[0]).toMatchObject({ sessionId: id, type: 'session.started', data: { title: 'Log in' } })
  })
})

describe('budget', () => {
  it('reports gauge, thresholds, phases and counters', async () => {
    const place = await makePlace()
    const id = await worked(place)
    const report = await place.json(shapes.budgetShape, 'budget', id)
    expect(report).toMatchObject({
      sessionId: id,
      window: { phase: 'warning', percent: 80 },
      cacheSharePercent: 75,
      phaseChanges: [{ from: 'normal', to: 'warning', percent: 80 }],
    })
    expect(report.thresholds.map(({ percent }) => percent)).toEqual([60, 75, 85, 100])
    expect(Object.keys(report.usage.byModel)).toEqual(['claude-sonnet-4-5'])
  })

  it('draws it for people and tells values to programs', async () => {
    const place = await makePlace()
    const id = await worked(place)
    const { stdout } = await place.run(['budget', id], { environment: { WAYMARK_LAYOUT: 'aligned' } })
    expect(stdout).toMatch(/^█{32}░{2}│░{5}$/m)
    expect(stdout).toMatch(/^from the cache +75.0 % of all tokens read$/m)
    expect(stdout).toMatch(/^cache read +150,000 +0 +150,000$/m)
    const values = (await place.run(['budget', id])).stdout
    expect(values).toContain('\nthresholds\twarning\tabove 75 %\t150000\n')
    expect(values).toContain('\ntokens\tcache read\t150000\t0\t150000\n')
  })
})

describe('tasks', () => {
  it('lists them with where they stand', async () => {
    const place = await makePlace()
    const id = await worked(place)
    await place.send(id, { type: 'task.add', taskId: 'A.1', title: 'Form', parentTaskId: 'A' })
    const all = await place.json(shapes.tasksShape, 'tasks', id)
    expect(all.map((task) => [task.id, task.status])).toEqual([
      ['A', 'token_warning'],
      ['A.1', 'pending'],
      ['B', 'pending'],
    ])
    expect(await place.json(shapes.tasksShape, 'tasks', id, '--status', 'token_warning')).toHaveLength(1)
    const { stdout, stderr } = await place.run(['tasks', id], { environment: { WAYMARK_LAYOUT: 'aligned' } })
    expect(stdout).toMatch(/^ {2}A\.1 +pending +– +Form$/m)
    expect(stdout).toMatch(/^A +token_warning +0:00:\d\d +Title of A +/m)
    expect(all.map(({ elapsedMs }) => elapsedMs > 0)).toEqual([true, false, false])
    expect(stderr).toBe('tasks: 2 pending, 1 token warning\n')
  })
})

describe('fork', () => {
  it('begins a session with the past of another one, and leaves that one as it is', async () => {
    const place = await makePlace()
    const id = await worked(place)
    const before = await place.json(shapes.showShape, 'show', id)
    const forked = await place.json(shapes.forkShape, 'fork', id, '--at', '2', '--title', 'another way')
    expect(forked).toMatchObject({ parentSessionId: id, forkedAt: 2, version: 3 })
    const shown = await place.json(shapes.showShape, 'show', forked.sessionId)
    expect(shown).toMatchObject({ title: 'another way', parentSessionId: id, usage: { calls: 0 } })
    expect(await place.json(shapes.showShape, 'show', id)).toEqual(before)
  })

  it('says which versions there are when it is asked for another', async () => {
    const place = await makePlace()
    const id = await worked(place)
    const { code, stderr } = await place.run(['fork', id, '--at', '999'])
    expect(code).toBe(2)
    expect(stderr).toContain('has no version 999')
  })
})

describe('checkpoint and checkpoints', () => {
  it('take and list places to come back to', async () => {
    const place = await makePlace()
    const id = await worked(place)
    const taken = await place.json(
      shapes.checkpointShape,
      'checkpoint',
      id,
      '--reason',
      'tests pass',
      '--phase',
      'GREEN',
    )
    expect(taken).toMatchObject({ sessionId: id, gitHead: null })
    const listed = await place.json(shapes.checkpointsShape, 'checkpoints', id)
    expect(listed.map(({ trigger, reason }) => [trigger, reason])).toEqual([
      ['session-start', 'the session has begun'],
      ['budget', 'budget entered warning at 80.0 %'],
      ['manual', 'tests pass'],
    ])
    expect(listed[2]).toMatchObject({
      id: taken.checkpointId,
      version: taken.version,
      phase: 'GREEN',
      usedTokens: 160_000,
    })
    expect((await place.run(['checkpoints', id])).stdout).toContain(
      `${taken.checkpointId}\t${taken.version}\t`,
    )
  })

  it('note the commit of the repository they are taken in', async () => {
    const place = await makePlace()
    const id = await place.session()
    const git = (...args: string[]) =>
      execFileSync('git', args, { cwd: place.folder, encoding: 'utf8', stdio: 'pipe' })
    git('init', '--quiet')
    expect((await place.json(shapes.checkpointShape, 'checkpoint', id)).gitHead).toBeNull()
    git(
      '-c',
      'user.name=t',
      '-c',
      'user.email=t@example.org',
      'commit',
      '--quiet',
      '--allow-empty',
      '-m',
      'first',
    )
    expect((await place.json(shapes.checkpointShape, 'checkpoint', id)).gitHead).toBe(
      git('rev-parse', 'HEAD').trim(),
    )
  })

  it('are all listed, also those that state has let go', async () => {
    const place = await makePlace()
    const id = await place.session()
    const commands = Array.from({ length: 60 }, (_, index) => ({
      type: 'checkpoint.create',
      reason: `number ${index}`,
    }))
    await place.send(id, ...commands)
    const listed = await place.json(shapes.checkpointsShape, 'checkpoints', id)
    expect(listed.slice(1).map(({ reason }) => reason)).toEqual(commands.map(({ reason }) => reason))
    const empty = await place.session({ configuration: { autoCheckpoint: false } })
    expect((await place.run(['checkpoints', empty])).stderr).toContain('no checkpoints yet')
  })
})

describe('recover', () => {
  it('comes back from the newest checkpoint and says what is open', async () => {
    const place = await makePlace()
    const id = await worked(place)
    const { checkpointId, version } = await place.json(shapes.checkpointShape, 'checkpoint', id)
    await place.send(id, { type: 'tool.call', toolCallId: 't1', name: 'Bash' })
    const report = await place.json(shapes.recoverShape, 'recover', id)
    expect(report).toMatchObject({ sessionId: id, from: 'snapshot', checkpointId, snapshotVersion: version })
    expect(report).toMatchObject({ replayedEvents: 2, version: version + 9, damage: null, recorded: true })
    expect(report.open).toMatchObject([
      { kind: 'task', id: 'A', status: 'token_warning' },
      { kind: 'call', id: 't1', name: 'Bash' },
    ])
    expect((await place.json(shapes.showShape, 'show', id)).version).toBe(version + 9)
  })

  it('tells people what it did and what to do next', async () => {
    const place = await makePlace()
    const id = await place.session()
    await place.send(id, add('A'), start('A'))
    const { code, stdout, stderr } = await place.run(['recover', id], {
      environment: { WAYMARK_LAYOUT: 'aligned' },
    })
    expect(code).toBe(0)
    expect(stdout).toMatch(/^came back from +checkpoint ckpt_\S+ of version 1$/m)
    expect(stdout).toMatch(/^replayed +3 events$/m)
    expect(stdout).toMatch(/^open +task A in_progress: Title of A$/m)
    expect(stderr).toContain('next: go on with A')
  })

  it('does not wake what has ended', async () => {
    const place = await makePlace()
    const id = await place.session()
    await place.send(id, { type: 'session.end' })
    expect(await place.json(shapes.recoverShape, 'recover', id)).toMatchObject({
      recorded: false,
      version: 3,
    })
    expect((await place.run(['recover', id])).stderr).toContain('the session is ended: nothing was recorded')
  })
})

describe('replay', () => {
  it('folds all events again and arrives at the same state', async () => {
    const place = await makePlace()
    const id = await worked(place)
    await place.run(['checkpoint', id])
    const replayed = await place.json(shapes.replayShape, 'replay', id)
    expect(replayed).toMatchObject({
      sessionId: id,
      same: true,
      liveFrom: 'snapshot',
      events: replayed.version,
    })
    const early = await place.json(shapes.replayShape, 'replay', id, '--to', '3')
    expect(early).toMatchObject({ version: 3, events: 3, same: true })
    expect(early.stateHash).not.toBe(replayed.stateHash)
  })

  it('tells people that nothing was called, and the story when asked', async () => {
    const place = await makePlace()
    const id = await worked(place)
    const { stdout } = await place.run(['replay', id, '--timeline'], {
      environment: { WAYMARK_LAYOUT: 'aligned' },
    })
    expect(stdout).toMatch(/^called +no model, no tool$/m)
    expect(stdout).toMatch(/^live state +the same, loaded from the snapshot of version \d+$/m)
    expect(stdout).toMatch(/ task A started$/m)
    expect((await place.run(['replay', id])).stdout).not.toContain('task A started')
  })
})

describe('verify', () => {
  it('finds everything as it was written, of all sessions or one', async () => {
    const place = await makePlace()
    const [first, second] = [await worked(place), await place.session()]
    const all = await place.json(shapes.verifyShape, 'verify')
    expect(all.ok).toBe(true)
    expect(all.sessions.map(({ sessionId }) => sessionId).sort()).toEqual([first, second].sort())
    expect(await place.json(shapes.verifyShape, 'verify', second)).toMatchObject({
      ok: true,
      sessions: [{ sessionId: second, events: 2, ok: true, problems: [] }],
    })
    expect((await place.run(['verify'])).stderr).toContain('everything is as it was written: 2 sessions')
  })
})

describe('export', () => {
  it('prints all events, whole', async () => {
    const place = await makePlace()
    const id = await worked(place)
    const { stdout } = await place.run(['export', id])
    const events = ndjson(shapes.eventShape, stdout)
    expect(events).toHaveLength((await place.json(shapes.showShape, 'show', id)).version)
    expect((await place.run(['log', id, '--json'])).stdout).toBe(stdout)
  })
})

describe('help', () => {
  it('is there for each verb, with an example and the options all verbs have', async () => {
    const place = await makePlace({ bare: true })
    const overall = await place.run(['--help'])
    expect(overall.code).toBe(0)
    for (const verb of [
      'init',
      'new',
      'send',
      'import',
      'list',
      'show',
      'log',
      'budget',
      'tasks',
      'checkpoint',
    ]) {
      expect(overall.stdout).toMatch(new RegExp(`^ {2}${verb} `, 'm'))
      const asked = await place.run(['help', verb])
      expect(asked.code).toBe(0)
      expect(asked.stdout).toMatch(/Examples:\n {2}\$ waymark /)
      expect(asked.stdout).toContain('--home <folder>')
      expect((await place.run([verb, '--help'])).stdout).toBe(asked.stdout)
    }
  })

  it('has topics', async () => {
    const place = await makePlace({ bare: true })
    expect((await place.run(['help', 'exit-codes'])).stdout).toMatch(/^ {2}130 {2}ended by Ctrl-C/m)
    expect((await place.run(['help', 'environment'])).stdout).toContain('WAYMARK_HOME')
    expect((await place.run(['help'])).stdout).toBe((await place.run(['--help'])).stdout)
  })

  it('tells the version of the package', async () => {
    const place = await makePlace({ bare: true })
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
    expect((await place.run(['--version'])).stdout).toBe(`${version}\n`)
    expect((await place.run(['list', '-V'])).stdout).toBe(`${version}\n`)
  })
})
