/** Values of other people, of which nothing is known but that they are JSON. */
import { z } from 'zod'
import { limits } from '../kernel/limits.ts'

export type JsonValue = z.infer<ReturnType<typeof z.json>>

/**
 * Any JSON value. Zod's own shape refers to itself, which a compiled schema cannot; this one looks at the value with a function.
 */
// The check says what the type says.
export const jsonShape = z
  .unknown()
  .refine((value) => isJson(value), 'not a JSON value') as unknown as z.ZodType<JsonValue, JsonValue>

/** Whether a value reads back from its JSON as it was; nothing deeper than {@link limits.machineJsonDepthMax} does. */
function isJson(value: unknown, depth = 0): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || depth >= limits.machineJsonDepthMax) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  const isPlain = Array.isArray(value) || prototype === null || Object.getPrototypeOf(prototype) === null
  return isPlain && Object.values(value).every((inner) => isJson(inner, depth + 1))
}
