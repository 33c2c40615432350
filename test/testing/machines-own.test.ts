/**
 * Goal: Waymark's own machines hold what `checkMachine` promises. Method: each with data for its events; every state, every transition, and
 * every guard both ways.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { budgetMachine } from '../../machines/budget.ts'
import { handoffMachine } from '../../machines/handoff.ts'
import { recoveryMachine } from '../../machines/recovery.ts'
import { sessionMachine } from '../../machines/session.ts'
import { taskMachine } from '../../machines/task.ts'
import { type Check, checkMachine, formatCoverage, machineChecks } from '../../src/testing/index.ts'

const warned = [{}, { warned: true }]

const taskOptions = {
  events: {
    'task.start': warned,
    'task.unblock': warned,
    'task.restore-context': warned,
    'task.block': [{ on: { kind: 'input' } }],
    'task.switch-context': [{ cause: 'other' }],
    'task.fail': [true, false].map((retryable) => ({ reason: 'timeout', retryable })),
    'task.recover': [{ checkpointId: 'origin' }],
  },
  // A task that failed for good stays there, and its owner stops it.
  deadEnds: ['failed'],
  // It counts its attempts.
  cutShort: true,
  invariants: {
    'a task that waits knows where it returns to': ({ value, context }) =>
      (value === 'blocked' || value === 'context_switch') === (context.returnsTo !== null),
    'a task has failed for a reason': ({ value, context }) =>
      (value === 'failed') === (context.reason !== null),
    'a running task was started': ({ value, context }) =>
      context.attempts > 0 || !['in_progress', 'token_warning'].includes(value),
  },
} satisfies Parameters<typeof checkMachine<typeof taskMachine>>[1]

const thresholds = {
  monitoringThresholdPercent: 60,
  warningThresholdPercent: 75,
  emergencyThresholdPercent: 85,
  hysteresisPercent: 2,
}

/** On either side of each boundary, up and down. */
const percents = [0, 58, 59, 61, 73, 74, 76, 83, 84, 86, 98, 99, 100, 110]

const budgetOptions = {
  events: { 'budget.measure': percents.map((percent) => ({ percent, thresholds })) },
  invariants: {
    'an exhausted window is nearly full': ({ value, context }) =>
      value !== 'exhausted' || context.percent > 98,
    'a full window is exhausted': ({ value, context }) => value === 'exhausted' || context.percent < 100,
  },
} satisfies Parameters<typeof checkMachine<typeof budgetMachine>>[1]

const suites: readonly (readonly [name: string, checks: readonly Check[]])[] = [
  ['task', machineChecks(taskMachine, taskOptions)],
  ['budget', machineChecks(budgetMachine, budgetOptions)],
  ['session', machineChecks(sessionMachine, { statesMax: 100, cutShort: true })],
  ['handoff', machineChecks(handoffMachine)],
  ['recovery', machineChecks(recoveryMachine)],
]

/** Values, and not chance, bring each machine through all that it has: the seed does not matter. */
describe.each(suites)('the %s machine:', (_, checks) => {
  for (const { name, run } of checks) it(name, run)
})

it('the budget machine keeps its invariants on any reading', () => {
  const percent = fc.oneof(fc.integer({ min: 0, max: 110 }), fc.double({ min: 0, max: 120, noNaN: true }))
  const { problems } = checkMachine(budgetMachine, {
    ...budgetOptions,
    events: { 'budget.measure': fc.record({ percent, thresholds: fc.constant(thresholds) }) },
    statesMax: 20,
  })
  // Random readings need not take every transition.
  expect(problems.filter(({ check }) => check !== 'transitions' && check !== 'states')).toEqual([])
})

describe('the coverage of', () => {
  it.each([
    [
      'task: 8 of 8 states, 32 of 32 transitions, 3 of 3 guards both ways',
      checkMachine(taskMachine, { ...taskOptions, numRuns: 20 }),
    ],
    [
      'session: 4 of 4 states, 32 of 32 transitions, 2 of 2 guards both ways',
      checkMachine(sessionMachine, { statesMax: 60, numRuns: 20 }),
    ],
    [
      'handoff: 6 of 6 states, 5 of 5 transitions, 0 of 0 guards both ways',
      checkMachine(handoffMachine, { numRuns: 1 }),
    ],
  ])('%s', (line, { coverage }) => {
    expect(formatCoverage(coverage).split('\n')[0]).toBe(line)
  })
})
