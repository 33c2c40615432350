/**
 * Goal: an edited list of tasks becomes the commands that it means and no others, at most once; what cannot be taken in is said,
 * line by line, and changes nothing.
 * Method: real edits in real homes, and laws over lists rendered from random states.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type TaskCell, taskTable } from '../../machines/task-table.ts'
import { unmetDependencies } from '../../src/decide/dependencies.ts'
import { type ReadonlyState, taskOf } from '../../src/fold/state.ts'
import { seeded } from '../../src/kernel/clock.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { planAdoption } from '../../src/memory/adopt.ts'
import { readTaskList } from '../../src/memory/task-lines.ts'
import { listEnd, type MarkedStatus, markedStatusOf, taskListText } from '../../src/memory/task-text.ts'
import { adoptTasks } from '../../src/session/adopt.ts'
import { record } from '../../src/session/record.ts'
import { taskCommandArbitrary } from '../../src/testing/arbitrary/commands.ts'
import { play } from '../../src/testing/play.ts'
import { type Home, openHome } from './support.ts'

const list = 'active-tasks.md'

async function homeWithTasks(): Promise<Home> {
  const home = await openHome()
  for (const taskId of ['A', 'B', 'C', 'D'])
    await home.session.send({ type: 'task.add', taskId, title: `title ${taskId}` })
  await home.session.send({ type: 'task.add', taskId: 'B.1', title: 'below B', parentTaskId: 'B' })
  await home.session.send({ type: 'task.start', taskId: 'C' })
  await home.session.send({ type: 'task.complete', taskId: 'C' })
  await home.write()
  return home
}

function edit(home: Home, change: (text: string) => string): void {
  const before = home.read(list)
  const after = change(before)
  expect(after).not.toBe(before)
  home.put(list, after)
}

const adopt = ({ waymark, folder }: Home, dryRun = false) =>
  adoptTasks(waymark.log, waymark.environment, { folder, dryRun })

async function statuses(home: Home): Promise<Readonly<Record<string, string>>> {
  const { tasks } = await home.session.refresh()
  return Object.fromEntries(Object.values(tasks).map((task) => [task.id, markedStatusOf(task)]))
}

describe('adopting an edited list', () => {
  it('takes in marks, titles, new lines and removed ones, in one go', async () => {
    const home = await homeWithTasks()
    edit(home, (text) =>
      text
        .replace('[ ] A: title A', '[x] A: title A')
        .replace('[ ] B: title B', '[~] B: another title')
        .replace('- [ ] D: title D\n', '')
        .replace(listEnd, `- [ ] E: a new one\n  - [!] E.1: below it\n- [~] without an id\n${listEnd}`),
    )
    const dry = await adopt(home, true)
    expect(dry).toMatchObject({ recorded: false, problems: [] })
    expect((await home.session.refresh()).version).toBe(dry.version)
    const done = await adopt(home)
    expect(done).toMatchObject({ recorded: true, problems: [], changes: dry.changes })
    const own = done.changes.find(({ taskId }) => taskId.startsWith('task-'))?.taskId ?? ''
    expect(await statuses(home)).toEqual({
      A: 'completed',
      B: 'running',
      'B.1': 'pending',
      C: 'completed',
      D: 'cancelled',
      E: 'pending',
      'E.1': 'failed',
      [own]: 'running',
    })
    const { tasks } = home.session.state
    expect(tasks.B?.title).toBe('another title')
    expect(tasks['E.1']?.parentTaskId).toBe('E')
    expect(tasks[own]?.title).toBe('without an id')
    // The same file again, as after a crash before it was written again: nothing more happens.
    const again = await adopt(home)
    expect(again).toMatchObject({ changes: [], problems: [], recorded: false })
    await home.write({ editedTasks: 'replace' })
    expect(await home.drift()).toEqual({})
    expect(await adopt(home)).toMatchObject({ changes: [], problems: [], recorded: false })
  })

  it('takes the checkpoint that a lost context relies on, where checkpoints are taken by themselves', async () => {
    const home = await homeWithTasks()
    // The newest checkpoint is old by now.
    const clock = { now: () => new Date(Date.now() + 3_600_000).toISOString() }
    const { waymark, folder, session } = home
    const later = { ...waymark.environment, clock }
    const lose = (text: string): string =>
      text.replace('[ ] A: title A', '[>] A: title A').replace('[ ] B: title B', '[>] B: title B')
    edit(home, lose)
    const dry = await adoptTasks(waymark.log, later, { folder, dryRun: true })
    expect(dry.problems).toEqual([])
    expect(dry.changes.map(({ commands }) => commands.map(({ type }) => type))).toEqual([
      ['task.start', 'checkpoint.create', 'task.switch-context'],
      ['task.start', 'task.switch-context'],
    ])
    expect(await adoptTasks(waymark.log, later, { folder })).toMatchObject({
      recorded: true,
      changes: dry.changes,
    })
    expect(await statuses(home)).toMatchObject({ A: 'context_switch', B: 'context_switch' })
    expect(session.state.checkpoints.at(-1)).toMatchObject({
      trigger: 'context-switch',
      reason: 'before task.switch-context',
    })
    expect((await adoptTasks(waymark.log, later, { folder })).changes).toEqual([])
  })

  it('refuses a lost context without a checkpoint, where none is taken by itself', async () => {
    const home = await homeWithTasks()
    await home.session.send({ type: 'session.configure', configuration: { autoCheckpoint: false } })
    await home.write()
    const clock = { now: () => new Date(Date.now() + 3_600_000).toISOString() }
    edit(home, (text) => text.replace('[ ] A: title A', '[>] A: title A'))
    const { waymark, folder } = home
    const { problems, recorded } = await adoptTasks(
      waymark.log,
      { ...waymark.environment, clock },
      { folder },
    )
    expect(recorded).toBe(false)
    expect(problems).toMatchObject([{ reason: expect.stringContaining('it needs a checkpoint') }])
  })

  it('says of each line why it changes nothing', async () => {
    const home = await homeWithTasks()
    edit(home, (text) =>
      text
        .replace('[x] C: title C', '[ ] C: title C')
        .replace('- [ ] A: title A', '- [k] A: title A')
        .replace('  - [ ] B.1: below B', '- [ ] B.1: below B')
        .replace('- [ ] D: title D', '- [ ] D: title D\n- [x] D: title D')
        .replace(
          listEnd,
          `- [ ] ../../etc: path\n- [ ] ${'x'.repeat(3_000)}\n- [ ] H: half \\u{d800}\n${listEnd}`,
        ),
    )
    const { problems, changes, recorded } = await adopt(home)
    expect({ changes, recorded }).toEqual({ changes: [], recorded: false })
    const reasons = problems.map(({ reason }) => reason).join('\n')
    for (const reason of [
      /completed, and that is final/,
      /no mark \[k\]/,
      /tasks are not moved/,
      /D stands on several lines/,
      /an id begins with a letter or digit/,
      /task\.add: title/,
      /half a surrogate pair/,
      /task A is left as it is: it is named on a line that cannot be read/,
    ])
      expect(reasons).toMatch(reason)
    expect(await statuses(home)).toEqual({
      A: 'pending',
      B: 'pending',
      'B.1': 'pending',
      C: 'completed',
      D: 'pending',
    })
  })

  it('knows what was added and changed since the list was written', async () => {
    const home = await homeWithTasks()
    await home.session.send({ type: 'task.add', taskId: 'NEW', title: 'since then' })
    await home.session.send({ type: 'task.start', taskId: 'B' })
    await home.session.send({ type: 'task.describe', taskId: 'D', title: 'renamed' })
    edit(home, (text) =>
      text
        .replace('[ ] A:', '[x] A:')
        .replace('D: title D', 'D: mine')
        .replace(listEnd, `- [ ] NEW: mine\n${listEnd}`),
    )
    const { problems } = await adopt(home)
    expect(problems.map(({ reason }) => reason)).toEqual([
      'its title has been changed since, to: renamed',
      'a task NEW has been added since: since then',
    ])
    expect(await statuses(home)).toMatchObject({ A: 'completed', B: 'running', NEW: 'pending', D: 'pending' })
  })

  it('an old buffer saved over a newer list cancels nothing and undoes nothing', async () => {
    const home = await homeWithTasks()
    const old = home.read(list).replace('[ ] A:', '[~] A:')
    await home.session.send({ type: 'task.add', taskId: 'NEW', title: 'since then' })
    await home.session.send({ type: 'task.start', taskId: 'B' })
    await home.write()
    expect(home.read(list)).toContain('NEW')
    home.put(list, old)
    expect(await adopt(home)).toMatchObject({ problems: [], changes: [{ taskId: 'A' }] })
    expect(await statuses(home)).toMatchObject({ A: 'running', B: 'running', NEW: 'pending' })
  })

  it.each([
    ['emptied', () => '', /its first line is not there/],
    ['cut off', (text: string) => text.slice(0, text.indexOf('- [ ] B')), /its last line is not there/],
    ['beheaded', (text: string) => text.slice(text.indexOf('- [ ] D')), /its first line is not there/],
  ])('cancels nothing because of a list that was %s', async (_, spoil, reason) => {
    const home = await homeWithTasks()
    edit(home, spoil)
    const { problems, changes } = await adopt(home)
    expect(changes).toEqual([])
    expect(problems.map((problem) => problem.reason).join()).toMatch(reason)
  })

  it.each([
    ['binary', Buffer.from([0, 1, 2, 255])],
    ['a hundred thousand lines', Buffer.from('- [ ] x\n'.repeat(100_000))],
    [
      'another session',
      Buffer.from(
        `<!-- waymark tasks: session sess_00000000-0000-4000-8000-000000000000, version 1, list 0000000000000000 -->\n- [ ] A: x\n${listEnd}\n`,
      ),
    ],
  ])('takes nothing from %s', async (_, bytes) => {
    const home = await homeWithTasks()
    home.put(list, bytes)
    const { version } = home.session
    expect(await adopt(home)).toMatchObject({ changes: [], problems: [{}], recorded: false })
    expect((await home.session.refresh()).version).toBe(version)
  })

  it('takes nothing of a version that is not there, and no more commands than its bound', async () => {
    const home = await homeWithTasks()
    edit(home, (text) => text.replace(/version \d+/, 'version 999999'))
    expect(await adopt(home)).toMatchObject({
      changes: [],
      problems: [{ reason: expect.stringMatching(/says version 999999/) }],
    })
    await home.write({ editedTasks: 'replace' })
    edit(home, (text) => text.replace(listEnd, `${'- [ ] more\n'.repeat(2_500)}${listEnd}`))
    expect(await adopt(home)).toMatchObject({
      changes: [],
      problems: [{ reason: expect.stringMatching(/2500 commands/) }],
    })
  })

  it('takes in a list with CRLF line ends and a byte order mark', async () => {
    const home = await homeWithTasks()
    edit(home, (text) => `\uFEFF${text.replace('[ ] A:', '[x] A:').replaceAll('\n', '\r\n')}`)
    expect(await adopt(home)).toMatchObject({ problems: [], changes: [{ taskId: 'A' }] })
    edit(home, (text) => text.replaceAll('[x] A:', '[x] A:').replace('  - [ ] B.1: below B\r\n', ''))
    expect(await adopt(home)).toMatchObject({ problems: [], changes: [{ line: 0, taskId: 'B.1' }] })
  })
})

const start = { type: 'session.start', model: 'claude-sonnet-4-5', windowTokens: 200_000 } as const
const added = { type: 'task.add', taskId: 'A', title: 'one' } as const
const taskHistory = fc
  .array(taskCommandArbitrary(), { maxLength: 40 })
  .map((commands) => [start, added, ...commands])

function planned(base: ReadonlyState, text: string) {
  const { clock } = seeded(9, '2027-01-01T00:00:00.000Z')
  return planAdoption({
    list: readTaskList(Buffer.from(text), (taskId) => Object.hasOwn(base.tasks, taskId)),
    base,
    current: base,
    context: {
      now: clock.now(),
      checkpointId: () => 'ckpt_00000000-0000-4000-8000-000000000001',
      handoffId: () => 'hoff_00000000-0000-4000-8000-000000000001',
      countedCall: () => null,
    },
    taskIdOf: (line) => `task-${line}`,
  })
}

type Task = ReadonlyState['tasks'][string]
type Place = Pick<Task, 'status' | 'returnsTo' | 'retryable'>

/** Every way through the table of the task machine: whether one leads to where a list says. A plain twin of the steps. */
function canReach(from: Place | null, wanted: MarkedStatus): boolean {
  const first: Place = from ?? { status: 'pending', returnsTo: null, retryable: null }
  const waiting = [first]
  const seen = new Set<string>()
  for (let place = waiting.pop(); place !== undefined; place = waiting.pop()) {
    const key = JSON.stringify([place.status, place.returnsTo, place.retryable])
    if (seen.has(key)) continue
    seen.add(key)
    if (markedStatusOf(place) === wanted) return true
    for (const [command, cell] of Object.entries<TaskCell>(taskTable[place.status])) {
      if (command === 'task.warn' || command === 'task.relieve' || cell.kind === 'refused') continue
      if (cell.kind === 'if-retryable' && place.retryable !== true) continue
      const returnsTo = place.status === 'pending' ? 'pending' : 'running'
      const back = place.returnsTo === 'pending' ? 'pending' : 'in_progress'
      const status = cell.kind === 'running' ? 'in_progress' : cell.kind === 'back' ? back : cell.status
      const retryable = status === 'failed' ? command === 'task.fail' : null
      waiting.push({ status, returnsTo: status === 'blocked' ? returnsTo : null, retryable })
    }
  }
  return false
}

describe('laws of adopting', () => {
  it('law: adopting a list that nobody edited is no command', async () => {
    await fc.assert(
      fc.asyncProperty(taskHistory, async (commands) => {
        const { state } = await play(new MemoryLog(), commands)
        expect(planned(state, taskListText(state))).toEqual({ changes: [], problems: [] })
      }),
      { numRuns: 150 },
    )
  })

  it("law: adopting another state's list gives its statuses wherever the task machine has a way, and changes nothing elsewhere", async () => {
    let reached = 0
    let refused = 0
    await fc.assert(
      fc.asyncProperty(taskHistory, taskHistory, async (one, other) => {
        const log = new MemoryLog()
        const { state, sessionId } = await play(log, one, { policies: [] })
        const { state: wanted } = await play(new MemoryLog(), other, { policies: [] })
        const { changes } = planned(state, taskListText(wanted))
        const environment = { ...seeded(5, '2027-01-01T00:00:00.000Z'), policies: [] }
        const after = await log.transact((transaction) => {
          let next = state
          for (const command of changes.flatMap((change) => change.commands))
            next = record(transaction, next, { sessionId, command }, environment).state
          return next
        })
        for (const task of Object.values(wanted.tasks)) {
          const before = taskOf(state, task.id) ?? null
          // Whether a task may start that waits for others depends on those.
          if (unmetDependencies(state, task.id).length > 0) continue
          const marked = markedStatusOf(task)
          const isReachable = canReach(before, marked)
          if (isReachable) reached += 1
          else refused += 1
          const result = taskOf(after, task.id)
          if (isReachable) expect(result === undefined ? null : markedStatusOf(result)).toBe(marked)
          else expect(result ?? null).toEqual(before)
        }
        for (const task of Object.values(state.tasks)) {
          if (Object.hasOwn(wanted.tasks, task.id)) continue
          const isFinal = task.status === 'completed' || markedStatusOf(task) === 'cancelled'
          expect(taskOf(after, task.id)?.status).toBe(isFinal ? task.status : 'failed')
        }
      }),
      { numRuns: 250 },
    )
    // Not vacuous: both happen often.
    expect(reached).toBeGreaterThan(100)
    expect(refused).toBeGreaterThan(10)
  })
})
