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

describe('a planted fault', () => {
  for (const [name, disk] of Object.entries(planted)) {
    it(`is found: ${name}`, async () => {
      for (let seed = 1; seed <= seedsMax; seed++) {
        const failed = await simulate({ seed, steps, disk: disk() }).then(
          () => null,
          (error: unknown) => error,
        )
        if (failed === null) continue
        if (process.env.SHOW) console.log(name, seed, (failed as Error).message.slice(0, 300))
        expect(failed).toBeInstanceOf(SimulationFailed)
        const sound = await simulate({ seed, steps, disk: memoryDisk() })
        expect(sound.digest).toHaveLength(64)
        return
      }
      expect.fail(`${seedsMax} seeds did not find it`)
    })
  }
})
