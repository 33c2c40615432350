/** Findings as they come: each check's are bounded, and what goes past the bound is counted. */

import { WaymarkError } from '../kernel/errors.ts'
import { limits } from '../kernel/limits.ts'
import { countText } from '../views/text.ts'
import type { Check } from './check.ts'
import { checkFailed } from './checks.ts'
import { type Finding, type Found, severities } from './finding.ts'

export interface Collected {
  readonly finding: Finding
  readonly repair?: () => Promise<void>
}

type About = Pick<Check, 'code' | 'explanation'>

export class Collection {
  readonly #collected: Collected[] = []
  readonly #counts = new Map<string, number>()
  /** Those past the bound, by code. */
  readonly #further = new Map<
    string,
    { readonly about: About; readonly worst: Found; readonly count: number }
  >()

  add({ code, explanation }: About, found: readonly Found[]): void {
    for (const one of found) {
      const count = (this.#counts.get(code) ?? 0) + 1
      this.#counts.set(code, count)
      if (count > limits.findingsPerCheckMax) this.#addFurther({ code, explanation }, one)
      else this.#collected.push(collected({ code, explanation }, one))
    }
  }

  /** A check could not be made: that is a finding too. */
  addFailure(codes: readonly string[], subject: string | null, error: unknown): void {
    const message = `${codes.join(', ')}: ${error instanceof Error ? error.message : String(error)}`
    const hint = error instanceof WaymarkError ? error.hint : null
    const proposal = hint ?? (subject === null ? 'waymark verify' : `waymark verify ${subject}`)
    this.add(checkFailed, [{ severity: 'problem', subject, message, proposal }])
  }

  /** Whether a check has found something about a subject. */
  has(code: string, subject: string | null): boolean {
    return this.#collected.some(({ finding }) => finding.code === code && finding.subject === subject)
  }

  hasAny(codes: readonly string[]): boolean {
    return this.#collected.some(({ finding }) => codes.includes(finding.code))
  }

  all(): readonly Collected[] {
    const further = [...this.#further.values()].map(({ about, worst, count }) =>
      collected(about, {
        severity: worst.severity,
        subject: null,
        message: `${countText(count)} more like these`,
        proposal: 'look after those first, then waymark doctor again',
      }),
    )
    return [...this.#collected, ...further]
  }

  #addFurther(about: About, found: Found): void {
    const before = this.#further.get(about.code)
    const isWorse =
      before === undefined || severities.indexOf(found.severity) < severities.indexOf(before.worst.severity)
    const worst = isWorse ? found : before.worst
    this.#further.set(about.code, { about, worst, count: (before?.count ?? 0) + 1 })
  }
}

function collected({ code, explanation }: About, found: Found): Collected {
  const { severity, subject, message, proposal, repair } = found
  const fixable = repair !== undefined
  const finding = { code, severity, subject, message, explanation, proposal, fixable }
  return repair === undefined ? { finding } : { finding, repair }
}
