/** The rows of a sealed block, as they were before it was sealed. The plain twin of `events.ts`, `page.ts` and `check.ts`. */

import { chainHash, checksumOf, envelopeText } from '../codec.ts'
import type { StoredRow } from '../port.ts'
import { envelopeAt } from './envelope.ts'
import { hashBytes, type SealedBlock, saltBytes } from './format.ts'
import { type ColdHalf, type HotHalf, openCold, openHot } from './open.ts'
import { type DataShape, type LeafColumns, makerOf } from './shape.ts'

/**
 * The rows of a block in the order of their versions; `null` for one that cannot be read any more, and no row at all where nothing can.
 *
 * @param isSound whether the block's bytes have their checksum. If not, a row whose texts do not have its hash gets a checksum that is not
 * theirs, so that whoever checks it finds it damaged.
 */
export function unsealedRows(block: SealedBlock, isSound = true): readonly (StoredRow | null)[] {
  const hot = openHot(block.hot)
  if (hot === null) return []
  const cold = openCold(block.cold, hot)
  if (cold === null) return hot.shapeOf.map(() => null)
  const makers = hot.shapes.map(({ shape: { data } }, number) => wholeMaker(data, cold.columns[number] ?? []))
  const salts = saltsOf(block.salts, hot)
  const hashes = Buffer.from(block.hashes.buffer, block.hashes.byteOffset, block.hashes.byteLength)
  const rowOfShape = hot.shapes.map(() => 0)
  let previousHash = ''
  return hot.shapeOf.map((number, index) => {
    const row = rowOfShape[number] ?? 0
    rowOfShape[number] = row + 1
    const texts = textsOf(hot, cold, index, makers[number]?.(row))
    const hash = hexAt(hashes, index)
    const before = previousHash
    previousHash = hash
    const position = cold.fields.position?.[index]
    const salt = salts[index]
    if (texts === null || hash === '' || salt === undefined || typeof position !== 'number') return null
    const { envelope, data } = texts
    const agrees = isSound || before === '' || chainHash(before, envelope, data, salt) === hash
    const checksum = checksumOf(position, envelope, data) ^ (agrees ? 0 : 1)
    const version = hot.header.firstVersion + index
    return { version, position, envelope, data, salt, hash, checksum: checksum >>> 0 }
  })
}

/** Makes the data of a shape's rows; `undefined` for all of them when a column cannot be read. */
function wholeMaker(shape: DataShape, columns: LeafColumns): (row: number) => unknown {
  const maker = columns.every((values) => values !== null) ? makerOf(shape, columns) : null
  return (row) => maker?.(row)
}

interface Texts {
  readonly envelope: string
  readonly data: string
}

function textsOf(hot: HotHalf, cold: ColdHalf, index: number, data: unknown): Texts | null {
  const shape = hot.shapes[hot.shapeOf[index] ?? 0]?.shape
  if (shape === undefined || data === undefined) return null
  if (shape.type === undefined) return isTexts(data) ? data : null
  const envelope = envelopeAt(hot, cold, index)
  if (envelope === null) return null
  return { envelope: envelopeText(envelope), data: JSON.stringify(data) }
}

function isTexts(data: unknown): data is Texts {
  if (typeof data !== 'object' || data === null) return false
  const { envelope, data: text } = data as Partial<Texts> // both fields are looked at
  return typeof envelope === 'string' && typeof text === 'string'
}

/** The hash of the row at an index; empty where there are too few bytes. */
export function hexAt(hashes: Buffer, index: number): string {
  const end = (index + 1) * hashBytes
  return end > hashes.length ? '' : hashes.toString('hex', end - hashBytes, end)
}

/** The salts of a block's rows, as far as there are bytes. */
export function saltsOf(salts: Uint8Array, { header }: HotHalf): readonly Uint8Array[] {
  const unusual = new Map(header.salts)
  const parts: Uint8Array[] = []
  let at = 0
  for (let index = 0; index < header.count; index++) {
    const end = at + (unusual.get(index) ?? saltBytes)
    if (end > salts.length) break
    parts.push(salts.slice(at, end))
    at = end
  }
  return parts
}
