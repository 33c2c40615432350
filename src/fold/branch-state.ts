/** The part of state that says how the session changed hands, came back, and met other histories. */
import type { HandoffStatus } from '../events/handoff.ts'
import type { RecoveryStatus, ReportedStep, TaskPolicy } from '../events/recovery.ts'
import type { ContentRef } from '../events/shapes.ts'

export interface Handoff {
  id: string
  fromAgent: string | null
  toAgent: string
  status: HandoffStatus
  offeredAt: string
  /** Version of the offer. */
  version: number
  /** Until when the offer stands; `null` for ever. */
  expiresAt: string | null
  endedAt: string | null
  /** Why it was offered, rejected, or what came of it. */
  reason: string | null
  /** The package that went with it. */
  content: ContentRef | null
  /** The epoch that accepting it began. */
  epoch: number | null
}

export interface RecoveryState {
  id: string
  status: RecoveryStatus
  startedAt: string
  /** Version of its first event. */
  version: number
  /** The checkpoint that was chosen; `null` for the newest sound state. */
  checkpointId: string | null
  taskPolicy: TaskPolicy
  steps: { step: ReportedStep; outcome: 'done' | 'skipped'; detail: string; lines: string[]; time: string }[]
  endedAt: string | null
  /** Why it failed. */
  reason: string | null
}

/** A fork that was merged, up to a version of it. */
export interface MergeEntry {
  sessionId: string
  sourceVersion: number
  version: number
  time: string
  conflictCount: number
}

/** What is known of handoffs, recoveries and other histories. */
export interface BranchState {
  /** The recovery that is going on, or the latest one. */
  recovery: RecoveryState | null
  /** The newest, oldest first. */
  handoffs: Handoff[]
  /** Forks that were merged; the newest, oldest first. */
  merges: MergeEntry[]
  /** How often data was taken out. */
  redactions: number
}

export function noBranches(): BranchState {
  return { recovery: null, handoffs: [], merges: [], redactions: 0 }
}
