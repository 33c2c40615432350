/**
 * Goal: one seed is one run, on whatever disk; and the runs are about something.
 * Method: the same seeds again, in memory and in a real SQLite file; sums over some runs.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { memoryDisk, sqliteDisk } from '../../src/testing/simulator/disk.ts'
import { type SimulationReport, simulate } from '../../src/testing/simulator/simulate.ts'

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
      const inMemory = await simulate({ ...options, disk: memoryDisk })
      const inFile = await simulate({ ...options, disk: () => sqliteDisk(join(folder, `${files++}.db`)) })
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

  it('has as many processes as it is told', async () => {
    const { processes } = await simulate({ seed: 1, steps: 5, processes: 3, faults: [] })
    expect(processes).toBe(3)
  })
})
