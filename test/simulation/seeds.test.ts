/**
 * Goal: every promise of the log is kept by several processes that crash, on a disk that fails, by a clock that jumps.
 * Method: simulations with seeds that nobody chose, for a fixed time, and some of a real SQLite file. `WAYMARK_SEED` names the first seed,
 * `WAYMARK_SIMULATE_SECONDS` the time.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { sqliteDisk } from '../../src/testing/simulator/disk.ts'
import { simulateSeeds } from '../../src/testing/simulator/seeds.ts'
import { simulate } from '../../src/testing/simulator/simulate.ts'

const named = process.env.WAYMARK_SEED
const seed = named === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(named)
const seconds = Number(process.env.WAYMARK_SIMULATE_SECONDS ?? 20)
const forMs = seconds * 1_000

/** On a disk in memory, where a run takes some tens of milliseconds; a busy machine makes a tenth of what an idle one does. */
const share = 0.85
const runsLeast = Math.floor(seconds * 4)
const steps = 30

it(`seeds from ${seed} on keep every promise`, { timeout: forMs + 60_000 }, async () => {
  const found = await simulateSeeds({ seed, steps, forMs: forMs * share })
  process.stdout.write(`simulated ${JSON.stringify(found)}\n`)
  expect(found.runs).toBeGreaterThan(runsLeast)
})

it(`seeds from ${seed} on keep every promise in a SQLite file`, { timeout: forMs + 60_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'waymark-seeds-'))
  let files = 0
  const disk = () => sqliteDisk(join(folder, `${files++}.db`))
  try {
    const found = await simulateSeeds({ seed, steps, forMs: forMs * (1 - share), disk })
    process.stdout.write(`simulated in SQLite ${JSON.stringify(found)}\n`)
    expect(found.runs).toBeGreaterThan(0)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

/** Seeds that have failed once: what they found is mended. */
const past: readonly { readonly seed: number; readonly steps: number }[] = [
  { seed: 62, steps: 40 },
  { seed: 93, steps: 40 },
  { seed: 54, steps: 30 },
]

it('seeds that failed once keep every promise', async () => {
  for (const run of past) await simulate(run)
})
