/** Entries around the conversation: what the tool itself notes of retries, turns, titles, modes, files and pull requests. */
import type { Command } from '../../events/commands.ts'
import { contentOf, oneLine } from '../../events/content.ts'
import { digest, projectAt } from '../step.ts'
import { jsonText, madeId } from '../text.ts'
import { isNotification, readAgentProgress, tellNotification } from './agents.ts'
import { readBoundary, readMicroBoundary } from './compaction.ts'
import { listingReaders } from './listings.ts'
import { type Facts, isRecent, type Scene, say } from './memory.ts'
import { readLocalCommand, readQueued } from './prompts.ts'
import { closeCall } from './usage.ts'

type Reader = (scene: Scene) => void

const nothing: Reader = () => {}

/** Subtypes of system lines; hook chatter of the oldest era has none. */
const systemReaders: Readonly<Record<string, Reader>> = {
  compact_boundary: readBoundary,
  microcompact_boundary: readMicroBoundary,
  api_error: tellRetry,
  turn_duration: tellTurn,
  local_command: (scene) => {
    const { content } = scene.entry
    if (typeof content === 'string') readLocalCommand(scene, content)
  },
  stop_hook_summary: nothing,
  away_summary: nothing,
  bridge_status: nothing,
  informational: nothing,
  '': nothing,
}

function readSystem(scene: Scene): void {
  const { entry } = scene
  const subtype = entry.subtype ?? ''
  if (entry.forkedFrom !== undefined) return
  if (Object.hasOwn(systemReaders, subtype)) systemReaders[subtype]?.(scene)
  else tellUnknown(scene, `system-${subtype}`)
}

function tellRetry(scene: Scene): void {
  const { entry, key } = scene
  closeCall(scene.talk, scene.steps)
  const { retryAttempt, maxRetries, retryInMs } = entry
  const attempt = wholeOf(retryAttempt)
  const attemptsMax = wholeOf(maxRetries)
  say(scene, `${key}/retry`, {
    type: 'call.retry',
    reason: reasonOf(entry.error),
    ...(attempt === null ? {} : { attempt }),
    ...(attemptsMax === null ? {} : { attemptsMax }),
    ...(retryInMs !== undefined && retryInMs >= 0 && Number.isFinite(retryInMs)
      ? { delayMs: retryInMs }
      : {}),
  })
}

/** What the source says about an error; most say nothing at all. */
function reasonOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return 'api error'
  const said = ['formatted', 'message']
    .map((field) => Reflect.get(error, field))
    .find((value) => typeof value === 'string')
  const status: unknown = Reflect.get(error, 'status')
  if (typeof said === 'string' && said !== '') return oneLine(said)
  return typeof status === 'number' ? `status ${status}` : 'api error'
}

function tellTurn(scene: Scene): void {
  const durationMs = wholeOf(scene.entry.durationMs)
  closeCall(scene.talk, scene.steps)
  say(scene, `${scene.key}/turn`, { type: 'turn.complete', ...(durationMs === null ? {} : { durationMs }) })
}

function wholeOf(value: number | undefined): number | null {
  return value !== undefined && value >= 0 && Number.isSafeInteger(Math.floor(value))
    ? Math.floor(value)
    : null
}

/** A title counts when its source is worth at least as much as the present one's, and it is really this session's. */
function readTitle(scene: Scene, title: string | undefined, rank: number): void {
  const { facts } = scene.talk
  const line = oneLine(title ?? '')
  if (line === '' || rank < facts.titleRank || line === facts.title) return
  facts.title = line
  facts.titleRank = rank
  say(scene, `title/${digest(line)}/${scene.key}`, { type: 'session.describe', title: line })
}

/** `summary` entries are mostly titles of other conversations; it is this one's when it names an entry just read. */
function readSummaryTitle(scene: Scene): void {
  const { leafUuid, summary } = scene.entry
  if (leafUuid !== undefined && isRecent(scene.memory, leafUuid)) readTitle(scene, summary, 1)
}

/** The first folder that a session names is its project's. */
function sayProject(scene: Scene, root: string): void {
  say(scene, 'project', projectAt(root))
}

/** Takes up what an entry says about its session beside its content, and tells what has changed. */
export function followFacts(scene: Scene): void {
  const { entry, talk, key } = scene
  const seen: readonly (readonly [keyof Omit<Facts, 'titleRank' | 'title'>, string | undefined])[] = [
    ['cwd', entry.cwd],
    ['gitBranch', entry.gitBranch],
    ['toolVersion', entry.version],
    ['permissionMode', entry.permissionMode],
  ]
  const changes: Partial<Record<(typeof seen)[number][0], string>> = {}
  for (const [fact, value] of seen) {
    const line = oneLine(value ?? '')
    if (line === '' || line === talk.facts[fact]) continue
    if (fact === 'cwd' && talk.facts.cwd === null) sayProject(scene, line)
    talk.facts[fact] = line
    changes[fact] = line
  }
  if (Object.keys(changes).length > 0) say(scene, `${key}/facts`, { type: 'session.describe', ...changes })
}

function observe(
  scene: Scene,
  key: string,
  observation: Omit<Extract<Command, { type: 'observation.record' }>, 'type'>,
): void {
  say(scene, key, { type: 'observation.record', ...observation })
}

function readSnapshot(scene: Scene): void {
  const { isSnapshotUpdate, messageId, snapshot } = scene.entry
  if (isSnapshotUpdate === true) return
  const files = Object.keys(snapshot?.trackedFileBackups ?? {}).length
  const detail = oneLine(`${files} files at ${messageId ?? 'an unnamed message'}`)
  observe(scene, `snapshot/${messageId ?? scene.key}`, { kind: 'files-snapshotted', detail })
}

/** The queue only repeats what comes as a prompt; the end of work in the background may stand here alone. */
function readQueue(scene: Scene): void {
  const { operation, content } = scene.entry
  if (operation === 'enqueue' && typeof content === 'string' && isNotification(content))
    tellNotification(scene, content)
}

/** Hooks tell where a session was taken up again. */
function readHook(scene: Scene, hookName: string | undefined): void {
  if (hookName !== 'SessionStart:resume' || scene.talk.returning) return
  scene.talk.returning = true
  say(scene, `${scene.key}/return`, { type: 'return-to-session', detail: 'resumed in the tool' })
}

/** Entries that are not part of the conversation, by type. */
export const noteReaders: Readonly<Record<string, Reader>> = {
  system: readSystem,
  progress: (scene) => {
    const { data } = scene.entry
    if (data?.type === 'agent_progress') readAgentProgress(scene)
    else readHook(scene, data?.hookName)
  },
  attachment: (scene) => {
    const { attachment, forkedFrom } = scene.entry
    const type = attachment?.type ?? ''
    if (type === 'queued_command') readQueued(scene)
    else if (attachment !== undefined && Object.hasOwn(listingReaders, type)) {
      if (forkedFrom === undefined) listingReaders[type]?.(scene, attachment)
    } else readHook(scene, attachment?.hookName)
  },
  summary: readSummaryTitle,
  'ai-title': (scene) => readTitle(scene, scene.entry.aiTitle, 2),
  'custom-title': (scene) => readTitle(scene, scene.entry.customTitle, 3),
  'permission-mode': followFacts,
  'file-history-snapshot': readSnapshot,
  'queue-operation': readQueue,
  'pr-link': (scene) => {
    const url = oneLine(scene.entry.prUrl ?? '')
    if (url !== '') observe(scene, `pull-request/${digest(url)}`, { kind: 'pull-request', detail: url })
  },
  'file-history-delta': nothing,
  'last-prompt': nothing,
  mode: nothing,
  'bridge-session': nothing,
  'atis-latch': nothing,
  'agent-name': nothing,
}

/** An entry of a type not known yet is kept whole: nothing is guessed, and nothing is lost. */
export function tellUnknown(scene: Scene, type: string, record?: unknown): void {
  const content = contentOf(jsonText(record ?? scene.entry))
  const kind = madeId('unknown', oneLine(type, 60))
  const { line, key } = scene
  say(scene, `${key}/unknown`, { type: 'observation.record', kind, content: content.ref, line }, [content])
}
