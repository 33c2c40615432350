/**
 * Goal: a simulation finds what it is there to find.
 * Method: disks that break one promise each; some of the first seeds has to notice. The same seeds find nothing in a sound one.
 */
import { describe, expect, it } from 'vitest'
import { memoryDisk } from '../../src/testing/simulator/disk.ts'
import { SimulationFailed } from '../../src/testing/simulator/failure.ts'
import { simulate } from '../../src/testing/simulator/simulate.ts'
import { planted } from './planted.ts'

const seedsMax = 60
const steps = 30

describe('a planted fault', { timeout: 120_000 }, () => {
  for (const [name, disk] of Object.entries(planted)) {
    it(`is found: ${name}`, async () => {
      let failed: unknown = null
      let seed = 0
      while (failed === null && seed < seedsMax) {
        seed += 1
        failed = await simulate({ seed, steps, disk }).then(
          () => null,
          (error: unknown) => error,
        )
      }
      expect(failed, `${seedsMax} seeds`).toBeInstanceOf(SimulationFailed)
      const sound = await simulate({ seed, steps, disk: memoryDisk })
      expect(sound.steps).toBe(steps)
    })
  }
})
