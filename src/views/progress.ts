/** What came of a session between two of its states: for somebody who goes on from the later one. */
import { type ReadonlyState, taskOf } from '../fold/state.ts'
import { openItems, openItemText } from './open-items.ts'
import { countOf, inNaturalOrder } from './text.ts'

type Task = ReadonlyState['tasks'][string]

export interface Progress {
  /** The version that was looked back to. */
  readonly since: number
  readonly events: number
  readonly completed: readonly Task[]
  readonly failed: readonly Task[]
  /** Steps of SPECs that were completed, as `SPEC-001: write_tests`. */
  readonly steps: readonly string[]
  readonly decisions: readonly string[]
  readonly calls: number
  readonly prompts: number
}

/**
 * What was done after `then`, an earlier state of the same session.
 *
 * @example
 * ```ts
 * const then = session.state
 * await session.send({ type: 'task.add', taskId: 'SPEC-009', title: 'Log out' })
 * await session.send({ type: 'task.start', taskId: 'SPEC-009' })
 * await session.send({ type: 'task.complete', taskId: 'SPEC-009' })
 * progressSince(then, session.state).completed.map(({ id }) => id) // ['SPEC-009']
 * ```
 */
export function progressSince(then: ReadonlyState, now: ReadonlyState): Progress {
  const became = (status: Task['status']): readonly Task[] =>
    Object.values(now.tasks)
      .filter((task) => task.status === status && taskOf(then, task.id)?.status !== status)
      .sort((a, b) => inNaturalOrder(a.id, b.id))
  return {
    since: then.version,
    events: now.version - then.version,
    completed: became('completed'),
    failed: became('failed'),
    steps: stepsSince(then, now),
    decisions: now.knowledge.decisions
      .filter(({ version }) => version > then.version)
      .map(({ text }) => text),
    calls: now.usage.calls - then.usage.calls,
    prompts: now.turns.prompts - then.turns.prompts,
  }
}

/** Progress as lines, the tasks first, then what is still open and what became of its calls. */
export function progressLines(then: ReadonlyState, now: ReadonlyState): readonly string[] {
  const { completed, failed, steps, decisions } = progressSince(then, now)
  return [
    ...completed.map(({ id, title }) => `completed: task ${id}: ${title}`),
    ...failed.map(({ id, reason }) => `failed: task ${id}: ${reason ?? 'no reason given'}`),
    ...steps.map((step) => `completed: step ${step}`),
    ...decisions.map((text) => `decided: ${text}`),
    ...openItems(now).map((item) => `open: ${openItemText(item)}`),
  ]
}

/** Progress in one sentence. `upTo` is the version at which the work stopped, when events came after it that are none. */
export function progressText(then: ReadonlyState, now: ReadonlyState, upTo = now.version): string {
  const { since, completed, failed } = progressSince(then, now)
  const events = upTo - since
  const open = openItems(now)
  const from = since === 0 ? 'since it began' : `since version ${since}`
  return `${from}: ${countOf(events, 'event')}, ${countOf(completed.length, 'task')} completed, ${failed.length} failed; ${open.length} left open`
}

function stepsSince(then: ReadonlyState, now: ReadonlyState): readonly string[] {
  const specsByAge = Object.values(now.knowledge.specs).sort((a, b) => a.version - b.version)
  return specsByAge.flatMap(({ id, completedSteps }) => {
    const specs = then.knowledge.specs
    const before = new Set(Object.hasOwn(specs, id) ? specs[id]?.completedSteps : [])
    return completedSteps.filter((step) => !before.has(step)).map((step) => `${id}: ${step}`)
  })
}
