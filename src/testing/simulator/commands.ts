/** The commands that simulated processes send: what the state calls for, and whatever fast-check makes up. */
import fc from 'fast-check'
import type { Command } from '../../events/commands.ts'
import type { Sending } from '../../events/content.ts'
import type { TaskStatus } from '../../events/task.ts'
import type { ReadonlyState } from '../../fold/state.ts'
import { commandArbitrary } from '../arbitrary/commands.ts'
import type { Chance } from './chance.ts'

const anything = commandArbitrary()

/** However long a run is, so that a shorter one begins in the same way. */
const madeUpCount = 32

/** Commands made up from a seed, in the form in which people send them: with texts where references may stand. */
export function madeUpCommands(seed: number): readonly Sending[] {
  return fc.sample(anything, { seed, numRuns: madeUpCount }).flatMap((command) => asSent(command))
}

/** Merges, rewinds and recoveries have operations of their own; by themselves they would name what is not there. */
const leftOut: ReadonlySet<Command['type']> = new Set([
  'session.merge',
  'session.rewind',
  'recovery.begin',
  'recovery.record-step',
  'recovery.fail',
])

function asSent(command: Command): readonly Sending[] {
  if (leftOut.has(command.type)) return []
  switch (command.type) {
    case 'usage.record':
      return [{ ...command, countedOnceIn: 'home' }]
    case 'checkpoint.create':
      return [{ type: 'checkpoint.create', reason: 'made up' }]
    case 'prompt.submit':
      return [{ ...command, content: 'Write the next test.' }]
    case 'reply.record':
      return [{ ...command, content: 'It is written, and it fails as it should.' }]
    case 'context.add': {
      const { content, ...rest } = command
      return [content === undefined ? rest : { ...rest, content: textOfItem(command.tag) }]
    }
    case 'context.summarize':
      return [{ ...command, summary: 'Short.' }]
    default:
      return [command]
  }
}

function textOfItem(tag = 'an item'): string {
  return Array.from(
    { length: 6 },
    (_, n) => `${tag}, line ${n}: what is known of it, and why it matters.`,
  ).join('\n')
}

type TaskStep = (taskId: string) => Sending

/** What may be done next with a task, by its status. */
const nextSteps: Readonly<Partial<Record<TaskStatus, readonly TaskStep[]>>> = {
  pending: [(taskId) => ({ type: 'task.start', taskId })],
  in_progress: [
    (taskId) => ({ type: 'task.enter-phase', taskId, phase: 'RED' }),
    (taskId) => ({ type: 'task.complete', taskId }),
    (taskId) => ({ type: 'task.block', taskId, on: { kind: 'input' } }),
    (taskId) => ({ type: 'task.fail', taskId, reason: 'timeout', retryable: true }),
    (taskId) => ({ type: 'task.switch-context', taskIds: [taskId], cause: 'other' }),
  ],
  blocked: [(taskId) => ({ type: 'task.unblock', taskId })],
  failed: [(taskId) => ({ type: 'task.recover', taskId })],
  context_switch: [(taskId) => ({ type: 'task.restore-context', taskIds: [taskId] })],
}

/** A report of one of a few calls, which other sessions may have reported too. */
function reportOfCall(chance: Chance): Sending {
  const tokens = (): number => 1_000 * chance.whole(40)
  return {
    type: 'usage.record',
    callId: chance.oneOf(['msg_1', 'msg_2', 'msg_3']),
    model: 'claude-sonnet-4-5',
    inputTokens: tokens(),
    outputTokens: tokens(),
    cacheReadTokens: tokens(),
    cacheCreationTokens: tokens(),
    countedOnceIn: 'home',
  }
}

/** One comes up most often, so that its story goes on. */
const taskIds = ['A', 'A', 'A', 'SPEC-001', 'constructor'] as const

/** A command that fits the state as its sender knows it. */
export function fittingCommand({ tasks, status }: ReadonlyState, chance: Chance): Sending {
  if (status === 'suspended') return { type: 'session.resume' }
  if (chance.happens(0.3)) return reportOfCall(chance)
  const taskId = chance.oneOf(taskIds)
  const task = Object.hasOwn(tasks, taskId) ? tasks[taskId] : undefined
  if (task === undefined) return { type: 'task.add', taskId, title: `the task ${taskId}` }
  const steps = nextSteps[task.status]
  return steps === undefined
    ? { type: 'decision.record', text: 'one thing at a time' }
    : chance.oneOf(steps)(taskId)
}
