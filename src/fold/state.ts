/** Session state: what a session is at a version. Plain data, made only by the fold. */

import type { SessionConfiguration, SessionStatus, WindowSource } from '../events/session.ts'
import { standardConfiguration } from '../events/session.ts'
import type { Counted, Counters } from '../events/shapes.ts'
import { noCounters } from '../events/shapes.ts'
import type { SwitchCause, TaskStatus, Wait } from '../events/task.ts'
import type { BudgetPhase } from '../events/usage.ts'
import { type BranchState, noBranches } from './branch-state.ts'
import {
  type ContextItem,
  type ContextState,
  type GrowthState,
  noContext,
  noGrowth,
} from './context-state.ts'
import { type KnowledgeState, noKnowledge, noTalk, type TalkState } from './knowledge-state.ts'
import type { MachineState } from './machine-state.ts'

/** Raised whenever the same events lead to another state: snapshots of another number are not used. */
export const foldVersion = 3

export interface Task {
  id: string
  title: string
  description: string | null
  parentTaskId: string | null
  /** The SPEC it belongs to, if it was said. */
  specId: string | null
  /** The phase of work it stands at, such as RED, GREEN or REFACTOR. */
  phase: string | null
  /** Tasks that must be completed before it may start. */
  dependsOn: string[]
  /** Who works on it, if it was said. */
  agent: string | null
  /** The session in which it is worked on, if that is another one. */
  workSessionId: string | null
  status: TaskStatus
  /** What a blocked task waits for. */
  blockedOn: Wait | null
  /** Where a blocked or switched task returns to: `pending`, or `running` (in progress or warned, as the budget says then). */
  returnsTo: 'pending' | 'running' | null
  switchCause: SwitchCause | null
  /** Of a failed task: may it be recovered? */
  retryable: boolean | null
  /** Why it failed; `cancelled` for a cancelled task. */
  reason: string | null
  /** Where a recovered task goes on from. */
  checkpointId: string | null
  /** Times it was started anew: 1 after the first start, one more after each recovery. */
  attempts: number
  addedAt: string
  startedAt: string | null
  endedAt: string | null
  /** Since when it has been running without a break; `null` while it does not. */
  runningSince: string | null
  /** Milliseconds it ran before that. */
  workedMs: number
}

/** The gauge: tokens in the context window now. `percent` may be above 100. */
export interface WindowState {
  totalTokens: number
  totalSource: WindowSource
  usedTokens: number
  availableTokens: number
  percent: number
  phase: BudgetPhase
  peakTokens: number
  /** The reading is an estimate; estimates never move the peak. */
  estimated: boolean
  /** Version at which the phase was entered. */
  phaseSince: number
}

/** The counters: tokens spent so far by this session itself; what came with a copied or forked history stands apart. */
export interface UsageState extends Counters {
  calls: number
  inherited: Counters & { calls: number }
  byModel: Record<string, Counters & { calls: number }>
  /** Calls whose output count is a lower bound. */
  estimatedCalls: number
}

export interface OpenCall {
  name: string
  version: number
  time: string
  childSessionId: string | null
  /** When the tool began to run, if that was said. */
  begunAt: string | null
  /** The file it is to change. */
  writes: string | null
}

export interface CheckpointEntry {
  id: string
  /** The version it is about. */
  version: number
  time: string
  trigger: string
  reason: string | null
  phase: string | null
  gitHead: string | null
  gitBranch: string | null
  gitDirty: boolean | null
  usedTokens: number
  availableTokens: number
  /** It was set aside; its file lies in the archive. */
  archived: boolean
}

export interface HistoryEntry {
  version: number
  time: string
  text: string
}

export interface SessionState extends BranchState {
  sessionId: string
  /** Version of the newest event folded in; 0 before the first. */
  version: number
  status: SessionStatus
  /** Fencing number of the holder; raised when the session is taken over. */
  epoch: number
  /** The agent that holds the session, if it was named. */
  holder: string | null
  /** The agent it was offered to while handed off. */
  offeredTo: string | null
  endReason: string | null
  tool: string | null
  nativeId: string | null
  parentSessionId: string | null
  /** The parent's version this session was forked at, if it is a fork. */
  forkedAt: number | null
  continuesSessionId: string | null
  /** The version of that session from which it goes on, if it was said. */
  continuesVersion: number | null
  title: string | null
  model: string | null
  cwd: string | null
  gitBranch: string | null
  toolVersion: string | null
  permissionMode: string | null
  startedAt: string | null
  /** The latest `time` of any event so far that is more than tidying up. */
  lastEventAt: string | null
  configuration: SessionConfiguration
  window: WindowState
  usage: UsageState
  compactions: number
  turns: { prompts: number; completed: number; interrupted: number }
  failures: { retries: number; givenUp: number; last: string | null }
  tasks: Record<string, Task>
  /** How many there are: counting ten thousand keys anew for each command takes longer than deciding it. */
  taskCount: number
  openCalls: Record<string, OpenCall>
  openCallCount: number
  /** Tools that were said to begin: where it is never said, a call without result may have had effects. */
  toolBegins: number
  /** Open calls that gave way because there were too many. */
  forgottenCalls: number
  /** Results that came before their call. */
  earlyResults: string[]
  /** The newest checkpoints, oldest first. */
  checkpoints: CheckpointEntry[]
  checkpointCount: number
  recoveries: number
  /** The checkpoint that the latest recovery, of the session or of a task, started from. */
  recoveredFrom: string | null
  context: ContextState
  growth: GrowthState
  knowledge: KnowledgeState
  talk: TalkState
  /** The newest notable events, oldest first. */
  history: HistoryEntry[]
  /** How often each kind of observation was recorded. */
  observations: Record<string, number>
  /** The machine that runs in this stream; only there in streams of the kind `machine`. */
  machine?: MachineState
}

/** State as everyone but the fold sees it. */
export type ReadonlyState = DeepReadonly<SessionState>

/** The machine of a stream, as everybody but the fold has it. */
export type RecordedMachine = NonNullable<ReadonlyState['machine']>

export type DeepReadonly<T> = T extends (infer E)[]
  ? readonly DeepReadonly<E>[]
  : T extends object
    ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
    : T

/** A window nobody has said anything about: the size most models have. */
export const defaultWindowTokens = 200_000

export function noUsage(): Counted {
  return { calls: 0, ...noCounters }
}

/** The state of a session before its first event. */
export function initialState(sessionId: string): SessionState {
  return {
    sessionId,
    version: 0,
    status: 'active',
    epoch: 1,
    holder: null,
    offeredTo: null,
    endReason: null,
    tool: null,
    nativeId: null,
    parentSessionId: null,
    forkedAt: null,
    continuesSessionId: null,
    continuesVersion: null,
    title: null,
    model: null,
    cwd: null,
    gitBranch: null,
    toolVersion: null,
    permissionMode: null,
    startedAt: null,
    lastEventAt: null,
    configuration: standardConfiguration,
    window: {
      totalTokens: defaultWindowTokens,
      totalSource: 'default',
      usedTokens: 0,
      availableTokens: defaultWindowTokens,
      percent: 0,
      phase: 'normal',
      peakTokens: 0,
      estimated: false,
      phaseSince: 0,
    },
    usage: { ...noUsage(), inherited: noUsage(), byModel: {}, estimatedCalls: 0 },
    compactions: 0,
    turns: { prompts: 0, completed: 0, interrupted: 0 },
    failures: { retries: 0, givenUp: 0, last: null },
    tasks: {},
    taskCount: 0,
    openCalls: {},
    openCallCount: 0,
    toolBegins: 0,
    forgottenCalls: 0,
    earlyResults: [],
    checkpoints: [],
    checkpointCount: 0,
    recoveries: 0,
    recoveredFrom: null,
    ...noBranches(),
    context: noContext(),
    growth: noGrowth(),
    knowledge: noKnowledge(),
    talk: noTalk(),
    history: [],
    observations: {},
  }
}

/** The task of that id, if there is one; an id such as `constructor` finds no inherited property. */
export function taskOf(state: ReadonlyState, taskId: string): DeepReadonly<Task> | undefined {
  return Object.hasOwn(state.tasks, taskId) ? state.tasks[taskId] : undefined
}

/** The context item of that tag, unless it was discarded or archived. */
export function contextItemOf(state: ReadonlyState, tag: string): DeepReadonly<ContextItem> | undefined {
  return Object.hasOwn(state.context.items, tag) ? state.context.items[tag] : undefined
}
