/** The tables of a log, as a new file gets them. What the steps of `migrations.ts` lead to has the same columns in the same order. */
export const tables = `
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

  -- Old events, sealed.
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

  -- Counters of each report of a model call, taken from its event.
  CREATE TABLE reports (
    call_id TEXT NOT NULL,
    place INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cache_read_tokens INTEGER NOT NULL,
    cache_creation_tokens INTEGER NOT NULL,
    PRIMARY KEY (call_id, place)
  ) STRICT, WITHOUT ROWID;

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
    body_hash TEXT NOT NULL,
    chain_hash TEXT NOT NULL,
    body BLOB NOT NULL,
    -- The latest time of a batch up to the version, for finding versions by time.
    time_max TEXT,
    -- Hashes of the snapshot's parts, one after the other.
    parts BLOB NOT NULL DEFAULT x'',
    PRIMARY KEY (stream, version)
  ) STRICT;

  -- Pieces of packed states, each once for its stream, by SHA-256.
  CREATE TABLE parts (
    key INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL REFERENCES streams (key),
    hash BLOB NOT NULL,
    body BLOB NOT NULL,
    UNIQUE (stream, hash)
  ) STRICT;

  CREATE TABLE bookmarks (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
`
