/**
 * Decisions about tokens and the window.
 *
 * Goal: a command that is accepted leads to exactly its events, and one that says nothing new to none. Method: short histories,
 * played without policies; the next command is decided in the state they lead to, and the whole answer is compared.
 */
import { describe, it } from 'vitest'
import type { DecisionContext } from '../../src/decide/decision.ts'
import type { Command } from '../../src/events/commands.ts'
import { add, begin, checkpoint, holdsDecided, measure, type Row } from './rows.ts'

const counters = { inputTokens: 100, outputTokens: 20, cacheReadTokens: 30, cacheCreationTokens: 4 }
const here: Partial<DecisionContext> = { countedCall: (_, scope) => (scope === 'session' ? counters : null) }
const elsewhere: Partial<DecisionContext> = {
  countedCall: (_, scope) => (scope === 'home' ? counters : null),
}
const both: Partial<DecisionContext> = {
  countedCall: (_, scope) => (scope === 'home' ? { ...counters, inputTokens: 150 } : counters),
}
const call: Command = { type: 'usage.record', callId: 'c', model: 'm', ...counters }
const configure = (configuration: object): Command => ({ type: 'session.configure', configuration })
const usage: readonly Row[] = [
  [
    'a first call counts whole, and fills the window with all but its output',
    [],
    call,
    [
      [
        'usage.recorded',
        {
          counted: {
            calls: 1,
            inputTokens: 100,
            outputTokens: 20,
            cacheReadTokens: 30,
            cacheCreationTokens: 4,
          },
          window: { totalTokens: 200000, source: 'stated', usedTokens: 134, estimated: false },
        },
      ],
    ],
  ],
  [
    'a call that was counted here counts by what rose',
    [],
    { ...call, inputTokens: 110, outputTokens: 10, cacheReadTokens: 31, cacheCreationTokens: 6 },
    [
      [
        'usage.recorded',
        {
          counted: { calls: 0, inputTokens: 10, outputTokens: 0, cacheReadTokens: 1, cacheCreationTokens: 2 },
          window: null,
        },
      ],
    ],
    here,
  ],
  [
    'a call that rose in its input alone',
    [],
    { ...call, inputTokens: 101 },
    [
      [
        'usage.recorded',
        {
          counted: { calls: 0, inputTokens: 1, outputTokens: 0, cacheReadTokens: 0, cacheCreationTokens: 0 },
          window: null,
        },
      ],
    ],
    here,
  ],
  [
    'a call that rose in its output alone',
    [],
    { ...call, outputTokens: 21 },
    [
      [
        'usage.recorded',
        {
          counted: { calls: 0, inputTokens: 0, outputTokens: 1, cacheReadTokens: 0, cacheCreationTokens: 0 },
          window: null,
        },
      ],
    ],
    here,
  ],
  [
    'a call that rose in what was read from the cache alone',
    [],
    { ...call, cacheReadTokens: 31 },
    [
      [
        'usage.recorded',
        {
          counted: { calls: 0, inputTokens: 0, outputTokens: 0, cacheReadTokens: 1, cacheCreationTokens: 0 },
          window: null,
        },
      ],
    ],
    here,
  ],
  [
    'a call that rose in what was written to the cache alone',
    [],
    { ...call, cacheCreationTokens: 5 },
    [
      [
        'usage.recorded',
        {
          counted: { calls: 0, inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheCreationTokens: 1 },
          window: null,
        },
      ],
    ],
    here,
  ],
  ['a call that was counted here and did not rise', [], { ...call, inputTokens: 1 }, [], here],
  [
    "a call that another session counted is that one's, and what rose is its own",
    [],
    {
      ...call,
      countedOnceIn: 'home',
      inputTokens: 110,
      outputTokens: 25,
      cacheReadTokens: 37,
      cacheCreationTokens: 5,
    },
    [
      [
        'usage.recorded',
        {
          counted: { calls: 0, inputTokens: 10, outputTokens: 5, cacheReadTokens: 7, cacheCreationTokens: 1 },
          elsewhere: {
            calls: 1,
            inputTokens: 100,
            outputTokens: 20,
            cacheReadTokens: 30,
            cacheCreationTokens: 4,
          },
          window: { totalTokens: 200000, source: 'stated', usedTokens: 152, estimated: false },
        },
      ],
    ],
    elsewhere,
  ],
  [
    'a call that another session counted, where that is not looked at',
    [],
    call,
    [
      [
        'usage.recorded',
        {
          counted: {
            calls: 1,
            inputTokens: 100,
            outputTokens: 20,
            cacheReadTokens: 30,
            cacheCreationTokens: 4,
          },
          window: { totalTokens: 200000, source: 'stated', usedTokens: 134, estimated: false },
        },
      ],
    ],
    elsewhere,
  ],
  [
    'a call that both counted counts by what rose over the home',
    [],
    { ...call, countedOnceIn: 'home', inputTokens: 160 },
    [
      [
        'usage.recorded',
        {
          counted: { calls: 0, inputTokens: 10, outputTokens: 0, cacheReadTokens: 0, cacheCreationTokens: 0 },
          window: null,
        },
      ],
    ],
    both,
  ],
  [
    'a call that both counted, where the home is not looked at',
    [],
    { ...call, inputTokens: 160 },
    [
      [
        'usage.recorded',
        {
          counted: { calls: 0, inputTokens: 60, outputTokens: 0, cacheReadTokens: 0, cacheCreationTokens: 0 },
          window: null,
        },
      ],
    ],
    both,
  ],
  [
    'a call of a history that was copied in',
    [],
    { ...call, inherited: true },
    [
      [
        'usage.recorded',
        {
          counted: { calls: 0, inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheCreationTokens: 0 },
          elsewhere: {
            calls: 1,
            inputTokens: 100,
            outputTokens: 20,
            cacheReadTokens: 30,
            cacheCreationTokens: 4,
          },
          window: null,
        },
      ],
    ],
  ],
  ['a call of a history that was copied in, known already', [], { ...call, inherited: true }, [], here],
  [
    'a call beside the main chain leaves the window as it is',
    [],
    { ...call, chain: 'side' },
    [
      [
        'usage.recorded',
        {
          counted: {
            calls: 1,
            inputTokens: 100,
            outputTokens: 20,
            cacheReadTokens: 30,
            cacheCreationTokens: 4,
          },
          window: null,
        },
      ],
    ],
  ],
  [
    'a call of the main chain that says so',
    [],
    { ...call, chain: 'main', contextTokens: 150_001 },
    [
      [
        'usage.recorded',
        {
          counted: {
            calls: 1,
            inputTokens: 100,
            outputTokens: 20,
            cacheReadTokens: 30,
            cacheCreationTokens: 4,
          },
          window: { totalTokens: 200000, source: 'stated', usedTokens: 150001, estimated: false },
        },
      ],
      ['budget.phase-changed', { from: 'normal', to: 'warning', percent: 75.0005 }],
      [
        'budget.allocation-overrun',
        {
          allocations: [
            { name: 'conversation', limitTokens: 80000, usedTokens: 150001 },
            { name: 'reserve', limitTokens: 55000, usedTokens: 5001 },
          ],
        },
      ],
    ],
  ],
  [
    'a call that states the window',
    [],
    { ...call, windowTokens: 1_000 },
    [
      [
        'usage.recorded',
        {
          counted: {
            calls: 1,
            inputTokens: 100,
            outputTokens: 20,
            cacheReadTokens: 30,
            cacheCreationTokens: 4,
          },
          window: { totalTokens: 1000, source: 'stated', usedTokens: 134, estimated: false },
        },
      ],
    ],
  ],
]

const windows: readonly Row[] = [
  [
    'a reading',
    [],
    measure(10),
    [
      [
        'context.measured',
        { window: { totalTokens: 200000, source: 'stated', usedTokens: 10, estimated: false } },
      ],
    ],
  ],
  [
    'an estimated reading',
    [],
    measure(10, { estimated: true }),
    [
      [
        'context.measured',
        { window: { totalTokens: 200000, source: 'stated', usedTokens: 10, estimated: true } },
      ],
    ],
  ],
  [
    'a reading that crosses two lines, with tasks at work',
    [add('B'), begin('B'), add('A'), begin('A'), add('C')],
    measure(160_000),
    [
      [
        'context.measured',
        { window: { totalTokens: 200000, source: 'stated', usedTokens: 160000, estimated: false } },
      ],
      ['budget.phase-changed', { from: 'normal', to: 'warning', percent: 80 }],
      ['task.warned', { taskIds: ['A', 'B'] }],
      [
        'budget.allocation-overrun',
        {
          allocations: [
            { name: 'conversation', limitTokens: 80000, usedTokens: 160000 },
            { name: 'reserve', limitTokens: 55000, usedTokens: 15000 },
          ],
        },
      ],
    ],
  ],
  [
    'a reading that falls below, with tasks warned',
    [add('B'), begin('B'), add('A'), begin('A'), measure(160_000)],
    measure(100_000),
    [
      [
        'context.measured',
        { window: { totalTokens: 200000, source: 'stated', usedTokens: 100000, estimated: false } },
      ],
      ['budget.phase-changed', { from: 'warning', to: 'normal', percent: 50 }],
      ['task.relieved', { taskIds: ['A', 'B'] }],
      ['budget.allocation-relieved', { names: ['reserve'] }],
    ],
  ],
  [
    'a reading that falls from emergency to warning touches no task',
    [add('A'), begin('A'), measure(180_000)],
    measure(152_000),
    [
      [
        'context.measured',
        { window: { totalTokens: 200000, source: 'stated', usedTokens: 152000, estimated: false } },
      ],
      ['budget.phase-changed', { from: 'emergency', to: 'warning', percent: 76 }],
    ],
  ],
  [
    'a reading that rises with no task at work',
    [add('A')],
    measure(160_000),
    [
      [
        'context.measured',
        { window: { totalTokens: 200000, source: 'stated', usedTokens: 160000, estimated: false } },
      ],
      ['budget.phase-changed', { from: 'normal', to: 'warning', percent: 80 }],
      [
        'budget.allocation-overrun',
        {
          allocations: [
            { name: 'conversation', limitTokens: 80000, usedTokens: 160000 },
            { name: 'reserve', limitTokens: 55000, usedTokens: 15000 },
          ],
        },
      ],
    ],
  ],
  [
    'a compaction that says what is left',
    [measure(160_000)],
    { type: 'context.compact', trigger: 'auto', kind: 'full', postTokens: 20_000 },
    [
      [
        'context.compacted',
        { window: { totalTokens: 200000, source: 'stated', usedTokens: 20000, estimated: true } },
      ],
      ['budget.phase-changed', { from: 'warning', to: 'normal', percent: 10 }],
      ['budget.allocation-relieved', { names: ['conversation', 'reserve'] }],
    ],
  ],
  [
    'a compaction that says what it saved',
    [measure(130_000)],
    { type: 'context.compact', trigger: 'auto', kind: 'full', savedTokens: 20_000 },
    [
      [
        'context.compacted',
        { window: { totalTokens: 200000, source: 'stated', usedTokens: 110000, estimated: true } },
      ],
      ['budget.phase-changed', { from: 'monitoring', to: 'normal', percent: 55 }],
    ],
  ],
  [
    'a compaction that saved more than there was',
    [measure(10)],
    { type: 'context.compact', trigger: 'manual', kind: 'micro', savedTokens: 20_000 },
    [
      [
        'context.compacted',
        { window: { totalTokens: 200000, source: 'stated', usedTokens: 0, estimated: true } },
      ],
    ],
  ],
  [
    'a compaction that says neither',
    [measure(10)],
    { type: 'context.compact', trigger: 'unknown', kind: 'full' },
    [['context.compacted', { window: null }]],
  ],
  [
    'another model',
    [measure(130_000)],
    { type: 'model.switch', model: 'b' },
    [
      [
        'model.switched',
        {
          from: null,
          window: { totalTokens: 200000, source: 'default', usedTokens: 130000, estimated: false },
        },
      ],
    ],
  ],
  [
    'another model with its window',
    [measure(130_000)],
    { type: 'model.switch', model: 'b[1m]', windowTokens: 500_000 },
    [
      [
        'model.switched',
        {
          from: null,
          window: { totalTokens: 500000, source: 'stated', usedTokens: 130000, estimated: false },
        },
      ],
      ['budget.phase-changed', { from: 'monitoring', to: 'normal', percent: 26 }],
      ['budget.allocation-relieved', { names: ['conversation'] }],
    ],
  ],
  [
    'another model that names its window',
    [measure(130_000)],
    { type: 'model.switch', model: 'b[1m]' },
    [
      [
        'model.switched',
        {
          from: null,
          window: { totalTokens: 1000000, source: 'default', usedTokens: 130000, estimated: false },
        },
      ],
      ['budget.phase-changed', { from: 'monitoring', to: 'normal', percent: 13 }],
      ['budget.allocation-relieved', { names: ['conversation'] }],
    ],
  ],
  [
    'the same model with a window',
    [{ type: 'model.switch', model: 'b' }],
    { type: 'model.switch', model: 'b', windowTokens: 300_000 },
    [
      [
        'model.switched',
        { from: 'b', window: { totalTokens: 300000, source: 'stated', usedTokens: 0, estimated: false } },
      ],
    ],
  ],
  [
    'another model while tasks are at work, with a checkpoint',
    [checkpoint, add('B'), begin('B'), add('A'), begin('A'), add('C')],
    { type: 'model.switch', model: 'b' },
    [
      [
        'model.switched',
        { from: null, window: { totalTokens: 200000, source: 'default', usedTokens: 0, estimated: false } },
      ],
      ['task.context-switched', { taskIds: ['A', 'B'], cause: 'model' }],
    ],
  ],
  [
    'another model that was seen, with no checkpoint',
    [add('A'), begin('A'), measure(130_000)],
    { type: 'model.switch', model: 'b', windowTokens: 150_000, observed: true },
    [
      [
        'model.switched',
        {
          from: null,
          window: { totalTokens: 150000, source: 'stated', usedTokens: 130000, estimated: false },
        },
      ],
      ['task.context-switched', { taskIds: ['A'], cause: 'model' }],
      ['budget.phase-changed', { from: 'monitoring', to: 'emergency', percent: 86.66666666666667 }],
      [
        'budget.allocation-overrun',
        { allocations: [{ name: 'reserve', limitTokens: 41250, usedTokens: 21250 }] },
      ],
    ],
  ],
  [
    'lower lines, which the window is above',
    [measure(100_000)],
    configure({ monitoringThresholdPercent: 40, warningThresholdPercent: 45, emergencyThresholdPercent: 49 }),
    [['session.configured'], ['budget.phase-changed', { from: 'normal', to: 'emergency', percent: 50 }]],
  ],
  ['another reserve', [], configure({ reserveTokens: 199_999 }), [['session.configured']]],
  [
    'a smaller window than the reserve is',
    [configure({ reserveTokens: 50_000 })],
    measure(10, { windowTokens: 50_000 }),
    [
      [
        'context.measured',
        { window: { totalTokens: 50000, source: 'stated', usedTokens: 10, estimated: false } },
      ],
      ['session.configured', { configuration: { reserveTokens: null } }],
    ],
  ],
  [
    'a window one token larger than the reserve is',
    [configure({ reserveTokens: 50_000 })],
    measure(10, { windowTokens: 50_001 }),
    [
      [
        'context.measured',
        { window: { totalTokens: 50001, source: 'stated', usedTokens: 10, estimated: false } },
      ],
      [
        'budget.allocation-overrun',
        { allocations: [{ name: 'reserve', limitTokens: 50000, usedTokens: 9 }] },
      ],
    ],
  ],
  [
    'a forecast where nothing grows',
    [],
    { type: 'budget.forecast' },
    [['budget.forecasted', { forecast: null }]],
  ],
]

describe('what is decided about tokens', () => {
  it.each(usage.map((row) => ({ name: row[0], row })))('$name', ({ row }) => holdsDecided(row))
})

describe('what is decided about the window', () => {
  it.each(windows.map((row) => ({ name: row[0], row })))('$name', ({ row }) => holdsDecided(row))
})
