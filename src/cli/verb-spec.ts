/** What is said of a verb: how it is called, what it takes, and what its help says. */
import type { Verb } from './verb.ts'

export interface VerbSpec {
  readonly group: string
  readonly about: string
  /** Argument as the usage line shows it, and what it is. */
  readonly takes: readonly (readonly [string, string])[]
  readonly options: readonly OptionSpec[]
  /** A command line, and what it does. */
  readonly examples: readonly (readonly [string, string])[]
  readonly load: () => Promise<Verb>
}

interface OptionSpec {
  readonly flags: string
  readonly about: string
  /** May be given several times. */
  readonly repeatable?: true
}

/** Of every verb that appends to one session. */
export const epochSpec = {
  flags: '--epoch <n>',
  about: 'refuse once another holder has taken the session over',
} as const satisfies OptionSpec
