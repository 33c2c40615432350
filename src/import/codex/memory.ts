/** What the translation of a Codex rollout remembers from line to line: plain JSON, bounded, kept in the bookmark. */

import type { Content } from '../../events/content.ts'
import type { Intent, Place, Step } from '../step.ts'
import type { ListItem, RawItem } from '../task-list.ts'
import type { Payload } from './shape.ts'

/** Cumulative counters of a thread, as the source writes them: input includes what came from the cache. */
export interface Totals {
  readonly input: number
  readonly cached: number
  readonly written: number
  readonly output: number
  readonly total: number
}

/** Words that may come twice: as an event for the screen and as an item of the conversation. */
export interface Twin {
  readonly kind: 'prompt' | 'text' | 'thinking'
  readonly source: 'event' | 'item'
  readonly hash: string
}

export interface CodexMemory {
  readonly format: 'codex'
  readonly sessionId: string
  readonly nativeId: string
  started: boolean
  readonly start: Intent
  lastTime: string
  /** Time of the first line, by which a copied history is told where turns have no time in their ids. */
  readonly firstTime: string
  /** The thread may begin with its parent's history. */
  derived: boolean
  /** The lines read now were copied from the parent. */
  copied: boolean
  /** A turn of the thread's own was seen: nothing after it is copied. */
  ownTurn: boolean
  /** The parent's own head stands in the file. */
  foreignMeta: boolean
  metaSeen: boolean
  turnId: string | null
  model: string | null
  windowTokens: number | null
  totals: Totals | null
  /** The newest reading of the window that was told, and the size told with it. */
  gauge: number | null
  gaugeWindow: number | null
  /** A compaction was told whose second mark is still to come. */
  compactionTold: boolean
  /** The second mark of a compaction came without the first; should the first follow, they are one. */
  looseCompaction: Place | null
  cwd: string | null
  gitBranch: string | null
  toolVersion: string | null
  permissionMode: string | null
  /** What was said of permissions and surroundings, by `permissions.<name>` and `environment.<name>`. */
  settings: Record<string, string>
  title: string | null
  twins: Twin[]
  plan: readonly ListItem[]
  planCalls: { readonly id: string; readonly items: readonly RawItem[] }[]
  /** Calls known to have failed or been stopped before their output came. */
  failedCalls: string[]
  spawnCalls: string[]
}

/** One line being read. */
export interface Scene extends Place {
  readonly memory: CodexMemory
  readonly payload: Payload
  readonly steps: Step[]
}

export function say(scene: Scene, key: string, intent: Intent, contents: readonly Content[] = []): void {
  const { memory, time, line, steps } = scene
  steps.push({ sessionId: memory.sessionId, key, time, line, intent, contents })
}
