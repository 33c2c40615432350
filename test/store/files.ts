/** Files, drivers and fresh builds for tests of the SQLite store. */
import { execFileSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SqlConnection, SqliteDriver, SqlStatement } from '../../src/store/sqlite/driver.ts'
import { findDrivers } from '../../src/store/sqlite/open.ts'
import { projectRoot } from '../support/processes.ts'

export interface TestFolder {
  readonly folder: string
  readonly path: string
  readonly remove: () => Promise<void>
}

export async function temporaryLog(): Promise<TestFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'waymark-store-'))
  const path = join(folder, 'sessions', 'waymark.db')
  return { folder, path, remove: async () => rm(folder, { recursive: true, force: true }) }
}

/** The library that a log is opened with here when nothing is said. */
export async function standardDriver(): Promise<SqliteDriver> {
  for (const found of await findDrivers()) if ('driver' in found) return found.driver
  throw new Error('no SQLite here')
}

/** A driver that lets a test watch and disturb what another one does. */
export function wrapped(
  driver: SqliteDriver,
  changes: {
    readonly sqliteVersion?: string
    readonly opened?: (connection: SqlConnection) => void
    readonly executing?: (sql: string) => void
  },
): SqliteDriver {
  const executing = changes.executing ?? (() => {})
  return {
    ...driver,
    sqliteVersion: changes.sqliteVersion ?? driver.sqliteVersion,
    open: (path, mode): SqlConnection => {
      const connection = driver.open(path, mode)
      changes.opened?.(connection)
      return {
        exec: (sql) => {
          executing(sql)
          connection.exec(sql)
        },
        prepare: (sql) => watched(connection.prepare(sql), () => executing(sql)),
        close: () => connection.close(),
      }
    },
  }
}

function watched(statement: SqlStatement, before: () => void): SqlStatement {
  return {
    run: (...values) => {
      before()
      statement.run(...values)
    },
    get: (...values) => {
      before()
      return statement.get(...values)
    },
    all: (...values) => {
      before()
      return statement.all(...values)
    },
  }
}

/** Workers run what is built; a build older than the sources would test something else. `npm test` has just made it. */
export function ensureBuilt(): void {
  const newest = (folder: string, ending: string): number => {
    const names = readdirSync(join(projectRoot, folder), { recursive: true, encoding: 'utf8' })
    return Math.max(
      0,
      ...names.filter((name) => name.endsWith(ending)).map((name) => modified(join(folder, name))),
    )
  }
  const built = modified('dist/src/store/sqlite/open.js')
  if (built > 0 && newest('dist/src', '.js') >= newest('src', '.ts')) return
  const compiler = join(projectRoot, 'node_modules/typescript/bin/tsc')
  execFileSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], { cwd: projectRoot })
}

function modified(path: string): number {
  return statSync(join(projectRoot, path), { throwIfNoEntry: false })?.mtimeMs ?? 0
}
