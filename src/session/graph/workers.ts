/**
 * Who works on a graph's tasks, and who is gone. A claim that is tied to its process is noted in the store; its worker is gone when that
 * process holds no place in the work session any more: it was killed, or closed its home. A task that no process was tied to, such as one
 * claimed from the command line, counts as left behind after a time of silence.
 */
import type { ReadonlyState } from '../../fold/state.ts'
import type { StreamSummary } from '../../fold/summary.ts'
import { limits } from '../../kernel/limits.ts'
import type { EventLog, LogTransaction } from '../../log/port.ts'
import type { TaskView } from '../../views/task-list.ts'
import { durationText } from '../../views/text.ts'
import type { SessionHost } from '../host.ts'
import { liveWriters, writersKey } from '../writers.ts'
import { readable } from './brief.ts'

/** Work sessions whose claims are tied to a process, as a note of the store. */
const tiedKey = (sessionId: string): string => `graph/${sessionId}`

/** What of the store tells who is alive: a transaction, or what was read of it. */
interface WorkerNotes {
  /** Sessions that a living process holds a place in. */
  readonly held: ReadonlySet<string>
  /** Work sessions that were claimed for as long as a process lives. */
  readonly tied: ReadonlySet<string>
}

function workerNotes(writers: string | null, tied: string | null): WorkerNotes {
  return { held: new Set(liveWriters(writers).map(({ sessionId }) => sessionId)), tied: namesIn(tied) }
}

export function notesIn(transaction: LogTransaction, sessionId: string): WorkerNotes {
  return workerNotes(transaction.bookmark(writersKey), transaction.bookmark(tiedKey(sessionId)))
}

/** Notes that a work session is tied to a process, or is not any more; sessions of tasks that do not run leave the note. */
export function noteTied(
  transaction: LogTransaction,
  state: ReadonlyState,
  workSessionId: string,
  isTied: boolean,
): void {
  const before = namesIn(transaction.bookmark(tiedKey(state.sessionId)))
  if (!isTied && !before.has(workSessionId)) return
  const running = new Set(runningTasks(state).map((task) => task.workSessionId))
  const others = [...before].filter((name) => name !== workSessionId && running.has(name))
  transaction.putBookmark(
    tiedKey(state.sessionId),
    JSON.stringify(isTied ? [...others, workSessionId] : others),
  )
}

/** Who takes a session over holds it alone: places that other processes have in it end. */
export function vacate(transaction: LogTransaction, sessionId: string): void {
  const writers = liveWriters(transaction.bookmark(writersKey))
  const others = writers.filter((writer) => writer.sessionId !== sessionId || writer.pid === process.pid)
  if (others.length < writers.length) transaction.putBookmark(writersKey, JSON.stringify(others))
}

/** Who works on a running task now. */
export interface GraphWorker {
  readonly taskId: string
  /** The agent that holds the work session: another than the task's once it was handed off. */
  readonly holder: string | null
  /** The agent it was handed off to, while that one has not taken it over. */
  readonly offeredTo: string | null
  readonly workSessionId: string | null
  /** Why the worker counts as gone; `null` while it does not. */
  readonly loss: string | null
}

const runningStatuses: ReadonlySet<string> = new Set(['in_progress', 'token_warning', 'context_switch'])

export function runningTasks(state: Pick<ReadonlyState, 'tasks'>): readonly TaskView[] {
  return Object.values(state.tasks).filter(({ status }) => runningStatuses.has(status))
}

type Heard = Pick<StreamSummary, 'lastEventAt' | 'status'>

interface Silence {
  readonly nowMs: number
  /** Milliseconds of silence after which a task that no process is tied to counts as left behind. */
  readonly silentMs: number
  /** What is heard of a session, if it is there. */
  readonly heardOf: (sessionId: string) => Heard | null
}

/** Why the worker of a running task counts as gone, or `null` while it does not. */
export function lossOf(task: TaskView, notes: WorkerNotes, silence: Silence): string | null {
  const { workSessionId } = task
  const who = task.agent ?? 'its worker'
  if (workSessionId !== null && notes.held.has(workSessionId)) return null
  const heard = workSessionId === null ? null : silence.heardOf(workSessionId)
  // A session that was handed off waits for its next agent: whoever offered it need not stay.
  const isTied = workSessionId !== null && notes.tied.has(workSessionId) && heard?.status !== 'handed_off'
  if (isTied) return `the process of ${who} is gone`
  const since = heard?.lastEventAt ?? task.runningSince ?? task.startedAt
  const silentMs = silence.nowMs - Date.parse(since ?? '')
  // Written so that a time that cannot be read takes nobody's work away.
  return silentMs >= silence.silentMs ? `nothing was heard of ${who} for ${durationText(silentMs)}` : null
}

function namesIn(note: string | null): ReadonlySet<string> {
  try {
    const parsed: unknown = JSON.parse(note ?? '[]')
    return new Set(Array.isArray(parsed) ? parsed.filter((name) => typeof name === 'string') : [])
  } catch {
    return new Set()
  }
}

/** Why workers count as gone, by task: as the log and its notes say now. */
export async function lossesIn(
  { log, environment }: Pick<SessionHost, 'log' | 'environment'>,
  state: ReadonlyState,
  silentMs: number = limits.workerSilenceMs,
): Promise<ReadonlyMap<string, string>> {
  const losses = new Map<string, string>()
  const running = runningTasks(state)
  if (running.length === 0) return losses
  const notes = workerNotes(await log.bookmark(writersKey), await log.bookmark(tiedKey(state.sessionId)))
  const heard = new Map<string, Heard | null>()
  for (const { workSessionId } of running) {
    if (workSessionId === null) continue
    heard.set(workSessionId, (await log.stream(workSessionId))?.summary ?? null)
  }
  const nowMs = Date.parse(environment.clock.now())
  const silence = { nowMs, silentMs, heardOf: (id: string) => heard.get(id) ?? null }
  for (const task of running) {
    const loss = lossOf(task, notes, silence)
    if (loss !== null) losses.set(task.id, loss)
  }
  return losses
}

/** A running task whose session was handed off to an agent and waits for it. */
export async function offeredTo(
  log: EventLog,
  state: ReadonlyState,
  agent: string,
  now: string,
): Promise<string | null> {
  for (const { id, workSessionId } of runningTasks(state)) {
    if (workSessionId === null) continue
    if ((await log.stream(workSessionId))?.summary?.status !== 'handed_off') continue
    const work = await readable(log, workSessionId)
    const expiresAt = work?.handoffs.find(({ status }) => status === 'offered')?.expiresAt ?? null
    if (work?.offeredTo === agent && (expiresAt === null || expiresAt > now)) return id
  }
  return null
}

/** Who works on what now, and who is gone. */
export async function workersIn(
  host: Pick<SessionHost, 'log' | 'environment'>,
  state: ReadonlyState,
  silentMs: number | undefined,
): Promise<readonly GraphWorker[]> {
  const losses = await lossesIn(host, state, silentMs)
  const workers: GraphWorker[] = []
  for (const { id: taskId, agent, workSessionId } of runningTasks(state)) {
    const work = workSessionId === null ? null : await readable(host.log, workSessionId)
    const [holder, offered] = [work?.holder ?? agent, work?.offeredTo ?? null]
    workers.push({ taskId, workSessionId, holder, offeredTo: offered, loss: losses.get(taskId) ?? null })
  }
  return workers
}
