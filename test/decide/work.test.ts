/**
 * Decisions about tool calls, checkpoints and redactions.
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
  content,
  holdsDecided,
  holdsRefused,
  ofSession,
  older,
  olderCheckpointId,
  type RefusedRow,
  type Row,
} from './rows.ts'

const toolCall: Command = { type: 'tool.call', toolCallId: 't', name: 'Read' }
const phase = (taskId: string, name: string): Command => ({ type: 'task.enter-phase', taskId, phase: name })
const note: Command = {
  type: 'spec.update',
  specId: 'S',
  title: 't',
  phase: 'RED',
  status: 'active',
  completedStep: 'one',
}
const work: readonly Row[] = [
  [
    'a tool call of a name that all objects have',
    [],
    { ...toolCall, toolCallId: 'constructor' },
    [['tool.called']],
  ],
  ['a tool that begins', [toolCall], { type: 'tool.begin', toolCallId: 't' }, [['tool.began']]],
  [
    'a tool that has begun',
    [toolCall, { type: 'tool.begin', toolCallId: 't' }],
    { type: 'tool.begin', toolCallId: 't' },
    [],
  ],
  [
    'a result of a call that is not known',
    [],
    { type: 'tool.return', toolCallId: 't', outcome: 'ok' },
    [['tool.returned']],
  ],
  [
    'a checkpoint with what the repository says',
    [],
    { type: 'checkpoint.create' },
    [
      [
        'checkpoint.created',
        {
          gitHead: 'abc',
          gitBranch: 'main',
          gitDirty: true,
          checkpointId: 'ckpt_00000000-0000-4000-8000-000000000009',
          trigger: 'manual',
          version: 1,
        },
      ],
    ],
    { repository: () => ({ head: 'abc', branch: 'main', dirty: true }) },
  ],
  [
    'a checkpoint off any branch',
    [],
    { type: 'checkpoint.create' },
    [
      [
        'checkpoint.created',
        {
          gitHead: 'abc',
          gitDirty: false,
          checkpointId: 'ckpt_00000000-0000-4000-8000-000000000009',
          trigger: 'manual',
          version: 1,
        },
      ],
    ],
    { repository: () => ({ head: 'abc', branch: null, dirty: false }) },
  ],
  [
    'a checkpoint that names its commit',
    [],
    { type: 'checkpoint.create', gitHead: 'def', trigger: 'budget', phase: 'RED' },
    [['checkpoint.created', { checkpointId: 'ckpt_00000000-0000-4000-8000-000000000009', version: 1 }]],
    { repository: () => ({ head: 'abc', branch: 'main', dirty: true }) },
  ],
  [
    'a checkpoint where there is no repository',
    [],
    { type: 'checkpoint.create' },
    [
      [
        'checkpoint.created',
        { checkpointId: 'ckpt_00000000-0000-4000-8000-000000000009', trigger: 'manual', version: 1 },
      ],
    ],
    { repository: () => null },
  ],
  [
    'a checkpoint in the phase of the task started last',
    [
      add('A'),
      begin('A'),
      phase('A', 'RED'),
      add('B'),
      begin('B'),
      phase('B', 'GREEN'),
      add('C'),
      begin('C'),
    ],
    { type: 'checkpoint.create' },
    [
      [
        'checkpoint.created',
        {
          phase: 'GREEN',
          checkpointId: 'ckpt_00000000-0000-4000-8000-000000000009',
          trigger: 'manual',
          version: 9,
        },
      ],
    ],
  ],
  [
    'a checkpoint in the phase of the spec changed last',
    [
      note,
      { ...note, specId: 'R', phase: 'GREEN' },
      { ...note, specId: 'P', phase: 'X', status: 'completed' },
    ],
    { type: 'checkpoint.create' },
    [
      [
        'checkpoint.created',
        {
          phase: 'GREEN',
          checkpointId: 'ckpt_00000000-0000-4000-8000-000000000009',
          trigger: 'manual',
          version: 4,
        },
      ],
    ],
  ],
  [
    'a checkpoint where the task that had a phase is done',
    [add('A'), begin('A'), phase('A', 'RED'), { type: 'task.complete', taskId: 'A' }],
    { type: 'checkpoint.create' },
    [
      [
        'checkpoint.created',
        { checkpointId: 'ckpt_00000000-0000-4000-8000-000000000009', trigger: 'manual', version: 5 },
      ],
    ],
  ],
  [
    'an older checkpoint that is archived',
    [older, checkpoint],
    { type: 'checkpoint.archive', checkpointIds: [olderCheckpointId] },
    [['checkpoint.archived']],
  ],
  [
    'an older checkpoint that is archived already',
    [older, checkpoint, { type: 'checkpoint.archive', checkpointIds: [olderCheckpointId] }],
    { type: 'checkpoint.archive', checkpointIds: [olderCheckpointId] },
    [],
  ],
  [
    'data that is taken out',
    [],
    { type: 'session.redact', events: [{ version: 1, dataHash: content.hash }], contents: [], rules: ['x'] },
    [['session.redacted']],
  ],
  [
    'contents that are taken out',
    [],
    { type: 'session.redact', events: [], contents: [content.hash], rules: ['x'] },
    [['session.redacted']],
  ],
  ['nothing that is taken out', [], { type: 'session.redact', events: [], contents: [], rules: ['x'] }, []],
]

const ofWork: readonly RefusedRow[] = [
  [
    'a tool call is opened twice',
    [{ type: 'tool.call', toolCallId: 't', name: 'Read' }],
    { type: 'tool.call', toolCallId: 't', name: 'Read' },
    {
      subject: ofSession,
      status: 'active',
      reason: 'tool call t is open already',
      accepted: ['tool.return'],
    },
  ],
  [
    'a tool call begins that is not open',
    [],
    { type: 'tool.begin', toolCallId: 't' },
    { subject: ofSession, status: 'active', reason: 'tool call t is not open', accepted: ['tool.call'] },
  ],
  [
    'a checkpoint is made twice',
    [checkpoint],
    checkpoint,
    {
      subject: ofSession,
      status: 'active',
      reason: 'checkpoint ckpt_00000000-0000-4000-8000-000000000001 is there already',
      accepted: [],
    },
  ],
  [
    'a checkpoint is archived that is not there',
    [checkpoint],
    { type: 'checkpoint.archive', checkpointIds: [olderCheckpointId] },
    {
      subject: ofSession,
      status: 'active',
      reason: 'this session has no checkpoint ckpt_00000000-0000-4000-8000-000000000002',
      accepted: [],
    },
  ],
  [
    'the newest checkpoint is archived',
    [older, checkpoint],
    { type: 'checkpoint.archive', checkpointIds: [olderCheckpointId, checkpointId] },
    {
      subject: ofSession,
      status: 'active',
      reason: 'checkpoint ckpt_00000000-0000-4000-8000-000000000001 is the newest, the one to come back to',
      accepted: [],
    },
  ],
  [
    'data of a version is taken out that is not there',
    [],
    { type: 'session.redact', events: [{ version: 2, dataHash: content.hash }], contents: [], rules: ['x'] },
    { subject: ofSession, status: 'active', reason: 'there is no version 2 yet', accepted: [] },
  ],
]

describe('what is decided about work', () => {
  it.each(work.map((row) => ({ name: row[0], row })))('$name', ({ row }) => holdsDecided(row))
})

describe('the refusal when work', () => {
  it.each(ofWork.map((row) => ({ name: row[0], row })))('$name', ({ row }) => holdsRefused(row))
})
