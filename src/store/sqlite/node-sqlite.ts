/** The SQLite that Node brings: built in from Node 22.5 on. */
import { type DriverFound, resultCodes, type SqlConnection, type SqlRow, type SqlValue } from './driver.ts'

/** The part of `node:sqlite` that is used here; the types of the oldest supported Node do not know the module. */
interface NodeStatement {
  run(...values: readonly SqlValue[]): unknown
  get(...values: readonly SqlValue[]): SqlRow | undefined
  all(...values: readonly SqlValue[]): SqlRow[]
}
interface NodeDatabase {
  exec(sql: string): void
  prepare(sql: string): NodeStatement
  close(): void
}
interface NodeSqlite {
  readonly DatabaseSync: new (path: string | URL, options: { readonly readOnly: boolean }) => NodeDatabase
}

const name = 'node:sqlite'

/** `SQLITE_IOERR_SHMSIZE`: the helper file that processes share could not grow, as on a full disk. */
const sharedMemorySize = 4_874

export function findNodeSqlite(): DriverFound {
  const module = quietly(() => process.getBuiltinModule('node:sqlite'))
  const sqliteVersion = process.versions.sqlite
  if (module === undefined || sqliteVersion === undefined) {
    return { name, missing: `Node ${process.version} does not have it` }
  }
  // A builtin of Node, described above; the types of Node 20 cannot say so.
  const { DatabaseSync } = module as NodeSqlite
  return {
    driver: {
      name,
      sqliteVersion,
      open: (path, mode): SqlConnection => {
        if (mode !== 'immutable') return new DatabaseSync(path, { readOnly: mode === 'read-only' })
        const url = new URL('file:///')
        url.pathname = path
        url.searchParams.set('immutable', '1')
        return new DatabaseSync(url, { readOnly: true })
      },
      resultCodeOf,
    },
  }
}

function resultCodeOf(error: unknown): number | null {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return null
  return error.errcode === sharedMemorySize ? resultCodes.full : error.errcode & 0xff
}

/**
 * Node 22 announces the module as experimental on stderr, where a command's own messages belong. The file format is
 * SQLite's and the few calls made here are covered by tests on each Node, so that one announcement is held back.
 */
function quietly<T>(load: () => T): T {
  const emitWarning = process.emitWarning.bind(process)
  process.emitWarning = () => {}
  try {
    return load()
  } finally {
    process.emitWarning = emitWarning
  }
}
