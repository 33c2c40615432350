/** Random commands for fast-check: about tasks, tokens, the session itself and the work around the model, or any. */
import fc from 'fast-check'
import type { Command } from '../../events/commands.ts'
import { recoverySteps, taskPolicies } from '../../events/recovery.ts'
import { switchCauses } from '../../events/task.ts'
import { contextCommandArbitrary, knowledgeCommandArbitrary } from './context-commands.ts'
import { content, model, reason, tag, taskId } from './pools.ts'

const taskIds = fc.uniqueArray(taskId, { minLength: 1, maxLength: 3 })
const callId = fc.constantFrom('msg_1', 'msg_2', 'msg_3', 'msg_4', 'msg_5', 'msg_6')
const toolCallId = fc.constantFrom('toolu_1', 'toolu_2', 'toolu_3', 'toString')
const tokens = fc.integer({ min: 0, max: 120_000 })
const checkpointId = fc
  .integer({ min: 0, max: 3 })
  .map((n) => `ckpt_00000000-0000-4000-8000-00000000000${n}` as const)

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

/** Commands for a machine that runs in the stream; where none does, each is refused. */
function machineCommandArbitrary(): fc.Arbitrary<Command> {
  const stepId = fc.constantFrom('0:0', '1:0', '2:1')
  const error = fc.constant({ name: 'Error', message: 'no answer' })
  return fc.oneof(
    fc.record({
      type: fc.constant('machine.send' as const),
      event: fc.constantFrom({ type: 'GO' }, { type: 'STOP' }),
    }),
    fc.record({ type: fc.constant('machine.fire-timer' as const), timerId: stepId }),
    fc.record({
      type: fc.constant('machine.settle-effect' as const),
      effectId: stepId,
      outcome: fc.constant('error' as const),
      error,
    }),
    fc.record({
      type: fc.constant('machine.report-failure' as const),
      effectId: stepId,
      action: fc.constant('log'),
      error,
    }),
  )
}

/** Any command, tasks and tokens most often. */
export function commandArbitrary(): fc.Arbitrary<Command> {
  return fc.oneof(
    { weight: 16, arbitrary: taskCommandArbitrary() },
    { weight: 10, arbitrary: usageCommandArbitrary() },
    { weight: 6, arbitrary: contextCommandArbitrary() },
    { weight: 4, arbitrary: knowledgeCommandArbitrary() },
    { weight: 6, arbitrary: workCommandArbitrary() },
    { weight: 2, arbitrary: sessionCommandArbitrary() },
    { weight: 1, arbitrary: machineCommandArbitrary() },
  )
}
