/** Seals rows into a block. */
import { isEventType, schemaVersionOf } from '../events/catalogue.ts'
import type { StoredEnvelope } from '../events/envelope.ts'
import { fieldsNotFolded } from '../fold/not-folded.ts'
import { eventIdOf, isoOf } from '../kernel/clock.ts'
import { compress } from '../kernel/compress.ts'
import { canonicalJson } from '../kernel/json.ts'
import { columnLine, repeatedTexts } from './block-columns.ts'
import {
  type BlockHeader,
  type BlockShape,
  type ColdField,
  coldFields,
  isCold,
  type SealedBlock,
  saltBytes,
} from './block-format.ts'
import { unsealedRows } from './block-rows.ts'
import { type Shaped, shapedOf, wholeOf } from './block-shape.ts'
import { dataSchemaOf, envelopeSchema, storedEnvelopeText } from './codec.ts'
import type { StoredRow } from './port.ts'

/** Beyond this many shapes, data stands as it is: shapes that no other event has save nothing. */
const shapesMax = 256

interface Draft {
  readonly shape: BlockShape
  readonly columns: unknown[][]
}

/**
 * Seals neighbouring rows of one stream, in the order of their versions; `null` when a block would not give the same rows back.
 *
 * @param rows such that each can be read and follows from the one before it: whoever calls has checked that.
 */
export function sealedBlock(sessionId: string, rows: readonly StoredRow[]): SealedBlock | null {
  const [first] = rows
  if (first === undefined) return null
  const drafts = new Map<string, Draft>()
  const numbers = new Map<Draft, number>()
  const shapeOfRow: number[] = []
  const times: (number | string)[] = []
  const cold: Record<ColdField, unknown[]> = emptyFields()
  for (const row of rows) {
    const facts = factsOf(sessionId, row, drafts.size < shapesMax ? shapedOf : wholeOf)
    const draft = draftFor(drafts, facts)
    shapeOfRow.push(numberOf(numbers, draft))
    for (const [leaf, value] of facts.shaped.values.entries()) draft.columns[leaf]?.push(value)
    times.push(facts.time)
    for (const field of coldFields) cold[field].push(facts.cold[field])
  }
  const header: BlockHeader = {
    format: 1,
    sessionId,
    firstVersion: first.version,
    count: rows.length,
    shapes: [...drafts.values()].map(({ shape }) => shape),
    ...unusualSalts(rows),
  }
  const hot = [...drafts.values()].flatMap(({ shape, columns }) =>
    columns.filter((_, leaf) => !isCold(shape, leaf)),
  )
  const coldData = [...drafts.values()].flatMap(({ shape, columns }) =>
    columns.filter((_, leaf) => isCold(shape, leaf)),
  )
  const texts = repeatedTexts(hot)
  const places = new Map(texts.map((text, place) => [text, place]))
  const block: SealedBlock = {
    hot: linesOf([
      JSON.stringify(header),
      JSON.stringify(texts),
      columnLine(shapeOfRow),
      columnLine(times),
      ...hot.map((column) => columnLine(column, places)),
    ]),
    cold: compress(
      linesOf([
        ...coldFields.map((field) => columnLine(cold[field])),
        ...coldData.map((column) => columnLine(column)),
      ]),
    ),
    hashes: Buffer.from(rows.map(({ hash }) => hash).join(''), 'hex'),
    salts: Buffer.concat(rows.map(({ salt }) => salt)),
  }
  return givesBack(block, rows) ? block : null
}

interface Facts {
  readonly key: string
  readonly shape: BlockShape
  readonly shaped: Shaped
  /** Milliseconds since 1970 where that gives the same text back. */
  readonly time: number | string
  readonly cold: Readonly<Record<ColdField, unknown>>
}

/** What a row says, taken apart; a row that is unusual in any way is kept as its two texts. */
function factsOf(sessionId: string, row: StoredRow, shapedBy: (data: unknown) => Shaped): Facts {
  const envelope = envelopeSchema().safeParse(parsed(row.envelope))
  const data = parsed(row.data)
  const isUsual =
    envelope.success &&
    envelope.data.sessionId === sessionId &&
    envelope.data.version === row.version &&
    storedEnvelopeText(envelope.data) === row.envelope &&
    !row.data.includes('"__proto__"') &&
    JSON.stringify(data) === row.data &&
    readsAsItIs(envelope.data, data, row.data)
  if (!isUsual) return keptAsTexts(row)
  const { type, schemaVersion, ignorable, time, recordedAt, actor, commandId, index, id } = envelope.data
  const { causationId = null, correlationId = null } = envelope.data
  const shaped = shapedBy(data)
  const notFolded = isEventType(type) ? (fieldsNotFolded[type] ?? []) : []
  const coldLeaves = shaped.paths.flatMap((path, leaf) => (notFolded.includes(path) ? [leaf] : []))
  const shape: BlockShape = {
    type,
    schemaVersion,
    ...(ignorable === true ? { ignorable } : {}),
    data: shaped.shape,
    ...(coldLeaves.length > 0 ? { cold: coldLeaves } : {}),
  }
  const timeMs = millisecondsOf(time)
  const recordedMs = millisecondsOf(recordedAt)
  return {
    key: JSON.stringify(shape),
    shape,
    shaped,
    time: timeMs ?? time,
    cold: {
      position: row.position,
      recordedAt: timeMs === null || recordedMs === null ? recordedAt : recordedMs - timeMs,
      actor,
      commandId,
      index,
      id: id === eventIdOf(commandId, index) ? null : id,
      causationId,
      correlationId,
    },
  }
}

/** Whether data of today's shape is taken by its schema without any change. Data of another age is brought up to date on reading. */
function readsAsItIs({ type, schemaVersion }: StoredEnvelope, data: unknown, text: string): boolean {
  if (!isEventType(type) || schemaVersion !== schemaVersionOf(type)) return true
  const parsed = dataSchemaOf(type).safeParse(data)
  return parsed.success && canonicalJson(parsed.data) === text
}

function keptAsTexts({ envelope, data, position }: StoredRow): Facts {
  const shaped = shapedOf({ envelope, data })
  const shape: BlockShape = { data: shaped.shape, cold: [0, 1] }
  const nothing = { recordedAt: 0, actor: '', commandId: '', index: 0, id: '' }
  const cold = { position, ...nothing, causationId: null, correlationId: null }
  return { key: '', shape, shaped, time: 0, cold }
}

/** The shape's draft, a new one if it comes up for the first time. */
function draftFor(drafts: Map<string, Draft>, facts: Facts): Draft {
  const known = drafts.get(facts.key)
  if (known !== undefined) return known
  const draft = { shape: facts.shape, columns: facts.shaped.values.map((): unknown[] => []) }
  drafts.set(facts.key, draft)
  return draft
}

function numberOf(numbers: Map<Draft, number>, draft: Draft): number {
  const known = numbers.get(draft)
  if (known !== undefined) return known
  numbers.set(draft, numbers.size)
  return numbers.size - 1
}

function unusualSalts(rows: readonly StoredRow[]): Pick<BlockHeader, 'salts'> {
  const salts = rows.flatMap(({ salt }, row): [number, number][] =>
    salt.length === saltBytes ? [] : [[row, salt.length]],
  )
  return salts.length === 0 ? {} : { salts }
}

/** A time as a number, where the number gives the same text back. */
function millisecondsOf(time: string): number | null {
  const timeMs = Date.parse(time)
  return Number.isSafeInteger(timeMs) && isoOf(timeMs) === time ? timeMs : null
}

function givesBack(block: SealedBlock, rows: readonly StoredRow[]): boolean {
  const unsealed = unsealedRows(block)
  return (
    unsealed.length === rows.length &&
    rows.every((row, index) => {
      const other = unsealed[index]
      return (
        other !== undefined &&
        other !== null &&
        other.version === row.version &&
        other.position === row.position &&
        other.envelope === row.envelope &&
        other.data === row.data &&
        other.hash === row.hash &&
        other.checksum === row.checksum &&
        Buffer.compare(other.salt, row.salt) === 0
      )
    })
  )
}

function emptyFields(): Record<ColdField, unknown[]> {
  return {
    position: [],
    recordedAt: [],
    actor: [],
    commandId: [],
    index: [],
    id: [],
    causationId: [],
    correlationId: [],
  }
}

function linesOf(lines: readonly string[]): Uint8Array {
  return Buffer.from(lines.join('\n'))
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
