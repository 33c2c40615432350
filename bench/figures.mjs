// @ts-check
/** Small arithmetic of the benches. */

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/**
 * Runs the measurements in turn, several rounds of all, and gives the median of each.
 * @template {string} Name
 * @param {Record<Name, () => Promise<void> | void>} measurements
 * @param {number} rounds
 * @returns {Promise<Record<Name, number>>} milliseconds
 */
export async function inTurn(measurements, rounds) {
  /** @type {Record<string, number[]>} */
  const times = {}
  for (let round = 0; round < rounds; round++) {
    for (const [name, measure] of Object.entries(measurements)) {
      const start = performance.now()
      await /** @type {() => Promise<void> | void} */ (measure)()
      ;(times[name] ??= []).push(performance.now() - start)
    }
  }
  return /** @type {Record<Name, number>} */ (Object.fromEntries(Object.entries(times).map(([k, v]) => [k, median(v)])))
}
