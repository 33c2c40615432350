/** What was left behind by work that has stopped: tasks in hand, calls without a result, long stretches without a checkpoint. */
import type { ReadonlyState, Task } from '../fold/state.ts'
import { countOf, countText, namesText, timeText } from '../views/text.ts'
import { bounds } from './bounds.ts'
import type { SessionContext } from './check.ts'
import type { Found, Severity } from './finding.ts'
import type { Liveness } from './liveness.ts'
import { isPast } from './past.ts'

const inHand: ReadonlySet<Task['status']> = new Set(['in_progress', 'token_warning'])

export async function idleTasks(context: SessionContext): Promise<readonly Found[]> {
  if (context.stream.summary?.status === 'handed_off') return []
  const liveness = await context.liveness()
  if (!hasStopped(liveness)) return []
  const state = await context.state()
  const tasks = Object.values(state.tasks).filter(({ status }) => inHand.has(status))
  if (tasks.length === 0) return []
  const names = namesText(tasks.map(({ id }) => id))
  return [
    {
      severity: severityOf(state, context.nowMs),
      subject: state.sessionId,
      message: `${countOf(tasks.length, 'task')} in progress (${names}), ${stoppedText(state, liveness)}`,
      proposal: `waymark recover ${state.sessionId}, then go on with the tasks or cancel them`,
    },
  ]
}

export async function callsWithoutResult(context: SessionContext): Promise<readonly Found[]> {
  const liveness = await context.liveness()
  if (!hasStopped(liveness)) return []
  const state = await context.state()
  if (state.openCallCount === 0) return []
  const calls = Object.values(state.openCalls).sort((a, b) => a.version - b.version)
  const names = namesText(calls.map(({ name, version }) => `${name} of version ${version}`))
  return [
    {
      severity: severityOf(state, context.nowMs),
      subject: state.sessionId,
      message: `${countOf(calls.length, 'call')} without a result (${names}), ${stoppedText(state, liveness)}`,
      proposal: `waymark recover ${state.sessionId}, which lists what was left open`,
    },
  ]
}

export async function missingCheckpoints(context: SessionContext): Promise<readonly Found[]> {
  const { stream, nowMs } = context
  const own = stream.version - (stream.forkedFrom?.version ?? 0)
  if (own < bounds.eventsWithoutCheckpoint) return []
  const state = await context.state()
  const newest = state.checkpoints[state.checkpoints.length - 1]
  const since = state.version - Math.max(newest?.version ?? 0, stream.forkedFrom?.version ?? 0)
  if (since < bounds.eventsWithoutCheckpoint || state.status === 'ended') return []
  const which =
    newest === undefined ? 'and no checkpoint' : `since the checkpoint of version ${newest.version}`
  const isImported = state.nativeId !== null && state.tool !== null
  return [
    {
      severity: isImported || isPast(state, nowMs) ? 'notice' : 'warning',
      subject: state.sessionId,
      message: `${countText(since)} events ${which}`,
      proposal: `waymark checkpoint ${state.sessionId}`,
    },
  ]
}

function hasStopped(liveness: Liveness): boolean {
  return liveness === 'interrupted' || liveness === 'idle'
}

/** What was put aside on purpose, and what is history, is only good to know. */
function severityOf(state: ReadonlyState, nowMs: number): Severity {
  return state.status === 'active' && !isPast(state, nowMs) ? 'warning' : 'notice'
}

function stoppedText({ lastEventAt }: ReadonlyState, liveness: Liveness): string {
  const since = lastEventAt === null ? 'the beginning' : timeText(lastEventAt)
  return liveness === 'interrupted'
    ? `and the process that wrote it is gone since ${since}`
    : `and nobody has written since ${since}`
}
