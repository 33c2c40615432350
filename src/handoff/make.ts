/** A package made from a state: nothing of it is written by hand. */
import { allocationBasisOf, reserveTokensOf } from '../fold/allocation.ts'
import { currentWindowOf } from '../fold/growth.ts'
import { type ReadonlyState, taskOf } from '../fold/state.ts'
import { limits } from '../kernel/limits.ts'
import { specsByTask, specViews } from '../views/spec-progress.ts'
import { currentTasks, type TaskView, tasksInOrder } from '../views/task-list.ts'
import { type CriticalContext, packContext } from './critical-context.ts'
import {
  contextEncoding,
  type HandoffCompression,
  type HandoffPackage,
  packageFormatVersion,
  sealed,
} from './package.ts'

/** What a package says beside the state. */
export interface PackageFacts {
  readonly handoffId: string
  readonly timestamp: string
  readonly fromAgent: string
  readonly toAgent: string
  readonly reason: string | null
  readonly expiresAt: string | null
  /** Chain hash of the state's newest event. */
  readonly headHash: string
  readonly context: CriticalContext
  readonly compression: HandoffCompression | null
}

/** The package of a state, sealed with its hash. */
export function makePackage(state: ReadonlyState, facts: PackageFacts): HandoffPackage {
  const { configuration, knowledge, window, checkpoints } = state
  const current = currentWindowOf(state)
  const open = openTasks(state)
  return sealed({
    handoff_id: facts.handoffId,
    timestamp: facts.timestamp,
    from_agent: facts.fromAgent,
    to_agent: facts.toAgent,
    session_context: {
      session_id: state.sessionId,
      model: state.model,
      context_position: rounded(current.percent),
      available_tokens: current.availableTokens,
      user_language: knowledge.user.language,
      expertise_level: knowledge.user.expertise,
      current_project: knowledge.project.name,
    },
    task_context: taskContext(state),
    context_snapshot: {
      critical_context: packContext(facts.context),
      critical_context_encoding: contextEncoding,
      session_checkpoints: checkpoints.slice(-limits.checkpointsListedMax).map(checkpointJson),
      active_todos: todos(state, open),
      token_budget_strategy: configuration.recoveryStrategy,
    },
    recovery_info: {
      last_checkpoint: checkpoints[checkpoints.length - 1]?.time ?? null,
      recovery_tokens_reserved: reserveTokensOf(allocationBasisOf(state)),
      session_fork_available: configuration.forkingEnabled,
    },
    waymark: {
      format_version: packageFormatVersion,
      session_version: state.version,
      head_hash: facts.headHash,
      epoch: state.epoch,
      title: state.title,
      reason: facts.reason,
      expires_at: facts.expiresAt,
      window: {
        total_tokens: window.totalTokens,
        used_tokens: current.usedTokens,
        estimated: current.estimated,
      },
      context_preservation: configuration.contextPreservation,
      open_todos: open.length,
      compression: facts.compression,
    },
  })
}

/** Two decimals: more would be false precision. */
function rounded(percent: number): number {
  return Math.round(percent * 100) / 100
}

/** Where the work stands: by the task in hand and its SPEC, else by the SPEC that changed last. */
function taskContext(state: ReadonlyState): HandoffPackage['task_context'] {
  const task = currentTasks(state).at(-1)
  const { specs, focus } = state.knowledge
  const newest = Object.values(specs)
    .filter(({ status }) => status === 'active')
    .sort((a, b) => b.version - a.version)[0]
  const ofTasks = specsByTask(state)
  const specId = (task === undefined ? undefined : ofTasks.get(task.id)) ?? newest?.id ?? null
  const spec = specViews(state).find(({ id }) => id === specId)
  const completed = tasksInOrder(state).filter(
    ({ id, status }) => status === 'completed' && (specId === null || ofTasks.get(id) === specId),
  )
  const steps =
    spec !== undefined && spec.completedSteps.length > 0
      ? spec.completedSteps
      : completed.map(({ title }) => title)
  return {
    spec_id: specId,
    current_phase: task?.phase ?? spec?.phase ?? null,
    completed_steps: steps.slice(-limits.completedStepsMax),
    next_step: focus.nextStep ?? spec?.nextStep ?? nextTask(state)?.title ?? null,
    constraints: focus.constraints.slice(-limits.focusLinesMax),
  }
}

/** The first task that nobody has begun and that waits for none. */
function nextTask(state: ReadonlyState): TaskView | undefined {
  return tasksInOrder(state).find(
    ({ status, dependsOn }) =>
      status === 'pending' && dependsOn.every((id) => taskOf(state, id)?.status === 'completed'),
  )
}

/** Tasks that have not ended, those in hand first. */
function openTasks(state: ReadonlyState): readonly TaskView[] {
  const inHand = currentTasks(state)
  const names = new Set(inHand.map(({ id }) => id))
  const others = tasksInOrder(state).filter(
    ({ id, status, retryable }) =>
      !names.has(id) && status !== 'completed' && (status !== 'failed' || retryable === true),
  )
  return [...inHand, ...others]
}

function todos(
  state: ReadonlyState,
  open: readonly TaskView[],
): HandoffPackage['context_snapshot']['active_todos'] {
  const specs = specsByTask(state)
  return open.slice(0, limits.handoffTodosMax).map((task) => ({
    task_id: task.id,
    content: task.title,
    status: task.status,
    parent_task_id: task.parentTaskId,
    spec_id: specs.get(task.id) ?? null,
    phase: task.phase,
    depends_on: [...task.dependsOn],
  }))
}

function checkpointJson(
  checkpoint: ReadonlyState['checkpoints'][number],
): HandoffPackage['context_snapshot']['session_checkpoints'][number] {
  const { id, time, phase, usedTokens, availableTokens, version, trigger, reason } = checkpoint
  return {
    checkpoint_id: id,
    timestamp: time,
    phase,
    token_usage: { used: usedTokens, available: availableTokens },
    version,
    trigger,
    reason,
  }
}
