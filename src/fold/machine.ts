/** How a machine's events change state. A step is a new state of the machine, made from the recorded result: no machine is asked. */
import { isDraft, original } from 'immer'
import type { EventData } from '../events/catalogue.ts'
import type { JsonValue } from '../events/json.ts'
import { applyPatch, type Patch } from '../events/patch.ts'
import {
  type MachineState,
  type MachineStatus,
  machineStatuses,
  type PersistedSnapshot,
  pendingOf,
  valueText,
} from './machine-state.ts'
import { note, type Recipes } from './recipe.ts'
import type { SessionState } from './state.ts'

export const machineRecipes: Pick<
  Recipes,
  | 'machine.started'
  | 'machine.transitioned'
  | 'machine.event-ignored'
  | 'machine.effect-settled'
  | 'machine.timer-fired'
  | 'machine.timers-resumed'
  | 'machine.migrated'
  | 'machine.action-failed'
> = {
  'machine.started': (state, { data, time, version }) => {
    state.startedAt = time
    state.nativeId = data.nativeId
    state.title = data.title ?? null
    const { machineId, machineVersion, machineHash, unknownEvents, timerPolicy, snapshot } = data
    const empty: MachineState = {
      machineId,
      machineVersion,
      machineHash,
      unknownEvents,
      timerPolicy,
      status: statusOf(snapshot),
      snapshot,
      transitions: 0,
      timers: {},
      effects: {},
      ignoredEvents: 0,
      failedActions: 0,
      lastTransitionAt: time,
    }
    state.machine = asked(empty, data, version, time)
    note(state, version, time, `machine ${machineId} started in ${valueText(snapshot.value)}`)
  },
  'machine.transitioned': (state, { data, time, version }) => {
    step(state, data, version, time, (machine) => machine, data.event.type)
  },
  'machine.event-ignored': (state) => {
    change(state, (machine) => ({ ...machine, ignoredEvents: machine.ignoredEvents + 1 }))
  },
  'machine.effect-settled': (state, { data, time, version }) => {
    const what = `effect ${data.effectId} ${data.outcome}`
    step(state, data, version, time, (machine) => withoutEffects(machine, [data.effectId]), what)
  },
  'machine.timer-fired': (state, { data, time, version }) => {
    const what = `timer ${data.timerId}`
    step(state, data, version, time, (machine) => withoutTimers(machine, [data.timerId]), what)
  },
  'machine.timers-resumed': (state, { data, time, version }) => {
    change(state, (machine) => {
      const timers = { ...machine.timers }
      for (const { timerId, dueAt } of data.timers) {
        const timer = pendingOf(timers, timerId)
        if (timer !== undefined) timers[timerId] = { ...timer, dueAt }
      }
      return { ...machine, timers }
    })
    note(state, version, time, `${data.timers.length} timers go on: ${data.policy}`)
  },
  'machine.migrated': (state, { data, time, version }) => {
    change(state, (machine) => {
      const { machineId, machineVersion, machineHash, snapshot = machine.snapshot } = data
      const { unknownEvents = machine.unknownEvents, timerPolicy = machine.timerPolicy } = data
      const named = { machineId, machineVersion, machineHash, unknownEvents, timerPolicy }
      const { cancelledTimers = [], stoppedEffects = [] } = data
      const kept = withoutEffects(withoutTimers(machine, cancelledTimers), stoppedEffects)
      return { ...kept, ...named, snapshot, status: statusOf(snapshot) }
    })
    note(
      state,
      version,
      time,
      `machine ${data.machineId} goes on as version ${data.machineVersion ?? 'none'}`,
    )
  },
  'machine.action-failed': (state, { data, time, version }) => {
    change(state, (machine) => ({ ...machine, failedActions: machine.failedActions + 1 }))
    note(state, version, time, `action ${data.action} failed: ${data.error.message}`)
  },
}

type Asked = Pick<
  EventData<'machine.started'>,
  'transition' | 'timers' | 'cancelledTimers' | 'effects' | 'stoppedEffects'
>

interface Stepped extends Asked {
  readonly value: JsonValue
  readonly patch?: Patch | undefined
}

/** Replaces the machine's state by the one that it leads to; an event of a machine that never started changes nothing. */
function change(state: SessionState, next: (machine: MachineState) => MachineState): void {
  const { machine } = state
  if (machine === undefined) return
  // Each change puts a new object in its place, so that a draft of it is as it was: nothing has to be copied twice.
  state.machine = next(isDraft(machine) ? (original(machine) ?? machine) : machine)
}

function step(
  state: SessionState,
  data: Stepped,
  version: number,
  time: string,
  first: (machine: MachineState) => MachineState,
  why: string,
): void {
  change(state, (machine) => {
    const snapshot = snapshotAfter(machine.snapshot, data)
    return asked({ ...first(machine), snapshot, status: statusOf(snapshot) }, data, version, time)
  })
  note(state, version, time, `${why}: ${valueText(data.value)}`)
}

function snapshotAfter(before: PersistedSnapshot, { value, patch }: Stepped): PersistedSnapshot {
  const patched = patch === undefined ? before : applyPatch(before, patch)
  // A snapshot is an object, whatever a patch says.
  const isSnapshot = typeof patched === 'object' && patched !== null && !Array.isArray(patched)
  return { ...(isSnapshot ? patched : before), value }
}

/** What a step asked for, beside where it led. */
function asked(machine: MachineState, data: Asked, version: number, time: string): MachineState {
  const { transition, timers = [], cancelledTimers = [], effects = [], stoppedEffects = [] } = data
  const next = withoutEffects(withoutTimers(machine, cancelledTimers), stoppedEffects)
  if (timers.length > 0) {
    next.timers = { ...next.timers, ...Object.fromEntries(timers.map((timer) => [timer.timerId, timer])) }
  }
  if (effects.length > 0) {
    const begun = effects.map((effect) => [effect.effectId, { ...effect, since: version }] as const)
    next.effects = { ...next.effects, ...Object.fromEntries(begun) }
  }
  return { ...next, transitions: transition + 1, lastTransitionAt: time }
}

function withoutTimers(machine: MachineState, ids: readonly string[]): MachineState {
  return { ...machine, timers: without(machine.timers, ids) }
}

function withoutEffects(machine: MachineState, ids: readonly string[]): MachineState {
  return { ...machine, effects: without(machine.effects, ids) }
}

function without<T>(table: Record<string, T>, ids: readonly string[]): Record<string, T> {
  if (!ids.some((id) => Object.hasOwn(table, id))) return table
  const gone = new Set(ids)
  return Object.fromEntries(Object.entries(table).filter(([id]) => !gone.has(id)))
}

function statusOf({ status }: Readonly<Record<string, unknown>>): MachineStatus {
  return machineStatuses.find((known) => known === status) ?? 'active'
}
