/** Machines to look at: sound ones with everything that XState machines may have, and one for each fault. */
import { and, assign, createMachine, fromPromise, not, raise, setup, stateIn } from 'xstate'

/** States inside states, two at once, both kinds of history, a final state inside, and transitions of the machine itself. */
export const editor = createMachine({
  id: 'editor',
  type: 'parallel',
  states: {
    text: {
      initial: 'viewing',
      states: {
        viewing: { on: { edit: 'editing', resume: 'editing.last' } },
        editing: {
          initial: 'clean',
          states: {
            clean: { on: { type: 'dirty' } },
            dirty: {
              initial: 'typing',
              states: { typing: { on: { pause: 'idle' } }, idle: {} },
              on: { type: '.typing' },
            },
            saved: { type: 'final' },
            last: { type: 'history', history: 'deep' },
          },
          on: { view: 'viewing', save: { target: '.saved', guard: stateIn({ text: { editing: 'dirty' } }) } },
          onDone: 'viewing',
        },
      },
    },
    bold: {
      initial: 'off',
      states: { off: { on: { toggle: 'on' } }, on: { on: { toggle: 'off' } }, before: { type: 'history' } },
      on: { reset: '.before' },
    },
  },
})

/** Guards that read the context and data, named, with parameters, and made of others; `always`, `raise`, entry and exit. */
export const turnstile = setup({
  types: {
    context: {} as { coins: number; passed: number },
    events: {} as { type: 'coin'; value: number } | { type: 'push' } | { type: 'count' } | { type: 'close' },
  },
  actions: { beep: () => {} },
  guards: {
    worth: ({ event }, { least }: { least: number }) => 'value' in event && event.value >= least,
    isFull: ({ context }) => context.passed >= 3,
    isPaid: ({ context }) => context.coins > 0,
  },
}).createMachine({
  id: 'turnstile',
  context: { coins: 0, passed: 0 },
  initial: 'locked',
  states: {
    locked: {
      entry: assign({ coins: 0 }),
      on: {
        coin: {
          guard: { type: 'worth', params: { least: 2 } },
          target: 'open',
          actions: assign({ coins: 1 }),
        },
        close: 'closed',
      },
    },
    open: {
      exit: 'beep',
      on: { push: { guard: and(['isPaid', not('isFull')]), target: 'passing' } },
    },
    passing: {
      entry: raise({ type: 'count' }),
      on: { count: { target: 'checking', actions: assign({ passed: ({ context }) => context.passed + 1 }) } },
    },
    checking: { always: [{ guard: 'isFull', target: 'closed' }, { target: 'locked' }] },
    closed: { type: 'final' },
  },
})

/** Times that are over, one after another, with a name or a number. */
export const signal = setup({ delays: { patience: 30_000 } }).createMachine({
  id: 'signal',
  initial: 'green',
  states: {
    green: { after: { patience: 'yellow' } },
    yellow: {
      after: {
        1000: [{ guard: ({ context }) => context.broken === true, target: 'off' }, { target: 'red' }],
      },
    },
    red: { after: { 5000: 'green' }, on: { break: { target: 'green', actions: assign({ broken: true }) } } },
    off: { type: 'final' },
  },
})

/** A child that is invoked, which is done or fails, and is provided only when a program runs. */
export const fetcher = createMachine({
  id: 'fetcher',
  initial: 'idle',
  context: ({ input }) => ({ url: String(Object(input).url), tries: 0, page: '' }),
  states: {
    idle: { on: { fetch: 'loading' } },
    loading: {
      entry: assign({ tries: ({ context }) => context.tries + 1 }),
      invoke: [
        {
          src: 'load',
          systemId: 'loader',
          onDone: { target: 'shown', actions: assign({ page: ({ event }) => String(event.output) }) },
          onError: [{ guard: ({ context }) => context.tries < 3, target: 'idle' }, { target: 'failed' }],
        },
        { id: 'clock', src: fromPromise(async () => Promise.resolve(0)), onDone: 'idle' },
      ],
    },
    shown: { on: { again: 'idle' } },
    failed: { type: 'final' },
  },
})

export const unreachable = createMachine({
  id: 'unreachable',
  initial: 'a',
  states: {
    a: { on: { go: 'b' } },
    b: { on: { back: 'a' } },
    lost: { initial: 'inner', states: { inner: { on: { out: '#unreachable.a' } } } },
  },
})

export const neverTaken = createMachine({
  id: 'neverTaken',
  initial: 'a',
  states: {
    a: {
      on: {
        go: [{ target: 'b' }, { target: 'a', actions: 'shadowed' }],
        jump: {
          guard: function never() {
            return false
          },
          target: 'b',
        },
      },
    },
    b: { on: { back: 'a' } },
  },
})

export const deadEnd = createMachine({
  id: 'deadEnd',
  initial: 'a',
  states: {
    a: { on: { go: 'b', end: 'c' } },
    b: { on: { ping: { actions: 'pong' } } },
    c: { type: 'final' },
  },
})

/** Once `left` is stuck it stays so, though the machine goes on. */
export const stuckRegion = createMachine({
  id: 'stuckRegion',
  type: 'parallel',
  states: {
    left: { initial: 'free', states: { free: { on: { jam: 'stuck' } }, stuck: {} } },
    right: { initial: 'on', states: { on: { on: { flip: 'off' } }, off: { on: { flip: 'on' } } } },
  },
})

/** The guard's answer depends on how often it was asked. */
export function fickle() {
  let asked = 0
  return createMachine({
    id: 'fickle',
    initial: 'a',
    states: {
      a: { on: { go: { guard: () => asked++ % 2 === 0, target: 'b' } } },
      b: { on: { back: 'a' } },
    },
  })
}

/** An event that nothing accepts, and a transition that is taken by itself as soon as something outside changes. */
export function meddled() {
  const outside = { open: false, asked: 0 }
  const machine = createMachine({
    id: 'meddled',
    initial: 'shut',
    states: {
      shut: {
        on: { knock: { guard: () => false, target: 'shut' } },
        always: { guard: () => outside.asked++ > 20, target: 'ajar' },
      },
      ajar: { on: { push: 'shut' } },
    },
  })
  return machine
}

/** It accepts events of its own when it is done. */
export const undead = createMachine({
  id: 'undead',
  initial: 'alive',
  states: { alive: { on: { die: 'dead' } }, dead: { type: 'final' } },
  on: { raise: '.alive' },
})

export const throwing = createMachine({
  id: 'throwing',
  initial: 'a',
  context: { names: ['one'] },
  states: { a: { on: { say: { guard: ({ event }) => event.name.length > 1, actions: 'say' } } } },
})

export const endless = createMachine({
  id: 'endless',
  initial: 'a',
  states: { a: { on: { go: 'b' } }, b: { always: 'c' }, c: { always: 'b' } },
})

/** It counts what is taken, and how often. */
export const account = setup({
  types: {
    context: {} as { taken: number; times: number },
    events: {} as { type: 'take'; amount: number } | { type: 'look' } | { type: 'open' } | { type: 'shut' },
  },
}).createMachine({
  id: 'account',
  context: { taken: 0, times: 0 },
  initial: 'shut',
  states: {
    shut: { on: { open: 'open', look: {} } },
    open: {
      on: {
        take: {
          guard: ({ event }) => event.amount > 0 && event.amount <= 10,
          actions: assign({
            taken: ({ context, event }) => context.taken + event.amount,
            times: ({ context }) => context.times + 1,
          }),
        },
        shut: 'shut',
      },
    },
  },
})
