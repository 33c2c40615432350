/** Which session a Claude Code file is about. It stays the same while the file grows. */

import { oneLine } from '../../events/content.ts'
import { type FileHead, type Identity, parentByFolder, uuidOfName } from '../identity.ts'
import { importedSessionId } from '../step.ts'
import { timeOf } from '../text.ts'
import { agentNativeId, agentSessionId } from './agents.ts'
import { type ClaudeMemory, type Facts, newTalk } from './memory.ts'
import { type Entry, entryOf } from './shape.ts'
import { factsOf } from './sidechains.ts'

const tool = 'claude-code'

interface Names {
  readonly sessionId: string
  readonly nativeId: string
  readonly family: string
  readonly parentSessionId: string | null
  readonly isAgentFile: boolean
}

/** Identity is told from the head: a file's name, else the session of its first message, else its first line. */
export function identifyClaude(head: FileHead): Identity | null {
  const entries = head.records.map(entryOf)
  const names = namesOf(head, entries)
  if (names === null) return null
  const facts = firstFacts(entries)
  const continues = continuedBy(entries, names.nativeId)
  const { nativeId, parentSessionId } = names
  return {
    format: tool,
    ...names,
    startedAt: entries.map(({ timestamp }) => timeOf(timestamp)).find((time) => time !== null) ?? null,
    start: {
      type: 'session.start',
      tool,
      nativeId,
      ...(parentSessionId === null ? {} : { parentSessionId }),
      ...(continues === null ? {} : { continuesSessionId: continues }),
      ...knownFacts(facts),
    },
  }
}

/** `null` while nothing names the session and no message was exchanged in it: what comes next may name it. */
function namesOf(head: FileHead, entries: readonly Entry[]): Names | null {
  const named = entries.filter(({ uuid }) => uuid !== undefined)
  const isAgentFile =
    named.length > 0 && named.every((entry) => entry.isSidechain === true && entry.agentId !== undefined)
  const agentId = named[0]?.agentId
  if (isAgentFile && agentId !== undefined) return agentNames(head, agentId, named[0]?.sessionId)
  const messages = entries.filter(({ type }) => type === 'user' || type === 'assistant')
  const first = messages.find((entry) => entry.sessionId !== undefined && entry.isCompactSummary !== true)
  const written = first?.sessionId ?? entries.find(({ sessionId }) => sessionId !== undefined)?.sessionId
  const given = oneLine(uuidOfName(head.path) ?? written ?? '')
  if (given === '' && messages.length === 0) return null
  const nativeId = given || `file-${head.firstLineDigest}`
  const forkedFrom = messages[0]?.forkedFrom?.sessionId
  const parentSessionId = forkedFrom === undefined ? null : importedSessionId(tool, forkedFrom)
  const sessionId = importedSessionId(tool, nativeId)
  return { sessionId, nativeId, family: nativeId, parentSessionId, isAgentFile: false }
}

/** An agent's lines carry its parent's session id, which several files share; some fixtures put the agent's own there. */
function agentNames(head: FileHead, agentId: string, written: string | undefined): Names {
  const isOwn = written === undefined || written.startsWith('agent-')
  const parent = isOwn ? parentByFolder(head.path) : written
  const nativeId = agentNativeId(agentId)
  if (parent === null) {
    const sessionId = importedSessionId(tool, nativeId)
    return { sessionId, nativeId, family: nativeId, parentSessionId: null, isAgentFile: true }
  }
  const parentSessionId = importedSessionId(tool, parent)
  return {
    sessionId: agentSessionId(parent, agentId),
    nativeId,
    family: parent,
    parentSessionId,
    isAgentFile: true,
  }
}

/** The first session of the chain of `/clear`s that this one stands in. */
function continuedBy(entries: readonly Entry[], nativeId: string): string | null {
  const entry = entries.find(
    ({ session_id, sessionId }) =>
      session_id !== undefined && session_id !== sessionId && session_id !== nativeId,
  )
  return entry?.session_id === undefined ? null : importedSessionId(tool, entry.session_id)
}

function firstFacts(entries: readonly Entry[]): Facts {
  const facts: Facts = factsOf({})
  for (const entry of entries) {
    const seen = factsOf(entry)
    facts.cwd ??= seen.cwd
    facts.gitBranch ??= seen.gitBranch
    facts.toolVersion ??= seen.toolVersion
    facts.permissionMode ??= seen.permissionMode
  }
  return facts
}

/** The facts that are known, as a command carries them. */
export function knownFacts(facts: Facts): {
  cwd?: string
  gitBranch?: string
  toolVersion?: string
  permissionMode?: string
} {
  const { cwd, gitBranch, toolVersion, permissionMode } = facts
  return {
    ...(cwd === null ? {} : { cwd }),
    ...(gitBranch === null ? {} : { gitBranch }),
    ...(toolVersion === null ? {} : { toolVersion }),
    ...(permissionMode === null ? {} : { permissionMode }),
  }
}

/** The memory with which a file is begun; `time` stands in until an entry has one. */
export function beginClaude(identity: Identity, time: string): ClaudeMemory {
  const { sessionId, nativeId, family, isAgentFile, start } = identity
  const { cwd = null, gitBranch = null, toolVersion = null, permissionMode = null } = start
  const facts: Facts = { cwd, gitBranch, toolVersion, permissionMode, title: null, titleRank: 0 }
  return {
    format: tool,
    sessionId,
    nativeId,
    family,
    isAgentFile,
    started: false,
    start,
    lastTime: identity.startedAt ?? time,
    anchor: '',
    sinceAnchor: 0,
    recentIds: [],
    otherSessions: [],
    agentCalls: [],
    main: newTalk(sessionId, facts),
    runs: [],
    runEntries: [],
  }
}
