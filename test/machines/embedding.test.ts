/**
 * The machines in anybody's hands: in an actor, inside a parent machine, kept and restored.
 *
 * Goal: they are passive and whole, so that an orchestrator can own them. Method: run them as users would; walk their definitions.
 */
import { describe, expect, it } from 'vitest'
import {
  type ActorRefFrom,
  type AnyStateMachine,
  assign,
  createActor,
  createMachine,
  forwardTo,
  fromPromise,
  sendTo,
  setup,
} from 'xstate'
import {
  budgetMachine,
  createBudgetMachine,
  createSessionMachine,
  createTaskMachine,
  sessionMachine,
  type TaskCommand,
  taskMachine,
} from '../../machines/index.ts'
import { standardConfiguration } from '../../src/events/session.ts'

const machines: readonly (readonly [string, () => AnyStateMachine])[] = [
  ['task', createTaskMachine],
  ['budget', createBudgetMachine],
  ['session', createSessionMachine],
]

describe.each(machines)('%s', (id, create) => {
  it('loads: every target names a state, and its id is its name', () => {
    const machine = create()
    expect(machine.id).toBe(id)
    expect(createActor(machine).start().getSnapshot().status).toBe('active')
    for (const state of Object.values(machine.states)) {
      for (const transition of [...state.transitions.values()].flat())
        expect(transition.target).toHaveLength(1)
    }
  })

  it('is passive', () => expect(activeParts(create())).toEqual([]))
})

/** What a machine would do by itself: a passive one has no such part. */
function activeParts(machine: AnyStateMachine): string[] {
  return [machine.root, ...Object.values(machine.states)].flatMap((state) => [
    ...state.invoke.map(() => `${state.key} invokes`),
    ...state.after.map(() => `${state.key} waits`),
    ...(state.always ?? []).map(() => `${state.key} goes on by itself`),
    ...[...state.entry, ...state.exit].map(() => `${state.key} acts on entry or exit`),
  ])
}

describe('the two checks see', () => {
  it('a misspelt target', () => {
    const misspelt = { initial: 'a', states: { a: { on: { go: { target: 'bb' } } }, b: {} } }
    expect(() => createMachine(misspelt)).toThrow(/bb/)
  })

  it('invoke, after, always, entry and exit', () => {
    const busy = createMachine({
      initial: 'a',
      states: {
        a: { entry: () => {}, exit: () => {}, after: { 10: 'b' } },
        b: { always: { target: 'c' } },
        c: { invoke: { src: fromPromise(async () => 1) } },
      },
    })
    expect(activeParts(busy)).toEqual(
      expect.arrayContaining(['a acts on entry or exit', 'a waits', 'b goes on by itself', 'c invokes']),
    )
  })
})

describe('in an actor of one’s own', () => {
  it('a task runs from start to completed and is then done', () => {
    const actor = createActor(taskMachine).start()
    const seen: string[] = []
    actor.subscribe(({ value }) => seen.push(value))
    actor.send({ type: 'task.start' })
    actor.send({ type: 'task.warn' })
    actor.send({ type: 'task.block', on: { kind: 'permission' } })
    actor.send({ type: 'task.unblock', warned: true })
    actor.send({ type: 'task.complete' })
    expect(seen).toEqual(['in_progress', 'token_warning', 'blocked', 'token_warning', 'completed'])
    expect(actor.getSnapshot().status).toBe('done')
  })

  it('a cancelled task is not done: its owner stops it', () => {
    const actor = createActor(taskMachine).start()
    actor.send({ type: 'task.cancel' })
    expect(actor.getSnapshot()).toMatchObject({
      value: 'failed',
      status: 'active',
      context: { retryable: false },
    })
  })

  it('a machine kept as JSON goes on where it was', () => {
    const first = createActor(taskMachine).start()
    first.send({ type: 'task.start' })
    first.send({ type: 'task.switch-context', cause: 'compaction' })
    const kept = JSON.parse(JSON.stringify(first.getPersistedSnapshot()))
    const second = createActor(taskMachine, { snapshot: kept }).start()
    second.send({ type: 'task.restore-context', warned: true })
    expect(second.getSnapshot()).toMatchObject({
      value: 'token_warning',
      context: { attempts: 1, cause: null },
    })
  })

  it('two actors of one machine do not meet', () => {
    const [one, other] = [createActor(sessionMachine).start(), createActor(sessionMachine).start()]
    one.send({ type: 'session.start' })
    one.send({ type: 'session.suspend' })
    expect([one.getSnapshot().value, other.getSnapshot().value]).toEqual(['suspended', 'active'])
    expect(other.getSnapshot().context).toEqual({ started: false, epoch: 1 })
  })
})

describe('inside a parent machine', () => {
  /** An orchestrator as a user may write it: it owns the budget and spawns a task actor for each piece of work. */
  const orchestrator = setup({
    // XState takes its types from the type of a value that is never read.
    types: {} as {
      context: { tasks: Record<string, ActorRefFrom<typeof taskMachine>> }
      events: { type: 'begin'; taskId: string } | { type: 'read'; percent: number }
    },
    actors: { task: taskMachine, budget: budgetMachine },
  }).createMachine({
    context: { tasks: {} },
    invoke: { src: 'budget', id: 'budget' },
    on: {
      begin: {
        actions: [
          assign({
            tasks: ({ context, event, spawn }) => ({ ...context.tasks, [event.taskId]: spawn('task') }),
          }),
          ({ context, event }) => context.tasks[event.taskId]?.send({ type: 'task.start' }),
        ],
      },
      read: {
        actions: sendTo('budget', ({ event }) => ({
          type: 'budget.measure',
          percent: event.percent,
          thresholds: standardConfiguration,
        })),
      },
    },
  })

  it('spawned tasks and an invoked budget live beside each other', () => {
    const actor = createActor(orchestrator).start()
    actor.send({ type: 'begin', taskId: 'a' })
    actor.send({ type: 'begin', taskId: 'b' })
    actor.send({ type: 'read', percent: 80 })
    const { context, children } = actor.getSnapshot()
    context.tasks.a?.send({ type: 'task.warn' })
    expect(children.budget?.getSnapshot().value).toBe('warning')
    expect(context.tasks.a?.getSnapshot().value).toBe('token_warning')
    expect(context.tasks.b?.getSnapshot().value).toBe('in_progress')
  })

  it('invoked, a task that is completed lets its parent go on', () => {
    const parent = setup({
      // XState takes its types from the type of a value that is never read.
      types: {} as { events: TaskCommand },
      actors: { task: taskMachine },
    }).createMachine({
      initial: 'working',
      states: {
        working: {
          invoke: { src: 'task', id: 'task', onDone: 'reviewing' },
          on: { '*': { actions: forwardTo('task') } },
        },
        reviewing: {},
      },
    })
    const actor = createActor(parent).start()
    actor.send({ type: 'task.start' })
    expect(actor.getSnapshot().value).toBe('working')
    actor.send({ type: 'task.complete' })
    expect(actor.getSnapshot().value).toBe('reviewing')
  })
})
