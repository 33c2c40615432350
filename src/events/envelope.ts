/** What surrounds each recorded event, and what a caller may say about a command beside its content. */
import { z } from 'zod'
import type { EventData, EventType } from './catalogue.ts'
import { idShape, lineShape, sessionIdShape, timeShape } from './shapes.ts'

/**
 * The envelope of a recorded event.
 *
 * - `version`: place in its stream, from 1, without gaps. `position`: place in the whole log, increasing, may have gaps.
 * - `time`: when it happened, as the source says. `recordedAt`: when it was appended.
 * - `index`: place in the batch of its command, from 0.
 */
export interface Envelope {
  readonly id: string
  readonly sessionId: string
  readonly version: number
  readonly position: number
  readonly schemaVersion: number
  readonly time: string
  readonly recordedAt: string
  readonly actor: string
  readonly commandId: string
  readonly index: number
  readonly causationId: string | null
  readonly correlationId: string | null
  /** Written by the author of the event: a reader that does not know the type may pass over it. */
  readonly ignorable: boolean
}

/** An event as the log gives it back, in today's shape. */
export type RecordedEvent<T extends EventType = EventType> = {
  [K in T]: Envelope & { readonly type: K; readonly data: EventData<K> }
}[T]

/** An event of a type this version does not know, marked ignorable by its author. It counts as a version and changes nothing. */
export interface UnknownEvent extends Envelope {
  readonly type: string
  readonly data: unknown
  readonly unknown: true
}

export type LoggedEvent = RecordedEvent | UnknownEvent

/** All that folding looks at of an event. */
export type FoldableEvent<T extends EventType = EventType> = {
  [K in T]: Pick<Envelope, 'version' | 'time'> & { readonly type: K; readonly data: EventData<K> }
}[T]

export function isKnown(event: LoggedEvent): event is RecordedEvent {
  return !('unknown' in event)
}

/** The envelope as it is stored, without `position`, `type` apart from data; `null` and `false` are left out. */
export const storedEnvelopeShape = z.strictObject({
  id: z.uuid(),
  sessionId: sessionIdShape,
  version: z.int().min(1),
  type: z.string().min(1).max(100),
  schemaVersion: z.int().min(1),
  time: timeShape,
  recordedAt: timeShape,
  actor: lineShape.min(1),
  commandId: idShape,
  index: z.int().min(0),
  causationId: idShape.optional(),
  correlationId: idShape.optional(),
  ignorable: z.literal(true).optional(),
})
export type StoredEnvelope = z.infer<typeof storedEnvelopeShape>

/** What may be said about a command beside its content. */
export const commandMetaShape = z.strictObject({
  /** The idempotency key; the same id again gives the same answer and appends nothing. A fresh one if left out. */
  commandId: idShape.optional(),
  /** When it happened; now if left out. */
  time: timeShape.optional(),
  /** Who asks: `user`, an agent's name, `policy:<name>`, `import`. */
  actor: lineShape.min(1).optional(),
  causationId: idShape.optional(),
  correlationId: idShape.optional(),
})
export type CommandMeta = z.infer<typeof commandMetaShape>
