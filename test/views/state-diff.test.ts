/**
 * Differences of states, and places in them.
 *
 * Goal: every difference is told once, under a path that leads back to it, and nothing else is told. Method: states of a real session, and a
 * law over random histories: the changes, read back by their paths, are what differs.
 */
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import type { ReadonlyState } from '../../src/fold/state.ts'
import { WaymarkError } from '../../src/kernel/errors.ts'
import { limits } from '../../src/kernel/limits.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { Session } from '../../src/session/session.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { historyArbitrary } from '../../src/testing/arbitrary/history.ts'
import { play } from '../../src/testing/play.ts'
import { isSame, stateDiff } from '../../src/views/state-diff.ts'
import { diffLines, diffLineText } from '../../src/views/state-diff-lines.ts'
import { parsePath, pathText, valueAt } from '../../src/views/state-path.ts'

let session: Session
let start: ReadonlyState

beforeAll(async () => {
  const waymark = await Waymark.open({ store: new MemoryLog(), policies: [] })
  session = await waymark.createSession({ title: 'Log in', windowTokens: 100_000 })
  await session.send({ type: 'task.add', taskId: 'SPEC-001', title: 'one' })
  start = session.state
})

const pathsOf = (before: ReadonlyState, after: ReadonlyState, all = false): readonly string[] =>
  stateDiff(before, after, { all }).changes.map(({ kind, path }) => `${kind} ${path}`)

describe('the difference of two states', () => {
  it('is empty for one state', () => {
    expect(stateDiff(start, start)).toEqual({ changes: [], changeCount: 0, folded: [] })
  })

  it('tells tasks by their id, items by their tag, checkpoints and decisions by theirs', async () => {
    const before = session.state
    await session.send({ type: 'task.add', taskId: 'v1.2', title: 'two' })
    await session.send({ type: 'task.start', taskId: 'SPEC-001' })
    await session.send({
      type: 'context.add',
      tag: '@A',
      tier: 'critical',
      category: 'reference.project',
      content: 'a text',
      tokens: 40,
    })
    const { id } = await session.checkpoint({ phase: 'RED' })
    await session.send({ type: 'decision.record', text: 'take the small one', taskId: 'v1.2' })
    const diff = stateDiff(before, session.state)
    const told = diff.changes.map(({ kind, path }) => `${kind} ${path}`)
    expect(told).toEqual(
      expect.arrayContaining([
        'added tasks["v1.2"]',
        'changed tasks.SPEC-001.status',
        'added checkpoints[0]',
        'added context.items.@A',
        'added knowledge.decisions[0]',
      ]),
    )
    expect(diff.folded).toContain('version')
    expect(told.some((one) => one.includes('history'))).toBe(false)
    const lines = diffLines(diff).map(diffLineText)
    expect(lines).toContain('~ tasks.SPEC-001.status: pending → in_progress')
    expect(lines).toContain('+ tasks["v1.2"]: pending, v1.2, "two"')
    expect(lines.find((line) => line.startsWith('+ checkpoints[0]: '))).toContain(id)
    expect(diffLines(diff).find(({ path }) => path.startsWith('tasks'))?.section).toBe('tasks')
    expect(diffLines(stateDiff(start, { ...start, title: null }))).toEqual([
      { section: 'session', mark: '~', path: 'title', before: 'Log in', after: 'none', tone: 'plain' },
    ])
  })

  it('finds an element of a list again where others went', () => {
    const [one] = session.state.checkpoints
    if (one === undefined) throw new Error('a checkpoint was taken')
    const two = { ...one, id: 'ckpt_2' }
    const of = (...checkpoints: readonly (typeof one)[]): ReadonlyState => ({ ...start, checkpoints })
    expect(pathsOf(of(one, two), of(two))).toEqual(['removed checkpoints[0]'])
    expect(pathsOf(of(one, two), of({ ...two, archived: true }))).toEqual([
      'removed checkpoints[0]',
      'changed checkpoints[0].archived',
    ])
  })

  it('folds bookkeeping, and times on request', () => {
    const later = { ...start, version: 9, startedAt: 'later', lastEventAt: 'later' }
    expect(stateDiff(start, later)).toMatchObject({ folded: ['version', 'lastEventAt'], changeCount: 1 })
    expect(stateDiff(start, later, { foldTimes: true }).changeCount).toBe(0)
    expect(pathsOf(start, later, true)).toEqual([
      'changed version',
      'changed startedAt',
      'changed lastEventAt',
    ])
  })

  it('lists so many changes and counts all', () => {
    const task = start.tasks['SPEC-001']
    if (task === undefined) throw new Error('it was added')
    const many = Object.fromEntries(Array.from({ length: 1_500 }, (_, index) => [`T${index}`, task]))
    const diff = stateDiff(start, { ...start, tasks: { ...start.tasks, ...many } })
    expect([diff.changes.length, diff.changeCount]).toEqual([limits.changesListedMax, 1_500])
    expect(diff.changes[2]?.path).toBe('tasks.T2')
  })

  it('law: a change is where its path leads, and states without one are the same', async () => {
    let changed = 0
    await fc.assert(
      fc.asyncProperty(historyArbitrary(30), fc.nat(1_000), async (commands, share) => {
        const { steps, state: after } = await play(new MemoryLog(), commands)
        const before = steps[Math.floor((steps.length * share) / 1_001)]?.before ?? after
        const { changes } = stateDiff(before, after, { all: true })
        for (const { path, kind, before: was, after: is } of changes) {
          if (kind !== 'added')
            expect([path, valueAt(before, path) ?? null]).toEqual([path, oneOf(before, path, was)])
          if (kind !== 'removed') expect([path, valueAt(after, path)]).toEqual([path, is])
        }
        expect(changes.length === 0).toBe(isSame(before, after))
        changed += changes.length > 0 ? 1 : 0
      }),
      { numRuns: 60 },
    )
    expect(changed).toBeGreaterThan(10)
  })
})

/** Of an element of a list the path says where it is afterwards; before, it may have stood elsewhere. */
function oneOf(state: ReadonlyState, path: string, was: unknown): unknown {
  return /\[\d+\]/.test(path) ? (valueAt(state, path) ?? null) : was
}

describe('a path', () => {
  it('leads to a value, to a part, or to nothing yet', () => {
    const state = session.state
    expect(valueAt(state, 'tasks.SPEC-001.status')).toBe('in_progress')
    expect(valueAt(state, 'tasks.v1.2.title')).toBe('two')
    expect(valueAt(state, 'tasks["v1.2"].title')).toBe('two')
    expect(valueAt(state, "tasks['v1.2']")).toBe(state.tasks['v1.2'])
    expect(valueAt(state, 'checkpoints[0].phase')).toBe('RED')
    expect(valueAt(state, 'checkpoints.0.phase')).toBe('RED')
    expect(valueAt(state, 'context.tokensByCategory.reference.project')).toBe(40)
    expect(valueAt(state, 'window')).toBe(state.window)
    for (const path of [
      'tasks.B.status',
      'tasks.constructor.title',
      'checkpoints[9]',
      'recovery.steps[0].step',
    ]) {
      expect(valueAt(state, path)).toBeUndefined()
    }
  })

  it('prefers the longest id that is there', () => {
    const task = start.tasks['SPEC-001']
    if (task === undefined) throw new Error('it was added')
    const tasks = { a: { ...task, title: 'short' }, 'a.b': { ...task, title: 'long' } }
    const state: ReadonlyState = { ...start, tasks }
    expect(valueAt(state, 'tasks.a.b.title')).toBe('long')
    expect(valueAt(state, 'tasks.a.title')).toBe('short')
    expect(valueAt({ ...state, tasks: { a: tasks.a } }, 'tasks.a.b.title')).toBeUndefined()
  })

  it.each([
    ['tasks.A.sttus', 'tasks.A has no sttus', 'status'],
    ['tasks.a.b.c.sttus', 'has no sttus', 'status'],
    ['widow.percent', 'a state has no widow', 'window'],
    ['window.percent.x', 'window.percent is a single value', 'can be looked at'],
    ['checkpoints.phase', 'checkpoints has no phase', 'checkpoints[0]'],
    ['constructor', 'a state has no constructor', 'did you mean'],
    ['', 'cannot be read', ''],
    ['tasks..A', 'cannot be read', ''],
    ['tasks[A]', 'cannot be read', ''],
    ['tasks["A', 'cannot be read', ''],
    ['x'.repeat(limits.lineCharactersMax + 1), 'cannot be read', ''],
  ])('that no state has is refused: %s', (path, said, hint) => {
    const failure = failureOf(() => valueAt(start, path))
    expect(failure.code).toBe('USAGE')
    expect(failure.message).toContain(said)
    expect(failure.hint).toContain(hint)
  })

  it('law: a path written for names is read as these names', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 12 }), (id) => {
        const path = pathText(['tasks', id, 'title'])
        const task = { ...start.tasks['SPEC-001'], title: id }
        const state = { ...start, tasks: Object.fromEntries([[id, task]]) } as ReadonlyState
        expect(valueAt(state, parsePath(path))).toBe(id)
      }),
      { numRuns: 300 },
    )
  })
})

function failureOf(work: () => unknown): WaymarkError {
  try {
    work()
  } catch (error) {
    if (error instanceof WaymarkError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}
