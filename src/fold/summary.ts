/** What a list shows of a session: a small view kept beside its stream and rebuilt from state at will. */

import type { SessionStatus } from '../events/session.ts'
import type { Counted } from '../events/shapes.ts'
import type { BudgetPhase } from '../events/usage.ts'
import type { ReadonlyState } from './state.ts'

export interface StreamSummary {
  readonly nativeId: string | null
  readonly parentSessionId: string | null
  readonly title: string | null
  readonly model: string | null
  readonly status: SessionStatus
  readonly phase: BudgetPhase
  readonly startedAt: string | null
  readonly lastEventAt: string | null
  /** The session's own usage, without what it inherited. */
  readonly usage: Readonly<Counted>
}

export function summaryOf(state: ReadonlyState): StreamSummary {
  const { calls, inputTokens, outputTokens, cacheReadTokens, cacheCreationTokens } = state.usage
  return {
    nativeId: state.nativeId,
    parentSessionId: state.parentSessionId,
    title: state.title,
    model: state.model,
    status: state.status,
    phase: state.window.phase,
    startedAt: state.startedAt,
    lastEventAt: state.lastEventAt,
    usage: { calls, inputTokens, outputTokens, cacheReadTokens, cacheCreationTokens },
  }
}
