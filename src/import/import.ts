/**
 * The import: transcripts in, sessions out. Each batch of lines is one transaction that holds the events it led to, the
 * texts they refer to and the bookmark behind the batch; so the import may be killed anywhere and run again.
 */
import { type FileHandle, open } from 'node:fs/promises'
import { parseCommand } from '../events/commands.ts'
import {
  allSecrets,
  type Redact,
  redactedValue,
  secretNames,
  secretRedactor,
  secretsNamed,
} from '../events/secrets.ts'
import type { ReadonlyState } from '../fold/state.ts'
import { WaymarkError } from '../kernel/errors.ts'
import { sha256 } from '../kernel/hash.ts'
import { limits } from '../kernel/limits.ts'
import type { EventLog } from '../log/port.ts'
import { loadState } from '../replay/load.ts'
import type { RecordEnvironment } from '../session/record.ts'
import { translateBatch } from './batch.ts'
import { type LineLimits, standardLineLimits } from './bounds.ts'
import { type Cursor, fingerprintOf, firstCursor, packCursor, unpackCursor } from './cursor.ts'
import { findSources, type LeftOut, type Source } from './find.ts'
import type { Format, Identity } from './identity.ts'
import { readLines } from './lines.ts'
import type { Step } from './step.ts'
import { beginMemory, sessionsOf } from './translator.ts'
import type { DamagedLine } from './values.ts'
import { writeSteps } from './writer.ts'

/** What became of one file. Figures are of the whole file, also when only its end was new. */
export interface ImportedFile {
  readonly path: string
  readonly format: Format | 'unknown'
  /** The session the file is about; `null` for a file that was not read. */
  readonly sessionId: string | null
  readonly nativeId: string | null
  readonly lines: number
  /** Events of the session now. */
  readonly events: number
  /** Events this import appended, those of sub-agents in the file included. */
  readonly appended: number
  /** Lines that could not be read, the first thousand of them; each is kept in the log. */
  readonly damaged: readonly DamagedLine[]
  readonly damagedCount: number
  /** Steps that the rules did not accept and that were noted instead. */
  readonly refused: number
  /** Why the file was passed over. */
  readonly skipped?: string
  /** Why the file could not be read. */
  readonly error?: string
}

export interface ImportResult {
  readonly files: readonly ImportedFile[]
  /** Sessions that the files are about, those of sub-agents included. */
  readonly sessions: number
  readonly appended: number
}

export interface ImportProgress {
  readonly path: string
  readonly fileIndex: number
  readonly files: number
  readonly bytesDone: number
  readonly bytesTotal: number
}

export interface ImportOptions {
  readonly onProgress?: (progress: ImportProgress) => void
  /**
   * Secrets of these shapes are taken out of everything that is read, before anything is recorded of it: names of `secretNames`, or
   * `secrets` for all but `email`. Nothing is taken out if left out.
   */
  readonly redact?: readonly string[]
  /** Bounds of lines and transactions, for tests. */
  readonly lineLimits?: LineLimits
}

/**
 * Imports transcripts: files, and folders with all `.jsonl` files below them. What is in the home already is not
 * appended again, whichever file it comes from; a file that has grown is read on where it ended.
 *
 * @throws WaymarkError `IMPORT_FAILED` when a named path is not there or of no known format, before anything is written;
 * `USAGE` for a shape of secrets that is not known; errors of the store.
 * @example
 * ```ts
 * const { log, environment } = waymark
 * const { files } = await importFiles(log, environment, ['examples/transcripts/claude-code-session.jsonl'])
 * files[0]?.damaged // [{ line: 48, reason: 'unterminated string' }]
 * ```
 */
export async function importFiles(
  log: EventLog,
  environment: RecordEnvironment,
  paths: readonly string[],
  options: ImportOptions = {},
): Promise<ImportResult> {
  const { sources, leftOut } = await findSources(paths)
  const run = new ImportRun(log, environment, sources, options)
  const outcomes: ImportedFile[] = []
  for (const source of sources) outcomes.push(await run.take(source))
  const files = await Promise.all(outcomes.map((outcome) => withEvents(log, outcome)))
  const appended = files.reduce((sum, file) => sum + file.appended, 0)
  return { files: [...files, ...leftOut.map(notRead)], sessions: run.sessions.size, appended }
}

/** Counted at the end: several files may be about one session. */
async function withEvents(log: EventLog, file: ImportedFile): Promise<ImportedFile> {
  const stream = file.sessionId === null ? null : await log.stream(file.sessionId)
  return { ...file, events: stream?.version ?? 0 }
}

function notRead({ path, ...why }: LeftOut): ImportedFile {
  const nothing = { lines: 0, events: 0, appended: 0, damaged: [], damagedCount: 0, refused: 0 }
  return { path, format: 'unknown', sessionId: null, nativeId: null, ...nothing, ...why }
}

class ImportRun {
  readonly sessions = new Set<string>()
  readonly #log: EventLog
  readonly #environment: RecordEnvironment
  readonly #options: ImportOptions
  readonly #redact: Redact | null
  readonly #files: number
  readonly #bytesTotal: number
  #fileIndex = 0
  #bytesBefore = 0
  /** States at hand, the one used longest ago first. */
  #states = new Map<string, ReadonlyState>()

  constructor(
    log: EventLog,
    environment: RecordEnvironment,
    sources: readonly Source[],
    options: ImportOptions,
  ) {
    this.#log = log
    this.#environment = environment
    this.#options = options
    this.#redact = redactorNamed(options.redact ?? [])
    this.#files = sources.length
    this.#bytesTotal = sources.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  /** Imports one file. What is wrong with it stops no other; what is wrong with the store stops all. */
  async take(source: Source): Promise<ImportedFile> {
    const { path, identity } = source
    let appended = 0
    try {
      const file = await open(path)
      try {
        const report = await this.#read(source, file, (count) => {
          appended += count
        })
        const { lines, damaged, damagedCount, refused, memory } = report
        const { format, sessionId, nativeId } = memory
        for (const session of sessionsOf(memory)) this.sessions.add(session)
        return {
          path,
          format,
          sessionId,
          nativeId,
          lines,
          events: 0,
          appended,
          damaged,
          damagedCount,
          refused,
        }
      } finally {
        await file.close()
      }
    } catch (error) {
      if (!concernsFileOnly(error)) throw error
      const { format, sessionId, nativeId } = identity
      return { ...notRead({ path, error: error.message }), format, sessionId, nativeId, appended }
    } finally {
      this.#fileIndex += 1
      this.#bytesBefore += source.bytes
    }
  }

  async #read(source: Source, file: FileHandle, onAppended: (count: number) => void): Promise<Cursor> {
    const { size } = await file.stat()
    const key = `import/${source.identity.format}/${sha256(source.realPath)}`
    const identity = withoutSecrets(source.identity, this.#redact)
    let cursor =
      (await this.#bookmarked(key, file, size)) ?? firstCursor(beginMemory(identity, source.writtenAt))
    let report = cursor
    this.#progress(source, cursor.offset)
    if (cursor.offset === size && cursor.memory.started) return cursor
    const firstLine = cursor.openLine ? cursor.lines : cursor.lines + 1
    const range = { from: cursor.offset, to: size, firstLine }
    for await (const batch of readLines(file, range, this.#options.lineLimits ?? standardLineLimits)) {
      const translated = translateBatch(cursor, batch, this.#redact)
      report = { ...translated.report, refused: cursor.refused }
      if (isNothingNew(cursor, translated.cursor)) break
      const fingerprint = await fingerprintOf(file, translated.cursor.offset)
      const bookmarkOf = (refused: number): string =>
        packCursor(source.realPath, fingerprint, { ...translated.cursor, refused: cursor.refused + refused })
      const { appended, refused } = await this.#write(translated.steps, key, bookmarkOf)
      onAppended(appended)
      cursor = { ...translated.cursor, refused: cursor.refused + refused }
      report = { ...translated.report, refused: cursor.refused }
      this.#progress(source, report.offset)
    }
    this.#progress(source, size)
    return report
  }

  /** Where an earlier import stopped, if the file and the session are still those it knew. */
  async #bookmarked(key: string, file: FileHandle, size: number): Promise<Cursor | null> {
    const cursor = await unpackCursor(await this.#log.bookmark(key), file, size)
    if (cursor === null) return null
    return (await this.#log.stream(cursor.memory.sessionId)) === null ? null : cursor
  }

  async #write(
    steps: readonly Step[],
    key: string,
    bookmarkOf: (refused: number) => string,
  ): Promise<{ readonly appended: number; readonly refused: number }> {
    await this.#loadStates(steps)
    const known = this.#states
    const written = await this.#log.transact((transaction) => {
      const result = writeSteps(transaction, steps, known, this.#environment)
      transaction.putBookmark(key, bookmarkOf(result.refused))
      return result
    })
    this.#states = new Map([...written.states].slice(-limits.importStatesMax))
    for (const { sessionId } of steps) this.sessions.add(sessionId)
    return written
  }

  /** Brings the states that steps need to hand, and to the end of the line of those to be forgotten. */
  async #loadStates(steps: readonly Step[]): Promise<void> {
    const needed = [...new Set(steps.map(({ sessionId }) => sessionId))]
    for (const sessionId of needed.slice(-limits.importStatesMax)) {
      const state = this.#states.get(sessionId) ?? (await this.#load(sessionId))
      this.#states.delete(sessionId)
      if (state !== null) this.#states.set(sessionId, state)
    }
  }

  async #load(sessionId: string): Promise<ReadonlyState | null> {
    if ((await this.#log.stream(sessionId)) === null) return null
    return (await loadState(this.#log, sessionId)).state
  }

  #progress(source: Source, offset: number): void {
    this.#options.onProgress?.({
      path: source.path,
      fileIndex: this.#fileIndex,
      files: this.#files,
      bytesDone: this.#bytesBefore + Math.min(offset, source.bytes),
      bytesTotal: this.#bytesTotal,
    })
  }
}

function redactorNamed(names: readonly string[]): Redact | null {
  if (names.length === 0) return null
  const known = names.flatMap((name) => {
    const secrets = secretsNamed(name)
    if (secrets !== null) return secrets
    throw new WaymarkError('USAGE', {
      message: `no secrets are known by the name "${name}"`,
      hint: `known are ${[allSecrets, ...secretNames].join(', ')}`,
    })
  })
  return secretRedactor([...new Set(known)])
}

/** What the head of a file says of its session goes into the first event. */
function withoutSecrets(identity: Identity, redact: Redact | null): Identity {
  if (redact === null) return identity
  const start = parseCommand(redactedValue(identity.start, redact))
  return start.type === 'session.start' ? { ...identity, start } : identity
}

/** Nothing was read but an unfinished line that had been told before. */
function isNothingNew(before: Cursor, after: Cursor): boolean {
  return before.memory.started && after.offset === before.offset && after.tail === before.tail
}

/** A file that vanished or may not be read, a session whose record is damaged: the others go on. */
function concernsFileOnly(error: unknown): error is Error {
  if (error instanceof WaymarkError) return error.code === 'DAMAGED_RECORD' || error.code === 'UNKNOWN_EVENT'
  return error instanceof Error && typeof Reflect.get(error, 'syscall') === 'string'
}
