/** Small arithmetic of the benches. */

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/** Runs the measurements in turn, several rounds of all, and gives the median of each in milliseconds. */
export async function inTurn(measurements, rounds) {
  const times = {}
  for (let round = 0; round < rounds; round++) {
    for (const [name, measure] of Object.entries(measurements)) {
      const start = performance.now()
      await measure()
      times[name] = [...(times[name] ?? []), performance.now() - start]
    }
  }
  return Object.fromEntries(Object.entries(times).map(([name, values]) => [name, median(values)]))
}
