/**
 * Compactions, each told once. Newer files mark the place (`compact_boundary`) and write the summary below it, its
 * parent the mark; older ones write the summary alone. The times of the two say nothing: the summary's is the earlier.
 */
import type { Command } from '../../events/commands.ts'
import { type Content, contentOf } from '../../events/content.ts'
import { bounds } from '../bounds.ts'
import type { Step } from '../step.ts'
import { tokensOf } from '../text.ts'
import { type Boundary, keepNewest, type Scene, say, type Talk } from './memory.ts'
import { textOf } from './shape.ts'
import { closeCall } from './usage.ts'

export function readBoundary(scene: Scene): void {
  const { entry, talk, time, line, key } = scene
  closeCall(talk, scene.steps)
  tellWaitingBoundary(scene)
  const { trigger, preTokens, postTokens } = entry.compactMetadata ?? {}
  talk.listed = []
  talk.boundary = {
    id: entry.uuid ?? key,
    trigger: trigger === 'auto' || trigger === 'manual' ? trigger : 'unknown',
    preTokens: countOf(preTokens),
    postTokens: countOf(postTokens),
    time,
    line,
  }
}

/** The summary of a compaction: of the mark it hangs below, else a compaction of its own. */
export function readSummary(scene: Scene): void {
  const { entry, talk, time, line, key } = scene
  closeCall(talk, scene.steps)
  const content = contentOf(textOf(entry.message?.content))
  const { boundary } = talk
  if (boundary !== null && boundary.id === entry.parentUuid) {
    talk.boundary = null
    tell(talk, scene.steps, boundary, content)
    return
  }
  tellWaitingBoundary(scene)
  const id = entry.parentUuid ?? entry.uuid ?? key
  if (talk.told.includes(id)) {
    const kind = 'compaction-summary'
    say(scene, `${key}/summary`, { type: 'observation.record', kind, content: content.ref, line }, [content])
    return
  }
  const trigger = talk.compactAsked ? 'manual' : 'unknown'
  tell(talk, scene.steps, { id, trigger, preTokens: null, postTokens: null, time, line }, content)
}

/** A mark whose summary did not come next: the compaction happened all the same. */
export function tellWaitingBoundary(scene: Pick<Scene, 'talk' | 'steps'>): void {
  const { boundary } = scene.talk
  if (boundary === null) return
  scene.talk.boundary = null
  tell(scene.talk, scene.steps, boundary, null)
}

function tell(talk: Talk, steps: Step[], boundary: Boundary, summary: Content | null): void {
  const { id, trigger, preTokens, postTokens, time, line } = boundary
  const intent: Command = {
    type: 'context.compact',
    trigger,
    kind: 'full',
    ...(preTokens === null ? {} : { preTokens }),
    ...(postTokens === null ? {} : { postTokens }),
    ...(summary === null ? {} : { summary: summary.ref }),
  }
  talk.compactAsked = false
  talk.listed = []
  keepNewest(talk.told, id, bounds.compactionsMax)
  const contents = summary === null ? [] : [summary]
  steps.push({ sessionId: talk.sessionId, key: `compact/${id}`, time, line, intent, contents })
}

/** Old tool results were dropped from the window; the conversation stayed. */
export function readMicroBoundary(scene: Scene): void {
  const { entry, key } = scene
  const { trigger, preTokens, tokensSaved } = entry.microcompactMetadata ?? {}
  const [pre, saved] = [countOf(preTokens), countOf(tokensSaved)]
  say(scene, `compact/${entry.uuid ?? key}`, {
    type: 'context.compact',
    trigger: trigger === 'auto' || trigger === 'manual' ? trigger : 'unknown',
    kind: 'micro',
    ...(pre === null ? {} : { preTokens: pre }),
    ...(saved === null ? {} : { savedTokens: saved }),
  })
}

function countOf(value: unknown): number | null {
  return typeof value === 'number' && value >= 0 ? tokensOf(value) : null
}
