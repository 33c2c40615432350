/** A session as other tools read it: few facts, under names in snake case. */
import type { ReadonlyState } from '../fold/state.ts'

/** Settings of a home that are told with each of its sessions. */
export interface PersistenceSettings {
  readonly autoLoadHistory: boolean
  readonly contextPreservation: string
  readonly cacheEnabled: boolean
}

export interface SessionJson {
  readonly session_id: string
  readonly model: string | null
  /** `null` before the first event. */
  readonly created_at: string | null
  readonly context_window: {
    readonly total: number
    readonly used: number
    readonly available: number
    /** May be above 100. */
    readonly position_percent: number
  }
  readonly persistence: {
    readonly auto_load_history: boolean
    readonly context_preservation: string
    readonly cache_enabled: boolean
  }
  readonly forking: {
    readonly enabled: boolean
    /** The session's own id when it is a fork. */
    readonly fork_session_id: string | null
    /** When the newest checkpoint was taken. */
    readonly checkpoint_timestamp: string | null
  }
}

/**
 * The session as JSON. `extras` are further facts, told after these; none of them replaces one of these.
 *
 * @example
 * ```ts
 * const settings = { autoLoadHistory: true, contextPreservation: 'critical_only', cacheEnabled: true }
 * const json = sessionJson(session.state, settings)
 * json.context_window.total // 200000
 * json.forking.enabled // true
 * ```
 */
export function sessionJson<
  Extras extends Readonly<Record<string, unknown>> = Readonly<Record<never, never>>,
>(state: ReadonlyState, settings: PersistenceSettings, extras?: Extras): Extras & SessionJson {
  const { window, checkpoints, configuration } = state
  const own: SessionJson = {
    session_id: state.sessionId,
    model: state.model,
    created_at: state.startedAt,
    context_window: {
      total: window.totalTokens,
      used: window.usedTokens,
      available: window.availableTokens,
      position_percent: window.percent,
    },
    persistence: {
      auto_load_history: settings.autoLoadHistory,
      context_preservation: settings.contextPreservation,
      cache_enabled: settings.cacheEnabled,
    },
    forking: {
      enabled: configuration.forkingEnabled,
      fork_session_id: state.forkedAt === null ? null : state.sessionId,
      checkpoint_timestamp: checkpoints[checkpoints.length - 1]?.time ?? null,
    },
  }
  // Spread twice: the first gives the keys their order, the second keeps their values.
  return { ...own, ...extras, ...own } as Extras & SessionJson
}
