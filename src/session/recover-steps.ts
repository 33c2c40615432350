/** The five recorded steps of a recovery: what each looks at, what it has done, and what it says. Pure; `recover` records them. */
import type { Command } from '../events/commands.ts'
import type { RecoveryStep, TaskPolicy } from '../events/recovery.ts'
import { allocationBasisOf, reserveTokensOf } from '../fold/allocation.ts'
import type { ReadonlyState } from '../fold/state.ts'
import { limits } from '../kernel/limits.ts'
import type { Recovery } from '../replay/recover.ts'
import { continuationLines, continuationText } from '../views/continuation.ts'
import { progressLines, progressText } from '../views/progress.ts'
import { countOf, countText, namesText, percentText } from '../views/text.ts'
import { commandsToFit, fitsBesideReserve } from './context-policy.ts'
import type { ResumeOutcome } from './recover-resume.ts'

export interface StepFacts {
  /** What was found when the recovery began. */
  readonly found: Recovery
  /** The checkpoint that was chosen; `null` for the newest sound state. */
  readonly checkpointId: string | null
  /** The state that progress is measured from: that of the checkpoint, or before the first event. */
  readonly past: ReadonlyState
  /** The version that the session had when the recovery began. */
  readonly stoppedAt: number
  readonly taskPolicy: TaskPolicy
  /** What came of the hook; only for its step. */
  readonly resumed: ResumeOutcome
  /** The policy that makes room is among the session's own. */
  readonly makesRoom: boolean
}

/** A command of a step, and whose it is. */
export interface StepCommand {
  readonly command: Command
  readonly actor: string
}

/** What became of a command of a step: `null` when it was accepted. */
export interface StepOutcome {
  readonly command: Command
  readonly refusedWith: string | null
}

export interface StepResult {
  readonly outcome: 'done' | 'skipped'
  readonly detail: string
  readonly lines: readonly string[]
}

interface Step {
  /** What is to be done, from the state before. */
  commands(state: ReadonlyState, facts: StepFacts): readonly StepCommand[]
  /** What is recorded of it, from the state after. */
  result(state: ReadonlyState, facts: StepFacts, outcomes: readonly StepOutcome[]): StepResult
}

/** The actor of commands by which a recovery deals with tasks. */
export const recoveryActor = 'recovery'

export const roomPolicyName = 'compress-on-recovery'

const nothing = (): readonly StepCommand[] => []

export const stepOf: Readonly<Record<RecoveryStep, Step>> = {
  restore: {
    commands: nothing,
    result: (_state, { found, checkpointId, past }) => ({
      outcome: 'done',
      detail: `from ${sourceText(found)}, ${countOf(found.replayedEvents, 'event')} replayed`,
      lines: [
        ...(checkpointId === null ? [] : [`chosen: checkpoint ${checkpointId} of version ${past.version}`]),
        ...found.passedOver.map(
          ({ version, detail }) => `passed over: snapshot of version ${version}: ${detail}`,
        ),
      ],
    }),
  },
  validate: {
    commands: (state, { makesRoom }) =>
      fitsBesideReserve(state) || !makesRoom
        ? []
        : commandsToFit(state).map((command) => ({ command, actor: `policy:${roomPolicyName}` })),
    result: (state, _facts, outcomes) => {
      const did = outcomes.filter(({ refusedWith }) => refusedWith === null)
      const fits = fitsBesideReserve(state)
      const left = `${did.length > 0 ? 'it did not fit beside its reserve' : 'it does not fit beside its reserve'}, and `
      const detail =
        fits && did.length === 0
          ? 'it fits beside its reserve'
          : did.length > 0
            ? `${left}room was made${fits ? '' : '; what was asked for comes with the next session that opens it'}`
            : `${left}${unhelped(state)}`
      return {
        outcome: 'done',
        detail,
        lines: [budgetText(state), ...did.map(({ command }) => roomText(command))],
      }
    },
  },
  resume: {
    commands: nothing,
    result: (_state, { resumed }) => resumed,
  },
  assess: {
    commands: nothing,
    result: (state, { past, stoppedAt }) => ({
      outcome: 'done',
      detail: progressText(past, state, stoppedAt),
      lines: progressLines(past, state),
    }),
  },
  plan: {
    commands: (state, facts) => taskCommands[facts.taskPolicy](state, facts),
    result: (state, { taskPolicy }, outcomes) => ({
      outcome: 'done',
      detail: continuationText(state),
      lines: [...taskLines(outcomes, taskPolicy), ...continuationLines(state)],
    }),
  },
}

/** The lines of a result as they may be recorded: none longer, and not more of them, than the log takes. */
export function recordedLines(lines: readonly string[]): string[] {
  const most = limits.recoveryLinesMax
  const kept =
    lines.length > most ? [...lines.slice(0, most - 1), `and ${lines.length - most + 1} more`] : lines
  return kept.map(recordedLine)
}

export function recordedLine(line: string): string {
  return line.slice(0, limits.lineCharactersMax)
}

/** Where a state came from, in words. */
function sourceText({ from, checkpointId, snapshotVersion }: Recovery): string {
  if (from === 'full-replay') return 'its first event on, as there is no sound snapshot'
  const what = checkpointId === null ? 'a keyframe' : `checkpoint ${checkpointId}`
  return `${what} of version ${snapshotVersion}${from === 'older-snapshot' ? ', as newer ones were not sound' : ''}`
}

function budgetText(state: ReadonlyState): string {
  const basis = allocationBasisOf(state)
  const free = Math.max(0, basis.totalTokens - basis.usedTokens)
  return `budget: ${percentText(state.window.percent)} used, ${countText(free)} tokens free, ${countText(reserveTokensOf(basis))} of them to stay so`
}

function unhelped(state: ReadonlyState): string {
  return state.configuration.recoveryStrategy === 'full_context'
    ? 'is left as it was, as recovery_strategy is full_context'
    : 'nothing in it may be taken out: a compaction or a fresh session makes room'
}

function roomText(command: Command): string {
  const tags = 'tags' in command && command.tags !== undefined ? command.tags : []
  return `${command.type}: ${namesText(tags, 10)}`
}

type Task = ReadonlyState['tasks'][string]

function inHand(state: ReadonlyState, statuses: readonly Task['status'][]): readonly Task[] {
  return Object.values(state.tasks)
    .filter(({ status }) => statuses.includes(status))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** What becomes of tasks in progress, by policy. */
const taskCommands: Readonly<
  Record<TaskPolicy, (state: ReadonlyState, facts: StepFacts) => readonly StepCommand[]>
> = {
  keep: nothing,
  block: (state) =>
    inHand(state, ['in_progress', 'token_warning']).map(({ id: taskId }) => ({
      command: {
        type: 'task.block',
        taskId,
        on: { kind: 'input', detail: 'it was in progress when the session stopped' },
      },
      actor: recoveryActor,
    })),
  retry: (state, { checkpointId }) => {
    const listed = state.checkpoints.some(({ id }) => id === checkpointId)
    const from = checkpointId === null || !listed ? {} : { checkpointId }
    const interrupted = inHand(state, ['in_progress', 'token_warning', 'context_switch'])
    return interrupted.flatMap(({ id: taskId }): readonly StepCommand[] => [
      {
        command: { type: 'task.fail', taskId, reason: 'the session stopped', retryable: true },
        actor: recoveryActor,
      },
      { command: { type: 'task.recover', taskId, ...from }, actor: recoveryActor },
    ])
  },
}

const verbOf: Readonly<Partial<Record<Command['type'], string>>> = {
  'task.block': 'blocked until somebody says how to go on',
  'task.recover': 'failed and recovered, to be started again',
}

function taskLines(outcomes: readonly StepOutcome[], policy: TaskPolicy): readonly string[] {
  return outcomes.flatMap(({ command, refusedWith }) => {
    if (!('taskId' in command)) return []
    if (refusedWith !== null) return [`task ${command.taskId}: ${command.type} was refused: ${refusedWith}`]
    const verb = verbOf[command.type]
    return verb === undefined ? [] : [`task ${command.taskId} ${verb} (${policy})`]
  })
}
