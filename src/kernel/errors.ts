/**
 * Expected failures. Each has a stable `code`, named by its consequence, a message that says what happened,
 * and a `hint` that says what to do next. `details` holds the same facts as data.
 */
export type ErrorCode =
  | 'AGENTS_INCOMPATIBLE'
  | 'AGENT_UNKNOWN'
  | 'ALREADY_EXISTS'
  | 'BUNDLE_INVALID'
  | 'COMMAND_ID_REUSED'
  | 'COMMAND_INVALID'
  | 'COMMAND_REFUSED'
  | 'CONFIGURATION_INVALID'
  | 'CONTENT_NOT_FOUND'
  | 'DAMAGED_RECORD'
  | 'HANDOFF_INVALID'
  | 'GRAPH_INVALID'
  | 'HISTORY_DIVERGED'
  | 'HOME_NOT_FOUND'
  | 'HOME_NOT_WRITABLE'
  | 'IMPORT_FAILED'
  | 'LIMIT_REACHED'
  | 'MACHINES_INVALID'
  | 'MACHINE_FAILED'
  | 'MACHINE_INVALID'
  | 'MACHINE_MISMATCH'
  | 'MERGE_CONFLICT'
  | 'NOT_REPRODUCED'
  | 'NO_COMMON_ANCESTOR'
  | 'PREDICATE_INVALID'
  | 'SESSION_AMBIGUOUS'
  | 'SESSION_NOT_FOUND'
  | 'STALE_HOLDER'
  | 'STORE_BUSY'
  | 'STORE_CLOSED'
  | 'STORE_FAILED'
  | 'STORE_FULL'
  | 'STORE_TOO_NEW'
  | 'STORE_UNSUPPORTED'
  | 'UNKNOWN_EVENT'
  | 'USAGE'
  | 'VERSION_CONFLICT'
  | 'VERSION_NOT_FOUND'

export interface ErrorFacts {
  readonly message: string
  readonly hint?: string
  readonly details?: Readonly<Record<string, unknown>>
  readonly cause?: unknown
}

/**
 * The one error type that Waymark throws on purpose. Tell failures apart by `code`, never by message.
 *
 * @example
 * ```ts
 * const error = new WaymarkError('SESSION_NOT_FOUND', { message: 'no session x', hint: 'waymark list' })
 * error.code // 'SESSION_NOT_FOUND'
 * ```
 */
export class WaymarkError extends Error {
  override readonly name: string = 'WaymarkError'
  readonly code: ErrorCode
  readonly hint: string | null
  readonly details: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, facts: ErrorFacts) {
    super(facts.message, facts.cause === undefined ? undefined : { cause: facts.cause })
    this.code = code
    this.hint = facts.hint ?? null
    this.details = facts.details ?? {}
  }
}

/** Whether an error of the system says that there is no room left, on the disk or in what the user may take of it. */
export function isDiskFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')
}

/** The machines do not accept the command in the present state; nothing was appended. */
export class CommandRefused extends WaymarkError {
  override readonly name = 'CommandRefused'
  constructor(facts: ErrorFacts) {
    super('COMMAND_REFUSED', facts)
  }
}

/** The stream is not at the version that the writer expected; nothing was appended. */
export class VersionConflict extends WaymarkError {
  override readonly name = 'VersionConflict'
  constructor(facts: ErrorFacts) {
    super('VERSION_CONFLICT', facts)
  }
}

/** The session was handed to another holder since this writer opened it; nothing was appended. */
export class StaleHolder extends WaymarkError {
  override readonly name = 'StaleHolder'
  constructor(facts: ErrorFacts) {
    super('STALE_HOLDER', facts)
  }
}

/** No session of this home has that id, prefix or native id. */
export class SessionNotFound extends WaymarkError {
  override readonly name = 'SessionNotFound'
  constructor(facts: ErrorFacts) {
    super('SESSION_NOT_FOUND', facts)
  }
}

/** A stored record is not what was written; `details` says which session, version and what is wrong. */
export class DamagedRecord extends WaymarkError {
  override readonly name = 'DamagedRecord'
  constructor(facts: ErrorFacts) {
    super('DAMAGED_RECORD', facts)
  }
}
