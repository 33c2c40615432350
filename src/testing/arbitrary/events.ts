/** Random events: of any type with data that its schema accepts, and whole streams as a log gives them back. */
import fc from 'fast-check'
import { type DecidedEvent, type EventType, eventSchemas, eventTypes } from '../../events/catalogue.ts'
import type { RecordedEvent } from '../../events/envelope.ts'
import { derivedIdOf } from '../../kernel/clock.ts'
import { envelopeOf } from '../../session/append.ts'
import { assertAllKnown } from '../usage.ts'
import { describeHistory, shownAs } from './describe.ts'
import { type LegalStep, legalStepsArbitrary } from './legal-history.ts'
import { schemaArbitrary } from './schema.ts'

/** Made when they are asked for: reading a schema takes longer than making a value. */
const made = new Map<EventType, fc.Arbitrary<DecidedEvent>>()

/**
 * Events of any type, or of those named, each with valid data. They follow from nothing: a fold has to take them all the same.
 *
 * @throws WaymarkError `USAGE` for a type that is not there, or none
 * @example
 * ```ts
 * import fc from 'fast-check'
 * const [event] = fc.sample(eventArbitrary(['task.started']), { seed: 1, numRuns: 1 })
 * event?.type // 'task.started'
 * ```
 */
export function eventArbitrary(types: readonly EventType[] = eventTypes): fc.Arbitrary<DecidedEvent> {
  assertAllKnown('event type', types, eventTypes)
  return fc.oneof(...types.map(eventOfType))
}

function eventOfType(type: EventType): fc.Arbitrary<DecidedEvent> {
  const known = made.get(type)
  if (known !== undefined) return known
  // The schema that the type names has made the data, so the pair is one of the union's members.
  const events = schemaArbitrary(eventSchemas[type]).map((data) => ({ type, data }) as DecidedEvent)
  made.set(type, events)
  return events
}

/**
 * The stream of one session as a log gives it back: versions without gaps, batches whole, ids that follow from their commands, and each event
 * decided in the state before it.
 *
 * @param options `lengthMax`: commands at most; 30 if left out
 * @example
 * ```ts
 * import fc from 'fast-check'
 * const [events] = fc.sample(eventStreamArbitrary(), { seed: 1, numRuns: 1 })
 * events?.[0]?.type // 'session.started'
 * events?.every(({ version }, index) => version === index + 1) // true
 * ```
 */
export function eventStreamArbitrary(
  options: { readonly lengthMax?: number } = {},
): fc.Arbitrary<readonly RecordedEvent[]> {
  return legalStepsArbitrary(options).map((steps) => {
    const events = steps.flatMap(recorded)
    return shownAs(events, () => describeHistory(events.map(({ type, data }) => ({ type, ...data }))))
  })
}

function recorded({ events, before }: LegalStep, step: number): readonly RecordedEvent[] {
  const { sessionId, version } = before.session
  const meta = { commandId: derivedIdOf(`${sessionId}/${step}`), actor: 'user' }
  return events.map(({ time, ...event }, index) => {
    const place = { sessionId, version: version + index + 1, position: version + index + 1 }
    return { ...envelopeOf(event.type, index, meta, time), ...place, ...event }
  })
}
