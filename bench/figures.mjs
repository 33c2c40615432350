/** Small arithmetic of the benches. */

export function median(values) {
  return percentile(values, 0.5)
}

/** The value below which this share of the values lies, between neighbours where it falls between two. */
export function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b)
  const place = (sorted.length - 1) * share
  const lower = sorted[Math.floor(place)] ?? Number.NaN
  const upper = sorted[Math.ceil(place)] ?? Number.NaN
  return lower + (upper - lower) * (place - Math.floor(place))
}

/**
 * Runs the measurements in turn, several rounds of all, and gives the median of each in milliseconds. They take turns so that a drift of
 * the machine's speed meets all of them; rounds to warm up come first and are not counted.
 */
export async function inTurn(measurements, rounds, { warmUp = 0 } = {}) {
  const times = {}
  for (let round = -warmUp; round < rounds; round++) {
    for (const [name, measure] of Object.entries(measurements)) {
      const start = performance.now()
      await measure()
      const took = performance.now() - start
      if (round >= 0) times[name] = [...(times[name] ?? []), took]
    }
  }
  return Object.fromEntries(Object.entries(times).map(([name, values]) => [name, median(values)]))
}

/** Milliseconds as a person reads them. */
export function timeText(ms) {
  if (ms >= 1_000) return `${(ms / 1_000).toFixed(2)} s`
  if (ms >= 1) return `${ms.toFixed(ms >= 100 ? 0 : 1)} ms`
  return `${(ms * 1_000).toFixed(ms >= 0.1 ? 0 : 1)} µs`
}

/** Nanoseconds for each of many, of so many milliseconds. */
export function eachText(ms, count) {
  return `${((ms * 1_000_000) / count).toFixed(0)} ns each`
}

export function countText(count) {
  return Math.round(count).toLocaleString('en-US')
}

export function bytesText(bytes) {
  return bytes >= 1_000_000 ? `${(bytes / 1_000_000).toFixed(1)} MB` : `${(bytes / 1_000).toFixed(0)} kB`
}
