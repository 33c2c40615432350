/**
 * Old shapes of event data, brought to today's on reading. What is stored is never rewritten.
 * Each step takes the data of one schema version to the next, and is total on what that version could hold.
 */
import { type EventType, isEventType, schemaVersionOf } from './catalogue.ts'

type Data = Readonly<Record<string, unknown>>
type Step = (data: Data) => Data

/** For each type, the step from version n to n + 1 stands at index n - 1. */
const steps: Readonly<Partial<Record<EventType, readonly Step[]>>> = {
  // Version 1 of `task.failed` had no `retryable`: every failure could be retried then.
  'task.failed': [(data) => ({ ...data, retryable: true })],
}

export type Upcast =
  | { readonly ok: true; readonly data: unknown }
  | { readonly ok: false; readonly reason: string }

/**
 * Brings data of `type` from `schemaVersion` to the shape of today.
 *
 * @example
 * ```ts
 * upcast('task.failed', 1, { taskId: 'A', reason: 'timeout' })
 * // { ok: true, data: { taskId: 'A', reason: 'timeout', retryable: true } }
 * ```
 */
export function upcast(type: EventType, schemaVersion: number, data: unknown): Upcast {
  const current = schemaVersionOf(type)
  if (schemaVersion === current) return { ok: true, data }
  if (schemaVersion > current) {
    return {
      ok: false,
      reason: `${type} has schema version ${schemaVersion}, this Waymark knows up to ${current}`,
    }
  }
  let shaped = data as Data
  for (let version = schemaVersion; version < current; version++) {
    const step = steps[type]?.[version - 1]
    if (step === undefined)
      return { ok: false, reason: `no upcaster for ${type} from schema version ${version}` }
    shaped = step(shaped)
  }
  return { ok: true, data: shaped }
}

/** True when every type has a step for each of its past versions; a test holds it. */
export function upcastersComplete(types: readonly string[]): boolean {
  return types.every((type) => isEventType(type) && (steps[type]?.length ?? 0) === schemaVersionOf(type) - 1)
}
