/** Takes columns out of rows by type. The tables are strict, so a wrong type is damage to the file itself. */
import { DamagedRecord } from '../../kernel/errors.ts'
import type { SqlRow } from './driver.ts'

export function integerOf(row: SqlRow, column: string): number {
  const value = row[column]
  if (typeof value !== 'number') throw wrongType(column)
  return value
}

export function textOf(row: SqlRow, column: string): string {
  const value = row[column]
  if (typeof value !== 'string') throw wrongType(column)
  return value
}

/** The bytes of a blob, as a `Buffer` over the same memory. */
export function bytesOf(row: SqlRow, column: string): Buffer {
  const value = row[column]
  if (!(value instanceof Uint8Array)) throw wrongType(column)
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
}

export function textOrNullOf(row: SqlRow, column: string): string | null {
  return row[column] === null ? null : textOf(row, column)
}

export function integerOrNullOf(row: SqlRow, column: string): number | null {
  return row[column] === null ? null : integerOf(row, column)
}

function wrongType(column: string): DamagedRecord {
  return new DamagedRecord({
    message: `column "${column}" of the store does not hold what it should`,
    hint: 'waymark verify lists all damage',
    details: { column },
  })
}
