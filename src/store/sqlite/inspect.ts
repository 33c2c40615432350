/**
 * Looks at the file of a log from below: whether it is sound as a SQLite file, what schema it has, how large its write-ahead log
 * is. Unlike opening a log this works on a file of any schema, and it changes nothing, unless it says so.
 */
import { integerOf, textOf } from './columns.ts'
import type { Database } from './database.ts'
import { busy } from './faults.ts'
import { applicationId, schemaVersion } from './migrations.ts'
import { bestDriver, connect, openForReading } from './open.ts'

export interface FileSchema {
  /** The file calls itself a log of Waymark. */
  readonly isWaymark: boolean
  /** It holds no table. */
  readonly isEmpty: boolean
  readonly version: number
  /** The schema version that this Waymark writes. */
  readonly known: number
}

/** Snapshots that one version of the fold has made. */
export interface SnapshotGroup {
  readonly foldVersion: number
  readonly snapshots: number
  /** Without the parts that they share with others. */
  readonly bytes: number
}

export interface OpenFile {
  schema(): FileSchema
  /** What SQLite finds wrong when it reads the whole file: at most `problemsMax` lines, none when it is sound. */
  problems(problemsMax: number): readonly string[]
  snapshots(): readonly SnapshotGroup[]
}

/**
 * Opens the file for reading, hands it to `look`, and closes it.
 *
 * @throws WaymarkError `STORE_UNSUPPORTED`, `HOME_NOT_WRITABLE`, `STORE_BUSY`; DamagedRecord.
 */
export async function lookInto<T>(path: string, look: (file: OpenFile) => T): Promise<T> {
  const database = openForReading(await bestDriver(), path)
  try {
    return look(openFile(database))
  } finally {
    database.close()
  }
}

function openFile(database: Database): OpenFile {
  const pragma = (name: 'user_version' | 'application_id'): number =>
    integerOf(database.get(`PRAGMA ${name}`) ?? {}, name)
  return {
    schema: () => ({
      isWaymark: pragma('application_id') === applicationId,
      isEmpty: database.get('SELECT name FROM sqlite_schema LIMIT 1') === undefined,
      version: pragma('user_version'),
      known: schemaVersion,
    }),
    problems: (problemsMax) =>
      database
        .all(`PRAGMA quick_check(${Math.trunc(problemsMax)})`)
        .map((row) => textOf(row, 'quick_check'))
        .flatMap((text) => text.split('\n'))
        .filter((line) => line !== 'ok' && line !== '')
        .slice(0, problemsMax),
    snapshots: () =>
      database.all(snapshotsSql).map((row) => ({
        foldVersion: integerOf(row, 'fold_version'),
        snapshots: integerOf(row, 'snapshots'),
        bytes: integerOf(row, 'bytes'),
      })),
  }
}

const snapshotsSql = `SELECT fold_version, count(*) AS snapshots, sum(length(body) + length(parts)) AS bytes FROM snapshots
  GROUP BY fold_version ORDER BY fold_version`

/** Milliseconds to wait for those who read or write meanwhile; they may go on for hours. */
const checkpointWaitMs = 2_000

/**
 * Brings what the write-ahead log holds into the file, and makes it empty. Nothing that was recorded changes.
 *
 * @throws WaymarkError `STORE_BUSY` while others read or write; then what could be brought in has been.
 */
export async function emptyWriteAheadLog(path: string): Promise<void> {
  const database = connect(await bestDriver(), path, 'read-write')
  try {
    await database.whenFree(() => {
      const result = database.get('PRAGMA wal_checkpoint(TRUNCATE)')
      if (result?.busy !== 0) throw busy(path)
    }, checkpointWaitMs)
  } finally {
    database.close()
  }
}
