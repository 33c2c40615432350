/**
 * Every type of event has its line. Goal: the words are right and stand on one line. Method: a table with an example of
 * each type, which does not compile when a type is missing.
 */
import { describe, expect, it } from 'vitest'
import { type EventData, type EventType, eventSchemas, eventTypes } from '../../src/events/catalogue.ts'
import type { UnknownEvent } from '../../src/events/envelope.ts'
import { timelineEntry } from '../../src/views/timeline.ts'
import { checkpointId, otherSessionId, recorded, type Sample, sessionId } from './samples.ts'

const content = { hash: 'a'.repeat(64), bytes: 5_000, preview: 'Please add\n  a login page' }
const window = { totalTokens: 200_000, source: 'stated', usedTokens: 85_000, estimated: false } as const
const counters = { inputTokens: 1_200, outputTokens: 340, cacheReadTokens: 83_000, cacheCreationTokens: 800 }
const none = { calls: 0, inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheCreationTokens: 0 }
const thresholds = {
  monitoringThresholdPercent: 50,
  warningThresholdPercent: 70,
  emergencyThresholdPercent: 90,
  hysteresisPercent: 3,
}

const machine = { machineId: 'order', machineVersion: '2', machineHash: 'c'.repeat(64) }
const timer = {
  timerId: '0:0',
  name: 'xstate.after.1000.order.open',
  source: [],
  target: [],
  event: { type: 'xstate.after.1000.order.open' },
  delayMs: 1_000,
  dueAt: '2026-01-31T12:00:01.000Z',
}

type Examples = { readonly [T in EventType]: readonly [data: EventData<T>, text: string] }

const handoffId = 'hoff_00000000-0000-4000-8000-000000000001'
const recoveryId = 'reco_00000000-0000-4000-8000-000000000001'

const examples: Examples = {
  'session.started': [
    {
      title: 'Log in',
      agent: 'tester',
      model: 'claude-sonnet-4-5',
      window: { totalTokens: 200_000, source: 'stated' },
    },
    'session started: Log in by tester with claude-sonnet-4-5, window 200,000 tokens',
  ],
  'session.described': [
    { title: 'Log in', gitBranch: 'main' },
    'session described: title Log in, branch main',
  ],
  'session.configured': [
    { configuration: thresholds },
    'session configured: monitoring threshold percent 50, warning threshold percent 70, emergency threshold percent 90, hysteresis percent 3',
  ],
  'session.suspended': [{ reason: 'lunch' }, 'session suspended: lunch'],
  'session.resumed': [{}, 'session resumed'],
  'session.handed-off': [
    { toAgent: 'writer', reason: 'tests pass' },
    'session handed off to writer: tests pass',
  ],
  'session.taken-over': [{ agent: 'writer', epoch: 2 }, 'session taken over by writer, epoch 2'],
  'session.ended': [{}, 'session ended'],
  'handoff.rejected': [
    { handoffId, agent: 'writer', reason: 'no time' },
    'handoff rejected by writer: no time',
  ],
  'handoff.expired': [{ handoffId }, 'handoff expired: nobody took it over in time'],
  'handoff.completed': [{ handoffId, result: 'shipped' }, 'handoff done: shipped'],
  'recovery.began': [{ recoveryId, taskPolicy: 'retry' }, 'recovery began, tasks in progress: retry'],
  'recovery.step-recorded': [
    { recoveryId, step: 'restore', outcome: 'done', detail: 'from a snapshot' },
    'recovery: restore done: from a snapshot',
  ],
  'recovery.failed': [{ recoveryId, reason: 'no answer' }, 'recovery failed: no answer'],
  'session.merged': [
    {
      sourceSessionId: otherSessionId,
      sourceVersion: 20,
      baseVersion: 12,
      policies: { tasks: 'ours', context: 'theirs', decisions: 'union' },
      broughtCount: 3,
      conflicts: [],
      conflictCount: 1,
    },
    `merged ${otherSessionId} at version 20: 3 changes, 1 conflict`,
  ],
  'session.rewound': [
    { toVersion: 12, reason: 'wrong way', restored: { tasks: {}, items: {}, knowledge: null } },
    'went back to how it was at version 12: wrong way',
  ],
  'session.redacted': [
    { rules: ['token'], events: [{ version: 3, dataHash: 'a'.repeat(64) }], contents: [] },
    'data taken out of 1 event and 0 stored texts',
  ],
  'session.forked': [
    { parentSessionId: otherSessionId, parentVersion: 12, title: 'another way' },
    `forked from ${otherSessionId} at version 12: another way`,
  ],
  'session.recovered': [
    {
      from: 'older-snapshot',
      checkpointId: null,
      snapshotVersion: 3,
      replayedEvents: 1,
      open: [],
      openCount: 0,
    },
    'recovered by older snapshot, 1 event replayed, 0 left open',
  ],
  'prompt.submitted': [{ content }, 'prompt: Please add a login page …'],
  'reply.recorded': [
    { kind: 'thinking', content: { ...content, bytes: 26 } },
    'thinking: Please add a login page …',
  ],
  'turn.completed': [{ durationMs: 245_000 }, 'turn completed in 4 min 5 s'],
  'turn.interrupted': [{}, 'turn interrupted'],
  'task.added': [{ taskId: 'B', title: 'Form', parentTaskId: 'A' }, 'task B added: Form below A'],
  'task.described': [{ taskId: 'B', title: 'The form' }, 'task B described: The form'],
  'task.started': [{ taskId: 'B', status: 'token_warning' }, 'task B started under a token warning'],
  'task.phase-entered': [{ taskId: 'B', phase: 'GREEN' }, 'task B enters GREEN'],
  'task.blocked': [
    { taskId: 'B', on: { kind: 'task', ids: ['A', 'C', 'D', 'E'], detail: 'all of them' } },
    'task B blocked, waits for 4 tasks A, C, D, E, all of them',
  ],
  'task.unblocked': [{ taskId: 'B', status: 'in_progress' }, 'task B unblocked, in progress again'],
  'task.context-switched': [
    { taskIds: ['A', 'B'], cause: 'model' },
    '2 tasks A, B lost context: another model',
  ],
  'task.context-restored': [{ taskIds: ['A'], status: 'in_progress' }, 'task A back in context, in progress'],
  'task.completed': [{ taskId: 'A', result: '12 tests pass' }, 'task A completed: 12 tests pass'],
  'task.failed': [
    { taskId: 'A', reason: 'timeout', retryable: true },
    'task A failed: timeout, can be recovered',
  ],
  'task.cancelled': [{ taskId: 'A' }, 'task A cancelled'],
  'task.recovered': [{ taskId: 'A', checkpointId: 'origin' }, 'task A recovered, goes on from the beginning'],
  'task.warned': [{ taskIds: ['A'] }, 'task A warned: the window is filling up'],
  'task.relieved': [{ taskIds: ['A', 'B'] }, '2 tasks A, B relieved: there is room again'],
  'usage.recorded': [
    { callId: 'msg_1', model: 'opus', ...counters, counted: { calls: 1, ...counters }, window },
    'call to opus: 1,200 in, 340 out, 83,000 cache read, 800 cache creation; window 85,000 of 200,000 (42.5 %)',
  ],
  'context.measured': [
    { contextTokens: 85_000, window: { ...window, estimated: true } },
    'window 85,000 of 200,000 (42.5 %, estimated)',
  ],
  'context.compacted': [
    { trigger: 'auto', kind: 'full', preTokens: 155_000, postTokens: 12_000, window: null },
    'context compacted (full, auto), 155,000 → 12,000 tokens',
  ],
  'model.switched': [
    { model: 'opus', from: 'haiku', window },
    'model haiku → opus; window 85,000 of 200,000 (42.5 %)',
  ],
  'budget.phase-changed': [
    { from: 'normal', to: 'warning', percent: 75.04 },
    'budget normal → warning at 75.0 %',
  ],
  'budget.forecasted': [
    {
      forecast: {
        phase: 'warning',
        tokensToGo: 12_000,
        tokensPerReport: 3_100,
        reportsToGo: 4,
        expectedAt: '2026-01-31T12:10:00.000Z',
        kind: 'toolOutputs',
        kindPercent: 81,
      },
    },
    'warning expected after 4 more reports at 2026-01-31T12:10:00.000Z; most of the growth: results of tools (81.0 %)',
  ],
  'budget.allocation-overrun': [
    { allocations: [{ name: 'reference.tools', limitTokens: 15_000, usedTokens: 21_000 }] },
    'allocation overrun: reference.tools 21,000 of 15,000',
  ],
  'budget.allocation-relieved': [{ names: ['reference.tools'] }, 'allocation relieved: reference.tools'],
  'context.added': [
    {
      tag: '@TOOLS-001',
      tier: 'supporting',
      category: 'reference.tools',
      title: 'tools of context7',
      server: 'context7',
      weight: { tokens: 2_000, estimated: true },
    },
    'context @TOOLS-001 added (supporting, reference.tools, server context7): 2,000 tokens, estimated: tools of context7',
  ],
  'context.retiered': [{ tag: '@CONFIG-001', tier: 'critical' }, 'context @CONFIG-001 is critical now'],
  'context.discarded': [
    { tags: ['@CACHE-001', '@CACHE-002'], savedTokens: 1_200, reason: 'budget is in warning' },
    'context discarded: 2 items @CACHE-001, @CACHE-002, 1,200 tokens saved: budget is in warning',
  ],
  'context.deferred': [
    { tags: ['@SKILL-001'], savedTokens: 900 },
    'context deferred: @SKILL-001, 900 tokens saved',
  ],
  'context.archived': [{ tags: ['@SKILL-001'], savedTokens: 0 }, 'context archived: @SKILL-001'],
  'context.restored': [{ tags: ['@SKILL-001'] }, 'context restored: @SKILL-001'],
  'context.summary-requested': [
    { tags: ['@PROJECT-001'], targetPercent: 30 },
    'summaries asked for, at most 30 % of each: @PROJECT-001',
  ],
  'context.summarized': [
    {
      tag: '@PROJECT-001',
      summary: content,
      weight: { tokens: 15_000, estimated: false },
      savedTokens: 35_000,
    },
    'context @PROJECT-001 summarized to 15,000 tokens, 35,000 tokens saved',
  ],
  'focus.changed': [
    { objectives: ['log in'], nextStep: null, variables: { branch: 'main' } },
    'focus changed: objectives log in; next step none; variables branch',
  ],
  'decision.recorded': [
    { text: 'sessions in cookies', reason: 'no script reads them' },
    'decided: sessions in cookies, because no script reads them',
  ],
  'project.described': [{ name: 'shop', root: '/home/ada/shop' }, 'project described: shop, /home/ada/shop'],
  'spec.updated': [
    { specId: 'SPEC-001', phase: 'GREEN', progressPercent: 40, completedStep: 'spec' },
    'SPEC-001 updated: GREEN, 40 %, spec done',
  ],
  'milestone.updated': [
    { milestoneId: 'beta', title: 'Beta', status: 'reached' },
    'milestone beta reached: Beta',
  ],
  'user.described': [
    { language: 'ko', expertise: 'intermediate', preferences: { tone: 'short' } },
    'user described: ko, intermediate, tone short',
  ],
  'system.described': [
    { tools: ['Bash', 'Read'], permissions: { network: 'no' } },
    'system described: 2 tools; permissions network',
  ],
  'server.described': [
    { server: 'context7', tools: ['resolve'], toolTokens: 2_000, enabled: true },
    'MCP server context7: 1 tool, 2,000 tokens, on',
  ],
  'checkpoint.archived': [{ checkpointIds: [checkpointId] }, `1 checkpoint archived: ${checkpointId}`],
  'tool.called': [
    { toolCallId: 't1', name: 'Task', childSessionId: otherSessionId },
    `tool Task called in ${otherSessionId}`,
  ],
  'tool.began': [{ toolCallId: 'toolu_1' }, 'tool began to run'],
  'tool.returned': [
    { toolCallId: 't1', outcome: 'denied', output: content },
    'tool was denied: Please add a login page …',
  ],
  'call.retried': [
    { reason: 'overloaded', attempt: 2, attemptsMax: 10, delayMs: 1_500 },
    'model call tried again: overloaded, attempt 2 of 10 after 1.5 s',
  ],
  'call.failed': [{ reason: 'overloaded' }, 'model call failed: overloaded'],
  'checkpoint.created': [
    {
      checkpointId,
      version: 12,
      trigger: 'manual',
      phase: 'GREEN',
      gitHead: 'f'.repeat(40),
      reason: 'tests pass',
    },
    `checkpoint ${checkpointId} of version 12 (manual, GREEN, git ffffffffffff): tests pass`,
  ],
  'observation.recorded': [{ kind: 'hook', line: 7, detail: 'stopped' }, 'observed hook in line 7: stopped'],
  'machine.started': [
    {
      ...machine,
      nativeId: 'order-42',
      title: 'Shoes',
      unknownEvents: 'refuse',
      timerPolicy: 'elapsed',
      snapshot: { status: 'active', value: 'open', context: {} },
      transition: 0,
      timers: [timer],
    },
    'machine order 2 started in open: Shoes',
  ],
  'machine.transitioned': [
    {
      event: { type: 'PAY', amount: 40 },
      to: ['cart'],
      value: { shipping: { box: 'packed', label: {} } },
      patch: [{ op: 'add', path: '/context/paid', value: 40 }],
      transition: 1,
      effects: [{ effectId: '1:0', path: ['print'], src: 'print', input: { copies: 1 } }],
      cancelledTimers: ['0:0'],
      actions: [
        { effectId: '1:1', path: [], type: 'thank' },
        { effectId: '1:2', path: [], type: 'log' },
      ],
    },
    'PAY to cart: shipping.{box: packed, label} (1 effect begun, 1 timer cancelled, 2 actions run)',
  ],
  'machine.event-ignored': [{ event: { type: 'PAY' } }, 'PAY: nothing to do with it here'],
  'machine.effect-settled': [
    {
      effectId: '1:0',
      outcome: 'error',
      error: { name: 'Error', message: 'no paper' },
      value: 'waiting',
      transition: 2,
      stoppedEffects: ['1:3'],
    },
    'effect 1:0 failed: no paper: waiting (1 effect stopped)',
  ],
  'machine.timer-fired': [
    { timerId: '0:0', value: 'late', transition: 2, timers: [timer] },
    'timer 0:0 fired: late (1 timer set)',
  ],
  'machine.timers-resumed': [
    {
      policy: 'remaining',
      stoppedAt: '2026-01-31T12:00:00.000Z',
      timers: [{ timerId: '0:0', dueAt: timer.dueAt }],
    },
    '1 timer taken up again: they go on with what was left',
  ],
  'machine.migrated': [
    { ...machine, fromVersion: '1', snapshot: { status: 'active', value: 'paid', context: {} } },
    'machine order taken from version 1 to 2, in paid',
  ],
  'machine.action-failed': [
    { effectId: '1:1', action: 'thank', error: { name: 'Error', message: 'no mail' } },
    'action thank failed: no mail',
  ],
}

function entryOf(type: EventType, data: unknown) {
  // The table above pairs each type with its own data.
  const [event] = recorded([[type, data] as Sample])
  if (event === undefined) throw new RangeError('one sample gives one event')
  return timelineEntry(event)
}

describe('the timeline', () => {
  it.each(eventTypes)('tells %s in words', (type) => {
    const [data, text] = examples[type]
    expect(eventSchemas[type].safeParse(data).success).toBe(true)
    expect(entryOf(type, data)).toMatchObject({ type, version: 1, time: '2026-01-31T12:00:00.000Z', text })
  })

  it('does not say task twice of a task whose id says it', () => {
    expect(entryOf('task.started', { taskId: 'task-1', status: 'in_progress' }).text).toBe('task-1 started')
    const blocked = { taskId: 'task-1', on: { kind: 'task', ids: ['task-2'] } }
    expect(entryOf('task.blocked', blocked).text).toBe('task-1 blocked, waits for task-2')
    expect(entryOf('task.blocked', { taskId: 'A', on: { kind: 'input' } }).text).toBe(
      'task A blocked, waits for input',
    )
  })

  it('tells raised figures and inherited calls apart from new ones', () => {
    const usage = { callId: 'msg_1', model: 'opus', ...counters, window: null }
    const raised = { ...none, outputTokens: 40 }
    expect(entryOf('usage.recorded', { ...usage, counted: raised }).text).toBe(
      'figures of a call to opus raised: 40 out',
    )
    const elsewhere = { calls: 1, ...counters }
    expect(entryOf('usage.recorded', { ...usage, counted: none, elsewhere }).text).toBe(
      'call to opus; inherited: 1,200 in, 340 out, 83,000 cache read, 800 cache creation',
    )
    expect(entryOf('usage.recorded', { ...usage, counted: { ...none, calls: 1 } }).text).toBe(
      'call to opus: no tokens',
    )
  })

  it('tells a compaction by what is known of it', () => {
    const compaction = { trigger: 'auto', kind: 'micro', window: null }
    expect(entryOf('context.compacted', { ...compaction, savedTokens: 9_000 }).text).toMatch(
      /, 9,000 tokens saved$/,
    )
    expect(entryOf('context.compacted', { ...compaction, preTokens: 155_000 }).text).toMatch(
      / at 155,000 tokens$/,
    )
    expect(entryOf('context.compacted', { ...compaction, window }).text).toMatch(
      /; window 85,000 of 200,000 \(42.5 %\)$/,
    )
  })

  it('makes a phase as alarming as it is', () => {
    const tones = ['normal', 'monitoring', 'warning', 'emergency', 'exhausted'].map(
      (to) => entryOf('budget.phase-changed', { from: 'normal', to, percent: 1 }).tone,
    )
    expect(tones).toEqual(['good', 'notice', 'warning', 'bad', 'bad'])
  })

  it('says of an event it does not know that it was passed over', () => {
    const unknown: UnknownEvent = {
      ...(recorded([['session.resumed', {}]])[0] ?? expect.fail('one sample gives one event')),
      sessionId,
      type: 'mood.noted',
      data: {},
      ignorable: true,
      unknown: true,
    }
    expect(timelineEntry(unknown)).toMatchObject({
      notable: false,
      text: 'mood.noted: not known to this version, passed over',
    })
  })

  it('keeps the story short: calls, replies and tools are details', () => {
    const details = eventTypes.filter((type) => !entryOf(type, examples[type][0]).notable)
    expect(details).toEqual(
      expect.arrayContaining([
        'usage.recorded',
        'reply.recorded',
        'tool.called',
        'tool.returned',
        'observation.recorded',
      ]),
    )
    expect(details.length).toBeLessThan(eventTypes.length / 2)
  })
})
