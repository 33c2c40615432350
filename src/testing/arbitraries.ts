/**
 * Arbitraries for fast-check: commands and whole histories of a session. Ids come from small pools, so that commands meet:
 * tasks are started twice, calls reported again, results come before their calls.
 */
import fc from 'fast-check'
import type { Command } from '../events/commands.ts'
import { contextCategories, contextTiers } from '../events/context.ts'
import { milestoneStatuses } from '../events/knowledge.ts'
import { recoverySteps, taskPolicies } from '../events/recovery.ts'
import { switchCauses } from '../events/task.ts'

const taskId = fc.oneof(
  { weight: 3, arbitrary: fc.constant('A') },
  { weight: 2, arbitrary: fc.constantFrom('B', 'SPEC-001', 'constructor') },
)
const taskIds = fc.uniqueArray(taskId, { minLength: 1, maxLength: 3 })
const callId = fc.constantFrom('msg_1', 'msg_2', 'msg_3', 'msg_4', 'msg_5', 'msg_6')
const toolCallId = fc.constantFrom('toolu_1', 'toolu_2', 'toolu_3', 'toString')
const model = fc.constantFrom('claude-sonnet-4-5', 'claude-haiku-4-5', 'claude-opus-4-5')
const tokens = fc.integer({ min: 0, max: 120_000 })
const reason = fc.constantFrom('timeout', 'tests failed', 'no network')
const content = fc.constant({ hash: 'a'.repeat(64), bytes: 12, preview: 'a short text' })
const checkpointId = fc
  .integer({ min: 0, max: 3 })
  .map((n) => `ckpt_00000000-0000-4000-8000-00000000000${n}` as const)

const tag = fc.constantFrom('@CONFIG-001', '@TOOLS-001', '@PROJECT-001', '@constructor')

/** Commands about tasks. */
export function taskCommandArbitrary(): fc.Arbitrary<Command> {
  return fc.oneof(
    fc.record({ type: fc.constant('task.add' as const), taskId, title: fc.constantFrom('one', 'two') }),
    fc.record({
      type: fc.constant('task.describe' as const),
      taskId,
      title: fc.constantFrom('one', 'three'),
    }),
    fc.record({ type: fc.constant('task.start' as const), taskId }),
    fc.record({
      type: fc.constant('task.enter-phase' as const),
      taskId,
      phase: fc.constantFrom('RED', 'GREEN'),
    }),
    fc.record({
      type: fc.constant('task.describe' as const),
      taskId,
      dependsOn: fc.uniqueArray(taskId, { maxLength: 2 }),
    }),
    fc.record({
      type: fc.constant('task.block' as const),
      taskId,
      on: fc.record({ kind: fc.constantFrom('task' as const, 'input' as const, 'permission' as const) }),
    }),
    fc.record({ type: fc.constant('task.unblock' as const), taskId }),
    fc.record({
      type: fc.constant('task.switch-context' as const),
      taskIds,
      cause: fc.constantFrom(...switchCauses),
    }),
    fc.record({ type: fc.constant('task.restore-context' as const), taskIds }),
    fc.record({ type: fc.constant('task.complete' as const), taskId }),
    fc.record({ type: fc.constant('task.fail' as const), taskId, reason, retryable: fc.boolean() }),
    fc.record({ type: fc.constant('task.cancel' as const), taskId }),
    fc.record({ type: fc.constant('task.recover' as const), taskId }),
  )
}

/** Commands about tokens: calls (some reported again), readings of the window, compactions, other models. */
export function usageCommandArbitrary(): fc.Arbitrary<Command> {
  return fc.oneof(
    fc.record({
      type: fc.constant('usage.record' as const),
      callId,
      model,
      inputTokens: tokens,
      outputTokens: tokens,
      cacheReadTokens: tokens,
      cacheCreationTokens: tokens,
      chain: fc.constantFrom('main' as const, 'side' as const),
    }),
    fc.record({
      type: fc.constant('context.measure' as const),
      contextTokens: fc.integer({ min: 0, max: 260_000 }),
      estimated: fc.boolean(),
    }),
    fc.record({
      type: fc.constant('context.compact' as const),
      trigger: fc.constantFrom('auto' as const, 'manual' as const),
      kind: fc.constantFrom('full' as const, 'micro' as const),
      postTokens: fc.integer({ min: 0, max: 100_000 }),
    }),
    fc.record({ type: fc.constant('model.switch' as const), model }),
  )
}

/** Commands about the session itself. */
export function sessionCommandArbitrary(): fc.Arbitrary<Command> {
  return fc.oneof(
    fc.record({ type: fc.constant('session.describe' as const), title: fc.constantFrom('this', 'that') }),
    fc.record({
      type: fc.constant('session.configure' as const),
      configuration: fc.constant({
        monitoringThresholdPercent: 50,
        warningThresholdPercent: 70,
        emergencyThresholdPercent: 90,
        hysteresisPercent: 5,
      }),
    }),
    fc.record({ type: fc.constant('session.suspend' as const) }),
    fc.record({ type: fc.constant('session.resume' as const) }),
    fc.record({
      type: fc.constant('session.hand-off' as const),
      toAgent: fc.constantFrom('tester', 'writer'),
    }),
    fc.record({
      type: fc.constant('session.take-over' as const),
      agent: fc.constantFrom('tester', 'writer'),
    }),
    fc.record({ type: fc.constant('session.end' as const) }),
    ...returnCommands(),
  )
}

const recoveryId = fc.constantFrom(
  'reco_00000000-0000-4000-8000-000000000001',
  'reco_00000000-0000-4000-8000-000000000002',
)

/** Commands about offers that come back, recoveries, merges and rewinds. */
function returnCommands(): readonly fc.Arbitrary<Command>[] {
  return [
    fc.record({ type: fc.constant('handoff.reject' as const), agent: fc.constantFrom('tester', 'writer') }),
    fc.record({ type: fc.constant('handoff.expire' as const) }),
    fc.record({ type: fc.constant('handoff.complete' as const) }),
    fc.record({
      type: fc.constant('recovery.begin' as const),
      recoveryId,
      taskPolicy: fc.constantFrom(...taskPolicies),
    }),
    fc.record({
      type: fc.constant('recovery.record-step' as const),
      recoveryId,
      step: fc.constantFrom(...recoverySteps),
      outcome: fc.constantFrom('done' as const, 'skipped' as const),
      detail: reason,
    }),
    fc.record({ type: fc.constant('recovery.fail' as const), recoveryId, reason }),
    fc.record({
      type: fc.constant('session.merge' as const),
      sourceSessionId: fc.constant('sess_00000000-0000-4000-8000-000000000009'),
      sourceVersion: fc.integer({ min: 1, max: 9 }),
      baseVersion: fc.integer({ min: 0, max: 3 }),
      policies: fc.constant({ tasks: 'ours', context: 'theirs', decisions: 'union' } as const),
      broughtCount: fc.constant(0),
      conflicts: fc.constant<Extract<Command, { type: 'session.merge' }>['conflicts']>([]),
      conflictCount: fc.constant(0),
    }),
    fc.record({
      type: fc.constant('session.rewind' as const),
      toVersion: fc.integer({ min: 0, max: 20 }),
      restored: fc.record({
        tasks: taskId.map((id) => ({ [id]: null })),
        items: tag.map((name) => ({ [name]: null })),
        knowledge: fc.constant(null),
      }),
    }),
  ]
}

/** Commands about everything around the model: turns, tool calls, failures, checkpoints, observations. */
export function workCommandArbitrary(): fc.Arbitrary<Command> {
  return fc.oneof(
    fc.record({ type: fc.constant('prompt.submit' as const), content }),
    fc.record({ type: fc.constant('reply.record' as const), kind: fc.constant('text' as const), content }),
    fc.record({ type: fc.constant('turn.complete' as const) }),
    fc.record({ type: fc.constant('turn.interrupt' as const) }),
    fc.record({
      type: fc.constant('tool.call' as const),
      toolCallId,
      name: fc.constantFrom('Read', 'Bash', 'mcp__context7__resolve'),
    }),
    fc.record({ type: fc.constant('tool.begin' as const), toolCallId }),
    fc.record({
      type: fc.constant('tool.return' as const),
      toolCallId,
      outcome: fc.constantFrom('ok' as const, 'error' as const),
    }),
    fc.record({ type: fc.constant('call.retry' as const), reason }),
    fc.record({ type: fc.constant('call.fail' as const), reason }),
    fc.record({ type: fc.constant('checkpoint.create' as const), checkpointId }),
    fc.record({
      type: fc.constant('observation.record' as const),
      kind: fc.constantFrom('files-snapshotted', 'mode'),
    }),
  )
}

const tags = fc.uniqueArray(tag, { minLength: 1, maxLength: 3 })

/** Commands about context items. */
export function contextCommandArbitrary(): fc.Arbitrary<Command> {
  return fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record(
        {
          type: fc.constant('context.add' as const),
          tag,
          tier: fc.constantFrom(...contextTiers),
          category: fc.constantFrom(...contextCategories),
          content,
          tokens: fc.integer({ min: 0, max: 40_000 }),
          server: fc.constantFrom('context7', 'github'),
        },
        { requiredKeys: ['type', 'tier', 'category'] },
      ),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant('context.retier' as const),
        tag,
        tier: fc.constantFrom(...contextTiers),
      }),
    },
    fc.record({ type: fc.constant('context.discard' as const), tags }),
    fc.record({ type: fc.constant('context.defer' as const), tags }),
    fc.record({ type: fc.constant('context.archive' as const), tags }),
    fc.record({ type: fc.constant('context.restore' as const), tags }),
    fc.record({
      type: fc.constant('context.request-summary' as const),
      tags,
      targetPercent: fc.constantFrom(10, 30, null),
    }),
    fc.record({ type: fc.constant('context.summarize' as const), tag, summary: content }),
  )
}

const line = fc.constantFrom('one', 'two', 'three')
const named = fc.dictionary(fc.constantFrom('a', 'b', 'constructor'), fc.option(line), { maxKeys: 2 })

/** Commands about focus, decisions, project, user and system. */
export function knowledgeCommandArbitrary(): fc.Arbitrary<Command> {
  return fc.oneof(
    fc.record(
      {
        type: fc.constant('focus.change' as const),
        objectives: fc.array(line, { maxLength: 2 }),
        constraints: fc.array(line, { maxLength: 2 }),
        nextStep: fc.option(line),
        variables: named,
      },
      { requiredKeys: ['type'] },
    ),
    fc.record({ type: fc.constant('decision.record' as const), text: line }),
    fc.record({ type: fc.constant('project.describe' as const), name: line }),
    fc.record(
      {
        type: fc.constant('spec.update' as const),
        specId: fc.constantFrom('SPEC-001', 'SPEC-002', 'constructor'),
        phase: fc.constantFrom('RED', 'GREEN'),
        completedStep: line,
        progressPercent: fc.integer({ min: 0, max: 100 }),
      },
      { requiredKeys: ['type', 'specId'] },
    ),
    fc.record(
      {
        type: fc.constant('milestone.update' as const),
        milestoneId: fc.constantFrom('beta', 'toString'),
        status: fc.constantFrom(...milestoneStatuses),
      },
      { requiredKeys: ['type', 'milestoneId'] },
    ),
    fc.record({ type: fc.constant('user.describe' as const), preferences: named }),
    fc.record({ type: fc.constant('system.describe' as const), permissions: named, environment: named }),
    fc.record({
      type: fc.constant('server.describe' as const),
      server: fc.constantFrom('context7', 'constructor'),
      toolTokens: fc.integer({ min: 0, max: 9_000 }),
    }),
  )
}

/** Any command, tasks and tokens most often. */
export function commandArbitrary(): fc.Arbitrary<Command> {
  return fc.oneof(
    { weight: 8, arbitrary: taskCommandArbitrary() },
    { weight: 5, arbitrary: usageCommandArbitrary() },
    { weight: 3, arbitrary: contextCommandArbitrary() },
    { weight: 2, arbitrary: knowledgeCommandArbitrary() },
    { weight: 3, arbitrary: workCommandArbitrary() },
    { weight: 1, arbitrary: sessionCommandArbitrary() },
  )
}

/** Short stories that random commands rarely tell: a context lost and restored, a failure recovered, a handoff. */
function storyArbitrary(): fc.Arbitrary<readonly Command[]> {
  return fc.oneof(
    taskId.map((id): readonly Command[] => [
      { type: 'task.start', taskId: id },
      { type: 'task.switch-context', taskIds: [id], cause: 'other' },
      { type: 'task.restore-context', taskIds: [id] },
    ]),
    taskId.map((id): readonly Command[] => [
      { type: 'task.add', taskId: id, title: 'one' },
      { type: 'task.start', taskId: id },
      { type: 'task.fail', taskId: id, reason: 'timeout', retryable: true },
      { type: 'task.recover', taskId: id },
      { type: 'task.start', taskId: id },
    ]),
    fc.constantFrom('tester', 'writer').map((agent): readonly Command[] => [
      { type: 'session.hand-off', toAgent: agent },
      { type: 'session.take-over', agent },
    ]),
    fc.constant<readonly Command[]>([{ type: 'session.suspend' }, { type: 'session.resume' }]),
  )
}

/** A session's commands from its start; many will be refused, as in life. */
export function historyArbitrary(lengthMax = 60): fc.Arbitrary<readonly Command[]> {
  const start: Command = { type: 'session.start', model: 'claude-sonnet-4-5', windowTokens: 200_000 }
  const added: Command = { type: 'task.add', taskId: 'A', title: 'one' }
  const piece = fc.oneof(
    { weight: 6, arbitrary: commandArbitrary().map((command): readonly Command[] => [command]) },
    { weight: 1, arbitrary: storyArbitrary() },
  )
  return fc
    .array(piece, { minLength: 1, maxLength: lengthMax })
    .map((pieces) => [start, added, ...pieces.flat().slice(0, lengthMax)])
}
