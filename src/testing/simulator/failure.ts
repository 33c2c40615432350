/** What did not hold in a simulation. */

/** The facts of a failure. */
export interface SimulationFacts {
  readonly seed: number
  /** How many steps the run was to have. */
  readonly steps: number
  /** The step at which it was noticed, counted from 1. */
  readonly step: number
  /** The promise that was not kept. */
  readonly promise: string
  readonly detail: string
  /** What happened last, a line each, oldest first. */
  readonly trace: readonly string[]
  readonly cause?: unknown
}

const traceLinesMax = 40

/** A promise that was not kept in a simulation; the message says how to see it again, and what happened before. */
export class SimulationFailed extends Error {
  override readonly name = 'SimulationFailed'
  readonly seed: number
  readonly steps: number
  readonly step: number
  readonly promise: string
  readonly trace: readonly string[]

  constructor({ seed, steps, step, promise, detail, trace, cause }: SimulationFacts) {
    const lines = trace.slice(-traceLinesMax).map((line) => `  ${line}`)
    const again = `noticed at step ${step}; simulate({ seed: ${seed}, steps: ${steps} }) shows it again, on such a disk`
    super(
      `not kept: ${promise}\n${detail}\n${again}\nwhat happened last:\n${lines.join('\n')}`,
      cause === undefined ? undefined : { cause },
    )
    this.seed = seed
    this.steps = steps
    this.step = step
    this.promise = promise
    this.trace = trace
  }
}
