/**
 * The tables, and how a file of an older Waymark gets them. `PRAGMA user_version` counts the steps a file has taken.
 * All steps run in one transaction: one that is killed half-way leaves the file as it was.
 */
import { WaymarkError } from '../../kernel/errors.ts'
import { integerOf } from './columns.ts'
import type { Database } from './database.ts'

/** Marks a SQLite file as a Waymark log: "WayM". */
export const applicationId = 0x5761794d

/**
 * Versions a stream may have, and the number by which streams are told apart in `events.place`. A place is
 * `stream * 2^32 + version`: one ordered tree, so that a replay reads neighbouring pages from first to last.
 */
export const placesPerStream = 4_294_967_296

/** Streams a log may have, so that a place stays an integer that JavaScript holds exactly. */
export const streamsMax = 2_097_151

/** Each step takes the schema from its index to the next version. A step that has been released is never changed. */
const steps: readonly string[] = [
  `
  CREATE TABLE streams (
    key INTEGER PRIMARY KEY,
    session_id TEXT NOT NULL UNIQUE,
    -- The head: version and chain hash of the newest event, compared with that event before anything is appended.
    version INTEGER NOT NULL,
    hash TEXT NOT NULL,
    parent INTEGER REFERENCES streams (key),
    fork_version INTEGER,
    -- Where inherited events lie, oldest first: [{ key, to }, …], up to the version each holds.
    lineage TEXT NOT NULL,
    bytes_since_snapshot INTEGER NOT NULL,
    -- What lists show of the session, as JSON.
    summary TEXT
  ) STRICT;

  CREATE TABLE events (
    place INTEGER PRIMARY KEY,
    position INTEGER NOT NULL UNIQUE,
    checksum INTEGER NOT NULL,
    salt BLOB NOT NULL,
    hash BLOB NOT NULL,
    envelope TEXT NOT NULL,
    data TEXT NOT NULL
  ) STRICT;

  -- Version of the first event of each command's batch.
  CREATE TABLE batches (
    stream INTEGER NOT NULL REFERENCES streams (key),
    command_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (stream, command_id)
  ) STRICT, WITHOUT ROWID;

  -- Counters of each report of a model call, taken from its event.
  CREATE TABLE calls (
    stream INTEGER NOT NULL REFERENCES streams (key),
    version INTEGER NOT NULL,
    call_id TEXT NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cache_read_tokens INTEGER NOT NULL,
    cache_creation_tokens INTEGER NOT NULL,
    PRIMARY KEY (stream, version)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX calls_by_id ON calls (call_id);

  CREATE TABLE contents (
    key INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE,
    body BLOB NOT NULL
  ) STRICT;

  CREATE TABLE snapshots (
    stream INTEGER NOT NULL REFERENCES streams (key),
    version INTEGER NOT NULL,
    kind TEXT NOT NULL,
    checkpoint_id TEXT,
    fold_version INTEGER NOT NULL,
    state_hash TEXT NOT NULL,
    chain_hash TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (stream, version)
  ) STRICT;

  CREATE TABLE bookmarks (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
]

/** The schema version this Waymark writes. */
export const schemaVersion = steps.length

/**
 * Whether the file is a log of this schema. Only reads.
 *
 * @throws WaymarkError `STORE_TOO_NEW`; `STORE_UNSUPPORTED` for a SQLite file of another program.
 */
export function isUpToDate(database: Database): boolean {
  const version = pragma(database, 'user_version')
  const owner = pragma(database, 'application_id')
  const isEmpty = database.get('SELECT name FROM sqlite_schema LIMIT 1') === undefined
  if (owner !== applicationId && !isEmpty) {
    throw new WaymarkError('STORE_UNSUPPORTED', {
      message: `${database.path} is a SQLite file of another program`,
      hint: 'choose another home with --home <folder>',
      details: { path: database.path },
    })
  }
  if (version > schemaVersion) {
    throw new WaymarkError('STORE_TOO_NEW', {
      message: `${database.path} has schema version ${version}, this Waymark knows up to ${schemaVersion}`,
      hint: 'use the Waymark that wrote it, or a later one; the file was not changed',
      details: { path: database.path, schemaVersion: version, known: schemaVersion },
    })
  }
  return version === schemaVersion
}

/** Takes the steps the file has not taken. Another process may be doing the same. */
export async function migrate(database: Database): Promise<void> {
  await database.writing(() => {
    if (isUpToDate(database)) return
    for (const step of steps.slice(pragma(database, 'user_version'))) database.exec(step)
    database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${schemaVersion}`)
  })
}

function pragma(database: Database, name: 'user_version' | 'application_id'): number {
  const row = database.get(`PRAGMA ${name}`)
  return row === undefined ? 0 : integerOf(row, name)
}
