/** The way of a task from where it stands here to where the other side has it. */
import { taskOf } from '../../fold/state.ts'
import { type StepWords, stepsMax, stepTowards } from '../../memory/task-steps.ts'
import type { MarkedStatus } from '../../memory/task-text.ts'
import { attempt, type Draft, drafted } from './draft.ts'
import { type MergedTask, type Standing, standingOf } from './parts.ts'

const markOf: Readonly<Record<Standing, MarkedStatus>> = {
  pending: 'pending',
  running: 'running',
  blocked: 'blocked',
  completed: 'completed',
  failed: 'failed',
  'given-up': 'failed',
  cancelled: 'cancelled',
  recovered: 'recovered',
}

/** Brings a task to where `theirs` stands; `false` where no command leads there. */
export function broughtThere(draft: Draft, taskId: string, theirs: MergedTask): boolean {
  const words = wordsOf(draft, theirs)
  return stagesTo(draft, taskId, theirs).every((stage) => {
    if (stage !== 'phase') return walked(draft, taskId, stage, words)
    const { phase } = theirs
    return phase === null || attempt(draft, { type: 'task.enter-phase', taskId, phase })
  })
}

type Stage = Standing | 'phase' | 'unblocked'

/** The places that a task has to pass on its way. */
function stagesTo(draft: Draft, taskId: string, theirs: MergedTask): readonly Stage[] {
  const ours = taskOf(drafted(draft), taskId)
  const standing = standingOf(theirs)
  const isPhaseNew = theirs.phase !== null && theirs.phase !== ours?.phase
  const isOver = ours?.status === 'completed' || ours?.status === 'failed'
  const passesRunning = (isPhaseNew && !isOver) || (standing === 'blocked' && theirs.returnsTo === 'running')
  return [
    ...(standing === 'blocked' && ours?.status === 'blocked' ? (['unblocked'] as const) : []),
    // Why it failed cannot be told again of a task that failed already.
    ...(standing === 'given-up' && ours?.status === 'failed' ? (['recovered'] as const) : []),
    ...(passesRunning ? (['running'] as const) : []),
    ...(isPhaseNew && passesRunning ? (['phase'] as const) : []),
    standing,
  ]
}

function walked(draft: Draft, taskId: string, stage: Exclude<Stage, 'phase'>, words: StepWords): boolean {
  const isThere = (task: MergedTask): boolean =>
    stage === 'unblocked'
      ? task.status !== 'blocked'
      : standingOf(task) === stage && task.status !== 'context_switch'
  const wanted = stage === 'unblocked' ? 'pending' : markOf[stage]
  for (let steps = 0; ; steps++) {
    const task = taskOf(drafted(draft), taskId)
    if (task === undefined) return false
    if (isThere(task)) return true
    const step = stepTowards(wanted, task, words)
    if (step === null || steps === stepsMax || !attempt(draft, step)) return false
    const after = taskOf(drafted(draft), taskId)
    const isOnTheWay = after !== undefined && !isThere(after)
    if (isOnTheWay) draft.commands[draft.commands.length - 1] = { ...step, inferred: true }
  }
}

/** What the commands say: as the other side has it. */
function wordsOf(draft: Draft, theirs: MergedTask): StepWords {
  const { agent, workSessionId, blockedOn, reason, checkpointId } = theirs
  const isKnown =
    checkpointId === 'origin' || drafted(draft).checkpoints.some(({ id }) => id === checkpointId)
  const { ids, ...wait } = blockedOn ?? {
    kind: 'external' as const,
    detail: 'it was blocked in the other session',
  }
  return {
    on: ids === undefined ? wait : { ...wait, ids: [...ids] },
    reason: reason ?? 'it failed in the other session',
    retryable: standingOf(theirs) !== 'given-up',
    cancelled: 'it was cancelled in the other session',
    ...(agent === null ? {} : { agent }),
    ...(workSessionId === null ? {} : { workSessionId }),
    ...(checkpointId === null || !isKnown ? {} : { checkpointId }),
  }
}
