/** From what a step wrote down to what is recorded of it, and to what is done once it is. */
import type { AnyStateMachine } from 'xstate'
import type { JsonValue } from '../../events/json.ts'
import type { MachineEffect, MachinePath, MachineTimer } from '../../events/machine.ts'
import type { PersistedSnapshot } from '../../fold/machine-state.ts'
import { isoOf } from '../../kernel/clock.ts'
import { WaymarkError } from '../../kernel/errors.ts'
import { limits } from '../../kernel/limits.ts'
import type { Book, BookedAction, BookedTimer } from './book.ts'
import { type InsideActor, type InsideInspection, insideOf, nameOf, ownOf, pathOf } from './inside.ts'
import { plainOf } from './json.ts'
import type { LiveAction, LiveInspection, LiveRef, LiveRefs, LiveStep } from './live-step.ts'
import type { StepOutcome } from './port.ts'
import { withRefs } from './refs.ts'

/** @throws WaymarkError `MACHINE_INVALID` for what is not plain JSON, `MACHINE_FAILED` for more than a step may ask for */
export function outcomeOf(machine: AnyStateMachine, root: InsideActor, book: Book, now: string): StepOutcome {
  const there = new Set<InsideActor>()
  gather(root, there)
  book.letGo((actor) => there.has(actor))
  for (const [what, { length }] of [
    ['timers', book.timers],
    ['effects', { length: book.effects.size }],
    ['actions', book.actions],
    ['cancelled timers', book.cancelledTimers],
    ['stopped effects', book.stoppedEffects],
  ] as const) {
    if (length > limits.machineStepItemsMax) throw tooMany(machine.id, `${length} ${what} in one step`)
  }
  assertChildren(machine.id, root)
  return {
    snapshot: snapshotOf(machine.id, persistedOf(machine.id, root), []),
    timers: book.timers.map((timer) => timerOf(machine.id, timer, now)),
    cancelledTimers: book.cancelledTimers,
    effects: [...book.effects].map(([actor, effectId]) => effectOf(machine.id, actor, effectId)),
    stoppedEffects: book.stoppedEffects,
    actions: book.actions.map(({ effectId, actor, type }) => ({ effectId, path: [...pathOf(actor)], type })),
  }
}

/** The actors that go on: those of machines that do, from the root downwards. */
function gather(actor: InsideActor, there: Set<InsideActor>): void {
  const { status, children = {} } = actor.getSnapshot()
  if (status !== 'active') return
  there.add(actor)
  for (const child of Object.values(children)) if (child !== undefined) gather(child, there)
}

function tooMany(machineId: string, what: string): WaymarkError {
  return new WaymarkError('MACHINE_FAILED', {
    message: `machine ${machineId} asks for ${what}, more than ${limits.machineStepItemsMax}`,
    hint: 'spread the work over several events',
  })
}

/** XState goes on with nothing where a spawned child has no logic. */
function assertChildren(machineId: string, actor: InsideActor): void {
  for (const [id, child] of Object.entries(actor.getSnapshot().children ?? {})) {
    if (child === undefined) {
      throw new WaymarkError('MACHINE_INVALID', {
        message: `machine ${nameOf(machineId, pathOf(actor))} spawns ${id} from an actor that setup({ actors }) does not have`,
        hint: 'name it there, or correct the name',
      })
    }
    assertChildren(machineId, child)
  }
}

function persistedOf(machineId: string, root: InsideActor): unknown {
  try {
    return root.getPersistedSnapshot()
  } catch (error) {
    throw new WaymarkError('MACHINE_INVALID', {
      message: `machine ${machineId} holds itself in its context, or something else that XState cannot persist: ${String(error)}`,
      hint: 'keep plain values in the context: texts, numbers, booleans, null, arrays and objects of these',
      cause: error,
    })
  }
}

function snapshotOf(machineId: string, persisted: unknown, path: MachinePath): PersistedSnapshot {
  const snapshot: PersistedSnapshot = {}
  for (const [key, value] of Object.entries(persisted ?? {})) {
    if (value === undefined) continue
    if (key === 'children') snapshot[key] = childrenOf(machineId, value, path)
    else snapshot[key] = plainOf(value, `${key} of machine ${nameOf(machineId, path)}`)
  }
  return snapshot
}

function childrenOf(machineId: string, children: unknown, path: MachinePath): JsonValue {
  const written: Record<string, JsonValue> = {}
  for (const [id, child] of Object.entries(children ?? {})) {
    const rest = plainOf({ ...child, snapshot: null }, `child ${id} of machine ${nameOf(machineId, path)}`)
    written[id] = {
      ...Object(rest),
      snapshot: snapshotOf(machineId, ownOf(child, 'snapshot'), [...path, id]),
    }
  }
  return written
}

/** The last moment that a time is written of with four digits of a year. */
const latestMs = Date.parse('9999-12-31T23:59:59.999Z')

function timerOf(machineId: string, timer: BookedTimer, now: string): MachineTimer {
  const { timerId, name, source, target, event, delay } = timer
  // Times are whole milliseconds; no timer is due before its delay is over.
  const dueMs = Date.parse(now) + Math.ceil(Math.max(0, delay))
  if (Number.isNaN(dueMs) || dueMs > latestMs) {
    throw new WaymarkError('MACHINE_INVALID', {
      message: `timer ${name} of machine ${nameOf(machineId, pathOf(source))} has the delay ${String(delay)}, which leads to no date`,
      hint: 'give a delay in milliseconds',
    })
  }
  return {
    timerId,
    name,
    source: [...pathOf(source)],
    target: [...pathOf(target)],
    event: { type: event.type, ...Object(plainOf(event, `event of timer ${name} of machine ${machineId}`)) },
    delayMs: Math.max(0, delay),
    dueAt: isoOf(dueMs),
  }
}

function effectOf(machineId: string, actor: InsideActor, effectId: string): MachineEffect {
  const path = pathOf(actor)
  const { input } = actor.options
  return {
    effectId,
    path: [...path],
    src: String(actor.src),
    ...(input === undefined ? {} : { input: plainOf(input, `input of ${nameOf(machineId, path)}`) }),
  }
}

export function liveStepOf(root: InsideActor, book: Book): LiveStep {
  return {
    transition: book.transition,
    actions: book.actions.map((action) => liveAction(root, action)),
    deliveries: book.deliveries.flatMap(({ to, event }) => {
      const effectId = book.effectIdOf(to)
      return effectId === undefined ? [] : [{ effectId, event }]
    }),
    emitted: book.emitted.map(({ actor, event }) => ({ path: pathOf(actor), event })),
    inspection: book.inspection.map(liveInspection),
  }
}

function liveAction(root: InsideActor, { effectId, actor, type, call }: BookedAction): LiveAction {
  const path = pathOf(actor)
  const run = (refs: LiveRefs): unknown => {
    if (typeof call === 'function') return call(refs)
    const { exec, info, params } = call
    const { context, event } = info
    const told = { ...info, context: withRefs(context, refs), event: withRefs(event, refs) }
    return exec?.({ ...told, self: refs.refOf(path), system: liveSystem(root, refs) }, withRefs(params, refs))
  }
  return { effectId, path, type, run }
}

/** The actors that have a system id, as the step left them. */
interface LiveSystem {
  get(systemId: string): LiveRef | undefined
  getAll(): Readonly<Record<string, LiveRef>>
}

function liveSystem({ system }: InsideActor, refs: LiveRefs): LiveSystem {
  const get = (systemId: string): LiveRef | undefined => {
    const actor = system.get(systemId)
    return actor === undefined ? undefined : refs.refOf(pathOf(insideOf(actor)))
  }
  const getAll = (): Record<string, LiveRef> => {
    const actors = Object.entries(system.getAll())
    return Object.fromEntries(
      actors.flatMap(([id, actor]) => (actor === undefined ? [] : [[id, refs.refOf(pathOf(actor))]])),
    )
  }
  return { get, getAll }
}

function liveInspection({ type, actorRef, sourceRef, ...rest }: InsideInspection): LiveInspection {
  return { type, path: pathOf(actorRef), source: sourceRef === undefined ? null : pathOf(sourceRef), rest }
}
