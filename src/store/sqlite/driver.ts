/** What this store asks of a SQLite library: a few synchronous calls. One small file adapts each library to it. */

export type SqlValue = null | number | string | Uint8Array
export type SqlRow = Readonly<Record<string, SqlValue>>

export interface SqlStatement {
  run(...values: readonly SqlValue[]): void
  get(...values: readonly SqlValue[]): SqlRow | undefined
  all(...values: readonly SqlValue[]): readonly SqlRow[]
}

export interface SqlConnection {
  exec(sql: string): void
  prepare(sql: string): SqlStatement
  close(): void
}

/**
 * How a file is opened. `immutable` reads a file that nobody writes, without the helper files a folder
 * that may not be written to cannot hold.
 */
export type OpenMode = 'read-write' | 'read-only' | 'immutable'

export interface SqliteDriver {
  readonly name: string
  /** Version of the SQLite inside, such as `3.53.2`. */
  readonly sqliteVersion: string
  open(path: string, mode: OpenMode): SqlConnection
  /** SQLite's primary result code of an error this library threw; `null` when it is not SQLite's. */
  resultCodeOf(error: unknown): number | null
}

/** A driver, or why it cannot be had here. */
export type DriverFound =
  | { readonly driver: SqliteDriver }
  | { readonly name: string; readonly missing: string }

/** Primary result codes that this store tells apart. */
export const resultCodes = {
  busy: 5,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  tooBig: 18,
  constraint: 19,
  notADatabase: 26,
} as const

/** 3.7.0 to 3.51.2 can corrupt a file that two connections write to (the race when the write-ahead log starts again). */
export const oldestSqlite = '3.51.3'

/** Whether `version` is `least` or later; both are numbers with dots. */
export function isAtLeast(version: string, least: string): boolean {
  const parts = version.split('.').map(Number)
  for (const [index, wanted] of least.split('.').map(Number).entries()) {
    const part = parts[index] ?? 0
    if (part !== wanted) return part > wanted
  }
  return true
}
