/** A Codex rollout, line by line, as steps. Reads the line and the memory and nothing else. */

import { contentOf, oneLine } from '../../events/content.ts'
import type { FileHead, Identity } from '../identity.ts'
import { uuidEndingName } from '../identity.ts'
import { digest, importedSessionId, projectAt, type Step } from '../step.ts'
import { jsonText, madeId, timeOf } from '../text.ts'
import type { JsonObject } from '../values.ts'
import { keepsLooseCompaction, readCompaction, readCompactionEnd, tellLooseCompaction } from './compaction.ts'
import { type CodexMemory, type Scene, say } from './memory.ts'
import {
  readAgentMessage,
  readAgentReasoning,
  readMessageItem,
  readReasoningItem,
  readUserMessage,
} from './messages.ts'
import { field, parentThreadOf, rolloutLineOf } from './shape.ts'
import { readCall, readCommandEnd, readOutput, readSpawnEnd, readWebSearch } from './tools.ts'
import {
  factsOf,
  readSessionMeta,
  readTurnContext,
  readTurnStart,
  tellTitle,
  tellTurnAbort,
  tellTurnEnd,
} from './turns.ts'
import { readTokenCount } from './usage.ts'

const tool = 'codex'

/** A thread is named by the file's first head; heads that come later are resumptions, or its parent's. */
export function identifyCodex(head: FileHead): Identity {
  const lines = head.records.map(rolloutLineOf)
  const meta = lines.find(({ type }) => type === 'session_meta')?.payload
  const nativeId = oneLine(meta?.id ?? uuidEndingName(head.path) ?? '') || `file-${head.firstLineDigest}`
  const parent = meta === undefined ? null : parentThreadOf(meta)
  const { cwd, gitBranch, toolVersion } = factsOf(meta ?? {})
  const startedAt = lines.map(({ timestamp }) => timeOf(timestamp)).find((time) => time !== null) ?? null
  return {
    format: tool,
    sessionId: importedSessionId(tool, nativeId),
    nativeId,
    family: nativeId,
    parentSessionId: parent === null ? null : importedSessionId(tool, parent),
    isAgentFile: parent !== null,
    startedAt,
    start: {
      type: 'session.start',
      tool,
      nativeId,
      ...(parent === null ? {} : { parentSessionId: importedSessionId(tool, parent) }),
      ...(cwd === null ? {} : { cwd }),
      ...(gitBranch === null ? {} : { gitBranch }),
      ...(toolVersion === null ? {} : { toolVersion }),
    },
  }
}

/** The memory with which a file is begun; `time` stands in until a line has one. */
export function beginCodex(identity: Identity, time: string): CodexMemory {
  const { sessionId, nativeId, start } = identity
  const firstTime = identity.startedAt ?? time
  return {
    format: tool,
    sessionId,
    nativeId,
    started: false,
    start,
    lastTime: firstTime,
    firstTime,
    derived: false,
    copied: false,
    ownTurn: false,
    foreignMeta: false,
    metaSeen: false,
    turnId: null,
    model: null,
    windowTokens: null,
    totals: null,
    gauge: null,
    gaugeWindow: null,
    compactionTold: false,
    looseCompaction: null,
    cwd: start.cwd ?? null,
    gitBranch: start.gitBranch ?? null,
    toolVersion: start.toolVersion ?? null,
    permissionMode: null,
    settings: {},
    title: null,
    twins: [],
    plan: [],
    planCalls: [],
    failedCalls: [],
    spawnCalls: [],
  }
}

type Reader = (scene: Scene) => void

const nothing: Reader = () => {}
/** Of a copied history nothing is told but what it spent, as inherited. */
const unlessCopied =
  (reader: Reader): Reader =>
  (scene) => {
    if (!scene.memory.copied) reader(scene)
  }

const eventReaders: Readonly<Record<string, Reader>> = {
  token_count: readTokenCount,
  task_started: readTurnStart,
  turn_started: readTurnStart,
  user_message: unlessCopied(readUserMessage),
  agent_message: unlessCopied(readAgentMessage),
  agent_reasoning: unlessCopied(readAgentReasoning),
  task_complete: unlessCopied(tellTurnEnd),
  turn_complete: unlessCopied(tellTurnEnd),
  turn_aborted: unlessCopied(tellTurnAbort),
  thread_name_updated: unlessCopied(tellTitle),
  exec_command_end: unlessCopied(readCommandEnd),
  patch_apply_end: unlessCopied(readCommandEnd),
  collab_agent_spawn_end: unlessCopied(readSpawnEnd),
  sub_agent_activity: unlessCopied((scene) => {
    if (scene.payload.kind === 'started') readSpawnEnd(scene)
  }),
  error: unlessCopied((scene) => tellFailure(scene, 'call.fail')),
  stream_error: unlessCopied((scene) => tellFailure(scene, 'call.retry')),
  context_compacted: unlessCopied(readCompactionEnd),
  // Items say the same.
  web_search_end: nothing,
  dynamic_tool_call_request: nothing,
  dynamic_tool_call_response: nothing,
  collab_close_end: nothing,
  collab_waiting_end: nothing,
}

const itemReaders: Readonly<Record<string, Reader>> = {
  message: unlessCopied(readMessageItem),
  reasoning: unlessCopied(readReasoningItem),
  function_call: unlessCopied(readCall),
  custom_tool_call: unlessCopied(readCall),
  local_shell_call: unlessCopied(readCall),
  function_call_output: unlessCopied(readOutput),
  custom_tool_call_output: unlessCopied(readOutput),
  web_search_call: unlessCopied(readWebSearch),
}

type LineReader = (scene: Scene, record: JsonObject) => void

const lineReaders: Readonly<Record<string, LineReader>> = {
  session_meta: readSessionMeta,
  turn_context: readTurnContext,
  event_msg: (scene, record) => readByType(scene, record, eventReaders),
  response_item: (scene, record) => readByType(scene, record, itemReaders),
  compacted: unlessCopied(readCompaction),
  world_state: nothing,
  inter_agent_communication_metadata: nothing,
}

/** One of a type not known yet is kept whole, unless it is another thread's. */
function readByType(scene: Scene, record: JsonObject, readers: Readonly<Record<string, Reader>>): void {
  const type = scene.payload.type ?? ''
  if (Object.hasOwn(readers, type)) readers[type]?.(scene)
  else if (!scene.memory.copied) tellUnknown(scene, type, record)
}

/** Reads one line; changes `memory` and adds to `steps`. */
export function readLine(memory: CodexMemory, record: JsonObject, line: number, steps: Step[]): void {
  const { type, timestamp, payload } = rolloutLineOf(record)
  const time = timeOf(timestamp) ?? memory.lastTime
  beginSession(memory, line, steps)
  const scene: Scene = { memory, payload, steps, time, line }
  if (!keepsLooseCompaction(type, payload)) tellLooseCompaction(memory, steps)
  if (Object.hasOwn(lineReaders, type)) lineReaders[type]?.(scene, record)
  else tellUnknown(scene, type, record)
  memory.lastTime = time
}

/** Tells what is held back, at the end of the file. */
export function finishCodex(memory: CodexMemory, line: number, steps: Step[]): void {
  beginSession(memory, line, steps)
  tellLooseCompaction(memory, steps)
}

function beginSession(memory: CodexMemory, line: number, steps: Step[]): void {
  if (memory.started) return
  memory.started = true
  const { sessionId, start, lastTime: time, cwd } = memory
  steps.push({ sessionId, key: 'start', time, line, intent: start, contents: [] })
  if (cwd !== null)
    steps.push({ sessionId, key: 'project', time, line, intent: projectAt(cwd), contents: [] })
}

function tellUnknown(scene: Scene, type: string, record: JsonObject): void {
  const content = contentOf(jsonText(record))
  const kind = madeId('unknown', oneLine(type, 60) || 'line')
  const { line, time } = scene
  const intent = { type: 'observation.record', kind, content: content.ref, line } as const
  say(scene, `unknown/${time}/${content.ref.hash}`, intent, [content])
}

function tellFailure(scene: Scene, type: 'call.fail' | 'call.retry'): void {
  const { payload, time } = scene
  const inner = field(payload.error, 'kind') ?? payload.codex_error_info
  const kind =
    typeof inner === 'string' ? inner : inner === undefined || inner === null ? 'error' : jsonText(inner)
  const said = payload.message ?? field(payload.error, 'message')
  const detail = oneLine(typeof said === 'string' ? said : '')
  const key = `error/${time}/${digest(`${kind}/${detail}`)}`
  if (type === 'call.retry') say(scene, key, { type, reason: detail || oneLine(kind) })
  else say(scene, key, { type, reason: oneLine(kind), ...(detail === '' ? {} : { detail }) })
}
