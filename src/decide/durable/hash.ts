/** A machine's definition as one hash: the same in every process, another one when its states, transitions or names change. */
import type { AnyStateMachine } from 'xstate'
import { hashOf } from '../../kernel/hash.ts'
import { limits } from '../../kernel/limits.ts'

/** SHA-256 of the definition. Functions count by their name and what XState hangs on them, not by what they do. */
export function hashOfMachine(machine: AnyStateMachine): string {
  return hashOf(described(machine.definition, new Set()))
}

/** Parts of a function that are XState's own code. */
const ownCode: ReadonlySet<string> = new Set(['resolve', 'execute', 'retryResolve', 'check'])

function described(value: unknown, above: ReadonlySet<object>): unknown {
  switch (typeof value) {
    case 'string':
      return value.replaceAll(/\p{Surrogate}/gu, '\uFFFD')
    case 'number':
      return Number.isFinite(value) ? value : String(value)
    case 'boolean':
      return value
    case 'function':
      return above.has(value) ? null : { function: value.name, ...describedFields(value, above, ownCode) }
    case 'object':
      return value === null ? null : describedObject(value, above)
    default:
      // A bigint or a symbol: its text.
      return typeof value === 'bigint' || typeof value === 'symbol' ? value.toString() : null
  }
}

function describedObject(value: object, above: ReadonlySet<object>): unknown {
  if (above.has(value) || above.size > limits.machineJsonDepthMax) return '(again)'
  if (isStateNode(value)) return `#${value.id}`
  if (Array.isArray(value)) {
    const within = new Set(above).add(value)
    return value.map((item: unknown) => described(item, within))
  }
  if (value instanceof Date) return value.toISOString()
  return describedFields(value, above, toJson)
}

/** Of transitions and invokes: a copy of themselves with texts in place of states, which are told as such here. */
const toJson: ReadonlySet<string> = new Set(['toJSON'])

function describedFields(value: object, above: ReadonlySet<object>, without: ReadonlySet<string>): object {
  const within = new Set(above).add(value)
  const fields = Object.entries(value).filter(([key, item]) => item !== undefined && !without.has(key))
  return Object.fromEntries(fields.map(([key, item]) => [key, described(item, within)]))
}

/** Transitions point to states: they are told by their id, as their own definition stands elsewhere. */
function isStateNode(value: object): value is { readonly id: string } {
  return 'machine' in value && 'id' in value && 'ownEvents' in value
}
