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

/** The rest of the time is for real files, in which a run takes several times as long. */
const share = 0.85
const steps = 25

/** Runs in a second of processor time that are there on any machine: a tenth of what an idle one makes. */
const runsPerSecondMin = 10

it(`seeds from ${seed} on keep every promise`, { timeout: forMs + 60_000 }, async () => {
  const before = process.cpuUsage()
  const found = await simulateSeeds({ seed, steps, forMs: forMs * share })
  const { user, system } = process.cpuUsage(before)
  const cpuSeconds = (user + system) / 1_000_000
  process.stdout.write(`simulated ${JSON.stringify({ ...found, cpuSeconds })}\n`)
  // By the time that it was given: on a busy machine that is a part of the time that has gone by. The first seconds compile.
  expect(found.runs).toBeGreaterThan(Math.max(0, cpuSeconds - 3) * runsPerSecondMin)
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

it('fixed seeds keep every promise: whatever changes meets the same runs again', {
  timeout: 120_000,
}, async () => {
  for (let fixed = 1; fixed <= 60; fixed++) await simulate({ seed: fixed, steps })
})
