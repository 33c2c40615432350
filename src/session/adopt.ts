/** Takes an edited list of tasks in: reads it, plans the commands against the newest state, and records all of them at once. */
import { type ReadonlyState, taskOf } from '../fold/state.ts'
import { derivedIdOf } from '../kernel/clock.ts'
import { WaymarkError } from '../kernel/errors.ts'
import type { EventLog, LogTransaction } from '../log/port.ts'
import { type AdoptedLine, planAdoption } from '../memory/adopt.ts'
import { findFile, textIn } from '../memory/files.ts'
import { entryOf, findManifest } from '../memory/manifest.ts'
import { memoryFileNames } from '../memory/names.ts'
import { type EditedList, type LineProblem, readTaskList } from '../memory/task-lines.ts'
import { isUnedited } from '../memory/task-text.ts'
import { loadState, streamOf } from '../replay/load.ts'
import { caughtUp, type RecordEnvironment, record } from './record.ts'

export interface AdoptOptions {
  /** The folder of the home's sessions. */
  readonly folder: string
  /** The session whose list it must be; the one that the list names if left out. */
  readonly sessionId?: string
  /** Plan only: nothing is recorded. */
  readonly dryRun?: boolean
}

export interface AdoptionReport {
  /** `null` when it is not known whose list it is. */
  readonly sessionId: string | null
  /** The version that the edited list was written from. */
  readonly fromVersion: number | null
  /** The session's version afterwards. */
  readonly version: number | null
  /** What the lines came to; a removed line stands under line 0. */
  readonly changes: readonly AdoptedLine[]
  /** What could not be taken in, and why; these lines have changed nothing. */
  readonly problems: readonly LineProblem[]
  /** The commands are recorded, in one transaction. */
  readonly recorded: boolean
}

/**
 * Takes `active-tasks.md` in. Whatever is refused is a problem of its line; everything else is recorded at once, or nothing
 * when the store fails. Doing it again with the same file changes nothing more.
 *
 * @throws WaymarkError `USAGE` when there is no list; `COMMAND_REFUSED`, `STORE_BUSY`, `STORE_FULL`: then nothing is recorded.
 */
export async function adoptTasks(
  log: EventLog,
  environment: RecordEnvironment,
  options: AdoptOptions,
): Promise<AdoptionReport> {
  const { folder, dryRun = false } = options
  const found = await findFile(folder, memoryFileNames.activeTasks)
  if (found.kind !== 'read') {
    throw new WaymarkError('USAGE', {
      message: `there is no list of tasks in ${folder}${found.kind === 'missing' ? '' : `: ${found.reason}`}`,
      hint: 'waymark sync writes it',
    })
  }
  const whose = await originOf(log, folder, found.bytes, options.sessionId)
  if (whose.problem !== null) return unread(whose.problem)
  const { sessionId, version: fromVersion } = whose
  if (isUnedited(textIn(found.bytes))) return untouched(log, sessionId, fromVersion)
  const { state: base } = await loadState(log, sessionId, fromVersion)
  const { state: known } = await loadState(log, sessionId)
  const file: EditedFile = { bytes: found.bytes, sha256: found.sha256, base }
  const adopt = (state: ReadonlyState, transaction: LogTransaction | null): AdoptionReport =>
    adoptInto(state, file, transaction, environment)
  const report = dryRun
    ? adopt(known, null)
    : await log.transact((transaction) => adopt(caughtUp(transaction, sessionId, known), transaction))
  return { ...report, fromVersion }
}

interface EditedFile {
  readonly bytes: Uint8Array
  readonly sha256: string
  readonly base: ReadonlyState
}

/** Plans, and records when there is a transaction to do it in. */
function adoptInto(
  current: ReadonlyState,
  { bytes, sha256, base }: EditedFile,
  transaction: LogTransaction | null,
  environment: RecordEnvironment,
): AdoptionReport {
  const { sessionId } = current
  const idOf = (line: number, index: number): string =>
    derivedIdOf(`adopt/${sessionId}/${sha256}/${line}/${index}`)
  const { changes, problems } = planAdoption({
    list: listIn(bytes, base, current),
    base,
    current,
    context: {
      now: environment.clock.now(),
      checkpointId: () => `ckpt_${environment.ids.uuid()}`,
      handoffId: () => `hoff_${environment.ids.uuid()}`,
      countedCall: () => null,
    },
    taskIdOf: (line) => `task-${idOf(line, 0).slice(0, 8)}`,
  })
  let state = current
  if (transaction !== null) {
    for (const { line, taskId, commands } of changes) {
      for (const [index, command] of commands.entries()) {
        const commandId =
          line > 0 ? idOf(line, index + 1) : derivedIdOf(`adopt/${sessionId}/${sha256}/${taskId}`)
        const request = { sessionId, command, meta: { commandId } }
        state = record(transaction, state, request, environment).state
      }
    }
  }
  const recorded = transaction !== null && changes.length > 0
  return { sessionId, fromVersion: base.version, version: state.version, changes, problems, recorded }
}

function listIn(bytes: Uint8Array, base: ReadonlyState, current: ReadonlyState): EditedList {
  const isKnown = (taskId: string): boolean =>
    taskOf(base, taskId) !== undefined || taskOf(current, taskId) !== undefined
  return readTaskList(bytes, isKnown)
}

type Origin =
  | { readonly problem: LineProblem }
  | { readonly problem: null; readonly sessionId: string; readonly version: number }

/** Whose list it is, and of which version: as its first line says, else as the manifest does. */
async function originOf(
  log: EventLog,
  folder: string,
  bytes: Uint8Array,
  wanted: string | undefined,
): Promise<Origin> {
  const { heading, problems } = readTaskList(bytes, () => false)
  const unreadable = problems.find(({ line }) => line === null)
  if (unreadable !== undefined) return { problem: unreadable }
  const entry = entryOf((await findManifest(folder)).manifest, memoryFileNames.activeTasks)
  const sessionId = heading?.sessionId ?? entry?.session_id
  const version = heading?.version ?? entry?.version
  const problem = (reason: string): Origin => ({
    problem: { line: heading === null ? null : 1, text: '', reason },
  })
  if (sessionId === undefined || version === undefined) {
    return problem('its first line is not there any more, and memory.json does not tell whose list it is')
  }
  if (wanted !== undefined && wanted !== sessionId) {
    return problem(`it is the list of session ${sessionId}, not of ${wanted}`)
  }
  if ((await log.stream(sessionId)) === null)
    return problem(`it is the list of session ${sessionId}, which is not here`)
  const { version: newest } = await streamOf(log, sessionId)
  if (version > newest) return problem(`it says version ${version}; the session is at version ${newest}`)
  return { problem: null, sessionId, version }
}

function unread(problem: LineProblem): AdoptionReport {
  return {
    sessionId: null,
    fromVersion: null,
    version: null,
    changes: [],
    problems: [problem],
    recorded: false,
  }
}

async function untouched(log: EventLog, sessionId: string, fromVersion: number): Promise<AdoptionReport> {
  const { version } = await streamOf(log, sessionId)
  return { sessionId, fromVersion, version, changes: [], problems: [], recorded: false }
}
