/** Verification of one session: its rows in order, each checked, asked about and folded. */
import { isKnown } from '../../events/envelope.ts'
import { foldInto, frozen } from '../../fold/fold.ts'
import { initialState, type SessionState } from '../../fold/state.ts'
import { summaryOf } from '../../fold/summary.ts'
import { WaymarkError } from '../../kernel/errors.ts'
import { canonicalJson } from '../../kernel/json.ts'
import { limits } from '../../kernel/limits.ts'
import type { CheckedRow } from '../../log/chain.ts'
import type { EventLog, RowTexts, StreamInfo } from '../../log/port.ts'
import { isRedacted } from '../../log/rows.ts'
import { checkRows, segmentsIn } from '../chain.ts'
import { streamOf } from '../load.ts'
import { RedactionLookup } from '../redactions.ts'
import type { MachinesVerdict } from './batch.ts'
import type { FoldInto } from './fold.ts'
import { FoldTwin } from './fold.ts'
import { IndexesCheck } from './indexes.ts'
import type { MachinesCheck } from './machines.ts'
import { type Problem, Problems, type Report } from './problem.ts'
import { SnapshotsCheck, type SnapshotsVerified } from './snapshots.ts'
import { BatchWalk } from './walk.ts'
import { eachWatched } from './watch.ts'

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
  readonly snapshots: SnapshotsVerified
  /** What the machines say of its batches; `null` when they were not asked. */
  readonly machines: MachinesVerdict | null
  readonly ok: boolean
  readonly problems: readonly Problem[]
}

export interface SessionOptions {
  /** Told after each page of events. */
  readonly onProgress?: (progress: { readonly sessionId: string; readonly events: number }) => void
  /** Asked about each batch. */
  readonly machines?: MachinesCheck
  /** Loads what other sessions of the home reported, when it is needed. */
  readonly loadHomeCalls: () => Promise<void>
  /** The fold that is held against the usual one. */
  readonly fold?: FoldInto
}

/** Verifies a session as it is at one moment, up to the version its head names then: others may go on appending. */
export async function verifySession(
  log: EventLog,
  sessionId: string,
  options: SessionOptions,
  takenOut: Set<string>,
): Promise<SessionVerification> {
  const problems = new Problems()
  const { report } = problems
  const gone = new RedactedEvents(log, sessionId)
  const snapshots = new SnapshotsCheck(log, sessionId)
  await snapshots.find()
  const stream = await streamOf(log, sessionId)
  const machines = options.machines ?? null
  const base = await inheritedState(log, stream, machines, report)
  const twin = base === null ? null : new FoldTwin(base, options.fold)
  const { loadHomeCalls } = options
  const walk = new BatchWalk(base, { machines, loadHomeCalls, snapshots, twin, report })
  let events = 0
  let lastVersion = stream.forkedFrom?.version ?? 0
  let lastHash = await inheritedHash(log, stream)
  const indexes = new IndexesCheck(log, stream)
  for await (const page of checkRows(log, stream)) {
    await gone.look(page, takenOut)
    await eachWatched(page, machines?.areGiven === true, (checked) => {
      const { row, problems: found } = checked
      events += 1
      lastVersion = row.version
      lastHash = row.hash
      indexes.take(checked)
      for (const problem of found) problems.ofRow(row, problem)
      return walk.take(checked)
    })
    options.onProgress?.({ sessionId, events })
  }
  await walk.end()
  await reportFold(log, walk.state, twin, report)
  checkHead(stream, lastVersion, lastHash, report)
  if (await hasEventsBeyondHead(log, stream)) {
    report(stream.version + 1, 'damaged-head', `the head says ${stream.version} events, and there are more`)
  }
  await indexes.end(report)
  const snapshotsVerified = await snapshots.end(report)
  const { listed } = problems
  if (walk.state !== null && listed.length === 0) checkSummary(stream, walk.state, report)
  const verdict = machines?.verdict() ?? null
  const { count: redactedCount, listed: redacted } = gone
  const ok = listed.length === 0 && (verdict?.divergenceCount ?? 0) === 0
  return {
    sessionId,
    events,
    redactedCount,
    redacted,
    snapshots: snapshotsVerified,
    machines: verdict,
    ok,
    problems: listed,
  }
}

async function reportFold(
  log: EventLog,
  state: SessionState | null,
  twin: FoldTwin | null,
  report: Report,
): Promise<void> {
  if (state === null || twin === null) return
  const found = await twin.end(log, state)
  if (found === null) return
  const detail = `folding the same events twice gives two states: first at ${found.difference.path}`
  report(found.version, 'fold-differs', detail, found.difference)
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
    const redacted: RowTexts[] = []
    for (const { row, event } of page) {
      if (event === null) continue
      if (event.type === 'session.redacted' && isKnown(event)) {
        for (const hash of event.data.contents) takenOut.add(hash)
      }
      if (isRedacted(row)) redacted.push(row)
    }
    if (redacted.length === 0) return
    const { by } = await this.#lookup.forPage(redacted)
    for (const { version } of redacted) {
      this.count += 1
      const redaction = by.get(version)
      if (redaction !== undefined && this.listed.length < limits.problemsListedMax) {
        this.listed.push({ version, by: redaction })
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

/** The state a stream begins with: empty, or what a fork inherits; `null` when that cannot be read. */
async function inheritedState(
  log: EventLog,
  stream: StreamInfo,
  machines: MachinesCheck | null,
  report: Report,
): Promise<SessionState | null> {
  const state = initialState(stream.sessionId)
  if (stream.forkedFrom === null) return state
  try {
    const { version } = stream.forkedFrom
    for await (const page of log.read(stream.sessionId, { to: version })) {
      foldInto(state, page)
      for (const event of page) machines?.inherit(event)
    }
    if (machines !== null && (await hasDataTakenOut(log, stream, version))) machines.inheritRedacted()
    return state
  } catch (error) {
    // A store that fails says nothing about what is in it.
    if (!(error instanceof WaymarkError) || error.code.startsWith('STORE_')) throw error
    report(stream.forkedFrom.version, 'damaged-parent', `what it inherits cannot be read: ${error.message}`)
    return null
  }
}

/** Whether data was taken out of an event that a fork inherits. */
async function hasDataTakenOut(log: EventLog, stream: StreamInfo, version: number): Promise<boolean> {
  for (const { sessionId, after, to } of await segmentsIn(log, stream, 0)) {
    for await (const page of log.rows(sessionId, { after, to: Math.min(to, version) })) {
      if (page.some(isRedacted)) return true
    }
  }
  return false
}

async function inheritedHash(log: EventLog, stream: StreamInfo): Promise<string | null> {
  if (stream.forkedFrom === null) return ''
  return log.chainHash(stream.forkedFrom.sessionId, stream.forkedFrom.version)
}
