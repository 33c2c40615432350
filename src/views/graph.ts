/** The tasks of a session as a graph: what is ready, what runs, what waits for what, what holds up what. */
import type { TaskStatus } from '../events/task.ts'
import type { ReadonlyState } from '../fold/state.ts'
import { limits } from '../kernel/limits.ts'
import { dependantsOf, inDependencyOrder } from './graph-order.ts'
import { type TaskView, tasksInOrder } from './task-list.ts'
import { namesText } from './text.ts'

/**
 * Where a node stands. `ready`: it may be started. `waiting`: for others that are on their way. `held-up`: for one that failed or was
 * cancelled, however far away. `blocked`: for something outside the graph.
 */
export const nodeStandings = [
  'ready',
  'running',
  'blocked',
  'waiting',
  'held-up',
  'failed',
  'cancelled',
  'completed',
] as const
export type NodeStanding = (typeof nodeStandings)[number]

/** A task of the graph. */
export interface GraphNode {
  readonly id: string
  readonly title: string
  readonly specId: string | null
  readonly standing: NodeStanding
  readonly status: TaskStatus
  readonly dependsOn: readonly string[]
  /** Those of them that are not completed. */
  readonly waitsFor: readonly string[]
  /** Failed or cancelled nodes that it can never get past, at most ten. */
  readonly heldUpBy: readonly string[]
  /** 1 for a node that depends on none; else one more than the deepest it depends on. */
  readonly level: number
  /** Nodes of the longest chain of unfinished ones that begins here, itself included: what a delay of it delays. */
  readonly chain: number
  /** Who works on it, or did. */
  readonly agent: string | null
  readonly workSessionId: string | null
  /** Since when it stands so, if it was ever started. */
  readonly since: string | null
  readonly attempts: number
  /** Why it failed; what it waits for while blocked. */
  readonly reason: string | null
  /** Of a failed node: may it be taken up again? */
  readonly retryable: boolean | null
}

export interface GraphView {
  readonly sessionId: string
  readonly version: number
  readonly title: string | null
  /** Level by level, within one in the order they were added. */
  readonly nodes: readonly GraphNode[]
  /** Ids of what may be started: first what the longest chain waits for, then what was added first. */
  readonly ready: readonly string[]
  readonly counts: Readonly<Record<NodeStanding, number>>
  readonly levels: number
  /** The longest chain of unfinished nodes, each after the one it waits for. */
  readonly criticalPath: readonly string[]
  /** Every node is completed or cancelled. */
  readonly finished: boolean
}

const isOver: ReadonlySet<NodeStanding> = new Set(['completed', 'cancelled'])

/**
 * The graph of a session's tasks. A session without dependencies is a graph of one level.
 *
 * @example
 * ```ts
 * await session.send({ type: 'task.add', taskId: 'api', title: 'Write the API' })
 * await session.send({ type: 'task.add', taskId: 'docs', title: 'Describe it', dependsOn: ['api'] })
 * graphOf(session.state).ready // ['api']
 * graphOf(session.state).criticalPath // ['api', 'docs']
 * ```
 */
export function graphOf(state: Pick<ReadonlyState, 'sessionId' | 'version' | 'title' | 'tasks'>): GraphView {
  const tasks = tasksInOrder(state).map(withWaits)
  const { ordered } = inDependencyOrder(tasks)
  // No command leads to a cycle; were there one all the same, its tasks stand at the end and wait.
  const all = ordered.length === tasks.length ? ordered : [...new Set([...ordered, ...tasks])]
  const standings = standingsOf(all)
  const levels = levelsOf(all)
  const chains = chainsOf(all, standings)
  const nodes = all
    .map((task) => nodeOf(task, standings, levels.get(task.id) ?? 1, chains.get(task.id)?.length ?? 0))
    .sort((a, b) => a.level - b.level)
  return {
    sessionId: state.sessionId,
    version: state.version,
    title: state.title,
    nodes,
    ready: readyOf(tasks, standings, chains),
    counts: countsOf(nodes),
    levels: nodes.at(-1)?.level ?? 0,
    criticalPath: criticalPathOf(all, chains),
    finished: nodes.every(({ standing }) => isOver.has(standing)),
  }
}

/** What a blocked task waits for among the tasks is an arrow of the graph too: lists of other tools say it so. */
function withWaits(task: TaskView): TaskView {
  const { blockedOn, dependsOn } = task
  const waits = blockedOn?.kind === 'task' ? (blockedOn.ids ?? []) : []
  return waits.length === 0 ? task : { ...task, dependsOn: [...new Set([...dependsOn, ...waits])] }
}

interface Standing {
  readonly standing: NodeStanding
  readonly waitsFor: readonly string[]
  readonly heldUpBy: readonly string[]
}
type Standings = ReadonlyMap<string, Standing>

const ownStandingOf: Readonly<Record<TaskStatus, NodeStanding | null>> = {
  pending: null,
  recovered: null,
  in_progress: 'running',
  token_warning: 'running',
  context_switch: 'running',
  blocked: 'blocked',
  completed: 'completed',
  failed: 'failed',
}

/** Each task after those it depends on, so that what holds those up is known when its turn comes. */
function standingsOf(ordered: readonly TaskView[]): Standings {
  const standings = new Map<string, Standing>()
  for (const task of ordered) {
    const waitsFor = task.dependsOn.filter((id) => standings.get(id)?.standing !== 'completed')
    const heldUpBy = new Set<string>()
    for (const id of waitsFor) {
      const other = standings.get(id)
      if (other?.standing === 'failed' || other?.standing === 'cancelled') heldUpBy.add(id)
      for (const cause of other?.heldUpBy ?? []) heldUpBy.add(cause)
      if (heldUpBy.size >= limits.heldUpByMax) break
    }
    const causes = [...heldUpBy].slice(0, limits.heldUpByMax)
    standings.set(task.id, { standing: standingOf(task, waitsFor, causes), waitsFor, heldUpBy: causes })
  }
  return standings
}

function standingOf(task: TaskView, waitsFor: readonly string[], heldUpBy: readonly string[]): NodeStanding {
  if (task.status === 'failed' && task.reason === 'cancelled' && task.retryable !== true) return 'cancelled'
  const own = ownStandingOf[task.status]
  if (own !== null) return own
  if (heldUpBy.length > 0) return 'held-up'
  return waitsFor.length > 0 ? 'waiting' : 'ready'
}

function levelsOf(ordered: readonly TaskView[]): ReadonlyMap<string, number> {
  const levels = new Map<string, number>()
  for (const { id, dependsOn } of ordered) {
    let level = 1
    for (const other of dependsOn) level = Math.max(level, (levels.get(other) ?? 0) + 1)
    levels.set(id, level)
  }
  return levels
}

interface Chain {
  readonly length: number
  /** The next node of it. */
  readonly next: string | null
}

/** From the last tasks back to the first: the longest chain of unfinished ones that begins at each. */
function chainsOf(ordered: readonly TaskView[], standings: Standings): ReadonlyMap<string, Chain> {
  const dependants = dependantsOf(ordered)
  const chains = new Map<string, Chain>()
  for (const { id } of [...ordered].reverse()) {
    if (isOver.has(standings.get(id)?.standing ?? 'waiting')) continue
    let longest: Chain = { length: 1, next: null }
    for (const next of dependants.get(id) ?? []) {
      const length = (chains.get(next)?.length ?? 0) + 1
      if (length > longest.length) longest = { length, next }
    }
    chains.set(id, longest)
  }
  return chains
}

function readyOf(
  tasks: readonly TaskView[],
  standings: Standings,
  chains: ReadonlyMap<string, Chain>,
): readonly string[] {
  const length = (id: string): number => chains.get(id)?.length ?? 0
  return tasks
    .map(({ id }) => id)
    .filter((id) => standings.get(id)?.standing === 'ready')
    .sort((a, b) => length(b) - length(a))
}

function criticalPathOf(ordered: readonly TaskView[], chains: ReadonlyMap<string, Chain>): readonly string[] {
  let at: string | null = null
  for (const { id } of ordered) {
    const length = chains.get(id)?.length ?? 0
    if (length > (at === null ? 0 : (chains.get(at)?.length ?? 0))) at = id
  }
  const path: string[] = []
  for (; at !== null && path.length < ordered.length; at = chains.get(at)?.next ?? null) path.push(at)
  return path
}

function nodeOf(task: TaskView, standings: Standings, level: number, chain: number): GraphNode {
  const { standing = 'waiting', waitsFor = [], heldUpBy = [] } = standings.get(task.id) ?? {}
  return {
    id: task.id,
    title: task.title,
    specId: task.specId,
    standing,
    status: task.status,
    dependsOn: task.dependsOn,
    waitsFor,
    heldUpBy,
    level,
    chain,
    agent: task.agent,
    workSessionId: task.workSessionId,
    since: task.endedAt ?? task.runningSince ?? task.startedAt,
    attempts: task.attempts,
    reason: standing === 'blocked' ? blockText(task, waitsFor) : task.reason,
    retryable: task.retryable,
  }
}

function countsOf(nodes: readonly GraphNode[]): GraphView['counts'] {
  const counts: Record<NodeStanding, number> = {
    ready: 0,
    running: 0,
    blocked: 0,
    waiting: 0,
    'held-up': 0,
    failed: 0,
    cancelled: 0,
    completed: 0,
  }
  for (const { standing } of nodes) counts[standing] += 1
  return counts
}

function blockText({ blockedOn }: TaskView, waitsFor: readonly string[]): string | null {
  if (blockedOn === null) return null
  const others = blockedOn.kind === 'task' && waitsFor.length > 0 ? `waits for ${namesText(waitsFor)}` : null
  return blockedOn.detail ?? others ?? blockedOn.kind
}
