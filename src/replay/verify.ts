/**
 * Verification: reads everything again and says what is not as it was written, with its place. It trusts nothing it can
 * compute: the chain of hashes, each event's own text, the head of each stream, snapshots against the fold of the events
 * before them, list entries against state, contents against their names. Data that was taken out counts as such where the session itself
 * records it, and as damage anywhere else.
 */
import { isKnown } from '../events/envelope.ts'
import { foldInto, frozen, stateHash } from '../fold/fold.ts'
import { initialState, type SessionState } from '../fold/state.ts'
import { summaryOf } from '../fold/summary.ts'
import { DamagedRecord, WaymarkError } from '../kernel/errors.ts'
import { canonicalJson } from '../kernel/json.ts'
import { limits } from '../kernel/limits.ts'
import type { CheckedRow } from '../log/chain.ts'
import type { EventLog, StreamInfo } from '../log/port.ts'
import { isRedacted } from '../log/rows.ts'
import { checkRows } from './chain.ts'
import { chainHashAt, streamOf } from './load.ts'
import { RedactionLookup } from './redactions.ts'
import { unpackSnapshot } from './snapshot.ts'

export interface Problem {
  /** The version at which it was found; for a snapshot, the version it claims to be of. */
  readonly version: number
  readonly kind: string
  readonly detail: string
}

/** An event of which data was taken out, and the version of the event that records it. */
export interface RedactedEvent {
  readonly version: number
  readonly by: number
}

export interface SessionVerification {
  readonly sessionId: string
  /** The session's own events that were read. */
  readonly events: number
  /** How many of them had data taken out, as the session itself records. */
  readonly redactedCount: number
  /** The first of them. */
  readonly redacted: readonly RedactedEvent[]
  readonly ok: boolean
  readonly problems: readonly Problem[]
}

export interface Verification {
  readonly ok: boolean
  readonly sessions: readonly SessionVerification[]
  /** Events whose session is not there any more; looked for when everything is verified. */
  readonly orphanedEvents: number
  readonly contents: {
    readonly checked: number
    /** Texts that were taken out, as a session records. */
    readonly redacted: number
    readonly problems: readonly { readonly hash: string; readonly detail: string }[]
  }
}

export interface VerifyOptions {
  /** Told after each page of events and each session. */
  readonly onProgress?: (progress: { readonly sessionId: string; readonly events: number }) => void
}

/** Verifies one session, or all of a log with its contents. */
export async function verifyLog(
  log: EventLog,
  sessionId?: string,
  options: VerifyOptions = {},
): Promise<Verification> {
  const sessions: SessionVerification[] = []
  /** Texts that sound events record as taken out. */
  const takenOut = new Set<string>()
  if (sessionId !== undefined) {
    sessions.push(await verifiedSession(log, sessionId, options, takenOut))
  } else {
    for await (const page of log.streams()) {
      for (const stream of page)
        sessions.push(await verifiedSession(log, stream.sessionId, options, takenOut))
    }
  }
  const orphanedEvents = sessionId === undefined ? await log.orphanedEvents() : 0
  const contents = sessionId === undefined ? await verifiedContents(log, takenOut) : noContents
  const ok = sessions.every((session) => session.ok) && orphanedEvents === 0 && contents.problems.length === 0
  return { ok, sessions, orphanedEvents, contents }
}

const noContents: Verification['contents'] = { checked: 0, redacted: 0, problems: [] }

/** Every stored text against its name; one that was taken out must be recorded as that. */
async function verifiedContents(
  log: EventLog,
  takenOut: ReadonlySet<string>,
): Promise<Verification['contents']> {
  const problems: { hash: string; detail: string }[] = []
  let checked = 0
  let redacted = 0
  for await (const { hash, problem, isRedacted } of log.auditContents()) {
    checked += 1
    if (problem !== null) problems.push({ hash, detail: problem })
    else if (isRedacted && takenOut.has(hash)) redacted += 1
    else if (isRedacted) {
      problems.push({
        hash,
        detail: 'another text stands in its place, and no redaction of a session says so',
      })
    }
  }
  return { checked, redacted, problems }
}

/** A session that cannot even be gone through is damaged too, and stops nothing else. */
async function verifiedSession(
  log: EventLog,
  sessionId: string,
  options: VerifyOptions,
  takenOut: Set<string>,
): Promise<SessionVerification> {
  try {
    return await verifySession(log, sessionId, options, takenOut)
  } catch (error) {
    if (!(error instanceof DamagedRecord)) throw error
    const version = typeof error.details.version === 'number' ? error.details.version : 0
    const problems = [{ version, kind: 'damaged-head', detail: error.message }]
    return { sessionId, events: 0, redactedCount: 0, redacted: [], ok: false, problems }
  }
}

/** Verifies a session as it is at one moment, up to the version its head names then: others may go on appending. */
async function verifySession(
  log: EventLog,
  sessionId: string,
  options: VerifyOptions,
  takenOut: Set<string>,
): Promise<SessionVerification> {
  const problems: Problem[] = []
  const gone = new RedactedEvents(log, sessionId)
  const report = (version: number, kind: string, detail: string): void => {
    if (problems.length < limits.problemsListedMax) problems.push({ version, kind, detail })
  }
  const snapshots = await readSnapshots(log, sessionId, report)
  const stream = await streamOf(log, sessionId)
  const base = await inheritedState(log, stream, report)
  const state = base ?? initialState(sessionId)
  let sound = base !== null
  let events = 0
  let lastVersion = stream.forkedFrom?.version ?? 0
  let lastHash = await inheritedHash(log, stream)
  for await (const page of checkRows(log, stream)) {
    await gone.look(page, takenOut)
    for (const { row, event, problems: found } of page) {
      events += 1
      lastVersion = row.version
      lastHash = row.hash
      for (const { version, kind, detail } of found) report(version, kind, detail)
      if (event === null) sound = false
      else if (sound) foldInto(state, [event])
      const snapshot = snapshots.get(row.version)
      if (snapshot === undefined) continue
      snapshots.delete(row.version)
      if (snapshot.chainHash !== row.hash)
        report(row.version, 'foreign-snapshot', 'its chain hash is not the event’s')
      else if (sound && snapshot.stateHash !== stateHash(state)) {
        report(row.version, 'snapshot-differs', 'it is not what folding the events up to it gives')
      }
    }
    options.onProgress?.({ sessionId, events })
  }
  checkHead(stream, lastVersion, lastHash, report)
  if (await hasEventsBeyondHead(log, stream)) {
    report(stream.version + 1, 'damaged-head', `the head says ${stream.version} events, and there are more`)
  }
  for await (const { version, detail } of log.auditIndexes(sessionId))
    report(version, 'damaged-index', detail)
  for (const version of snapshots.keys()) {
    if (version > 0) report(version, 'foreign-snapshot', 'there is no event at its version')
  }
  if (sound && problems.length === 0) checkSummary(stream, state, report)
  const { count: redactedCount, listed: redacted } = gone
  return { sessionId, events, redactedCount, redacted, ok: problems.length === 0, problems }
}

/** Counts the events of a session of which data was taken out, and collects the texts that were. */
class RedactedEvents {
  readonly listed: RedactedEvent[] = []
  count = 0
  readonly #lookup: RedactionLookup

  constructor(log: EventLog, sessionId: string) {
    this.#lookup = new RedactionLookup(log, sessionId)
  }

  async look(page: readonly CheckedRow[], takenOut: Set<string>): Promise<void> {
    const redactions = await this.#lookup.forPage(page.map(({ row }) => row))
    for (const { row, event } of page) {
      if (event === null) continue
      if (isKnown(event) && event.type === 'session.redacted') {
        for (const hash of event.data.contents) takenOut.add(hash)
      }
      if (!isRedacted(row)) continue
      this.count += 1
      const by = redactions.by.get(row.version)
      if (by !== undefined && this.listed.length < limits.problemsListedMax) {
        this.listed.push({ version: row.version, by })
      }
    }
  }
}

/** Whether there are events after those the head names. The head is read again: it may have moved on with them. */
async function hasEventsBeyondHead(log: EventLog, { sessionId, version }: StreamInfo): Promise<boolean> {
  let beyond = 0
  for await (const page of log.rows(sessionId, { after: version })) {
    beyond += page.length
    break
  }
  return beyond > 0 && (await streamOf(log, sessionId)).version === version
}

type Report = (version: number, kind: string, detail: string) => void

function checkHead(stream: StreamInfo, lastVersion: number, lastHash: string | null, report: Report): void {
  if (lastVersion < stream.version) {
    const missing = stream.version - lastVersion
    report(lastVersion + 1, 'missing-events', `the last ${missing} of ${stream.version} events are not there`)
  } else if (lastHash !== null && lastHash !== stream.hash) {
    report(stream.version, 'damaged-head', 'the head’s hash is not that of the newest event')
  }
}

function checkSummary(stream: StreamInfo, state: SessionState, report: Report): void {
  const empty = stream.version === (stream.forkedFrom?.version ?? 0)
  if (stream.summary === null && empty) return
  const { branch, ...expected } = summaryOf(frozen(state))
  // Summaries of older writers say nothing of branches.
  const isOlder = stream.summary !== null && !Object.hasOwn(stream.summary, 'branch')
  const whole = isOlder || branch === undefined ? expected : { ...expected, branch }
  if (canonicalJson(stream.summary) !== canonicalJson(whole)) {
    report(stream.version, 'summary-differs', 'the list entry of this session is not what its events say')
  }
}

interface SnapshotFacts {
  readonly stateHash: string
  readonly chainHash: string
}

/** The stream's own snapshots by version; damaged ones are reported and left out. */
async function readSnapshots(
  log: EventLog,
  sessionId: string,
  report: Report,
): Promise<Map<number, SnapshotFacts>> {
  const facts = new Map<number, SnapshotFacts>()
  for await (const snapshot of log.snapshots(sessionId)) {
    if (snapshot.sessionId !== sessionId) continue
    const unpacked = unpackSnapshot(snapshot, sessionId)
    const { version, stateHash: hash, chainHash } = snapshot
    if (unpacked.ok) facts.set(version, { stateHash: hash, chainHash })
    else if (unpacked.kind === 'damaged-snapshot') report(version, unpacked.kind, unpacked.detail)
  }
  return facts
}

/** The state a stream begins with: empty, or what a fork inherits; `null` when that cannot be read. */
async function inheritedState(
  log: EventLog,
  stream: StreamInfo,
  report: Report,
): Promise<SessionState | null> {
  const state = initialState(stream.sessionId)
  if (stream.forkedFrom === null) return state
  try {
    for await (const page of log.read(stream.sessionId, { to: stream.forkedFrom.version }))
      foldInto(state, page)
    return state
  } catch (error) {
    if (!(error instanceof WaymarkError)) throw error
    report(stream.forkedFrom.version, 'damaged-parent', `what it inherits cannot be read: ${error.message}`)
    return null
  }
}

async function inheritedHash(log: EventLog, stream: StreamInfo): Promise<string | null> {
  if (stream.forkedFrom === null) return ''
  return chainHashAt(log, stream.forkedFrom.sessionId, stream.forkedFrom.version)
}
