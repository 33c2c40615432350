/** What a session that continues another one begins with: its focus, decisions, SPECs, user, context and, if wanted, open tasks. */
import type { Command } from '../events/commands.ts'
import type { ContextTier } from '../events/context.ts'
import type { ContextItem } from '../fold/context-state.ts'
import type { DeepReadonly, ReadonlyState } from '../fold/state.ts'
import { limits } from '../kernel/limits.ts'
import { openTasks } from '../views/brief/tasks.ts'
import { type TaskView, tasksInOrder } from '../views/task-list.ts'

/** Whether tasks that are not done come along: `open` ones, or `none`. */
export type CarriedTasks = 'open' | 'none'

export interface CarryOptions {
  /** Which tiers of context come along. */
  readonly preservation: ReadonlyState['configuration']['contextPreservation']
  readonly tasks: CarriedTasks
}

/**
 * Commands that bring what `before` knew into a session that continues it. Texts are shared, not copied. Critical items come
 * along whatever their number; of others, of tasks and of the steps of a SPEC the newest, as many as `limits` allow. Tasks come
 * as pending, or blocked on what they waited for: the new session has begun none of them.
 *
 * @example
 * ```ts
 * await session.send({ type: 'decision.record', text: 'scrypt', reason: 'bcrypt cuts at 72 bytes' })
 * const commands = historyCommands(session.state, { preservation: 'critical_only', tasks: 'none' })
 * commands.at(-1) // { type: 'decision.record', text: 'scrypt', reason: 'bcrypt cuts at 72 bytes' }
 * ```
 */
export function historyCommands(before: ReadonlyState, options: CarryOptions): readonly Command[] {
  return [
    ...focusCommands(before),
    ...specCommands(before),
    ...decisionCommands(before, options.tasks),
    ...itemCommands(before, carriedTiers[options.preservation]),
    ...(options.tasks === 'open' ? taskCommands(before) : []),
  ]
}

function focusCommands({ knowledge }: ReadonlyState): readonly Command[] {
  const { objectives, constraints, scope, nextStep, variables } = knowledge.focus
  return [
    {
      type: 'focus.change',
      objectives: [...objectives],
      constraints: [...constraints],
      scope,
      nextStep,
      variables: { ...variables },
    },
    ...surroundingCommands(knowledge),
  ]
}

/** Who the work is for, and in which project. */
export function surroundingCommands({ user, project }: ReadonlyState['knowledge']): readonly Command[] {
  return [
    {
      type: 'user.describe',
      ...(user.language === null ? {} : { language: user.language }),
      ...(user.expertise === null ? {} : { expertise: user.expertise }),
      preferences: { ...user.preferences },
    },
    {
      type: 'project.describe',
      ...(project.name === null ? {} : { name: project.name }),
      ...(project.root === null ? {} : { root: project.root }),
    },
  ]
}

/** SPECs and milestones, the one changed longest ago first: that order is kept. */
function specCommands({ knowledge: { specs, milestones } }: ReadonlyState): readonly Command[] {
  const byAge = (a: { readonly version: number }, b: { readonly version: number }): number =>
    a.version - b.version
  return [
    ...Object.values(specs).toSorted(byAge).flatMap(commandsOfSpec),
    ...Object.values(milestones)
      .toSorted(byAge)
      .map(
        ({ id, title, specId, status }): Command => ({
          type: 'milestone.update',
          milestoneId: id,
          ...(title === null ? {} : { title }),
          ...(specId === null ? {} : { specId }),
          status,
        }),
      ),
  ]
}

type Spec = DeepReadonly<ReadonlyState['knowledge']['specs'][string]>

function commandsOfSpec(spec: Spec): readonly Command[] {
  const { id: specId, title, phase, status, progressPercent, completedSteps, nextStep } = spec
  const steps = completedSteps.slice(-limits.carriedStepsMax)
  return [
    {
      type: 'spec.update',
      specId,
      ...(title === null ? {} : { title }),
      ...(phase === null ? {} : { phase }),
      status,
      ...(progressPercent === null ? {} : { progressPercent }),
      nextStep,
    },
    ...steps.map((completedStep): Command => ({ type: 'spec.update', specId, completedStep })),
  ]
}

/** A decision names its task only where that comes along. */
function decisionCommands(state: ReadonlyState, tasks: CarriedTasks): readonly Command[] {
  const carried = new Set(tasks === 'open' ? carriedTasks(state).map(({ id }) => id) : [])
  return state.knowledge.decisions.map(({ text, reason, taskId }) => ({
    type: 'decision.record',
    text,
    ...(reason === null ? {} : { reason }),
    ...(taskId === null || !carried.has(taskId) ? {} : { taskId }),
  }))
}

const rankOfTier = { critical: 0, supporting: 1, temporary: 2 } as const

const carriedTiers = {
  critical_only: ['critical'],
  critical_and_supporting: ['critical', 'supporting'],
  all: ['critical', 'supporting', 'temporary'],
} as const satisfies Record<CarryOptions['preservation'], readonly ContextTier[]>

/** All critical items, and the newest of the others. */
function itemCommands({ context }: ReadonlyState, tiers: readonly ContextTier[]): readonly Command[] {
  const ranked = Object.values(context.items)
    .filter(({ tier }) => tiers.includes(tier))
    .sort((a, b) => rankOfTier[a.tier] - rankOfTier[b.tier] || b.addedVersion - a.addedVersion)
  const critical = ranked.filter(({ tier }) => tier === 'critical')
  const others = ranked.slice(critical.length, critical.length + limits.carriedItemsMax)
  return [...critical, ...others].flatMap(commandsOfItem)
}

/** The command that brings an item of another session in, under a tag. Its text is shared, not copied. */
export function addingOf(item: DeepReadonly<ContextItem>, tag: string): Command<'context.add'> {
  const { tier, category, title, content, server, tokens, estimated } = item
  return {
    type: 'context.add',
    tag,
    tier,
    category,
    ...(title === null ? {} : { title }),
    ...(content === null ? {} : { content }),
    ...(server === null ? {} : { server }),
    ...(estimated ? {} : { tokens }),
  }
}

/** The item again; of one that was summarized only the summary lies in the window, and the original stays readable. */
function commandsOfItem(item: DeepReadonly<ContextItem>): readonly Command[] {
  const { tag, estimated, status, summary, summaryTokens } = item
  const added = addingOf(item, tag)
  if (status === 'deferred') return [added, { type: 'context.defer', tags: [tag], reason: 'it was deferred' }]
  if (status !== 'summarized' || summary === null) return [added]
  // Both weighed anew or neither: else a summary may seem to take more than its own original.
  const weight = estimated || summaryTokens === null ? {} : { tokens: summaryTokens }
  return [added, { type: 'context.summarize', tag, summary, ...weight }]
}

/** The open tasks that come along, oldest first; where there are too many, those in hand before the others. */
function carriedTasks(state: ReadonlyState): readonly TaskView[] {
  const chosen = new Set(
    openTasks(state)
      .slice(0, limits.carriedTasksMax)
      .map(({ id }) => id),
  )
  return tasksInOrder(state).filter(({ id }) => chosen.has(id))
}

/** Tasks first, parents before their children; then what they wait for, which must be there by then. */
function taskCommands(state: ReadonlyState): readonly Command[] {
  const carried = new Map(carriedTasks(state).map((task) => [task.id, task]))
  const tasks = [...carried.values()].toSorted((a, b) => depthOf(a, carried) - depthOf(b, carried))
  return [
    ...tasks.map((task) => addedAgain(task, carried)),
    ...tasks.flatMap(({ id: taskId, dependsOn }): readonly Command[] => {
      const open = dependsOn.filter((other) => carried.has(other))
      return open.length === 0 ? [] : [{ type: 'task.describe', taskId, dependsOn: open }]
    }),
    ...tasks.flatMap(({ id: taskId, status, blockedOn }): readonly Command[] => {
      if (status !== 'blocked' || blockedOn === null) return []
      const { ids, ...on } = blockedOn
      return [{ type: 'task.block', taskId, on: { ...on, ...(ids === undefined ? {} : { ids: [...ids] }) } }]
    }),
  ]
}

function addedAgain(task: TaskView, carried: ReadonlyMap<string, TaskView>): Command {
  const { id: taskId, title, description, parentTaskId, specId } = task
  return {
    type: 'task.add',
    taskId,
    title,
    ...(description === null ? {} : { description }),
    ...(parentTaskId === null || !carried.has(parentTaskId) ? {} : { parentTaskId }),
    ...(specId === null ? {} : { specId }),
  }
}

/** How many of the tasks that come along a task lies below. A parent was there before its child, so the way up ends. */
function depthOf(task: TaskView, carried: ReadonlyMap<string, TaskView>): number {
  let depth = 0
  for (let at: TaskView | undefined = task; at !== undefined; depth++) {
    at = at.parentTaskId === null ? undefined : carried.get(at.parentTaskId)
  }
  return depth
}
