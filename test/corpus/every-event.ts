/** A short life of a session in which every event comes up. */
import type { Command } from '../../src/events/commands.ts'

const text = { hash: 'b'.repeat(64), bytes: 21, preview: 'write the first test' }

function call(callId: string, inputTokens: number): Command {
  return {
    type: 'usage.record',
    callId,
    model: 'claude-sonnet-4-5',
    inputTokens,
    outputTokens: 300,
    cacheReadTokens: 1_000,
    cacheCreationTokens: 500,
  }
}

export const everyEvent: readonly Command[] = [
  { type: 'session.start', model: 'claude-sonnet-4-5', windowTokens: 200_000, title: 'Every event', agent: 'builder' },
  { type: 'session.describe', cwd: '/home/ada/shop', gitBranch: 'main' },
  {
    type: 'session.configure',
    configuration: {
      monitoringThresholdPercent: 50,
      warningThresholdPercent: 70,
      emergencyThresholdPercent: 90,
      hysteresisPercent: 3,
    },
  },
  { type: 'prompt.submit', content: text, promptId: 'p1' },
  { type: 'task.add', taskId: 'SPEC-001', title: 'Log in' },
  { type: 'task.add', taskId: 'SPEC-002', title: 'Log out', parentTaskId: 'SPEC-001' },
  { type: 'task.add', taskId: 'SPEC-003', title: 'Forget me' },
  { type: 'task.describe', taskId: 'SPEC-002', description: 'ends the session on the server too' },
  { type: 'task.start', taskId: 'SPEC-001' },
  { type: 'reply.record', kind: 'text', content: text, callId: 'msg_1' },
  { type: 'tool.call', toolCallId: 'toolu_1', name: 'Bash', input: text },
  { type: 'tool.return', toolCallId: 'toolu_1', outcome: 'error', output: text },
  { type: 'tool.return', toolCallId: 'toolu_3', outcome: 'ok' },
  { type: 'tool.call', toolCallId: 'toolu_2', name: 'Read' },
  call('msg_1', 90_000),
  call('msg_2', 145_000),
  call('msg_2', 145_010),
  { type: 'checkpoint.create', checkpointId: 'ckpt_00000000-0000-4000-8000-000000000001', phase: 'RED' },
  { type: 'context.compact', trigger: 'auto', kind: 'full', preTokens: 146_500, postTokens: 30_000, summary: text },
  { type: 'context.measure', contextTokens: 41_000, estimated: true },
  { type: 'task.block', taskId: 'SPEC-001', on: { kind: 'input', detail: 'which provider?' } },
  { type: 'task.unblock', taskId: 'SPEC-001' },
  { type: 'task.start', taskId: 'SPEC-002' },
  { type: 'model.switch', model: 'claude-haiku-4-5' },
  { type: 'task.restore-context', taskIds: ['SPEC-001', 'SPEC-002'] },
  { type: 'task.fail', taskId: 'SPEC-002', reason: 'tests failed', retryable: true },
  { type: 'task.recover', taskId: 'SPEC-002' },
  { type: 'task.cancel', taskId: 'SPEC-003' },
  { type: 'task.complete', taskId: 'SPEC-001', result: 'merged' },
  { type: 'call.retry', reason: 'overloaded', attempt: 1, attemptsMax: 10, delayMs: 512.5 },
  { type: 'call.fail', reason: 'rate limit', detail: 'resets at 14:00' },
  { type: 'turn.interrupt' },
  { type: 'turn.complete', durationMs: 8_120 },
  { type: 'observation.record', kind: 'files-snapshotted', detail: '3 files' },
  { type: 'session.suspend', reason: 'lunch' },
  { type: 'session.resume' },
  { type: 'session.recover', from: 'full-replay', checkpointId: null, snapshotVersion: 0, replayedEvents: 40, open: ['task SPEC-002'], openCount: 1 },
  { type: 'session.hand-off', toAgent: 'tester' },
  { type: 'session.take-over', agent: 'tester' },
  { type: 'session.end', reason: 'done' },
]
