/**
 * Goal: a machine that is run step by step, each state written and read in between, does what it does as one live actor of XState.
 * Method: random machines live through random happenings twice: once as a plain actor with a simulated clock, once through the durable step. After
 * each happening all that can be seen of the one is held against the other.
 *
 * Not held: what a live actor of XState does once it is not what its own snapshot says; restored from that snapshot, XState does as the step does.
 * Such an actor shows it by itself, and the rest of its life is left out (`isSound`; about one life of fifty):
 * - A transition from inside a parallel state to that state's history, before there is one, leaves the state and does not enter it again: what it
 *   leaves is looked for before the history is written, what it enters after. Its value names a state that it is not in; where the parent is left
 *   next, the history of that parent is empty, and an empty one is dropped by XState when it restores.
 * - A transition to the history of a state's parent, before there is one, from the state in which that parent begins, enters that state again without
 *   leaving it. Then there are two timers of one name, and XState loses sight of one, which can be neither seen nor cancelled; or a child that no
 *   snapshot knows, with its timers.
 */
import fc from 'fast-check'
import { expect, it, vi } from 'vitest'
import {
  type AnyActorRef,
  type AnyEventObject,
  type AnyStateMachine,
  assign,
  createActor,
  raise,
  SimulatedClock,
  setup,
} from 'xstate'
import { plainOf } from '../../src/decide/durable/json.ts'
import { inDocumentOrder } from '../../src/decide/durable/restore.ts'
import { WaymarkError } from '../../src/kernel/errors.ts'
import { type Driven, drive, startedAt } from './step-driver.ts'
import {
  type Done,
  type Happening,
  happeningsArbitrary,
  type Model,
  machineOf,
  modelArbitrary,
} from './step-models.ts'

/** What is seen of both; equal after each happening. */
interface Seen {
  readonly snapshot: unknown
  readonly timers: readonly string[]
  readonly actions: readonly string[]
  readonly received: readonly string[]
  readonly emitted: number
}

function quietly(work: () => void): void {
  const { warn } = console
  console.warn = () => {}
  try {
    work()
  } finally {
    console.warn = warn
  }
}

class LiveActor {
  readonly done: Done = { actions: [], received: [] }
  readonly clock = new SimulatedClock()
  readonly actor: AnyActorRef
  #emitted = 0

  constructor(model: Model) {
    this.actor = createActor(machineOf(model, this.done), { clock: this.clock })
    this.actor.subscribe({ error: () => {} })
    this.actor.on('*', () => this.#emitted++)
    quietly(() => this.actor.start())
  }

  /** XState warns of what is sent to actors that have ended; that is no concern here. */
  send(path: readonly string[], event: AnyEventObject): void {
    quietly(() => this.#at(path).send(event))
  }

  wait(untilMs: number): void {
    quietly(() => this.clock.set(untilMs))
  }

  #at(path: readonly string[]): AnyActorRef {
    let actor = this.actor
    for (const id of path)
      actor = (actor.getSnapshot() as { children: Record<string, AnyActorRef> }).children[id] ?? actor
    return actor
  }

  /**
   * An actor that goes on keeps its states in the order in which they were entered, which no snapshot says; XState puts them into the order of the
   * machine when it restores one. Parallel states are asked in that order, so the live actor is given it too.
   */
  putInOrder(): void {
    const snapshot = this.actor.getSnapshot() as {
      _nodes: { order: number }[]
      value: unknown
      machine: { root: unknown } | undefined
    }
    if (snapshot.machine === undefined) return
    snapshot._nodes.sort((a, b) => a.order - b.order)
    snapshot.value = inDocumentOrder(snapshot.machine.root, snapshot.value)
  }

  /** Whether the actor is what its own snapshot says: see this file's head. */
  isSound(): boolean {
    const snapshot = this.actor.getSnapshot() as {
      _nodes?: unknown[]
      value: unknown
      historyValue?: Readonly<Record<string, readonly unknown[]>>
    }
    const { _nodes: nodes, value, historyValue = {} } = snapshot
    const scheduled = Object.values(this.actor.system.getSnapshot()._scheduledEvents)
    const { timeouts } = this.clock as unknown as { timeouts: ReadonlyMap<number, unknown> }
    return (
      (nodes === undefined || nodes.length === 1 + namedIn(value)) &&
      Object.values(historyValue).every((remembered) => remembered.length > 0) &&
      scheduled.length === timeouts.size &&
      scheduled.every(({ source }) => this.#at(pathOfLive(source).split('/').slice(0, -1)) === source)
    )
  }

  seen(): Seen {
    this.putInOrder()
    const scheduled = Object.values(this.actor.system.getSnapshot()._scheduledEvents)
    return {
      snapshot: withSortedHistory(plainOf(this.actor.getPersistedSnapshot(), 'live')),
      timers: scheduled.map(({ id, delay, source }) => `${pathOfLive(source)}:${id}:${delay}`).sort(),
      actions: this.done.actions,
      received: this.done.received,
      emitted: this.#emitted,
    }
  }
}

function namedIn(value: unknown): number {
  if (typeof value === 'string') return 1
  return Object.values(value as object).reduce<number>((sum, below) => sum + 1 + namedIn(below), 0)
}

/** The states that a machine remembers are a set: which of them stands first depends on the way there. */
function withSortedHistory(snapshot: unknown): unknown {
  const { historyValue = {}, ...rest } = snapshot as { historyValue?: Record<string, { id: string }[]> }
  const sorted = Object.entries(historyValue).map(([id, nodes]) => [id, nodes.map((node) => node.id).sort()])
  return { ...rest, historyValue: Object.fromEntries(sorted) }
}

function pathOfLive(actor: AnyActorRef): string {
  return actor._parent === undefined ? '' : `${pathOfLive(actor._parent)}${actor.id}/`
}

function seenOf(driven: Driven): Seen {
  const callbacks = new Map(
    driven.outcomes
      .flatMap(({ effects }) => effects.filter(({ src }) => src === 'callback'))
      .map(({ effectId, path }) => [effectId, path] as const),
  )
  return {
    snapshot: withSortedHistory(driven.state.snapshot),
    timers: Object.values(driven.state.timers)
      .map(({ name, delayMs, source }) => `${source.map((id) => `${id}/`).join('')}:${name}:${delayMs}`)
      .sort(),
    actions: driven.actions,
    received: driven.live.flatMap(({ deliveries }) =>
      deliveries.flatMap(({ effectId, event }) => {
        const path = callbacks.get(effectId)
        return path === undefined ? [] : [`${path.map((id) => `${id}/`).join('')}${event.type}`]
      }),
    ),
    emitted: driven.live.flatMap(({ emitted }) => emitted.filter(({ path }) => path.length === 0)).length,
  }
}

const happenTo: Readonly<
  Record<Happening['what'], (live: LiveActor, driven: Driven, happening: Happening) => string | null>
> = {
  event(live, driven, { which }) {
    const type = ['A', 'B', 'C', 'R1', 'R2'][which % 5] ?? 'A'
    live.send([], { type })
    const answer = driven.ask({ kind: 'event', event: { type }, to: [] })
    // An event without a transition does nothing in XState either.
    if (!answer.ok) expect(answer.kind).toBe('unknown-event')
    return answer.ok ? 'event' : 'unknown'
  },
  timer(live, driven) {
    const dueAts = Object.values(driven.state.timers).map(({ dueAt }) => Date.parse(dueAt))
    if (dueAts.length === 0) return null
    const dueMs = Math.min(...dueAts)
    live.wait(dueMs - startedAt)
    driven.nowMs = dueMs
    for (let next = dueTimer(driven); next !== undefined; next = dueTimer(driven))
      expect(driven.ask({ kind: 'timer', timerId: next }, [next])).toMatchObject({ ok: true })
    return 'timer'
  },
  settle(live, driven, { which, fails }) {
    const effects = Object.values(driven.state.effects).filter(({ src }) => src === 'promise')
    const effect = effects[which % effects.length]
    if (effect === undefined) return null
    const error = { name: 'Error', message: 'it failed' }
    live.send(
      effect.path,
      fails
        ? { type: 'xstate.promise.reject', data: new Error('it failed') }
        : { type: 'xstate.promise.resolve', data: which },
    )
    if (fails) driven.fail(effect.path, error)
    else driven.settle(effect.path, which)
    return effect.path.length > 1 ? 'settle deep' : fails ? 'settle failed' : 'settle'
  },
  go(live, driven, { which }) {
    const children = Object.entries(
      (driven.state.snapshot.children ?? {}) as Record<string, { src: string; snapshot: { status: string } }>,
    )
    const able = children.filter(([, { src, snapshot }]) => src !== 'promise' && snapshot.status === 'active')
    const [id, child] = able[which % able.length] ?? []
    if (id === undefined || child === undefined) return null
    live.send([id], { type: 'GO' })
    driven.ask({ kind: 'event', event: { type: 'GO' }, to: [id] })
    return `go ${child.src}`
  },
  next(live, driven, { which }) {
    const effect = Object.values(driven.state.effects).find(({ src }) => src === 'observable')
    if (effect === undefined) return null
    const event = { type: 'xstate.observable.next', data: which }
    live.send(effect.path, event)
    driven.send(event, effect.path)
    return 'next'
  },
}

/** The timer that is due first now, of those due at once the one set first. Children of one kind have timers of one name. */
function dueTimer(driven: Driven): string | undefined {
  const number = (timerId: string): number => {
    const [step = 0, placeIn = 0] = timerId.split(':').map(Number)
    return step * 1_000 + placeIn
  }
  return Object.values(driven.state.timers)
    .filter(({ dueAt }) => Date.parse(dueAt) <= driven.nowMs)
    .sort((a, b) => Date.parse(a.dueAt) - Date.parse(b.dueAt) || number(a.timerId) - number(b.timerId))
    .map(({ timerId }) => timerId)[0]
}

function liveThrough(model: Model, happenings: readonly Happening[], counts: Map<string, number>): void {
  const count = (what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1)
  const live = new LiveActor(model)
  let driven: Driven
  try {
    driven = drive(machineOf(model, { actions: [], received: [] }))
  } catch (error) {
    assertThrew(error, live)
    return
  }
  if (!live.isSound()) {
    count('unsound')
    return
  }
  expect(seenOf(driven)).toEqual(live.seen())
  for (const happening of happenings) {
    if (driven.state.status !== 'active') break
    try {
      const happened = happenTo[happening.what](live, driven, happening)
      if (happened !== null) count(happened)
    } catch (error) {
      assertThrew(error, live)
      count('threw')
      return
    }
    if (!live.isSound()) {
      count('unsound')
      return
    }
    expect(seenOf(driven)).toEqual(live.seen())
  }
  count(driven.state.status)
  count(`actions ${Math.min(3, driven.actions.length)}`)
  if (driven.live.some(({ emitted }) => emitted.length > 0)) count('emitted')
  if (driven.live.some(({ deliveries }) => deliveries.length > 0)) count('delivered')
  if (Object.keys((driven.state.snapshot.historyValue ?? {}) as object).length > 0) count('history')
  if (driven.outcomes.some(({ cancelledTimers }) => cancelledTimers.length > 0)) count('cancelled timer')
  if (driven.outcomes.some(({ stoppedEffects }) => stoppedEffects.length > 0)) count('stopped effect')
}

/** What ends a live actor with an error that nobody handles is no step at all. */
function assertThrew(error: unknown, live: LiveActor): void {
  if (!(error instanceof WaymarkError)) throw error
  expect(error.code).toBe('MACHINE_FAILED')
  expect((live.actor.getSnapshot() as { status: string }).status).toBe('error')
}

it('law: step by step through JSON, a machine does what it does as one live actor', () => {
  const warn = vi.spyOn(console, 'warn')
  const property = fc.property(modelArbitrary, happeningsArbitrary, (model, happenings) =>
    liveThrough(model, happenings, new Map()),
  )
  fc.assert(property, { numRuns: 300 })
  expect(warn).not.toHaveBeenCalled()
  warn.mockRestore()
})

it('the machines of the law are not vacuous: all that it is about happens', () => {
  const counts = new Map<string, number>()
  const wanted = [
    'event',
    'unknown',
    'timer',
    'settle',
    'go kid',
    'go callback',
    'next',
    'threw',
    'history',
    'delivered',
    'emitted',
  ]
  const rare = ['cancelled timer', 'stopped effect', 'actions 3', 'done', 'settle failed']
  const isEnough = (): boolean => [...wanted, ...rare].every((what) => counts.has(what))
  for (let tried = 0; tried < 40 && (tried < 4 || !isEnough()); tried++) {
    for (const [model, happenings] of fc.sample(fc.tuple(modelArbitrary, happeningsArbitrary), 25)) {
      liveThrough(model, happenings, counts)
    }
  }
  expect([...counts.keys()]).toEqual(expect.arrayContaining([...wanted, ...rare]))
  expect(counts.get('unsound') ?? 0).toBeLessThan((counts.get('active') ?? 0) / 4)
})

/** A parallel state that is left from inside, to its own history, before there is one; `atOnce` the state around it is left in the same step. */
function forgetful(atOnce: boolean, actions: string[]): AnyStateMachine {
  const back = { target: '#inner', actions: atOnce ? [raise({ type: 'LEAVE' })] : [] }
  const parts = {
    first: { on: { BACK: back } },
    second: {},
    inner: { type: 'history', id: 'inner' },
  } as const
  const both = { type: 'parallel', entry: 'entered', exit: 'left', states: parts } as const
  const around = { initial: 'both', states: { both, outer: { type: 'history', id: 'outer' } } } as const
  const note = (name: string) => () => void actions.push(name)
  return setup({ actions: { entered: note('entered'), left: note('left') } }).createMachine({
    id: 'forgetful',
    initial: 'around',
    states: { around: { ...around, on: { LEAVE: 'off' } }, off: { on: { RETURN: '#outer' } } },
  }) as unknown as AnyStateMachine
}

it.each([false, true])(
  'what the law leaves out is done as XState does it when restored (left at once: %s)',
  (atOnce) => {
    const told = { live: [] as string[], restored: [] as string[] }
    const live = createActor(forgetful(atOnce, told.live)).start()
    const machine = forgetful(atOnce, told.restored)
    let kept: unknown = createActor(machine).start().getPersistedSnapshot()
    const driven = drive(forgetful(atOnce, []))
    for (const type of atOnce ? ['BACK', 'RETURN'] : ['BACK', 'LEAVE', 'RETURN']) {
      live.send({ type })
      const restored = createActor(machine, { snapshot: JSON.parse(JSON.stringify(kept)) as never }).start()
      restored.send({ type })
      kept = restored.getPersistedSnapshot()
      driven.send({ type })
      expect(driven.state.snapshot).toEqual(JSON.parse(JSON.stringify(kept)))
      expect(driven.actions).toEqual(told.restored)
    }
    expect(driven.state.snapshot.value).toEqual({ around: { both: { first: {}, second: {} } } })
    // Where this fails, XState has mended it: then the law can hold such lives too.
    expect(live.getSnapshot().value).toBe('off')
  },
)

it('names of a context come in one order, whether the state was read again or not', () => {
  const machine = setup({}).createMachine({
    id: 'names',
    context: { items: { c: 1, a: 1, b: 1 }, seen: '' },
    on: { LOOK: { actions: assign({ seen: ({ context }) => Object.keys(context.items).join('') }) } },
  })
  const driven = drive(machine as unknown as AnyStateMachine)
  for (let looked = 0; looked < 2; looked++) {
    driven.send({ type: 'LOOK' })
    expect(driven.context()).toMatchObject({ seen: 'abc' })
  }
})
