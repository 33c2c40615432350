/** `session-state.json`: the current session, and where every other one is found. */
import type { ReadonlyState } from '../fold/state.ts'
import { type PersistenceSettings, sessionJson } from '../views/session-json.ts'
import type { HomeSessions } from './sessions.ts'

/** The file's text. `lastSync` is when it is written. */
export function sessionStateText(
  state: ReadonlyState,
  sessions: HomeSessions,
  settings: PersistenceSettings,
  lastSync: string,
): string {
  const { window, usage } = state
  const facts = {
    title: state.title,
    status: state.status,
    version: state.version,
    token_usage: {
      used: window.usedTokens,
      available: window.availableTokens,
      percent: window.percent,
      phase: window.phase,
      estimated: window.estimated,
      calls: usage.calls,
      input_tokens: usage.inputTokens,
      output_tokens: usage.outputTokens,
      cache_read_tokens: usage.cacheReadTokens,
      cache_creation_tokens: usage.cacheCreationTokens,
    },
    context_position: window.percent,
    last_sync: lastSync,
    sessions: sessions.listed.map(({ sessionId, summary }) => ({
      session_id: sessionId,
      title: summary?.title ?? null,
      status: summary?.status ?? null,
      last_event_at: summary?.lastEventAt ?? null,
    })),
    /** Older sessions than those: `waymark list` names them all. */
    sessions_not_listed: sessions.count - sessions.listed.length,
  }
  return `${JSON.stringify(sessionJson(state, settings, facts), null, 2)}\n`
}
