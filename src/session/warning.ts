/** Faults of what a caller gave (callbacks, summarizers, policies), told as process warnings: whatever was thrown, telling it throws nothing. */
import { limits } from '../kernel/limits.ts'

/**
 * What was thrown, in words. Anything can be thrown, so nothing of it is trusted: not that it has a message, nor that reading
 * it does not throw again.
 *
 * @example
 * ```ts
 * textOf(new Error('no model')) // 'no model'
 * textOf(Object.create(null)) // 'something without words was thrown'
 * ```
 */
export function textOf(error: unknown): string {
  try {
    const text = error instanceof Error ? String(error.message || error.name) : String(error)
    return text.slice(0, limits.lineCharactersMax)
  } catch {
    return 'something without words was thrown'
  }
}

/** Tells a fault as a process warning of that code, with where it was thrown when that is known. */
export function warn(code: `WAYMARK_${string}`, error: unknown): void {
  const detail = stackOf(error)
  process.emitWarning(textOf(error), { code, ...(detail === null ? {} : { detail }) })
}

function stackOf(error: unknown): string | null {
  try {
    return error instanceof Error && typeof error.stack === 'string' ? error.stack : null
  } catch {
    return null
  }
}
