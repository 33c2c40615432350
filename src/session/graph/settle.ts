/** How a claimed task ends: completed, failed, given back by its worker, or taken back because the worker is gone. */
import { type Command, parseCommand } from '../../events/commands.ts'
import { oneLine } from '../../events/content.ts'
import { type ReadonlyState, taskOf } from '../../fold/state.ts'
import { derivedIdOf } from '../../kernel/clock.ts'
import { CommandRefused } from '../../kernel/errors.ts'
import { limits } from '../../kernel/limits.ts'
import type { LogTransaction } from '../../log/port.ts'
import { takeKeyframeIfDue } from '../../replay/snapshot/keyframe.ts'
import type { SessionHost } from '../host.ts'
import { caughtUp, record } from '../record.ts'
import { checkEpoch } from './claim.ts'
import { lossOf, notesIn, noteTied, runningTasks } from './workers.ts'

/** What a task comes to: the commands in the session of the graph, and the words with which its work session ends. */
export interface Settlement {
  readonly taskId: string
  readonly commands: readonly Command[]
  readonly endReason: string
  readonly commandId: string
  readonly actor: string
  /** The worker's claim: a later one makes it stale. `null` when somebody else settles the task. */
  readonly epoch: number | null
  /** The agent that must hold the work session, if that is asked. */
  readonly agent: string | null
}

export interface Settled {
  readonly state: ReadonlyState
  /** The work session as it ended; `null` when there is none at hand. */
  readonly work: ReadonlyState | null
}

/**
 * Settles a task and ends its work session, in one transaction.
 *
 * @throws StaleHolder when the task was taken back and claimed again since; CommandRefused
 */
export function recordSettlement(
  transaction: LogTransaction,
  known: ReadonlyState,
  knownWork: ReadonlyState | null,
  settlement: Settlement,
  host: SessionHost,
): Settled {
  const { taskId, commands, commandId, actor, epoch, agent } = settlement
  const before = caughtUp(transaction, known.sessionId, known)
  const workBefore = knownWork === null ? null : caughtUp(transaction, knownWork.sessionId, knownWork)
  if (workBefore !== null && epoch !== null) checkEpoch(workBefore, epoch)
  checkAgent(before, workBefore, taskId, agent)
  let state = before
  for (const [index, command] of commands.entries()) {
    const meta = { commandId: index === 0 ? commandId : derivedIdOf(`${commandId}/${index}`), actor }
    const request = { sessionId: state.sessionId, command: parseCommand(command), meta }
    state = record(transaction, state, request, host.environment).state
  }
  takeKeyframeIfDue(transaction, state)
  if (workBefore === null || workBefore.status === 'ended') return { state, work: workBefore }
  const reason = oneLine(settlement.endReason)
  const { state: work } = record(
    transaction,
    workBefore,
    {
      sessionId: workBefore.sessionId,
      command: parseCommand({ type: 'session.end', reason }),
      meta: { commandId: derivedIdOf(`${commandId}/end`), actor },
    },
    host.environment,
  )
  host.writers?.take(transaction, work)
  noteTied(transaction, state, work.sessionId, false)
  return { state, work }
}

/** An agent that says who it is settles only what it holds. */
function checkAgent(
  state: ReadonlyState,
  work: ReadonlyState | null,
  taskId: string,
  agent: string | null,
): void {
  const holder = work?.holder ?? taskOf(state, taskId)?.agent ?? null
  if (agent === null || holder === null || holder === agent) return
  throw new CommandRefused({
    message: `task ${taskId} is worked on by ${holder}, not by ${agent}`,
    hint: 'claim another task, or settle this one under the name of its agent',
    details: { taskId, holder, agent },
  })
}

export interface ReclaimOptions {
  /** Who takes back; `user` if left out. */
  readonly actor?: string
  /** Milliseconds of silence after which a task that no process is tied to counts as left behind; ten minutes if left out. */
  readonly silentMs?: number
  /** Starts after which a task whose worker is gone stays failed; 5 if left out. */
  readonly attemptsMax?: number
}

/** A task that was taken back. */
export interface Reclaimed {
  readonly taskId: string
  readonly agent: string | null
  readonly workSessionId: string | null
  readonly reason: string
  /** It is ready again. Otherwise it was started too often and stays failed until somebody retries it. */
  readonly ready: boolean
}

/** Takes back each running task whose worker is gone: it fails, visibly, and is recovered, so that the next claim resumes its session. */
export function recordReclaim(
  transaction: LogTransaction,
  known: ReadonlyState,
  options: ReclaimOptions,
  host: SessionHost,
): { readonly state: ReadonlyState; readonly reclaimed: readonly Reclaimed[] } {
  const { actor = 'user', silentMs = limits.workerSilenceMs, attemptsMax = limits.taskAttemptsMax } = options
  let state = caughtUp(transaction, known.sessionId, known)
  const notes = notesIn(transaction, state.sessionId)
  const silence = {
    nowMs: Date.parse(host.environment.clock.now()),
    silentMs,
    heardOf: (sessionId: string) => transaction.stream(sessionId)?.summary ?? null,
  }
  const reclaimed: Reclaimed[] = []
  for (const task of runningTasks(state)) {
    const reason = lossOf(task, notes, silence)
    if (reason === null) continue
    const ready = task.attempts < attemptsMax
    const commands: readonly Command[] = [
      { type: 'task.fail', taskId: task.id, reason, retryable: true },
      ...(ready ? [{ type: 'task.recover', taskId: task.id } as const] : []),
    ]
    for (const command of commands) {
      const request = { sessionId: state.sessionId, command, meta: { actor } }
      state = record(transaction, state, request, host.environment).state
    }
    if (task.workSessionId !== null) noteTied(transaction, state, task.workSessionId, false)
    const { id: taskId, agent, workSessionId } = task
    reclaimed.push({ taskId, agent, workSessionId, reason, ready })
  }
  takeKeyframeIfDue(transaction, state)
  return { state, reclaimed }
}
