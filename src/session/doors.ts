/** Arguments of a library, which may come from a program without types: what cannot be meant is told where it is given. */
import { WaymarkError } from '../kernel/errors.ts'

/** @throws WaymarkError `USAGE` for what is neither an expression, a function, nor a predicate that was made before */
export function checkPredicate(given: unknown): void {
  const isMade =
    typeof given === 'object' && given !== null && typeof Reflect.get(given, 'holds') === 'function'
  if (typeof given === 'string' || typeof given === 'function' || isMade) return
  throw new WaymarkError('USAGE', {
    message: `a predicate is an expression or a function, not ${kindOf(given)}`,
    hint: "write it as 'window.percent > 75', or as (state) => state.window.percent > 75",
  })
}

/** @throws WaymarkError `USAGE` for what is no text */
export function checkName(given: unknown, what: string): void {
  if (typeof given === 'string') return
  throw new WaymarkError('USAGE', {
    message: `${what} is named by a text, not by ${kindOf(given)}`,
    hint: "a session is named by its id, a unique prefix of it, or its native id; a place in it as '3f2a@12'",
  })
}

function kindOf(given: unknown): string {
  return given === null ? 'null' : typeof given
}
