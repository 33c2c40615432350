/** The task machine, row by row: the hand-written expectation, the table and the machine agree in every cell. */
import { describe, expect, it } from 'vitest'
import {
  acceptedByTask,
  createTaskMachine,
  initialTaskContext,
  refusalOfTask,
  type TaskCell,
  type TaskCommand,
  type TaskCommandName,
  type TaskContext,
  type TaskStatus,
  taskMachine,
  taskTable,
} from '../../machines/index.ts'
import { taskStatuses } from '../../src/events/task.ts'
import { byTitle, type Row } from './rows.ts'
import { taskRows } from './task-rows.ts'
import {
  isTaskCommandName,
  isTaskStatus,
  sampleCommands,
  taskCommandNames,
  taskIn,
  tell,
  underBudget,
} from './task-samples.ts'

/** What each condition of the rows means: the context before, and what the command says of the budget. */
const conditions: Readonly<Record<string, { context?: Partial<TaskContext>; warned?: boolean }>> = {
  '-': {},
  'not warned': { warned: false },
  warned: { warned: true },
  'was pending': { context: { returnsTo: 'pending' }, warned: true },
  'was running, not warned': { context: { returnsTo: 'running' }, warned: false },
  'was running, warned': { context: { returnsTo: 'running' }, warned: true },
  retryable: { context: { retryable: true, reason: 'tests fail' } },
  'given up': { context: { retryable: false, reason: 'tests fail' } },
}

function sceneOf(row: Row): { status: TaskStatus; command: TaskCommand; context: Partial<TaskContext> } {
  const condition = conditions[row.condition]
  if (!isTaskStatus(row.status) || !isTaskCommandName(row.command) || condition === undefined) {
    throw new Error(`a row that means nothing: ${row.title}`)
  }
  const command = underBudget(sampleCommands[row.command], condition.warned ?? false)
  return { status: row.status, command, context: condition.context ?? {} }
}

const accepting = taskRows.filter((row) => row.result !== 'refused')
const refusing = taskRows.filter((row) => row.result === 'refused')

describe('a task accepts', () => {
  it.each(byTitle(accepting))('%s', (_, row) => {
    const { status, command, context } = sceneOf(row)
    const before = taskIn(status, context)

    expect(before.can(command)).toBe(true)
    expect(tell(before, command).value).toBe(row.result)
    expect(refusalOfTask(status, command.type, before.context)).toBe(null)
    expect(acceptedByTask(status, before.context)).toContain(command.type)
  })
})

describe('a task refuses', () => {
  it.each(byTitle(refusing))('%s', (_, row) => {
    const { status, command, context } = sceneOf(row)
    const before = taskIn(status, context)
    const next = tell(before, command)

    expect(before.can(command)).toBe(false)
    expect(next.value).toBe(status)
    expect(next.context).toEqual(before.context)
    expect(refusalOfTask(status, command.type, before.context)).toMatch(/^its? .{10,}$/)
    expect(acceptedByTask(status, before.context)).not.toContain(command.type)
  })
})

describe('machine and table', () => {
  const contexts: readonly Partial<TaskContext>[] = [null, 'pending', 'running'].flatMap((returnsTo) =>
    [null, true, false].map((retryable) => ({ returnsTo: returnsTo as TaskContext['returnsTo'], retryable })),
  )
  const cells = taskStatuses.flatMap((status) => taskCommandNames.map((name) => ({ status, name })))

  /** The plain twin of the machine: reads the table as its words say. */
  function resultOf(
    status: TaskStatus,
    name: TaskCommandName,
    context: TaskContext,
    warned: boolean,
  ): TaskStatus {
    const cell: TaskCell = taskTable[status][name]
    const running = warned ? 'token_warning' : 'in_progress'
    switch (cell.kind) {
      case 'to':
        return cell.status
      case 'running':
        return running
      case 'back':
        return context.returnsTo === 'pending' ? 'pending' : running
      case 'if-retryable':
        return context.retryable === true ? cell.status : status
      case 'refused':
        return status
    }
  }

  it.each(cells)('agree on $status + $name in every context', ({ status, name }) => {
    for (const context of contexts) {
      for (const warned of [true, false]) {
        const before = taskIn(status, context)
        const command = underBudget(sampleCommands[name], warned)
        expect(tell(before, command).value).toBe(resultOf(status, name, before.context, warned))
        expect(before.can(command)).toBe(refusalOfTask(status, name, before.context) === null)
      }
    }
  })

  it('know the same statuses and commands as the events', () => {
    expect(Object.keys(taskTable)).toEqual([...taskStatuses])
    expect(Object.keys(taskMachine.states)).toEqual([...taskStatuses])
    for (const status of taskStatuses) expect(Object.keys(taskTable[status])).toEqual(taskCommandNames)
  })

  it('a factory makes a machine of its own each time, of the same shape', () => {
    expect(createTaskMachine()).not.toBe(taskMachine)
    expect(JSON.stringify(createTaskMachine().definition)).toBe(JSON.stringify(taskMachine.definition))
  })
})

describe('what is remembered', () => {
  /** A context in which no field is empty, so that what a command forgets is seen. */
  const full: TaskContext = {
    on: { kind: 'limit' },
    returnsTo: 'running',
    cause: 'fork',
    retryable: true,
    reason: 'it broke',
    checkpointId: 'ckpt_old',
    attempts: 3,
  }
  const forgotten: TaskContext = { ...initialTaskContext, checkpointId: 'ckpt_old', attempts: 3 }

  const memories: readonly (readonly [TaskStatus, TaskCommand, TaskContext])[] = [
    ['pending', { type: 'task.start' }, { ...forgotten, attempts: 4 }],
    ['recovered', { type: 'task.start', warned: true }, { ...forgotten, attempts: 4 }],
    [
      'pending',
      sampleCommands['task.block'],
      { ...forgotten, on: { kind: 'input', detail: 'which port?' }, returnsTo: 'pending' },
    ],
    [
      'in_progress',
      { type: 'task.block', on: { kind: 'task', ids: ['a', 'b'] } },
      { ...forgotten, on: { kind: 'task', ids: ['a', 'b'] }, returnsTo: 'running' },
    ],
    [
      'token_warning',
      { type: 'task.block', on: { kind: 'limit' } },
      { ...forgotten, on: { kind: 'limit' }, returnsTo: 'running' },
    ],
    ['blocked', { type: 'task.unblock' }, forgotten],
    ['in_progress', { type: 'task.warn' }, forgotten],
    ['token_warning', { type: 'task.relieve' }, forgotten],
    [
      'in_progress',
      { type: 'task.switch-context', cause: 'handoff' },
      { ...forgotten, cause: 'handoff', returnsTo: 'running' },
    ],
    ['context_switch', { type: 'task.restore-context' }, forgotten],
    ['blocked', { type: 'task.complete' }, forgotten],
    [
      'in_progress',
      { type: 'task.fail', reason: 'no disk', retryable: true },
      { ...forgotten, reason: 'no disk', retryable: true },
    ],
    [
      'recovered',
      { type: 'task.fail', reason: 'no disk', retryable: false },
      { ...forgotten, reason: 'no disk', retryable: false },
    ],
    ['blocked', { type: 'task.cancel' }, { ...forgotten, reason: 'cancelled', retryable: false }],
    ['failed', { type: 'task.cancel' }, { ...forgotten, reason: 'cancelled', retryable: false }],
    [
      'failed',
      { type: 'task.recover', checkpointId: 'ckpt_new' },
      { ...forgotten, checkpointId: 'ckpt_new' },
    ],
  ]

  it.each(memories)('%s, %o', (status, command, expected) => {
    const before = taskIn(status, full)
    expect(before.can(command)).toBe(true)
    expect(tell(before, command).context).toEqual(expected)
  })

  it('every command is shown', () => {
    expect(new Set(memories.map(([, command]) => command.type))).toEqual(new Set(taskCommandNames))
  })

  it('a blocked task of which nothing is known returns to running', () => {
    expect(tell(taskIn('blocked'), { type: 'task.unblock' }).value).toBe('in_progress')
  })
})
