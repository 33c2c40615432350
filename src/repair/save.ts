/** Writes into a new store what of a damaged one is sound, and down as lines what is not. */
import type { LoggedEvent } from '../events/envelope.ts'
import { foldInto, foldPages } from '../fold/fold.ts'
import { initialState, type SessionState } from '../fold/state.ts'
import { summaryOf } from '../fold/summary.ts'
import { limits } from '../kernel/limits.ts'
import type { EventLog, ForkPoint, StoredRow, StoredSnapshot, TravellingRow } from '../log/port.ts'
import { packSnapshot } from '../replay/snapshot/snapshot.ts'
import type { Salvage } from '../store/sqlite/salvage.ts'
import { type Extent, soundRows } from './examine.ts'

/** Saves the sound events of one stream, with snapshots where it had some; gives how many those are. */
export async function saveStream(
  log: EventLog,
  salvage: Salvage,
  extent: Extent,
  forkedFrom: ForkPoint | null,
): Promise<number> {
  const { stream, end } = extent
  const base = stream.forkedFrom?.version ?? 0
  const saver = new StreamSaver(
    log,
    stream.sessionId,
    forkedFrom,
    await inherited(log, stream.sessionId, forkedFrom),
  )
  const snapshots = salvage.snapshotVersions(stream.key)
  const notes = { problem: null, healed: 0 }
  for (const { row, event } of soundRows(salvage, stream, extent.hashes.get(base) ?? '', notes)) {
    if (row.version > end) break
    saver.add(row, event)
    foldInto(saver.state, [event])
    if (snapshots.has(row.version)) {
      const found = salvage.snapshot(stream.key, row.version)
      if (found?.chainHash === row.hash) saver.addSnapshot(row.hash, found.checkpointId)
    }
    if (saver.isFull) await saver.flush()
  }
  await saver.flush()
  return saver.snapshotsSaved
}

async function inherited(
  log: EventLog,
  sessionId: string,
  forkedFrom: ForkPoint | null,
): Promise<SessionState> {
  const state = initialState(sessionId)
  if (forkedFrom === null) return state
  await foldPages(state, log.readToFold(forkedFrom.sessionId, { to: forkedFrom.version }))
  return state
}

class StreamSaver {
  readonly state: SessionState
  snapshotsSaved = 0
  readonly #log: EventLog
  readonly #sessionId: string
  #forkedFrom: ForkPoint | null | undefined
  #rows: TravellingRow[] = []
  #snapshots: StoredSnapshot[] = []
  /** The latest time of a batch. Of a fork it says nothing: inherited ones are not looked at. */
  #timeMax: string | null = null
  readonly #isFork: boolean

  constructor(log: EventLog, sessionId: string, forkedFrom: ForkPoint | null, state: SessionState) {
    this.#log = log
    this.#sessionId = sessionId
    this.#forkedFrom = forkedFrom
    this.#isFork = forkedFrom !== null
    this.state = state
  }

  get isFull(): boolean {
    return this.#rows.length >= limits.pageEventsMax || this.#snapshots.length >= snapshotsPerTransaction
  }

  add(row: TravellingRow, { index, time }: LoggedEvent): void {
    this.#rows.push(row)
    if (index === 0 && (this.#timeMax === null || time > this.#timeMax)) this.#timeMax = time
  }

  /** A snapshot where there was one, of what the events up to it come to. */
  addSnapshot(hash: string, checkpointId: string | null): void {
    this.#snapshots.push(packSnapshot(this.state, hash, checkpointId, this.#isFork ? null : this.#timeMax))
  }

  async flush(): Promise<void> {
    if (this.#rows.length === 0) return
    const [rows, snapshots, summary] = [this.#rows, this.#snapshots, summaryOf(this.state)]
    await this.#log.transact((transaction) => {
      if (this.#forkedFrom !== undefined) transaction.create(this.#sessionId, this.#forkedFrom)
      transaction.take(this.#sessionId, rows, summary)
      for (const snapshot of snapshots) transaction.putSnapshot(snapshot)
    })
    this.snapshotsSaved += snapshots.length
    this.#forkedFrom = undefined
    this.#rows = []
    this.#snapshots = []
  }
}

/** Snapshots that are held before they are written. */
const snapshotsPerTransaction = 16

export interface LostText {
  readonly hash: string
  readonly reason: string
}

export interface SavedTexts {
  readonly saved: number
  readonly lost: readonly LostText[]
  readonly lostCount: number
}

/** Bytes of texts that are held before they are written. */
const bytesPerTransaction = 16_777_216

/** Saves the texts that have their hash, and those that saved events say were taken out. */
export async function saveTexts(
  log: EventLog,
  salvage: Salvage,
  extents: ReadonlyMap<string, Extent>,
): Promise<SavedTexts> {
  const takenOut = new Set<string>()
  for (const { contentsTakenOut, end } of extents.values()) {
    for (const { by, hash } of contentsTakenOut) if (by <= end) takenOut.add(hash)
  }
  const lost: LostText[] = []
  let lostCount = 0
  let saved = 0
  let waiting: { readonly hash: string; readonly bytes: Uint8Array; readonly isRedacted: boolean }[] = []
  let waitingBytes = 0
  const flush = async (): Promise<void> => {
    await log.transact((transaction) => {
      for (const { hash, bytes, isRedacted } of waiting) {
        if (isRedacted) transaction.redactContent(hash, bytes)
        else transaction.putContent(hash, bytes)
      }
    })
    saved += waiting.length
    waiting = []
    waitingBytes = 0
  }
  const lose = (hash: string, reason: string): void => {
    lostCount += 1
    if (lost.length < limits.problemsListedMax) lost.push({ hash, reason })
  }
  for (const piece of salvage.contents()) {
    if (!('read' in piece)) lose('', `texts cannot be read: ${piece.reason}`)
    else {
      const { hash, bytes, problem, isRedacted } = piece.read
      if (bytes === null || problem !== null) lose(hash, problem ?? 'it cannot be read')
      else if (isRedacted && !takenOut.has(hash))
        lose(hash, 'it was taken out, and the event that says so is lost')
      else {
        waiting.push({ hash, bytes, isRedacted })
        waitingBytes += bytes.length
        if (waitingBytes >= bytesPerTransaction || waiting.length >= limits.pageEventsMax) await flush()
      }
    }
  }
  await flush()
  return { saved, lost, lostCount }
}

/** Events that are not in the new store, as they could be read: one line of JSON each. Gives how many there are, and lists the first. */
export async function writeLost(
  write: (lines: string) => Promise<void>,
  salvage: Salvage,
  { stream, end, problem }: Extent,
): Promise<{ readonly count: number; readonly versions: readonly number[] }> {
  const { key, sessionId } = stream
  const versions: number[] = []
  let count = 0
  let lines: string[] = []
  for (const piece of salvage.rows(key)) {
    if (!('read' in piece) || piece.read.version <= end) continue
    count += 1
    if (versions.length < limits.lostEventsListedMax) versions.push(piece.read.version)
    lines.push(lostLine(sessionId, piece.read, problem?.reason ?? ''))
    if (lines.length < limits.pageEventsMax) continue
    await write(lines.join(''))
    lines = []
  }
  await write(lines.join(''))
  return { count, versions }
}

function lostLine(sessionId: string, row: StoredRow, reason: string): string {
  const { version, position, envelope, data, hash } = row
  const salt = Buffer.from(row.salt).toString('hex')
  return `${JSON.stringify({ session_id: sessionId, version, position, envelope, data, salt, hash, reason })}\n`
}
