/**
 * Fields that no recipe looks at, by the type of their event: `input.hash` is the field `hash` of the field `input`. Sealed blocks keep
 * them apart from those that folding needs. A law holds that state is the same without them.
 */
import type { EventType } from '../events/catalogue.ts'

export const fieldsNotFolded: Readonly<Partial<Record<EventType, readonly string[]>>> = {
  'usage.recorded': [
    'callId',
    'countedOnceIn',
    'inputTokens',
    'outputTokens',
    'cacheReadTokens',
    'cacheCreationTokens',
  ],
  'tool.called': ['input.hash', 'input.preview'],
  'tool.returned': ['output.hash', 'output.preview'],
  'reply.recorded': ['callId'],
  'prompt.submitted': ['promptId'],
}
