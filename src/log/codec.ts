/**
 * Between events and rows. What is stored is canonical JSON as first written, in two texts: the envelope and the data.
 *
 * - `dataHash = SHA-256(salt, data)`, so that data can be taken away later while the chain still holds: then the hash of the
 *   data that was stands in the place of the salt, which is gone with it;
 * - `hash = SHA-256(previous hash, envelope, dataHash)`, the chain that verification and recovery check;
 * - `checksum = CRC-32` of both texts, begun with the position: cheap enough for every read.
 */
import { z } from 'zod'
import { type EventType, eventSchemas, isEventType, schemaVersionOf } from '../events/catalogue.ts'
import {
  type Envelope,
  type LoggedEvent,
  type StoredEnvelope,
  storedEnvelopeShape,
} from '../events/envelope.ts'
import { upcast } from '../events/upcast.ts'
import { assert } from '../kernel/assert.ts'
import { DamagedRecord, WaymarkError } from '../kernel/errors.ts'
import { crc32, sha256After, sha256OfTexts } from '../kernel/hash.ts'
import { canonicalJson } from '../kernel/json.ts'
import type { PendingEvent, StoredRow } from './port.ts'

/**
 * Compiled twins of the schemas: the same answers as the plain ones, at a quarter of the cost. Compiling takes half a
 * millisecond, so each is made when it is first asked for.
 */
const dataSchemas = new Map<EventType, z.ZodType>()
let compiledEnvelope: z.ZodType<StoredEnvelope> | undefined

/** The compiled schema of the stored envelope. */
export function envelopeSchema(): z.ZodType<StoredEnvelope> {
  compiledEnvelope ??= z.compile(storedEnvelopeShape)
  return compiledEnvelope
}

/** The compiled schema of a type's data in today's shape. */
export function dataSchemaOf(type: EventType): z.ZodType {
  let schema = dataSchemas.get(type)
  if (schema === undefined) {
    schema = z.compile<z.ZodType>(eventSchemas[type])
    dataSchemas.set(type, schema)
  }
  return schema
}

/** Where an event is to stand. */
export interface Place {
  readonly sessionId: string
  readonly version: number
  readonly position: number
  /** Chain hash of the event before it; the empty string for the first of a log without parents. */
  readonly previousHash: string
}

/** An event as it is stored, and as it reads back. */
export interface Encoded {
  readonly row: StoredRow
  readonly event: LoggedEvent
}

/** The row of an event at its place. */
export function encodeRow(event: PendingEvent, place: Place): Encoded {
  const { sessionId, version, position } = place
  assert(event.salt.length !== dataHashBytes, 'a salt is not as long as the hash of data that was taken out')
  const envelope = envelopeText({ ...event, sessionId, version })
  const data = canonicalJson(event.data)
  const checksum = checksumOf(position, envelope, data)
  const hash = chainHash(place.previousHash, envelope, data, event.salt)
  const row = { version, position, envelope, data, salt: event.salt, hash, checksum }
  return { row, event: readBack(event, place) ?? decodeRow(sessionId, row) }
}

const loneSurrogate = /\p{Surrogate}/u

/** Canonical JSON of the envelope that is stored with an event: its keys in order, `null` and `false` left out. */
export function envelopeText(envelope: Omit<Envelope, 'position'> & { readonly type: string }): string {
  const { actor, causationId, correlationId } = envelope
  const stored: Record<string, string | number | boolean> = { actor }
  if (causationId !== null) stored.causationId = causationId
  stored.commandId = envelope.commandId
  if (correlationId !== null) stored.correlationId = correlationId
  stored.id = envelope.id
  if (envelope.ignorable) stored.ignorable = true
  stored.index = envelope.index
  stored.recordedAt = envelope.recordedAt
  stored.schemaVersion = envelope.schemaVersion
  stored.sessionId = envelope.sessionId
  stored.time = envelope.time
  stored.type = envelope.type
  stored.version = envelope.version
  // With its keys in order, plain JSON is the canonical one, for a tenth of the cost. Only a lone half of a
  // character, which canonical JSON refuses, could make a difference; of these fields only the actor is free text.
  return loneSurrogate.test(actor) ? canonicalJson(stored) : JSON.stringify(stored)
}

/** What reading the row would give, without reading it; `null` where only reading can tell. */
function readBack(event: PendingEvent, place: Place): LoggedEvent | null {
  const { type, schemaVersion } = event
  if (!isEventType(type) || schemaVersion !== schemaVersionOf(type)) return null
  const parsed = dataSchemaOf(type).safeParse(event.data)
  if (!parsed.success) return null
  return {
    id: event.id,
    sessionId: place.sessionId,
    version: place.version,
    position: place.position,
    schemaVersion,
    time: event.time,
    recordedAt: event.recordedAt,
    actor: event.actor,
    commandId: event.commandId,
    index: event.index,
    causationId: event.causationId,
    correlationId: event.correlationId,
    ignorable: event.ignorable,
    type,
    data: parsed.data,
    // The type picked the schema that has just accepted the data.
  } as LoggedEvent
}

/** The hash that binds an event to all before it. */
export function chainHash(previousHash: string, envelope: string, data: string, salt: Uint8Array): string {
  return sha256OfTexts(previousHash, envelope, dataHashOf(data, salt))
}

/** Bytes in the place of a salt when data was taken out: the hash of the data that was. A salt has another length. */
export const dataHashBytes = 32

/** The data hash that the chain was made with; of data that was taken out, it stands in the place of the salt. */
export function dataHashOf(data: string, salt: Uint8Array): string {
  return salt.length === dataHashBytes ? Buffer.from(salt).toString('hex') : sha256After(salt, data)
}

/** CRC-32 of envelope, line feed and data, begun with the position, so that a changed position shows as well. */
export function checksumOf(position: number, envelope: string, data: string): number {
  return crc32(`${envelope}\n${data}`, checksumSeed(position))
}

/** What the checksum of the row at a position begins with: 32 bits that depend on all of it. */
export function checksumSeed(position: number): number {
  return (position ^ Math.imul(Math.floor(position / 4_294_967_296), 0x9e3779b1)) >>> 0
}

/**
 * The event of a row.
 *
 * @throws DamagedRecord when the row is not what was written; WaymarkError `UNKNOWN_EVENT` for an event of a type or shape
 * that a newer Waymark wrote and did not mark ignorable.
 */
export function decodeRow(sessionId: string, row: Omit<StoredRow, 'salt' | 'hash'>): LoggedEvent {
  const { version, position, envelope, data, checksum } = row
  if (checksumOf(position, envelope, data) !== checksum) {
    throw damaged(sessionId, version, 'its bytes do not have the checksum that was stored with it')
  }
  return decodeTexts(
    sessionId,
    version,
    position,
    parsed(sessionId, version, envelope),
    parsed(sessionId, version, data),
  )
}

/** The event of texts that are parsed already and whose checksum has been compared. */
function decodeTexts(
  sessionId: string,
  version: number,
  position: number,
  envelope: unknown,
  data: unknown,
): LoggedEvent {
  const outer = envelopeSchema().safeParse(envelope)
  if (!outer.success) throw damaged(sessionId, version, `its envelope is not one: ${problemOf(outer.error)}`)
  const stored = outer.data
  if (stored.version !== version || stored.sessionId !== sessionId) {
    throw damaged(
      sessionId,
      version,
      `its envelope says version ${stored.version} of session ${stored.sessionId}`,
    )
  }
  const base = envelopeOf(stored, position)
  if (!isEventType(stored.type)) {
    return unknownEvent(base, stored, data, `event type ${stored.type} is not known here`)
  }
  const current = upcast(stored.type, stored.schemaVersion, data)
  if (!current.ok) return unknownEvent(base, stored, data, current.reason)
  const inner = dataSchemaOf(stored.type).safeParse(current.data)
  if (!inner.success) throw damaged(sessionId, version, `${stored.type}: ${problemOf(inner.error)}`)
  // The type picked the schema that has just accepted the data.
  return { ...base, type: stored.type, data: inner.data } as LoggedEvent
}

function envelopeOf(stored: StoredEnvelope, position: number) {
  return {
    id: stored.id,
    sessionId: stored.sessionId,
    version: stored.version,
    position,
    schemaVersion: stored.schemaVersion,
    time: stored.time,
    recordedAt: stored.recordedAt,
    actor: stored.actor,
    commandId: stored.commandId,
    index: stored.index,
    causationId: stored.causationId ?? null,
    correlationId: stored.correlationId ?? null,
    ignorable: stored.ignorable === true,
  }
}

/** An event that only its writer understands: passed over when its writer allowed that. */
function unknownEvent(
  base: ReturnType<typeof envelopeOf>,
  stored: StoredEnvelope,
  data: unknown,
  reason: string,
): LoggedEvent {
  if (stored.ignorable === true) return { ...base, type: stored.type, data, unknown: true }
  throw unknown(stored.sessionId, stored.version, reason)
}

function parsed(sessionId: string, version: number, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw damaged(sessionId, version, 'its text is not JSON')
  }
}

function problemOf(error: z.ZodError): string {
  const issue = error.issues[0]
  return issue === undefined ? 'not valid' : `${issue.path.join('.')}: ${issue.message}`
}

/** The error for a record that is not what was written, with its place. */
export function damaged(sessionId: string, version: number, reason: string): DamagedRecord {
  return new DamagedRecord({
    message: `session ${sessionId}, version ${version} is damaged: ${reason}`,
    hint: `waymark verify ${sessionId} lists all damage; waymark recover ${sessionId} says what is sound`,
    details: { sessionId, version, reason },
  })
}

function unknown(sessionId: string, version: number, reason: string): WaymarkError {
  return new WaymarkError('UNKNOWN_EVENT', {
    message: `session ${sessionId}, version ${version}: ${reason}`,
    hint: 'it was written by a newer Waymark; use that one, or a later one',
    details: { sessionId, version, reason },
  })
}
