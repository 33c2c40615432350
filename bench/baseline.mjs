/** The baseline: ratios of an earlier run, with the conditions they were measured under. Ratios last; times would not. */
import { readFileSync, writeFileSync } from 'node:fs'

const path = new URL('baseline.json', import.meta.url)

export function readBaseline() {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    if (error.code === 'ENOENT') return null
    throw error
  }
}

/** Writes what was measured; rows of parts that were left out stay as they are when the conditions are the same. */
export function writeBaseline(conditions, rows) {
  const before = readBaseline()
  const kept = differences(before, conditions).length === 0 ? (before?.ratios ?? {}) : {}
  const measured = Object.fromEntries(rows.map(({ id, ratio }) => [id, Number(ratio.toPrecision(3))]))
  writeFileSync(path, `${JSON.stringify({ conditions, ratios: { ...kept, ...measured } }, null, 2)}\n`)
}

/** What is not as it was when the baseline was written. */
export function differences(baseline, conditions) {
  if (baseline === null) return []
  return Object.keys(conditions)
    .filter((name) => baseline.conditions[name] !== conditions[name])
    .map((name) => `${name} ${baseline.conditions[name]}, now ${conditions[name]}`)
}
