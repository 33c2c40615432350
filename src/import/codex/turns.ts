/**
 * Threads and turns. A fork or a sub-agent may begin with a copy of its parent's history, stamped with the moment of the
 * copy; its own part begins with the first turn that is not older than the thread itself, told by the times in their ids.
 */
import type { Command } from '../../events/commands.ts'
import { oneLine } from '../../events/content.ts'
import { digest, projectAt } from '../step.ts'
import { modelOf } from '../text.ts'
import { readBaseInstructions } from './instructions.ts'
import { type Scene, say } from './memory.ts'
import { tellSettings } from './settings.ts'
import { isDerived, type Payload } from './shape.ts'
import { millisecondsOf, rememberWindow, tellWindow } from './usage.ts'

/** A turn this much later than the file's first line was not part of the copy that began it. */
const copyMsMax = 1_000

export function readSessionMeta(scene: Scene): void {
  const { memory, payload, time } = scene
  if (!memory.metaSeen) {
    memory.metaSeen = true
    memory.derived = isDerived(payload)
    readBaseInstructions(scene)
    return
  }
  if (payload.id === memory.nativeId) {
    if (!memory.copied)
      say(scene, `return/${time}`, { type: 'return-to-session', detail: 'resumed in the tool' })
    followFacts(scene)
    return
  }
  memory.foreignMeta = true
  if (memory.derived && !memory.ownTurn) memory.copied = true
}

/** A turn begins; in a thread with a copied history it may be the first one of its own. */
export function readTurnStart(scene: Scene): void {
  const { memory, payload } = scene
  decideCopied(scene)
  memory.turnId = payload.turn_id ?? memory.turnId
  rememberWindow(scene, payload.model_context_window)
  tellWindow(scene)
}

export function readTurnContext(scene: Scene): void {
  readTurnStart(scene)
  followModel(scene)
  followFacts(scene)
  if (!scene.memory.copied) tellSettings(scene)
}

function decideCopied(scene: Scene): void {
  const { memory, payload, time } = scene
  if (!memory.derived || memory.ownTurn) return
  const threadMs = millisecondsOf(memory.nativeId)
  const turnMs = millisecondsOf(payload.turn_id)
  if (threadMs !== null && turnMs !== null) memory.copied = turnMs < threadMs
  else if (memory.foreignMeta) memory.copied = Date.parse(time) - Date.parse(memory.firstTime) < copyMsMax
  else memory.copied = false
  memory.ownTurn = !memory.copied
}

function followModel(scene: Scene): void {
  const { memory, payload, time } = scene
  if (payload.model === undefined) return
  const model = modelOf(payload.model)
  const { windowTokens } = memory
  if (!memory.copied && memory.model !== null && memory.model !== model) {
    const stated = windowTokens === null ? {} : { windowTokens }
    say(scene, `model/${time}/${model}`, { type: 'model.switch', model, ...stated, observed: true })
  }
  memory.model = model
}

const facts = ['cwd', 'gitBranch', 'toolVersion', 'permissionMode'] as const

/** Takes up what a head or a turn says about the session, and tells what has changed. */
function followFacts(scene: Scene): void {
  const { memory, payload, time } = scene
  if (memory.copied) return
  const seen = factsOf(payload)
  const changes: Partial<Record<(typeof facts)[number], string>> = {}
  for (const fact of facts) {
    const value = seen[fact]
    if (value === null || value === memory[fact]) continue
    if (fact === 'cwd' && memory.cwd === null) say(scene, 'project', projectAt(value))
    memory[fact] = value
    changes[fact] = value
  }
  if (Object.keys(changes).length === 0) return
  say(scene, `facts/${time}/${digest(JSON.stringify(changes))}`, { type: 'session.describe', ...changes })
}

export function factsOf(payload: Payload): Readonly<Record<(typeof facts)[number], string | null>> {
  const fact = (value: string | undefined): string | null => oneLine(value ?? '') || null
  return {
    cwd: fact(payload.cwd),
    gitBranch: fact(payload.git?.branch),
    toolVersion: fact(payload.cli_version),
    permissionMode: fact(payload.approval_policy),
  }
}

export function tellTurnEnd(scene: Scene): void {
  const { payload, time } = scene
  const { duration_ms: duration, turn_id: turnId } = payload
  const durationMs =
    duration !== undefined && duration >= 0 && Number.isSafeInteger(Math.floor(duration))
      ? Math.floor(duration)
      : null
  const command: Command = { type: 'turn.complete', ...(durationMs === null ? {} : { durationMs }) }
  say(scene, `turn/${turnId ?? ''}/${time}/complete`, command)
}

export function tellTurnAbort(scene: Scene): void {
  const { payload, time } = scene
  const reason = oneLine(payload.reason ?? 'interrupted')
  say(scene, `turn/${payload.turn_id ?? ''}/${time}/interrupt`, { type: 'turn.interrupt', reason })
}

export function tellTitle(scene: Scene): void {
  const { memory, payload, time } = scene
  const title = oneLine(payload.thread_name ?? '')
  if (title === '' || title === memory.title) return
  memory.title = title
  say(scene, `title/${time}/${digest(title)}`, { type: 'session.describe', title })
}
