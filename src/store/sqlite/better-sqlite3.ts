/** The package better-sqlite3, an optional dependency for Nodes without a SQLite new enough. */
import type { DriverFound, SqlConnection, SqlRow, SqlValue } from './driver.ts'

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
    const open = (path: string, mode: string): SqlConnection => {
      const database = new Database(path, { readonly: mode !== 'read-write', timeout: 0 })
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
    return { driver: { name, sqliteVersion, opensImmutable: false, open, resultCodeOf } }
  } catch (error) {
    const [firstLine] = (error instanceof Error ? error.message : String(error)).split('\n')
    return { name, missing: `it cannot be loaded (${firstLine})` }
  }
}

function resultCodeOf(error: unknown): number | null {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return null
  const [sqlite, primary] = error.code.split('_')
  return codes[`${sqlite}_${primary}`] ?? (sqlite === 'SQLITE' ? 1 : null)
}
