/** Chance that runs the same way again: every choice of a simulation is drawn from one row of numbers. */
import { seeded } from '../../kernel/clock.ts'

/** Draws from the row of numbers of a seed. */
export interface Chance {
  /** A whole number from 0 to `below - 1`. */
  whole(below: number): number
  /** True with a probability from 0 to 1. */
  happens(probability: number): boolean
  /** One of several, each as likely as the others. @throws RangeError for an empty list */
  oneOf<T>(list: readonly T[]): T
  /** One of several by their weights; those of weight 0 never. */
  byWeight<T extends { readonly weight: number }>(list: readonly T[]): T
}

const bytesPerDraw = 4

export function chanceOf(seed: number): Chance {
  const { ids } = seeded(seed)
  let bytes = ids.salt()
  let at = 0
  const next = (): number => {
    if (at === bytes.length) {
      bytes = ids.salt()
      at = 0
    }
    let number = 0
    for (let index = 0; index < bytesPerDraw; index++) number = number * 256 + (bytes[at + index] ?? 0)
    at += bytesPerDraw
    return number / 2 ** (8 * bytesPerDraw)
  }
  const whole = (below: number): number => Math.floor(next() * below)
  const oneOf = <T>(list: readonly T[]): T => {
    if (list.length === 0) throw new RangeError('nothing to choose from')
    // The number lies within the list.
    return list[whole(list.length)] as T
  }
  return {
    whole,
    happens: (probability) => next() < probability,
    oneOf,
    byWeight: (list) => {
      let left = next() * list.reduce((sum, { weight }) => sum + weight, 0)
      const drawn = list.find(({ weight }) => {
        left -= weight
        return left < 0
      })
      return drawn ?? oneOf(list)
    },
  }
}
