/**
 * Goal: machines that somebody changed are asked in the place of the usual ones, and what is no such machine is refused with its reason.
 * Method: XState machines of several shapes, and things that are none.
 */
import { describe, expect, it } from 'vitest'
import { createMachine, setup } from 'xstate'
import { createBudgetMachine } from '../../machines/budget.ts'
import { createHandoffMachine } from '../../machines/handoff.ts'
import { createRecoveryMachine } from '../../machines/recovery.ts'
import { createSessionMachine } from '../../machines/session.ts'
import { createTaskMachine, taskMachine } from '../../machines/task.ts'
import { standardMachines } from '../../src/decide/machines.ts'
import { machinesFrom } from '../../src/decide/machines-given.ts'
import type { Command } from '../../src/events/commands.ts'
import { initialState } from '../../src/fold/state.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { play } from '../../src/testing/play.ts'

const all = {
  taskMachine: createTaskMachine(),
  budgetMachine: createBudgetMachine(),
  sessionMachine: createSessionMachine(),
  handoffMachine: createHandoffMachine(),
  recoveryMachine: createRecoveryMachine(),
}

const thresholds = {
  monitoringThresholdPercent: 60,
  warningThresholdPercent: 75,
  emergencyThresholdPercent: 85,
  hysteresisPercent: 2,
}

/** States that are there and lead nowhere. */
const still = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, {}]))

describe('machines that are given', () => {
  it('answer as the usual ones do when nothing was changed', async () => {
    const given = machinesFrom(all)
    const commands: readonly Command[] = [
      { type: 'session.start' },
      { type: 'task.add', taskId: 'A', title: 'one' },
      { type: 'task.start', taskId: 'A' },
    ]
    const { state } = await play(new MemoryLog(), commands)
    const task = state.tasks.A
    if (task === undefined) throw new Error('no task')
    for (const machines of [given, machinesFrom({ taskMachine })]) {
      for (const type of ['task.start', 'task.complete', 'task.cancel'] as const) {
        expect(machines.task(task, { type })).toEqual(standardMachines.task(task, { type }))
      }
      expect(machines.acceptedByTask(task)).toEqual(standardMachines.acceptedByTask(task))
      for (const type of ['session.start', 'task.add', 'session.take-over'] as const) {
        for (const at of [state, initialState(state.sessionId)]) {
          expect(machines.session(at, type)).toEqual(standardMachines.session(at, type))
        }
      }
      expect(machines.handoff('offered', 'handoff.complete')).toEqual(
        standardMachines.handoff('offered', 'handoff.complete'),
      )
      expect(machines.recovery('restoring', 'recovery.restore')).toEqual({ ok: true, status: 'validating' })
      expect(machines.budget('normal', 86, thresholds)).toBe('emergency')
    }
  })

  it('say themselves what they accept', async () => {
    const commands: readonly Command[] = [
      { type: 'session.start' },
      { type: 'task.add', taskId: 'A', title: 'one' },
    ]
    const { state } = await play(new MemoryLog(), commands)
    const task = state.tasks.A
    if (task === undefined) throw new Error('no task')
    const { guards, actions } = taskMachine.implementations
    const direct = setup({ guards, actions } as never).createMachine({
      ...taskMachine.config,
      states: { ...taskMachine.config.states, pending: { on: { 'task.complete': 'completed' } } },
    } as never)
    const machines = machinesFrom({ taskMachine: direct })
    expect(machines.task(task, { type: 'task.complete' })).toEqual({ ok: true, status: 'completed' })
    expect(machines.task(task, { type: 'task.start' })).toEqual({
      ok: false,
      reason: 'the machine does not accept it',
      accepted: ['task.complete'],
    })
    expect(machines.acceptedByTask(task)).toEqual(['task.complete'])
  })

  it('with states inside states are asked through XState', async () => {
    const nested = createMachine({
      initial: 'offered',
      states: {
        offered: { initial: 'fresh', states: { fresh: {} }, on: { 'handoff.accept': 'accepted' } },
        ...still(['accepted', 'rejected', 'expired', 'withdrawn', 'done']),
      },
    })
    const machines = machinesFrom({ handoffMachine: nested })
    expect(machines.handoff('offered', 'handoff.accept')).toEqual({ ok: true, status: 'accepted' })
    expect(machines.handoff('offered', 'handoff.reject')).toMatchObject({
      ok: false,
      accepted: ['session.take-over'],
    })
  })

  const names = ['offered', 'accepted', 'rejected', 'expired', 'withdrawn', 'done']
  it.each([
    ['a text', 'task', 'is no XState machine of version 5'],
    ['nothing', null, 'is no XState machine of version 5'],
    ['a configuration', { initial: 'offered', states: {} }, 'is no XState machine of version 5'],
    [
      'states that are missing',
      createMachine({ initial: 'offered', states: still(['offered']) }),
      'lacks the states accepted',
    ],
    [
      'states that nobody knows',
      createMachine({
        initial: 'offered',
        states: { ...still(names), lost: { on: { 'handoff.accept': 'done' } } },
      }),
      'has states that a log does not know: lost',
    ],
    [
      'none of the events',
      createMachine({ initial: 'offered', states: still(names) }),
      'accepts none of the events handoff.accept',
    ],
    [
      'several states at once',
      createMachine({ type: 'parallel', states: still(names) }),
      'is in several states at once',
    ],
  ])('are refused: %s', (_what, handoffMachine, message) => {
    expect(() => machinesFrom({ handoffMachine })).toThrow(
      expect.objectContaining({
        code: 'MACHINES_INVALID',
        message: expect.stringContaining(`handoffMachine ${message}`),
      }),
    )
  })

  it('that throw say at what', () => {
    const sessionMachine = createSessionMachine().provide({
      guards: {
        notStarted: () => {
          throw new Error('no idea')
        },
      },
    })
    const machines = machinesFrom({ sessionMachine })
    expect(() =>
      machines.session(initialState('sess_00000000-0000-4000-8000-000000000000'), 'session.start'),
    ).toThrow(/sessionMachine throws at session\.start in active: .*no idea/s)
  })
})
