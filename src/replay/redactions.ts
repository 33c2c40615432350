/** What the events of a stream say of data that was taken out of earlier ones. */
import type { EventData } from '../events/catalogue.ts'
import { isKnown, type LoggedEvent } from '../events/envelope.ts'
import { WaymarkError } from '../kernel/errors.ts'
import { decodeRow } from '../log/codec.ts'
import type { EventLog, StoredRow } from '../log/port.ts'
import { isRedacted, replacedHashOf } from '../log/rows.ts'

export interface Redactions {
  /** Hash of the data that stands there now, by the version of its event. */
  readonly dataHashes: ReadonlyMap<number, string>
  /** Version of the newest redaction that names an event, by that event's version. */
  readonly by: ReadonlyMap<number, number>
}

interface Collected extends Redactions {
  readonly dataHashes: Map<number, string>
  readonly by: Map<number, number>
}

/** What the redactions in a stream's own events say, the newest word on each event. */
async function collect(log: EventLog, sessionId: string, found: Collected, atMost: number): Promise<void> {
  for await (const page of log.rows(sessionId)) {
    for (const row of page) {
      const redaction = redactionIn(sessionId, row)
      if (redaction === null) continue
      for (const { version, dataHash } of redaction.events) {
        if (version > atMost) continue
        found.dataHashes.set(version, dataHash)
        found.by.set(version, row.version)
      }
    }
  }
}

/**
 * Streams that share the first events of a stream, each with the last version it shares. Where only a part of a stream was taken in from
 * another home, the redaction of a shared event may stand in a fork alone.
 */
async function sharing(log: EventLog, sessionId: string): Promise<ReadonlyMap<string, number>> {
  const shared = new Map([[sessionId, Number.POSITIVE_INFINITY]])
  for await (const page of log.streams()) {
    for (const { sessionId: child, forkedFrom } of page) {
      const last = forkedFrom === null ? undefined : shared.get(forkedFrom.sessionId)
      if (last !== undefined && forkedFrom !== null) shared.set(child, Math.min(last, forkedFrom.version))
    }
  }
  shared.delete(sessionId)
  return shared
}

/** What a row records as taken out; `null` when it is another event, or not one that can be gone by. */
export function redactionIn(sessionId: string, row: StoredRow): EventData<'session.redacted'> | null {
  // Nearly all rows are other events: they are not worth parsing. A redaction cannot be redacted.
  if (!row.envelope.includes('"session.redacted"') || isRedacted(row)) return null
  try {
    const event = decodeRow(sessionId, row)
    return isKnown(event) && event.type === 'session.redacted' ? event.data : null
  } catch (error) {
    if (!(error instanceof WaymarkError)) throw error
    return null
  }
}

/** Version of the newest event of a session that records a text as taken out; `null` when none does. */
export async function redactionOfText(
  log: EventLog,
  sessionId: string,
  hash: string,
): Promise<number | null> {
  let found: number | null = null
  for await (const page of log.rows(sessionId)) {
    for (const row of page) if (redactionIn(sessionId, row)?.contents.includes(hash)) found = row.version
  }
  return found
}

/** Hashes of all texts that the sessions of a log record as taken out. */
export async function recordedTexts(log: EventLog): Promise<ReadonlySet<string>> {
  const texts = new Set<string>()
  for await (const streams of log.streams()) {
    for (const { sessionId } of streams) {
      for await (const page of log.rows(sessionId)) {
        for (const row of page)
          for (const hash of redactionIn(sessionId, row)?.contents ?? []) texts.add(hash)
      }
    }
  }
  return texts
}

/**
 * Whether one of these events took data out of earlier ones: a state that was folded before holds what is to be gone, and is folded
 * anew.
 */
export function takesDataBack(events: readonly LoggedEvent[]): boolean {
  return events.some((event) => event.type === 'session.redacted')
}

/** Looks the redactions of one stream up when the first row comes that needs them. */
export class RedactionLookup {
  readonly #log: EventLog
  readonly #sessionId: string
  readonly #found: Collected = { dataHashes: new Map(), by: new Map() }
  #looked: 'nowhere' | 'in the stream' | 'in its forks too' = 'nowhere'
  /** Of the log, when it was looked up. */
  #position = 0

  constructor(log: EventLog, sessionId: string) {
    this.#log = log
    this.#sessionId = sessionId
  }

  /** What is known for a page of rows. What was taken out since it was looked up is looked up again: others may be at it meanwhile. */
  async forPage(page: readonly Pick<StoredRow, 'version' | 'salt' | 'data'>[]): Promise<Redactions> {
    const redacted = page.filter(isRedacted)
    if (redacted.length > 0 && this.#looked === 'nowhere') await this.#lookInStream()
    const isOpen = (): boolean =>
      redacted.some(({ version, data }) => this.#found.dataHashes.get(version) !== replacedHashOf(data))
    if (isOpen() && (await this.#log.position()) !== this.#position) await this.#lookInStream()
    if (isOpen() && this.#looked === 'in the stream') await this.#lookInForks()
    return this.#found
  }

  async #lookInStream(): Promise<void> {
    this.#position = await this.#log.position()
    this.#looked = 'in the stream'
    await collect(this.#log, this.#sessionId, this.#found, Number.POSITIVE_INFINITY)
  }

  async #lookInForks(): Promise<void> {
    this.#looked = 'in its forks too'
    const own: Collected = { dataHashes: new Map(this.#found.dataHashes), by: new Map(this.#found.by) }
    for (const [fork, last] of await sharing(this.#log, this.#sessionId)) {
      await collect(this.#log, fork, this.#found, last)
    }
    // The stream's own word goes before that of its forks.
    for (const [version, hash] of own.dataHashes) this.#found.dataHashes.set(version, hash)
    for (const [version, by] of own.by) this.#found.by.set(version, by)
  }
}
