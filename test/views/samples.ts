/** Events made by hand for the tests of views, and the state they fold to. */
import type { EventData, EventType } from '../../src/events/catalogue.ts'
import type { ContextCategory, ContextTier } from '../../src/events/context.ts'
import type { RecordedEvent } from '../../src/events/envelope.ts'
import { foldInto, frozen } from '../../src/fold/fold.ts'
import { initialState, type ReadonlyState } from '../../src/fold/state.ts'

export const sessionId = 'sess_00000000-0000-4000-8000-000000000001'
export const otherSessionId = 'sess_00000000-0000-4000-8000-000000000002'
export const checkpointId = 'ckpt_00000000-0000-4000-8000-000000000003'

/** A type of event with data of it. */
export type Sample = { [T in EventType]: readonly [type: T, data: EventData<T>] }[EventType]

/** An item of the context, without a text. */
export function item(
  tag: string,
  tier: ContextTier,
  category: ContextCategory,
  tokens: number,
  server?: string,
): Sample {
  const weight = { tokens, estimated: false }
  return [
    'context.added',
    { tag, tier, category, tokens, weight, ...(server === undefined ? {} : { server }) },
  ]
}

/** Gives samples versions from 1 and times a second apart. */
export function recorded(samples: readonly Sample[]): RecordedEvent[] {
  return samples.map(([type, data], index) => {
    const time = new Date(Date.UTC(2026, 0, 31, 12, 0, index)).toISOString()
    const envelope = {
      id: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
      sessionId,
      version: index + 1,
      position: index + 1,
      schemaVersion: 1,
      time,
      recordedAt: time,
      actor: 'user',
      commandId: `command-${index}`,
      index: 0,
      causationId: null,
      correlationId: null,
      ignorable: false,
    }
    // A sample is a pair of a type and its own data.
    return { ...envelope, type, data } as RecordedEvent
  })
}

export function stateAfter(...samples: readonly Sample[]): ReadonlyState {
  const state = initialState(sessionId)
  foldInto(state, recorded(samples))
  return frozen(state)
}

export const started: Sample = [
  'session.started',
  { title: 'Log in', model: 'claude-sonnet-4-5', window: { totalTokens: 200_000, source: 'stated' } },
]

export function usage(inputTokens: number, cacheReadTokens: number, model = 'claude-sonnet-4-5'): Sample {
  const counters = { inputTokens, outputTokens: 500, cacheReadTokens, cacheCreationTokens: 0 }
  return [
    'usage.recorded',
    {
      callId: 'msg_1',
      model,
      ...counters,
      counted: { calls: 1, ...counters },
      window: {
        totalTokens: 200_000,
        source: 'stated',
        usedTokens: inputTokens + cacheReadTokens,
        estimated: false,
      },
    },
  ]
}
