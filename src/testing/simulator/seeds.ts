/** Many simulations, one after the other, for as long as there is time. */
import { elapsedMs } from '../../kernel/clock.ts'
import { assertWhole, usage } from '../usage.ts'
import { SimulationFailed } from './failure.ts'
import { type SimulateOptions, type SimulationReport, simulate } from './simulate.ts'

export interface SimulateSeedsOptions extends SimulateOptions {
  /** Milliseconds after which no further run begins: more than 0. One run is always made. */
  readonly forMs: number
  /** Runs at most; as many as there is time for if left out. */
  readonly runsMax?: number
}

/** What many simulations came to. */
export interface SimulatedSeeds {
  readonly firstSeed: number
  readonly runs: number
  readonly steps: number
  readonly events: number
  readonly crashes: number
  readonly faults: number
}

/**
 * Simulates with a seed, the next one, and so on until the time is over. A run that fails is made again with fewer steps, and the
 * shortest that still fails in the same way is thrown.
 *
 * @throws SimulationFailed; WaymarkError `USAGE`
 *
 * @example
 * ```ts
 * const { runs } = await simulateSeeds({ seed: 1, forMs: 60_000, runsMax: 2, steps: 10 })
 * runs // 2
 * ```
 */
export async function simulateSeeds(options: SimulateSeedsOptions): Promise<SimulatedSeeds> {
  const { seed: firstSeed, forMs, runsMax, ...rest } = options
  checkTime(options)
  const startedMs = elapsedMs()
  const sum = { runs: 0, steps: 0, events: 0, crashes: 0, faults: 0 }
  do {
    const seed = firstSeed + sum.runs
    const run = (steps?: number): Promise<SimulationReport> =>
      simulate({ ...rest, seed, ...(steps === undefined ? {} : { steps }) })
    const report = await run().catch(async (error: unknown) => {
      throw error instanceof SimulationFailed ? await shortest(error, run) : error
    })
    sum.runs += 1
    for (const name of ['steps', 'events', 'crashes', 'faults'] as const) sum[name] += report[name]
  } while (sum.runs !== runsMax && elapsedMs() - startedMs < forMs)
  return { firstSeed, ...sum }
}

function checkTime({ forMs, runsMax }: SimulateSeedsOptions): void {
  if (!(typeof forMs === 'number' && forMs > 0))
    throw usage(`simulations cannot go on for ${String(forMs)} ms`, '`forMs` is a number, more than 0')
  if (runsMax !== undefined) assertWhole('runsMax', runsMax, 1)
}

/**
 * Halves the steps as long as it still fails, and then goes on in the half above. Another failure on the way is none of this one's: what
 * was found is what is told.
 */
async function shortest(
  failed: SimulationFailed,
  run: (steps: number) => Promise<unknown>,
): Promise<SimulationFailed> {
  let found = failed
  let sound = 0
  while (found.steps - sound > 1) {
    const steps = Math.floor((found.steps + sound) / 2)
    try {
      await run(steps)
      sound = steps
    } catch (error) {
      if (error instanceof SimulationFailed && wayOf(error) === wayOf(failed)) found = error
      else sound = steps
    }
  }
  return found
}

/** What makes two failures the same: the promise, and the kind of what was thrown, if something was. */
function wayOf({ promise, cause }: SimulationFailed): string {
  return `${promise} ${cause instanceof Error ? cause.name : ''}`
}
