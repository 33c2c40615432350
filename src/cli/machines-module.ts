/** Machines out of a module that a user wrote: `--machines changed.mjs`. */
import { durableMachine } from '../decide/durable/machine.ts'
import type { DurableMachine } from '../decide/durable/port.ts'
import type { Machines } from '../decide/machines.ts'
import { isStateMachine, machineNames, machinesFrom } from '../decide/machines-given.ts'
import { WaymarkError } from '../kernel/errors.ts'
import { namesText } from '../views/text.ts'
import { loadUserModule } from './user-module.ts'

const ownHint = `a module exports some of ${machineNames.join(', ')}, each an XState machine, to decide in the place of Waymark's own`
const hint = `${ownHint}; or, under any other name, machines that run on the log`

/** Machines that a module exports: some in the place of Waymark's own, by their names, and any that run on the log. */
export interface LoadedMachines {
  readonly machines: Machines | null
  readonly durable: readonly DurableMachine[]
}

/**
 * Loads the machines of a module, by the path that the user gave. What the module runs when it is loaded runs here, with all that this
 * process may do: a module is a program, and whoever names it trusts it.
 *
 * @throws WaymarkError `MACHINES_INVALID`
 */
export async function loadAllMachines(path: string): Promise<LoadedMachines> {
  const loaded = await loadUserModule(path)
  if ('problem' in loaded) throw invalid(path, loaded.problem, { cause: loaded.cause })
  const given = namedOf(loaded.module)
  const durable = durableOf(loaded.module)
  const isEmpty = Object.keys(given).length === 0
  if (isEmpty && durable.length === 0) throw invalid(path, 'it exports no machine')
  return { machines: isEmpty ? null : machinesIn(path, given), durable }
}

/** The same for machines in the place of Waymark's own alone. @throws WaymarkError `MACHINES_INVALID` */
export async function loadMachines(path: string): Promise<Machines> {
  const { machines, durable } = await loadAllMachines(path)
  if (machines !== null) return machines
  const names = namesText(durable.map(({ machineId }) => machineId))
  throw invalid(
    path,
    `it exports what runs on the log (${names}), and none to decide in the place of Waymark's own`,
    {
      hint: `waymark verify <session> --machines ${path} asks a machine about its stream; waymark fork <session> --at <version> begins one that can be sent other events`,
    },
  )
}

function machinesIn(path: string, given: Readonly<Record<string, unknown>>): Machines {
  try {
    return machinesFrom(given)
  } catch (error) {
    if (!(error instanceof WaymarkError)) throw error
    throw new WaymarkError(error.code, {
      message: `${path}: ${error.message}`,
      hint: error.hint ?? ownHint,
      details: { ...error.details, path },
      cause: error,
    })
  }
}

/** Where a module may have its machines: itself, and its default export. */
function placesIn(module: object): readonly object[] {
  const exported: unknown = Reflect.get(module, 'default')
  return typeof exported === 'object' && exported !== null ? [exported, module] : [module]
}

/** Machines under any other name, and a machine as the default export. */
function durableOf(module: object): readonly DurableMachine[] {
  const places = placesIn(module)
  const exported = [...places, ...places.flatMap((place) => Object.entries(place).map(named))]
  return [...new Set(exported)]
    .filter(isStateMachine)
    .map((machine) => durableMachine(machine, { watched: true }))
}

function named([name, value]: readonly [string, unknown]): unknown {
  return machineNames.some((known) => known === name) ? null : value
}

/** The machines among the exports, of the module itself or of its default export. */
function namedOf(module: object): Readonly<Record<string, unknown>> {
  const places = placesIn(module)
  const given: Record<string, unknown> = {}
  for (const place of places) {
    for (const name of machineNames) {
      const value: unknown = Reflect.get(place, name)
      if (value !== undefined) given[name] = value
    }
  }
  return given
}

function invalid(
  path: string,
  what: string,
  { cause = null, ...more }: { readonly hint?: string; readonly cause?: unknown } = {},
): WaymarkError {
  return new WaymarkError('MACHINES_INVALID', {
    message: `no machines in ${path}: ${what}`,
    hint,
    details: { path },
    ...more,
    ...(cause === null ? {} : { cause }),
  })
}
