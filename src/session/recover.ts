/**
 * Recovery as a session does it: six steps, each recorded with its result. Each is one transaction that looks first at what the
 * log says is to be done next, so a recovery that is interrupted is taken up where it stood, and two processes that recover at once
 * make one recovery.
 */
import type { CommandMeta } from '../events/envelope.ts'
import type { RecoveryStatus, RecoveryStep, TaskPolicy } from '../events/recovery.ts'
import { frozen } from '../fold/fold.ts'
import { initialState, type ReadonlyState } from '../fold/state.ts'
import { derivedIdOf } from '../kernel/clock.ts'
import { CommandRefused, DamagedRecord, WaymarkError } from '../kernel/errors.ts'
import { limits } from '../kernel/limits.ts'
import type { EventLog, LogTransaction } from '../log/port.ts'
import { loadState } from '../replay/load.ts'
import { planRecovery, type Recovery } from '../replay/recover.ts'
import { openItems, openItemText } from '../views/open-items.ts'
import { assertHolder, caughtUp, type RecordEnvironment, record } from './record.ts'
import { type ChosenCheckpoint, findCheckpoint } from './recover-checkpoint.ts'
import { type Notified, tell } from './recover-notify.ts'
import { callResume, type ResumeHook, type ResumeOutcome } from './recover-resume.ts'
import {
  recordedLine,
  recordedLines,
  recoveryActor,
  roomPolicyName,
  type StepFacts,
  type StepOutcome,
  stepOf,
} from './recover-steps.ts'

export interface RecoverOptions {
  /** The checkpoint to come back to: its id, a unique prefix of it, or a version; the newest sound state if left out. */
  readonly from?: string | number
  /** What becomes of tasks in progress; the setting `recovery_tasks` if left out. */
  readonly tasks?: TaskPolicy
  /** Resumes the session where it lives; the hook given to `Waymark.open` if left out. */
  readonly resume?: ResumeHook
  /** Milliseconds that the hook may take. */
  readonly resumeWaitMs?: number
  /**
   * Told of a recovery whose other steps are done, and waited for: what came of it is recorded as the sixth step, with the text that it
   * answers with. A recovery that is interrupted meanwhile tells again, so it is told at least once. What it throws is a process warning.
   */
  readonly notify?: (report: RecoveryReport) => unknown
  /** Milliseconds that telling may take. */
  readonly notifyWaitMs?: number
  /** The epoch under which the caller holds the session: once another holder has it, nothing is recorded. */
  readonly epoch?: number
}

export interface RecoveryReport extends Recovery {
  /** Whether the recovery was recorded in the log; not when the log is damaged, or the session ended or handed off. */
  readonly recorded: boolean
  /** `null` when it was not recorded. */
  readonly recoveryId: string | null
  /** It had been begun before, by this process or another one, and was taken up here. */
  readonly takenUp: boolean
  readonly taskPolicy: TaskPolicy
  /** The checkpoint that was chosen; `null` for the newest sound state. */
  readonly chosenCheckpointId: string | null
  /** The steps as they are recorded, in their order. */
  readonly steps: readonly RecordedStep[]
}

type GoingOn = NonNullable<ReadonlyState['recovery']>
export type RecordedStep = GoingOn['steps'][number]

interface Recovering {
  readonly log: EventLog
  readonly environment: RecordEnvironment
  readonly options: RecoverOptions
}

const stepAt: Readonly<Partial<Record<RecoveryStatus, RecoveryStep>>> = {
  restoring: 'restore',
  validating: 'validate',
  resuming: 'resume',
  assessing: 'assess',
  planning: 'plan',
}

const openLinesMax = 100

/**
 * Recovers a session. A damaged log is not appended to: the report then says up to which version it is sound. A recovery that was
 * begun and not completed is taken up at its next step.
 *
 * @throws StaleHolder; WaymarkError `USAGE` when there is no such checkpoint, `VERSION_NOT_FOUND` when there is no such version;
 * `LIMIT_REACHED` when others kept being first.
 */
export async function recoverSession(
  log: EventLog,
  environment: RecordEnvironment,
  sessionId: string,
  options: RecoverOptions & { readonly defaultTasks?: TaskPolicy } = {},
): Promise<RecoveryReport> {
  const found = await planRecovery(log, sessionId)
  const isClosed = found.state.status === 'ended' || found.state.status === 'handed_off'
  if (found.damage !== null || isClosed) return unrecorded(found)
  const recovering: Recovering = { log, environment, options }
  const chosen = options.from === undefined ? null : await findCheckpoint(log, found.state, options.from)
  // One that cannot be read is refused before anything is recorded.
  if (chosen !== null) await loadState(log, sessionId, chosen.version)
  try {
    const begun = await log.transact((transaction) =>
      begin(transaction, recovering, found.state, chosen, options.tasks ?? options.defaultTasks ?? 'keep'),
    )
    return await carryOut(recovering, found, begun)
  } catch (error) {
    if (!(error instanceof DamagedRecord)) throw error
    // The events are sound and the head of the stream is not: nothing can be appended.
    const damage = { version: found.version, kind: 'damaged-head', detail: error.message } as const
    return unrecorded({ ...found, damage })
  }
}

function unrecorded(found: Recovery): RecoveryReport {
  return {
    ...found,
    recorded: false,
    recoveryId: null,
    takenUp: false,
    taskPolicy: 'keep',
    chosenCheckpointId: null,
    steps: [],
  }
}

interface Begun {
  readonly state: ReadonlyState
  readonly recoveryId: string
  readonly takenUp: boolean
}

/** Takes up the recovery that is going on, or begins one. One with another choice gives way. */
function begin(
  transaction: LogTransaction,
  { environment, options }: Recovering,
  known: ReadonlyState,
  chosen: ChosenCheckpoint | null,
  taskPolicy: TaskPolicy,
): Begun {
  const { sessionId } = known
  const recoveryId = `reco_${derivedIdOf(`${sessionId}/recovery/${known.version}`)}`
  let state = caughtUp(transaction, sessionId, known)
  assertHolder(state, options.epoch)
  const { recovery } = state
  // Another process that found the same state has begun it, and may have completed it.
  if (recovery?.id === recoveryId) return { state, recoveryId, takenUp: true }
  if (recovery !== null && recovery.endedAt === null) {
    const isOther =
      (chosen !== null && chosen.id !== recovery.checkpointId) ||
      (options.tasks !== undefined && options.tasks !== recovery.taskPolicy)
    if (!isOther) return { state, recoveryId: recovery.id, takenUp: true }
    const reason = 'another recovery was asked for, with another choice'
    const command = { type: 'recovery.fail', recoveryId: recovery.id, reason } as const
    state = record(
      transaction,
      state,
      { sessionId, command, meta: metaOf(recovery.id, 'fail') },
      quiet(environment),
    ).state
  }
  const checkpoint = chosen === null ? {} : { checkpointId: chosen.id }
  const command = { type: 'recovery.begin', recoveryId, taskPolicy, ...checkpoint } as const
  const meta = metaOf(recoveryId, 'begin')
  const begun = record(transaction, state, { sessionId, command, meta }, quiet(environment))
  return { state: begun.state, recoveryId, takenUp: begun.repeated }
}

/** Policies follow a recovery when it is completed, not each of its steps. */
function quiet(environment: RecordEnvironment): RecordEnvironment {
  return { ...environment, policies: [] }
}

/** Ids that depend on the recovery and the step alone: whoever does it, it is recorded once. */
function metaOf(
  recoveryId: string,
  what: string,
  actor = recoveryActor,
): CommandMeta & { readonly commandId: string; readonly actor: string } {
  return { commandId: derivedIdOf(`${recoveryId}/${what}`), actor }
}

/** Does what is to be done next until nothing is. */
async function carryOut(recovering: Recovering, found: Recovery, begun: Begun): Promise<RecoveryReport> {
  const { log, environment, options } = recovering
  const { recoveryId, takenUp } = begun
  let { state } = begun
  let facts: StepFacts | null = null
  for (let round = 0; round < limits.recoveryRoundsMax; round++) {
    if (state.recovery?.id !== recoveryId) state = await completedByOthers(log, state, recoveryId)
    const { recovery } = state
    if (recovery?.id !== recoveryId) throw overtaken(recoveryId)
    facts ??= await factsOf(recovering, found, state, recovery)
    if (recovery.endedAt !== null) return reportOf(facts, state, recovery, takenUp)
    const step = stepAt[recovery.status]
    const resumed = step === 'resume' ? await resume(state, recovery, options) : facts.resumed
    const now: StepFacts = { ...facts, resumed }
    const notified =
      step === undefined ? await notify(reportOf(facts, state, recovery, takenUp), options) : null
    state = await log.transact((transaction) => {
      const newest = caughtUp(transaction, state.sessionId, state)
      assertHolder(newest, options.epoch)
      // Another process has done it meanwhile.
      if (newest.recovery?.id !== recoveryId || newest.recovery.status !== recovery.status) return newest
      return step === undefined
        ? recordEnd(transaction, newest, recoveryId, { ...now, notified }, environment)
        : recordStep(transaction, newest, recoveryId, step, now, environment)
    })
  }
  throw overtaken(recoveryId)
}

/**
 * Another process may have completed the recovery, and a third one begun the next: then it stands complete at an earlier version. One
 * that gave way to another choice has no such version.
 */
async function completedByOthers(
  log: EventLog,
  newest: ReadonlyState,
  recoveryId: string,
): Promise<ReadonlyState> {
  const { sessionId } = newest
  const { commandId } = metaOf(recoveryId, 'notify')
  const last = await log.transact((transaction) => transaction.batchOf(sessionId, commandId)?.at(-1))
  return last === undefined ? newest : (await loadState(log, sessionId, last.version)).state
}

function overtaken(recoveryId: string): WaymarkError {
  return new WaymarkError('LIMIT_REACHED', {
    message: `recovery ${recoveryId} was not completed: others began another one meanwhile`,
    hint: 'waymark show says where the session stands; recover it again',
    details: { recoveryId },
  })
}

/** What the steps rest on: told as of the version at which the recovery began, whenever it is taken up. */
async function factsOf(
  { log, environment }: Recovering,
  newest: Recovery,
  state: ReadonlyState,
  recovery: GoingOn,
): Promise<StepFacts> {
  const { sessionId } = state
  const stoppedAt = recovery.version - 1
  const found = newest.version === stoppedAt ? newest : await planRecovery(log, sessionId, stoppedAt)
  const chosen =
    recovery.checkpointId === null
      ? (state.checkpoints.findLast(({ version }) => version < stoppedAt) ?? null)
      : await findCheckpoint(log, state, recovery.checkpointId)
  const past = await pastState(log, found, chosen?.version ?? 0)
  return {
    found,
    past,
    stoppedAt,
    checkpointId: recovery.checkpointId,
    taskPolicy: recovery.taskPolicy,
    resumed: { outcome: 'skipped', detail: '', lines: [] },
    makesRoom: environment.policies.some(({ name }) => name === roomPolicyName),
  }
}

/** The state that progress is measured from. Where damage lies before it, the snapshot that the session came back from will do. */
async function pastState(log: EventLog, found: Recovery, version: number): Promise<ReadonlyState> {
  const { sessionId, snapshotVersion } = found
  if (version === 0) return frozen(initialState(sessionId))
  try {
    return (await loadState(log, sessionId, version)).state
  } catch (error) {
    if (!(error instanceof DamagedRecord) || version === snapshotVersion) throw error
    return pastState(log, found, snapshotVersion)
  }
}

async function resume(
  state: ReadonlyState,
  { id: recoveryId, checkpointId }: GoingOn,
  options: RecoverOptions,
): Promise<ResumeOutcome> {
  const { sessionId, nativeId, tool, model } = state
  const facts = { sessionId, recoveryId, nativeId, tool, model, checkpointId, state }
  return callResume(options.resume, facts, options.resumeWaitMs ?? limits.resumeWaitMs)
}

/** One step: what it does and what it says, in one transaction. A command that does not fit the state is told, and left out. */
function recordStep(
  transaction: LogTransaction,
  before: ReadonlyState,
  recoveryId: string,
  step: RecoveryStep,
  facts: StepFacts,
  environment: RecordEnvironment,
): ReadonlyState {
  const { sessionId } = before
  const outcomes: StepOutcome[] = []
  let state = before
  for (const [index, { command, actor }] of stepOf[step].commands(state, facts).entries()) {
    try {
      const meta = metaOf(recoveryId, `${step}/${index}`, actor)
      state = record(transaction, state, { sessionId, command, meta }, quiet(environment)).state
      outcomes.push({ command, refusedWith: null })
    } catch (error) {
      if (!(error instanceof CommandRefused)) throw error
      outcomes.push({ command, refusedWith: error.message })
    }
  }
  const { outcome, detail, lines } = stepOf[step].result(state, facts, outcomes)
  const told = { outcome, detail: recordedLine(detail), lines: recordedLines(lines) }
  const command = { type: 'recovery.record-step', recoveryId, step, ...told } as const
  return record(
    transaction,
    state,
    { sessionId, command, meta: metaOf(recoveryId, step) },
    quiet(environment),
  ).state
}

/** The sixth step: what was found and what is open, and what came of telling. */
function recordEnd(
  transaction: LogTransaction,
  state: ReadonlyState,
  recoveryId: string,
  { found, checkpointId, notified }: StepFacts & { readonly notified: Notified | null },
  environment: RecordEnvironment,
): ReadonlyState {
  const { sessionId } = state
  const open = openItems(state)
  const { from, snapshotVersion, replayedEvents } = found
  const command = {
    type: 'session.recover',
    recoveryId,
    from,
    checkpointId: checkpointId ?? found.checkpointId,
    snapshotVersion,
    replayedEvents,
    open: open.slice(0, openLinesMax).map(openItemText),
    openCount: open.length,
    ...(notified === null ? {} : { notified }),
  } as const
  const request = {
    sessionId,
    command: { ...command, open: [...command.open] },
    meta: metaOf(recoveryId, 'notify'),
  }
  return record(transaction, state, request, environment).state
}

function reportOf(
  { found }: StepFacts,
  state: ReadonlyState,
  recovery: GoingOn,
  takenUp: boolean,
): RecoveryReport {
  return {
    ...found,
    state,
    version: state.version,
    open: openItems(state),
    recorded: recovery.status !== 'failed',
    recoveryId: recovery.id,
    takenUp,
    taskPolicy: recovery.taskPolicy,
    chosenCheckpointId: recovery.checkpointId,
    steps: recovery.steps,
  }
}

function notify(
  report: RecoveryReport,
  { notify: callback, notifyWaitMs }: RecoverOptions,
): Promise<Notified> {
  return tell(callback, report, notifyWaitMs ?? limits.notifyWaitMs)
}
