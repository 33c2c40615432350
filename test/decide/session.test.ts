/**
 * Decisions about sessions and their handoffs and recoveries.
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
  content,
  holdsDecided,
  holdsRefused,
  now,
  ofSession,
  type RefusedRow,
  type Row,
  start,
} from './rows.ts'

const handoffId = 'hoff_00000000-0000-4000-8000-000000000001'
const recoveryId = 'reco_00000000-0000-4000-8000-000000000001'
const otherRecoveryId = 'reco_00000000-0000-4000-8000-000000000002'
const source = 'sess_00000000-0000-4000-8000-000000000005'
const offer: Command = { type: 'session.hand-off', handoffId, toAgent: 'tester' }
const recovery: Command = { type: 'recovery.begin', recoveryId, taskPolicy: 'keep' }
const sessions: readonly Row[] = [
  [
    'a description that says nothing new',
    [
      {
        type: 'session.describe',
        title: 't',
        cwd: '/',
        gitBranch: 'b',
        toolVersion: '1',
        permissionMode: 'p',
      },
    ],
    { type: 'session.describe', title: 't', cwd: '/', gitBranch: 'b', toolVersion: '1', permissionMode: 'p' },
    [],
  ],
  [
    'a description with another title',
    [{ type: 'session.describe', title: 't' }],
    { type: 'session.describe', title: 'u' },
    [['session.described']],
  ],
  ['a description with another folder', [], { type: 'session.describe', cwd: '/' }, [['session.described']]],
  [
    'a description with another branch',
    [],
    { type: 'session.describe', gitBranch: 'b' },
    [['session.described']],
  ],
  [
    'a description with another version of the tool',
    [],
    { type: 'session.describe', toolVersion: '1' },
    [['session.described']],
  ],
  [
    'a description with another mode',
    [],
    { type: 'session.describe', permissionMode: 'p' },
    [['session.described']],
  ],
  ['a pause', [], { type: 'session.suspend', reason: 'r' }, [['session.suspended']]],
  ['its end', [{ type: 'session.suspend' }], { type: 'session.resume', reason: 'r' }, [['session.resumed']]],
  ['the end of the session', [], { type: 'session.end', reason: 'r' }, [['session.ended']]],
  [
    'a fork, with tasks at work',
    [add('B'), begin('B'), add('A'), begin('A'), add('C')],
    { type: 'session.fork', parentSessionId: source, parentVersion: 4 },
    [['session.forked'], ['task.context-switched', { taskIds: ['A', 'B'], cause: 'fork' }]],
  ],
  [
    'a handoff in the name of its holder',
    [checkpoint],
    { type: 'session.hand-off', toAgent: 'tester' },
    [
      [
        'session.handed-off',
        { handoffId: 'hoff_00000000-0000-4000-8000-000000000009', fromAgent: 'builder' },
      ],
    ],
  ],
  [
    'a handoff by its holder, who says so, in time',
    [checkpoint],
    { ...offer, fromAgent: 'builder', expiresAt: '2026-01-01T00:05:00.001Z' },
    [['session.handed-off']],
  ],
  [
    'a handoff that is taken up, with tasks at work',
    [checkpoint, add('A'), begin('A'), offer],
    { type: 'session.take-over', agent: 'tester' },
    [
      ['session.taken-over', { epoch: 2 }],
      ['task.context-switched', { taskIds: ['A'], cause: 'handoff' }],
    ],
  ],
  [
    'a handoff that is rejected',
    [checkpoint, offer],
    { type: 'handoff.reject', agent: 'tester', reason: 'busy' },
    [['handoff.rejected', { handoffId: 'hoff_00000000-0000-4000-8000-000000000001' }]],
  ],
  [
    'a handoff that expires at its time',
    [checkpoint, { ...offer, expiresAt: '2026-01-01T00:05:00.000Z' }],
    { type: 'handoff.expire' },
    [['handoff.expired', { handoffId: 'hoff_00000000-0000-4000-8000-000000000001' }]],
  ],
  [
    'a handoff that is done',
    [checkpoint, offer, { type: 'session.take-over', agent: 'tester' }],
    { type: 'handoff.complete', result: 'r' },
    [['handoff.completed', { handoffId: 'hoff_00000000-0000-4000-8000-000000000001' }]],
  ],
  [
    'the older of two handoffs, by its id',
    [
      checkpoint,
      offer,
      { type: 'session.take-over', agent: 'tester' },
      { ...offer, handoffId: 'hoff_00000000-0000-4000-8000-000000000002', toAgent: 'c' },
    ],
    { type: 'handoff.complete', handoffId, result: 'r' },
    [['handoff.completed']],
  ],
]

const ofSessions: readonly RefusedRow[] = [
  [
    'begins twice',
    [],
    start,
    {
      subject: ofSession,
      status: 'active',
      reason: 'it has begun already',
      accepted: [
        'session.describe',
        'session.configure',
        'session.suspend',
        'session.hand-off',
        'session.end',
        'session.fork',
        'session.recover',
        'model.switch',
        'checkpoint.create',
      ],
    },
  ],
  [
    'is resumed while it is active',
    [],
    { type: 'session.resume' },
    {
      subject: ofSession,
      status: 'active',
      reason: 'it is active already',
      accepted: [
        'session.describe',
        'session.configure',
        'session.suspend',
        'session.hand-off',
        'session.end',
        'session.fork',
        'session.recover',
        'model.switch',
        'checkpoint.create',
      ],
    },
  ],
  [
    'is asked for work while it is suspended',
    [{ type: 'session.suspend' }],
    { type: 'prompt.submit', content },
    {
      subject: ofSession,
      status: 'suspended',
      reason: 'it is suspended; resume it first',
      accepted: [
        'session.describe',
        'session.configure',
        'session.resume',
        'session.hand-off',
        'session.end',
        'session.fork',
        'session.recover',
        'checkpoint.create',
      ],
    },
  ],
  [
    'is suspended when it has ended',
    [{ type: 'session.end' }],
    { type: 'session.suspend' },
    {
      subject: ofSession,
      status: 'ended',
      reason: 'it has ended; there is nothing left to suspend',
      accepted: ['session.describe', 'session.resume', 'session.fork'],
    },
  ],
  [
    'has thresholds that do not rise: monitoring',
    [],
    { type: 'session.configure', configuration: { monitoringThresholdPercent: 75 } },
    {
      subject: ofSession,
      status: 'active',
      reason: 'thresholds rise: monitoring below warning below emergency',
      accepted: [],
    },
  ],
  [
    'has thresholds that do not rise: warning',
    [],
    { type: 'session.configure', configuration: { warningThresholdPercent: 85 } },
    {
      subject: ofSession,
      status: 'active',
      reason: 'thresholds rise: monitoring below warning below emergency',
      accepted: [],
    },
  ],
  [
    'has a reserve as large as its window',
    [],
    { type: 'session.configure', configuration: { reserveTokens: 200_000 } },
    {
      subject: ofSession,
      status: 'active',
      reason: 'a reserve of 200000 tokens leaves nothing of a window of 200000',
      accepted: ['session.configure with reserveTokens below 200000, or null for 27.5 % of the window'],
    },
  ],
  [
    'has forks, and its configuration allows none',
    [{ type: 'session.configure', configuration: { forkingEnabled: false } }],
    { type: 'session.fork', parentSessionId: 'sess_00000000-0000-4000-8000-000000000005', parentVersion: 1 },
    {
      subject: ofSession,
      status: 'active',
      reason: 'its configuration does not allow forks',
      accepted: ['session.configure with forkingEnabled: true'],
    },
  ],
  [
    'is switched to the model it has',
    [{ type: 'model.switch', model: 'a' }],
    { type: 'model.switch', model: 'a' },
    { subject: ofSession, status: 'active', reason: 'its model is a already', accepted: [] },
  ],
  [
    'is switched to another model while a task runs, with no checkpoint',
    [add('A'), begin('A')],
    { type: 'model.switch', model: 'b' },
    {
      subject: ofSession,
      status: 'active',
      reason: 'it needs a checkpoint that is at most 10 minutes old, and there is none',
      accepted: ['checkpoint.create'],
      obligation: 'checkpoint',
    },
  ],
]

const ofHandoffs: readonly RefusedRow[] = [
  [
    'is offered with no checkpoint',
    [],
    offer,
    {
      subject: ofSession,
      status: 'active',
      reason: 'it needs a checkpoint that is at most 10 minutes old, and there is none',
      accepted: ['checkpoint.create'],
      obligation: 'checkpoint',
    },
  ],
  [
    'is offered by one who does not hold it',
    [checkpoint],
    { ...offer, fromAgent: 'x' },
    {
      subject: ofSession,
      status: 'active',
      reason: 'builder holds it, so x cannot hand it off',
      accepted: [],
    },
  ],
  [
    'is offered until a time that is over',
    [checkpoint],
    { ...offer, expiresAt: now },
    {
      subject: ofSession,
      status: 'active',
      reason: 'its time would be over already: 2026-01-01T00:05:00.000Z',
      accepted: [],
    },
  ],
  [
    'is offered under an id that is there',
    [checkpoint, offer, { type: 'handoff.reject', agent: 'tester' }],
    offer,
    {
      subject: ofSession,
      status: 'active',
      reason: 'handoff hoff_00000000-0000-4000-8000-000000000001 is there already',
      accepted: [],
    },
  ],
  [
    'is accepted by another',
    [checkpoint, offer],
    { type: 'session.take-over', agent: 'x', handoffId },
    {
      subject: ofSession,
      status: 'handed_off',
      reason: 'it was handed off to tester, not to x',
      accepted: [],
    },
  ],
  [
    'is accepted after its time',
    [checkpoint, { ...offer, expiresAt: now }],
    { type: 'session.take-over', agent: 'tester' },
    {
      subject: 'handoff hoff_00000000-0000-4000-8000-000000000001',
      status: 'handed_off',
      reason: 'the offer expired at 2026-01-01T00:05:00.000Z',
      accepted: ['handoff.expire'],
    },
  ],
  [
    'is rejected by another',
    [checkpoint, offer],
    { type: 'handoff.reject', agent: 'x' },
    {
      subject: ofSession,
      status: 'handed_off',
      reason: 'it was handed off to tester, not to x',
      accepted: [],
    },
  ],
  [
    'expires, and stands for ever',
    [checkpoint, offer],
    { type: 'handoff.expire' },
    {
      subject: 'handoff hoff_00000000-0000-4000-8000-000000000001',
      status: 'handed_off',
      reason: 'it stands for ever',
      accepted: ['session.resume', 'session.take-over', 'handoff.reject'],
    },
  ],
  [
    'expires before its time',
    [checkpoint, { ...offer, expiresAt: '2026-01-01T00:05:00.001Z' }],
    { type: 'handoff.expire' },
    {
      subject: 'handoff hoff_00000000-0000-4000-8000-000000000001',
      status: 'handed_off',
      reason: 'it stands until 2026-01-01T00:05:00.001Z',
      accepted: ['session.resume', 'session.take-over', 'handoff.reject'],
    },
  ],
  [
    'is completed before it is accepted',
    [checkpoint, offer],
    { type: 'handoff.complete' },
    {
      subject: 'handoff hoff_00000000-0000-4000-8000-000000000001',
      status: 'offered',
      reason: 'it has not been accepted yet',
      accepted: ['session.take-over', 'handoff.reject', 'handoff.expire', 'session.resume'],
    },
  ],
  [
    'is completed, and is not there',
    [],
    { type: 'handoff.complete' },
    {
      subject: ofSession,
      status: 'active',
      reason: 'there is no such handoff',
      accepted: ['session.hand-off'],
    },
  ],
]

const ofRecoveries: readonly RefusedRow[] = [
  [
    'begins while another is going on',
    [recovery],
    { ...recovery, recoveryId: otherRecoveryId },
    {
      subject: ofSession,
      status: 'restoring',
      reason: 'recovery reco_00000000-0000-4000-8000-000000000001 is going on; take it up, or end it',
      accepted: ['recovery.record-step', 'recovery.fail'],
    },
  ],
  [
    'goes on, and is not the one',
    [recovery],
    { type: 'recovery.fail', recoveryId: otherRecoveryId, reason: 'r' },
    {
      subject: ofSession,
      status: 'active',
      reason: 'recovery reco_00000000-0000-4000-8000-000000000002 is not the one that is going on',
      accepted: ['recovery.begin'],
    },
  ],
  [
    'fails, and has not begun',
    [],
    { type: 'recovery.fail', recoveryId, reason: 'r' },
    {
      subject: ofSession,
      status: 'active',
      reason: 'recovery reco_00000000-0000-4000-8000-000000000001 is not the one that is going on',
      accepted: ['recovery.begin'],
    },
  ],
  [
    'takes a step out of turn',
    [recovery],
    { type: 'recovery.record-step', recoveryId, step: 'plan', outcome: 'done', detail: 'd' },
    {
      subject: 'recovery reco_00000000-0000-4000-8000-000000000001',
      status: 'restoring',
      reason: 'the step before it is missing: recovery.restore',
      accepted: ['recovery.restore', 'recovery.fail'],
    },
  ],
]

describe('what is decided about a session', () => {
  it.each(sessions.map((row) => ({ name: row[0], row })))('$name', ({ row }) => holdsDecided(row))
})

describe('the refusal when a session', () => {
  it.each(ofSessions.map((row) => ({ name: row[0], row })))('$name', ({ row }) => holdsRefused(row))
})

describe('the refusal when a handoff', () => {
  it.each(ofHandoffs.map((row) => ({ name: row[0], row })))('$name', ({ row }) => holdsRefused(row))
})

describe('the refusal when a recovery', () => {
  it.each(ofRecoveries.map((row) => ({ name: row[0], row })))('$name', ({ row }) => holdsRefused(row))
})
