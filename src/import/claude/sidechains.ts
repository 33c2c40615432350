/**
 * Sub-agents inside a session's own file. Entries of the oldest era name no agent: a run begins at an entry without a
 * parent, and the others follow their parents, because parallel runs interleave.
 */

import { oneLine } from '../../events/content.ts'
import { bounds } from '../bounds.ts'
import { importedSessionId } from '../step.ts'
import { agentNativeId, agentSessionId } from './agents.ts'
import { type ClaudeMemory, type Facts, keepNewest, newTalk, type Talk } from './memory.ts'
import type { Entry } from './shape.ts'

export interface Run {
  readonly talk: Talk
  /** How users know it. */
  readonly nativeId: string
  /** Begun by this very entry. */
  readonly isNew: boolean
  /** A run that had to make room: what it holds back is to be told now. */
  readonly leaving: Talk | null
}

/** The run that a sub-agent's entry belongs to; `key` names the entry when it begins one. */
export function runOf(memory: ClaudeMemory, entry: Entry, key: string): Run {
  const root = rootOf(memory, entry, key)
  if (entry.uuid !== undefined) keepNewest(memory.runEntries, { id: entry.uuid, root }, bounds.runEntriesMax)
  const known = memory.runs.find((run) => run.root === root)
  const nativeId = entry.agentId === undefined ? oneLine(`sidechain-${root}`) : agentNativeId(entry.agentId)
  if (known !== undefined) return { talk: known.talk, nativeId, isNew: false, leaving: null }
  const talk = newTalk(sessionIdOf(memory, entry, root), factsOf(entry))
  const leaving = memory.runs.length < bounds.runsMax ? null : (memory.runs[0]?.talk ?? null)
  keepNewest(memory.runs, { root, talk }, bounds.runsMax)
  return { talk, nativeId, isNew: true, leaving }
}

function rootOf(memory: ClaudeMemory, entry: Entry, key: string): string {
  if (entry.agentId !== undefined) return `agent-${entry.agentId}`
  if (entry.parentUuid === undefined) return entry.uuid ?? key
  const parent = memory.runEntries.findLast(({ id }) => id === entry.parentUuid)
  return parent?.root ?? memory.runEntries.at(-1)?.root ?? entry.uuid ?? key
}

function sessionIdOf(memory: ClaudeMemory, entry: Entry, root: string): string {
  return entry.agentId === undefined
    ? importedSessionId('claude-code', `${memory.nativeId}/sidechain/${root}`)
    : agentSessionId(memory.family, entry.agentId)
}

/** What an entry says about the session it stands in. */
export function factsOf(entry: Entry): Facts {
  const fact = (value: string | undefined): string | null => oneLine(value ?? '') || null
  return {
    cwd: fact(entry.cwd),
    gitBranch: fact(entry.gitBranch),
    toolVersion: fact(entry.version),
    permissionMode: fact(entry.permissionMode),
    title: null,
    titleRank: 0,
  }
}
