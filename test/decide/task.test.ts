/**
 * Decisions about tasks.
 *
 * Goal: a command that is accepted leads to exactly its events, and one that says nothing new to none; one that is refused says what it was about,
 * where that stands, why, and what would be accepted. Method: short histories,
 * played without policies; the next command is decided in the state they lead to, and the whole answer is compared.
 */
import { describe, it } from 'vitest'
import type { Command } from '../../src/events/commands.ts'
import {
  add,
  begin,
  checkpoint,
  checkpointId,
  holdsDecided,
  holdsRefused,
  measure,
  ofSession,
  older,
  olderCheckpointId,
  type RefusedRow,
  type Row,
} from './rows.ts'

const phase = (taskId: string, name: string): Command => ({ type: 'task.enter-phase', taskId, phase: name })
const tasks: readonly Row[] = [
  [
    'a task, with all that is said of it',
    [add('B')],
    add('A', { dependsOn: ['B'], parentTaskId: 'B', description: 'd' }),
    [['task.added']],
  ],
  [
    'a description that says nothing new',
    [add('B'), add('A', { dependsOn: ['B'], description: 'd' })],
    { type: 'task.describe', taskId: 'A', title: 'A', description: 'd', dependsOn: ['B'] },
    [],
  ],
  [
    'a description with another title',
    [add('A')],
    { type: 'task.describe', taskId: 'A', title: 'x' },
    [['task.described']],
  ],
  [
    'a description with another text',
    [add('A')],
    { type: 'task.describe', taskId: 'A', description: 'x' },
    [['task.described']],
  ],
  [
    'a description with another agent',
    [add('A')],
    { type: 'task.describe', taskId: 'A', agent: 'x' },
    [['task.described']],
  ],
  [
    'a description with what it waits for in another order',
    [add('B'), add('C'), add('A', { dependsOn: ['B', 'C'] })],
    { type: 'task.describe', taskId: 'A', dependsOn: ['C', 'B'] },
    [['task.described']],
  ],
  [
    'a description with one less to wait for',
    [add('B'), add('C'), add('A', { dependsOn: ['B', 'C'] })],
    { type: 'task.describe', taskId: 'A', dependsOn: ['B'] },
    [['task.described']],
  ],
  [
    'a start',
    [add('A')],
    { type: 'task.start', taskId: 'A', agent: 'x' },
    [['task.started', { status: 'in_progress' }]],
  ],
  [
    'a start while the budget warns',
    [add('A'), measure(160_000)],
    begin('A'),
    [['task.started', { status: 'token_warning' }]],
  ],
  [
    'a start after what it waited for',
    [add('B'), add('A', { dependsOn: ['B'] }), begin('B'), { type: 'task.complete', taskId: 'B' }],
    begin('A'),
    [['task.started', { status: 'in_progress' }]],
  ],
  ['a phase', [add('A'), begin('A')], phase('A', 'RED'), [['task.phase-entered']]],
  ['a phase that it is in', [add('A'), begin('A'), phase('A', 'RED')], phase('A', 'RED'), []],
  [
    'a task that waited at work is at work again',
    [add('A'), begin('A'), { type: 'task.block', taskId: 'A', on: { kind: 'input' } }, measure(160_000)],
    { type: 'task.unblock', taskId: 'A' },
    [['task.unblocked', { status: 'token_warning' }]],
  ],
  [
    'a task that waited before work is pending again',
    [add('A'), { type: 'task.block', taskId: 'A', on: { kind: 'input' } }],
    { type: 'task.unblock', taskId: 'A' },
    [['task.unblocked', { status: 'pending' }]],
  ],
  [
    'a recovery from the newest checkpoint',
    [
      older,
      checkpoint,
      add('A'),
      begin('A'),
      { type: 'task.fail', taskId: 'A', reason: 'r', retryable: true },
    ],
    { type: 'task.recover', taskId: 'A' },
    [['task.recovered', { checkpointId: 'ckpt_00000000-0000-4000-8000-000000000001' }]],
  ],
  [
    'a recovery from an older checkpoint',
    [
      older,
      checkpoint,
      add('A'),
      begin('A'),
      { type: 'task.fail', taskId: 'A', reason: 'r', retryable: true },
    ],
    { type: 'task.recover', taskId: 'A', checkpointId: olderCheckpointId },
    [['task.recovered']],
  ],
  [
    'a recovery from the beginning',
    [add('A'), begin('A'), { type: 'task.fail', taskId: 'A', reason: 'r', retryable: true }],
    { type: 'task.recover', taskId: 'A' },
    [['task.recovered', { checkpointId: 'origin' }]],
  ],
  [
    'a switch of two tasks',
    [add('A'), begin('A'), add('B'), begin('B'), checkpoint],
    { type: 'task.switch-context', taskIds: ['B', 'A'], cause: 'other' },
    [['task.context-switched']],
  ],
  [
    'a switch that was inferred, with no checkpoint',
    [add('A'), begin('A')],
    { type: 'task.switch-context', taskIds: ['A'], cause: 'compaction', inferred: true },
    [['task.context-switched']],
  ],
  [
    'the context of two tasks, back',
    [
      checkpoint,
      add('A'),
      begin('A'),
      add('B'),
      begin('B'),
      { type: 'task.switch-context', taskIds: ['B', 'A'], cause: 'other' },
    ],
    { type: 'task.restore-context', taskIds: ['A', 'B'] },
    [['task.context-restored', { status: 'in_progress' }]],
  ],
]

const ofTasks: readonly RefusedRow[] = [
  [
    'is added twice',
    [add('A')],
    add('A'),
    {
      subject: 'task A',
      status: 'pending',
      reason: 'a task of that id is there already',
      accepted: ['task.start', 'task.block', 'task.cancel'],
    },
  ],
  [
    'has a parent that is not there',
    [],
    add('A', { parentTaskId: 'B' }),
    { subject: 'task A', status: 'active', reason: 'its parent task B is not there', accepted: [] },
  ],
  [
    'depends on one that is not there',
    [],
    add('A', { dependsOn: ['B'] }),
    {
      subject: 'task A',
      status: 'active',
      reason: 'task B, which it is to depend on, is not there',
      accepted: [],
    },
  ],
  [
    'depends on one twice',
    [add('B')],
    add('A', { dependsOn: ['B', 'B'] }),
    {
      subject: 'task A',
      status: 'active',
      reason: 'a task is named twice among those it depends on',
      accepted: [],
    },
  ],
  [
    'depends on itself',
    [],
    add('A', { dependsOn: ['A'] }),
    { subject: 'task A', status: 'active', reason: 'it would wait for itself: A → A', accepted: [] },
  ],
  [
    'comes to wait for itself over others',
    [add('A'), add('B', { dependsOn: ['A'] }), add('C', { dependsOn: ['B'] })],
    { type: 'task.describe', taskId: 'A', dependsOn: ['C'] },
    { subject: 'task A', status: 'active', reason: 'it would wait for itself: A → C → B → A', accepted: [] },
  ],
  [
    'is described, and is not there',
    [],
    { type: 'task.describe', taskId: 'A', title: 'x' },
    { subject: 'task A', status: 'not there', reason: 'there is no such task', accepted: ['task.add'] },
  ],
  [
    'is started, and is not there',
    [],
    begin('A'),
    { subject: 'task A', status: 'not there', reason: 'there is no such task', accepted: ['task.add'] },
  ],
  [
    'is started while it waits for others',
    [add('A'), add('B'), add('C', { dependsOn: ['B', 'A'] })],
    begin('C'),
    {
      subject: 'task C',
      status: 'pending',
      reason: 'it waits for B, A',
      accepted: ['task.describe with other dependsOn', 'task.cancel'],
    },
  ],
  [
    'is started twice',
    [add('A'), begin('A')],
    begin('A'),
    {
      subject: 'task A',
      status: 'in_progress',
      reason: 'it has been started already',
      accepted: ['task.block', 'task.switch-context', 'task.complete', 'task.fail', 'task.cancel'],
    },
  ],
  [
    'enters a phase before it is started',
    [add('A')],
    { type: 'task.enter-phase', taskId: 'A', phase: 'RED' },
    {
      subject: 'task A',
      status: 'pending',
      reason: 'nobody is working on it',
      accepted: ['task.start', 'task.block', 'task.cancel'],
    },
  ],
  [
    'is unblocked, and is not blocked',
    [add('A')],
    { type: 'task.unblock', taskId: 'A' },
    {
      subject: 'task A',
      status: 'pending',
      reason: 'it waits for nothing; start it',
      accepted: ['task.start', 'task.block', 'task.cancel'],
    },
  ],
  [
    'is completed twice',
    [add('A'), begin('A'), { type: 'task.complete', taskId: 'A' }],
    { type: 'task.complete', taskId: 'A' },
    { subject: 'task A', status: 'completed', reason: 'it is completed, and that is final', accepted: [] },
  ],
  [
    'is completed before it is started',
    [add('A')],
    { type: 'task.complete', taskId: 'A' },
    {
      subject: 'task A',
      status: 'pending',
      reason: 'it has not been started; start or cancel it',
      accepted: ['task.start', 'task.block', 'task.cancel'],
    },
  ],
  [
    'is recovered when it cannot be tried again',
    [add('A'), begin('A'), { type: 'task.fail', taskId: 'A', reason: 'r', retryable: false }],
    { type: 'task.recover', taskId: 'A' },
    {
      subject: 'task A',
      status: 'failed',
      reason: 'it has been given up and cannot be retried; add a new task',
      accepted: [],
    },
  ],
  [
    'is recovered from a checkpoint that is not there',
    [add('A')],
    { type: 'task.recover', taskId: 'A', checkpointId },
    {
      subject: 'task A',
      status: 'pending',
      reason: 'checkpoint ckpt_00000000-0000-4000-8000-000000000001 is not among the newest of this session',
      accepted: ['task.recover with a checkpoint that `waymark checkpoints` lists, or "origin"'],
    },
  ],
  [
    'is recovered from a checkpoint that is not there, and is not there itself',
    [],
    { type: 'task.recover', taskId: 'A', checkpointId },
    {
      subject: 'task A',
      status: 'not there',
      reason: 'checkpoint ckpt_00000000-0000-4000-8000-000000000001 is not among the newest of this session',
      accepted: ['task.recover with a checkpoint that `waymark checkpoints` lists, or "origin"'],
    },
  ],
  [
    'loses its context twice in one command',
    [add('A'), begin('A')],
    { type: 'task.switch-context', taskIds: ['A', 'A'], cause: 'other' },
    { subject: ofSession, status: 'active', reason: 'a task is named twice', accepted: [] },
  ],
  [
    'loses its context, with no checkpoint',
    [add('A'), begin('A')],
    { type: 'task.switch-context', taskIds: ['A'], cause: 'other' },
    {
      subject: ofSession,
      status: 'active',
      reason: 'it needs a checkpoint that is at most 10 minutes old, and there is none',
      accepted: ['checkpoint.create'],
      obligation: 'checkpoint',
    },
  ],
  [
    'loses its context with another that does not run',
    [checkpoint, add('A'), begin('A'), add('B')],
    { type: 'task.switch-context', taskIds: ['A', 'B'], cause: 'other' },
    {
      subject: 'task B',
      status: 'pending',
      reason: 'it does not run yet, so it has no context to switch',
      accepted: ['task.start', 'task.block', 'task.cancel'],
    },
  ],
]

describe('what is decided about a task', () => {
  it.each(tasks.map((row) => ({ name: row[0], row })))('$name', ({ row }) => holdsDecided(row))
})

describe('the refusal when a task', () => {
  it.each(ofTasks.map((row) => ({ name: row[0], row })))('$name', ({ row }) => holdsRefused(row))
})
