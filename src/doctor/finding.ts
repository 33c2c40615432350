/** What an examination finds: where, what, why it matters, and what to type. */

/**
 * `problem`: something is lost, damaged, or cannot go on. `warning`: it is about to be, or somebody should look. `notice`: good to
 * know, nothing has to be done.
 */
export const severities = ['problem', 'warning', 'notice'] as const
export type Severity = (typeof severities)[number]

export interface Finding {
  /** Stable name of the check that found it. */
  readonly code: string
  readonly severity: Severity
  /** The session or file it is about; `null` for the home as a whole. */
  readonly subject: string | null
  /** What was found, with its figures. */
  readonly message: string
  readonly explanation: string
  /** The command to type, with a word on it where there is a choice. */
  readonly proposal: string
  /** A repair that loses nothing is known: `--fix` makes it. */
  readonly fixable: boolean
  /** Whether it was repaired; only where a repair was tried. */
  readonly fixed?: boolean
}

/** A finding as a check gives it: the code and the explanation are the check's own. */
export interface Found {
  readonly severity: Severity
  readonly subject: string | null
  readonly message: string
  readonly proposal: string
  /** Makes it good without deleting or rewriting anything that was recorded; throws when it cannot. */
  readonly repair?: () => Promise<void>
}

/** Whether findings are to be told by an exit code: something worse than a notice that is not repaired. */
export function needsAttention(findings: readonly Pick<Finding, 'severity' | 'fixed'>[]): boolean {
  return findings.some(({ severity, fixed }) => severity !== 'notice' && fixed !== true)
}
