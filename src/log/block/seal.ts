/** Seals rows into a block. */
import { schemaVersionOf } from '../../events/catalogue.ts'
import { isKnown, type LoggedEvent } from '../../events/envelope.ts'
import { fieldsNotFolded } from '../../fold/not-folded.ts'
import { eventIdOf, isoOf } from '../../kernel/clock.ts'
import { compress } from '../../kernel/compress.ts'
import { canonicalJson } from '../../kernel/json.ts'
import { envelopeText } from '../codec.ts'
import type { StoredRow } from '../port.ts'
import { columnLine, listedTexts } from './columns.ts'
import {
  type BlockShape,
  type ColdField,
  coldFields,
  type HeaderLine,
  isCold,
  type SealedBlock,
  saltBytes,
} from './format.ts'
import { unsealedRows } from './rows.ts'
import { type Shaped, shapedOf, wholeOf } from './shape.ts'

/** Beyond this many shapes, data stands as it is: shapes that no other event has save nothing. */
const shapesMax = 256

interface Draft {
  readonly number: number
  readonly shape: BlockShape
  readonly columns: unknown[][]
}

/** A row with the event that was read from it. */
export interface ReadRow {
  readonly row: StoredRow
  readonly event: LoggedEvent
}

/**
 * Seals neighbouring rows of one stream, in the order of their versions; `null` when a block would not give the same rows back.
 *
 * @param read such that each follows from the one before it: whoever calls has checked that.
 */
export function sealedBlock(read: readonly ReadRow[]): SealedBlock | null {
  const [first] = read
  if (first === undefined) return null
  const drafts = new Map<string, Draft>()
  const shapeOfRow: number[] = []
  const times: (number | string)[] = []
  const cold: Record<ColdField, unknown[]> = emptyFields()
  for (const one of read) {
    const facts = factsOf(one, drafts)
    const draft = draftFor(drafts, facts)
    shapeOfRow.push(draft.number)
    for (const [leaf, value] of facts.shaped.values.entries()) draft.columns[leaf]?.push(value)
    times.push(facts.time)
    for (const field of coldFields) cold[field].push(facts.cold[field])
  }
  const rows = read.map(({ row }) => row)
  const header: HeaderLine = {
    format: 1,
    sessionId: first.event.sessionId,
    firstVersion: first.row.version,
    count: rows.length,
    shapes: drafts.size,
    ...unusualSalts(rows),
  }
  const hot = [...drafts.values()].flatMap(({ shape, columns }) =>
    columns.filter((_, leaf) => !isCold(shape, leaf)),
  )
  const coldData = [...drafts.values()].flatMap(({ shape, columns }) =>
    columns.filter((_, leaf) => isCold(shape, leaf)),
  )
  const texts = listedTexts(hot)
  const places = new Map(texts.map((text, place) => [text, place]))
  const block: SealedBlock = {
    hot: linesOf([
      JSON.stringify(header),
      ...[...drafts.values()].map(({ shape }) => JSON.stringify(shape)),
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

/** What a row says, taken apart; a row that is unusual in any way, or of another age, is kept as its two texts. */
function factsOf({ row, event }: ReadRow, drafts: ReadonlyMap<string, Draft>): Facts {
  const { type, schemaVersion, ignorable, time, recordedAt, actor, commandId, index, id } = event
  const { causationId, correlationId } = event
  const data = plainData(row.data)
  const isUsual = isKnown(event) && schemaVersion === schemaVersionOf(event.type) && data !== undefined
  if (!isUsual || envelopeText(event) !== row.envelope) return keptAsTexts(row)
  const shaped = drafts.size < shapesMax ? shapedOf(data) : wholeOf(data)
  const notFolded = fieldsNotFolded[event.type] ?? []
  const coldLeaves = shaped.paths.flatMap((path, leaf) => (notFolded.includes(path) ? [leaf] : []))
  const shape: BlockShape = {
    type,
    schemaVersion,
    ...(ignorable ? { ignorable } : {}),
    data: shaped.shape,
    ...(coldLeaves.length > 0 ? { cold: coldLeaves } : {}),
  }
  const key = JSON.stringify(shape)
  // A schema may fill in what is left out: that depends on which fields there are. Such data has to be read by the schema each time.
  if (!drafts.has(key) && canonicalJson(event.data) !== row.data) return keptAsTexts(row)
  const timeMs = millisecondsOf(time)
  const recordedMs = millisecondsOf(recordedAt)
  return {
    key,
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

/** Data that plain JSON gives back as it is; `__proto__` would be lost on the way. */
function plainData(text: string): unknown {
  if (text.includes('"__proto__"')) return undefined
  const data: unknown = JSON.parse(text)
  return JSON.stringify(data) === text ? data : undefined
}

function keptAsTexts({ envelope, data, position }: StoredRow): Facts {
  const shaped = shapedOf({ envelope, data })
  const shape: BlockShape = { data: shaped.shape, cold: [0, 1] }
  const nothing = { recordedAt: 0, actor: '', commandId: '', index: 0, id: '' }
  const cold = { position, ...nothing, causationId: null, correlationId: null }
  return { key: '', shape, shaped, time: 0, cold }
}

/** The shape's draft, a new one if it comes up for the first time. */
function draftFor(drafts: Map<string, Draft>, { key, shape, shaped }: Facts): Draft {
  let draft = drafts.get(key)
  if (draft === undefined) {
    draft = { number: drafts.size, shape, columns: shaped.values.map((): unknown[] => []) }
    drafts.set(key, draft)
  }
  return draft
}

function unusualSalts(rows: readonly StoredRow[]): Pick<HeaderLine, 'salts'> {
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
