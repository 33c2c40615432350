/** How a verb ends: its exit code, and what is said when it could not do what was asked. */
import { CommandRefused, type ErrorCode, WaymarkError } from '../kernel/errors.ts'
import type { Home } from '../session/home.ts'

export const exitCodes = {
  /** All done, nothing wrong. */
  fine: 0,
  /** Understood, and a problem was found or met: damage, a refused command, a failed file, a full disk. */
  problem: 1,
  /** Not understood, or about something that is not there. */
  wrongUse: 2,
  /** Ended by Ctrl-C while following, importing or playing. */
  interrupted: 130,
} as const
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** The exit code of every expected failure: a new one does not compile without its own. */
const exitCodeOf: Readonly<Record<ErrorCode, ExitCode>> = {
  AGENTS_INCOMPATIBLE: exitCodes.problem,
  AGENT_UNKNOWN: exitCodes.wrongUse,
  ALREADY_EXISTS: exitCodes.problem,
  BUNDLE_INVALID: exitCodes.problem,
  COMMAND_ID_REUSED: exitCodes.problem,
  COMMAND_INVALID: exitCodes.wrongUse,
  COMMAND_REFUSED: exitCodes.problem,
  CONFIGURATION_INVALID: exitCodes.wrongUse,
  CONTENT_NOT_FOUND: exitCodes.wrongUse,
  DAMAGED_RECORD: exitCodes.problem,
  HANDOFF_INVALID: exitCodes.problem,
  GRAPH_INVALID: exitCodes.wrongUse,
  HISTORY_DIVERGED: exitCodes.problem,
  HOME_NOT_FOUND: exitCodes.wrongUse,
  HOME_NOT_WRITABLE: exitCodes.problem,
  IMPORT_FAILED: exitCodes.wrongUse,
  LIMIT_REACHED: exitCodes.problem,
  MACHINES_INVALID: exitCodes.wrongUse,
  MACHINE_FAILED: exitCodes.problem,
  MACHINE_INVALID: exitCodes.wrongUse,
  MACHINE_MISMATCH: exitCodes.problem,
  MERGE_CONFLICT: exitCodes.problem,
  NOT_REPRODUCED: exitCodes.problem,
  NO_COMMON_ANCESTOR: exitCodes.problem,
  PREDICATE_INVALID: exitCodes.wrongUse,
  SESSION_AMBIGUOUS: exitCodes.wrongUse,
  SESSION_NOT_FOUND: exitCodes.wrongUse,
  STALE_HOLDER: exitCodes.problem,
  STORE_BUSY: exitCodes.problem,
  STORE_CLOSED: exitCodes.problem,
  STORE_FAILED: exitCodes.problem,
  STORE_FULL: exitCodes.problem,
  STORE_TOO_NEW: exitCodes.problem,
  STORE_UNSUPPORTED: exitCodes.problem,
  UNKNOWN_EVENT: exitCodes.problem,
  USAGE: exitCodes.wrongUse,
  VERSION_CONFLICT: exitCodes.problem,
  VERSION_NOT_FOUND: exitCodes.wrongUse,
}

/** Failures that depend on which home was used: they say so. */
const aboutHome: ReadonlySet<string> = new Set<ErrorCode>([
  'HOME_NOT_FOUND',
  'HOME_NOT_WRITABLE',
  'SESSION_AMBIGUOUS',
  'SESSION_NOT_FOUND',
  'STORE_BUSY',
  'STORE_FULL',
  'STORE_TOO_NEW',
  'STORE_UNSUPPORTED',
])

export interface Failure {
  readonly code: string
  readonly message: string
  readonly hint: string | null
  readonly details: Readonly<Record<string, unknown>>
  readonly exitCode: ExitCode
}

/** Wrong use of the command itself. */
export function usageError(message: string, hint: string): WaymarkError {
  return new WaymarkError('USAGE', { message, hint })
}

/** The same refusal with a hint, where it has none of its own: what to type is known here alone. */
export function withHint(error: unknown, hint: string): unknown {
  if (!(error instanceof CommandRefused) || error.hint !== null) return error
  return new CommandRefused({ message: error.message, hint, details: error.details, cause: error })
}

export function failureOf(error: unknown): Failure {
  if (error instanceof WaymarkError) {
    const { code, message, hint, details } = error
    return { code, message, hint, details, exitCode: exitCodeOf[code] }
  }
  const message = error instanceof Error ? error.message : String(error)
  if (isSystemError(error)) {
    const hint = systemHints[error.code] ?? null
    return { code: error.code, message, hint, details: {}, exitCode: exitCodes.problem }
  }
  const hint = 'this is a fault in waymark itself; WAYMARK_DEBUG=1 shows where'
  return { code: 'FAULT', message, hint, details: {}, exitCode: exitCodes.problem }
}

/** What to do about what the system says of a file that is not the store's. */
const systemHints: Readonly<Record<string, string>> = {
  EACCES: 'give yourself permission for it, or name another place',
  EDQUOT: 'free some of the space that you may use there, or name another place',
  EIO: 'look after that disk, or name a place on another one',
  ENOSPC: 'free space on that disk, or name a place on another one',
  EROFS: 'nothing can be written there: name another place',
}

function isSystemError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && 'syscall' in error && 'code' in error && typeof error.code === 'string'
}

const foundByText: Readonly<Record<Home['foundBy'], string>> = {
  given: 'named by --home',
  environment: 'named by WAYMARK_HOME',
  project: 'the nearest .moai folder upward from here',
  user: "the user's own, as there is no .moai folder upward from here",
}

/** `/project/.moai (the nearest .moai folder upward from here)` */
export function homeText(home: Home): string {
  return `${home.path} (${foundByText[home.foundBy]})`
}

/** The lines that a failure puts on stderr, for people. */
export function failureLines(failure: Failure, home: Home | null): string[] {
  const lines = [`waymark: ${failure.message}`]
  if (home !== null && aboutHome.has(failure.code)) lines.push(`home: ${homeText(home)}`)
  if (failure.hint !== null) lines.push(`hint: ${failure.hint}`)
  return lines
}

/** The same as one line of JSON. */
export function failureJson(failure: Failure, home: Home | null): string {
  const { code, message, hint, details } = failure
  const withDetails = Object.keys(details).length === 0 ? {} : { details }
  const withHome = home !== null && aboutHome.has(code) ? { home } : {}
  return JSON.stringify({ error: { code, message, hint, ...withDetails, ...withHome } })
}
