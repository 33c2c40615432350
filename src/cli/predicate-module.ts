/** A predicate out of a module that a user wrote: `--module crowded.mjs`. */
import { WaymarkError } from '../kernel/errors.ts'
import { type Predicate, predicateOf } from '../replay/predicate/predicate.ts'
import { loadUserModule } from './user-module.ts'

/**
 * Loads the predicate of a module: its default export, its export `predicate`, or the only function it exports.
 *
 * @throws WaymarkError `PREDICATE_INVALID`
 */
export async function loadPredicate(path: string): Promise<Predicate> {
  const loaded = await loadUserModule(path)
  if ('problem' in loaded) throw invalid(path, loaded.problem, loaded.cause)
  const functions = Object.entries(loaded.module).filter(
    (entry): entry is [string, (...given: readonly unknown[]) => unknown] => typeof entry[1] === 'function',
  )
  const [first] = functions
  if (first === undefined) throw invalid(path, 'it exports no function')
  const named = functions.find(([name]) => name === 'default' || name === 'predicate')
  if (named === undefined && functions.length > 1) {
    throw invalid(
      path,
      `it exports ${functions.map(([name]) => name).join(', ')}; none is default or predicate`,
    )
  }
  const [name, test] = named ?? first
  return predicateOf(`${path} (${name})`, (state) => test(state))
}

function invalid(path: string, what: string, cause: unknown = null): WaymarkError {
  return new WaymarkError('PREDICATE_INVALID', {
    message: `no predicate in ${path}: ${what}`,
    hint: 'a module exports a function: export default (state) => state.taskCount > 10',
    details: { path },
    ...(cause === null ? {} : { cause }),
  })
}
