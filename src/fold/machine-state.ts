/** What a machine's stream has beside a session's state: where the machine is, and what it waits for. Made only by the fold. */

import type { JsonValue } from '../events/json.ts'
import type { MachineEffect, MachineTimer, TimerPolicy, UnknownEventPolicy } from '../events/machine.ts'
import { own } from './copies.ts'

/** What XState persists of a machine and its children: `status`, `value`, `context`, `historyValue`, `children`, `output`, `error`. */
export type PersistedSnapshot = Record<string, JsonValue>

export const machineStatuses = ['active', 'done', 'error', 'stopped'] as const
export type MachineStatus = (typeof machineStatuses)[number]

/** Work of a machine that goes on outside of it. */
export interface RunningEffect extends MachineEffect {
  /** Version of the event that asked for it. */
  since: number
}

export interface MachineState {
  machineId: string
  /** The version that the machine says it has; `null` when it says none. */
  machineVersion: string | null
  /** SHA-256 of its definition. */
  machineHash: string
  unknownEvents: UnknownEventPolicy
  timerPolicy: TimerPolicy
  /** Of the machine itself; its children's stand in the snapshot. */
  status: MachineStatus
  snapshot: PersistedSnapshot
  /** How many steps it has made, its start among them: the number of the next one. */
  transitions: number
  /** Timers that are set, by their id. */
  timers: Record<string, MachineTimer>
  /** Effects that have begun and have neither ended nor been stopped, by their id. */
  effects: Record<string, RunningEffect>
  /** Events it knew nothing to do with, that were recorded. */
  ignoredEvents: number
  failedActions: number
  /** When it made its newest step. */
  lastTransitionAt: string
}

/** The timer or effect of that id, while it is set or runs; an id such as `constructor` finds no inherited property. */
export function pendingOf<T>(table: Readonly<Record<string, T>>, id: string): T | undefined {
  return own(table, id)
}

/** A child as it is persisted, by the ids from the root downwards; `undefined` where there is none, and for the root itself. */
export function childAt(snapshot: unknown, path: readonly string[]): unknown {
  let found: unknown
  let within = snapshot
  for (const id of path) {
    found = own(Object(Reflect.get(Object(within), 'children')), id)
    within = Reflect.get(Object(found), 'snapshot')
  }
  return found
}

/** A state value in one line: `paid`, `paid.boxed`, `{lamp: on, door: shut.locked}`. */
export function valueText(value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value !== 'object' || value === null) return String(value)
  const parts = Object.entries(value)
  const [only] = parts
  if (parts.length === 1 && only !== undefined) {
    const inner = valueText(only[1])
    return inner === '' || inner === '{}' ? only[0] : `${only[0]}.${inner}`
  }
  return `{${parts.map(([name, inner]) => (isEmpty(inner) ? name : `${name}: ${valueText(inner)}`)).join(', ')}}`
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}
