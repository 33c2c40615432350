/** Writes a session into a bundle: its events, those it inherited, the texts they refer to, and the snapshots of its checkpoints. */
import { machinesHash } from '../decide/versions.ts'
import { eventTypes, schemaVersionOf } from '../events/catalogue.ts'
import { isKnown } from '../events/envelope.ts'
import { contentRefsIn } from '../events/references.ts'
import { foldInto } from '../fold/fold.ts'
import { foldVersion, initialState, type SessionState } from '../fold/state.ts'
import { compress } from '../kernel/compress.ts'
import { WaymarkError } from '../kernel/errors.ts'
import { sha256 } from '../kernel/hash.ts'
import { canonicalJson } from '../kernel/json.ts'
import { waymarkVersion } from '../kernel/version.ts'
import { ChainCheck, type CheckedRow } from '../log/chain.ts'
import { damaged } from '../log/codec.ts'
import type { Segment } from '../log/lineage.ts'
import type { EventLog, StoredRow, StoredSnapshot } from '../log/port.ts'
import { isRedacted, replacedHashOf } from '../log/rows.ts'
import { segmentsIn } from '../replay/chain.ts'
import { streamOf } from '../replay/load.ts'
import { RedactionLookup } from '../replay/redactions.ts'
import { isSameValue } from '../replay/snapshot/shared.ts'
import { unpackSnapshot } from '../replay/snapshot/snapshot.ts'
import { BlockWriter } from './blocks.ts'
import { type BundledStream, type BundleHeader, type BundleLineOf, bundleFormat } from './format.ts'

export interface BundleOptions {
  /** Whether the snapshots of checkpoints come along: they are if left out. They can be made anew from the events. */
  readonly snapshots?: boolean
  readonly onProgress?: (progress: { readonly events: number; readonly of: number }) => void
}

/** What a bundle holds. */
export interface Bundled {
  readonly path: string
  readonly sessionId: string
  /** The newest event it holds; later ones came while it was written, or never. */
  readonly version: number
  readonly streams: readonly BundledStream[]
  readonly events: number
  readonly snapshots: number
  readonly contents: number
  /** Texts that events refer to and the store does not hold. */
  readonly missingContents: number
  readonly bytes: number
}

/**
 * Writes a session into one file, from which another home can take it in. The same session gives the same bytes, whatever home it lies in.
 * What was redacted travels redacted.
 *
 * @throws WaymarkError `ALREADY_EXISTS` for a file that is there, `USAGE` where no file can be made; DamagedRecord with the place when not everything is as it was written.
 */
export async function exportBundle(
  log: EventLog,
  sessionId: string,
  path: string,
  options: BundleOptions = {},
): Promise<Bundled> {
  const stream = await streamOf(log, sessionId)
  const segments = await segmentsIn(log, stream, 0)
  if (segments.at(-1)?.sessionId !== sessionId) {
    throw new WaymarkError('VERSION_NOT_FOUND', {
      message: `session ${sessionId} holds no events of its own`,
      hint: 'export the session it was forked from',
    })
  }
  const streams: BundledStream[] = []
  for (const { sessionId: owner, after, to } of segments) {
    const hash = await log.chainHash(owner, to)
    if (hash === null) throw damaged(owner, to, 'it is not there')
    streams.push({ sessionId: owner, after, version: to, hash })
  }
  const writer = await BlockWriter.create(path)
  try {
    const run = new BundleRun(log, writer, options, stream.version)
    await writer.add(headerOf(sessionId, streams))
    for (const [index, segment] of segments.entries()) await run.addSegment(index, segment)
    run.requireAccounted()
    await run.addContents()
    await writer.finish((hash) => ({ kind: 'end', ...run.counts, sha256: hash }))
    return { path, sessionId, version: stream.version, streams, ...run.counts, bytes: writer.bytes }
  } catch (error) {
    await writer.abandon().catch(() => {})
    throw error
  }
}

function headerOf(sessionId: string, streams: readonly BundledStream[]): BundleHeader {
  const versions = [...eventTypes].sort().map((type) => [type, schemaVersionOf(type)] as const)
  return {
    kind: 'waymark-bundle',
    format: bundleFormat,
    writer: waymarkVersion,
    foldVersion,
    machines: machinesHash(),
    schemaVersions: Object.fromEntries(versions),
    sessionId,
    streams: [...streams],
  }
}

class BundleRun {
  readonly counts = { events: 0, snapshots: 0, contents: 0, missingContents: 0 }
  readonly #log: EventLog
  readonly #writer: BlockWriter
  readonly #options: BundleOptions
  readonly #of: number
  readonly #wanted = new Set<string>()
  /** Hash of the data that stands there, by version, as the rows and as the redactions say. */
  readonly #redacted = new Map<number, string>()
  readonly #recorded = new Map<number, string>()
  readonly #takenOut = new Set<string>()
  #state: SessionState | null = null
  #hash = ''

  constructor(log: EventLog, writer: BlockWriter, options: BundleOptions, of: number) {
    this.#log = log
    this.#writer = writer
    this.#options = options
    this.#of = of
  }

  async addSegment(index: number, { sessionId, after, to }: Segment): Promise<void> {
    const snapshots = await this.#snapshotVersions(sessionId, after, to)
    const check = new ChainCheck(sessionId, after, this.#hash)
    const lookup = new RedactionLookup(this.#log, sessionId)
    let version = after
    this.#state ??= initialState(sessionId)
    this.#state.sessionId = sessionId
    for await (const page of this.#log.rows(sessionId, { after, to })) {
      const { dataHashes } = await lookup.forPage(page)
      for (const row of page) {
        await this.#addRow(index, sessionId, check.check(row, dataHashes))
        version = row.version
        if (snapshots.has(version)) await this.#addSnapshot(index, sessionId, row)
      }
      this.#options.onProgress?.({ events: this.counts.events, of: this.#of })
    }
    if (version < to) throw damaged(sessionId, version + 1, 'it is not there')
  }

  async #addRow(stream: number, sessionId: string, { row, event, problems }: CheckedRow): Promise<void> {
    const [problem] = problems
    if (event === null || this.#state === null) {
      throw damaged(sessionId, problem?.version ?? row.version, problem?.detail ?? 'it cannot be read')
    }
    const { version, envelope, data, hash } = row
    const salt = Buffer.from(row.salt).toString('hex')
    await this.#writer.add({ kind: 'event', stream, version, envelope, data, salt, hash })
    this.counts.events += 1
    this.#hash = hash
    if (isRedacted(row)) this.#redacted.set(version, replacedHashOf(data))
    else if (isKnown(event) && event.type === 'session.redacted') {
      for (const replaced of event.data.events) this.#recorded.set(replaced.version, replaced.dataHash)
      for (const content of event.data.contents) this.#takenOut.add(content)
    }
    for (const { hash: content } of contentRefsIn(event.data)) this.#wanted.add(content)
    foldInto(this.#state, [event])
  }

  async #snapshotVersions(sessionId: string, after: number, to: number): Promise<ReadonlySet<number>> {
    const versions = new Set<number>()
    if (this.#options.snapshots === false) return versions
    for await (const snapshot of this.#log.snapshots(sessionId, to)) {
      if (snapshot.sessionId !== sessionId || snapshot.version <= after) break
      if (snapshot.kind === 'checkpoint') versions.add(snapshot.version)
    }
    return versions
  }

  /** Only one that is what its events come to: a wrong one would spoil the bundle. */
  async #addSnapshot(stream: number, sessionId: string, { version, hash }: StoredRow): Promise<void> {
    const snapshot = await this.#snapshotAt(sessionId, version)
    if (snapshot === null || this.#state === null) return
    const { checkpointId, foldVersion: made, chainHash } = snapshot
    const unpacked = unpackSnapshot(snapshot, this.#state.sessionId)
    if (!unpacked.ok || chainHash !== hash || !isSameValue(unpacked.fresh, this.#state)) return
    const text = canonicalJson(this.#state)
    const base64 = Buffer.from(compress(Buffer.from(text))).toString('base64')
    const facts = { version, checkpointId, foldVersion: made, stateHash: sha256(text), chainHash }
    await this.#writer.add({ kind: 'snapshot', stream, ...facts, body: base64 })
    this.counts.snapshots += 1
  }

  async #snapshotAt(sessionId: string, version: number): Promise<StoredSnapshot | null> {
    for await (const snapshot of this.#log.snapshots(sessionId, version)) {
      return snapshot.version === version ? snapshot : null
    }
    return null
  }

  /** Another home accepts data that was taken out only where the bundle itself says so. */
  requireAccounted(): void {
    for (const [version, hash] of this.#redacted) {
      if (this.#recorded.get(version) !== hash) throw recordedElsewhere(`version ${version}`)
    }
  }

  /** The texts in the order in which events first refer to them. */
  async addContents(): Promise<void> {
    for (const hash of this.#wanted) {
      const bytes = await this.#log.content(hash)
      if (bytes === null) {
        this.counts.missingContents += 1
        continue
      }
      const line = contentLine(hash, bytes)
      if (line.redacted === true && !this.#takenOut.has(hash)) throw recordedElsewhere(`text ${hash}`)
      await this.#writer.add(line)
      this.counts.contents += 1
    }
  }
}

function recordedElsewhere(what: string): WaymarkError {
  return new WaymarkError('VERSION_NOT_FOUND', {
    message: `data of ${what} was taken out, and the event that says so is in another session`,
    hint: 'waymark redact <session> with the same rules records it in this one too',
    details: { what },
  })
}

function contentLine(hash: string, bytes: Uint8Array): BundleLineOf<'content'> {
  // The store has compared it with its hash: another one is that of a text that was taken out.
  const redacted = sha256(bytes) === hash ? {} : ({ redacted: true } as const)
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const text = buffer.toString('utf8')
  const isText =
    Buffer.from(text).equals(buffer) &&
    Buffer.byteLength(JSON.stringify(text)) <= (buffer.length * 4) / 3 + 64
  const body = isText ? { text } : { base64: buffer.toString('base64') }
  return { kind: 'content', hash, ...redacted, ...body }
}
