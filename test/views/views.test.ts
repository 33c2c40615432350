/** What views make of states: figures, order, words. */
import { describe, expect, it } from 'vitest'
import { noUsage, type ReadonlyState } from '../../src/fold/state.ts'
import { budgetReport, cacheSharePercent, gaugeBar, phaseChangeOf } from '../../src/views/budget-report.ts'
import { stateSections } from '../../src/views/layer-facts.ts'
import { type StateView, stateView } from '../../src/views/state-view.ts'
import {
  elapsedMs,
  presentOf,
  taskCounts,
  taskCountsText,
  taskList,
  tasksInOrder,
} from '../../src/views/task-list.ts'
import {
  clockText,
  countOf,
  durationText,
  inNaturalOrder,
  namesText,
  timeText,
} from '../../src/views/text.ts'
import {
  checkpointId,
  item,
  recorded,
  type Sample,
  sessionId,
  started,
  stateAfter,
  usage,
} from './samples.ts'

const spent = { calls: 3, inputTokens: 9, outputTokens: 8, cacheReadTokens: 7, cacheCreationTokens: 6 }

/** All facts of the panel, whatever section they stand in. */
function stateFacts(view: StateView, state: ReadonlyState) {
  return stateSections(view, state).flatMap(({ facts }) => facts)
}

function task(taskId: string, parentTaskId?: string): Sample {
  return [
    'task.added',
    { taskId, title: `Title of ${taskId}`, ...(parentTaskId === undefined ? {} : { parentTaskId }) },
  ]
}

describe('the view of a state', () => {
  const state = stateAfter(
    started,
    task('A'),
    ['task.started', { taskId: 'A', status: 'in_progress' }],
    usage(5_000, 80_000),
    ['tool.called', { toolCallId: 'zz', name: 'Read' }],
    ['tool.called', { toolCallId: 'aa', name: 'Bash' }],
  )
  const view = stateView(state, spent)

  it('holds the figures under the names that others read', () => {
    expect(view).toMatchObject({
      sessionId,
      nativeId: null,
      parentSessionId: null,
      version: 6,
      status: 'active',
      title: 'Log in',
      model: 'claude-sonnet-4-5',
      window: {
        totalTokens: 200_000,
        usedTokens: 85_000,
        availableTokens: 115_000,
        percent: 42.5,
        phase: 'normal',
        peakTokens: 85_000,
        source: 'stated',
        estimated: false,
      },
      usage: {
        calls: 1,
        inputTokens: 5_000,
        outputTokens: 500,
        cacheReadTokens: 80_000,
        cacheCreationTokens: 0,
      },
      tree: { usage: spent },
      compactions: 0,
      tasks: [{ id: 'A', title: 'Title of A', status: 'in_progress' }],
    })
    expect(view.usage.inherited).toEqual(noUsage())
    expect(view.usage.byModel).toEqual({
      'claude-sonnet-4-5': {
        ...noUsage(),
        calls: 1,
        inputTokens: 5_000,
        outputTokens: 500,
        cacheReadTokens: 80_000,
      },
    })
  })

  it('holds exactly the five counters, wherever there are counters', () => {
    for (const counters of [view.tree.usage, view.usage.inherited]) {
      expect(Object.keys(counters).sort()).toEqual(Object.keys(noUsage()).sort())
    }
  })

  it('lists open calls as they were called', () => {
    expect(view.openCalls.map(({ toolCallId, name, version }) => [toolCallId, name, version])).toEqual([
      ['zz', 'Read', 5],
      ['aa', 'Bash', 6],
    ])
  })

  it('leaves out what only the fold needs', () => {
    expect(view).not.toHaveProperty('earlyResults')
    expect(view.window).not.toHaveProperty('totalSource')
  })

  it('counts context items instead of holding them, and leaves what the layers have to them', () => {
    const filled = stateAfter(started, item('@A', 'critical', 'system.instructions', 8_000))
    expect(stateView(filled, spent)).toMatchObject({
      context: { items: 1, overrun: [], tokensByCategory: { 'system.instructions': 8_000 } },
      talk: { firstPrompt: null },
      recoveredFrom: null,
    })
    for (const key of ['growth', 'knowledge', 'layers']) expect(view).not.toHaveProperty(key)
  })

  it('reads as a panel of the session and its six layers', () => {
    const sections = stateSections(view, state)
    expect(sections.map(({ title }) => title)).toEqual([
      null,
      'L1 context awareness',
      'L2 active context',
      'L3 history',
      'L4 project',
      'L5 user',
      'L6 system',
    ])
    expect(sections[5]?.facts).toEqual([
      { label: 'nothing', value: 'nobody said; user.describe does', tone: 'quiet' },
    ])
  })

  it('tells only what is known', () => {
    const facts = Object.fromEntries(stateFacts(view, state).map(({ label, value }) => [label, value]))
    expect(facts).toMatchObject({
      session: sessionId,
      title: 'Log in',
      window: '85,000 of 200,000 tokens (42.5 %), normal',
      spent: '1 call, 5,000 in, 500 out, 80,000 cache read',
      'with children': '3 calls, 9 in, 8 out, 7 cache read, 6 cache creation',
      tasks: '1 in progress',
      'open calls': '2: Read, Bash',
      started: '2026-01-31 12:00:00',
    })
    expect(facts).not.toHaveProperty('folder')
    expect(facts).not.toHaveProperty('failures')
  })

  it.each<[string, Sample[], string]>([
    ['an end', [['session.ended', { reason: 'done' }]], 'ended (done)'],
    ['a handoff', [['session.handed-off', { toAgent: 'writer' }]], 'handed off (to writer)'],
    ['a pause', [['session.suspended', {}]], 'suspended'],
  ])('says of %s what it is', (_, samples, status) => {
    const later = stateAfter(started, ...samples)
    expect(stateFacts(stateView(later, spent), later).find(({ label }) => label === 'status')?.value).toBe(
      status,
    )
  })

  it('says what came with a fork, failed, recovered and was observed', () => {
    const forked = stateAfter(
      started,
      usage(10, 20),
      ['session.forked', { parentSessionId: sessionId, parentVersion: 2 }],
      ['call.retried', { reason: 'overloaded' }],
      [
        'session.recovered',
        {
          from: 'full-replay',
          checkpointId: null,
          snapshotVersion: 0,
          replayedEvents: 4,
          open: [],
          openCount: 0,
        },
      ],
      ['observation.recorded', { kind: 'hook' }],
      ['observation.recorded', { kind: 'attachment' }],
    )
    const facts = Object.fromEntries(
      stateFacts(stateView(forked, noUsage()), forked).map(({ label, value }) => [label, value]),
    )
    expect(facts).toMatchObject({
      parent: `${sessionId}, forked at version 2`,
      inherited: '1 call, 10 in, 500 out, 20 cache read',
      spent: '0 calls, no tokens',
      failures: '1 retried, 0 given up, last: overloaded',
      recoveries: '1',
      observed: '1 attachment, 1 hook',
    })
  })
})

describe('the list of tasks', () => {
  it('stands in the order of adding, by number within the same moment, children below their parent', () => {
    const state = stateAfter(
      started,
      task('task-10'),
      task('task-2'),
      task('sub', 'task-10'),
      task('deep', 'sub'),
    )
    expect(taskList(state).map(({ task: { id }, depth }) => [id, depth])).toEqual([
      ['task-10', 0],
      ['sub', 1],
      ['deep', 2],
      ['task-2', 0],
    ])
    const sameMoment = {
      ...state,
      tasks: Object.fromEntries(
        Object.entries(state.tasks).map(([id, one]) => [id, { ...one, addedAt: '' }]),
      ),
    }
    expect(tasksInOrder(sameMoment).map(({ id }) => id)).toEqual(['deep', 'sub', 'task-2', 'task-10'])
  })

  it('shows a task whose parent is not there as one without', () => {
    const state = stateAfter(started, task('orphan', 'gone'))
    expect(taskList(state)).toMatchObject([{ task: { id: 'orphan' }, depth: 0 }])
  })

  it.each<[string, Sample[], string]>([
    ['pending', [], ''],
    ['in_progress', [['task.started', { taskId: 'A', status: 'in_progress' }]], ''],
    ['blocked', [['task.blocked', { taskId: 'A', on: { kind: 'task', ids: ['B'] } }]], 'waits for task B'],
    ['token_warning', [['task.warned', { taskIds: ['A'] }]], 'the window is filling up'],
    [
      'context_switch',
      [['task.context-switched', { taskIds: ['A'], cause: 'fork' }]],
      'lost its context: fork',
    ],
    ['completed', [['task.completed', { taskId: 'A' }]], ''],
    [
      'failed',
      [['task.failed', { taskId: 'A', reason: 'timeout', retryable: true }]],
      'timeout, can be recovered',
    ],
    ['failed', [['task.cancelled', { taskId: 'A' }]], 'cancelled'],
    ['recovered', [['task.recovered', { taskId: 'A', checkpointId }]], `goes on from ${checkpointId}`],
  ])('remarks on a task that is %s', (status, samples, remark) => {
    expect(taskList(stateAfter(started, task('A'), ...samples))).toMatchObject([{ task: { status }, remark }])
  })

  it('says how long a task has run, pauses left out', () => {
    const at = (second: number) => `2026-01-31T12:00:${String(second).padStart(2, '0')}.000Z`
    // A starts at second 2, is blocked at 3, goes on at 4.
    const state = stateAfter(
      started,
      task('A'),
      ['task.started', { taskId: 'A', status: 'in_progress' }],
      ['task.blocked', { taskId: 'A', on: { kind: 'input' } }],
      ['task.unblocked', { taskId: 'A', status: 'in_progress' }],
      task('B'),
    )
    const [a, b] = tasksInOrder(state)
    if (a === undefined || b === undefined) throw new Error('two tasks')
    expect(elapsedMs(a, at(10))).toBe(1_000 + 6_000)
    // A clock that stepped back takes nothing away.
    expect(elapsedMs(a, at(1))).toBe(1_000)
    expect(elapsedMs(b, at(10))).toBe(0)
  })

  it('lets no task run on in a session that was left', () => {
    const state = stateAfter(started, task('A'))
    const soon = '2026-01-31T12:59:00.000Z'
    const later = '2026-05-01T00:00:00.000Z'
    expect(presentOf(state, soon)).toBe(soon)
    expect(presentOf(state, later)).toBe('2026-01-31T12:00:01.000Z')
    const ended = stateAfter(started, ['session.ended', {}])
    expect(presentOf(ended, soon)).toBe('2026-01-31T12:00:01.000Z')
    expect(presentOf({ status: 'active', lastEventAt: null }, soon)).toBe(soon)
  })

  it('counts by status in the order of life', () => {
    const state = stateAfter(started, task('A'), task('B'), task('C'), ['task.completed', { taskId: 'A' }])
    expect(taskCounts(state)).toEqual({ pending: 2, completed: 1 })
    expect(taskCountsText(state)).toBe('2 pending, 1 completed')
    expect(taskCountsText(stateAfter(started))).toBe('none')
  })
})

describe('the budget report', () => {
  const changed: Sample = ['budget.phase-changed', { from: 'normal', to: 'warning', percent: 80 }]
  const state = stateAfter(started, usage(40_000, 120_000), changed)
  const changes = recorded([started, usage(40_000, 120_000), changed]).flatMap((event) =>
    event.type === 'budget.phase-changed' ? [phaseChangeOf(event)] : [],
  )
  const report = budgetReport(state, changes, spent)

  it('places the thresholds in tokens', () => {
    expect(report.thresholds).toEqual([
      { phase: 'monitoring', percent: 60, inclusive: false, tokens: 120_000 },
      { phase: 'warning', percent: 75, inclusive: false, tokens: 150_000 },
      { phase: 'emergency', percent: 85, inclusive: false, tokens: 170_000 },
      { phase: 'exhausted', percent: 100, inclusive: true, tokens: 200_000 },
    ])
  })

  it('says where the window is heading, what is in reserve, and what it takes by part', () => {
    expect(report).toMatchObject({
      reserve: { limitTokens: 55_000, takenTokens: 15_000, leftTokens: 40_000, leftPercent: 20 },
      current: { usedTokens: 160_000, estimated: false, line: { learned: false } },
      growth: { reports: 0, tokens: 0 },
      forecast: null,
    })
    expect(report.allocation.map(({ name, usedTokens }) => [name, usedTokens])).toEqual([
      ['system', 0],
      ['conversation', 160_000],
      ['reference', 0],
      ['reserve', 15_000],
    ])
    const prompt = (bytes: number): Sample => [
      'prompt.submitted',
      { content: { hash: 'a'.repeat(64), bytes, preview: '' } },
    ]
    const grown = stateAfter(
      started,
      usage(1_000, 0),
      prompt(400),
      usage(2_000, 0),
      prompt(600),
      usage(3_000, 0),
    )
    expect(budgetReport(grown, [], spent)).toMatchObject({
      growth: { reports: 2, tokens: 2_000, bytes: { prompts: 1_000, replies: 0 } },
      forecast: {
        phase: 'monitoring',
        tokensToGo: 117_000,
        reportsToGo: 117,
        kind: 'prompts',
        kindPercent: 100,
      },
    })
  })

  it('says when phases changed and how much came from the cache', () => {
    expect(report.phaseChanges).toEqual([
      { version: 3, time: '2026-01-31T12:00:02.000Z', from: 'normal', to: 'warning', percent: 80 },
    ])
    expect(report.cacheSharePercent).toBe(75)
    expect(cacheSharePercent(noUsage())).toBeNull()
  })

  it.each([
    [0, '░░░░░░░░░░░░│░░│░│░░'],
    [42, '████████░░░░│░░│░│░░'],
    [80, '████████████████░│░░'],
    [100, '████████████████████'],
    [130, '████████████████████▶'],
  ])('draws %d %% as a bar', (percent, bar) => {
    const drawn = gaugeBar({ ...report, window: { ...report.window, percent } }, 20)
    expect(drawn.map(({ text }) => text).join('')).toBe(bar)
  })
})

describe('words', () => {
  it('are right in number, time and order', () => {
    expect([countOf(0, 'event'), countOf(1, 'event'), countOf(2_000, 'event')]).toEqual([
      '0 events',
      '1 event',
      '2,000 events',
    ])
    expect([12, 12_345, 245_000, 7_380_000].map(durationText)).toEqual([
      '12 ms',
      '12.3 s',
      '4 min 5 s',
      '2 h 3 min',
    ])
    expect([0, 125_000, 43_200_000, 363_599_999].map(clockText)).toEqual([
      '0:00:00',
      '0:02:05',
      '12:00:00',
      '100:59:59',
    ])
    expect(timeText('2026-01-31T12:34:56.789Z')).toBe('2026-01-31 12:34:56')
    expect(namesText(['a', 'b', 'c', 'd', 'e'])).toBe('a, b, c and 2 more')
    expect(['t10', 't2', 'T1', 't1'].sort(inNaturalOrder)).toEqual(['t1', 'T1', 't2', 't10'])
  })
})
