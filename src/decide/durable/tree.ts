/**
 * The actors of a step: XState's own, made for it and thrown away after it. Machines and plain transition logic run in them for real; time stands
 * still, custom actions are written down and not run, and what does something by itself is stood in for.
 */
import { type AnyStateMachine, createActor, type InspectionEvent } from 'xstate'
import { WaymarkError } from '../../kernel/errors.ts'
import { limits } from '../../kernel/limits.ts'
import type { Book } from './book.ts'
import {
  type ExecutableAction,
  type InsideActor,
  type InsideInspection,
  type InsideLogic,
  insideOf,
  isMachine,
  keyOf,
  nameOf,
  pathOf,
  processing,
} from './inside.ts'
import { withRefs } from './refs.ts'
import { standInFor } from './stand-in.ts'

export type Origin = { readonly input: unknown } | { readonly snapshot: object }

/** The root of a tree that is not started yet. */
export function treeOf(machine: AnyStateMachine, origin: Origin, book: Book, inspects: boolean): InsideActor {
  const inspect = (event: InspectionEvent): void => {
    // Only the root comes by here: it then takes over what is said of the rest.
    if (event.type === '@xstate.actor') takeOver(insideOf(event.actorRef), machine, book, inspects)
  }
  // XState asks for a snapshot of the machine's own type; what it is has been looked at before.
  const options: object = { ...origin, clock: stillClock, id: machine.id, inspect }
  const root = insideOf(createActor(machine, options))
  // Somebody has to hear of an error, or XState throws it into the process later.
  root.subscribe({ error: () => {} })
  return root
}

/** Nothing is set by it: the scheduler is taken over. */
const stillClock = { setTimeout: () => 0, clearTimeout: () => {} }

function takeOver(root: InsideActor, machine: AnyStateMachine, book: Book, inspects: boolean): void {
  const { system } = root
  system._bookId = () => book.actorId()
  system._sendInspectionEvent = (event) => {
    if (event.type === '@xstate.actor') hook(event.actorRef, machine.id, book)
    else if (event.type === '@xstate.snapshot' && event.actorRef === root) book.rootSnapshot = event.snapshot
    if (inspects && book.isOpen) book.inspection.push(event)
  }
  const relay = system._relay
  system._relay = (source, target, event) => {
    // What is brought back says again what it said before; and XState would warn of what is sent to one that has ended.
    if (book.isOpen && target._processingStatus !== processing.stopped) relay(source, target, event)
  }
  const { scheduler } = system
  scheduler.schedule = (source, target, event, delay, id) => book.setTimer(source, target, event, delay, id)
  scheduler.cancel = (source, id) => book.cancelTimer(source, id)
  scheduler.cancelAll = (source) => book.cancelTimers(source)
  root.sessionId = root.id
  root._actorScope.sessionId = root.id
  hook(root, machine.id, book)
  if (inspects && book.isOpen) book.inspection.push({ type: '@xstate.actor', actorRef: root })
}

/** Comes while the actor is made, before it has a snapshot. */
function hook(actor: InsideActor, machineId: string, book: Book): void {
  const path = pathOf(actor)
  const scope = actor._actorScope
  if (book.isOpen) checkNew(actor, machineId, book)
  else book.before.set(keyOf(path), actor)
  scope.actionExecutor = (action) => execute(actor, action, book)
  scope.emit = (event) => book.emitted.push({ actor, event })
  scope.logger = (...args) =>
    book.act(actor, 'xstate.log', (refs) => print(args.map((arg) => withRefs(arg, refs))))
  const { logic } = actor
  if (isMachine(logic)) boundCircles(logic)
  if (!isMachine(logic) && doesSomething(logic)) actor.logic = standInFor(logic, book)
}

/** What goes in circles ends; an XState that cannot bound that has no such option. */
function boundCircles({ options }: AnyStateMachine): void {
  const most: unknown = Reflect.get(Object(options), 'maxIterations')
  if (typeof most === 'number') options.maxIterations = Math.min(most, limits.machineMicrostepsMax)
}

function doesSomething(logic: InsideLogic): boolean {
  return logic.start !== undefined
}

function print(args: readonly unknown[]): void {
  console.log(...args)
}

/** What a machine makes without end, or what cannot be brought back, ends the step. */
function checkNew(actor: InsideActor, machineId: string, book: Book): void {
  const path = pathOf(actor)
  if (actor._parent === undefined) return
  if (typeof actor.src !== 'string') {
    book.fault ??= new WaymarkError('MACHINE_INVALID', {
      message: `machine ${nameOf(machineId, path.slice(0, -1))} spawns ${actor.id} from logic without a name, which cannot be brought back`,
      hint: 'name the logic in setup({ actors: { … } }), and spawn it by that name',
    })
  }
  if (path.length <= limits.machineDepthMax) return
  book.fault ??= new WaymarkError('MACHINE_FAILED', {
    message: `machine ${machineId} has children within children, more than ${limits.machineDepthMax} deep`,
    hint: 'let a machine not invoke itself without end',
  })
  throw book.fault
}

/** As XState executes: at once while the actor runs, else when it is started. */
function execute(actor: InsideActor, action: ExecutableAction, book: Book): void {
  const { type, info, params, exec } = action
  const run = (): void => {
    const told: InsideInspection = { type: '@xstate.action', actorRef: actor, action: { type, params } }
    actor.system._sendInspectionEvent(told)
    if (exec === undefined) return
    // What XState does itself sets timers and sends events; what the author of a machine does waits until the step is on disk.
    if (type.startsWith('xstate.')) exec(info, params)
    else book.act(actor, type, { exec, info, params })
  }
  if (actor._processingStatus === processing.running) run()
  else actor._deferred.push(run)
}
