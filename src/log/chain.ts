/**
 * The chain of hashes, checked row by row. A row that is not as it was written is told by what does not agree:
 *
 * - neither checksum nor hash agree: a text was changed, or the salt with it;
 * - only the checksum disagrees: the position or the checksum itself was changed;
 * - only the hash disagrees: salt or hash were changed, or the event stands after another one than it was written after.
 *
 * Data that was taken out (`session.redacted`) is told from data that was changed: the event that records it names the hash of what stands
 * in its place.
 */
import type { LoggedEvent } from '../events/envelope.ts'
import { WaymarkError } from '../kernel/errors.ts'
import { chainHash, checksumOf } from './codec.ts'
import { decodeChecked } from './page.ts'
import type { RowPage, RowTexts, StoredRow } from './port.ts'
import { isRedacted, replacedHashOf } from './rows.ts'

export type RowProblemKind =
  | 'missing-events'
  | 'unexpected-version'
  | 'damaged-event'
  | 'damaged-position'
  | 'broken-chain'
  | 'damaged-head'
  | 'invalid-event'
  | 'unknown-event'

export interface RowProblem {
  readonly version: number
  readonly kind: RowProblemKind
  readonly detail: string
}

export interface CheckedRow {
  readonly row: RowTexts
  /** The event, when the row can be trusted. */
  readonly event: LoggedEvent | null
  readonly problems: readonly RowProblem[]
}

const none: readonly RowProblem[] = []

function withChecksum(row: RowTexts): StoredRow {
  return { ...row, checksum: checksumOf(row.position, row.envelope, row.data) }
}

/** Follows one stream's rows in version order. */
export class ChainCheck {
  readonly #sessionId: string
  #version: number
  #hash: string | null
  #position = 0

  /**
   * @param after the version before the first row to come.
   * @param hash chain hash of the event at that version; `null` when it is not known, then the first row is taken at its word.
   */
  constructor(sessionId: string, after: number, hash: string | null) {
    this.#sessionId = sessionId
    this.#version = after
    this.#hash = hash
  }

  /** @param redacted what later events of the stream say of data that was taken out: the hash of what stands there, by version. */
  check(row: StoredRow, redacted: ReadonlyMap<number, string> | null = null): CheckedRow {
    const problems = [...this.#place(row), ...this.#content(row), ...redactionProblems(row, redacted)]
    this.#goOn(row)
    if (problems.length > 0) return { row, event: null, problems }
    try {
      return { row, event: decodeChecked(this.#sessionId, row), problems: none }
    } catch (error) {
      if (!(error instanceof WaymarkError)) throw error
      const kind = error.code === 'UNKNOWN_EVENT' ? 'unknown-event' : 'invalid-event'
      return { row, event: null, problems: [{ version: row.version, kind, detail: error.message }] }
    }
  }

  /** Checks a page of rows. Those that came with their events are not read again: `check`, their plain twin, is for what is not as usual. */
  checkPage(page: RowPage, redacted: ReadonlyMap<number, string> | null = null): readonly CheckedRow[] {
    const { rows, events } = page
    if (events === null) return rows.map((row) => this.check(row, redacted))
    return rows.map((row, index) => {
      const event = events[index]
      if (event === undefined || !this.#follows(row)) return this.check(withChecksum(row), redacted)
      this.#goOn(row)
      return { row, event, problems: none }
    })
  }

  /** Whether a row stands where it should, with the hash that follows from the one before, and nothing taken out of it. */
  #follows(row: RowTexts): boolean {
    const { version, position, envelope, data, salt, hash } = row
    return (
      version === this.#version + 1 &&
      position > this.#position &&
      !isRedacted(row) &&
      (this.#hash === null || chainHash(this.#hash, envelope, data, salt) === hash)
    )
  }

  #goOn({ version, hash, position }: RowTexts): void {
    this.#version = version
    this.#hash = hash
    this.#position = position
  }

  #place(row: StoredRow): readonly RowProblem[] {
    const expected = this.#version + 1
    if (row.version > expected) {
      const missing =
        row.version === expected + 1
          ? `version ${expected} is`
          : `versions ${expected} to ${row.version - 1} are`
      return [{ version: expected, kind: 'missing-events', detail: `${missing} not there` }]
    }
    if (row.version < expected) {
      const detail = `version ${row.version} stands where ${expected} should`
      return [{ version: expected, kind: 'unexpected-version', detail }]
    }
    if (row.position <= this.#position) {
      const detail = `its position ${row.position} is not after ${this.#position}, that of the event before it`
      return [{ version: row.version, kind: 'damaged-position', detail }]
    }
    return []
  }

  #content(row: StoredRow): readonly RowProblem[] {
    const { version, envelope, data, salt, hash, position, checksum } = row
    const checksumAgrees = checksumOf(position, envelope, data) === checksum
    const hashAgrees = this.#hash === null || chainHash(this.#hash, envelope, data, salt) === hash
    if (checksumAgrees && hashAgrees) return []
    if (checksumAgrees) {
      const detail =
        'its hash does not follow from the event before it: hash or salt were changed, or an event between them is gone'
      return [{ version, kind: 'broken-chain', detail }]
    }
    if (hashAgrees && this.#hash !== null) {
      return [
        {
          version,
          kind: 'damaged-position',
          detail: 'its position or its checksum was changed; its texts are as written',
        },
      ]
    }
    return [{ version, kind: 'damaged-event', detail: 'its envelope or its data is not what was written' }]
  }
}

/** Data that was taken out is accepted where a later event says so, and names what stands there now. */
function redactionProblems(
  row: StoredRow,
  redacted: ReadonlyMap<number, string> | null,
): readonly RowProblem[] {
  if (!isRedacted(row) || redacted === null) return []
  const { version, data } = row
  const expected = redacted.get(version)
  if (expected === replacedHashOf(data)) return []
  const detail =
    expected === undefined
      ? 'its data was replaced, and no redaction of the session says so'
      : 'its data was replaced, and not by what the redaction of the session put there'
  return [{ version, kind: 'damaged-event', detail }]
}
