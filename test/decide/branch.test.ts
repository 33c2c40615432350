/**
 * Decisions about merges and rewinds.
 *
 * Goal: what has nothing new adds nothing, what fits together is put back, and what does not is refused with the reason. Method: short
 * histories, played without policies; the next command is decided in the state they lead to, and the whole answer is compared.
 */
import { describe, expect, it } from 'vitest'
import { decide } from '../../src/decide/decide.ts'
import type { Restored } from '../../src/events/branch.ts'
import type { Command } from '../../src/events/commands.ts'
import { initialState } from '../../src/fold/state.ts'
import { limits } from '../../src/kernel/limits.ts'
import {
  add,
  begin,
  holdsDecided,
  holdsRefused,
  measure,
  ofSession,
  type RefusedRow,
  type Row,
} from './rows.ts'

const source = 'sess_00000000-0000-4000-8000-000000000005'
const time = '2026-01-01T00:00:01.000Z'

const merge = (sourceVersion: number, baseVersion = 1, sourceSessionId = source): Command => ({
  type: 'session.merge',
  sourceSessionId,
  sourceVersion,
  baseVersion,
  policies: { tasks: 'ours', context: 'ours', decisions: 'ours' },
  broughtCount: 0,
  conflicts: [],
  conflictCount: 0,
})

const task = (id: string, more: object = {}): NonNullable<Restored['tasks'][string]> => ({
  id,
  title: id,
  description: null,
  parentTaskId: null,
  specId: null,
  phase: null,
  dependsOn: [],
  agent: null,
  workSessionId: null,
  status: 'pending',
  blockedOn: null,
  returnsTo: null,
  switchCause: null,
  retryable: null,
  reason: null,
  checkpointId: null,
  attempts: 0,
  addedAt: time,
  startedAt: null,
  endedAt: null,
  runningSince: null,
  workedMs: 0,
  ...more,
})

const item = (tag: string): NonNullable<Restored['items'][string]> => ({
  tag,
  tier: 'supporting',
  category: 'reference.tools',
  title: null,
  content: null,
  server: null,
  tokens: 10,
  estimated: false,
  status: 'kept',
  summary: null,
  summaryTokens: null,
  summaryWantedPercent: null,
  summaryWantedVersion: null,
  addedVersion: 1,
  addedAt: time,
})

const rewind = (restored: Partial<Restored>, toVersion = 1): Command => ({
  type: 'session.rewind',
  toVersion,
  restored: { tasks: {}, items: {}, knowledge: null, ...restored },
})

const decided: readonly Row[] = [
  ['a merge', [], merge(9), [['session.merged']]],
  ['a merge of what is its own base', [], merge(9, 9), [['session.merged']]],
  ['a merge of what was merged already', [merge(9)], merge(9), []],
  ['a merge of less than was merged already', [merge(9), merge(12)], merge(10), []],
  ['a merge of one version more', [merge(9)], merge(10), [['session.merged']]],
  [
    'a merge of another session',
    [merge(9)],
    merge(5, 1, 'sess_00000000-0000-4000-8000-000000000006'),
    [['session.merged']],
  ],
  ['a rewind that puts nothing back', [add('A')], rewind({}), [['session.rewound']]],
  ['a rewind by one version', [add('A')], rewind({ tasks: { A: null } }, 1), [['session.rewound']]],
  [
    'a rewind of tasks that need each other',
    [add('A')],
    rewind({ tasks: { A: task('A', { dependsOn: ['B'] }), B: task('B', { parentTaskId: 'A' }) } }),
    [['session.rewound']],
  ],
  [
    'a rewind of a task that needs one that is there',
    [add('B')],
    rewind({ tasks: { A: task('A', { dependsOn: ['B'] }) } }),
    [['session.rewound']],
  ],
  [
    'a rewind to work',
    [add('A')],
    rewind({ tasks: { A: task('A', { status: 'in_progress' }) } }),
    [['session.rewound']],
  ],
  [
    'a rewind to work while the budget warns',
    [add('A'), measure(160_000)],
    rewind({ tasks: { A: task('A', { status: 'token_warning' }) } }),
    [['session.rewound']],
  ],
  ['a rewind of an item', [], rewind({ items: { '@A': item('@A'), '@B': null } }, 0), [['session.rewound']]],
]

const refused: readonly RefusedRow[] = [
  [
    'before its base',
    [],
    merge(8, 9),
    { subject: ofSession, status: 'active', reason: 'version 8 lies before the base 9', accepted: [] },
  ],
  [
    'to where it is',
    [add('A')],
    rewind({}, 2),
    { subject: ofSession, status: 'active', reason: 'version 2 is not earlier than 2', accepted: [] },
  ],
  [
    'with a task under another name',
    [add('A')],
    rewind({ tasks: { B: null, A: task('C') } }),
    { subject: ofSession, status: 'active', reason: 'A is called C inside', accepted: [] },
  ],
  [
    'with an item under another name',
    [add('A')],
    rewind({ items: { '@B': null, '@A': item('@C') } }),
    { subject: ofSession, status: 'active', reason: '@A is called @C inside', accepted: [] },
  ],
  [
    'with a task that needs one that is taken away',
    [add('B'), add('A')],
    rewind({ tasks: { B: null, A: task('A', { dependsOn: ['B'] }) } }),
    {
      subject: ofSession,
      status: 'active',
      reason: 'task A needs task B, which would not be there',
      accepted: [],
    },
  ],
  [
    'with a task below one that is not there',
    [add('A')],
    rewind({ tasks: { A: task('A', { parentTaskId: 'B' }) } }),
    {
      subject: ofSession,
      status: 'active',
      reason: 'task A needs task B, which would not be there',
      accepted: [],
    },
  ],
  [
    'to work that would have been warned',
    [add('A'), begin('A')],
    rewind({ tasks: { B: null, A: task('A', { status: 'token_warning' }) } }),
    {
      subject: ofSession,
      status: 'active',
      reason: 'task A would be token_warning; the budget says in_progress',
      accepted: [],
    },
  ],
  [
    'to work that would not have been warned',
    [add('A'), measure(160_000)],
    rewind({ tasks: { A: task('A', { status: 'in_progress' }) } }),
    {
      subject: ofSession,
      status: 'active',
      reason: 'task A would be in_progress; the budget says token_warning',
      accepted: [],
    },
  ],
]

describe('what is decided about a history', () => {
  it.each(decided.map((row) => ({ name: row[0], row })))('$name', ({ row }) => holdsDecided(row))
})

describe('the refusal when a history is merged or rewound', () => {
  it.each(refused.map((row) => ({ name: row[0], row })))('$name', ({ row }) => holdsRefused(row))
})

describe('a session of its own making', () => {
  const context = { now: time, checkpointId: () => '', handoffId: () => '', countedCall: () => null }
  const state = { ...initialState(source), version: 5, startedAt: time }

  it('is not merged into itself', () => {
    const decision = decide(state, merge(9), context)
    expect(decision).toMatchObject({
      ok: false,
      refusal: { reason: 'a session cannot be merged into itself' },
    })
  })

  it('comes back to as many tasks as it may hold, and to none more', () => {
    const many = (count: number) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`T${index}`, task(`T${index}`)]))
    const full = { ...state, tasks: { other: task('other') } }
    const most = decide(full, rewind({ tasks: many(limits.tasksMax - 1) }), context)
    expect(most.ok).toBe(true)
    const decision = decide(full, rewind({ tasks: many(limits.tasksMax) }), context)
    expect(decision).toMatchObject({ ok: false, refusal: { reason: 'it would hold more than 10000 tasks' } })
  })
})
