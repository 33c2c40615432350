/** The six layers: state in the shape in which an agent thinks of it, from its own window outwards. */
import type { ContextTier } from '../events/context.ts'
import type { TaskStatus } from '../events/task.ts'
import type { Forecast } from '../events/usage.ts'
import { forecastOf } from '../fold/growth.ts'
import type { ReadonlyState } from '../fold/state.ts'
import { allocationTable, type PartView, type ReserveView, reserveOf } from './allocation-table.ts'
import { type Threshold, thresholdsOf } from './budget-report.ts'
import { type CurrentView, currentView, type ItemView, itemsInOrder } from './context-report.ts'
import { type MachineView, machineView } from './machine-view.ts'
import { type ServerView, serverViews } from './servers.ts'
import { type SpecView, specsByTask, specViews } from './spec-progress.ts'
import { type WindowView, windowView } from './state-view.ts'
import { currentTasks, type TaskView, taskCounts, tasksInOrder } from './task-list.ts'

type Knowledge = ReadonlyState['knowledge']

/** L1: the window, its budget and where it is heading. */
export interface ContextAwareness {
  readonly window: WindowView
  /** The window with what came since the latest report. */
  readonly current: CurrentView
  readonly positionPercent: number
  readonly phase: WindowView['phase']
  /** Where phases begin, and with them what policies do about the context. */
  readonly thresholds: readonly Threshold[]
  readonly model: string | null
  readonly windowSource: WindowView['source']
  readonly allocation: readonly PartView[]
  readonly reserve: ReserveView
  /** Reports that growth is learned from, where it leads, and what was last recorded of that. */
  readonly growth: {
    readonly reports: number
    readonly forecast: Forecast | null
    readonly recorded: ReadonlyState['growth']['forecast']
  }
  /** What the session has to go by: thresholds, intervals, strategies. */
  readonly configuration: ReadonlyState['configuration']
}

/** An item in few words; `waymark context` has them whole. */
export type ActiveItem = Pick<
  ItemView,
  'tag' | 'title' | 'category' | 'status' | 'tokens' | 'summaryWantedPercent'
>

/** L2: what is being worked on. */
export interface ActiveContext {
  /** Tasks in hand, those to be taken up again included. */
  readonly tasks: readonly TaskView[]
  /** All tasks, by status. */
  readonly taskCounts: Readonly<Partial<Record<TaskStatus, number>>>
  readonly objectives: readonly string[]
  readonly constraints: readonly string[]
  readonly scope: string | null
  readonly nextStep: string | null
  readonly variables: Readonly<Record<string, string>>
  readonly items: Readonly<Record<ContextTier, readonly ActiveItem[]>>
  /** Names of tools that were called and have not answered. */
  /** Calls without a result, oldest first: what was called, and since when the tool has been running, if that was said. */
  readonly openCalls: readonly { readonly name: string; readonly begunAt: string | null }[]
  /** The machine that runs in the stream; left out for sessions. */
  readonly machine?: MachineView
}

/** L3: what was done and decided. */
export interface SessionHistory {
  /** The newest notable events, oldest first. */
  readonly actions: ReadonlyState['history']
  /** The newest decisions, oldest first; `decisionCount` counts all. */
  readonly decisions: Knowledge['decisions']
  readonly decisionCount: number
  readonly turns: ReadonlyState['turns']
  readonly compactions: number
  readonly failures: ReadonlyState['failures']
  readonly recoveries: number
  readonly recoveredFrom: string | null
  /** The recovery that is going on, or the latest one. */
  readonly recovery: ReadonlyState['recovery']
  /** The newest handoffs and merges, oldest first. */
  readonly handoffs: ReadonlyState['handoffs']
  readonly merges: ReadonlyState['merges']
  readonly redactions: number
  readonly checkpointCount: number
  readonly newestCheckpoint: ReadonlyState['checkpoints'][number] | null
  readonly observations: Readonly<Record<string, number>>
}

/** L4: the project and how far it is. */
export interface ProjectState {
  readonly name: string | null
  readonly root: string | null
  readonly gitBranch: string | null
  readonly specs: readonly SpecView[]
  /** In the order of their latest change. */
  readonly milestones: readonly Knowledge['milestones'][string][]
  /** Ids of tasks by the SPEC they belong to. */
  readonly tasksBySpec: Readonly<Record<string, readonly string[]>>
  readonly tasksWithoutSpec: readonly string[]
}

/** L5: whom the agent works for. */
export type UserContext = Knowledge['user']

/** L6: what the agent works with. */
export interface SystemState {
  readonly tool: string | null
  readonly toolVersion: string | null
  readonly cwd: string | null
  readonly tools: readonly string[]
  readonly servers: readonly ServerView[]
  readonly permissions: { readonly mode: string | null; readonly named: Readonly<Record<string, string>> }
  readonly environment: Readonly<Record<string, string>>
}

export interface Layers {
  readonly contextAwareness: ContextAwareness
  readonly activeContext: ActiveContext
  readonly history: SessionHistory
  readonly project: ProjectState
  readonly user: UserContext
  readonly system: SystemState
}

/** The layers in order, and what each is called on a page. */
export const layerTitles: Readonly<Record<keyof Layers, string>> = {
  contextAwareness: 'L1 context awareness',
  activeContext: 'L2 active context',
  history: 'L3 history',
  project: 'L4 project',
  user: 'L5 user',
  system: 'L6 system',
}

/**
 * State as six layers.
 *
 * @example
 * ```ts
 * await session.send({ type: 'focus.change', objectives: ['people can log in'] })
 * layersOf(session.state).activeContext.objectives // ['people can log in']
 * ```
 */
export function layersOf(state: ReadonlyState): Layers {
  return {
    contextAwareness: contextAwareness(state),
    activeContext: activeContext(state),
    history: sessionHistory(state),
    project: projectState(state),
    user: state.knowledge.user,
    system: systemState(state),
  }
}

function contextAwareness(state: ReadonlyState): ContextAwareness {
  const window = windowView(state)
  return {
    window,
    current: currentView(state),
    positionPercent: window.percent,
    phase: window.phase,
    thresholds: thresholdsOf(state),
    model: state.model,
    windowSource: window.source,
    allocation: allocationTable(state),
    reserve: reserveOf(state),
    growth: {
      reports: state.growth.samples.length,
      forecast: forecastOf(state),
      recorded: state.growth.forecast,
    },
    configuration: state.configuration,
  }
}

function activeContext(state: ReadonlyState): ActiveContext {
  const { focus } = state.knowledge
  const items: Record<ContextTier, ActiveItem[]> = { critical: [], supporting: [], temporary: [] }
  for (const item of itemsInOrder(state)) {
    const { tag, title, category, status, tokens, summaryWantedPercent } = item
    items[item.tier].push({ tag, title, category, status, tokens, summaryWantedPercent })
  }
  const openCalls = Object.values(state.openCalls)
    .sort((a, b) => a.version - b.version)
    .map(({ name, begunAt }) => ({ name, begunAt }))
  return {
    tasks: currentTasks(state),
    taskCounts: taskCounts(state),
    objectives: focus.objectives,
    constraints: focus.constraints,
    scope: focus.scope,
    nextStep: focus.nextStep,
    variables: focus.variables,
    items,
    openCalls,
    ...(state.machine === undefined ? {} : { machine: machineView(state.machine) }),
  }
}

function sessionHistory(state: ReadonlyState): SessionHistory {
  return {
    actions: state.history,
    decisions: state.knowledge.decisions,
    decisionCount: state.knowledge.decisionCount,
    turns: state.turns,
    compactions: state.compactions,
    failures: state.failures,
    recoveries: state.recoveries,
    recoveredFrom: state.recoveredFrom,
    recovery: state.recovery,
    handoffs: state.handoffs,
    merges: state.merges,
    redactions: state.redactions,
    checkpointCount: state.checkpointCount,
    newestCheckpoint: state.checkpoints[state.checkpoints.length - 1] ?? null,
    observations: state.observations,
  }
}

function projectState(state: ReadonlyState): ProjectState {
  const { project, milestones } = state.knowledge
  const tasksWithoutSpec: string[] = []
  const tasksBySpec: Record<string, string[]> = {}
  const specs = specsByTask(state)
  for (const task of tasksInOrder(state)) {
    const spec = specs.get(task.id)
    const ids = spec !== undefined && Object.hasOwn(tasksBySpec, spec) ? tasksBySpec[spec] : undefined
    if (spec === undefined) tasksWithoutSpec.push(task.id)
    else if (ids === undefined) tasksBySpec[spec] = [task.id]
    else ids.push(task.id)
  }
  return {
    name: project.name,
    root: project.root,
    gitBranch: state.gitBranch,
    specs: specViews(state),
    milestones: Object.values(milestones).sort((a, b) => a.version - b.version),
    tasksBySpec,
    tasksWithoutSpec,
  }
}

function systemState(state: ReadonlyState): SystemState {
  const { tools, permissions, environment } = state.knowledge
  return {
    tool: state.tool,
    toolVersion: state.toolVersion,
    cwd: state.cwd,
    tools,
    servers: serverViews(state),
    permissions: { mode: state.permissionMode, named: permissions },
    environment,
  }
}
