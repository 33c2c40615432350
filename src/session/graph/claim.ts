/** A ready task claimed: started in the session of the graph, and its work session begun or taken over, in one transaction. */
import { type Command, parseCommand } from '../../events/commands.ts'
import { parseSending, type Sending } from '../../events/content.ts'
import { isKnown } from '../../events/envelope.ts'
import { contextItemOf, type ReadonlyState, taskOf } from '../../fold/state.ts'
import { assert } from '../../kernel/assert.ts'
import { derivedIdOf } from '../../kernel/clock.ts'
import { WaymarkError } from '../../kernel/errors.ts'
import type { LogTransaction } from '../../log/port.ts'
import { takeKeyframeIfDue } from '../../replay/snapshot/keyframe.ts'
import type { TaskView } from '../../views/task-list.ts'
import { configurationOf, type SessionHost } from '../host.ts'
import { assertHolder, caughtUp, record } from '../record.ts'
import { briefTag, workFacts } from './brief.ts'
import { noteTied, runningTasks, vacate } from './workers.ts'

/** How a work session begins, where it is not to begin like the session of the graph. */
export type WorkOptions = Pick<
  Command<'session.start'>,
  'model' | 'windowTokens' | 'configuration' | 'tool' | 'nativeId' | 'cwd' | 'gitBranch' | 'title'
>

export interface Claiming {
  readonly taskId: string
  readonly agent: string
  readonly commandId: string
  /** The claim lasts as long as this process. */
  readonly tied: boolean
  readonly work: WorkOptions
  /** The newest known state of the work session that the task had before, if it can be read. */
  readonly earlier: ReadonlyState | null
  readonly brief: string
}

export interface ClaimRecorded {
  readonly state: ReadonlyState
  readonly work: ReadonlyState
  /** The work session was there before. */
  readonly resumed: boolean
}

/** Whether a task may be started now: by whoever comes first. */
export function isReady(state: ReadonlyState, taskId: string): boolean {
  const task = taskOf(state, taskId)
  if (task === undefined || (task.status !== 'pending' && task.status !== 'recovered')) return false
  return task.dependsOn.every((id) => taskOf(state, id)?.status === 'completed')
}

/**
 * Records a claim, or answers `null` when somebody else was quicker.
 *
 * @throws CommandRefused; WaymarkError `LIMIT_REACHED` when as many sessions are being worked in as may be: then the task stays ready
 */
export function recordClaim(
  transaction: LogTransaction,
  known: ReadonlyState,
  claiming: Claiming,
  host: SessionHost,
): ClaimRecorded | null {
  const before = caughtUp(transaction, known.sessionId, known)
  const task = taskOf(before, claiming.taskId)
  if (task === undefined || !isReady(before, claiming.taskId)) return null
  const { earlier } = claiming
  const work =
    earlier === null
      ? beginWork(transaction, before, task, claiming, host)
      : resumeWork(transaction, earlier, task, claiming, host)
  const command = parseCommand({
    type: 'task.start',
    taskId: task.id,
    agent: claiming.agent,
    workSessionId: work.sessionId,
  })
  const meta = { commandId: claiming.commandId, actor: claiming.agent }
  const { state } = record(
    transaction,
    before,
    { sessionId: before.sessionId, command, meta },
    host.environment,
  )
  holdWork(transaction, state, work, claiming.tied, host)
  takeKeyframeIfDue(transaction, state)
  return { state, work, resumed: earlier !== null }
}

/** Takes the place of a worker: alone, and counted. */
function holdWork(
  transaction: LogTransaction,
  state: ReadonlyState,
  work: ReadonlyState,
  tied: boolean,
  host: SessionHost,
): void {
  vacate(transaction, work.sessionId)
  takePlace(transaction, state, work, tied, host)
  takeKeyframeIfDue(transaction, work)
}

function takePlace(
  transaction: LogTransaction,
  state: ReadonlyState,
  work: ReadonlyState,
  tied: boolean,
  { writers }: SessionHost,
): void {
  writers?.take(transaction, work, true)
  noteTied(transaction, state, work.sessionId, tied && writers !== null)
}

/** Sends commands to the work session; their ids follow from the claim's. */
function sender(
  transaction: LogTransaction,
  sessionId: string,
  { agent, commandId }: Pick<Claiming, 'agent' | 'commandId'>,
  { environment }: SessionHost,
): (known: ReadonlyState | null, command: Sending, step: string) => ReadonlyState {
  return (known, sending, step) => {
    const meta = { commandId: derivedIdOf(`${commandId}/session/${step}`), actor: agent }
    return record(transaction, known, { sessionId, ...parseSending(sending), meta }, environment).state
  }
}

function beginWork(
  transaction: LogTransaction,
  state: ReadonlyState,
  task: TaskView,
  claiming: Claiming,
  host: SessionHost,
): ReadonlyState {
  const send = sender(transaction, `sess_${host.environment.ids.uuid()}`, claiming, host)
  let work = send(null, startOf(state, task, claiming, host), 'start')
  for (const [index, command] of workFacts(state, task).entries()) work = send(work, command, `fact/${index}`)
  return send(
    work,
    {
      type: 'context.add',
      tag: briefTag,
      tier: 'critical',
      category: 'reference.project',
      title: 'the task, and what it builds on',
      content: claiming.brief,
    },
    'brief',
  )
}

/** A fresh budget, with the model and the window of the graph's session where nothing else is said. */
function startOf(
  state: ReadonlyState,
  task: TaskView,
  { agent, work }: Claiming,
  { settings }: SessionHost,
): Command<'session.start'> {
  const { totalTokens, totalSource } = state.window
  const isStated = totalSource === 'stated' || totalSource === 'configured'
  const configuration = { ...configurationOf(settings), ...work.configuration }
  return {
    type: 'session.start',
    title: task.title,
    ...(state.model === null ? {} : { model: state.model }),
    ...(isStated && work.model === undefined ? { windowTokens: totalTokens } : {}),
    ...(state.cwd === null ? {} : { cwd: state.cwd }),
    ...work,
    ...(Object.keys(configuration).length === 0 ? {} : { configuration }),
    agent,
    parentSessionId: state.sessionId,
    // What was recorded in a session that cannot be read any more is not lost: it is named.
    ...(task.workSessionId === null ? {} : { continuesSessionId: task.workSessionId }),
  }
}

/**
 * The work session again, in new hands: handed off and taken over, so that whoever held it before is refused from now on, even when it is
 * the same agent in another process.
 */
function resumeWork(
  transaction: LogTransaction,
  earlier: ReadonlyState,
  task: TaskView,
  claiming: Claiming,
  host: SessionHost,
): ReadonlyState {
  const send = sender(transaction, earlier.sessionId, claiming, host)
  let work = caughtUp(transaction, earlier.sessionId, earlier)
  if (work.status !== 'active') {
    work = send(work, { type: 'session.resume', reason: `task ${task.id} is taken up again` }, 'resume')
  }
  const { agent } = claiming
  const reason = `task ${task.id} goes on, attempt ${task.attempts + 1}`
  work = send(work, { type: 'checkpoint.create', trigger: 'handoff', reason }, 'checkpoint')
  const fromAgent = work.holder === null || work.holder === '' ? {} : { fromAgent: work.holder }
  work = send(work, { type: 'session.hand-off', ...fromAgent, toAgent: agent, reason }, 'hand-off')
  work = send(work, { type: 'session.take-over', agent }, 'take-over')
  if (contextItemOf(work, briefTag) !== undefined) return work
  const content = claiming.brief
  const item = {
    tier: 'critical',
    category: 'reference.project',
    title: 'the task, and what it builds on',
  } as const
  return send(work, { type: 'context.add', tag: briefTag, ...item, content }, 'brief')
}

/**
 * Records that the agent a work session was handed off to goes on with its task; `null` when nobody works on that any more.
 *
 * @throws CommandRefused when the session was not handed off to this agent
 */
export function recordTakeOver(
  transaction: LogTransaction,
  known: ReadonlyState,
  earlier: ReadonlyState,
  { taskId, agent, tied }: Pick<Claiming, 'taskId' | 'agent' | 'tied'>,
  host: SessionHost,
): ClaimRecorded | null {
  const state = caughtUp(transaction, known.sessionId, known)
  const isRunning = runningTasks(state).some(
    (task) => task.id === taskId && task.workSessionId === earlier.sessionId,
  )
  if (!isRunning) return null
  const command = parseCommand({ type: 'session.take-over', agent })
  const request = { sessionId: earlier.sessionId, command, meta: { actor: agent } }
  const work = record(transaction, earlier, request, host.environment).state
  const named = parseCommand({ type: 'task.describe', taskId, agent })
  const told = { sessionId: state.sessionId, command: named, meta: { actor: agent } }
  const { state: after } = record(transaction, state, told, host.environment)
  holdWork(transaction, after, work, tied, host)
  return { state: after, work, resumed: true }
}

/** The claim that was recorded under a command id before; `null` when none was. */
export function recordedClaim(
  transaction: LogTransaction,
  sessionId: string,
  agent: string,
  commandId: string,
): { readonly taskId: string; readonly workSessionId: string; readonly epoch: number } | null {
  const [started] = transaction.batchOf(sessionId, commandId)?.filter(isKnown) ?? []
  if (started === undefined) return null
  const workSessionId = started.type === 'task.started' ? started.data.workSessionId : undefined
  if (started.type !== 'task.started' || started.data.agent !== agent || workSessionId === undefined) {
    throw new WaymarkError('COMMAND_ID_REUSED', {
      message: `command id ${commandId} was used before, for another ${started.type}`,
      hint: 'claim under a new command id; repeat a claim only for the same agent',
      details: { commandId, version: started.version },
    })
  }
  const taken = transaction.batchOf(workSessionId, derivedIdOf(`${commandId}/session/take-over`))
  const event = taken?.filter(isKnown).find(({ type }) => type === 'session.taken-over')
  const epoch = event?.type === 'session.taken-over' ? event.data.epoch : 1
  return { taskId: started.data.taskId, workSessionId, epoch }
}

/** A claim that was recorded before goes on in this process: it takes the place that the process before it had. */
export function holdAgain(
  transaction: LogTransaction,
  state: ReadonlyState,
  work: ReadonlyState,
  tied: boolean,
  host: SessionHost,
): void {
  if (work.status === 'active') takePlace(transaction, state, work, tied, host)
}

/** @throws StaleHolder when the work session has been taken over since */
export function checkEpoch(work: ReadonlyState, epoch: number): void {
  assert(epoch <= work.epoch, 'epochs only rise')
  assertHolder(work, epoch, 'stop working on this task and claim another one')
}
