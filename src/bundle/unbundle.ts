/**
 * Takes a bundle in. All of it is checked before anything is written; then everything goes in within one transaction, in which it is
 * checked once more as it is read. Killed anywhere, nothing of it is there, and a second run takes it in.
 */
import { isKnown, type LoggedEvent } from '../events/envelope.ts'
import type { ReadonlyState } from '../fold/state.ts'
import { summaryOf } from '../fold/summary.ts'
import { WaymarkError } from '../kernel/errors.ts'
import { limits } from '../kernel/limits.ts'
import type { EventLog, LogTransaction, TravellingRow } from '../log/port.ts'
import { takeKeyframeIfDue } from '../replay/snapshot/keyframe.ts'
import { latestTime } from '../replay/snapshot/latest-time.ts'
import { packSnapshot } from '../replay/snapshot/snapshot.ts'
import { type BundledSnapshot, checkedItems } from './check.ts'
import { type BundledStream, type BundleHeader, invalid } from './format.ts'

/** What became of one stream: it was not here, it went on, or all of it was here. */
export interface UnbundledStream {
  readonly sessionId: string
  readonly status: 'new' | 'extended' | 'unchanged'
  /** Events that were taken in. */
  readonly appended: number
  /** Its newest version here now. */
  readonly version: number
}

export interface Unbundled {
  readonly path: string
  readonly sessionId: string
  /** The ancestors, oldest first, and the session itself. */
  readonly streams: readonly UnbundledStream[]
  readonly appended: number
  /** Texts in the bundle. */
  readonly contents: number
  /** Snapshots of checkpoints that were taken in. */
  readonly snapshots: number
  /** Texts that events refer to and that the bundle does not hold either. */
  readonly missingContents: number
  /** Texts that are redacted in the bundle and not here; what is here stays as it is. */
  readonly redactedElsewhere: number
  /**
   * Calls that it counts and that another session here had counted before: what both sessions count together is too much by them.
   * `null` when nothing was taken in.
   */
  readonly countedTwice: number | null
}

interface TakenIn {
  readonly snapshots: number
  readonly countedTwice: number | null
}

export interface UnbundleOptions {
  /** Check only: nothing is taken in. */
  readonly dryRun?: boolean
  readonly onProgress?: (progress: { readonly events: number; readonly of: number }) => void
}

interface StreamPlan {
  readonly stream: BundledStream
  /** The version up to which it is here; `null` when it is not here at all. */
  readonly from: number | null
  readonly hash: string
}

interface Plan {
  readonly header: BundleHeader
  readonly streams: readonly StreamPlan[]
  /** Texts that were taken out in the bundle and are here. */
  readonly kept: ReadonlySet<string>
  readonly contents: number
  readonly missingContents: number
}

/**
 * Takes a session in from a bundle, its ancestors as far as it shares them.
 *
 * @throws WaymarkError `BUNDLE_INVALID` with file and line; `HISTORY_DIVERGED` with the version where it and what is here part;
 * `UNKNOWN_EVENT`, `STORE_TOO_NEW`, `STORE_BUSY`, `STORE_FULL`. Then nothing was taken in.
 */
export async function unbundle(
  log: EventLog,
  path: string,
  options: UnbundleOptions = {},
): Promise<Unbundled> {
  for (let attempt = 1; ; attempt++) {
    const plan = await planOf(log, path, options)
    if (options.dryRun === true) return reportOf(path, plan, { snapshots: 0, countedTwice: null })
    try {
      const taken = await log.transact((transaction) => takeIn(transaction, path, plan))
      return reportOf(path, plan, taken)
    } catch (error) {
      if (!(error instanceof MovedOn) || attempt >= limits.bundleAttemptsMax) throw error
    }
  }
}

/** Somebody appended between the check and the transaction. */
class MovedOn extends WaymarkError {
  constructor(sessionId: string) {
    super('STORE_BUSY', {
      message: `session ${sessionId} is being written; nothing was taken in`,
      hint: 'try again when nobody works in it',
    })
  }
}

/** Checks the whole bundle, and compares it with what is here. */
async function planOf(log: EventLog, path: string, options: UnbundleOptions): Promise<Plan> {
  let header: BundleHeader | null = null
  const streams: StreamPlan[] = []
  const kept = new Set<string>()
  let counts = { contents: 0, missingContents: 0 }
  let events = 0
  for (const item of checkedItems(path)) {
    if (item.kind === 'header') {
      header = item.header
      for (const stream of header.streams) streams.push(await localOf(log, stream))
    } else if (item.kind === 'event') {
      events += 1
      if (events % limits.pageEventsMax === 0) {
        options.onProgress?.({ events, of: header?.streams.at(-1)?.version ?? events })
      }
      const plan = streams.find(({ stream }) => stream.sessionId === item.stream.sessionId)
      if (plan?.from === item.row.version && plan.hash !== item.row.hash) throw await parted(log, path, plan)
    } else if (item.kind === 'content' && item.isRedacted && (await log.content(item.hash)) !== null) {
      kept.add(item.hash)
    } else if (item.kind === 'end') counts = item.end
  }
  if (header === null) throw invalid({ path, line: 1 }, 'it is empty')
  return { header, streams, kept, ...counts }
}

/** How far a stream of the bundle is here: where both can be compared. */
async function localOf(log: EventLog, stream: BundledStream): Promise<StreamPlan> {
  const local = await log.stream(stream.sessionId)
  if (local === null) return { stream, from: null, hash: '' }
  const from = Math.min(local.version, stream.version)
  const base = local.forkedFrom?.version ?? 0
  if (base !== stream.after) {
    throw diverged(stream.sessionId, Math.min(base, stream.after) + 1, 'it was forked at another version')
  }
  if (from === local.version) return { stream, from, hash: local.hash }
  return { stream, from, hash: (await log.chainHash(stream.sessionId, from)) ?? '' }
}

/** Finds the first version at which a stream of the bundle is another one than here. */
async function parted(log: EventLog, path: string, { stream }: StreamPlan): Promise<WaymarkError> {
  const { sessionId, after } = stream
  const theirs = checkedItems(path)
  let version = after + 1
  try {
    for await (const page of log.rows(sessionId, { after })) {
      for (const { hash } of page) {
        const row = nextRow(theirs, sessionId)
        if (row === null || row.hash !== hash) return diverged(sessionId, row?.version ?? version, null)
        version = row.version + 1
      }
    }
    return diverged(sessionId, version, null)
  } finally {
    theirs.return()
  }
}

function nextRow(items: ReturnType<typeof checkedItems>, sessionId: string): TravellingRow | null {
  for (let next = items.next(); next.done !== true; next = items.next()) {
    const item = next.value
    if (item.kind === 'event' && item.stream.sessionId === sessionId) return item.row
  }
  return null
}

function diverged(sessionId: string, version: number, why: string | null): WaymarkError {
  return new WaymarkError('HISTORY_DIVERGED', {
    message: `session ${sessionId} is here with another history: they part at version ${version}${why === null ? '' : ` (${why})`}; nothing was taken in`,
    hint: 'both went on by themselves: take the bundle into a home of its own with --home <folder>',
    details: { sessionId, version },
  })
}

/** Takes in what is not here. */
function takeIn(transaction: LogTransaction, path: string, plan: Plan): TakenIn {
  const pages = new Map<string, StreamPage>()
  for (const [index, { stream, from, hash }] of plan.streams.entries()) {
    const { sessionId, after, version } = stream
    const local = transaction.stream(sessionId)
    const isAsPlanned =
      from === null
        ? local === null
        : local !== null && (local.version === from ? local.hash === hash : from === version)
    if (!isAsPlanned) throw new MovedOn(sessionId)
    const parent = plan.streams[index - 1]?.stream.sessionId
    pages.set(sessionId, new StreamPage(transaction, sessionId, from ?? after))
    if (from !== null) continue
    const forkedFrom = parent === undefined ? null : { sessionId: parent, version: after }
    pages.get(sessionId)?.createFirst(forkedFrom)
  }
  let snapshots = 0
  let countedTwice = 0
  let current: StreamPage | undefined
  for (const item of checkedItems(path)) {
    if (item.kind === 'event') {
      const page = pages.get(item.stream.sessionId)
      // What a fork shares is there before it is made.
      if (page !== current) current?.flush()
      current = page
      if (page !== undefined && item.row.version > page.from && isCountedHere(transaction, item))
        countedTwice += 1
      page?.add(item.row, item.state)
    } else if (item.kind === 'content') {
      if (!item.isRedacted) transaction.putContent(item.hash, item.bytes)
      else if (!plan.kept.has(item.hash)) transaction.redactContent(item.hash, item.bytes)
    } else if (item.kind === 'snapshot' && item.snapshot !== null) {
      const page = pages.get(item.snapshot.sessionId)
      if (page === undefined || item.snapshot.version <= page.from) continue
      page.flush()
      putCheckpoint(transaction, item.snapshot)
      snapshots += 1
    } else if (item.kind === 'end') current?.flush()
  }
  return { snapshots, countedTwice }
}

function putCheckpoint(transaction: LogTransaction, bundled: BundledSnapshot): void {
  const { sessionId, version, checkpointId, chainHash, state } = bundled
  const timeMax = latestTime(transaction, sessionId, version)
  transaction.putSnapshot(packSnapshot(state, chainHash, checkpointId, timeMax))
}

/** Whether an event counts a call for the first time that somebody here has counted: what each counted is in its history for good. */
function isCountedHere(
  transaction: LogTransaction,
  { stream, event }: { readonly stream: BundledStream; readonly event: LoggedEvent },
): boolean {
  if (!isKnown(event) || event.type !== 'usage.recorded') return false
  const { callId, countedOnceIn, counted, elsewhere } = event.data
  const isFirst = counted.calls === 1 || elsewhere !== undefined
  if (countedOnceIn !== 'home' || !isFirst || Object.values(counted).every((count) => count === 0))
    return false
  return transaction.countedCall(stream.sessionId, callId, 'home') !== null
}

/** Rows of one stream on their way in, some at a time. */
class StreamPage {
  /** Versions up to this one are here already. */
  readonly from: number
  readonly #transaction: LogTransaction
  readonly #sessionId: string
  #forkedFrom: { readonly sessionId: string; readonly version: number } | null | undefined
  #rows: TravellingRow[] = []
  #summary: ReturnType<typeof summaryOf> | null = null

  constructor(transaction: LogTransaction, sessionId: string, from: number) {
    this.#transaction = transaction
    this.#sessionId = sessionId
    this.from = from
  }

  /** The stream is not here: it is made before its first event comes, when its parent has all that it shares. */
  createFirst(forkedFrom: { readonly sessionId: string; readonly version: number } | null): void {
    this.#forkedFrom = forkedFrom
  }

  /** `state` is the one after the row. */
  add(row: TravellingRow, state: ReadonlyState): void {
    if (row.version <= this.from) return
    this.#rows.push(row)
    this.#summary = summaryOf(state)
    if (this.#rows.length < limits.pageEventsMax) return
    this.flush()
    takeKeyframeIfDue(this.#transaction, state)
  }

  flush(): void {
    if (this.#rows.length === 0 || this.#summary === null) return
    if (this.#forkedFrom !== undefined) this.#transaction.create(this.#sessionId, this.#forkedFrom)
    this.#forkedFrom = undefined
    this.#transaction.take(this.#sessionId, this.#rows, this.#summary)
    this.#rows = []
  }
}

function reportOf(path: string, plan: Plan, taken: TakenIn): Unbundled {
  const streams = plan.streams.map(({ stream, from }): UnbundledStream => {
    const { sessionId, after, version } = stream
    const appended = version - (from ?? after)
    const status = from === null ? 'new' : appended > 0 ? 'extended' : 'unchanged'
    return { sessionId, status, appended, version: Math.max(version, from ?? 0) }
  })
  const { contents, missingContents, kept } = plan
  const redactedElsewhere = kept.size
  const appended = streams.reduce((sum, stream) => sum + stream.appended, 0)
  const { sessionId } = plan.header
  return { path, sessionId, streams, appended, contents, missingContents, redactedElsewhere, ...taken }
}
