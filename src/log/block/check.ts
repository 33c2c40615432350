/**
 * A block opened for checking: its rows, as the chain of hashes needs them, and their events, both from one reading of its columns. The plain
 * way is `unsealedRows` and `decodeRow`, row by row, which parses again what has just been written out; a block with anything unusual in it
 * goes that way. Unlike `wholeEvents` this compares each envelope and all data with their schemas: whoever checks takes nothing for granted.
 */
import { isEventType, schemaVersionOf } from '../../events/catalogue.ts'
import type { LoggedEvent } from '../../events/envelope.ts'
import { WaymarkError } from '../../kernel/errors.ts'
import { checksumOf, dataSchemaOf, decodeRow, envelopeText } from '../codec.ts'
import { envelopePattern } from '../envelope-pattern.ts'
import type { ReadRows, RowTexts } from '../port.ts'
import { type BlockEnvelope, envelopeAt } from './envelope.ts'
import type { BlockShape, SealedBlock } from './format.ts'
import { openCold, openHot } from './open.ts'
import { hexAt, saltsOf } from './rows.ts'
import { makerOf } from './shape.ts'

/**
 * Rows and events of a block whose bytes are those that were written, in pages: what lives no longer than a page costs little. Begins at the
 * row `from`, and ends before the first row of which only the plain way can tell, or before the row `to`.
 */
export function* rowsWithEvents(
  block: SealedBlock,
  from: number,
  to: number,
): Generator<ReadRows, void, undefined> {
  const hot = openHot(block.hot)
  const cold = hot === null ? null : openCold(block.cold, hot)
  if (hot === null || cold === null || !hot.isWhole || !cold.isWhole) return
  const { shapes } = hot.header
  const kinds = shapes.map((shape, number) => kindOf(shape, makerOf(shape.data, cold.columns[number] ?? [])))
  const salts = saltsOf(block.salts, hot)
  const hashes = Buffer.from(block.hashes.buffer, block.hashes.byteOffset, block.hashes.byteLength)
  const rowOfShape = shapes.map(() => 0)
  let page: Page = { rows: [], events: [] }
  for (let index = 0; index < Math.min(to, hot.shapeOf.length); index++) {
    const number = hot.shapeOf[index] ?? 0
    const place = rowOfShape[number] ?? 0
    rowOfShape[number] = place + 1
    if (index < from) continue
    const kind = kinds[number] ?? null
    const envelope = envelopeAt(hot, cold, index)
    const [salt, hash] = [salts[index], hexAt(hashes, index)]
    if (kind === null || salt === undefined || hash === '' || envelope === null) break
    if (!addTo(page, kind, envelope, kind.make(place), { salt, hash })) break
    if (page.rows.length < rowsPerPage) continue
    yield page
    page = { rows: [], events: [] }
  }
  if (page.rows.length > 0) yield page
}

const rowsPerPage = 128

interface Page extends ReadRows {
  readonly rows: RowTexts[]
  readonly events: LoggedEvent[]
}

/** Adds a row and its event; `false` when reading its texts would not give an event. */
function addTo(
  page: Page,
  kind: Kind,
  envelope: BlockEnvelope,
  data: unknown,
  { salt, hash }: Pick<RowTexts, 'salt' | 'hash'>,
): boolean {
  const { sessionId, version, position } = envelope
  const usual = usualText(envelope)
  // What the expression accepts, the schema of envelopes accepts, with the fields that the text was just made of.
  const isUsual = envelopePattern.test(usual)
  const text = isUsual ? usual : envelopeText(envelope)
  const row = { version, position, envelope: text, data: JSON.stringify(data), salt, hash }
  const event = (isUsual ? eventOf(kind, envelope, data) : null) ?? decoded(sessionId, row)
  if (event === null) return false
  page.rows.push(row)
  page.events.push(event)
  return true
}

/** What events of one shape of today have in common. */
interface Kind {
  readonly schema: { safeParse(data: unknown): { readonly success: boolean; readonly data?: unknown } }
  readonly make: (row: number) => unknown
}

function kindOf({ type, schemaVersion }: BlockShape, make: Kind['make'] | null): Kind | null {
  if (type === undefined || make === null || !isEventType(type)) return null
  return schemaVersion === schemaVersionOf(type) ? { schema: dataSchemaOf(type), make } : null
}

/** The text of an envelope of which no field needs an escape: canonical JSON where `envelopePattern` accepts it. */
function usualText({ causationId, correlationId, ignorable, ...rest }: BlockEnvelope): string {
  const { actor, commandId, id, index, recordedAt, schemaVersion, sessionId, time, type, version } = rest
  const cause = causationId === null ? '' : `"causationId":"${causationId}",`
  const correlation = correlationId === null ? '' : `"correlationId":"${correlationId}",`
  const mark = ignorable ? '"ignorable":true,' : ''
  return `{"actor":"${actor}",${cause}"commandId":"${commandId}",${correlation}"id":"${id}",${mark}"index":${index},"recordedAt":"${recordedAt}","schemaVersion":${schemaVersion},"sessionId":"${sessionId}","time":"${time}","type":"${type}","version":${version}}`
}

/** The event of a usual envelope with data that its schema accepts; else `null`. */
function eventOf({ schema }: Kind, envelope: BlockEnvelope, data: unknown): LoggedEvent | null {
  const parsed = schema.safeParse(data)
  // The type picked the schema that has just accepted the data.
  return parsed.success ? ({ ...envelope, data: parsed.data } as LoggedEvent) : null
}

function decoded(sessionId: string, row: RowTexts): LoggedEvent | null {
  try {
    return decodeRow(sessionId, { ...row, checksum: checksumOf(row.position, row.envelope, row.data) })
  } catch (error) {
    if (!(error instanceof WaymarkError)) throw error
    return null
  }
}
