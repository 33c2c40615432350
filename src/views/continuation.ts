/** How to go on from a state: the next step, the tasks to take up, what to do about calls without a result, and the budget for it. */
import { allocationBasisOf, reserveTokensOf } from '../fold/allocation.ts'
import { type ReadonlyState, taskOf } from '../fold/state.ts'
import { type CallOutcome, openItems } from './open-items.ts'
import { type TaskView, tasksInOrder } from './task-list.ts'
import { countText, namesText, percentText } from './text.ts'

/** What to do with a task, by its status; nothing with those that are done. */
const adviceOf: Readonly<Partial<Record<TaskView['status'], string>>> = {
  in_progress: 'go on with',
  token_warning: 'go on with, in little room,',
  context_switch: 'restore the context of',
  recovered: 'start again',
  blocked: 'wait with',
}

const adviceOfCall: Readonly<Record<CallOutcome, string>> = {
  'never-started': 'call again: it was never started',
  unknown: 'look first whether it had its effect: its outcome is unknown',
}

/** Pending tasks that are named one by one. */
const pendingNamed = 3

/**
 * The continuation of a session as lines, most important first.
 *
 * @example
 * ```ts
 * await session.send({ type: 'focus.change', nextStep: 'write the tests' })
 * continuationLines(session.state)[0] // 'next step: write the tests'
 * ```
 */
export function continuationLines(state: ReadonlyState): readonly string[] {
  return [...stepLines(state), ...taskLines(state), ...callLines(state), budgetLine(state)]
}

/** The first thing to do, on one line. */
export function continuationText(state: ReadonlyState): string {
  return (
    [...stepLines(state), ...taskLines(state)][0] ?? 'nothing is open; the next task is for the caller to say'
  )
}

function stepLines({ knowledge }: ReadonlyState): readonly string[] {
  const { focus, specs } = knowledge
  const ofSpecs = Object.values(specs)
    .filter(({ status, nextStep }) => status === 'active' && nextStep !== null)
    .sort((a, b) => b.version - a.version)
    .map(({ id, nextStep }) => `next step of ${id}: ${nextStep}`)
  return [...(focus.nextStep === null ? [] : [`next step: ${focus.nextStep}`]), ...ofSpecs]
}

function taskLines(state: ReadonlyState): readonly string[] {
  const tasks = tasksInOrder(state)
  const isReady = ({ status, dependsOn }: TaskView): boolean =>
    status === 'pending' && dependsOn.every((id) => taskOf(state, id)?.status === 'completed')
  const ready = tasks.filter(isReady)
  const inHand = tasks.flatMap((task) => {
    const advice = adviceOf[task.status]
    const phase = task.phase === null ? '' : ` (${task.phase})`
    return advice === undefined ? [] : [`${advice} task ${task.id}${phase}: ${task.title}`]
  })
  const then =
    ready.length === 0
      ? []
      : [
          `then start ${namesText(
            ready.map(({ id }) => id),
            pendingNamed,
          )}`,
        ]
  return [...inHand, ...then]
}

/** What to do about calls without a result. */
export function callLines(state: ReadonlyState): readonly string[] {
  return openItems(state).flatMap((item) =>
    item.kind === 'call' ? [`call ${item.id} of ${item.name}: ${adviceOfCall[item.outcome]}`] : [],
  )
}

function budgetLine(state: ReadonlyState): string {
  const { totalTokens, usedTokens, percent, phase } = state.window
  const reserve = reserveTokensOf(allocationBasisOf(state))
  const free = Math.max(0, totalTokens - usedTokens)
  const usable = Math.max(0, free - reserve)
  return `budget: ${countText(usable)} of ${countText(totalTokens)} tokens to work with, beside a reserve of ${countText(reserve)}; ${percentText(percent)} used, ${phase}`
}
