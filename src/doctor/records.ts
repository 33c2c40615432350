/** Checks of what was recorded: is it as it was written, is it all there, was it written in order. */
import type { LoggedEvent } from '../events/envelope.ts'
import { DamagedRecord } from '../kernel/errors.ts'
import { verifyLog } from '../replay/verify/verify.ts'
import { countOf, countText } from '../views/text.ts'
import { bounds } from './bounds.ts'
import type { LogContext, SessionContext } from './check.ts'
import type { Found } from './finding.ts'

interface Damage {
  readonly version: number
  readonly kind: string
  readonly detail: string
}

/** The head and the newest events against the chain of hashes; everything, as `verify` does, in a deep examination. */
export async function damagedRecords(context: SessionContext): Promise<readonly Found[]> {
  const { sessionId } = context.stream
  const problems = context.deep ? await verified(context) : (await context.tail()).problems
  const [first] = problems
  if (first === undefined) return []
  const more = problems.length === 1 ? '' : `, and ${countText(problems.length - 1)} more`
  return [
    {
      severity: 'problem',
      subject: sessionId,
      message: `version ${first.version}: ${first.kind}: ${first.detail}${more}`,
      proposal: `waymark verify ${sessionId}, then waymark repair`,
    },
  ]
}

async function verified({ log, stream, onProgress }: SessionContext): Promise<readonly Damage[]> {
  const { sessions } = await verifyLog(log, stream.sessionId, {
    machines: null,
    onProgress: ({ sessionId, events }) => onProgress(`verifying ${sessionId}: ${countOf(events, 'event')}`),
  })
  return sessions.flatMap(({ problems }) => problems)
}

const restoreText =
  'import its source again into a new home (waymark import --home <folder>), or restore a backup'

/** Texts that events refer to and that are not there: all of them in a deep examination, else some of the newest. */
export async function missingContents(context: SessionContext): Promise<readonly Found[]> {
  const { log, stream, deep } = context
  let missing = 0
  let first = ''
  let looked = 0
  let seen = new Set<string>()
  const references: { readonly version: number; readonly hash: string }[] = []
  const look = async (): Promise<void> => {
    for (const { version, hash } of references.splice(0)) {
      looked += 1
      if (!(await isMissing(log, hash))) continue
      missing += 1
      if (missing === 1) first = `${hash.slice(0, 12)}… of version ${version}`
    }
  }
  for await (const page of context.events()) {
    for (const event of page) {
      for (const hash of hashesIn(event)) {
        if (!seen.has(hash)) references.push({ version: event.version, hash })
        seen.add(hash)
      }
    }
    if (!deep) references.splice(0, references.length - bounds.contentsSampled)
    await look()
    // The same text again after so many others is looked up twice; that costs time, and no memory.
    if (seen.size > hashesRememberedMax) seen = new Set()
  }
  if (missing === 0) return []
  const message = `${countText(missing)} of ${countOf(looked, 'text')} looked for are not there, the first is ${first}`
  return [{ severity: 'problem', subject: stream.sessionId, message, proposal: restoreText }]
}

const hashesRememberedMax = 100_000

/** One that is there and damaged is told by another check. */
async function isMissing(log: LogContext['log'], hash: string): Promise<boolean> {
  try {
    return (await log.content(hash)) === null
  } catch (error) {
    if (error instanceof DamagedRecord) return false
    throw error
  }
}

/** Hashes of the stored texts that an event refers to: they are fields of its data. */
function hashesIn({ data }: LoggedEvent): readonly string[] {
  if (typeof data !== 'object' || data === null) return []
  return Object.values(data).flatMap((value: unknown) => {
    if (typeof value !== 'object' || value === null) return []
    const hash: unknown = Reflect.get(value, 'hash')
    return typeof hash === 'string' && 'bytes' in value && 'preview' in value ? [hash] : []
  })
}

/** Stored texts that do not have their hash any more. */
export async function damagedContents({ log, onProgress }: LogContext): Promise<readonly Found[]> {
  let checked = 0
  const damaged: string[] = []
  let count = 0
  for await (const { hash, problem } of log.auditContents()) {
    checked += 1
    if (checked % 1_000 === 0) onProgress(`reading ${countOf(checked, 'stored text')}`)
    if (problem === null) continue
    count += 1
    if (damaged.length < bounds.consumersNamed) damaged.push(`${hash.slice(0, 12)}…: ${problem}`)
  }
  if (count === 0) return []
  const message = `${countText(count)} of ${countOf(checked, 'stored text')} are not what was stored: ${damaged.join('; ')}`
  return [{ severity: 'problem', subject: log.location, message, proposal: restoreText }]
}

/**
 * The clock that wrote `recordedAt`. `time` may step back: an import takes it from its source, as it stands there.
 */
export async function clockBackwards(context: SessionContext): Promise<readonly Found[]> {
  const { stream, nowMs } = context
  let latestMs = Number.NEGATIVE_INFINITY
  let steps = 0
  let largestMs = 0
  let first = 0
  for await (const page of context.events()) {
    for (const { recordedAt, version } of page) {
      const recordedMs = Date.parse(recordedAt)
      const stepMs = latestMs - recordedMs
      latestMs = Math.max(latestMs, recordedMs)
      if (stepMs <= bounds.clockStepMs) continue
      steps += 1
      largestMs = Math.max(largestMs, stepMs)
      if (first === 0) first = version
    }
  }
  const subject = stream.sessionId
  const proposal = `waymark log ${subject} --all --after ${Math.max(0, first - 2)}, and let the system keep the time (timedatectl set-ntp true)`
  const found: Found[] = []
  if (steps > 0) {
    const message = `${countOf(steps, 'event')} recorded before the one in front of them, the first at version ${first}, by up to ${secondsText(largestMs)}`
    found.push({ severity: 'warning', subject, message, proposal })
  }
  if (latestMs - nowMs > bounds.clockAheadMs) {
    const message = `an event was recorded ${secondsText(latestMs - nowMs)} after now: the clock was ahead, or is behind`
    found.push({ severity: 'warning', subject, message, proposal: 'timedatectl set-ntp true' })
  }
  return found
}

function secondsText(durationMs: number): string {
  return `${countText(Math.round(durationMs / 1_000))} s`
}
