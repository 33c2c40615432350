/** Machines that somebody changed, in the place of the usual ones: looked at once, then asked like those. */
import type { AnyStateMachine } from 'xstate'
import { budgetMachine } from '../../machines/budget.ts'
import { type CompiledMachine, compileMachine } from '../../machines/compile.ts'
import { handoffMachine } from '../../machines/handoff.ts'
import { recoveryMachine } from '../../machines/recovery.ts'
import { sessionMachine } from '../../machines/session.ts'
import { taskMachine } from '../../machines/task.ts'
import { withinTime } from '../kernel/bounded.ts'
import { WaymarkError } from '../kernel/errors.ts'
import { limits } from '../kernel/limits.ts'
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
  if (!machineNames.some((name) => Object(given)[name] !== undefined)) {
    throw new WaymarkError('MACHINES_INVALID', {
      message: 'no machine was given',
      hint: `give some of ${machineNames.join(', ')}, each an XState machine`,
      details: {},
    })
  }
  const set: Record<keyof MachineSet, CompiledMachine> = { ...standardSet }
  for (const exported of machineNames) {
    const machine = given[exported]
    if (machine !== undefined) set[usual[exported].name] = compiledOf(exported, machine)
  }
  return machinesOver(set)
}

/**
 * Machines as callers have them: those that were made already, or XState machines by name.
 *
 * @throws WaymarkError `MACHINES_INVALID`
 */
export function machinesGiven(given: Machines | GivenMachines): Machines {
  return isMade(given) ? given : machinesFrom(given)
}

function isMade(given: Machines | GivenMachines): given is Machines {
  const questions = Object.keys(machinesOver(standardSet))
  return questions.every((name) => typeof Reflect.get(Object(given), name) === 'function')
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
export function isStateMachine(value: unknown): value is AnyStateMachine {
  if (typeof value !== 'object' || value === null) return false
  const parts = ['root', 'states', 'events', 'implementations'] as const
  const functions = ['resolveState', 'transition', 'getTransitionData'] as const
  return (
    parts.every((name) => typeof Reflect.get(value, name) === 'object') &&
    functions.every((name) => typeof Reflect.get(value, name) === 'function')
  )
}

interface Question {
  readonly exported: MachineName
  readonly value: string
  readonly type: string
}

/** The question that a given machine has not answered yet: what is ended from outside cannot say where it was. */
let asked: Question | null = null

/**
 * Work that asks given machines often, with one watch over all of it: a watch over each question costs 0.1 ms. What the work has done
 * when it is ended stays done.
 *
 * @throws WaymarkError `MACHINES_INVALID` for a machine that does not come to an answer
 */
export function askingWithin<T>(waitMs: number, work: () => T): T {
  const result = withinTime(waitMs, work)
  if (!result.done) throw endless(asked, waitMs)
  return result.value
}

/** The same for work that may be done again: where all of it takes long, it is done once more with a watch over each question. */
export function askingOften<T>(work: () => T): T {
  const result = withinTime(limits.machinesPageWaitMs, work)
  return result.done ? result.value : work()
}

/** Whether it says that a machine did not come to an answer: no further question is worth its time. */
export function isEndless(error: WaymarkError): boolean {
  return error.code === 'MACHINES_INVALID' && typeof error.details.waitMs === 'number'
}

function endless(question: Question | null, waitMs: number): WaymarkError {
  asked = null
  const { exported = null, value = null, type = null } = question ?? {}
  const what = question === null ? 'machines take' : `${exported} takes`
  const place = question === null ? '' : ` at ${type} in ${value}`
  return new WaymarkError('MACHINES_INVALID', {
    message: `${what} longer than ${waitMs} milliseconds${place}, and was ended`,
    hint: 'guards and assignments answer at once; is there a loop that never ends?',
    details: { machine: exported, state: value, event: type, waitMs },
  })
}

/** What a machine throws when it is asked is said with its name, and it is ended when it never answers. */
function guarded(exported: MachineName, machine: CompiledMachine): CompiledMachine {
  const asking = <T>(value: string, type: string, ask: () => T): T => {
    asked = { exported, value, type }
    try {
      const answer = askingWithin(limits.machineWaitMs, ask)
      asked = null
      return answer
    } catch (error) {
      asked = null
      if (error instanceof WaymarkError && error.code === 'MACHINES_INVALID') throw error
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
