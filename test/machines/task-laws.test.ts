/**
 * Laws of the task machine.
 *
 * Goal: what docs/spec/task.md promises of whole lives of a task, not of single cells. Method: lives and command series drawn
 * by fast-check, and all paths of the machine's graph. Each law has a sibling showing that what it speaks of happens.
 */
import { getShortestPaths, getSimplePaths } from '@xstate/graph'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { refusalOfTask, type TaskCommand, taskMachine } from '../../machines/index.ts'
import { taskStatuses } from '../../src/events/task.ts'
import {
  anyCommand,
  anyCommands,
  anyLife,
  newTask,
  type Step,
  sampleCommands,
  type TaskSnapshot,
  tell,
  underBudget,
} from './task-samples.ts'

const sampled = { numRuns: 500, seed: 7 }
const steps = (): readonly Step[] => fc.sample(anyLife, sampled).flat()

describe('completed', () => {
  it('T-101 completed is absorbing: no commands lead out of it', () => {
    fc.assert(
      fc.property(anyLife, anyCommands, (life, commands) => {
        const end = life.find((step) => step.after.value === 'completed')?.after
        if (end === undefined) return
        const later = tell(end, ...commands)
        expect(later.value).toBe('completed')
        expect(later.context).toEqual(end.context)
        expect(later.status).toBe('done')
      }),
    )
  })

  it('not vacuous: lives reach completed', () => {
    const lives = fc.sample(anyLife, sampled)
    const completed = lives.filter((life) => life.some((step) => step.after.value === 'completed'))
    expect(completed.length).toBeGreaterThan(lives.length / 10)
  })
})

describe('cancelled', () => {
  it('T-102 cancelled is absorbing: failed, not retryable, and no commands lead out of it', () => {
    fc.assert(
      fc.property(anyLife, anyCommands, (life, commands) => {
        const end = life.find((step) => step.command.type === 'task.cancel')?.after
        if (end === undefined) return
        expect(end.context).toMatchObject({ reason: 'cancelled', retryable: false })
        const later = tell(end, ...commands)
        expect(later.value).toBe('failed')
        expect(later.context).toEqual(end.context)
      }),
    )
  })

  it('not vacuous: tasks are cancelled in every status that can be', () => {
    const from = steps().filter((step) => step.command.type === 'task.cancel')
    expect(new Set(from.map((step) => step.before.value))).toEqual(
      new Set(taskStatuses.filter((status) => status !== 'completed')),
    )
  })
})

describe('the budget', () => {
  it('T-103 a task that begins to run is in the status its budget says', () => {
    fc.assert(
      fc.property(anyLife, fc.boolean(), (life, warned) => {
        for (const { before, command } of life) {
          const next = tell(before, underBudget(command, warned))
          if (!entersRunning(command) || next.value === 'pending') continue
          expect(next.value).toBe(warned ? 'token_warning' : 'in_progress')
        }
      }),
    )
  })

  it('not vacuous: tasks are started, unblocked and restored, from all statuses these leave', () => {
    const entering = steps().filter(
      ({ command, after: next }) => entersRunning(command) && next.value !== 'pending',
    )
    expect(new Set(entering.map(({ before }) => before.value))).toEqual(
      new Set(['pending', 'blocked', 'context_switch', 'recovered']),
    )
  })

  it('T-104 a budget nobody speaks of warns nobody', () => {
    fc.assert(
      fc.property(anyLife, (life) => {
        for (const { before, command } of life) {
          if (!entersRunning(command)) continue
          const silent = tell(before, sampleCommands[command.type])
          expect(silent.value).toBe(tell(before, underBudget(command, false)).value)
        }
      }),
    )
  })
})

function entersRunning(
  command: TaskCommand,
): command is Extract<TaskCommand, { type: 'task.start' | 'task.unblock' | 'task.restore-context' }> {
  return ['task.start', 'task.unblock', 'task.restore-context'].includes(command.type)
}

describe('waiting', () => {
  const waits = (command: TaskCommand) =>
    command.type === 'task.block' || command.type === 'task.switch-context'
  const ends = (command: TaskCommand) =>
    command.type === 'task.unblock' || command.type === 'task.restore-context'

  it('T-105 a task that waited returns to where it was: pending, or running', () => {
    fc.assert(
      fc.property(anyLife, (life) => {
        for (const [index, step] of life.entries()) {
          const next = life[index + 1]
          if (!waits(step.command) || next === undefined || !ends(next.command)) continue
          expect(next.after.value === 'pending').toBe(step.before.value === 'pending')
        }
      }),
    )
  })

  it('not vacuous: waits begin in pending, in progress and warned, and end', () => {
    const lives = fc.sample(anyLife, sampled)
    const begun = lives.flatMap((life) =>
      life.filter((step, index) => {
        const next = life[index + 1]
        return waits(step.command) && next !== undefined && ends(next.command)
      }),
    )
    expect(new Set(begun.map((step) => step.before.value))).toEqual(
      new Set(['pending', 'in_progress', 'token_warning']),
    )
  })
})

describe('what a task remembers', () => {
  it('T-106 what a task remembers fits its status: nothing is left over from the one before', () => {
    fc.assert(
      fc.property(anyLife, (life) => {
        for (const { after: task } of life) {
          const { on, returnsTo, cause, retryable, reason } = task.context
          expect(on !== null).toBe(task.value === 'blocked')
          expect(cause !== null).toBe(task.value === 'context_switch')
          expect(returnsTo !== null).toBe(task.value === 'blocked' || task.value === 'context_switch')
          expect(retryable !== null).toBe(task.value === 'failed')
          expect(reason !== null).toBe(task.value === 'failed')
        }
      }),
    )
  })

  it('T-107 attempts counts the starts, and the checkpoint is that of the latest recovery', () => {
    fc.assert(
      fc.property(anyLife, (life) => {
        const commands = life.map((step) => step.command)
        const recoveries = commands.filter((command) => command.type === 'task.recover')
        const { attempts, checkpointId } = life.at(-1)?.after.context ?? newTask.context
        expect(attempts).toBe(commands.filter((command) => command.type === 'task.start').length)
        expect(checkpointId).toBe(recoveries.at(-1)?.checkpointId ?? null)
      }),
    )
  })

  it('not vacuous: every status occurs, tasks are recovered and started again', () => {
    expect(new Set(steps().map((step) => step.after.value))).toEqual(new Set(taskStatuses))
    expect(Math.max(...steps().map((step) => step.after.context.attempts))).toBeGreaterThan(1)
  })
})

describe('refusals', () => {
  it('T-108 a refused command changes nothing, and is refused with a reason', () => {
    fc.assert(
      fc.property(anyLife, anyCommand, (life, command) => {
        const before = life.at(-1)?.after ?? newTask
        const reason = refusalOfTask(before.value, command.type, before.context)
        expect(before.can(command)).toBe(reason === null)
        if (reason === null) return
        const next = tell(before, command)
        expect([next.value, next.context]).toEqual([before.value, before.context])
      }),
    )
  })

  it('not vacuous: about half of such commands are refused', () => {
    const tried = fc.sample(fc.tuple(anyLife, anyCommand), sampled)
    const refused = tried.filter(([life, command]) => !(life.at(-1)?.after ?? newTask).can(command))
    expect(refused.length).toBeGreaterThan(tried.length / 4)
    expect(refused.length).toBeLessThan(tried.length)
  })
})

describe('the graph of the machine', () => {
  const events: readonly TaskCommand[] = [
    ...Object.values(sampleCommands),
    { type: 'task.start', warned: true },
    { type: 'task.fail', reason: 'for good', retryable: false },
  ]
  /** Statuses with what they remember; the counter of attempts would make the graph endless. */
  const serializeState = (state: TaskSnapshot) =>
    JSON.stringify([state.value, { ...state.context, attempts: Math.min(state.context.attempts, 1) }])
  const statusesOf = (paths: readonly { state: TaskSnapshot }[]) =>
    new Set(paths.map(({ state }) => state.value))

  it('T-109 all eight statuses are reached, none later than by the third command', () => {
    const paths = getShortestPaths(taskMachine, { events, serializeState })
    expect(statusesOf(paths)).toEqual(new Set(taskStatuses))
    const distances = taskStatuses.map((status) =>
      Math.min(...paths.filter(({ state }) => state.value === status).map(({ weight }) => weight)),
    )
    expect(Object.fromEntries(taskStatuses.map((status, index) => [status, distances[index]]))).toEqual({
      pending: 0,
      in_progress: 1,
      blocked: 1,
      token_warning: 1,
      context_switch: 2,
      completed: 2,
      failed: 1,
      recovered: 3,
    })
  })

  it('T-110 only a failed task is recovered: every simple path to recovered comes from failed', () => {
    const paths = getSimplePaths(taskMachine, {
      events: events.filter((event) => event.type !== 'task.block'),
      serializeState: (state) => `${state.value} ${state.context.retryable}`,
    })
    const into = paths
      .filter(({ state }) => state.value === 'recovered')
      .map(({ steps: walked }) => walked.at(-2)?.state.value)
    expect(into.length).toBeGreaterThan(2)
    expect(new Set(into)).toEqual(new Set(['failed']))
  })

  it('a status that is not in the graph would be missed', () => {
    const paths = getShortestPaths(taskMachine, { events: [{ type: 'task.start' }], serializeState })
    expect(statusesOf(paths)).toEqual(new Set(['pending', 'in_progress']))
  })
})
