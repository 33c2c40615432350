/** Envelopes of the events of an opened block. */

import type { Envelope } from '../../events/envelope.ts'
import { eventIdOf, isoOf } from '../../kernel/clock.ts'
import type { ColdField } from './format.ts'
import type { ColdHalf, HotHalf } from './open.ts'

/** What surrounds an event of a block. */
export type BlockEnvelope = Envelope & { readonly type: string }

/** The envelope of the event at `row` of a block; `null` when it cannot be read, or the row was kept as its texts. */
export function envelopeAt(hot: HotHalf, { fields }: ColdHalf, row: number): BlockEnvelope | null {
  const { type, schemaVersion = 1, ignorable = false } = hot.shapes[hot.shapeOf[row] ?? 0]?.shape ?? {}
  const field = (name: ColdField): unknown => fields[name]?.[row]
  const happened = hot.times[row]
  const time = timeText(happened)
  const recordedAt = recordedText(field('recordedAt'), happened)
  const position = field('position')
  const actor = field('actor')
  const commandId = field('commandId')
  const index = field('index')
  const id = field('id')
  const causationId = field('causationId')
  const correlationId = field('correlationId')
  if (type === undefined || time === null || recordedAt === null || typeof position !== 'number') return null
  if (typeof actor !== 'string' || typeof commandId !== 'string' || typeof index !== 'number') return null
  if (!isTextOrNull(id) || !isTextOrNull(causationId) || !isTextOrNull(correlationId)) return null
  return {
    id: id ?? eventIdOf(commandId, index),
    sessionId: hot.header.sessionId,
    version: hot.header.firstVersion + row,
    position,
    schemaVersion,
    time,
    recordedAt,
    actor,
    commandId,
    index,
    causationId,
    correlationId,
    ignorable,
    type,
  }
}

/** Milliseconds on either side of 1970 that a date can have. */
const dateMsMax = 8_640_000_000_000_000

/** A time as it stands in a block, as it was written; `null` when it is none. */
export function timeText(time: unknown): string | null {
  if (!isTime(time)) return null
  return typeof time === 'string' ? time : isoOf(time)
}

export function isTime(time: unknown): time is number | string {
  return typeof time === 'number' ? time >= -dateMsMax && time <= dateMsMax : typeof time === 'string'
}

/** `recordedAt` is kept as milliseconds after `time`, where both are numbers. */
function recordedText(recorded: unknown, time: unknown): string | null {
  if (typeof recorded === 'number' && typeof time === 'number') return timeText(time + recorded)
  return typeof recorded === 'string' ? recorded : null
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === 'string'
}
