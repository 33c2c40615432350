/** What a list shows of a session: a small view kept beside its stream and rebuilt from state at will. */

import type { SessionStatus } from '../events/session.ts'
import type { Counted } from '../events/shapes.ts'
import type { BudgetPhase } from '../events/usage.ts'
import { limits } from '../kernel/limits.ts'
import type { MergeEntry } from './branch-state.ts'
import { type MachineStatus, valueText } from './machine-state.ts'
import type { ReadonlyState } from './state.ts'

export interface StreamSummary {
  readonly nativeId: string | null
  readonly parentSessionId: string | null
  readonly title: string | null
  readonly model: string | null
  readonly status: SessionStatus
  readonly phase: BudgetPhase
  readonly startedAt: string | null
  readonly lastEventAt: string | null
  /** The session's own usage, without what it inherited. */
  readonly usage: Readonly<Counted>
  /** Where it comes from beside its parent, and what it took in; left out where there is nothing of it, and by older writers. */
  readonly branch?: BranchSummary
  /** The machine that runs in it; left out for sessions. */
  readonly machine?: MachineSummary
}

export interface MachineSummary {
  readonly machineId: string
  readonly status: MachineStatus
  /** Where it is, in one line. */
  readonly value: string
}

export interface BranchSummary {
  readonly continuesSessionId: string | null
  readonly continuesVersion: number | null
  /** Usage that came with its history; counted where it was spent. */
  readonly inherited: Readonly<Counted>
  /** The newest merges, oldest first. */
  readonly merges: readonly Readonly<Omit<MergeEntry, 'time'>>[]
}

export function summaryOf(state: ReadonlyState): StreamSummary {
  return {
    nativeId: state.nativeId,
    parentSessionId: state.parentSessionId,
    title: state.title,
    model: state.model,
    status: state.status,
    phase: state.window.phase,
    startedAt: state.startedAt,
    lastEventAt: state.lastEventAt,
    usage: countedOf(state.usage),
    ...branchOf(state),
    ...machineOf(state),
  }
}

function machineOf({ machine }: ReadonlyState): { readonly machine?: MachineSummary } {
  if (machine === undefined) return {}
  const { machineId, status, snapshot } = machine
  const value = valueText(snapshot.value).slice(0, limits.lineCharactersMax)
  return { machine: { machineId, status, value } }
}

function branchOf(state: ReadonlyState): { readonly branch?: BranchSummary } {
  const { continuesSessionId, continuesVersion, usage, merges } = state
  if (continuesSessionId === null && usage.inherited.calls === 0 && merges.length === 0) return {}
  const inherited = countedOf(usage.inherited)
  const listed = merges.map(({ sessionId, sourceVersion, version, conflictCount }) => ({
    sessionId,
    sourceVersion,
    version,
    conflictCount,
  }))
  return { branch: { continuesSessionId, continuesVersion, inherited, merges: listed } }
}

function countedOf(usage: Readonly<Counted>): Counted {
  const { calls, inputTokens, outputTokens, cacheReadTokens, cacheCreationTokens } = usage
  return { calls, inputTokens, outputTokens, cacheReadTokens, cacheCreationTokens }
}
