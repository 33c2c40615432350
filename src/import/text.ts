/** Ids, times and values of a source, brought into the shapes that events have. */
import { wellFormed } from '../events/content.ts'
import { idShape, modelShape } from '../events/shapes.ts'
import { sha256 } from '../kernel/hash.ts'
import { limits } from '../kernel/limits.ts'

/** A value as JSON text; a value nested too deep to be written out again says so. */
export function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value) ?? ''
  } catch (error) {
    // JSON.stringify recurses, JSON.parse does not: what a file nests deep enough can be read and not written.
    if (error instanceof RangeError) return '"(nested too deep to be written out)"'
    throw error
  }
}

/** The id as it stands when it is one that events accept, else `null`: ids are never bent into shape. */
export function idOf(value: string | undefined): string | null {
  return value !== undefined && idShape.safeParse(value).success ? value : null
}

/** An id that events accept, made of any text. */
export function madeId(prefix: string, text: string): string {
  return idOf(`${prefix}-${text}`) ?? `${prefix}-${sha256(wellFormed(text)).slice(0, 16)}`
}

/** The model's name, or `unknown` where the source gives none that can be counted under. */
export function modelOf(value: string | undefined): string {
  return value !== undefined && modelShape.safeParse(value).success ? wellFormed(value) : 'unknown'
}

/** A counter as events accept it; anything else counts nothing. */
export function tokensOf(value: unknown): number {
  if (typeof value !== 'number' || !(value > 0)) return 0
  return Math.min(Math.floor(value), limits.tokensMax)
}

const isoTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/
const zoned = /(?:Z|[+-]\d{2}:?\d{2})$/i
const endOfTimeMs = 253_402_300_800_000
/** Above this a number is milliseconds, below it seconds: the one would lie before 1974, the other after 5138. */
const secondsMax = 100_000_000_000

/** A source's time as ISO 8601 in UTC with milliseconds, or `null` when it is none. A time without zone is UTC. */
export function timeOf(value: unknown): string | null {
  let timeMs = Number.NaN
  if (typeof value === 'number') timeMs = value > secondsMax ? value : value * 1_000
  else if (typeof value === 'string' && isoTime.test(value))
    timeMs = Date.parse(zoned.test(value) ? value : `${value}Z`)
  if (!(timeMs >= 0 && timeMs < endOfTimeMs)) return null
  return new Date(timeMs).toISOString()
}
