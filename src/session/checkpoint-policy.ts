/**
 * Policies that take checkpoints: before what may have to be undone, after what may have gone wrong, and when time has gone by.
 * None is taken where nothing has happened since the newest one; `record` sees to that.
 */
import type { Refusal } from '../decide/decision.ts'
import type { Command, CommandType } from '../events/commands.ts'
import { type BudgetPhase, budgetPhases } from '../events/usage.ts'
import { type ReadonlyState, taskOf } from '../fold/state.ts'
import { msBetween } from '../fold/times.ts'
import { countOf } from '../views/text.ts'

interface CheckpointPolicy {
  readonly name: string
  follow(before: ReadonlyState, after: ReadonlyState, cause: Command, now: string): readonly Command[]
  precede?(state: ReadonlyState, command: Command, refusal: Refusal | null, now: string): readonly Command[]
}

/** What takes a checkpoint: the name it has in the log, and when it is taken. */
export const checkpointTriggers = {
  manual: 'somebody asked for it',
  'session-start': 'a session has begun',
  'session-end': 'before a session ends',
  'task-phase': 'before a phase of work begins: RED, GREEN, REFACTOR, or what a SPEC calls it',
  handoff: 'before a session is handed off',
  'model-switch': 'before the model changes',
  'context-switch': 'before tasks lose their context, when the newest checkpoint is old',
  budget: 'the budget rose into warning',
  emergency: 'the budget rose into emergency or above',
  error: 'a task failed, or a model call was given up',
  interruption: 'a turn was interrupted, or the process was told to stop',
  timeout: 'a session has been silent for long',
  'long-task': 'a task has been running for ten minutes without one',
  interval: 'as many minutes of work have passed as checkpoints are to be apart',
} as const satisfies Readonly<Record<string, string>>

export type CheckpointTrigger = keyof typeof checkpointTriggers

/** Minutes of one task after which its work is worth a checkpoint, whatever the interval. */
const longTaskMinutes = 10

const reasonCharactersMax = 300

/**
 * `reason` names what is at hand by its kind and id. The words of whoever caused it stay in their own event, which the checkpoint's names as
 * its cause: a second copy, cut here, could keep a part of what is redacted there.
 */
function taken(trigger: CheckpointTrigger, reason: string, phase?: string): Command {
  const text = reason.slice(0, reasonCharactersMax)
  return { type: 'checkpoint.create', trigger, reason: text, ...(phase === undefined ? {} : { phase }) }
}

/** Whether the budget rose into a phase that is `least` or above. */
export function roseTo(before: ReadonlyState, after: ReadonlyState, least: BudgetPhase): boolean {
  const [from, to] = [before, after].map(({ window }) => budgetPhases.indexOf(window.phase))
  return to !== undefined && from !== undefined && to > from && to >= budgetPhases.indexOf(least)
}

/** Takes a checkpoint when the budget rises into warning, and an emergency checkpoint above. */
export const checkpointOnBudget: CheckpointPolicy = {
  name: 'checkpoint-on-budget',
  follow: (before, after) => {
    if (!after.configuration.autoCheckpoint || !roseTo(before, after, 'warning')) return []
    const { phase, percent } = after.window
    return [
      taken(
        phase === 'warning' ? 'budget' : 'emergency',
        `budget entered ${phase} at ${percent.toFixed(1)} %`,
      ),
    ]
  },
}

/**
 * Takes a checkpoint when the newest one, or the session's start, lies further back than checkpoints are to be apart, or lies in
 * the future, as a clock leaves it that was put back.
 */
export const checkpointOnInterval: CheckpointPolicy = {
  name: 'checkpoint-on-interval',
  follow: (before, after, _cause, now) => {
    const { autoCheckpoint, checkpointIntervalMinutes } = after.configuration
    const isTaken =
      after.checkpointCount > before.checkpointCount ||
      after.forkedAt !== before.forkedAt ||
      roseTo(before, after, 'warning')
    if (!autoCheckpoint || isTaken || after.status !== 'active') return []
    const newest = after.checkpoints[after.checkpoints.length - 1]
    const since = newest?.time ?? after.startedAt
    if (since === null || isYoung(since, now, checkpointIntervalMinutes)) return []
    const minutes = Math.floor(minutesBetween(since, now))
    const how =
      minutes < 0
        ? `the one before is of ${since}, which is to come`
        : `${minutes} minutes since the one before`
    return [taken('interval', how)]
  },
}

/** Takes a checkpoint when a task has been running for long and none is as young as that. */
export const checkpointOnLongTask: CheckpointPolicy = {
  name: 'checkpoint-on-long-task',
  follow: (_before, after, _cause, now) => {
    const { configuration, checkpoints, lastEventAt } = after
    const newest = checkpoints[checkpoints.length - 1]
    const isThere = newest !== undefined && isYoung(newest.time, now, longTaskMinutes)
    if (!configuration.autoCheckpoint || isThere || after.status !== 'active') return []
    const long = Object.values(after.tasks).find(
      ({ runningSince }) => minutesBetween(runningSince, lastEventAt) >= longTaskMinutes,
    )
    if (long === undefined) return []
    const minutes = Math.floor(minutesBetween(long.runningSince, lastEventAt))
    return [taken('long-task', `task ${long.id} has been running for ${minutes} minutes`)]
  },
}

/** Takes a checkpoint after what begins a session, interrupts it, or goes wrong in it. */
export const checkpointOnEvent: CheckpointPolicy = {
  name: 'checkpoint-on-event',
  follow: (before, after, cause) => {
    if (!after.configuration.autoCheckpoint || after.version === before.version) return []
    const { [cause.type]: take } = afterwards
    return take === undefined ? [] : [take(cause)]
  },
}

const afterwards: Readonly<Partial<Record<CommandType, (cause: Command) => Command>>> = {
  'session.start': () => taken('session-start', 'the session has begun'),
  'turn.interrupt': () => taken('interruption', 'the turn was interrupted'),
  'call.fail': () => taken('error', 'a model call was given up'),
  'task.fail': (cause) => taken('error', cause.type === 'task.fail' ? `task ${cause.taskId} failed` : ''),
}

/** Takes the checkpoint that stands before a phase, a handoff, another model or the end, and the one that a context switch relies on. */
export const checkpointBefore: CheckpointPolicy = {
  name: 'checkpoint-before',
  follow: () => [],
  precede: (state, command, refusal) => {
    const isRefused = refusal !== null && refusal.obligation !== 'checkpoint'
    if (isRefused || !state.configuration.autoCheckpoint) return []
    const own = beforehand(state, command)
    if (own !== null) return [own]
    return refusal === null ? [] : [taken('context-switch', `before ${command.type}`)]
  },
}

function beforehand(state: ReadonlyState, command: Command): Command | null {
  switch (command.type) {
    case 'task.enter-phase':
      return taskOf(state, command.taskId)?.phase === command.phase
        ? null
        : taken('task-phase', `before ${command.phase} of task ${command.taskId}`, command.phase)
    case 'spec.update': {
      const { specs } = state.knowledge
      const known = Object.hasOwn(specs, command.specId) ? specs[command.specId] : undefined
      // A SPEC that is new here stood in no phase before.
      const isSame = known === undefined || command.phase === undefined || command.phase === known.phase
      return isSame
        ? null
        : taken('task-phase', `before ${command.phase} of ${command.specId}`, command.phase)
    }
    case 'session.hand-off':
      return taken('handoff', `before the handoff to ${command.toAgent}`)
    case 'model.switch':
      return taken('model-switch', `before the switch to ${command.model}`)
    case 'session.end':
      return taken('session-end', 'before the end')
    default:
      return null
  }
}

/** Commands that are no work taken up again: they may come to a session that has been silent for weeks, and leave it so. */
const unheard: ReadonlySet<CommandType> = new Set([
  'session.start',
  'session.fork',
  'session.end',
  'session.redact',
  'session.recover',
  'recovery.begin',
  'recovery.record-step',
  'recovery.fail',
  'checkpoint.create',
  'checkpoint.archive',
  'handoff.expire',
  'observation.record',
])

/** Takes a checkpoint before the first command after a long silence: it stands for the moment at which the session fell silent. */
export const checkpointAfterSilence: CheckpointPolicy = {
  name: 'checkpoint-after-silence',
  follow: () => [],
  precede: (state, command, refusal, now) => {
    const { autoCheckpoint, sessionTimeoutMinutes } = state.configuration
    const isWork = refusal === null && state.status === 'active' && !unheard.has(command.type)
    if (!autoCheckpoint || sessionTimeoutMinutes === null || !isWork) return []
    const minutes = minutesBetween(state.lastEventAt, now)
    return minutes < sessionTimeoutMinutes
      ? []
      : [taken('timeout', `${countOf(Math.floor(minutes), 'minute')} of silence before ${command.type}`)]
  },
}

/** The commands by which a session that has been silent for long is set aside: its checkpoint, and that it is suspended. */
export function timeoutCommands(state: ReadonlyState, minutes: number): readonly Command[] {
  return [
    ...unlessTaken(state, taken('timeout', `silent for ${countOf(minutes, 'minute')}`)),
    { type: 'session.suspend', reason: timeoutReason },
  ]
}

/** The last checkpoint of a session whose process was told to stop. */
export function interruptionCommands(state: ReadonlyState, reason: string): readonly Command[] {
  return unlessTaken(state, taken('interruption', reason))
}

function unlessTaken({ checkpoints, version }: ReadonlyState, command: Command): readonly Command[] {
  const newest = checkpoints[checkpoints.length - 1]
  return newest !== undefined && newest.version + 1 === version ? [] : [command]
}

const timeoutReason = 'timeout'

/** Wakes a session that its own silence suspended: the next command resumes it. One that somebody suspended stays so. */
export const wakeAfterTimeout: CheckpointPolicy = {
  name: 'wake-after-timeout',
  follow: () => [],
  precede: (state, command, refusal) => {
    if (refusal === null || state.status !== 'suspended' || command.type === 'session.suspend') return []
    const suspended = state.history.findLast(({ text }) => text.startsWith('session suspended'))
    return suspended?.text === `session suspended: ${timeoutReason}`
      ? [{ type: 'session.resume', reason: `${command.type} after the timeout` }]
      : []
  },
}

/** Whether a time lies less than so many minutes back; one that is to come is of unknown age. */
function isYoung(time: string, now: string, minutes: number): boolean {
  const age = minutesBetween(time, now)
  return age >= 0 && age < minutes
}

function minutesBetween(from: string | null, to: string | null): number {
  return from === null || to === null ? 0 : msBetween(from, to) / 60_000
}

/** The checkpoint policies in their order: where two would take the same one, the first says why. */
export const checkpointPolicies: readonly CheckpointPolicy[] = [
  wakeAfterTimeout,
  checkpointAfterSilence,
  checkpointBefore,
  checkpointOnBudget,
  checkpointOnEvent,
  checkpointOnLongTask,
  checkpointOnInterval,
]
