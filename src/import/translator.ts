/** The two translators behind one door: which of them reads a file is told by its memory. */
import { beginClaude, identifyClaude } from './claude/identify.ts'
import type { ClaudeMemory } from './claude/memory.ts'
import { finishClaude, readEntry } from './claude/translate.ts'
import type { CodexMemory } from './codex/memory.ts'
import { beginCodex, finishCodex, identifyCodex, readLine } from './codex/translate.ts'
import type { FileHead, Format, Identity } from './identity.ts'
import type { Step } from './step.ts'
import type { JsonObject } from './values.ts'

/** What a translation remembers: plain JSON of bounded size. */
export type Memory = ClaudeMemory | CodexMemory

const identifiers: Readonly<Record<Format, (head: FileHead) => Identity | null>> = {
  'claude-code': identifyClaude,
  codex: identifyCodex,
}

/** `null` when nothing in the file says yet which session it is about. */
export function identify(format: Format, head: FileHead): Identity | null {
  return identifiers[format](head)
}

/** The memory before a file's first line; `time` stands in until a line has one. */
export function beginMemory(identity: Identity, time: string): Memory {
  return identity.format === 'codex' ? beginCodex(identity, time) : beginClaude(identity, time)
}

/** Reads one record; changes `memory` and adds to `steps`. Depends on nothing else. */
export function readRecord(memory: Memory, record: JsonObject, line: number, steps: Step[]): void {
  if (memory.format === 'codex') readLine(memory, record, line, steps)
  else readEntry(memory, record, line, steps)
}

/** Tells what the memory holds back, where the file ends for now. */
export function finishMemory(memory: Memory, line: number, steps: Step[]): void {
  if (memory.format === 'codex') finishCodex(memory, line, steps)
  else finishClaude(memory, line, steps)
}

/** The sessions that a file is about, as far as its memory reaches: its own, and those of sub-agents in it. */
export function sessionsOf(memory: Memory): readonly string[] {
  return memory.format === 'codex'
    ? [memory.sessionId]
    : [memory.sessionId, ...memory.runs.map(({ talk }) => talk.sessionId)]
}
