/** Checks of the file that holds the log: is it whole, can it be read here, has it room. */
import { open, stat } from 'node:fs/promises'
import { foldVersion } from '../fold/state.ts'
import { WaymarkError } from '../kernel/errors.ts'
import { storePathOf } from '../session/home.ts'
import { emptyWriteAheadLog, lookInto } from '../store/sqlite/inspect.ts'
import { findDrivers } from '../store/sqlite/open.ts'
import { countOf, countText } from '../views/text.ts'
import { bounds } from './bounds.ts'
import type { LogContext, PlaceContext } from './check.ts'
import type { Found } from './finding.ts'

const restore =
  'keep the folder as it is; restore a backup, or write what is sound into a new home: waymark repair'

/** Bytes of a file; `null` when it is not there. */
export async function bytesOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return null
    throw error
  }
}

const problemLinesMax = 5

/** The store as files, then as SQLite reads it. */
export async function tornStore({ home, onProgress }: PlaceContext): Promise<readonly Found[]> {
  const path = storePathOf(home.path)
  const bytes = await bytesOf(path)
  const journalBytes = (await bytesOf(`${path}-wal`)) ?? 0
  const problem = (message: string, proposal = restore): Found[] => [
    { severity: 'problem', subject: path, message, proposal },
  ]
  if (bytes === null) {
    if (journalBytes === 0) return []
    return problem(
      `its write-ahead log is there with ${countText(journalBytes)} bytes, and the store itself is not`,
      `put the store back beside its write-ahead log before anything is recorded: ${path}`,
    )
  }
  if (bytes === 0) {
    return problem('it has 0 bytes: making it was interrupted, or what it held is gone', emptyStoreProposal)
  }
  const short = journalBytes === 0 ? await missingBytes(path, bytes) : 0
  if (short > 0) {
    const whole = countText(bytes + short)
    return problem(`it was cut off: it has ${countText(bytes)} bytes and should have ${whole}`)
  }
  onProgress(`reading ${path}: ${countText(bytes)} bytes`)
  try {
    const lines = await lookInto(path, (file) => file.problems(problemLinesMax))
    return lines.length === 0 ? [] : problem(`SQLite finds it damaged: ${lines.join('; ')}`)
  } catch (error) {
    if (!(error instanceof WaymarkError) || error.code !== 'DAMAGED_RECORD') throw error
    return problem(error.message)
  }
}

const emptyStoreProposal =
  'restore a backup if there is one; otherwise waymark init makes it anew, and waymark import brings transcripts back'

const headerBytes = 100

/** How many bytes fewer the file has than its header says; 0 where the header says nothing that can be relied on. */
async function missingBytes(path: string, bytes: number): Promise<number> {
  const header = Buffer.alloc(headerBytes)
  const file = await open(path, 'r')
  try {
    await file.read(header, 0, headerBytes, 0)
  } finally {
    await file.close()
  }
  if (header.toString('latin1', 0, 15) !== 'SQLite format 3') return 0
  // SQLite's file format: the page size at 16 (1 means 65,536), the number of pages at 28, valid if 24 and 92 agree.
  const pageBytes = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16)
  const pages = header.readUInt32BE(24) === header.readUInt32BE(92) ? header.readUInt32BE(28) : 0
  return Math.max(0, pages * pageBytes - bytes)
}

/** Whether the file's schema and the snapshots in it are of today. */
export async function otherVersion({ home }: PlaceContext): Promise<readonly Found[]> {
  const path = storePathOf(home.path)
  if (((await bytesOf(path)) ?? 0) === 0) return []
  const { schema, groups } = await lookInto(path, (file) => {
    const found = file.schema()
    const isToday = found.isWaymark && found.version === found.known
    return { schema: found, groups: isToday ? file.snapshots() : [] }
  })
  const { isWaymark, isEmpty, version, known } = schema
  if (!isWaymark && !isEmpty) {
    const proposal = 'waymark init --home <another folder>'
    return [
      { severity: 'problem', subject: path, message: 'it is a SQLite file of another program', proposal },
    ]
  }
  if (version > known) {
    const message = `it has schema version ${version}, this Waymark knows up to ${known}`
    const proposal = 'npm install -g waymark@latest'
    return [{ severity: 'problem', subject: path, message, proposal }]
  }
  if (version < known) {
    const message = `it has schema version ${version}, this Waymark writes ${known}: it can be read once it has been brought up to date`
    return [{ severity: 'warning', subject: path, message, proposal: `waymark init --home ${home.path}` }]
  }
  return groups
    .filter((group) => group.foldVersion !== foldVersion)
    .map((group) => {
      const [age, severity] =
        group.foldVersion > foldVersion ? (['newer', 'warning'] as const) : (['older', 'notice'] as const)
      const count = countOf(group.snapshots, 'snapshot')
      const message = `${count} of fold version ${group.foldVersion}, ${age} than today's ${foldVersion}: passed over, ${countText(group.bytes)} bytes`
      const proposal =
        age === 'newer' ? 'npm install -g waymark@latest' : 'waymark maintain, after checkpoints of today'
      return { severity, subject: path, message, proposal }
    })
}

/** Whether a SQLite that can be used is there. A library too old to be used is told where none can be. */
export async function oldSqlite(): Promise<readonly Found[]> {
  const found = await findDrivers()
  if (found.some((candidate) => 'driver' in candidate)) return []
  const reasons = found.flatMap((candidate) =>
    'missing' in candidate ? [`${candidate.name}: ${candidate.missing}`] : [],
  )
  return [
    {
      severity: 'problem',
      subject: null,
      message: `no SQLite that can be used here (${reasons.join('; ')})`,
      proposal: 'npm install better-sqlite3@12, or use Node 24 or later',
    },
  ]
}

/** Whether the write-ahead log is cut back now and then. */
export async function hugeWriteAheadLog({ home }: PlaceContext): Promise<readonly Found[]> {
  const path = storePathOf(home.path)
  const journal = `${path}-wal`
  const bytes = (await bytesOf(journal)) ?? 0
  if (bytes <= bounds.writeAheadLogBytes || (await bytesOf(path)) === null) return []
  return [
    {
      severity: 'warning',
      subject: journal,
      message: `it has ${countText(bytes)} bytes; ${countText(bounds.writeAheadLogBytes)} are what it is cut to`,
      proposal: 'end the process that reads without a pause, then waymark doctor --fix',
      repair: () => emptyWriteAheadLog(path),
    },
  ]
}

export async function orphanedEvents({ log, onProgress }: LogContext): Promise<readonly Found[]> {
  onProgress('looking for events without a session')
  const count = await log.orphanedEvents()
  if (count === 0) return []
  const message = `${countOf(count, 'event')} of sessions that are not there any more`
  return [{ severity: 'problem', subject: log.location, message, proposal: restore }]
}
