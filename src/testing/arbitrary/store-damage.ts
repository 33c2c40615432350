/** Statements that change a SQLite store behind Waymark's back: one for each thing that is stored, and each way in which it can be wrong. */

/** One row of events, by its place in the table: the stream's key and the version. */
export interface RowPlace {
  readonly key: number
  readonly version: number
}

/** The condition under which a statement changes that row alone. */
function at({ key, version }: RowPlace): string {
  return `place = ${key} * 4294967296 + ${version}`
}

/**
 * The statements that do damage to a SQLite store behind Waymark's back, by kind. Each is about one row of events, or about what hangs on its
 * stream.
 */
export const storeDamage = {
  'data-changed': (row) =>
    `UPDATE events SET data = replace(data, '{', '{ ') WHERE ${at(row)} AND instr(data, '{') > 0`,
  'line-torn': (row) =>
    `UPDATE events SET data = substr(data, 1, length(data) / 2) WHERE ${at(row)} AND length(data) > 0`,
  'envelope-changed': (row) =>
    `UPDATE events SET envelope = replace(envelope, '"actor":"', '"actor":"x') WHERE ${at(row)} AND instr(envelope, '"actor":"') > 0`,
  'position-changed': (row) => `UPDATE events SET position = -1 - position WHERE ${at(row)}`,
  'checksum-changed': (row) => `UPDATE events SET checksum = checksum + 1 WHERE ${at(row)}`,
  'salt-changed': (row) =>
    `UPDATE events SET salt = zeroblob(16) WHERE ${at(row)} AND salt IS NOT zeroblob(16)`,
  'hash-changed': (row) => `UPDATE events SET hash = zeroblob(32) WHERE ${at(row)}`,
  'row-missing': (row) => `DELETE FROM events WHERE ${at(row)}`,
  'row-moved': (row) => `UPDATE events SET place = place + 1000000 WHERE ${at(row)}`,
  'rows-swapped': (row) => {
    const next = { ...row, version: row.version + 1 }
    return [
      `UPDATE events SET place = -1 WHERE ${at(row)}`,
      `UPDATE events SET place = place - 1 WHERE ${at(next)}`,
      `UPDATE events SET place = ${row.key} * 4294967296 + ${next.version} WHERE place = -1`,
    ].join('; ')
  },
  'end-cut': ({ key, version }) =>
    `DELETE FROM events WHERE place BETWEEN ${key} * 4294967296 + ${version} AND ${key} * 4294967296 + 4294967295`,
  'head-version-changed': ({ key }) => `UPDATE streams SET version = version - 1 WHERE key = ${key}`,
  'head-hash-changed': ({ key }) =>
    `UPDATE streams SET hash = replace(hash, substr(hash, 1, 1), 'z') WHERE key = ${key}`,
  'list-entry-torn': ({ key }) => `UPDATE streams SET summary = 'x' WHERE key = ${key}`,
  'lineage-torn': ({ key }) => `UPDATE streams SET lineage = 'x' WHERE key = ${key}`,
  'snapshot-changed': ({ key }) => `UPDATE snapshots SET body = zeroblob(80) WHERE stream = ${key}`,
  'snapshot-gone': ({ key }) => `DELETE FROM snapshots WHERE stream = ${key}`,
  'snapshot-part-gone': ({ key }) => `DELETE FROM parts WHERE stream = ${key}`,
  'command-index-row-gone': (row) => `DELETE FROM commands WHERE ${at(row)}`,
  'command-index-row-wrong': (row) => `UPDATE commands SET place = place + 1 WHERE ${at(row)}`,
  'call-index-row-gone': (row) => `DELETE FROM reports WHERE ${at(row)}`,
  'call-index-row-wrong': (row) => `UPDATE reports SET output_tokens = output_tokens + 1 WHERE ${at(row)}`,
  'text-changed': () => 'UPDATE contents SET body = zeroblob(20)',
} as const satisfies Readonly<Record<string, (row: RowPlace) => string>>
