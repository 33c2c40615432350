/** A fault in Waymark itself: something that must be true was not. Nobody catches it. */
class AssertionFailed extends Error {
  override readonly name = 'AssertionFailed'
}

/**
 * States what must be true at this place, for the reader and for the type checker.
 *
 * @example
 * ```ts
 * const found: string | undefined = ['a', 'b'].find((letter) => letter === 'b')
 * assert(found !== undefined, 'b is in the list')
 * const text: string = found
 * ```
 */
export function assert(condition: unknown, mustBeTrue: string): asserts condition {
  if (!condition) throw new AssertionFailed(`not true: ${mustBeTrue}`)
}
