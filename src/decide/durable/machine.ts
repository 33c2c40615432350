/** A machine of somebody else, asked step by step: a recorded state and what reaches it lead to the next state, and nothing has run. */
import type { AnyActorLogic, AnyEventObject, AnyMachineSnapshot, AnyStateMachine } from 'xstate'
import type { MachinePath } from '../../events/machine.ts'
import { valueText } from '../../fold/machine-state.ts'
import { withinTime } from '../../kernel/bounded.ts'
import { WaymarkError } from '../../kernel/errors.ts'
import { limits } from '../../kernel/limits.ts'
import { Book } from './book.ts'
import { hashOfMachine } from './hash.ts'
import { type InsideActor, type InsideLogic, isMachine, keyOf, logicOf, nameOf, ownOf } from './inside.ts'
import { plainOf, revivedError } from './json.ts'
import type { LiveRefs, LiveStep } from './live-step.ts'
import { liveStepOf, outcomeOf } from './outcome.ts'
import type { Delivery, DurableMachine, RecordedMachine, StepAnswer } from './port.ts'
import { assertUsable } from './probe.ts'
import { copied, pathOfRef, type RefPlace } from './refs.ts'
import { restored } from './restore.ts'
import { settleEvent } from './stand-in.ts'
import { treeOf } from './tree.ts'

export interface DurableMachineOptions {
  /**
   * Whether a step that takes longer than {@link limits.machineWaitMs} is ended: for a machine of a module that somebody names. It costs as much
   * as a step, and a machine of the program's own would stop the program elsewhere as well. Transitions that go in circles end in any case.
   */
  readonly watched?: boolean
  /** Told what each step asks for beside what is recorded, before it is recorded: it may never be. */
  readonly onStep?: (live: LiveStep) => void
  /** Whether XState's inspection events are collected. */
  readonly inspect?: boolean
}

type Refused = Extract<StepAnswer, { ok: false }>

/** @throws WaymarkError `MACHINE_INVALID` when it is no machine of XState 5, or of one too old */
export function durableMachine(
  machine: AnyStateMachine,
  options: DurableMachineOptions = {},
): DurableMachine {
  assertUsable(machine)
  const { onStep, inspect = false, watched = false } = options
  const bounded = watched ? endedInTime : unwatched
  const finish = (root: InsideActor, book: Book, now: string, on: string, from: unknown): StepAnswer => {
    assertGood(machine, root, book, on, from)
    const outcome = outcomeOf(machine, root, book, now)
    onStep?.(liveStepOf(root, book))
    return { ok: true, outcome }
  }
  return {
    machineId: machine.id,
    machineVersion: machine.version ?? null,
    machineHash: hashOfMachine(machine),
    start: (input, { now }) =>
      bounded(machine.id, 'start', () => {
        const book = new Book(0, { timers: {}, effects: {} })
        book.isOpen = true
        const given = input === undefined ? undefined : plainOf(input, `input of machine ${machine.id}`)
        const root = treeOf(machine, { input: given }, book, inspect)
        root.start()
        return finish(root, book, now, 'start', null)
      }),
    deliver: (state, delivery, { now }) =>
      bounded(machine.id, nameOfDelivery(state, delivery), () => {
        const { book, root } = resumed(machine, state, delivery, inspect)
        const refused = delivered(machine, state, delivery, root, book)
        return refused ?? finish(root, book, now, nameOfDelivery(state, delivery), state.snapshot.value)
      }),
    snapshotOf(state) {
      const root = restored(machine, state, new Book(state.transitions, state), false)
      // What was restored from a machine's snapshot is one.
      return root.getSnapshot() as unknown as AnyMachineSnapshot
    },
    effectOf: (state, effectId, refs) => effectOf(machine, state, effectId, refs),
  }
}

function unwatched(_machineId: string, _on: string, step: () => StepAnswer): StepAnswer {
  return step()
}

function endedInTime(machineId: string, on: string, step: () => StepAnswer): StepAnswer {
  const result = withinTime(limits.machineWaitMs, step)
  if (result.done) return result.value
  throw new WaymarkError('MACHINE_FAILED', {
    message: `machine ${machineId} did not come to an end on ${on} within ${limits.machineWaitMs} ms; nothing was recorded`,
    hint: 'look for a transition, a raised event or a function that goes round without end',
  })
}

/** The tree as it was before the step, started again; what comes from now on counts. */
function resumed(machine: AnyStateMachine, state: RecordedMachine, delivery: Delivery, inspect: boolean) {
  const { timers, effects } = state
  const pending = {
    timers: delivery.kind === 'timer' ? without(timers, delivery.timerId) : timers,
    effects: delivery.kind === 'effect' ? without(effects, delivery.effectId) : effects,
  }
  const book = new Book(state.transitions, pending)
  const root = restored(machine, state, book, inspect)
  if (root.getSnapshot().status === 'active') root.start()
  book.isOpen = true
  return { book, root }
}

function without<T>(table: Readonly<Record<string, T>>, id: string): Record<string, T> {
  const { [id]: _gone, ...rest } = table
  return rest
}

/** Hands the delivery to whom it is for; answers why not, where it cannot. */
function delivered(
  machine: AnyStateMachine,
  state: RecordedMachine,
  delivery: Delivery,
  root: InsideActor,
  book: Book,
): Refused | null {
  if (root.getSnapshot().status !== 'active') return refused('not-running', `machine ${machine.id} has ended`)
  const find = (path: MachinePath): InsideActor | undefined => book.before.get(keyOf(path))
  if (delivery.kind === 'timer') {
    const timer = ownOf(state.timers, delivery.timerId) as RecordedMachine['timers'][string] | undefined
    if (timer === undefined) return refused('not-running', `timer ${delivery.timerId} is not set`)
    const target = find(timer.target)
    // Whom it was for may have ended meanwhile: then it has fired, and that was all.
    const event = eventFor(machine, state, timer.event, timer.source, book)
    if (target !== undefined) root.system._relay(find(timer.source), target, event)
    return null
  }
  if (delivery.kind === 'effect') {
    const { effectId, outcome, output, error } = delivery
    const effect = ownOf(state.effects, effectId) as RecordedMachine['effects'][string] | undefined
    const actor = effect === undefined ? undefined : find(effect.path)
    if (actor === undefined || !isActive(actor))
      return refused('not-running', `effect ${effectId} is not running`)
    const given =
      output === undefined
        ? undefined
        : plainOf(output, `output of ${nameOf(machine.id, effect?.path ?? [])}`)
    root.system._relay(actor, actor, settleEvent(outcome, given, revivedError(error)))
    return null
  }
  const { event, to } = delivery
  const target = find(to)
  if (target === undefined)
    return refused('no-such-child', `machine ${machine.id} has no child ${to.join('/')} now`)
  if (!isActive(target))
    return refused('not-running', `child ${to.join('/')} of machine ${machine.id} has ended`)
  const plain = eventFor(machine, state, event, to, book)
  const unknown = unknownTo(machine, target, plain, state)
  if (unknown === null) root.system._relay(undefined, target, plain)
  return unknown
}

function isActive(actor: InsideActor): boolean {
  return actor.getSnapshot().status === 'active'
}

/** An event of the step's own, with the actors in it that are written there. */
function eventFor(
  machine: AnyStateMachine,
  state: RecordedMachine,
  event: Readonly<Record<string, unknown>>,
  owner: MachinePath,
  book: Book,
): AnyEventObject {
  const places: RefPlace[] = []
  const copy = Object(copied(plainOf(event, `event for machine ${nameOf(machine.id, owner)}`), owner, places))
  for (const { holder, key, id } of places) {
    const path = pathOfRef(state.snapshot, machine.id, owner, id)
    const actor = path === null ? undefined : book.before.get(keyOf(path))
    if (actor !== undefined) Reflect.set(holder, key, actor)
  }
  return copy
}

function unknownTo(
  machine: AnyStateMachine,
  target: InsideActor,
  event: AnyEventObject,
  state: RecordedMachine,
): Refused | null {
  const { logic } = target
  if (!isMachine(logic)) return null
  const snapshot = target.getSnapshot()
  try {
    // A running machine's snapshot is a machine's.
    if (logic.getTransitionData(snapshot as unknown as AnyMachineSnapshot, event).length > 0) return null
  } catch (error) {
    throw threw(machine, event.type, state.snapshot.value, error)
  }
  const types = (snapshot._nodes ?? []).flatMap((node) => node.ownEvents)
  const accepted = [...new Set(types)].filter((type) => type !== '' && !type.startsWith('xstate.'))
  return refused('unknown-event', `there is no transition for ${event.type} here`, accepted)
}

function refused(kind: Refused['kind'], reason: string, accepted: readonly string[] = []): Refused {
  return { ok: false, kind, reason, accepted }
}

/** An error of the root that no transition led to was thrown by a guard, an assignment or the like: there is no step then. */
function assertGood(
  machine: AnyStateMachine,
  root: InsideActor,
  book: Book,
  on: string,
  from: unknown,
): void {
  if (book.fault !== null) throw book.fault
  const snapshot = root.getSnapshot()
  if (snapshot.status === 'error' && snapshot !== book.rootSnapshot)
    throw threw(machine, on, from, snapshot.error)
}

function threw(machine: AnyStateMachine, on: string, from: unknown, error: unknown): WaymarkError {
  const message = error instanceof Error ? error.message : String(error)
  const where = from === null ? '' : ` in ${valueText(from)}`
  return new WaymarkError('MACHINE_FAILED', {
    message: `machine ${machine.id} threw on ${on}${where}: ${message}; nothing was recorded`,
    hint: 'a guard, an assignment or an expression of the machine threw; the cause says where',
    details: { machine: machine.id, event: on, state: from, error: message },
    cause: error,
  })
}

function nameOfDelivery(state: RecordedMachine, delivery: Delivery): string {
  if (delivery.kind === 'event') return delivery.event.type
  if (delivery.kind === 'effect') return `the end of effect ${delivery.effectId}`
  const name = ownOf(ownOf(state.timers, delivery.timerId), 'name')
  return `timer ${typeof name === 'string' ? name : delivery.timerId}`
}

/** @throws WaymarkError `MACHINE_MISMATCH` when the machine has no such actor */
function effectOf(
  machine: AnyStateMachine,
  state: RecordedMachine,
  effectId: string,
  refs: LiveRefs | undefined,
): { readonly logic: AnyActorLogic; readonly input: unknown } {
  const effect = ownOf(state.effects, effectId) as RecordedMachine['effects'][string] | undefined
  const path = effect?.path ?? []
  let logic: InsideLogic | AnyStateMachine | undefined = effect === undefined ? undefined : machine
  let children: unknown = state.snapshot.children
  for (const id of path) {
    const child = ownOf(children, id)
    logic = isMachine(logic) ? logicOf(logic, ownOf(child, 'src')) : undefined
    children = ownOf(ownOf(child, 'snapshot'), 'children')
  }
  if (effect === undefined || logic === undefined) {
    throw new WaymarkError('MACHINE_MISMATCH', {
      message: `machine ${machine.id} has no actor for effect ${effectId} (${effect?.src ?? 'not running'})`,
      hint: 'give migrate, or open it with the machine that recorded it',
    })
  }
  const places: RefPlace[] = []
  const holder = { input: copied(effect.input, path.slice(0, -1), places) }
  for (const { holder: within, key, id, owner } of refs === undefined ? [] : places) {
    const found = pathOfRef(state.snapshot, machine.id, owner, id)
    if (found !== null) Reflect.set(within, key, refs?.refOf(found))
  }
  // What a machine names as an actor is logic.
  return { logic: logic as unknown as AnyActorLogic, input: holder.input }
}
