/** Rows that change their place or their data: taken in from another log, or with data taken out. Their hashes stay. */
import type { LoggedEvent } from '../events/envelope.ts'
import { sha256 } from '../kernel/hash.ts'
import { chainHash, checksumOf, damaged, dataHashBytes, dataHashOf, decodeRow } from './codec.ts'
import type { StoredRow, TravellingRow } from './port.ts'

/** Whether the data of an event was taken out. That it should be, a later event of the stream says. */
export function isRedacted({ salt }: Pick<StoredRow, 'salt'>): boolean {
  return salt.length === dataHashBytes
}

/** The name by which a redaction knows the data that it put in place: its SHA-256, without a salt. */
export function replacedHashOf(data: string): string {
  return sha256(data)
}

/**
 * The row with other data under the same hash.
 *
 * @throws DamagedRecord when an event of its type may not hold that data.
 */
export function redactedRow(sessionId: string, row: StoredRow, data: string): StoredRow {
  const { position, envelope } = row
  const salt = Buffer.from(dataHashOf(row.data, row.salt), 'hex')
  const redacted = { ...row, data, salt, checksum: checksumOf(position, envelope, data) }
  decodeRow(sessionId, redacted)
  return redacted
}

/**
 * A travelling row at the place that a log gives it, and its event.
 *
 * @throws DamagedRecord when it does not follow from the event before it, or cannot be read; WaymarkError `UNKNOWN_EVENT`.
 */
export function settledRow(
  sessionId: string,
  row: TravellingRow,
  { version, position, previousHash }: { version: number; position: number; previousHash: string },
): { readonly row: StoredRow; readonly event: LoggedEvent } {
  const { envelope, data, salt, hash } = row
  if (row.version !== version) {
    throw damaged(sessionId, version, `version ${row.version} stands where ${version} should`)
  }
  if (chainHash(previousHash, envelope, data, salt) !== hash) {
    throw damaged(sessionId, version, 'its hash does not follow from the event before it and its own texts')
  }
  const settled = { ...row, position, checksum: checksumOf(position, envelope, data) }
  return { row: settled, event: decodeRow(sessionId, settled) }
}
