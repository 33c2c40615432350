/** What did not hold in a simulation. */
import { WaymarkError } from '../../kernel/errors.ts'
import type { Fault } from '../store/fault-plan.ts'

/** What a run was told besides its seed and steps: it has to be told again. */
export interface GivenOptions {
  readonly processes: number | undefined
  readonly faults: readonly Fault[] | undefined
  /** Whether the disk is another one than that of every run. */
  readonly hasDisk: boolean
}

/** The facts of a failure. */
export interface SimulationFacts {
  readonly seed: number
  /** How many steps the run was to have. */
  readonly steps: number
  /** The step at which it was noticed, counted from 1; 0 before the first one. */
  readonly step: number
  /** The promise that was not kept. */
  readonly promise: string
  readonly detail: string
  /** What happened last, a line each, oldest first. */
  readonly trace: readonly string[]
  readonly given: GivenOptions
  readonly cause?: unknown
}

const traceLinesMax = 40

/** Characters of faults that are written out: a handful of them, on lines that can still be copied. */
const faultsTextMax = 600

/**
 * A promise that was not kept in a simulation; the message says how to see it again, and what happened before. Whatever else is thrown
 * while a simulation runs becomes one too, with what was thrown as its `cause`.
 *
 * @example A log that does not know how far its sessions have come.
 * ```ts
 * import { simulate } from 'waymark/testing'
 *
 * const log = new MemoryLog()
 * log.stream = async () => null
 * const disk = () => ({ open: async () => log, close: async () => {} })
 * const failed = await simulate({ seed: 1, steps: 9, disk }).catch((error) => error)
 * failed instanceof SimulationFailed // true
 * failed.seed // 1
 * failed.message.includes('simulate({ seed: 1, steps: 9 }) shows it again, on such a disk') // true
 * ```
 */
export class SimulationFailed extends Error {
  override readonly name = 'SimulationFailed'
  readonly seed: number
  readonly steps: number
  readonly step: number
  readonly promise: string
  readonly trace: readonly string[]

  constructor(facts: SimulationFacts) {
    const { seed, steps, step, promise, detail, trace, cause } = facts
    const lines = trace.slice(-traceLinesMax).map((line) => `  ${line}`)
    super(
      `not kept: ${promise}\n${detail}\nnoticed at step ${step}; ${againText(facts)}\nwhat happened last:\n${lines.join('\n')}`,
      cause === undefined ? undefined : { cause },
    )
    this.seed = seed
    this.steps = steps
    this.step = step
    this.promise = promise
    // The run goes on to its way out, and tells of that too.
    this.trace = [...trace]
  }
}

/** How to see it again, as a call that can be copied. */
function againText({ seed, steps, given: { processes, faults, hasDisk } }: SimulationFacts): string {
  const faultsText = faults === undefined ? null : asCode(faults)
  const isTooLong = faultsText !== null && faultsText.length > faultsTextMax
  const options = [`seed: ${seed}`, `steps: ${steps}`]
  if (processes !== undefined) options.push(`processes: ${processes}`)
  if (faultsText !== null && !isTooLong) options.push(`faults: ${faultsText}`)
  const besides = `${isTooLong ? ', with the same faults' : ''}${hasDisk ? ', on such a disk' : ''}`
  return `simulate({ ${options.join(', ')} }) shows it again${besides}`
}

/** JSON has no word for what never ends. */
function asCode(faults: readonly Fault[]): string {
  const text = JSON.stringify(faults, (_name, value: unknown) =>
    value === Number.POSITIVE_INFINITY ? 'Infinity' : value,
  )
  return text.replaceAll('"Infinity"', 'Infinity')
}

/** What was thrown, in a line: its kind, its code if it has one, what it says. */
export function thrownText(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return `${[error.name, ...(error instanceof WaymarkError ? [error.code] : [])].join(' ')}: ${error.message}`
}
