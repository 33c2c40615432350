/**
 * A package read without the log it comes from, and judged as a stranger's: its size, its shape, its hash, its context. Nothing of
 * it is believed before all of that holds.
 */
import type { AgentRegistry } from '../configuration/settings.ts'
import { WaymarkError } from '../kernel/errors.ts'
import { limits } from '../kernel/limits.ts'
import { agentProblem } from './agents.ts'
import { type CriticalContext, unpackContext } from './critical-context.ts'
import {
  type HandoffPackage,
  handoffPackageShape,
  packageFormatVersion,
  packageHashOf,
  packageText,
  requiredFields,
} from './package.ts'
import { isWellFormed, parseJson } from './untrusted.ts'

export type HandoffProblemCode =
  | 'too-large'
  | 'not-json'
  | 'other-format'
  | 'missing-field'
  | 'wrong-field'
  | 'changed'
  | 'context-unreadable'
  | 'agents'

export interface HandoffProblem {
  readonly code: HandoffProblemCode
  /** The field, with dots; `null` when it is about the whole. */
  readonly field: string | null
  readonly message: string
}

export interface HandoffValidation {
  readonly ok: boolean
  readonly problems: readonly HandoffProblem[]
  /** What is worth knowing and makes no package wrong: few tokens, an offer whose time is over. */
  readonly notes: readonly string[]
  /** `null` when it is not whole. */
  readonly package: HandoffPackage | null
  /** Unpacked; `null` when it cannot be had. */
  readonly context: CriticalContext | null
}

export interface HandoffValidationOptions {
  /** Who hands to whom; not asked when left out or empty. */
  readonly agents?: AgentRegistry
  /** Tokens that should be available; 30,000 when left out. */
  readonly minimumTokens?: number
  /** The moment at which the offer should still stand; not asked when left out. */
  readonly now?: string
}

const standardMinimumTokens = 30_000

/** Problems of one package that are told; the first ones tell what is wrong with it. */
const problemsMax = 10

/**
 * Judges a handoff package: bytes or text of a file, or a value that was JSON. It never throws for what it is given. A text is to be
 * the very one that was written: a byte more or less is noticed. Without the log it cannot be known whether somebody made the
 * whole package anew, hash included; accepting it in its own home compares it with what was offered.
 *
 * @example
 * ```ts
 * const { ok, problems } = validateHandoff('{"handoff_id":1}')
 * ok // false
 * problems[0]?.message // 'Missing required field: from_agent'
 * ```
 */
export function validateHandoff(
  input: string | Uint8Array | object,
  options: HandoffValidationOptions = {},
): HandoffValidation {
  if (typeof input !== 'string' && !(input instanceof Uint8Array)) return judged(input, null, options)
  const { handoffPackageBytesMax } = limits
  if (input.length > handoffPackageBytesMax) {
    return wrong('too-large', `it is larger than the ${handoffPackageBytesMax} bytes that a package may have`)
  }
  const parsed = parseJson(input)
  return parsed.ok ? judged(parsed.value, parsed.text, options) : wrong('not-json', parsed.reason)
}

/**
 * The package and its context, when nothing is wrong with them.
 *
 * @throws WaymarkError `HANDOFF_INVALID`; `AGENT_UNKNOWN` or `AGENTS_INCOMPATIBLE` when the registry is asked.
 */
export function readHandoff(
  input: string | Uint8Array | object,
  options: HandoffValidationOptions = {},
): { readonly package: HandoffPackage; readonly context: CriticalContext } {
  const { agents, ...rest } = options
  const { problems, package: handoff, context } = validateHandoff(input, rest)
  if (handoff === null || context === null || problems.length > 0) {
    throw new WaymarkError('HANDOFF_INVALID', {
      message: `the handoff package is not valid: ${problems.map(({ message }) => message).join('; ')}`,
      hint: 'ask for it again, and pass it on as the file that it was written as',
      details: { problems },
    })
  }
  const problem = agents === undefined ? null : agentProblem(agents, handoff.from_agent, handoff.to_agent)
  if (problem !== null) throw problem
  return { package: handoff, context }
}

function judged(value: unknown, text: string | null, options: HandoffValidationOptions): HandoffValidation {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return wrong('not-json', 'it is no JSON object')
  }
  const format = formatProblem(value)
  if (format !== null) return wrong('other-format', format, 'waymark.format_version')
  const missing = requiredFields.filter((field) => !Object.hasOwn(value, field))
  if (missing.length > 0) {
    return refused(
      missing.map((field) => ({ code: 'missing-field', field, message: `Missing required field: ${field}` })),
    )
  }
  const parsed = handoffPackageShape.safeParse(value)
  if (!parsed.success) {
    const issues = parsed.error.issues.slice(0, problemsMax)
    return refused(
      issues.map(({ path, message }) => {
        const field = path.map(String).join('.') || null
        return { code: 'wrong-field', field, message: `${field ?? 'the package'}: ${message}` }
      }),
    )
  }
  if (!isWellFormed(parsed.data)) return wrong('wrong-field', 'a text in it holds half a surrogate pair')
  return content(parsed.data, text, options)
}

/** A package of the right shape: is it what was written, and what does it hold? */
function content(
  handoff: HandoffPackage,
  text: string | null,
  { agents = {}, minimumTokens = standardMinimumTokens, now }: HandoffValidationOptions,
): HandoffValidation {
  const problems: HandoffProblem[] = []
  const { available_tokens: available } = handoff.session_context
  const { package_hash: hash, expires_at: expiresAt } = handoff.waymark
  if (packageHashOf(handoff) !== hash) {
    const message = 'it was changed after it was made: its hash is another one'
    problems.push({ code: 'changed', field: 'waymark.package_hash', message })
  } else if (text !== null && text !== packageText(handoff)) {
    const message = 'its text was changed after it was written, though not what it says'
    problems.push({ code: 'changed', field: null, message })
  }
  const unpacked = unpackContext(handoff.context_snapshot.critical_context)
  if (!unpacked.ok) {
    const field = 'context_snapshot.critical_context'
    problems.push({ code: 'context-unreadable', field, message: `${field}: ${unpacked.reason}` })
  }
  const together = agentProblem(agents, handoff.from_agent, handoff.to_agent)
  if (together !== null) problems.push({ code: 'agents', field: null, message: together.message })
  const notes = [
    available < minimumTokens
      ? `${available} tokens are available, fewer than ${minimumTokens}: compress the context`
      : null,
    now !== undefined && expiresAt !== null && expiresAt <= now ? `the offer expired at ${expiresAt}` : null,
  ].filter((note) => note !== null)
  return {
    ok: problems.length === 0,
    problems,
    notes,
    package: handoff,
    context: unpacked.ok ? unpacked.context : null,
  }
}

/** A package of another format is not judged by this one's shape. */
function formatProblem(value: object): string | null {
  const own: unknown = Object.hasOwn(value, 'waymark') ? Reflect.get(value, 'waymark') : undefined
  if (typeof own !== 'object' || own === null || !Object.hasOwn(own, 'format_version')) return null
  const format: unknown = Reflect.get(own, 'format_version')
  if (format === packageFormatVersion) return null
  const told = typeof format === 'number' ? `format ${format}` : 'a format that is no number'
  return `it has ${told}; this version of Waymark reads format ${packageFormatVersion}`
}

function wrong(code: HandoffProblemCode, message: string, field: string | null = null): HandoffValidation {
  return refused([{ code, field, message }])
}

function refused(problems: readonly HandoffProblem[]): HandoffValidation {
  return { ok: false, problems, notes: [], package: null, context: null }
}
