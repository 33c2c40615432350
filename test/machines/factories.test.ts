/**
 * Goal: a factory makes the very machine that its constant is, each time. Method: both are taken apart: names, states, every way with its
 * event, guard, target and number of actions, and what is remembered at the beginning.
 */
import { describe, expect, it } from 'vitest'
import type { AnyStateMachine } from 'xstate'
import {
  budgetMachine,
  createBudgetMachine,
  createHandoffMachine,
  createRecoveryMachine,
  createSessionMachine,
  createTaskMachine,
  handoffMachine,
  recoveryMachine,
  sessionMachine,
  taskMachine,
} from '../../machines/index.ts'

function partsOf(machine: AnyStateMachine): object {
  const { root } = machine
  const states = Object.values(root.states).map((node) => ({
    key: node.key,
    type: node.type,
    ways: [...node.transitions].flatMap(([event, ways]) =>
      ways.map(({ guard, target, actions }) => ({
        event,
        guard: guard ?? null,
        to: target?.map(({ key }) => key) ?? null,
        actions,
      })),
    ),
  }))
  const begins = root.initial.target?.map(({ key }) => key)
  return {
    id: machine.id,
    events: machine.events,
    begins,
    remembers: machine.getInitialSnapshot({} as never).context,
    states,
  }
}

describe('a factory', () => {
  it.each<[string, () => AnyStateMachine, AnyStateMachine]>([
    ['budget', createBudgetMachine, budgetMachine],
    ['handoff', createHandoffMachine, handoffMachine],
    ['recovery', createRecoveryMachine, recoveryMachine],
    ['session', createSessionMachine, sessionMachine],
    ['task', createTaskMachine, taskMachine],
  ])('makes the %s machine', (name, create, constant) => {
    const made = create()
    expect(made).not.toBe(constant)
    expect(made.id).toBe(name)
    expect(partsOf(made)).toEqual(partsOf(constant))
  })
})
