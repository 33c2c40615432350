/** Canonical JSON (RFC 8785): one text for one value, so that it can be hashed and compared. */
import canonicalize from 'canonicalize'
import { assert } from './assert.ts'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

/**
 * The canonical text of a plain JSON value: keys sorted, no white space.
 *
 * @throws Error on NaN, infinities and lone surrogates; parse with a schema before you come here.
 * @example
 * ```ts
 * canonicalJson({ b: 1, a: [true, null] }) // '{"a":[true,null],"b":1}'
 * ```
 */
export function canonicalJson(value: unknown): string {
  const text = canonicalize(value)
  assert(text !== undefined, 'a JSON value has a canonical text')
  return text
}
