/** Machines out of a module that a user wrote: `--machines changed.mjs`. */
import type { Machines } from '../decide/machines.ts'
import { machineNames, machinesFrom } from '../decide/machines-given.ts'
import { WaymarkError } from '../kernel/errors.ts'
import { loadUserModule } from './user-module.ts'

const hint = `a module exports some of ${machineNames.join(', ')}, each an XState machine`

/**
 * Loads the machines of a module, by the path that the user gave. What the module runs when it is loaded runs here, with all that this
 * process may do: a module is a program, and whoever names it trusts it.
 *
 * @throws WaymarkError `MACHINES_INVALID`
 */
export async function loadMachines(path: string): Promise<Machines> {
  const loaded = await loadUserModule(path)
  if ('problem' in loaded) throw invalid(path, loaded.problem, loaded.cause)
  const given = namedOf(loaded.module)
  if (Object.keys(given).length === 0) throw invalid(path, 'it exports no machine')
  try {
    return machinesFrom(given)
  } catch (error) {
    if (!(error instanceof WaymarkError)) throw error
    throw new WaymarkError(error.code, {
      message: `${path}: ${error.message}`,
      hint: error.hint ?? hint,
      details: { ...error.details, path },
      cause: error,
    })
  }
}

/** The machines among the exports, of the module itself or of its default export. */
function namedOf(module: object): Readonly<Record<string, unknown>> {
  const exported: unknown = Reflect.get(module, 'default')
  const places = typeof exported === 'object' && exported !== null ? [exported, module] : [module]
  const given: Record<string, unknown> = {}
  for (const place of places) {
    for (const name of machineNames) {
      const value: unknown = Reflect.get(place, name)
      if (value !== undefined) given[name] = value
    }
  }
  return given
}

function invalid(path: string, what: string, cause: unknown = null): WaymarkError {
  return new WaymarkError('MACHINES_INVALID', {
    message: `no machines in ${path}: ${what}`,
    hint,
    details: { path },
    ...(cause === null ? {} : { cause }),
  })
}
