/**
 * Compactions of a Codex thread. Each has two marks: `compacted` with the history that replaces the old one, and later an
 * event for the screen. Where one is missing the other stands alone, and whichever comes first, they are one compaction.
 */
import type { Command } from '../../events/commands.ts'
import { type Content, contentOf } from '../../events/content.ts'
import type { Step } from '../step.ts'
import { jsonText } from '../text.ts'
import type { CodexMemory, Scene } from './memory.ts'
import type { Payload } from './shape.ts'

export function readCompaction(scene: Scene): void {
  const { memory, payload, steps } = scene
  const place = memory.looseCompaction ?? scene
  memory.compactionTold = memory.looseCompaction === null
  memory.looseCompaction = null
  tell(memory, steps, place, summaryOf(payload))
}

export function readCompactionEnd(scene: Scene): void {
  const { memory, time, line } = scene
  if (!memory.compactionTold) memory.looseCompaction = { time, line }
  memory.compactionTold = false
}

/** What may stand between the two marks. */
export function keepsLooseCompaction(type: string, payload: Payload): boolean {
  return (
    type === 'compacted' ||
    type === 'turn_context' ||
    type === 'world_state' ||
    payload.type === 'token_count'
  )
}

/** The event came, and what would be its other half did not: the compaction happened all the same. */
export function tellLooseCompaction(memory: CodexMemory, steps: Step[]): void {
  const place = memory.looseCompaction
  if (place === null) return
  memory.looseCompaction = null
  tell(memory, steps, place, null)
}

function summaryOf(payload: Payload): Content | null {
  const { message, replacement_history: history } = payload
  if (typeof message === 'string' && message !== '') return contentOf(message)
  return history === undefined ? null : contentOf(jsonText(history))
}

function tell(
  memory: CodexMemory,
  steps: Step[],
  place: Pick<Scene, 'time' | 'line'>,
  summary: Content | null,
): void {
  const { gauge, sessionId } = memory
  const { time, line } = place
  const intent: Command = {
    type: 'context.compact',
    trigger: 'unknown',
    kind: 'full',
    ...(gauge === null ? {} : { preTokens: gauge }),
    ...(summary === null ? {} : { summary: summary.ref }),
  }
  steps.push({
    sessionId,
    key: `compact/${time}`,
    time,
    line,
    intent,
    contents: summary === null ? [] : [summary],
  })
}
