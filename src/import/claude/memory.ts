/**
 * What the translation of a Claude Code transcript remembers from entry to entry: plain JSON, bounded, kept in the
 * file's bookmark, so that a grown file is read on where it stopped.
 */

import type { Content } from '../../events/content.ts'
import type { Counters } from '../../events/shapes.ts'
import { bounds } from '../bounds.ts'
import type { Intent, Place, Step } from '../step.ts'
import type { ListItem, RawItem } from '../task-list.ts'
import type { Entry } from './shape.ts'

/** A model call whose lines are being read, or were lately. */
export interface Call {
  readonly id: string
  readonly model: string
  /** Time and line of its newest line. */
  time: string
  line: number
  counters: Counters
  contextTokens: number
  /** A line gave a reason to stop: the output count is final. */
  settled: boolean
  /** What has been said of it. */
  reported: Counters | null
  /** Copied from another session's history. */
  readonly inherited: boolean
  advisor: { readonly model: string; readonly inputTokens: number; readonly outputTokens: number } | null
}

/** A compaction that waits for its summary. */
export interface Boundary extends Place {
  readonly id: string
  readonly trigger: 'auto' | 'manual' | 'unknown'
  readonly preTokens: number | null
  readonly postTokens: number | null
}

export type TaskInput =
  | { readonly tool: 'TodoWrite'; readonly items: readonly RawItem[] }
  | { readonly tool: 'TaskCreate'; readonly title: string; readonly description: string | null }
  | {
      readonly tool: 'TaskUpdate'
      readonly taskId: string
      readonly status: string | null
      readonly title: string | null
      readonly description: string | null
      readonly blockedBy: readonly string[]
      readonly blocks: readonly string[]
    }

/** A plan whose rejection may turn out to be its acceptance with a cleared context. */
export interface HeldPlan {
  readonly ifRejected: readonly Step[]
  readonly ifAccepted: readonly Step[]
}

export interface Facts {
  cwd: string | null
  gitBranch: string | null
  toolVersion: string | null
  permissionMode: string | null
  title: string | null
  /** How much the title's source is worth: a name given by the user above the tool's, above a summary. */
  titleRank: number
}

/** One conversation: the session's own, or that of a sub-agent inside its file. */
export interface Talk {
  readonly sessionId: string
  readonly facts: Facts
  /** Model of the newest call; `null` before the first. */
  model: string | null
  calls: Call[]
  /** Id of the call whose lines are being read. */
  openCall: string | null
  boundary: Boundary | null
  /** Compactions already told. */
  told: string[]
  /** A `/compact` was typed since the last compaction. */
  compactAsked: boolean
  todos: readonly ListItem[]
  inputs: { readonly id: string; readonly input: TaskInput }[]
  /** Calls of ExitPlanMode that wait for their result. */
  planCalls: string[]
  plan: HeldPlan | null
  /** The newest plan whose call waits for its result. */
  planText: { readonly id: string; readonly text: string } | null
  /** Families of listings that came since the window was last emptied. */
  listed: string[]
  /** Hooks of one return write several entries; only the first one counts. */
  returning: boolean
}

export interface ClaudeMemory {
  readonly format: 'claude-code'
  readonly sessionId: string
  readonly nativeId: string
  /** The native id under which sub-agents are named. */
  readonly family: string
  /** The whole file is one agent's. */
  readonly isAgentFile: boolean
  started: boolean
  /** The step that begins the session, until it has been taken. */
  readonly start: Intent
  lastTime: string
  /** Newest entry that has an id of its own, and how many without one came after it. */
  anchor: string
  sinceAnchor: number
  recentIds: string[]
  otherSessions: string[]
  /** Calls that began an agent, by what the agent was told: runs inside the file name nothing else. */
  agentCalls: { readonly id: string; readonly prompt: string }[]
  main: Talk
  runs: { readonly root: string; readonly talk: Talk }[]
  /** Entries of sub-agents inside the file, and the run each belongs to. */
  runEntries: { readonly id: string; readonly root: string }[]
}

export function newTalk(sessionId: string, facts: Facts): Talk {
  return {
    sessionId,
    facts,
    model: null,
    calls: [],
    openCall: null,
    boundary: null,
    told: [],
    compactAsked: false,
    todos: [],
    inputs: [],
    planCalls: [],
    plan: null,
    planText: null,
    listed: [],
    returning: false,
  }
}

/** One entry being read: where it belongs, how it is known, and where its steps go. */
export interface Scene extends Place {
  readonly memory: ClaudeMemory
  readonly talk: Talk
  readonly entry: Entry
  /** Names the entry within its session, the same in every copy. */
  readonly key: string
  readonly steps: Step[]
}

/** Says something about the scene's session. A `key` of its own names what exists once however often it is written. */
export function say(scene: Scene, key: string, intent: Intent, contents: readonly Content[] = []): void {
  scene.steps.push(stepOf(scene, key, intent, contents))
}

export function stepOf(scene: Scene, key: string, intent: Intent, contents: readonly Content[] = []): Step {
  const { talk, time, line } = scene
  return { sessionId: talk.sessionId, key, time, line, intent, contents }
}

/** Adds to a list that keeps its newest. */
export function keepNewest<T>(items: T[], item: T, itemsMax: number): void {
  items.push(item)
  if (items.length > itemsMax) items.splice(0, items.length - itemsMax)
}

/** Remembers an entry's id in short: enough to tell it from the few around it. */
export function rememberId(memory: ClaudeMemory, id: string): void {
  keepNewest(memory.recentIds, shortId(id), bounds.recentIdsMax)
}

export function isRecent(memory: ClaudeMemory, id: string): boolean {
  return memory.recentIds.includes(shortId(id))
}

function shortId(id: string): string {
  return id.slice(0, 13)
}
