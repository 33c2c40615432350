/** What a guard is called. */
import { shortTextOf } from './spell.ts'

/** Names that functions have by where they are written, and that say nothing. */
const saysNothing: ReadonlySet<string> = new Set(['', 'guard', 'check'])

const unnamed = 'a condition'

/** A guard by its name; of guards made of guards, how; `null` where there is none. */
export function guardText(guard: unknown): string | null {
  if (guard === undefined || guard === null) return null
  if (typeof guard === 'string') return guard
  if (typeof guard === 'function') return functionText(guard)
  if (typeof guard !== 'object' || !('type' in guard)) return unnamed
  const params: unknown = 'params' in guard ? guard.params : undefined
  const said = params === undefined || typeof params === 'function' ? '' : ` ${shortTextOf(params)}`
  return `${String(guard.type)}${said}`
}

function functionText(guard: { readonly name: string }): string {
  if ('guards' in guard && Array.isArray(guard.guards)) {
    return `${guard.name}(${guard.guards.map(guardText).join(', ')})`
  }
  if ('stateValue' in guard) return `in ${shortTextOf(guard.stateValue)}`
  return saysNothing.has(guard.name) ? unnamed : guard.name
}

/** Whether a guard has a name that means the same wherever it stands. */
export function isNamedGuard(guard: unknown): boolean {
  if (typeof guard === 'function' && 'guards' in guard && Array.isArray(guard.guards)) {
    return guard.guards.every(isNamedGuard)
  }
  if (typeof guard === 'function') return 'stateValue' in guard
  const hasParameters = typeof guard === 'object' && guard !== null && 'params' in guard
  return !hasParameters || typeof guard.params !== 'function'
}
