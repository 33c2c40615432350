/**
 * Goal: one seed is one run, on whatever disk; and the runs are about something.
 * Method: the same seeds again, in memory and in a real SQLite file; sums over some runs.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { memoryDisk, sqliteDisk } from '../../src/testing/simulator/disk.ts'
import { SimulationFailed } from '../../src/testing/simulator/failure.ts'
import { simulateSeeds } from '../../src/testing/simulator/seeds.ts'
import { type SimulationReport, simulate } from '../../src/testing/simulator/simulate.ts'
import { planted } from './planted.ts'

let folder: string
let files = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waymark-simulation-'))
})

afterAll(async () => rm(folder, { recursive: true, force: true }))

const anySeed = Math.floor(Math.random() * 2 ** 31)

describe('a simulation', { timeout: 120_000 }, () => {
  it('law: the same seed is the same run, event by event and turn by turn', async () => {
    for (const seed of [1, anySeed]) {
      const [one, other] = [await simulate({ seed }), await simulate({ seed })]
      expect(other.trace, `seed ${seed}`).toEqual(one.trace)
      expect(other, `seed ${seed}`).toEqual(one)
    }
  })

  it('law: the same seed is the same run in memory and in a SQLite file that every process opens for itself', async () => {
    for (const seed of [4, 5, anySeed]) {
      const options = { seed, steps: 25 }
      const inMemory = await simulate({ ...options, disk: memoryDisk() })
      const inFile = await simulate({ ...options, disk: sqliteDisk(join(folder, `${files++}.db`)) })
      expect(inFile.trace, `seed ${seed}`).toEqual(inMemory.trace)
      expect(inFile.digest, `seed ${seed}`).toBe(inMemory.digest)
    }
  })

  it('is about something: all that may happen does, in few runs', async () => {
    const names = [
      'acknowledged',
      'refused',
      'repeated',
      'faults',
      'crashes',
      'clockJumps',
      'recoveries',
      'seen',
    ] as const
    const reports: SimulationReport[] = []
    for (let seed = 1; seed <= 12; seed++) reports.push(await simulate({ seed }))
    for (const name of names) {
      expect(reports.filter((report) => report[name] > 0).length, name).toBeGreaterThan(2)
    }
    expect(reports.filter(({ powerCuts }) => powerCuts > 0).length).toBeGreaterThan(0)
    expect(reports.filter(({ sessions }) => sessions > 1).length).toBeGreaterThan(2)
    expect(new Set(reports.map(({ digest }) => digest)).size).toBe(12)
  })

  it('says how many may take part, and takes what it is told', async () => {
    const { processes } = await simulate({ seed: 1, steps: 5, processes: 3, faults: [] })
    expect(processes).toBe(3)
    for (const wrong of [{ seed: 0.5 }, { seed: 1, steps: 0 }, { seed: 1, processes: 1_000 }]) {
      await expect(simulate(wrong)).rejects.toMatchObject({ code: 'USAGE' })
    }
  })
})

describe('a failure', { timeout: 120_000 }, () => {
  const disk = planted['a follower misses an event'] ?? memoryDisk

  it('says the seed, the step and what happened, and comes again', async () => {
    const [one, other] = await Promise.all(
      [1, 2].map(() => simulate({ seed: 1, disk: disk() }).catch((error: unknown) => error)),
    )
    expect(one).toBeInstanceOf(SimulationFailed)
    if (!(one instanceof SimulationFailed) || !(other instanceof SimulationFailed)) return
    expect(one.message).toMatch(/^not kept: /)
    expect(one.message).toContain('simulate({ seed: 1, steps: 40 }) shows it again')
    expect(one.trace.some((line) => line.includes('begins to'))).toBe(true)
    expect(other.message).toBe(one.message)
  })

  it('of many runs is told in the fewest steps', async () => {
    const error = await simulateSeeds({ seed: 1, forMs: 20_000, disk }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(SimulationFailed)
    if (!(error instanceof SimulationFailed)) return
    expect(error.steps).toBeLessThan(40)
    const { seed, steps } = error
    await expect(simulate({ seed, steps, disk: disk() })).rejects.toThrow('not kept')
    if (steps > 1) expect((await simulate({ seed, steps: steps - 1, disk: disk() })).steps).toBe(steps - 1)
  })
})
