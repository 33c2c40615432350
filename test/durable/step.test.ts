/** What one step of a machine leads to, and what it leaves to be done once it is recorded. */
import { describe, expect, it, vi } from 'vitest'
import {
  type AnyActorRef,
  assign,
  cancel,
  emit,
  enqueueActions,
  forwardTo,
  fromCallback,
  fromObservable,
  fromPromise,
  fromTransition,
  log,
  raise,
  sendParent,
  sendTo,
  setup,
  spawnChild,
  stopChild,
} from 'xstate'
import { drive, notingRefs } from './step-driver.ts'

const never = fromPromise(() => new Promise<number>(() => {}))
const listening = fromCallback(() => {})
/** Runs only where a test runs it. */
const unrun = (): never => {
  throw new Error('this ran during the step')
}

describe('states', () => {
  const machine = setup({
    actions: { note: unrun },
    guards: { isBig: ({ event }) => event.n > 5 },
  }).createMachine({
    id: 'states',
    context: { n: 0 },
    initial: 'work',
    output: ({ context }) => ({ n: context.n }),
    states: {
      work: {
        type: 'parallel',
        entry: { type: 'note', params: { at: 'work' } },
        exit: 'note',
        onDone: 'over',
        on: { LEAVE: 'away', COUNT: { guard: 'isBig', actions: assign({ n: ({ event }) => event.n }) } },
        states: {
          left: {
            initial: 'a',
            states: { a: { on: { GO: 'b' } }, b: { on: { END: 'z' } }, z: { type: 'final' } },
          },
          right: {
            initial: 'c',
            states: {
              c: { on: { GO: 'd' } },
              d: {
                initial: 'e',
                states: { e: { on: { GO: 'f' } }, f: { on: { END: '#states.work.right.z' } } },
              },
              z: { type: 'final' },
              shallow: { type: 'history' },
              deep: { type: 'history', history: 'deep' },
            },
          },
        },
      },
      away: { on: { BACK: '#states.work.right.shallow', DEEP: '#states.work.right.deep' } },
      over: { type: 'final', tags: 'ended', meta: { why: 'done' } },
    },
  })

  it('nest and run side by side', () => {
    const driven = drive(machine)
    expect(driven.state.snapshot.value).toEqual({ work: { left: 'a', right: 'c' } })
    driven.send({ type: 'GO' })
    driven.send({ type: 'GO' })
    expect(driven.state.snapshot.value).toEqual({ work: { left: 'b', right: { d: 'f' } } })
  })

  it('are remembered, as far down as the history goes', () => {
    const left = ['GO', 'GO', 'LEAVE']
    const shallow = drive(machine)
    for (const type of [...left, 'BACK']) shallow.send({ type })
    expect(shallow.state.snapshot.value).toEqual({ work: { left: 'a', right: { d: 'e' } } })
    const deep = drive(machine)
    for (const type of [...left, 'DEEP']) deep.send({ type })
    expect(deep.state.snapshot.value).toEqual({ work: { left: 'a', right: { d: 'f' } } })
  })

  it('end with an output, tags and meta', () => {
    const driven = drive(machine)
    for (const event of [{ type: 'COUNT', n: 7 }, { type: 'GO' }, { type: 'GO' }, { type: 'END' }])
      driven.send(event)
    expect(driven.state.snapshot).toMatchObject({ status: 'done', value: 'over', output: { n: 7 } })
    const snapshot = driven.machine.snapshotOf(driven.state)
    expect(snapshot.hasTag('ended')).toBe(true)
    expect(snapshot.getMeta()).toEqual({ 'states.over': { why: 'done' } })
    expect(driven.ask({ kind: 'event', event: { type: 'GO' }, to: [] })).toMatchObject({
      ok: false,
      kind: 'not-running',
    })
  })

  it('refuse an event without a transition, and name those that have one', () => {
    const driven = drive(machine)
    const refused = { ok: false, kind: 'unknown-event', accepted: ['LEAVE', 'COUNT', 'GO'] }
    expect(driven.ask({ kind: 'event', event: { type: 'NONE' }, to: [] })).toMatchObject(refused)
    expect(driven.ask({ kind: 'event', event: { type: 'COUNT', n: 1 }, to: [] })).toMatchObject({ ok: false })
    expect(driven.machine.snapshotOf(driven.state).can({ type: 'COUNT', n: 6 })).toBe(true)
  })

  it('know an event that they forbid', () => {
    const forbids = setup({}).createMachine({
      id: 'forbids',
      initial: 'a',
      on: { X: '.b' },
      states: { a: { on: { X: {} } }, b: {} },
    })
    const driven = drive(forbids)
    driven.send({ type: 'X' })
    expect(driven.state.snapshot.value).toBe('a')
  })

  it('collect custom actions in order, with their ids, and run none', () => {
    const driven = drive(machine)
    driven.send({ type: 'LEAVE' })
    expect(driven.outcomes.map(({ actions }) => actions)).toEqual([
      [{ effectId: '0:0', path: [], type: 'note' }],
      [{ effectId: '1:0', path: [], type: 'note' }],
    ])
  })
})

it('always, raise, enqueueActions and reenter lead on within the step', () => {
  const machine = setup({ actions: { enter: unrun, leave: unrun, extra: unrun } }).createMachine({
    id: 'on',
    context: { n: 0 },
    initial: 'a',
    states: {
      a: {
        entry: 'enter',
        exit: 'leave',
        on: {
          AGAIN: { target: 'a', reenter: true },
          GO: { actions: [raise({ type: 'NEXT' }), 'extra'] },
          NEXT: 'b',
        },
      },
      b: {
        entry: enqueueActions(({ enqueue, check }) => {
          enqueue.assign({ n: 2 })
          if (check(() => true)) enqueue('extra')
        }),
        always: { guard: ({ context }) => context.n === 2, target: 'c' },
      },
      c: {},
    },
  })
  const driven = drive(machine)
  driven.send({ type: 'AGAIN' })
  driven.send({ type: 'GO' })
  expect(driven.state.snapshot.value).toBe('c')
  expect(driven.actions).toEqual(['enter', 'leave', 'enter', 'extra', 'leave', 'extra'])
})

describe('timers', () => {
  const machine = setup({
    actors: {
      kid: setup({}).createMachine({ id: 'kid', after: { 40: { actions: sendParent({ type: 'LATE' }) } } }),
    },
    delays: { slow: ({ context }) => context.wait },
  }).createMachine({
    id: 'timed',
    context: { wait: 1_500, late: 0 },
    initial: 'a',
    on: { LATE: { actions: assign({ late: ({ context }) => context.late + 1 }) } },
    states: {
      a: {
        after: { slow: 'b', 20: { actions: () => {} } },
        entry: [
          raise({ type: 'NAMED' }, { id: 'named', delay: 10 }),
          raise({ type: 'LATE' }, { delay: 0.5 }),
        ],
        on: { STOP: { actions: cancel('named') }, LEAVE: 'b', NAMED: 'c' },
      },
      b: { invoke: { id: 'kid', src: 'kid' }, on: { LEAVE: 'c' } },
      c: {},
    },
  })

  it('are set with the time they are due, under a name to cancel them by', () => {
    const driven = drive(machine)
    expect(driven.outcomes[0]?.timers).toEqual([
      {
        timerId: '0:0',
        name: 'named',
        source: [],
        target: [],
        event: { type: 'NAMED' },
        delayMs: 10,
        dueAt: '2026-01-01T00:00:00.010Z',
      },
      {
        timerId: '0:1',
        name: '0:1',
        source: [],
        target: [],
        event: { type: 'LATE' },
        delayMs: 0.5,
        dueAt: '2026-01-01T00:00:00.001Z',
      },
      expect.objectContaining({ timerId: '0:2', delayMs: 20 }),
      expect.objectContaining({
        name: 'xstate.after.slow.timed.a',
        delayMs: 1_500,
        dueAt: '2026-01-01T00:00:01.500Z',
      }),
    ])
  })

  it('are cancelled by name, and by leaving the state', () => {
    const driven = drive(machine)
    expect(driven.send({ type: 'STOP' }).cancelledTimers).toEqual(['0:0'])
    expect(driven.send({ type: 'LEAVE' }).cancelledTimers).toEqual(['0:2', '0:3'])
    // What `raise` set without a state of its own stays.
    expect(driven.timerNames()).toEqual(['0:1', 'xstate.after.40.kid'])
  })

  it('fire', () => {
    const driven = drive(machine)
    driven.fire('0:1')
    expect(driven.context()).toMatchObject({ late: 1 })
    driven.fire('named')
    expect(driven.state.snapshot.value).toBe('c')
    expect(driven.timerNames()).toEqual([])
  })

  it('of children fire in the child, and end with it', () => {
    const fired = drive(machine)
    fired.send({ type: 'LEAVE' })
    fired.fire('xstate.after.40.kid')
    expect(fired.context()).toMatchObject({ late: 1 })
    const left = drive(machine)
    left.send({ type: 'LEAVE' })
    expect(left.send({ type: 'LEAVE' }).cancelledTimers).toEqual(['1:0'])
  })

  it('set and cancelled within one step are not there at all', () => {
    const both = setup({}).createMachine({
      id: 'both',
      entry: [raise({ type: 'X' }, { id: 'x', delay: 5 }), cancel('x')],
    })
    expect(drive(both).outcomes[0]).toMatchObject({ timers: [], cancelledTimers: [] })
  })

  it('need a delay that leads to a date', () => {
    const endless = setup({}).createMachine({
      id: 'endless',
      entry: raise({ type: 'X' }, { delay: Number.POSITIVE_INFINITY }),
    })
    expect(() => drive(endless)).toThrow(expect.objectContaining({ code: 'MACHINE_INVALID' }))
  })
})

describe('promises', () => {
  const machine = setup({ actors: { charge: never } }).createMachine({
    id: 'order',
    context: { paid: null as unknown, error: null as unknown },
    initial: 'idle',
    states: {
      idle: { on: { PAY: 'paying' } },
      paying: {
        invoke: {
          src: 'charge',
          id: 'charge',
          systemId: 'till',
          input: ({ event, self }) => ({ sum: event.sum, by: self }) as never,
          onDone: { target: 'paid', actions: assign({ paid: ({ event }) => event.output }) },
          onError: { target: 'failed', actions: assign({ error: ({ event }) => event.error }) },
        },
        on: { CANCEL: 'idle' },
      },
      paid: {},
      failed: {},
    },
  })
  const paying = () => {
    const driven = drive(machine)
    driven.send({ type: 'PAY', sum: 12 })
    return driven
  }

  it('are begun with their input, and their logic is at hand to run them', () => {
    const driven = paying()
    const effect = {
      effectId: '1:0',
      path: ['charge'],
      src: 'charge',
      input: { sum: 12, by: { xstate$$type: 1, id: 'order' } },
    }
    expect(driven.outcomes[1]?.effects).toEqual([effect])
    expect(driven.machine.effectOf(driven.state, '1:0').logic).toBe(never)
    expect(driven.machine.effectOf(driven.state, '1:0', notingRefs()).input).toMatchObject({
      sum: 12,
      by: { sessionId: 'live/' },
    })
    expect(() => driven.machine.effectOf(driven.state, '9:9')).toThrow(
      expect.objectContaining({ code: 'MACHINE_MISMATCH' }),
    )
  })

  it('are settled by their output', () => {
    const driven = paying()
    driven.settle(['charge'], { receipt: 7 })
    expect(driven.state.snapshot).toMatchObject({
      value: 'paid',
      context: { paid: { receipt: 7 } },
      children: {},
    })
    expect(
      driven.ask({ kind: 'effect', effectId: '1:0', outcome: 'done', output: 1, error: undefined }),
    ).toMatchObject({ kind: 'not-running' })
  })

  it('are settled by an error, which is an Error in the machine', () => {
    const driven = paying()
    driven.fail(['charge'], { name: 'TypeError', message: 'no card' })
    expect(driven.state.snapshot).toMatchObject({
      value: 'failed',
      context: { error: { name: 'TypeError', message: 'no card' } },
    })
  })

  it('are stopped when their state is left', () => {
    expect(paying().send({ type: 'CANCEL' })).toMatchObject({ stoppedEffects: ['1:0'], effects: [] })
  })

  it('end the machine with an error when nobody takes theirs', () => {
    const careless = setup({ actors: { charge: never } }).createMachine({
      id: 'careless',
      invoke: { src: 'charge', id: 'charge' },
    })
    const driven = drive(careless)
    driven.fail(['charge'], { name: 'Error', message: 'no card' })
    expect(driven.state.snapshot).toMatchObject({
      status: 'error',
      error: { name: 'Error', message: 'no card' },
    })
    expect(driven.machine.snapshotOf(driven.state).error).toEqual(new Error('no card'))
  })
})

describe('children', () => {
  it('callbacks are handed what is sent to them, once they run', () => {
    const machine = setup({ actors: { listening } }).createMachine({
      id: 'calls',
      invoke: { src: 'listening', id: 'ear' },
      on: {
        SAY: { actions: sendTo('ear', ({ event }) => ({ type: 'SAID', text: event.text })) },
        PASS: { actions: forwardTo('ear') },
      },
    })
    const driven = drive(machine)
    driven.send({ type: 'SAY', text: 'a' })
    driven.send({ type: 'PASS' })
    driven.send({ type: 'DIRECT' }, ['ear'])
    expect(driven.live.map(({ deliveries }) => deliveries)).toEqual([
      [],
      [{ effectId: '0:0', event: { type: 'SAID', text: 'a' } }],
      [{ effectId: '0:0', event: { type: 'PASS' } }],
      [{ effectId: '0:0', event: { type: 'DIRECT' } }],
    ])
  })

  it('observables give their values to who looks at their snapshots, and end', () => {
    const machine = setup({ actors: { ticks: fromObservable(() => ({ subscribe: unrun })) } }).createMachine({
      id: 'looks',
      context: { seen: [] as unknown[] },
      initial: 'on',
      states: {
        on: {
          invoke: {
            src: 'ticks',
            id: 'ticks',
            onSnapshot: {
              actions: assign({
                seen: ({ context, event }) => [...context.seen, event.snapshot.context ?? null],
              }),
            },
            onDone: 'off',
          },
        },
        off: {},
      },
    })
    const driven = drive(machine)
    driven.send({ type: 'xstate.observable.next', data: 1 }, ['ticks'])
    driven.send({ type: 'xstate.observable.next', data: 2 }, ['ticks'])
    driven.settle(['ticks'])
    // The first is of its beginning: bringing it back tells nothing again.
    expect(driven.state.snapshot).toMatchObject({ value: 'off', context: { seen: [null, 1, 2] } })
  })

  it('plain transition logic runs within the step', () => {
    const counter = fromTransition((count: number, event) => (event.type === 'UP' ? count + 1 : count), 10)
    const machine = setup({ actors: { counter } }).createMachine({
      id: 'counts',
      invoke: { src: 'counter', id: 'counter' },
      on: { UP: { actions: sendTo('counter', { type: 'UP' }) } },
    })
    const driven = drive(machine)
    driven.send({ type: 'UP' })
    driven.send({ type: 'UP' }, ['counter'])
    expect(driven.state.snapshot.children).toMatchObject({ counter: { snapshot: { context: 12 } } })
    expect(driven.effectPaths()).toEqual([])
  })

  const kid = setup({ actors: { never }, actions: { play: unrun } }).createMachine({
    id: 'kid',
    context: ({ input }) => ({ name: (input as { name?: string } | undefined)?.name ?? null }),
    initial: 'home',
    output: ({ context }) => context.name,
    states: {
      home: { entry: sendParent({ type: 'HELLO' }), on: { GO: { target: 'out', actions: 'play' } } },
      out: { invoke: { src: 'never', id: 'job', onDone: 'back' } },
      back: { type: 'final' },
    },
  })

  it('machines in machines answer within the step, and end with an output', () => {
    const machine = setup({ actors: { kid } }).createMachine({
      id: 'parent',
      context: { heard: 0, output: null as unknown },
      invoke: {
        src: 'kid',
        id: 'kid',
        input: { name: 'Ada' },
        onDone: { actions: assign({ output: ({ event }) => event.output }) },
      },
      on: {
        HELLO: { actions: assign({ heard: ({ context }) => context.heard + 1 }) },
        GO: { actions: sendTo('kid', { type: 'GO' }) },
      },
    })
    const driven = drive(machine)
    expect(driven.context()).toMatchObject({ heard: 1 })
    driven.send({ type: 'GO' })
    expect(driven.actions).toEqual(['kid/play'])
    expect(driven.effectPaths()).toEqual(['kid/job'])
    driven.settle(['kid', 'job'])
    expect(driven.context()).toEqual({ heard: 1, output: 'Ada' })
    expect(driven.ask({ kind: 'event', event: { type: 'GO' }, to: ['kid'] })).toMatchObject({
      ok: false,
      kind: 'not-running',
    })
    expect(driven.ask({ kind: 'event', event: { type: 'GO' }, to: ['none'] })).toMatchObject({
      ok: false,
      kind: 'no-such-child',
    })
  })

  it('are spawned in assign and by spawnChild, kept in context, sent to and stopped', () => {
    const machine = setup({ actors: { kid, listening } }).createMachine({
      id: 'spawns',
      context: { kids: [] as unknown[], heard: 0 },
      on: {
        HELLO: { actions: assign({ heard: ({ context }) => context.heard + 1 }) },
        SPAWN: { actions: assign({ kids: ({ context, spawn }) => [...context.kids, spawn('kid')] }) },
        CALL: { actions: spawnChild('listening', { id: 'ear', systemId: 'ear' }) },
        SAY: { actions: sendTo(({ system }) => system.get('ear'), { type: 'SAID' }) },
        GO: { actions: sendTo(({ context }) => context.kids[0] as AnyActorRef, { type: 'GO' }) },
        STOP: { actions: [stopChild(({ context }) => context.kids[0] as AnyActorRef), stopChild('ear')] },
      },
    })
    const driven = drive(machine)
    driven.send({ type: 'SPAWN' })
    driven.send({ type: 'SPAWN' })
    // A child without an id of its own gets one that is the same whenever the step is decided.
    expect(driven.context()).toEqual({
      heard: 2,
      kids: [
        { xstate$$type: 1, id: 'x:1.0' },
        { xstate$$type: 1, id: 'x:2.0' },
      ],
    })
    driven.send({ type: 'GO' })
    expect(driven.effectPaths()).toEqual(['x:1.0/job'])
    driven.send({ type: 'CALL' })
    driven.send({ type: 'SAY' })
    expect(driven.live.at(-1)?.deliveries).toEqual([{ effectId: '4:0', event: { type: 'SAID' } }])
    expect(driven.send({ type: 'STOP' }).stoppedEffects).toEqual(['3:1', '4:0'])
    // Who is gone is still named, and hears nothing.
    expect(driven.send({ type: 'GO' }).snapshot.context).toEqual(driven.context())
    expect(driven.context()).toMatchObject({ kids: [{ id: 'x:1.0' }, { id: 'x:2.0' }] })
  })

  it('one that throws is an error event to its parent', () => {
    const bad = setup({}).createMachine({
      id: 'bad',
      on: {
        GO: {
          actions: assign(() => {
            throw new Error('kid fell')
          }),
        },
      },
    })
    const machine = setup({ actors: { bad } }).createMachine({
      id: 'parent',
      context: { error: null as unknown },
      invoke: { src: 'bad', id: 'bad', onError: { actions: assign({ error: ({ event }) => event.error }) } },
    })
    const driven = drive(machine)
    driven.send({ type: 'GO' }, ['bad'])
    expect(driven.context()).toEqual({ error: { name: 'Error', message: 'kid fell' } })
  })

  it('an effect begun and ended in one step never runs', () => {
    const machine = setup({ actors: { never } }).createMachine({
      id: 'brief',
      initial: 'a',
      states: { a: { on: { GO: 'b' } }, b: { invoke: { src: 'never', id: 'job' }, always: 'c' }, c: {} },
    })
    expect(drive(machine).send({ type: 'GO' })).toMatchObject({ effects: [], stoppedEffects: [] })
  })
})

describe('what is left to be done', () => {
  const told: unknown[] = []
  const machine = setup({
    actors: { listening },
    actions: {
      tell: ({ self, context, event, system }, params) => {
        told.push(self, context, event, system.get('ear'), params)
        self.send({ type: 'BACK' })
      },
    },
  }).createMachine({
    id: 'tells',
    context: ({ spawn }) => ({ ear: spawn('listening', { id: 'ear', systemId: 'ear' }), plain: { n: 1 } }),
    on: {
      GO: {
        actions: [
          {
            type: 'tell',
            params: ({ context }: { context: { ear: unknown } }) => ({ to: context.ear }),
          } as never,
          log(({ event }) => `got ${event.type}`, 'label'),
          emit({ type: 'told', n: 1 } as never),
        ],
      },
    },
  })

  it('custom actions reach the actors given then, not those of the step', () => {
    const driven = drive(machine)
    driven.send({ type: 'GO' })
    const refs = notingRefs()
    const [action] = driven.live[1]?.actions ?? []
    action?.run(refs)
    const ear = expect.objectContaining({ sessionId: 'live/ear' })
    expect(told).toEqual([
      expect.objectContaining({ sessionId: 'live/' }),
      { ear, plain: { n: 1 } },
      { type: 'GO' },
      ear,
      { to: ear },
    ])
    expect(refs.sent).toEqual([':BACK'])
  })

  it('what is logged is printed when it is recorded, and what is emitted is handed on', () => {
    const print = vi.spyOn(console, 'log').mockImplementation(() => {})
    const driven = drive(machine)
    expect(driven.send({ type: 'GO' }).actions.map(({ type }) => type)).toEqual(['tell', 'xstate.log'])
    expect(print).not.toHaveBeenCalled()
    driven.live[1]?.actions[1]?.run(notingRefs())
    expect(print.mock.calls).toEqual([['label', 'got GO']])
    print.mockRestore()
    expect(driven.live[1]?.emitted).toEqual([{ path: [], event: { type: 'told', n: 1 } }])
  })

  it('inspection is collected where it is asked for, of the step alone', () => {
    expect(drive(machine).live[0]?.inspection).toEqual([])
    const driven = drive(machine, undefined, { inspect: true })
    driven.send({ type: 'GO' })
    expect(driven.live[0]?.inspection.slice(0, 2)).toMatchObject([
      { type: '@xstate.actor', path: [] },
      { type: '@xstate.actor', path: ['ear'] },
    ])
    const types = driven.live[1]?.inspection.map(({ type, path }) => `${type} ${path.join('/')}`)
    expect(types?.[0]).toBe('@xstate.event ')
    expect(types?.at(-1)).toBe('@xstate.snapshot ')
    expect(types).toContain('@xstate.action ')
  })
})
