/**
 * The task machine: what may happen to one task of an agent.
 *
 *                 block
 *     pending ◄───────────► blocked ─────────────────────────────────────► completed (final)
 *        │       unblock      ▲ │                 complete                     ▲
 *        │ start        block │ │ unblock                                      │
 *        ▼                    │ ▼                                              │
 *    ┌─ running ───────────────────────────────────┐                           │
 *    │                     warn                    │          complete         │
 *    │     in_progress ───────────► token_warning  │ ──────────────────────────┘
 *    │                 ◄───────────                │
 *    │                    relieve                  │ ◄───────────────┐
 *    └─────────────────────────────────────────────┘                 │
 *        │ ▲                                                         │ start
 *        │ │ switch-context, restore-context                         │ (attempts + 1)
 *        ▼ │                               recover, if retryable     │
 *     context_switch                failed ─────────────────────► recovered
 *
 *     pending, running, blocked, context_switch, recovered, failed if retryable  ── cancel ──► failed, for good
 *              running, blocked, context_switch, recovered                       ── fail ────► failed
 *
 * "Running" is two statuses: `in_progress`, or `token_warning` while the budget is in warning or above. The caller
 * says which with `warned`, because a task does not see the window. A blocked task returns to where it was: pending,
 * or running as the budget says then. A cancelled task is a failed one with the reason `cancelled` that cannot be
 * retried. Every cell of status × command is in {@link taskTable}; this machine is made from that table.
 */
import { assign, setup } from 'xstate'
import type { TaskStatus } from '../src/events/task.ts'
import { namesOf } from './table.ts'
import { type TaskCell, type TaskCommand, type TaskContext, taskTable } from './task-table.ts'

/**
 * The context of a task that has just been added.
 *
 * @example
 * ```ts
 * const running = { value: 'in_progress', context: { ...initialTaskContext, attempts: 1 } }
 * taskMachine.resolveState(running).can({ type: 'task.complete' }) // true
 * ```
 */
export const initialTaskContext: TaskContext = {
  on: null,
  returnsTo: null,
  cause: null,
  retryable: null,
  reason: null,
  checkpointId: null,
  attempts: 0,
}

/** The context after an accepted command: what the command brings, and nothing left over from the status before. */
function contextAfter(context: TaskContext, command: TaskCommand, from: TaskStatus): TaskContext {
  const { checkpointId, attempts } = context
  const kept = { ...initialTaskContext, checkpointId, attempts }
  switch (command.type) {
    case 'task.start':
      return { ...kept, attempts: attempts + 1 }
    case 'task.block':
      return { ...kept, on: command.on, returnsTo: from === 'pending' ? 'pending' : 'running' }
    case 'task.switch-context':
      return { ...kept, cause: command.cause, returnsTo: 'running' }
    case 'task.fail':
      return { ...kept, reason: command.reason, retryable: command.retryable }
    case 'task.cancel':
      return { ...kept, reason: 'cancelled', retryable: false }
    case 'task.recover':
      return { ...kept, checkpointId: command.checkpointId }
    case 'task.unblock':
    case 'task.warn':
    case 'task.relieve':
    case 'task.restore-context':
    case 'task.complete':
      return kept
  }
}

const definition = setup({
  // XState takes its types from the type of a value that is never read.
  types: {} as { context: TaskContext; events: TaskCommand },
  guards: {
    warned: ({ event }) => 'warned' in event && event.warned === true,
    returnsToPending: ({ context }) => context.returnsTo === 'pending',
    retryable: ({ context }) => context.retryable === true,
  },
  actions: {
    remember: assign(({ context, event }, { from }: { from: TaskStatus }) =>
      contextAfter(context, event, from),
    ),
  },
})

/** The transitions of a cell, tried in order; none for a refusal. */
function transitionsOf(from: TaskStatus, cell: TaskCell) {
  const actions = { type: 'remember', params: { from } } as const
  const runningAgain = [
    { guard: 'warned', target: 'token_warning', actions },
    { target: 'in_progress', actions },
  ] as const
  switch (cell.kind) {
    case 'to':
      return [{ target: cell.status, actions }] as const
    case 'running':
      return runningAgain
    case 'back':
      return [{ guard: 'returnsToPending', target: 'pending', actions }, ...runningAgain] as const
    case 'if-retryable':
      return [{ guard: 'retryable', target: cell.status, actions }] as const
    case 'refused':
      return [] as const
  }
}

/** One state of the machine: the row of the table, refusals left out. */
function stateOf(status: TaskStatus) {
  const accepted = namesOf(taskTable[status]).filter(
    (command) => taskTable[status][command].kind !== 'refused',
  )
  return {
    on: Object.fromEntries(
      accepted.map((command) => [command, transitionsOf(status, taskTable[status][command])]),
    ),
  }
}

/**
 * Makes a task machine: a passive one, that runs no effect, reads no clock and starts nothing by itself.
 *
 * It accepts {@link TaskCommand}s and ignores those its table refuses, as XState does; ask `snapshot.can(command)` or
 * {@link refusalOfTask} first to hear why. Only `completed` is final: a cancelled task stays in `failed` and its actor
 * goes on living until its owner stops it.
 *
 * @example
 * ```ts
 * const actor = createActor(createTaskMachine()).start()
 * actor.send({ type: 'task.start' })
 * actor.getSnapshot().value // 'in_progress'
 * ```
 */
export function createTaskMachine() {
  return definition.createMachine({
    id: 'task',
    context: initialTaskContext,
    initial: 'pending',
    states: {
      pending: stateOf('pending'),
      in_progress: stateOf('in_progress'),
      blocked: stateOf('blocked'),
      token_warning: stateOf('token_warning'),
      context_switch: stateOf('context_switch'),
      completed: { type: 'final' },
      failed: stateOf('failed'),
      recovered: stateOf('recovered'),
    },
  })
}

/**
 * The task machine, ready for an actor of one's own or for a parent machine.
 *
 * @example
 * ```ts
 * const actor = createActor(taskMachine).start()
 * actor.getSnapshot().can({ type: 'task.complete' }) // false (it has not been started)
 * ```
 */
export const taskMachine = createTaskMachine()
