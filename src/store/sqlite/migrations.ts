/**
 * How a file of an older Waymark gets the tables of today. `PRAGMA user_version` counts the steps a file has taken. A new file takes none:
 * it gets `tables` as they are, without pages that an older table has left empty. All steps run in one transaction: one that is killed
 * half-way leaves the file as it was.
 */
import { WaymarkError } from '../../kernel/errors.ts'
import { integerOf, textOf } from './columns.ts'
import { indexCommand } from './command-index.ts'
import type { Database } from './database.ts'
import type { SqlValue } from './driver.ts'
import { placesPerStream } from './places.ts'
import { tables } from './tables.ts'

/** Marks a SQLite file as a Waymark log: "WayM". */
export const applicationId = 0x5761794d

/** Blocks of old events, and indexes that take up less room: for most events they are what is left outside of a block. */
function sealedBlocks(database: Database): void {
  database.exec(`
  CREATE TABLE blocks (
    -- Places of the first and the last event.
    place INTEGER PRIMARY KEY,
    last INTEGER NOT NULL,
    first_position INTEGER NOT NULL,
    last_position INTEGER NOT NULL,
    hot_checksum INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    hot BLOB NOT NULL,
    cold BLOB NOT NULL,
    hashes BLOB NOT NULL,
    salts BLOB NOT NULL
  ) STRICT;
  CREATE INDEX blocks_by_position ON blocks (last_position);

  -- Place of the first event of each command's batch, by a number made of stream and command id.
  CREATE TABLE commands (
    key INTEGER PRIMARY KEY,
    place INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE reports (
    call_id TEXT NOT NULL,
    place INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cache_read_tokens INTEGER NOT NULL,
    cache_creation_tokens INTEGER NOT NULL,
    PRIMARY KEY (call_id, place)
  ) STRICT, WITHOUT ROWID;
  INSERT INTO reports SELECT call_id, stream * ${placesPerStream} + version, input_tokens, output_tokens,
    cache_read_tokens, cache_creation_tokens FROM calls`)
  for (let after: readonly SqlValue[] = [0, '']; ; ) {
    const page = database.all(
      'SELECT * FROM batches WHERE (stream, command_id) > (?, ?) ORDER BY stream, command_id LIMIT 1000',
      ...after,
    )
    for (const row of page) {
      const stream = integerOf(row, 'stream')
      // Command and stream are unique in the table that they come from.
      indexCommand(database, textOf(row, 'command_id'), stream, integerOf(row, 'version'), () => false)
      after = [stream, textOf(row, 'command_id')]
    }
    if (page.length === 0) break
  }
  database.exec('DROP TABLE batches; DROP TABLE calls')
}

/** Each step takes the schema from its index to the next version. A step that has been released is never changed. */
const steps: readonly (string | ((database: Database) => void))[] = [
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
  `
  -- Pieces of packed states, each once for its stream, by SHA-256. The snapshots before this step have none: their body is the
  -- whole state, and its hash that of the state.
  CREATE TABLE parts (
    key INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL REFERENCES streams (key),
    hash BLOB NOT NULL,
    body BLOB NOT NULL,
    UNIQUE (stream, hash)
  ) STRICT;
  ALTER TABLE snapshots RENAME COLUMN state_hash TO body_hash;
  -- The latest time of a batch up to the version, for finding versions by time.
  ALTER TABLE snapshots ADD COLUMN time_max TEXT;
  -- Hashes of the snapshot's parts, one after the other.
  ALTER TABLE snapshots ADD COLUMN parts BLOB NOT NULL DEFAULT x'';
  `,
  sealedBlocks,
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
  if (owner !== applicationId && !isEmpty(database)) {
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

/** Makes the tables of an empty file, or takes the steps that a file has not taken. Another process may be doing the same. */
export async function migrate(database: Database): Promise<void> {
  await database.writing(() => {
    if (isUpToDate(database)) return
    if (isEmpty(database)) database.exec(tables)
    else takeSteps(database, pragma(database, 'user_version'))
    database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${schemaVersion}`)
  })
}

/** The steps from a schema version on; the plain twin of `tables` when they begin at an empty file. */
export function takeSteps(database: Database, from: number): void {
  for (const step of steps.slice(from)) {
    if (typeof step === 'string') database.exec(step)
    else step(database)
  }
}

function isEmpty(database: Database): boolean {
  return database.get('SELECT name FROM sqlite_schema LIMIT 1') === undefined
}

function pragma(database: Database, name: 'user_version' | 'application_id'): number {
  const row = database.get(`PRAGMA ${name}`)
  return row === undefined ? 0 : integerOf(row, name)
}
