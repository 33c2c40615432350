/** The JSON of a session that other tools read: exactly its keys, in their order, with values of the state. */
import { describe, expect, it } from 'vitest'
import { sessionJson } from '../../src/views/session-json.ts'
import { checkpointId, otherSessionId, sessionId, started, stateAfter, usage } from './samples.ts'

const settings = { autoLoadHistory: true, contextPreservation: 'critical_only', cacheEnabled: true }

describe('the JSON of a session', () => {
  it('has its keys in snake case, and no others', () => {
    expect(JSON.stringify(sessionJson(stateAfter(started, usage(5_000, 80_000)), settings), null, 2)).toBe(`{
  "session_id": "${sessionId}",
  "model": "claude-sonnet-4-5",
  "created_at": "2026-01-31T12:00:00.000Z",
  "context_window": {
    "total": 200000,
    "used": 85000,
    "available": 115000,
    "position_percent": 42.5
  },
  "persistence": {
    "auto_load_history": true,
    "context_preservation": "critical_only",
    "cache_enabled": true
  },
  "forking": {
    "enabled": true,
    "fork_session_id": null,
    "checkpoint_timestamp": null
  }
}`)
  })

  it('says what the settings are', () => {
    const other = { autoLoadHistory: false, contextPreservation: 'all', cacheEnabled: false }
    expect(sessionJson(stateAfter(started), other).persistence).toEqual({
      auto_load_history: false,
      context_preservation: 'all',
      cache_enabled: false,
    })
  })

  it('says of a fork that it is one, when it was last saved, and whether it may be forked', () => {
    const state = stateAfter(
      started,
      ['checkpoint.created', { checkpointId, version: 1, trigger: 'manual' }],
      ['session.forked', { parentSessionId: otherSessionId, parentVersion: 2 }],
      ['session.configured', { configuration: { forkingEnabled: false } }],
    )
    expect(sessionJson(state, settings).forking).toEqual({
      enabled: false,
      fork_session_id: sessionId,
      checkpoint_timestamp: '2026-01-31T12:00:01.000Z',
    })
  })

  it('tells further facts behind, none of which replaces one of its own', () => {
    const json = sessionJson(stateAfter(started), settings, { last_sync: 'now', model: 'another' })
    expect(json).toMatchObject({ last_sync: 'now', model: 'claude-sonnet-4-5' })
    expect(Object.keys(json)).toEqual([
      'session_id',
      'model',
      'created_at',
      'context_window',
      'persistence',
      'forking',
      'last_sync',
    ])
  })

  it('is there before the first event', () => {
    expect(sessionJson(stateAfter(), settings)).toMatchObject({ model: null, created_at: null })
  })
})
