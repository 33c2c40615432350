/** What of a damaged store can be saved: for each stream the versions up to which its chain holds, and why it ends there. */
import { isKnown, type LoggedEvent } from '../events/envelope.ts'
import { WaymarkError } from '../kernel/errors.ts'
import { chainHash } from '../log/codec.ts'
import type { ForkPoint, StoredRow, TravellingRow } from '../log/port.ts'
import { isRedacted, replacedHashOf, settledRow } from '../log/rows.ts'
import type { Piece, Salvage, SalvagedStream } from '../store/sqlite/salvage.ts'

/** A stream as far as it is known. */
export interface LostStream {
  readonly key: number
  readonly sessionId: string
  readonly forkedFrom: ForkPoint | null
  /** Version and hash of its newest event, as the table of streams says; `null` when that cannot be read. */
  readonly head: { readonly version: number; readonly hash: string } | null
}

/** Up to where a stream is sound. */
export interface Extent {
  readonly stream: LostStream
  /** The last sound version; that before its first own one when nothing of its own is. */
  end: number
  /** Why it ends there; `null` when everything is sound. */
  problem: { readonly version: number; readonly reason: string } | null
  /** Hashes that were wrong and follow from what is before and behind them. */
  healed: number
  /** Events whose data was taken out, with the hash of what stands there. */
  readonly redacted: Map<number, string>
  /** What redactions say, each with the version of the event that says so. */
  readonly records: { readonly by: number; readonly version: number; readonly dataHash: string }[]
  readonly contentsTakenOut: { readonly by: number; readonly hash: string }[]
  /** Chain hashes at versions where others fork. */
  readonly hashes: Map<number, string>
}

/** All streams that are named or under whose key events lie, parents first. */
export function streamsIn(salvage: Salvage, unreadable: (reason: string) => void): readonly LostStream[] {
  const named = new Map<number, SalvagedStream>()
  for (const piece of salvage.streams()) {
    if ('read' in piece) named.set(piece.read.key, piece.read)
    else unreadable(piece.reason)
  }
  const keys = new Set([...named.keys(), ...salvage.keysOfEvents()])
  const streams = new Map<string, LostStream>()
  for (const key of [...keys].sort((x, y) => x - y)) {
    const stream = streamOf(salvage, key, named)
    if (stream !== null && !streams.has(stream.sessionId)) streams.set(stream.sessionId, stream)
  }
  return parentsFirst(streams)
}

function streamOf(
  salvage: Salvage,
  key: number,
  named: ReadonlyMap<number, SalvagedStream>,
): LostStream | null {
  const row = named.get(key)
  const first = firstEvent(salvage, key)
  const sessionId = row?.sessionId ?? first?.sessionId
  if (sessionId === undefined) return null
  const head = row === undefined ? null : { version: row.version, hash: row.hash }
  const parent = row?.parentKey == null ? undefined : named.get(row.parentKey)
  const said =
    parent === undefined || row?.forkVersion == null
      ? null
      : { sessionId: parent.sessionId, version: row.forkVersion }
  // Its own first event goes before what the table of streams says.
  const forkedFrom = first?.forkedFrom === undefined ? said : (said ?? first.forkedFrom)
  const base = first === null ? forkedFrom?.version : first.version - 1
  const fits = forkedFrom === null || forkedFrom.version === base
  return { key, sessionId, head, forkedFrom: fits ? forkedFrom : (first?.forkedFrom ?? forkedFrom) }
}

interface FirstEvent {
  readonly sessionId: string
  readonly version: number
  /** Where it says it was forked; `null` when it begins a session by itself. */
  readonly forkedFrom: ForkPoint | null
}

/** What the oldest readable event of a stream says of it. */
function firstEvent(salvage: Salvage, key: number): FirstEvent | null {
  for (const piece of salvage.rows(key)) {
    if (!('read' in piece)) continue
    const { version, envelope, data } = piece.read
    const sessionId = textIn(envelope, 'sessionId')
    if (sessionId === null) continue
    const parent = textIn(data, 'parentSessionId')
    const isFork = envelope.includes('"session.forked"') && parent !== null
    return { sessionId, version, forkedFrom: isFork ? { sessionId: parent, version: version - 1 } : null }
  }
  return null
}

function textIn(json: string, field: string): string | null {
  try {
    const value: unknown = JSON.parse(json)
    const found: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, field) : null
    return typeof found === 'string' ? found : null
  } catch {
    return null
  }
}

function parentsFirst(streams: ReadonlyMap<string, LostStream>): readonly LostStream[] {
  const ordered = new Set<LostStream>()
  for (const stream of streams.values()) {
    const line: LostStream[] = []
    for (let at: LostStream | undefined = stream; at !== undefined && !line.includes(at); ) {
      line.unshift(at)
      at = at.forkedFrom === null ? undefined : streams.get(at.forkedFrom.sessionId)
    }
    for (const member of line) ordered.add(member)
  }
  return [...ordered]
}

/** The stream that holds the event at a fork point itself: the parent, or one that the parent was forked from. */
export function holderOf(
  { sessionId, version }: ForkPoint,
  forkedFrom: (sessionId: string) => ForkPoint | null,
): string {
  const seen = new Set<string>()
  let owner = sessionId
  for (let fork = forkedFrom(owner); fork !== null && version <= fork.version; fork = forkedFrom(owner)) {
    if (seen.has(owner)) break
    seen.add(owner)
    owner = fork.sessionId
  }
  return owner
}

/** Follows the chain of a stream as far as it holds. `wanted` are versions whose hashes forks begin from. */
export function extentOf(
  salvage: Salvage,
  stream: LostStream,
  baseHash: string,
  wanted: ReadonlySet<number>,
): Extent {
  const base = stream.forkedFrom?.version ?? 0
  const extent: Extent = {
    stream,
    end: base,
    problem: null,
    healed: 0,
    redacted: new Map(),
    records: [],
    contentsTakenOut: [],
    hashes: new Map([[base, baseHash]]),
  }
  for (const { row, event } of soundRows(salvage, stream, baseHash, extent)) {
    extent.end = row.version
    if (wanted.has(row.version)) extent.hashes.set(row.version, row.hash)
    if (isRedacted(row)) extent.redacted.set(row.version, replacedHashOf(row.data))
    else if (isKnown(event) && event.type === 'session.redacted') {
      for (const replaced of event.data.events) extent.records.push({ by: row.version, ...replaced })
      for (const hash of event.data.contents) extent.contentsTakenOut.push({ by: row.version, hash })
    }
  }
  const { head } = stream
  if (extent.problem === null && head !== null && head.version > extent.end) {
    const reason = `the last ${head.version - extent.end} of ${head.version} events are not there`
    extent.problem = { version: extent.end + 1, reason }
  }
  return extent
}

/** The rows of a stream as long as each follows from the one before. Notes in `extent` why it ends, and which hashes it put right. */
export function* soundRows(
  salvage: Salvage,
  { key, sessionId, forkedFrom, head }: LostStream,
  baseHash: string,
  extent: Pick<Extent, 'problem' | 'healed'>,
): Generator<{ readonly row: TravellingRow; readonly event: LoggedEvent }, void, undefined> {
  let version = (forkedFrom?.version ?? 0) + 1
  let previousHash = baseHash
  for (const [piece, next] of withNext(salvage.rows(key))) {
    const problem = (reason: string): void => {
      extent.problem = { version, reason }
    }
    if (!('read' in piece))
      return problem(`versions ${piece.from} to ${rangeEnd(piece, head)} cannot be read: ${piece.reason}`)
    const row = piece.read
    if (row.version !== version) {
      return problem(
        row.version > version ? 'it is not there' : `version ${row.version} stands where it should`,
      )
    }
    const hash = chainHash(previousHash, row.envelope, row.data, row.salt)
    const isHealed = hash !== row.hash
    if (isHealed && !leadsOn(hash, version, next, head)) {
      return problem('its texts, its salt or its hash are not what was written')
    }
    const settled = settle(sessionId, { ...row, hash }, { version, position: version, previousHash })
    if (typeof settled === 'string') return problem(settled)
    if (isHealed) extent.healed += 1
    yield settled
    previousHash = hash
    version += 1
  }
}

function rangeEnd({ to }: { readonly to: number }, head: LostStream['head']): string {
  return head !== null && to > head.version ? 'its newest' : String(to)
}

function settle(sessionId: string, row: TravellingRow, place: Parameters<typeof settledRow>[2]) {
  try {
    return { row, event: settledRow(sessionId, row, place).event }
  } catch (error) {
    if (!(error instanceof WaymarkError)) throw error
    return error.message
  }
}

/** Whether what comes after a hash follows from it: then the hash that is stored is what was changed. */
function leadsOn(
  hash: string,
  version: number,
  next: Piece<StoredRow> | undefined,
  head: LostStream['head'],
): boolean {
  if (next === undefined) return head?.version === version && head.hash === hash
  if (!('read' in next) || next.read.version !== version + 1) return false
  const { envelope, data, salt, hash: stored } = next.read
  return chainHash(hash, envelope, data, salt) === stored
}

function* withNext<T>(items: Iterable<T>): Generator<readonly [T, T | undefined], void, undefined> {
  let held: { readonly item: T } | null = null
  for (const item of items) {
    if (held !== null) yield [held.item, item]
    held = { item }
  }
  if (held !== null) yield [held.item, undefined]
}

/**
 * Shortens streams until everything in them is accounted for: data that was taken out needs the event that says so, a fork needs the events
 * it shares. Whatever gives way may have held up something else, so it goes on until nothing does.
 */
export function settleExtents(extents: ReadonlyMap<string, Extent>): void {
  for (let changed = true; changed; ) {
    changed = false
    for (const extent of extents.values()) {
      const { stream, redacted } = extent
      const base = stream.forkedFrom?.version ?? 0
      for (const [version, hash] of redacted) {
        if (version > extent.end || isAccounted(extents, version, hash)) continue
        extent.end = version - 1
        extent.problem = { version, reason: 'its data was replaced, and the event that says so is lost' }
        changed = true
      }
      if (stream.forkedFrom === null || extent.end < 0) continue
      const holder = extents.get(
        holderOf(stream.forkedFrom, (id) => extents.get(id)?.stream.forkedFrom ?? null),
      )
      if (holder !== undefined && holder.end >= base) continue
      extent.end = -1
      const reason = `it was forked from version ${base} of ${stream.forkedFrom.sessionId}, of which version ${Math.max(holder?.end ?? 0, 0)} is the last that could be saved`
      extent.problem = { version: base + 1, reason }
      changed = true
    }
  }
}

function isAccounted(extents: ReadonlyMap<string, Extent>, version: number, hash: string): boolean {
  for (const { records, end } of extents.values()) {
    if (records.some((record) => record.by <= end && record.version === version && record.dataHash === hash))
      return true
  }
  return false
}
