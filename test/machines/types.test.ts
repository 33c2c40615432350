/**
 * What the compiler holds: a table with a hole, a misspelt status and an unknown command do not compile.
 * `tsc` checks the marked lines, each of which must be an error; at run time only the positive half is left.
 */
import { describe, expect, expectTypeOf, it } from 'vitest'
import { type Actor, createActor, type SnapshotFrom } from 'xstate'
import {
  type BudgetPhase,
  type budgetMachine,
  type SessionStatus,
  type SessionTable,
  type sessionMachine,
  sessionTable,
  type TaskCommand,
  type TaskCommandName,
  type TaskStatus,
  type TaskTable,
  taskMachine,
  taskTable,
  type Wait,
} from '../../machines/index.ts'
import { initialState, taskOf } from '../../src/fold/state.ts'

describe('a table', () => {
  it('with a status left out does not compile', () => {
    const { recovered, ...seven } = taskTable
    // @ts-expect-error: the row `recovered` is missing
    const tasks: TaskTable = seven
    const { ended, ...three } = sessionTable
    // @ts-expect-error: the row `ended` is missing
    const sessions: SessionTable = three
    expect([tasks, sessions, recovered, ended]).toHaveLength(4)
  })

  it('with a command left out of one status does not compile', () => {
    const { 'task.cancel': cancel, ...ten } = taskTable.blocked
    // @ts-expect-error: the cell `blocked` × `task.cancel` is missing
    const tasks = { ...taskTable, blocked: ten } satisfies TaskTable
    const { work, ...thirteen } = sessionTable.active
    // @ts-expect-error: the cell `active` × `work` is missing
    const sessions = { ...sessionTable, active: thirteen } satisfies SessionTable
    expect([tasks, sessions, cancel, work]).toHaveLength(4)
  })

  it('with a target that is no status does not compile', () => {
    const cell = { kind: 'to', status: 'in-progress' } as const
    // @ts-expect-error: it is spelt in_progress
    const tasks = { ...taskTable, pending: { ...taskTable.pending, 'task.start': cell } } satisfies TaskTable
    expect(tasks.pending['task.start'].status).toBe('in-progress')
  })

  it('that is whole compiles', () => {
    expectTypeOf(taskTable).toExtend<TaskTable>()
    expectTypeOf(sessionTable).toExtend<SessionTable>()
  })
})

describe('a snapshot', () => {
  it('has one of the statuses as its value', () => {
    expectTypeOf<SnapshotFrom<typeof taskMachine>['value']>().toEqualTypeOf<TaskStatus>()
    expectTypeOf<SnapshotFrom<typeof budgetMachine>['value']>().toEqualTypeOf<BudgetPhase>()
    expectTypeOf<SnapshotFrom<typeof sessionMachine>['value']>().toEqualTypeOf<SessionStatus>()
  })
})

describe('an actor', () => {
  it('takes the commands of its machine', () => {
    expectTypeOf<Parameters<Actor<typeof taskMachine>['send']>[0]>().toEqualTypeOf<TaskCommand>()
    expectTypeOf<TaskCommand['type']>().toEqualTypeOf<TaskCommandName>()
  })

  it('takes no others, and none with its arguments missing', () => {
    const actor = createActor(taskMachine).start()
    // @ts-expect-error: there is no such command
    actor.send({ type: 'task.finish' })
    actor.send({ type: 'task.start' })
    const next = actor.getSnapshot()
    // @ts-expect-error: a block names what it waits for
    expect(next.can({ type: 'task.block' })).toBe(true)
    // @ts-expect-error: a failure says whether it can be retried
    expect(next.can({ type: 'task.fail', reason: 'no disk' })).toBe(true)
    expect(next.value).toBe('in_progress')
  })
})

describe('what others know of a task', () => {
  it('fits the machine: a wait of the events, and a task of the folded state', () => {
    expectTypeOf<Wait>().toExtend<Extract<TaskCommand, { type: 'task.block' }>['on']>()
    type Blocked = NonNullable<ReturnType<typeof taskOf>>['blockedOn']
    expectTypeOf<Blocked>().toExtend<SnapshotFrom<typeof taskMachine>['context']['on']>()
    expect(taskOf(initialState('sess_1'), 'constructor')).toBe(undefined)
  })
})
