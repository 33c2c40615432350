/**
 * Predicates.
 *
 * Goal: a question about a state has one answer, in no time; a wrong one is told with its place, and reaches nothing but the state.
 * Method: expressions and functions asked of the state of a real session; the shape that names are checked against is held against
 * random histories.
 */
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import type { ReadonlyState } from '../../src/fold/state.ts'
import { type ErrorCode, WaymarkError } from '../../src/kernel/errors.ts'
import { limits } from '../../src/kernel/limits.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { parsePredicate, predicateOf } from '../../src/replay/predicate/predicate.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { historyArbitrary } from '../../src/testing/arbitrary/history.ts'
import { play } from '../../src/testing/play.ts'
import { type Shape, stateShape } from '../../src/views/state-shape.ts'

let state: ReadonlyState

beforeAll(async () => {
  const waymark = await Waymark.open({ store: new MemoryLog(), policies: [] })
  const session = await waymark.createSession({ title: 'Log in', windowTokens: 100_000 })
  await session.send({ type: 'task.add', taskId: 'SPEC-001', title: 'one' })
  await session.send({ type: 'task.start', taskId: 'SPEC-001' })
  await session.send({ type: 'task.fail', taskId: 'SPEC-001', reason: 'timeout', retryable: true })
  await session.send({ type: 'task.add', taskId: 'B', title: 'two' })
  await session.checkpoint({ phase: 'RED' })
  await session.send({ type: 'context.measure', contextTokens: 80_000 })
  state = session.state
})

function failureOf(work: () => unknown): { readonly code: ErrorCode; readonly text: string } {
  try {
    work()
  } catch (error) {
    if (error instanceof WaymarkError) {
      return { code: error.code, text: `${error.message}; ${error.hint ?? ''}` }
    }
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('an expression', () => {
  it.each([
    ['tasks["SPEC-001"].status == "failed"', true],
    ['tasks["SPEC-001"].attempts + 1 == 2', true],
    ['tasks.B.status == "failed"', false],
    ['window.percent > 75', true],
    ['window.percent > 80.5', false],
    ['version % 2 == 1 || version % 2 == 0', true],
    ['version / 2 > 3.4 && 2 * version >= 14 && 10 - version < 4', true],
    ['window.totalTokens / 4 == 25000.0 && window.totalTokens * 2 == 200000.0', true],
    ['window.totalTokens - 1 == 99999.0 && window.totalTokens + 1 == 100001.0', true],
    ['window.totalTokens % 30000 == 10000.0 && -window.totalTokens < 0', true],
    ['dyn(200000 / window.totalTokens) == 2.0 && dyn(100001 - window.totalTokens) == 1.0', true],
    ['dyn(250000 % window.totalTokens) == 50000.0 && dyn(1 + window.totalTokens) == 100001.0', true],
    ['size(checkpoints) > 0 && checkpoints[0].phase == "RED"', true],
    ['checkpoints.exists(one, one.phase == "RED" && !one.archived)', true],
    ['checkpoints.filter(one, one.phase == "RED")[0].archived', false],
    ['tasks.exists(id, tasks[id].status == "failed")', true],
    ['tasks.all(id, tasks[id].status == "failed")', false],
    ['tasks.map(id, tasks[id].attempts).exists(n, n > 0)', true],
    ['"SPEC-001" in tasks && !("C" in tasks)', true],
    ['has(tasks.B) && !has(tasks.C)', true],
    ['tasks["SPEC-001"].retryable', true],
    ['title == "Log in" && endReason == null', true],
    ['title.startsWith("Log") && title.matches("^L.g")', true],
    ['tasks["SPEC-001"].startedAt > "2020" ? true : false', true],
    ['timestamp(startedAt) > timestamp("2020-01-01T00:00:00Z")', true],
    ['cel.bind(all, tasks, all.B.attempts == 0)', true],
  ])('%s is %s', (text, holds) => {
    const predicate = parsePredicate(text)
    expect(predicate.text).toBe(text)
    expect(predicate.isExpression).toBe(true)
    expect(predicate.holds(state)).toBe(holds)
  })

  it.each([
    'tasks["C"].status == "failed"',
    '!(tasks["C"].status == "failed")',
    'tasks.C.status != "failed"',
    'checkpoints[7].phase == "RED"',
    'recovery.status == "failed"',
    'tasks.B.startedAt > "2020"',
    'endReason.contains("x")',
    'tasks.B.retryable',
    '!tasks.B.retryable',
    'tasks.B.retryable && true',
    'tasks.B.retryable ? true : true',
  ])('%s asks about something that is not there, and does not hold', (text) => {
    expect(parsePredicate(text).holds(state)).toBe(false)
  })

  it('goes on beside what is not there where the answer does not depend on it', () => {
    expect(parsePredicate('tasks.C.status == "failed" || window.percent > 75').holds(state)).toBe(true)
    expect(parsePredicate('window.percent > 75 || tasks.C.status == "failed"').holds(state)).toBe(true)
  })

  it.each([
    ['window.percent >', 'at character 17'],
    ['widow.percent > 75', 'a state has no widow at character 1; did you mean window'],
    ['window.percnt > 75', 'window has no percnt at character 7; did you mean percent'],
    ['tasks.A.sttus == "failed"', 'tasks.A has no sttus at character 8; did you mean status'],
    ['tasks.exists(id, tasks[id].sttus == "x")', 'did you mean status'],
    ['checkpoints.exists(one, one.fase == "RED")', 'did you mean phase'],
    ['checkpoints.filter(one, one.archived)[0].fase == "RED"', 'did you mean phase'],
    ['checkpoints.phase == "RED"', 'is a list'],
    ['window["percnt"] > 75', 'did you mean percent'],
    ['title.length > 3', 'is a single value'],
    ['cel.bind(all, tasks, all.A.sttus == "x")', 'did you mean status'],
    ['has(tasks["A-1"])', 'write "A-1" in tasks'],
    ['window.percent', 'no answer at version'],
    ['title', 'a string, not with true or false'],
    ['size(tasks)', 'it comes to a int'],
    ['window.percent > "a"', 'no such overload'],
    ['title.matches("(")', 'regular expression'],
    ['1 / 0 == 1', 'division by zero'],
    ['constructor == 1', 'a state has no constructor'],
    ['window.constructor == 1', 'window has no constructor'],
    ['window.toString() == "x"', 'toString'],
    ['process.exit()', 'a state has no process'],
    ['   ', 'it is empty'],
    ['x'.repeat(limits.predicateCharactersMax + 1), 'characters, at most'],
    [`${'('.repeat(60)}true${')'.repeat(60)}`, 'xceeded'],
    [`${'true || '.repeat(700)}true`.slice(0, 3_990), ''],
  ])('%s is told', (text, said) => {
    const failure = failureOf(() => parsePredicate(text).holds(state))
    expect(failure).toEqual({ code: 'PREDICATE_INVALID', text: expect.stringContaining(said) })
  })

  it('finds no inherited properties', () => {
    expect(parsePredicate('has(tasks.constructor)').holds(state)).toBe(false)
    expect(parsePredicate('tasks.__proto__.status == "x"').holds(state)).toBe(false)
  })

  it('takes every id for an id', () => {
    const tasks = { ...state.tasks, constructor: state.tasks.B, toString: state.tasks.B }
    const odd = { ...state, tasks } as ReadonlyState
    for (const text of [
      'tasks["SPEC-001"].status == "failed"',
      'tasks.constructor.title == "two" && tasks["toString"].title == "two"',
      'size(tasks) == 4 && "constructor" in tasks && has(tasks.constructor)',
      'tasks.exists(id, id == "constructor" && tasks[id].attempts == 0)',
    ]) {
      expect([text, parsePredicate(text).holds(odd)]).toEqual([text, true])
    }
  })

  it('is ended when it runs long', () => {
    const texts = ['title.matches("(.+)+!!")', 'tasks.all(a, tasks.all(b, tasks.all(c, tasks.all(d, true))))']
    const tasks = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`T${index}`, state.tasks.B]))
    const wide = { ...state, title: 'a'.repeat(200), tasks } as ReadonlyState
    for (const text of texts) {
      const predicate = parsePredicate(text)
      expect(failureOf(() => predicate.holds(wide)).text).toContain(
        `longer than ${limits.predicateWaitMs} milliseconds`,
      )
    }
  })
})

describe('a function', () => {
  it('is asked, with its name', () => {
    const crowded = predicateOf('crowded', ({ taskCount }) => taskCount > 1)
    expect([crowded.text, crowded.holds(state)]).toEqual(['crowded', true])
  })

  it.each<[string, (state: ReadonlyState) => unknown, string]>([
    ['throws', () => state.tasks.C?.status.at(9)?.repeat(-1) ?? JSON.parse('{'), 'it threw'],
    ['promises', async () => true, 'it answered with a promise'],
    ['rejects', () => Promise.reject(new Error('late')), 'it answered with a promise'],
    ['forgets', () => undefined, 'is a return missing?'],
    ['counts', () => 1, 'a number, not with true or false'],
    ['changes', (given) => Object.assign(given, { title: 'mine' }), 'it threw'],
    [
      'never ends',
      () => {
        for (;;);
      },
      'it took longer than',
    ],
  ])('that %s is told', (name, test, said) => {
    const failure = failureOf(() => predicateOf(name, test).holds(state))
    expect(failure).toEqual({ code: 'PREDICATE_INVALID', text: expect.stringContaining(said) })
    expect(state.title).toBe('Log in')
  })
})

describe('the shape of a state', () => {
  it('law: every name in any state has its place in the shape', async () => {
    await fc.assert(
      fc.asyncProperty(historyArbitrary(40), async (commands) => {
        const played = await play(new MemoryLog(), commands)
        expect(strangers(played.state, stateShape, 'state')).toEqual([])
      }),
      { numRuns: 60 },
    )
  })

  it('misses a name that is not in it', () => {
    expect(strangers({ ...state, extra: 1 }, stateShape, 'state')).toEqual(['state.extra'])
  })
})

/** Places in a value that the shape does not have. */
function strangers(value: unknown, shape: Shape | undefined, place: string): string[] {
  if (shape === undefined) return [place]
  if (value === null || value === undefined) return []
  if (typeof value !== 'object') return shape === 'value' ? [] : [place]
  if (shape === 'value') return [place]
  if ('list' in shape) {
    return Array.isArray(value) ? value.flatMap((one) => strangers(one, shape.list, `${place}[]`)) : [place]
  }
  return Object.entries(value).flatMap(([name, part]) =>
    strangers(part, 'each' in shape ? shape.each : shape.fields[name], `${place}.${name}`),
  )
}
