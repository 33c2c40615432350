/** A recorded state as XState's actors again, or why the machine has no such state. */
import { type AnyStateMachine, createActor } from 'xstate'
import type { MachinePath } from '../../events/machine.ts'
import { WaymarkError } from '../../kernel/errors.ts'
import { canonicalJson } from '../../kernel/json.ts'
import type { Book } from './book.ts'
import {
  type InsideActor,
  type InsideLogic,
  insideOf,
  isMachine,
  keyOf,
  logicOf,
  nameOf,
  nodeOf,
  ownOf,
} from './inside.ts'
import { revivedError } from './json.ts'
import type { RecordedMachine } from './port.ts'
import { copied, pathOfRef, type RefPlace } from './refs.ts'
import { treeOf } from './tree.ts'

/** The root, not started. @throws WaymarkError `MACHINE_MISMATCH` when the machine has no such state */
export function restored(
  machine: AnyStateMachine,
  state: RecordedMachine,
  book: Book,
  inspects: boolean,
): InsideActor {
  const places: RefPlace[] = []
  const lacks = (what: string): WaymarkError => mismatch(machine, state, what)
  const snapshot = prepared(machine, state.snapshot, [], { places, lacks })
  const root = treeOf(machine, { snapshot }, book, inspects)
  assertSame(root, state.snapshot, [], lacks)
  for (const { holder, key, id, owner } of places) {
    const path = pathOfRef(state.snapshot, machine.id, owner, id)
    const found = path === null ? undefined : book.before.get(keyOf(path))
    Reflect.set(holder, key, found ?? goneActor(book.before.get(keyOf(owner)) ?? root, id))
  }
  return root
}

interface Preparing {
  readonly places: RefPlace[]
  lacks(what: string): WaymarkError
}

/** A copy that XState may change, with history and errors as XState has them. */
function prepared(
  logic: InsideLogic | AnyStateMachine,
  recorded: object,
  path: MachinePath,
  preparing: Preparing,
): object {
  const copy: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(recorded)) {
    if (key === 'error') copy[key] = revivedError(value)
    else if (key === 'children' && isMachine(logic))
      copy[key] = preparedChildren(logic, value, path, preparing)
    else if (key === 'value' && isMachine(logic)) copy[key] = inDocumentOrder(logic.root, value)
    else if (key === 'historyValue' && isMachine(logic))
      copy[key] = revivedHistory(logic, value, path, preparing)
    // The input of an effect came from the machine above it.
    else copy[key] = copied(value, isMachine(logic) ? path : path.slice(0, -1), preparing.places)
  }
  return copy
}

function preparedChildren(
  machine: AnyStateMachine,
  children: unknown,
  path: MachinePath,
  preparing: Preparing,
): object {
  const copy: Record<string, unknown> = {}
  // In the order of their ids, as names of a context: see `copied`.
  for (const id of Object.keys(children ?? {}).sort()) {
    const child = ownOf(children, id)
    const src = ownOf(child, 'src')
    const logic = logicOf(machine, src)
    const snapshot = ownOf(child, 'snapshot')
    if (logic === undefined || typeof snapshot !== 'object' || snapshot === null) {
      throw preparing.lacks(`no actor ${String(src)}, which its child ${nameOf(id, [])} runs on`)
    }
    copy[id] = { ...Object(child), snapshot: prepared(logic, snapshot, [...path, id], preparing) }
  }
  return copy
}

/**
 * A state value with its names as they stand in the machine. XState asks parallel states in the order that a value names them; written as JSON, a
 * value has no order of its own.
 */
export function inDocumentOrder(node: unknown, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  const states = ownOf(node, 'states')
  const names = Object.keys(Object(states)).filter((name) => Object.hasOwn(value, name))
  const unknown = Object.keys(value).filter((name) => !names.includes(name))
  return Object.fromEntries(
    [...names, ...unknown].map((name) => [name, inDocumentOrder(ownOf(states, name), ownOf(value, name))]),
  )
}

/** XState looks for remembered states by a text that it takes apart, and warns where it finds none: here they are found by their id. */
function revivedHistory(
  machine: AnyStateMachine,
  history: unknown,
  path: MachinePath,
  preparing: Preparing,
): object {
  const revived: Record<string, unknown[]> = {}
  for (const [id, nodes] of Object.entries(history ?? {})) {
    revived[id] = (Array.isArray(nodes) ? nodes : []).map((written: unknown) => {
      const node = nodeOf(machine, String(ownOf(written, 'id')))
      if (node === undefined)
        throw preparing.lacks(
          `no state ${String(ownOf(written, 'id'))}, which ${nameOf(machine.id, path)} remembers`,
        )
      return node
    })
  }
  return revived
}

/** XState fills in what a value leaves open, and keeps an error to itself: both mean that the machine has another shape than the state. */
function assertSame(
  actor: InsideActor,
  recorded: object,
  path: MachinePath,
  lacks: Preparing['lacks'],
): void {
  const snapshot = actor.getSnapshot()
  const value = ownOf(recorded, 'value')
  if (
    value !== undefined &&
    (snapshot.machine === undefined || canonicalJson(snapshot.value) !== canonicalJson(value))
  ) {
    throw lacks(
      `no state ${canonicalJson(value)}${path.length === 0 ? '' : ` in its child ${path.join('/')}`}`,
    )
  }
  // As XState keeps them when it makes a snapshot anew: in the order of the machine, so that `always` is asked in one order.
  snapshot._nodes?.sort((a, b) => a.order - b.order)
  for (const [id, child] of Object.entries(snapshot.children ?? {})) {
    const below = ownOf(ownOf(ownOf(recorded, 'children'), id), 'snapshot')
    if (child !== undefined && typeof below === 'object' && below !== null)
      assertSame(child, below, [...path, id], lacks)
  }
}

function mismatch(machine: AnyStateMachine, state: RecordedMachine, what: string): WaymarkError {
  const version = (given: string | null | undefined): string =>
    given == null ? 'no version' : `version ${given}`
  return new WaymarkError('MACHINE_MISMATCH', {
    message:
      `machine ${machine.id} (${version(machine.version)}) has ${what}; ` +
      `it was recorded by ${state.machineId} (${version(state.machineVersion)})`,
    hint: 'give migrate, which turns the recorded snapshot into one of this machine, or open it with the machine that recorded it',
    details: { recordedVersion: state.machineVersion, version: machine.version ?? null },
  })
}

/** Stands where an actor was that has ended and been let go: what is sent to it goes nowhere, and it is written as it was. */
function goneActor(owner: InsideActor, id: string): object {
  const options: object = { id, parent: owner, src: id }
  const actor = createActor(goneLogic, options)
  insideOf(actor)._stop()
  return actor
}

const gone = { status: 'stopped', output: undefined, error: undefined } as const
const goneLogic = {
  transition: () => gone,
  getInitialSnapshot: () => gone,
  getPersistedSnapshot: () => gone,
}
