/** Texts that data refers to. */
import { type ContentRef, contentRefShape } from './shapes.ts'

/** Whether a value is a reference to a stored text. */
export function isContentRef(value: unknown): value is ContentRef {
  // Most values are none: only what has a hash is worth parsing.
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, 'hash')) return false
  return contentRefShape.safeParse(value).success
}

/** All references in a JSON value, wherever they stand. */
export function* contentRefsIn(value: unknown): Generator<ContentRef, void, undefined> {
  if (typeof value !== 'object' || value === null) return
  if (isContentRef(value)) yield value
  else for (const inner of Object.values(value)) yield* contentRefsIn(inner)
}
