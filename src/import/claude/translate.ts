/** A Claude Code transcript, entry by entry, as steps. Reads the entry and the memory and nothing else. */

import { oneLine } from '../../events/content.ts'
import { bounds } from '../bounds.ts'
import { isUuid } from '../identity.ts'
import { digest, type Place, projectAt, type Step } from '../step.ts'
import { jsonText, timeOf } from '../text.ts'
import type { JsonObject } from '../values.ts'
import { tellWaitingBoundary } from './compaction.ts'
import { knownFacts } from './identify.ts'
import { type ClaudeMemory, keepNewest, rememberId, type Scene, say, type Talk } from './memory.ts'
import { followFacts, noteReaders, tellUnknown } from './notes.ts'
import { settlePlan } from './plans.ts'
import { readUser } from './prompts.ts'
import { readAssistant } from './replies.ts'
import { type Entry, entryOf } from './shape.ts'
import { runOf } from './sidechains.ts'
import { closeCall } from './usage.ts'

/** Reads one entry; changes `memory` and adds to `steps`. */
export function readEntry(memory: ClaudeMemory, record: JsonObject, line: number, steps: Step[]): void {
  const entry = entryOf(record)
  const time = timeOf(entry.timestamp) ?? memory.lastTime
  const key = keyOf(memory, entry, record)
  begin(memory, line, steps)
  const scene: Scene = {
    memory,
    talk: talkOf(memory, entry, key, time, line, steps),
    entry,
    key,
    time,
    line,
    steps,
  }
  noteOtherSession(scene)
  readByType(scene, record)
  memory.lastTime = time
  if (entry.uuid !== undefined) rememberId(memory, entry.uuid)
}

/**
 * Names an entry by its own id, else by its content and its place after the last entry that has one. Ids that are no
 * UUIDs are not trusted to be unique.
 */
function keyOf(memory: ClaudeMemory, entry: Entry, record: JsonObject): string {
  if (entry.uuid !== undefined && isUuid(entry.uuid)) {
    memory.anchor = entry.uuid
    memory.sinceAnchor = 0
    return entry.uuid
  }
  memory.sinceAnchor += 1
  return `${memory.anchor}+${memory.sinceAnchor}/${digest(jsonText(record))}`
}

/** The first step of a file begins its session. */
function begin(memory: ClaudeMemory, line: number, steps: Step[]): void {
  if (memory.started) return
  memory.started = true
  const { sessionId, start, lastTime: time } = memory
  steps.push({ sessionId, key: 'start', time, line, intent: start, contents: [] })
  sayProject(steps, sessionId, memory.main.facts.cwd, { time, line })
}

/** The folder that a session begins in is its project's. */
function sayProject(steps: Step[], sessionId: string, cwd: string | null, place: Place): void {
  if (cwd !== null) steps.push({ sessionId, key: 'project', ...place, intent: projectAt(cwd), contents: [] })
}

/** The conversation an entry belongs to; a sub-agent's run inside the file is a session of its own. */
function talkOf(
  memory: ClaudeMemory,
  entry: Entry,
  key: string,
  time: string,
  line: number,
  steps: Step[],
): Talk {
  if (memory.isAgentFile || entry.isSidechain !== true) return memory.main
  const { talk, nativeId, isNew, leaving } = runOf(memory, entry, key)
  if (leaving !== null) finishTalk(leaving, steps)
  if (isNew) {
    const { sessionId, facts } = talk
    const parentSessionId = memory.sessionId
    const intent = {
      type: 'session.start',
      tool: 'claude-code',
      nativeId,
      parentSessionId,
      ...knownFacts(facts),
    } as const
    steps.push({ sessionId, key: 'start', time, line, intent, contents: [] })
    sayProject(steps, sessionId, facts.cwd, { time, line })
  }
  return talk
}

function readByType(scene: Scene, record: JsonObject): void {
  const type = scene.entry.type ?? ''
  if (type === 'user' || type === 'assistant') {
    followFacts(scene)
    if (type === 'user') readUser(scene)
    else readAssistant(scene)
  } else if (Object.hasOwn(noteReaders, type)) noteReaders[type]?.(scene)
  else tellUnknown(scene, type === '' ? 'entry' : type, record)
}

/** Entries that carry another session's id were copied from it, or written when it was resumed under this one. */
function noteOtherSession(scene: Scene): void {
  const { memory, entry } = scene
  const { sessionId } = entry
  if (sessionId === undefined || sessionId === memory.nativeId || memory.isAgentFile) return
  if (memory.otherSessions.includes(sessionId)) return
  keepNewest(memory.otherSessions, sessionId, bounds.otherSessionsMax)
  const detail = oneLine(sessionId)
  say({ ...scene, talk: memory.main }, `other-session/${sessionId}`, {
    type: 'observation.record',
    kind: 'entries-of-other-session',
    detail,
  })
}

/** Tells what is held back, at the end of the file. Should the file grow, what comes then is a correction. */
export function finishClaude(memory: ClaudeMemory, line: number, steps: Step[]): void {
  begin(memory, line, steps)
  for (const { talk } of memory.runs) finishTalk(talk, steps)
  finishTalk(memory.main, steps)
}

function finishTalk(talk: Talk, steps: Step[]): void {
  closeCall(talk, steps)
  tellWaitingBoundary({ talk, steps })
  settlePlan({ talk, steps }, false)
}
