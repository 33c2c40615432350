/** The package better-sqlite3, an optional dependency for Nodes without a SQLite new enough. */
import { readFileSync, statSync } from 'node:fs'
import { WaymarkError } from '../../kernel/errors.ts'
import {
  type DriverFound,
  type OpenMode,
  resultCodes,
  type SqlConnection,
  type SqlRow,
  type SqlValue,
} from './driver.ts'

const name = 'better-sqlite3'

/** SQLite's names of primary result codes, as this package gives them; extended names begin with the primary one. */
const codes: Readonly<Record<string, number>> = {
  SQLITE_BUSY: 5,
  SQLITE_READONLY: 8,
  SQLITE_IOERR: 10,
  SQLITE_CORRUPT: 11,
  SQLITE_FULL: 13,
  SQLITE_CANTOPEN: 14,
  SQLITE_TOOBIG: 18,
  SQLITE_CONSTRAINT: 19,
  SQLITE_NOTADB: 26,
}

export async function findBetterSqlite3(): Promise<DriverFound> {
  try {
    const { default: Database } = await import('better-sqlite3')
    const probe = new Database(':memory:')
    const sqliteVersion = String(probe.prepare('SELECT sqlite_version()').pluck().get())
    probe.close()
    const open = (path: string, mode: OpenMode): SqlConnection => {
      const file = mode === 'immutable' ? copyInMemory(path) : path
      const database = new Database(file, { readonly: mode !== 'read-write', timeout: 0 })
      return {
        exec: (sql) => {
          database.exec(sql)
        },
        prepare: (sql) => database.prepare<SqlValue[], SqlRow>(sql),
        close: () => {
          database.close()
        },
      }
    }
    return { driver: { name, sqliteVersion, open, resultCodeOf } }
  } catch (error) {
    const [firstLine] = (error instanceof Error ? error.message : String(error)).split('\n')
    return { name, missing: `it cannot be loaded (${firstLine})` }
  }
}

/** Bytes of a file that may be held in memory to read it in a folder that cannot be written to. */
const copyBytesMax = 536_870_912

/**
 * This library has no way to open a file as one that nobody changes. A copy in memory is one, if it says in its header
 * (bytes 18 and 19: journal 1, write-ahead log 2) that it needs no helper files.
 */
function copyInMemory(path: string): Buffer {
  const { size } = statSync(path)
  if (size > copyBytesMax) {
    throw new WaymarkError('HOME_NOT_WRITABLE', {
      message: `${path} lies in a folder that cannot be written to, and is too large to be read in memory (${size} bytes)`,
      hint: 'copy it to a folder of your own and read it there, or use Node 24 or later',
      details: { path, bytes: size },
    })
  }
  const copy = readFileSync(path)
  copy.fill(1, 18, 20)
  return copy
}

function resultCodeOf(error: unknown): number | null {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return null
  // The helper file that processes share could not grow, as on a full disk.
  if (error.code === 'SQLITE_IOERR_SHMSIZE') return resultCodes.full
  const [sqlite, primary] = error.code.split('_')
  return codes[`${sqlite}_${primary}`] ?? (sqlite === 'SQLITE' ? 1 : null)
}
