/**
 * Random machines, and what happens to them. States nest, run side by side, are remembered and end; transitions count, send, raise, wait, spawn and
 * stop. No machine goes round without end: what is raised or sent at once leads to handlers that raise less, and `always` counts up.
 */
import fc from 'fast-check'
import {
  type AnyActorRef,
  type AnyStateMachine,
  assign,
  cancel,
  emit,
  enqueueActions,
  fromCallback,
  fromObservable,
  fromPromise,
  fromTransition,
  raise,
  sendParent,
  sendTo,
  setup,
  stopChild,
} from 'xstate'

const events = ['A', 'B', 'C', 'R1', 'R2'] as const
const actionKinds = [
  'note',
  'count',
  'raise',
  'wait',
  'unwait',
  'send',
  'spawn',
  'stop',
  'emit',
  'enqueue',
  'throw',
] as const
const childKinds = ['promise', 'callback', 'observable', 'counter', 'kid'] as const

interface Tree {
  readonly kind: 'leaf' | 'compound' | 'parallel'
  readonly children: readonly Tree[]
  readonly history: 'none' | 'shallow' | 'deep'
  readonly ends: boolean
}

const { tree } = fc.letrec<{ tree: Tree; leaf: Tree }>((tie) => ({
  leaf: fc.constant({ kind: 'leaf', children: [], history: 'none', ends: false } as const),
  tree: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    tie('leaf'),
    fc.record({
      kind: fc.constantFrom('compound' as const, 'compound' as const, 'parallel' as const),
      children: fc.array(tie('tree'), { minLength: 2, maxLength: 3 }),
      history: fc.constantFrom('none', 'shallow', 'deep'),
      ends: fc.boolean(),
    }),
  ),
}))

const place = fc.nat({ max: 60 })
const actions = (max: number) => fc.array(fc.constantFrom(...actionKinds), { maxLength: max })

export const modelArbitrary = fc.record({
  roots: fc.array(tree, { minLength: 2, maxLength: 3 }),
  ends: fc.nat({ max: 5 }).map((chance) => chance === 0),
  transitions: fc.array(
    fc.record({
      from: place,
      event: fc.constantFrom(...events),
      to: fc.option(place, { freq: 5 }),
      guard: fc.constantFrom('none', 'none', 'even', 'odd', 'throws' as const),
      reenter: fc.boolean(),
      actions: actions(3),
    }),
    { minLength: 6, maxLength: 16 },
  ),
  always: fc.array(fc.record({ from: place, to: place, at: fc.nat({ max: 9 }) }), { maxLength: 3 }),
  afters: fc.array(fc.record({ from: place, to: place, delay: fc.constantFrom(7, 11, 20, 31) }), {
    maxLength: 4,
  }),
  invokes: fc.array(
    fc.record({
      from: place,
      kind: fc.constantFrom(...childKinds),
      done: place,
      failed: fc.option(place),
      watches: fc.boolean(),
    }),
    { maxLength: 4 },
  ),
  entries: fc.array(fc.record({ at: place, exit: fc.boolean(), waits: fc.boolean() }), { maxLength: 6 }),
})
export type Model = typeof modelArbitrary extends fc.Arbitrary<infer M> ? M : never

export const happeningsArbitrary = fc.array(
  fc.record({
    what: fc.constantFrom('event', 'event', 'event', 'timer', 'settle', 'go', 'next' as const),
    which: fc.nat({ max: 20 }),
    fails: fc.nat({ max: 3 }).map((chance) => chance === 0),
  }),
  { minLength: 4, maxLength: 14 },
)
export type Happening = typeof happeningsArbitrary extends fc.Arbitrary<readonly (infer H)[]> ? H : never

/** What custom actions and callbacks of a machine that really runs have done, in order. */
export interface Done {
  readonly actions: string[]
  readonly received: string[]
}

interface Context {
  n: number
  spawned: number
  output: unknown
  last: AnyActorRef | null
}

const noteNames = ['n0', 'n1', 'n2', 'kidGo', 'kidExit', 'watched'] as const

function pathText(self: unknown): string {
  const actor = self as { readonly id: string; readonly _parent?: unknown }
  return actor._parent === undefined ? '' : `${pathText(actor._parent)}${actor.id}/`
}

function kidOf(
  notes: Record<(typeof noteNames)[number], (args: { self: unknown }) => void>,
): AnyStateMachine {
  return setup({
    actors: { promise: fromPromise(() => new Promise<number>(() => {})) },
    actions: notes,
  }).createMachine({
    id: 'kid',
    context: { n: 0 },
    initial: 'a',
    output: ({ context }: { context: { n: number } }) => context.n,
    states: {
      a: {
        on: {
          GO: {
            target: 'b',
            actions: ['kidGo', assign({ n: ({ context }) => context.n + 1 }), sendParent({ type: 'R2' })],
          },
        },
        after: { 25: 'b' },
      },
      b: {
        exit: 'kidExit',
        after: { 15: 'c' },
        invoke: { src: 'promise', id: 'deep', onDone: 'c' },
        on: { GO: { actions: 'kidGo' } },
      },
      c: { type: 'final' },
    },
  }) as unknown as AnyStateMachine
}

/** The machine of a model. Its effects never end by themselves. */
export function machineOf(model: Model, done: Done): AnyStateMachine {
  const note = (name: string) => [
    name,
    ({ self }: { self: unknown }) => void done.actions.push(`${pathText(self)}${name}`),
  ]
  const notes = Object.fromEntries(noteNames.map(note)) as Record<
    (typeof noteNames)[number],
    (args: { self: unknown }) => void
  >
  const actors = {
    promise: fromPromise(() => new Promise<number>(() => {})),
    callback: fromCallback(({ self, receive }) => {
      receive((event) => done.received.push(`${pathText(self)}${event.type}`))
    }),
    observable: fromObservable(() => ({ subscribe: () => ({ unsubscribe: () => {} }) })),
    counter: fromTransition((count: number, event) => (event.type === 'GO' ? count + 1 : count), 0),
    kid: kidOf(notes),
  }
  return setup({ actors, actions: notes }).createMachine(
    configOf(model) as never,
  ) as unknown as AnyStateMachine
}

type Config = Record<string, unknown>

/** States by number, as they stand in the tree; what a model says of places is taken modulo their count. */
function configOf(model: Model): object {
  const states: { readonly config: Config; readonly type: string }[] = []
  const build = (node: Tree): [string, Config] => {
    const name = `s${states.length}`
    const config: Config = { id: name, on: {}, always: [], after: {}, invoke: [], entry: [], exit: [] }
    states.push({ config, type: node.kind })
    if (node.kind !== 'leaf') fill(config, node)
    return [name, config]
  }
  const fill = (
    config: Config,
    { kind, children, history, ends }: Omit<Tree, 'kind'> & { kind: string },
  ): void => {
    const built = children.map(build)
    if (kind === 'parallel') config.type = 'parallel'
    else config.initial = built[0]?.[0]
    if (history !== 'none') built.push(special(states, { type: 'history', history }))
    if (ends && kind !== 'parallel') built.push(special(states, { type: 'final' }))
    config.states = Object.fromEntries(built)
  }
  const root: Config = {
    id: 'model',
    options: { maxIterations: 300 },
    context: { n: 0, spawned: 0, output: null, last: null },
  }
  fill(root, { kind: 'compound', children: model.roots, history: 'none', ends: model.ends })
  connect(model, states)
  return root
}

function special(
  states: { readonly config: Config; readonly type: string }[],
  what: { type: string; history?: string },
): [string, Config] {
  const name = `s${states.length}`
  const config = { id: name, ...what }
  states.push({ config, type: what.type })
  return [name, config]
}

function connect(model: Model, states: readonly { readonly config: Config; readonly type: string }[]): void {
  const real = states.filter(({ type }) => type !== 'history' && type !== 'final')
  const at = (index: number): Config => real[index % real.length]?.config ?? {}
  const target = (index: number): string => `#${String(states[index % states.length]?.config.id)}`
  for (const { from, event, to, guard, reenter, actions } of model.transitions) {
    const on = at(from).on as Record<string, unknown[]>
    const isFirst = event !== 'R1' && event !== 'R2'
    const transition = {
      ...(to === null ? {} : { target: target(to) }),
      ...(guard === 'none' ? {} : { guard: guards[guard] }),
      reenter,
      actions: actions.flatMap((kind) => actionsOf[kind](isFirst ? 1 : event === 'R1' ? 2 : 3)),
    }
    on[event] = [...(on[event] ?? []), transition]
  }
  for (const { from, to, at: n } of model.always) {
    const guard = ({ context }: { context: Context }): boolean => context.n === n
    ;(at(from).always as unknown[]).push({ target: target(to), guard, actions: [counted, 'n2'] })
  }
  for (const { from, to, delay } of model.afters) (at(from).after as Config)[delay] = target(to)
  model.invokes.forEach(({ from, kind, done, failed, watches }, index) => {
    const onDone = {
      target: target(done),
      actions: assign({ output: ({ event }) => event.output ?? null }),
    }
    const invoke = {
      src: kind,
      id: `k${index}`,
      onDone,
      ...(failed === null ? {} : { onError: { target: target(failed), actions: 'n1' } }),
      ...(watches && (kind === 'kid' || kind === 'observable')
        ? { onSnapshot: { actions: ['watched'] } }
        : {}),
    }
    ;(at(from).invoke as unknown[]).push(invoke)
  })
  for (const { at: index, exit, waits } of model.entries) {
    const list = at(index)[exit ? 'exit' : 'entry'] as unknown[]
    list.push('n0', counted, ...(waits ? actionsOf.wait(1) : []))
  }
}

const guards = {
  even: ({ context }: { context: Context }) => context.n % 2 === 0,
  odd: ({ context }: { context: Context }) => context.n % 2 === 1,
  throws({ context }: { context: Context }): boolean {
    if (context.n > 3) throw new Error('a guard throws')
    return context.n === 2
  },
}

const counted = assign({ n: ({ context }: { context: Context }) => context.n + 1 })

/** By kind; `level` rises with each raise, and from 3 on nothing is raised or sent. */
const actionsOf: Readonly<Record<(typeof actionKinds)[number], (level: number) => unknown[]>> = {
  note: () => ['n1'],
  count: () => [counted],
  raise: (level) => (level < 3 ? [raise({ type: `R${level}` })] : ['n0']),
  wait: () => [cancel('w'), raise({ type: 'B' }, { delay: 13, id: 'w' })],
  unwait: () => [cancel('w')],
  send: (level) => (level === 1 ? [sendTo(someChild, { type: 'GO' })] : ['n0']),
  spawn: () => [
    assign(({ context, spawn }) => ({
      spawned: context.spawned + 1,
      last: (spawn as (src: string, options: object) => AnyActorRef)('kid', {
        id: `x${context.spawned}`,
        syncSnapshot: context.spawned % 2 === 0,
      }),
    })),
  ],
  stop: () => [stopChild(({ context }: { context: Context }) => context.last ?? 'none')],
  emit: () => [emit({ type: 'told' })],
  enqueue: () => [
    enqueueActions(({ enqueue, check }) => {
      enqueue(check(guards.even as never) ? 'n0' : 'n2')
      enqueue(counted as never)
    }),
  ],
  throw: () => [
    assign({
      n: ({ context }: { context: Context }) => {
        if (context.n > 8) throw new Error('an assignment throws')
        return context.n + 2
      },
    }),
  ],
}

function someChild({ self }: { self: AnyActorRef }): AnyActorRef {
  const children = (self.getSnapshot() as { children: Record<string, AnyActorRef> }).children
  // By id: a recorded state has its names in order, a live actor as they came.
  const ids = Object.keys(children).sort()
  return children[ids.find((id) => id.startsWith('k')) ?? ids[0] ?? ''] ?? self
}
