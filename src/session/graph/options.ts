/** What is asked of a graph of tasks, and what it answers. */
import { commandMetaShape } from '../../events/envelope.ts'
import { CommandRefused, WaymarkError } from '../../kernel/errors.ts'
import type { GraphNode, GraphView } from '../../views/graph.ts'
import type { RecoveryReport } from '../recover.ts'
import type { Session } from '../session.ts'
import type { WorkOptions } from './claim.ts'

export interface ClaimOptions {
  /** Who is going to work on it. */
  readonly agent: string
  /** This task and no other; the first ready one if left out. */
  readonly taskId?: string
  /** The idempotency key: the same claim again gives the same task and session. */
  readonly commandId?: string
  /**
   * Whether the claim lasts as long as this process, so that others may take the task back as soon as it is gone; it does if left out.
   * A claim that is not tied is taken back after silence alone.
   */
  readonly tied?: boolean
  /** How its work session begins, where not like the session of the graph. */
  readonly work?: WorkOptions
}

/** A task in hand, with the session to work in. */
export interface Claim {
  readonly task: GraphNode
  /** The work session, with a budget of its own. Whoever held it before is refused. */
  readonly session: Session
  /** What the task is and what those it depends on have brought; it lies in the session's context too. */
  readonly brief: string
  /** The task had been started before, and its session goes on. */
  readonly resumed: boolean
  /** What was left open when its session was resumed; `null` when it was not. */
  readonly recovery: RecoveryReport | null
}

export interface SettleOptions {
  /** Refuse unless this agent holds the task. */
  readonly agent?: string
  readonly commandId?: string
}

/**
 * What there is to do for a worker without a task. `offered`: take over what was handed off to it. `ready`: claim. `lost`: a worker is gone, reclaim. `finished`: everything is
 * completed or cancelled. `held-up`: nothing runs, and nothing can go on without somebody's help. `aborted`: the signal said so.
 */
export type GraphNews = 'offered' | 'ready' | 'lost' | 'finished' | 'held-up' | 'aborted'

export function nodeOf(view: GraphView, taskId: string): GraphNode {
  const node = view.nodes.find(({ id }) => id === taskId)
  if (node === undefined) throw notReady(view, taskId)
  return node
}

export function notReady({ nodes, sessionId }: GraphView, taskId: string): CommandRefused {
  const node = nodes.find(({ id }) => id === taskId)
  const why =
    node === undefined
      ? 'not there'
      : `${node.standing}${node.waitsFor.length === 0 ? '' : `: it waits for ${node.waitsFor.join(', ')}`}`
  return new CommandRefused({
    message: `task ${taskId} cannot be claimed: it is ${why}`,
    hint: `waymark graph ${sessionId} shows what is ready`,
    details: { taskId, standing: node?.standing ?? null, waitsFor: node?.waitsFor ?? [] },
  })
}

export function checkedMeta(meta: {
  readonly commandId?: string | undefined
  readonly actor?: string | undefined
}): {
  readonly commandId?: string | undefined
  readonly actor?: string | undefined
} {
  const parsed = commandMetaShape.safeParse(meta)
  if (parsed.success) return { commandId: meta.commandId, actor: meta.actor }
  const [problem] = parsed.error.issues
  throw new WaymarkError('COMMAND_INVALID', {
    message: `${problem?.path.join('.') === 'actor' ? 'agent' : problem?.path.join('.')}: ${problem?.message ?? 'invalid'}`,
    hint: 'an agent has a name, and a command id is an id of your own',
  })
}
