/** Machines that somebody changed, in the place of the usual ones: looked at once, then asked like those. */
import type { AnyStateMachine } from 'xstate'
import { budgetMachine } from '../../machines/budget.ts'
import { type CompiledMachine, compileMachine } from '../../machines/compile.ts'
import { handoffMachine } from '../../machines/handoff.ts'
import { recoveryMachine } from '../../machines/recovery.ts'
import { sessionMachine } from '../../machines/session.ts'
import { taskMachine } from '../../machines/task.ts'
import { WaymarkError } from '../kernel/errors.ts'
import { type MachineSet, type Machines, machinesOver, standardSet } from './machines.ts'

/** The names under which machines are given, and the usual machine of each. */
const usual = {
  taskMachine: { name: 'task', machine: taskMachine },
  budgetMachine: { name: 'budget', machine: budgetMachine },
  sessionMachine: { name: 'session', machine: sessionMachine },
  handoffMachine: { name: 'handoff', machine: handoffMachine },
  recoveryMachine: { name: 'recovery', machine: recoveryMachine },
} as const satisfies Record<string, { name: keyof MachineSet; machine: AnyStateMachine }>

export type MachineName = keyof typeof usual

export const machineNames: readonly MachineName[] = [
  'taskMachine',
  'budgetMachine',
  'sessionMachine',
  'handoffMachine',
  'recoveryMachine',
]

/** XState machines by name. What is not given stays as it is. */
export type GivenMachines = { readonly [Name in MachineName]?: unknown }

/**
 * Machines to decide with, made from XState machines. A machine that is given says itself what it accepts and where that leads; it has
 * the states of the usual one, and accepts some of its events. For one that is not given, the usual one is asked.
 *
 * @throws WaymarkError `MACHINES_INVALID` for what is no such machine; later, when a guard or an assignment of one throws.
 *
 * @example
 * ```ts
 * const machines = machinesFrom({ taskMachine: createTaskMachine() })
 * const state = initialState('sess_00000000-0000-4000-8000-000000000000')
 * machines.session(state, 'task.add').ok // false: the session has not been started
 * ```
 */
export function machinesFrom(given: GivenMachines): Machines {
  const set: Record<keyof MachineSet, CompiledMachine> = { ...standardSet }
  for (const exported of machineNames) {
    const machine = given[exported]
    if (machine !== undefined) set[usual[exported].name] = compiledOf(exported, machine)
  }
  return machinesOver(set)
}

function compiledOf(exported: MachineName, machine: unknown): CompiledMachine {
  if (!isStateMachine(machine)) {
    throw invalid(exported, 'is no XState machine of version 5', { given: typeof machine })
  }
  const { machine: standard } = usual[exported]
  if (machine.root.type === 'parallel') throw invalid(exported, 'is in several states at once')
  const known = Object.keys(standard.states)
  const own = Object.keys(machine.states)
  const missing = known.filter((state) => !own.includes(state))
  if (missing.length > 0) throw invalid(exported, `lacks the states ${missing.join(', ')}`, { missing })
  const unknown = own.filter((state) => !known.includes(state))
  if (unknown.length > 0)
    throw invalid(exported, `has states that a log does not know: ${unknown.join(', ')}`, {
      unknown,
    })
  const events = new Set(standard.events.map(String))
  if (!machine.events.some((event) => event === '*' || events.has(event) || event.endsWith('.*'))) {
    throw invalid(exported, `accepts none of the events ${[...events].join(', ')}`)
  }
  return guarded(exported, compileMachine(machine))
}

/** A machine of any copy of XState: the one that a module brings along is not the one used here. */
function isStateMachine(value: unknown): value is AnyStateMachine {
  if (typeof value !== 'object' || value === null) return false
  const parts = ['root', 'states', 'events', 'implementations'] as const
  const functions = ['resolveState', 'transition', 'getTransitionData'] as const
  return (
    parts.every((name) => typeof Reflect.get(value, name) === 'object') &&
    functions.every((name) => typeof Reflect.get(value, name) === 'function')
  )
}

/** What a machine throws when it is asked is said with its name. */
function guarded(exported: MachineName, machine: CompiledMachine): CompiledMachine {
  const asking = <T>(value: string, type: string, ask: () => T): T => {
    try {
      return ask()
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      throw new WaymarkError('MACHINES_INVALID', {
        message: `${exported} throws at ${type} in ${value}: ${message}`,
        hint: 'guards and assignments answer for every state, event and context, and throw nothing',
        details: { machine: exported, state: value, event: type },
        cause: error,
      })
    }
  }
  return {
    notHeld: machine.notHeld,
    target: (value, context, event) => asking(value, event.type, () => machine.target(value, context, event)),
    step: (value, context, event) => asking(value, event.type, () => machine.step(value, context, event)),
  }
}

function invalid(
  exported: MachineName,
  what: string,
  details: Readonly<Record<string, unknown>> = {},
): WaymarkError {
  return new WaymarkError('MACHINES_INVALID', {
    message: `${exported} ${what}`,
    hint: `begin with the ${exported} of waymark/machines, and keep the names of its states and events`,
    details: { machine: exported, ...details },
  })
}
