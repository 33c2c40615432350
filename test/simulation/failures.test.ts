/**
 * Goal: a simulation that fails says how to see it again, whatever was thrown and wherever; one that cannot be meant is refused.
 * Method: disks with a planted fault, and disks that throw at one place each; the printed call is run as it stands.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runInThisContext } from 'node:vm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seeded } from '../../src/kernel/clock.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { openSqliteLog } from '../../src/store/sqlite/open.ts'
import { memoryDisk, type SimulatedDisk, sqliteDisk } from '../../src/testing/simulator/disk.ts'
import { SimulationFailed } from '../../src/testing/simulator/failure.ts'
import { simulateSeeds } from '../../src/testing/simulator/seeds.ts'
import { type SimulateOptions, simulate } from '../../src/testing/simulator/simulate.ts'
import type { Fault } from '../../src/testing/store/fault-plan.ts'
import { losesNinthCommit, planted } from './planted.ts'

const skips = planted['a follower misses an event'] ?? memoryDisk

/** What a run throws. @throws Error when it throws nothing, or anything without a seed */
async function failureOf(run: Promise<unknown>): Promise<SimulationFailed> {
  const thrown = await run.then(
    () => 'nothing',
    (error: unknown) => error,
  )
  if (thrown instanceof SimulationFailed) return thrown
  throw new Error('a run should have failed with a seed', { cause: thrown })
}

/** The options of the call that a failure prints, read as a program would read them. */
function printedOptions({ message }: SimulationFailed): SimulateOptions {
  const text = /; simulate\((\{.*\})\) shows it again/.exec(message)?.[1] ?? ''
  return runInThisContext(`(${text})`)
}

describe('a failure', { timeout: 120_000 }, () => {
  it('says the seed, the step and what happened, and comes again', async () => {
    const [one, other] = await Promise.all([1, 2].map(() => failureOf(simulate({ seed: 1, disk: skips }))))
    expect(one?.message).toMatch(/^not kept: /)
    expect(one?.message).toContain('simulate({ seed: 1, steps: 40 }) shows it again, on such a disk\n')
    expect(one?.trace.some((line) => line.includes('begins to'))).toBe(true)
    expect(other?.message).toBe(one?.message)
  })

  it('has a seed whatever is thrown, also by the recovery and the checks at the end', async () => {
    const causes = new Set<unknown>()
    for (let seed = 1; seed <= 30; seed++) {
      for (const steps of [12, 25]) {
        const thrown = await simulate({ seed, steps, disk: losesNinthCommit }).catch(
          (error: unknown) => error,
        )
        if (!(thrown instanceof Error)) continue
        expect(thrown, `seed ${seed}`).toBeInstanceOf(SimulationFailed)
        expect(thrown).toMatchObject({ seed, steps })
        if (thrown.cause instanceof Error) causes.add(thrown.cause.name)
        expect(thrown.message).not.toContain(' : ')
      }
    }
    expect(causes).toContain('AssertionFailed')
  })

  const boom = new TypeError('the disk is no disk')
  const broken: Readonly<Record<string, (disk: SimulatedDisk) => SimulatedDisk>> = {
    'the first opening': (disk) => ({ ...disk, open: () => Promise.reject(boom) }),
    'the start of a process': (disk) => {
      let opened = 0
      return { ...disk, open: () => (opened++ === 0 ? disk.open() : Promise.reject(boom)) }
    },
    'the end of a process, and the way out': (disk) => ({ ...disk, close: () => Promise.reject(boom) }),
    'the checks at the end': (disk) => ({
      ...disk,
      open: async () => Object.assign(await disk.open(), { orphanedEvents: () => Promise.reject(boom) }),
    }),
  }
  for (const [where, made] of Object.entries(broken)) {
    it(`has a seed and its cause when a disk throws: ${where}`, async () => {
      const disk = () => made(memoryDisk())
      // Alone, without faults, and with a seed whose end is looked at: everything is reached.
      const failed = await failureOf(
        simulateSeeds({ seed: 1, forMs: 60_000, runsMax: 40, steps: 15, processes: 1, faults: [], disk }),
      )
      expect(failed.cause).toBe(boom)
      expect(failed.message).toContain('got TypeError: the disk is no disk\n')
      const { seed, steps } = failed
      const again = await failureOf(simulate({ ...printedOptions(failed), disk }))
      expect(again).toMatchObject({ seed, steps, message: failed.message })
    })
  }

  it('is not hidden by what is thrown on the way out', async () => {
    const disk = () => ({ ...skips(), close: () => Promise.reject(boom) })
    let compared = 0
    for (let seed = 1; seed <= 30; seed++) {
      const found = await simulate({ seed, disk: skips }).catch((error: unknown) => error)
      // No handle was given back before.
      const isFirst =
        found instanceof SimulationFailed && !found.trace.some((line) => /crashes|close its home/.test(line))
      if (!isFirst) continue
      compared += 1
      expect((await failureOf(simulate({ seed, disk }))).message).toBe(found.message)
    }
    expect(compared).toBeGreaterThan(0)
  })
})

describe('a printed call', { timeout: 120_000 }, () => {
  const faults: readonly Fault[] = [
    {
      on: 'transact',
      probability: 0.3,
      fault: 'fail',
      code: 'STORE_BUSY',
      timesMax: Number.POSITIVE_INFINITY,
    },
  ]

  for (const [name, options] of Object.entries({ processes: { processes: 3 }, faults: { faults } })) {
    it(`has the options that were given: ${name}`, async () => {
      const failed = await failureOf(
        simulateSeeds({ seed: 1, forMs: 60_000, steps: 40, disk: losesNinthCommit, ...options }),
      )
      const printed = printedOptions(failed)
      expect(printed).toEqual({ seed: failed.seed, steps: failed.steps, ...options })
      const again = await failureOf(simulate({ ...printed, disk: losesNinthCommit }))
      expect(again.message).toBe(failed.message)
    })
  }

  it('says of what is too long for a line that it was there', () => {
    const many = Array.from({ length: 40 }, () => faults).flat()
    const facts = { seed: 1, steps: 2, step: 1, promise: 'one', detail: 'none', trace: [] }
    const given = { processes: 2, faults: many, hasDisk: false }
    const { message } = new SimulationFailed({ ...facts, given })
    expect(message).toContain(
      'simulate({ seed: 1, steps: 2, processes: 2 }) shows it again, with the same faults\n',
    )
    expect(message).not.toContain('on such a disk')
  })
})

describe('many runs', { timeout: 120_000 }, () => {
  it('tell a failure in the fewest steps', async () => {
    const found = await failureOf(simulateSeeds({ seed: 1, forMs: 20_000, disk: skips }))
    const { seed, steps, promise } = found
    expect(steps).toBeLessThan(40)
    expect((await failureOf(simulate({ seed, steps, disk: skips }))).promise).toBe(promise)
    const shorter = await simulate({ seed, steps: steps - 1, disk: skips }).catch((error: unknown) => error)
    expect(shorter).not.toMatchObject({ promise })
  })

  const others: Readonly<Record<string, () => SimulatedDisk>> = {
    'nothing that fails': memoryDisk,
    'another promise': () => ({ ...memoryDisk(), close: () => Promise.reject(new TypeError('closed')) }),
    'a disk that cannot be made': () => {
      throw new RangeError('no room')
    },
    'a disk that is none': () => JSON.parse('{}'),
  }
  for (const [name, later] of Object.entries(others)) {
    it(`keep the failure they found when shorter runs meet ${name}`, async () => {
      const expected = await failureOf(simulate({ seed: 1, disk: skips }))
      let runs = 0
      const disk = () => (runs++ === 0 ? skips() : later())
      const failed = await failureOf(simulateSeeds({ seed: 1, forMs: 20_000, disk }))
      expect(failed.message).toBe(expected.message)
      expect(runs).toBeGreaterThan(1)
    })
  }
})

describe('what cannot be meant', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'waymark-simulation-'))
  })
  afterAll(async () => rm(folder, { recursive: true, force: true }))

  // As a program without types would pass them.
  const untyped = (options: object): SimulateOptions => JSON.parse(JSON.stringify(options))
  const wrong: readonly (readonly [string, SimulateOptions])[] = [
    ['half a seed', { seed: 0.5 }],
    ['no steps', { seed: 1, steps: 0 }],
    ['too many processes', { seed: 1, processes: 1_000 }],
    ['a fault in a call that is not there', untyped({ seed: 1, faults: [{ on: 'nope' }] })],
    [
      'a fault with another code',
      untyped({ seed: 1, faults: [{ on: 'read', fault: 'fail', code: 'NOPE' }] }),
    ],
    ['faults that are no list', untyped({ seed: 1, faults: {} })],
    ['a disk, not what makes one', untyped({ seed: 1, disk: {} })],
    ['what makes no disk', { seed: 1, disk: () => JSON.parse('{}') }],
    ['a file without a name', { seed: 1, disk: () => sqliteDisk('') }],
  ]
  for (const [name, options] of wrong) {
    it(`is refused by one run and by many: ${name}`, async () => {
      await expect(simulate(options)).rejects.toMatchObject({ code: 'USAGE' })
      await expect(simulateSeeds({ ...options, forMs: 1 })).rejects.toMatchObject({ code: 'USAGE' })
    })
  }

  for (const times of [
    { forMs: Number.NaN },
    { forMs: 0 },
    { forMs: -1 },
    { forMs: 1, runsMax: 0 },
    { forMs: 1, runsMax: Number.NaN },
  ]) {
    it(`is refused: ${JSON.stringify(Object.entries(times).map(String))}`, async () => {
      await expect(simulateSeeds({ seed: 1, ...times })).rejects.toMatchObject({ code: 'USAGE' })
    })
  }

  it('is a time too short for a run: one is made', async () => {
    expect((await simulateSeeds({ seed: 1, steps: 1, forMs: 1e-9 })).runs).toBe(1)
  })

  it('is a log that holds events already: in a file, or in memory', async () => {
    const path = join(folder, 'used.sqlite')
    const store = await openSqliteLog({ path })
    const waymark = await Waymark.open({ store, ...seeded(1) })
    await waymark.createSession()
    await waymark.close()
    await store.close()
    const log = new MemoryLog()
    await (await Waymark.open({ store: log, ...seeded(1) })).createSession()
    for (const disk of [() => sqliteDisk(path), () => ({ open: async () => log, close: async () => {} })]) {
      const refused = simulate({ seed: 1, steps: 5, disk })
      await expect(refused).rejects.toMatchObject({
        code: 'USAGE',
        hint: expect.stringContaining('an empty log'),
      })
    }
  })

  it('is one disk for two runs', async () => {
    const disk = memoryDisk()
    await expect(
      simulateSeeds({ seed: 1, forMs: 60_000, runsMax: 2, steps: 5, disk: () => disk }),
    ).rejects.toMatchObject({ code: 'USAGE' })
  })

  it('does not take what a disk says of itself for a broken promise', async () => {
    const file = join(folder, 'a file is no folder')
    await writeFile(file, '')
    const path = join(file, 'log.sqlite')
    await expect(simulate({ seed: 1, disk: () => sqliteDisk(path) })).rejects.toMatchObject({
      name: 'WaymarkError',
    })
  })
})
