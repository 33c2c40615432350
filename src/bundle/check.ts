/**
 * Checks a bundle line by line: the chain of each stream, every event's data, every text against its hash, every snapshot against the fold
 * of the events before it, counts and closing record. Nothing of it is believed that can be computed. A chain that anybody can make
 * says that nothing was changed on the way, not who made it.
 */
import { isKnown, type LoggedEvent } from '../events/envelope.ts'
import { contentRefsIn } from '../events/references.ts'
import { foldInto, stateHash } from '../fold/fold.ts'
import { foldVersion, initialState, type SessionState } from '../fold/state.ts'
import { expand } from '../kernel/compress.ts'
import { WaymarkError } from '../kernel/errors.ts'
import { sha256 } from '../kernel/hash.ts'
import { limits } from '../kernel/limits.ts'
import type { TravellingRow } from '../log/port.ts'
import { isRedacted, replacedHashOf, settledRow } from '../log/rows.ts'
import { linesOf, type TextLine } from './blocks.ts'
import {
  type BundledStream,
  type BundleEnd,
  type BundleHeader,
  type BundleLineOf,
  type BundlePlace,
  invalid,
  parseLine,
} from './format.ts'

/** A snapshot that is what the events before it come to. */
export interface BundledSnapshot {
  readonly sessionId: string
  readonly version: number
  readonly checkpointId: string | null
  readonly chainHash: string
  /** What it holds: changed as soon as the next item is asked for. */
  readonly state: SessionState
}

export type CheckedItem =
  | { readonly kind: 'header'; readonly header: BundleHeader }
  | {
      readonly kind: 'event'
      readonly stream: BundledStream
      readonly row: TravellingRow
      readonly event: LoggedEvent
      /** The state after it: changed as soon as the next item is asked for. */
      readonly state: SessionState
    }
  /** `null` for a snapshot of another version of the fold: nobody here can say whether it is right, and it is a cache. */
  | { readonly kind: 'snapshot'; readonly snapshot: BundledSnapshot | null }
  | {
      readonly kind: 'content'
      readonly hash: string
      readonly bytes: Uint8Array
      readonly isRedacted: boolean
    }
  | { readonly kind: 'end'; readonly end: BundleEnd }

/**
 * What a bundle holds, each item when it has been checked. That the whole is right is known at its end, when nothing was thrown.
 *
 * @throws WaymarkError `BUNDLE_INVALID` with the place, `UNKNOWN_EVENT`, `STORE_TOO_NEW`.
 */
export function* checkedItems(path: string): Generator<CheckedItem, void, undefined> {
  let check: BundleCheck | null = null
  let isEnded = false
  let last: BundlePlace = { path, line: 1 }
  for (const line of linesOf(path)) {
    last = line.place
    if (isEnded) throw invalid(line.place, 'it goes on after its closing record')
    const item: CheckedItem = check === null ? headerIn(line) : check.next(line)
    if (item.kind === 'header') check = new BundleCheck(item.header)
    isEnded = item.kind === 'end'
    yield item
  }
  if (!isEnded) throw invalid(last, 'it ends without its closing record: it was cut off')
}

function headerIn({ text, place }: TextLine): CheckedItem {
  const header = parseLine(text, place)
  if (header.kind !== 'waymark-bundle') throw invalid(place, `it begins with a line of kind ${header.kind}`)
  let after = 0
  for (const stream of header.streams) {
    if (stream.after !== after || stream.version <= after) {
      throw invalid(place, `session ${stream.sessionId} does not go on where the one before it ends`)
    }
    after = stream.version
  }
  const ids = header.streams.map(({ sessionId }) => sessionId)
  if (new Set(ids).size < ids.length) throw invalid(place, 'it names a session twice')
  if (ids.at(-1) !== header.sessionId)
    throw invalid(place, 'the session itself is not the last of its streams')
  return { kind: 'header', header }
}

class BundleCheck {
  readonly #header: BundleHeader
  readonly #state: SessionState
  readonly #counts = { events: 0, snapshots: 0, contents: 0 }
  /** Texts that events refer to and that have not come. */
  readonly #wanted = new Set<string>()
  readonly #texts = new Set<string>()
  /** Hash of the data that stands there, by version, as the rows and as the redactions say. Versions go through all streams. */
  readonly #replaced = new Map<number, string>()
  readonly #recorded = new Map<number, string>()
  readonly #takenOut = new Set<string>()
  #index = 0
  #version = 0
  #hash = ''

  constructor(header: BundleHeader) {
    this.#header = header
    this.#state = initialState(header.streams[0]?.sessionId ?? header.sessionId)
  }

  next(line: TextLine): CheckedItem {
    const parsed = parseLine(line.text, line.place)
    switch (parsed.kind) {
      case 'waymark-bundle':
        throw invalid(line.place, 'a second header')
      case 'event':
        return this.#event(parsed, line.place)
      case 'snapshot':
        return this.#snapshot(parsed, line.place)
      case 'content':
        return this.#content(parsed, line.place)
      case 'end':
        return this.#end(parsed, line)
    }
  }

  #event(line: BundleLineOf<'event'>, place: BundlePlace): CheckedItem {
    if (this.#texts.size > 0) throw invalid(place, 'an event after the texts')
    const stream = this.#streamOf(line, place)
    const { version, envelope, data, hash } = line
    const row: TravellingRow = { version, envelope, data, hash, salt: Buffer.from(line.salt, 'hex') }
    const event = this.#settled(stream, row, place)
    this.#version = version
    this.#hash = hash
    this.#counts.events += 1
    if (version === stream.version && hash !== stream.hash) {
      throw invalid(place, `its newest event of session ${stream.sessionId} is not the one its header names`)
    }
    if (isRedacted(row)) this.#replaced.set(version, replacedHashOf(data))
    else if (isKnown(event) && event.type === 'session.redacted') {
      for (const replaced of event.data.events) this.#recorded.set(replaced.version, replaced.dataHash)
      for (const content of event.data.contents) this.#takenOut.add(content)
    }
    for (const { hash: content } of contentRefsIn(event.data)) this.#wanted.add(content)
    foldInto(this.#state, [event])
    return { kind: 'event', stream, row, event, state: this.#state }
  }

  #settled(stream: BundledStream, row: TravellingRow, place: BundlePlace): LoggedEvent {
    const version = this.#version + 1
    try {
      return settledRow(stream.sessionId, row, { version, position: version, previousHash: this.#hash }).event
    } catch (error) {
      if (!(error instanceof WaymarkError)) throw error
      if (error.code !== 'UNKNOWN_EVENT') throw invalid(place, error.message)
      throw new WaymarkError('UNKNOWN_EVENT', {
        message: `${place.path}, line ${place.line}: ${error.message}; nothing was taken in`,
        ...(error.hint === null ? {} : { hint: error.hint }),
        details: { ...error.details, ...place },
      })
    }
  }

  /** The stream that a line belongs to: the one at hand, or the next when that one is complete. */
  #streamOf(
    { stream: index, version }: { stream: number; version: number },
    place: BundlePlace,
  ): BundledStream {
    const current = this.#header.streams[this.#index]
    if (index === this.#index + 1 && current?.version === this.#version) this.#index = index
    const stream = this.#header.streams[this.#index]
    if (stream === undefined || index !== this.#index || version > stream.version) {
      throw invalid(place, `version ${version} of stream ${index} does not belong here`)
    }
    this.#state.sessionId = stream.sessionId
    return stream
  }

  #snapshot(line: BundleLineOf<'snapshot'>, place: BundlePlace): CheckedItem {
    const stream = this.#header.streams[this.#index]
    const { version, checkpointId, stateHash: expected, chainHash } = line
    if (
      stream === undefined ||
      line.stream !== this.#index ||
      version !== this.#version ||
      this.#texts.size > 0
    ) {
      throw invalid(place, `a snapshot of version ${version} does not belong here`)
    }
    if (chainHash !== this.#hash)
      throw invalid(place, `the snapshot of version ${version} is of another history`)
    this.#counts.snapshots += 1
    const packed = Buffer.from(line.body, 'base64')
    if (line.foldVersion !== foldVersion) return { kind: 'snapshot', snapshot: null }
    const bytes = expand(packed, limits.stateBytesMax)
    if (bytes === null || sha256(bytes) !== expected) {
      const detail = bytes === null ? 'it cannot be decompressed' : 'its bytes do not have their hash'
      throw invalid(place, `the snapshot of version ${version}: ${detail}`)
    }
    if (stateHash(this.#state) !== expected) {
      throw invalid(place, `the snapshot of version ${version} is not what its events come to`)
    }
    const { sessionId } = stream
    return { kind: 'snapshot', snapshot: { sessionId, version, checkpointId, chainHash, state: this.#state } }
  }

  #content(line: BundleLineOf<'content'>, place: BundlePlace): CheckedItem {
    this.#requireComplete(place)
    const { hash, text, base64, redacted } = line
    if ((text === undefined) === (base64 === undefined))
      throw invalid(place, 'a text in two forms, or in none')
    const bytes = base64 === undefined ? Buffer.from(text ?? '') : Buffer.from(base64, 'base64')
    if (redacted === undefined && sha256(bytes) !== hash)
      throw invalid(place, `text ${hash} does not have its hash`)
    if (redacted === true && !this.#takenOut.has(hash)) {
      throw invalid(place, `another text stands for ${hash}, and no redaction says so`)
    }
    if (this.#texts.has(hash)) throw invalid(place, `text ${hash} comes twice`)
    if (!this.#wanted.delete(hash)) throw invalid(place, `no event refers to text ${hash}`)
    this.#texts.add(hash)
    this.#counts.contents += 1
    return { kind: 'content', hash, bytes, isRedacted: redacted === true }
  }

  #requireComplete(place: BundlePlace): void {
    const last = this.#header.streams.at(-1)
    if (this.#version !== last?.version) {
      throw invalid(place, `its events end at version ${this.#version}; its header says ${last?.version}`)
    }
  }

  #end(end: BundleEnd, { place, hashBefore }: TextLine): CheckedItem {
    this.#requireComplete(place)
    for (const [version, hash] of this.#replaced) {
      if (this.#recorded.get(version) === hash) continue
      throw invalid(place, `the data of version ${version} was replaced, and no redaction says so`)
    }
    const { events, snapshots, contents } = this.#counts
    const counted = { events, snapshots, contents, missingContents: this.#wanted.size }
    for (const [what, count] of Object.entries(counted)) {
      const said: unknown = Reflect.get(end, what)
      if (said !== count)
        throw invalid(place, `${what}: its closing record says ${String(said)}, there are ${count}`)
    }
    if (hashBefore() !== end.sha256)
      throw invalid(place, 'its lines do not have the hash of its closing record')
    return { kind: 'end', end }
  }
}
