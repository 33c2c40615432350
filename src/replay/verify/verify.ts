/**
 * Verification: reads everything again and says what is not as it was written, with its place. It trusts nothing it can
 * compute: the chain of hashes, each event's own text, the head of each stream, snapshots against the fold of the events
 * before them, list entries against state, contents against their names. Data that was taken out counts as such where the session itself
 * records it, and as damage anywhere else. And it asks the machines again whether each event follows from its command.
 */

import { type Machines, standardMachines } from '../../decide/machines.ts'
import { type GivenMachines, machinesGiven } from '../../decide/machines-given.ts'
import { DamagedRecord } from '../../kernel/errors.ts'
import type { EventLog } from '../../log/port.ts'
import { recordedTexts } from '../redactions.ts'
import { HomeCalls } from './calls.ts'
import type { FoldInto } from './fold.ts'
import { type AskedDurable, MachinesCheck } from './machines.ts'
import { type SessionVerification, verifySession } from './session.ts'

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
  /** The machines that are asked about each batch; those of this Waymark where none are given, and none with `null`. */
  readonly machines?: Machines | GivenMachines | null
  /** Machines that run on the log, asked about their own streams; what is of none of them is not asked about. */
  readonly durable?: AskedDurable
  /** The fold that is held against the usual one. */
  readonly fold?: FoldInto
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
  const homeCalls = new HomeCalls(log)
  /** Texts that sound events record as taken out. */
  const takenOut = new Set<string>()
  if (sessionId !== undefined) {
    sessions.push(await verifiedSession(log, sessionId, { ...options, homeCalls }, takenOut))
  } else {
    for await (const page of log.streams()) {
      for (const stream of page)
        sessions.push(await verifiedSession(log, stream.sessionId, { ...options, homeCalls }, takenOut))
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
  const unrecorded: string[] = []
  let checked = 0
  let redacted = 0
  for await (const { hash, problem, isRedacted } of log.auditContents()) {
    checked += 1
    if (problem !== null) problems.push({ hash, detail: problem })
    else if (isRedacted && takenOut.has(hash)) redacted += 1
    else if (isRedacted) unrecorded.push(hash)
  }
  // Taken out while the sessions were read, perhaps: then one of them says so by now.
  const recorded = unrecorded.length === 0 ? takenOut : await recordedTexts(log)
  for (const hash of unrecorded) {
    const detail = 'another text stands in its place, and no redaction of a session says so'
    if (recorded.has(hash)) redacted += 1
    else problems.push({ hash, detail })
  }
  return { checked, redacted, problems }
}

/** A session that cannot even be gone through is damaged too, and stops nothing else. */
async function verifiedSession(
  log: EventLog,
  sessionId: string,
  {
    machines: given = standardMachines,
    durable,
    homeCalls,
    ...rest
  }: VerifyOptions & { readonly homeCalls: HomeCalls },
  takenOut: Set<string>,
): Promise<SessionVerification> {
  const check =
    given === null ? {} : { machines: new MachinesCheck(machinesGiven(given), homeCalls, durable) }
  const options = { ...rest, ...check, loadHomeCalls: () => homeCalls.load() }
  try {
    return await verifySession(log, sessionId, options, takenOut)
  } catch (error) {
    if (!(error instanceof DamagedRecord)) throw error
    const version = typeof error.details.version === 'number' ? error.details.version : 0
    const problems = [
      { version, kind: 'damaged-head', cause: 'damaged-event', detail: error.message },
    ] as const
    const nothing = { events: 0, redactedCount: 0, redacted: [], snapshots: { count: 0, ofOtherFold: 0 } }
    return { sessionId, ...nothing, machines: null, ok: false, problems }
  }
}
