/**
 * A state as the language of predicates takes it. The language tells what a value is by its property `constructor`, so a table with an id of
 * that name, which is as good an id as any, is handed over as a `Map`. Nothing is copied where there is none.
 */
import type { ReadonlyState } from '../../fold/state.ts'
import { type Shape, stateShape } from '../../views/state-shape.ts'

const misleading = 'constructor'

export function givenState(state: ReadonlyState): object {
  // A session has no machine: to an expression that is a value that is not there, not a name that is unknown.
  const whole: object = state.machine === undefined ? { machine: null, ...state } : state
  return tables.reduce<object>((given, names) => handedOver(given, names), whole)
}

/** The value with the table at `names` as a `Map`, if it has to be. */
function handedOver(value: object, names: readonly string[]): object {
  const [name, ...rest] = names
  if (name === undefined) return Object.hasOwn(value, misleading) ? new Map(Object.entries(value)) : value
  const part: unknown = Reflect.get(value, name)
  if (typeof part !== 'object' || part === null) return value
  const other = handedOver(part, rest)
  return other === part ? value : { ...value, [name]: other }
}

/** Where in a state there are tables; none is inside another one, or in a list. */
const tables: readonly (readonly string[])[] = tablesIn(stateShape)

function tablesIn(shape: Shape): readonly (readonly string[])[] {
  if (shape === 'value' || 'list' in shape) return []
  if ('each' in shape) return [[]]
  return Object.entries(shape.fields).flatMap(([name, part]) =>
    tablesIn(part).map((names) => [name, ...names]),
  )
}
