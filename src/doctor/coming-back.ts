/** Recoveries that lead nowhere. */
import { isKnown, type RecordedEvent } from '../events/envelope.ts'
import { WaymarkError } from '../kernel/errors.ts'
import { planRecovery } from '../replay/recover.ts'
import { recoveryActor } from '../session/recover-steps.ts'
import { durationText, timeText } from '../views/text.ts'
import { bounds } from './bounds.ts'
import type { SessionContext } from './check.ts'
import type { Found } from './finding.ts'

/** Recoveries with no work between them, or damage that a recovery stops at. */
export async function recoveryStuck(context: SessionContext): Promise<readonly Found[]> {
  if (context.stream.summary?.status === 'ended') return []
  const damage = await stoppedBy(context)
  if (damage !== null) return [damage]
  const unfinished = await leftUnfinished(context)
  if (unfinished !== null) return [unfinished]
  const events = await ownEvents(context)
  const lastWork = events.findLastIndex(isWork)
  const recoveries = events.slice(lastWork + 1).filter(({ type }) => type === 'session.recovered')
  const [first] = recoveries
  if (first === undefined || recoveries.length < bounds.recoveries) return []
  const { sessionId } = context.stream
  const { checkpoints } = await context.state()
  const worked = events[lastWork]?.version ?? first.version - 1
  // The newest checkpoint may be of what it is stuck in; the one before it is not.
  const earlier = checkpoints.filter(({ version }) => version > 0 && version < worked).at(-2)
  const at = earlier?.version ?? Math.max(1, worked - 1)
  return [
    {
      severity: 'warning',
      subject: sessionId,
      message: `recovered ${recoveries.length} times since version ${first.version}, with no work between`,
      proposal: `waymark fork ${sessionId} --at ${at} to go on from ${earlier === undefined ? 'before it' : 'an earlier checkpoint'}; waymark new to begin again`,
    },
  ]
}

/** A recovery that was begun and not completed: its process is gone, or its next step does not end. */
async function leftUnfinished({ state, stream, nowMs }: SessionContext): Promise<Found | null> {
  const { recovery } = await state()
  if (recovery === null || recovery.endedAt !== null) return null
  const since = recovery.steps.at(-1)?.time ?? recovery.startedAt
  const waitedMs = nowMs - Date.parse(since)
  if (waitedMs < bounds.recoveryMinutes * 60_000) return null
  const { sessionId } = stream
  return {
    severity: 'warning',
    subject: sessionId,
    message: `recovery ${recovery.id} has been ${recovery.status} since ${timeText(since)} (${durationText(waitedMs)})`,
    proposal: `waymark recover ${sessionId} takes it up at that step; waymark recover ${sessionId} --new goes on in a fresh session`,
  }
}

/** Damage after the newest sound snapshot: recovering reads up to it and records nothing. */
async function stoppedBy(context: SessionContext): Promise<Found | null> {
  const { log, stream } = context
  const { sessionId } = stream
  const isSuspect = (await context.tail()).problems.length > 0 || !(await isReadable(context))
  if (!isSuspect) return null
  const { damage, version } = await planRecovery(log, sessionId)
  if (damage === null) return null
  return {
    severity: 'problem',
    subject: sessionId,
    message: `recovery stops before version ${damage.version} (${damage.kind}); it is sound up to version ${version}`,
    proposal:
      version > 0
        ? `waymark fork ${sessionId} --at ${version} to go on from the last sound version`
        : 'waymark new to begin again; nothing of it is sound',
  }
}

async function isReadable({ state }: SessionContext): Promise<boolean> {
  try {
    await state()
    return true
  } catch (error) {
    if (error instanceof WaymarkError) return false
    throw error
  }
}

async function ownEvents({ tail }: SessionContext): Promise<readonly RecordedEvent[]> {
  return (await tail()).rows.flatMap(({ event }) => (event === null || !isKnown(event) ? [] : [event]))
}

const noWork: ReadonlySet<RecordedEvent['type']> = new Set([
  'session.recovered',
  'recovery.began',
  'recovery.step-recorded',
  'recovery.failed',
  'session.suspended',
  'session.resumed',
  'session.described',
  'session.configured',
  'checkpoint.created',
  'checkpoint.archived',
  'observation.recorded',
])

/** What policies and recoveries add by themselves follows from something else, and is no work. */
function isWork({ type, actor }: RecordedEvent): boolean {
  return !noWork.has(type) && !actor.startsWith('policy:') && actor !== recoveryActor
}
