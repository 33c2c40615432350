/**
 * Advice: each piece where it belongs, and nowhere else.
 *
 * Goal: every rule speaks when its habit is there and is silent a step before. Method: a pair of states for each rule.
 */
import { describe, expect, it } from 'vitest'
import { type AdviceCode, adviceOf } from '../../src/views/advice.ts'
import { checkpointId, item, type Sample, started, stateAfter } from './samples.ts'

const now = '2026-01-31T12:05:00.000Z'

function codes(samples: readonly Sample[], at = now): readonly AdviceCode[] {
  return adviceOf(stateAfter(started, ...samples), at).map(({ code }) => code)
}

function messageOf(code: AdviceCode, samples: readonly Sample[], at = now): string | undefined {
  return adviceOf(stateAfter(started, ...samples), at).find((advice) => advice.code === code)?.message
}

const reading = (usedTokens: number, totalTokens = 200_000): Sample => [
  'context.measured',
  { contextTokens: usedTokens, window: { totalTokens, source: 'stated', usedTokens, estimated: false } },
]
const task = (taskId: string, more: { parentTaskId?: string; specId?: string } = {}): Sample => [
  'task.added',
  { taskId, title: taskId, ...more },
]
const start = (taskId: string): Sample => ['task.started', { taskId, status: 'in_progress' }]
const complete = (taskId: string): Sample => ['task.completed', { taskId }]
const saved = (version: number): Sample => [
  'checkpoint.created',
  { checkpointId, version, trigger: 'manual' },
]
const called = (name: string): Sample => ['tool.called', { toolCallId: name, name }]
const configured = (reserveTokens: number): Sample => [
  'session.configured',
  { configuration: { reserveTokens } },
]
const entered = (to: 'emergency' | 'exhausted'): Sample => [
  'budget.phase-changed',
  { from: 'normal', to, percent: 90 },
]

describe('advice', () => {
  it('is silent where all is well', () => {
    expect(codes([])).toEqual([])
    expect(codes([task('A'), start('A'), reading(90_000)])).toEqual([])
    expect(adviceOf(stateAfter(), now)).toEqual([])
  })

  it.each<[AdviceCode, string, Sample[], Sample[]]>([
    [
      'conversation-too-long',
      'in a window of any size',
      [reading(150_001, 1_000_000)],
      [reading(150_000, 1_000_000)],
    ],
    [
      'conversation-too-long',
      'not counting what items explain',
      [item('@A', 'critical', 'reference.project', 9_999), reading(160_000, 1_000_000)],
      [item('@A', 'critical', 'reference.project', 10_000), reading(160_000, 1_000_000)],
    ],
    ['reserve-low', 'when less than a quarter of the window is left', [reading(150_001)], [reading(150_000)]],
    ['reserve-low', 'when it is set lower', [configured(49_999)], [configured(50_000)]],
    [
      'session-reused',
      'across SPECs by the ids of tasks',
      [task('SPEC-001'), task('SPEC-002'), start('SPEC-001'), complete('SPEC-001'), start('SPEC-002')],
      [task('SPEC-001'), task('SPEC-002'), start('SPEC-001'), complete('SPEC-001')],
    ],
    [
      'session-reused',
      'across SPECs that were stated, of parents too',
      [
        task('a', { specId: 'ONE' }),
        task('b', { specId: 'TWO' }),
        task('b.1', { parentTaskId: 'b' }),
        start('a'),
        start('b.1'),
      ],
      [
        task('SPEC-001', { specId: 'ONE' }),
        task('SPEC-002', { parentTaskId: 'SPEC-001' }),
        task('c'),
        start('SPEC-001'),
        start('SPEC-002'),
        start('c'),
      ],
    ],
    [
      'servers-unused',
      'when all are on and one was never used',
      [['server.described', { server: 'context7' }], called('mcp__github__search')],
      [['server.described', { server: 'context7', enabled: false }], called('mcp__github__search')],
    ],
    [
      'servers-unused',
      'when the task in hand has not used it',
      [called('mcp__github__search'), task('A'), start('A')],
      [task('A'), start('A'), called('mcp__github__search')],
    ],
    [
      'budget-ignored',
      'without a checkpoint',
      [reading(180_000), entered('emergency')],
      [reading(180_000), entered('emergency'), saved(3)],
    ],
    [
      'budget-ignored',
      'when the checkpoint was before',
      [saved(1), reading(200_000), entered('exhausted')],
      [reading(200_000), entered('exhausted'), saved(3)],
    ],
    [
      'budget-ignored',
      'without a compaction',
      [reading(180_000), entered('emergency')],
      [
        reading(180_000),
        entered('emergency'),
        ['context.compacted', { trigger: 'auto', kind: 'full', window: null }],
      ],
    ],
    [
      'history-unlimited',
      'of supporting items that were never summarized',
      [
        item('@A', 'supporting', 'reference.project', 9_000),
        item('@B', 'supporting', 'reference.project', 6_001),
      ],
      [
        item('@A', 'supporting', 'reference.project', 9_000),
        item('@B', 'supporting', 'reference.project', 6_000),
        item('@C', 'critical', 'reference.project', 9_000),
      ],
    ],
    [
      'history-unlimited',
      'until one is summarized',
      [item('@A', 'supporting', 'reference.project', 15_001)],
      [
        item('@A', 'supporting', 'reference.project', 15_001),
        [
          'context.summarized',
          {
            tag: '@A',
            summary: { hash: 'a'.repeat(64), bytes: 9, preview: '' },
            weight: { tokens: 3, estimated: true },
            savedTokens: 14_998,
          },
        ],
      ],
    ],
  ])('%s: %s', (code, _, habit, withoutIt) => {
    expect(codes(habit)).toContain(code)
    expect(codes(withoutIt)).not.toContain(code)
  })

  describe('checkpoint-overdue', () => {
    // A starts at second 2 of the minute 12:00.
    const running = [task('A'), start('A')]
    const tenMinutes = '2026-01-31T12:10:02.000Z'
    const later = '2026-01-31T12:10:02.001Z'

    it('speaks after ten minutes of one task', () => {
      expect(codes(running, tenMinutes)).toEqual([])
      expect(codes(running, later)).toEqual(['checkpoint-overdue'])
      expect(messageOf('checkpoint-overdue', running, later)).toBe(
        'task A: 10 min 0 s of work without a checkpoint',
      )
    })

    it('counts from a checkpoint that is younger', () => {
      const afterwards = [...running, saved(3)]
      expect(codes(afterwards, later)).toEqual([])
      expect(codes(afterwards, '2026-01-31T12:10:03.001Z')).toEqual(['checkpoint-overdue'])
    })

    it('is about tasks that run, one line for all of them', () => {
      expect(codes([...running, complete('A')], later)).toEqual([])
      expect(codes([...running, ['task.blocked', { taskId: 'A', on: { kind: 'input' } }]], later)).toEqual([])
      const both = [...running, task('B'), start('B')]
      expect(messageOf('checkpoint-overdue', both, '2026-01-31T13:00:00.000Z')).toBe(
        'tasks A, B: 59 min 58 s of work without a checkpoint',
      )
    })
  })

  it('says what is saved by switching servers off', () => {
    const samples: Sample[] = [
      ['server.described', { server: 'context7', toolTokens: 2_000 }],
      item('@TOOLS-001', 'supporting', 'reference.tools', 500, 'context7'),
    ]
    const [advice] = adviceOf(stateAfter(started, ...samples), now)
    expect(advice?.hint).toContain('saves 2,500 tokens')
  })

  it('says what to do', () => {
    const all = adviceOf(
      stateAfter(started, reading(180_000), entered('emergency'), task('A'), start('A')),
      '2026-02-01T12:00:00.000Z',
    )
    expect(all.map(({ code }) => code)).toEqual([
      'conversation-too-long',
      'reserve-low',
      'checkpoint-overdue',
      'budget-ignored',
    ])
    for (const { message, hint } of all) expect([message, hint].every((text) => text.length > 20)).toBe(true)
  })
})
