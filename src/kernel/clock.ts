/**
 * The only doors to time and chance. Everything else is handed a `Clock` and `Ids`, so that one seed gives one run.
 */
import { randomBytes } from 'node:crypto'
import { parse, v4 } from 'uuid'
import { sha1After } from './hash.ts'

/** Tells the time as ISO 8601 with milliseconds, in UTC: `2026-01-31T12:00:00.000Z`. Years have four digits. */
export interface Clock {
  now(): string
}

/** Makes ids and salts. `uuid` gives a random UUID (version 4), `salt` 16 bytes. */
export interface Ids {
  uuid(): string
  salt(): Uint8Array
}

/** The end of the year 9999: later times have no ISO 8601 form of four digits. */
export const timeMaxMs = 253_402_300_799_999

/** A machine's clock may be wrong by any number of years: what lies beyond the years that can be written is their end. */
export const systemClock: Clock = { now: () => isoOf(Math.max(0, Math.min(Date.now(), timeMaxMs))) }

const saltBytes = 16

/** Random bytes for the next salts: asking the system for each by itself costs as much as hashing the event. */
let pool = Buffer.alloc(0)

function nextSalt(): Uint8Array {
  if (pool.length < saltBytes) pool = randomBytes(saltBytes * 256)
  const salt = pool.subarray(0, saltBytes)
  pool = pool.subarray(saltBytes)
  return salt
}

export const systemIds: Ids = { uuid: () => v4(), salt: nextSalt }

/** Monotonic milliseconds for measuring how long something took; never stored. */
export function elapsedMs(): number {
  return performance.now()
}

/** The minute that was asked for last, and its text up to the seconds: times that come one after the other share it. */
let minute = { of: Number.NaN, text: '' }
const minuteMs = 60_000
const secondTexts = Array.from({ length: 60 }, (_, second) => `${String(second).padStart(2, '0')}.`)
const millisecondTexts = Array.from({ length: 1_000 }, (_, ms) => `${String(ms).padStart(3, '0')}Z`)

/** A time in milliseconds since 1970 as ISO 8601, as `Date` writes it. For times in order it takes a tenth of the time. */
export function isoOf(timeMs: number): string {
  const of = Math.floor(timeMs / minuteMs)
  if (of !== minute.of) minute = { of, text: new Date(of * minuteMs).toISOString().slice(0, -7) }
  const restMs = timeMs - of * minuteMs
  const ms = restMs % 1_000
  return minute.text + secondTexts[(restMs - ms) / 1_000] + millisecondTexts[ms]
}

/** Names under which UUIDs are derived; changing one would make every derived id a new one. */
const namespaces = {
  event: parse('a8f5c3a2-6f3e-5d0b-9a53-0d6a3a1c7e01'),
  derived: parse('a8f5c3a2-6f3e-5d0b-9a53-0d6a3a1c7e02'),
} as const

/**
 * The UUID of a name (version 5, RFC 9562), as the library's `v5` gives it. Every event has one, and SHA-1 by the runtime is
 * several times as fast as by the library; a test holds that both agree.
 */
function nameBased(namespace: Uint8Array, name: string): string {
  const digest = sha1After(namespace, name)
  const variant = '89ab'[Number.parseInt(digest.charAt(16), 16) & 3]
  return `${digest.slice(0, 8)}-${digest.slice(8, 12)}-5${digest.slice(13, 16)}-${variant}${digest.slice(17, 20)}-${digest.slice(20, 32)}`
}

/** The id of the event at `index` of the batch of `commandId`: the same command gives the same ids. */
export function eventIdOf(commandId: string, index: number): string {
  return nameBased(namespaces.event, `${commandId}/${index}`)
}

/** A UUID that depends on `name` alone, for things that may come again: imported sessions, their lines, a policy's commands. */
export function derivedIdOf(name: string): string {
  return nameBased(namespaces.derived, name)
}

/**
 * A clock and ids that run the same way for the same seed: time starts at `start` and moves `stepMs` at each look.
 * For tests, simulations and examples.
 *
 * @example
 * ```ts
 * const { clock, ids } = seeded(7)
 * clock.now() // '2026-01-01T00:00:00.000Z'
 * seeded(7).ids.uuid() === ids.uuid() // true
 * ```
 */
export function seeded(
  seed: number,
  start = '2026-01-01T00:00:00.000Z',
  stepMs = 1_000,
): { clock: Clock; ids: Ids } {
  let timeMs = Date.parse(start) - stepMs
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x9e3779b9) >>> 0
    let mixed = state ^ (state >>> 16)
    mixed = Math.imul(mixed, 0x21f0aaad)
    mixed ^= mixed >>> 15
    mixed = Math.imul(mixed, 0x735a2d97)
    return (mixed ^ (mixed >>> 15)) >>> 0
  }
  const bytes = (): Uint8Array => {
    const out = new Uint8Array(saltBytes)
    for (let index = 0; index < saltBytes; index++) out[index] = next() & 0xff
    return out
  }
  return {
    clock: {
      now: () => {
        timeMs += stepMs
        return new Date(timeMs).toISOString()
      },
    },
    ids: { uuid: () => v4({ random: bytes() }), salt: bytes },
  }
}
