/** Damage to what a log stores: what kinds there are, and each of them done to rows or to a store's file. */
import { readFile, writeFile } from 'node:fs/promises'
import fc from 'fast-check'
import type { StoredRow } from '../../log/port.ts'
import type { SqlConnection, SqlRow } from '../../store/sqlite/driver.ts'
import { bestDriver } from '../../store/sqlite/open.ts'
import { assertAllKnown, assertKnown } from '../usage.ts'
import { describeHistory, shownAs } from './describe.ts'
import { type RowPlace, storeDamage } from './store-damage.ts'

/** Kinds that rows by themselves can suffer. */
export const rowDamageKinds = [
  'data-changed',
  'line-torn',
  'envelope-changed',
  'checksum-changed',
  'salt-changed',
  'hash-changed',
  'row-missing',
  'rows-swapped',
  'end-cut',
] as const
export type RowDamageKind = (typeof rowDamageKinds)[number]

/** A bit of the file itself that flipped, wherever it lies. */
const bitFlipped = 'bit-flipped'

export type DamageKind = keyof typeof storeDamage | typeof bitFlipped

// The table was written as a literal; it has these keys and no others.
export const damageKinds: readonly DamageKind[] = [
  bitFlipped,
  ...(Object.keys(storeDamage) as (keyof typeof storeDamage)[]),
]

/** What is damaged: the kind, and a number that picks the row, or the bit of the file, among those that are there. */
export interface Damage<Kind extends DamageKind = DamageKind> {
  readonly kind: Kind
  readonly pick: number
}

/**
 * Kinds of damage with a place for each. {@link damageStore} does it to a file, {@link damageRows} to rows.
 *
 * @throws WaymarkError `USAGE` for a kind that is not there, or none
 * @example
 * ```ts
 * import fc from 'fast-check'
 * const [damage] = fc.sample(damageArbitrary(['row-missing']), { seed: 1, numRuns: 1 })
 * damage?.kind // 'row-missing'
 * ```
 */
export function damageArbitrary<Kind extends DamageKind>(kinds: readonly Kind[]): fc.Arbitrary<Damage<Kind>>
export function damageArbitrary(): fc.Arbitrary<Damage>
export function damageArbitrary(kinds: readonly DamageKind[] = damageKinds): fc.Arbitrary<Damage> {
  assertAllKnown('kind of damage', kinds, damageKinds)
  const damages = fc.record(
    { kind: fc.constantFrom(...kinds), pick: fc.noBias(fc.nat()) },
    { noNullPrototype: true },
  )
  return damages.map((damage) =>
    shownAs(damage, () => describeHistory([{ type: damage.kind, pick: damage.pick }])),
  )
}

/**
 * Damages a SQLite store that nobody has open, behind Waymark's back. Gives the statement that was run, or the bit that was flipped; `null` where
 * it found nothing to change, as in a store without a snapshot: the store is as it was then.
 *
 * @param path of the file: `sessions/waymark.db` in a home
 * @throws WaymarkError `STORE_UNSUPPORTED` without a SQLite that is new enough, `USAGE` for a kind that is not there
 */
export async function damageStore(path: string, { kind, pick }: Damage): Promise<string | null> {
  assertKnown('kind of damage', kind, damageKinds)
  if (kind === bitFlipped) return flipBit(path, pick)
  return inStore(path, (connection) => {
    const sql = storeDamage[kind](pickedRow(connection, kind, pick))
    connection.exec('PRAGMA foreign_keys = OFF')
    const before = changesOf(connection)
    connection.exec(sql)
    return changesOf(connection) === before ? null : sql
  })
}

/** Rows that this connection has changed so far. */
function changesOf(connection: SqlConnection): number {
  return Number(connection.prepare('SELECT total_changes() AS n').get()?.n)
}

async function flipBit(path: string, pick: number): Promise<string> {
  // Everything has to be in the file itself before.
  await inStore(path, () => {})
  const bytes = await readFile(path)
  const place = pick % (bytes.length * 8)
  const [byte, bit] = [Math.floor(place / 8), place % 8]
  bytes[byte] = (bytes[byte] ?? 0) ^ (1 << bit)
  await writeFile(path, bytes)
  return `bit ${bit} of byte ${byte} flipped`
}

const places = 'place / 4294967296 AS key, place % 4294967296 AS version'
const eventPlaces = `SELECT ${places} FROM events ORDER BY place`
const snapshotPlaces = 'SELECT stream AS key, version FROM snapshots ORDER BY stream, version'

/** Where the rows lie among which one is picked: those of events, unless a kind of damage is about others. */
const placesOf: { readonly [Kind in DamageKind]?: string } = {
  'command-index-row-gone': `SELECT ${places} FROM commands ORDER BY place`,
  'command-index-row-wrong': `SELECT ${places} FROM commands ORDER BY place`,
  'call-index-row-gone': `SELECT ${places} FROM reports ORDER BY place, call_id`,
  'call-index-row-wrong': `SELECT ${places} FROM reports ORDER BY place, call_id`,
  'snapshot-changed': snapshotPlaces,
  'snapshot-gone': snapshotPlaces,
  'snapshot-part-gone': 'SELECT stream AS key, 0 AS version FROM parts ORDER BY key',
}

function pickedRow(connection: SqlConnection, kind: DamageKind, pick: number): RowPlace {
  const rows = placesOf[kind] ?? eventPlaces
  const count = Number(connection.prepare(`SELECT count(*) AS n FROM (${rows})`).get()?.n ?? 0)
  if (count === 0) return placeIn(undefined)
  return placeIn(connection.prepare(`${rows} LIMIT 1 OFFSET ?`).get(pick % count))
}

function placeIn(row: SqlRow | undefined): RowPlace {
  // A store in which nothing is there to be damaged in that way stays as it is.
  return { key: Number(row?.key ?? 0), version: Number(row?.version ?? 0) }
}

/** Opens the file with whatever SQLite there is; everything is in the file itself afterwards. */
async function inStore<T>(path: string, work: (connection: SqlConnection) => T): Promise<T> {
  const driver = await bestDriver()
  const connection = driver.open(path, 'read-write')
  try {
    const result = work(connection)
    connection.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    return result
  } finally {
    connection.close()
  }
}

/**
 * The rows of a stream with damage to one of them; the rows that were given stay as they are.
 *
 * @example
 * ```ts
 * damageRows([], { kind: 'row-missing', pick: 3 }) // []
 * ```
 */
export function damageRows(
  rows: readonly StoredRow[],
  { kind, pick }: Damage<RowDamageKind>,
): readonly StoredRow[] {
  assertKnown('kind of damage to rows', kind, rowDamageKinds)
  if (rows.length === 0) return rows
  return rowDamage[kind](rows, pick % rows.length)
}

type ChangeOfRow = (row: StoredRow) => Partial<StoredRow>

const changed =
  (change: ChangeOfRow) =>
  (rows: readonly StoredRow[], place: number): readonly StoredRow[] =>
    rows.map((row, index) => (index === place ? { ...row, ...change(row) } : row))

const rowDamage: Readonly<
  Record<RowDamageKind, (rows: readonly StoredRow[], place: number) => readonly StoredRow[]>
> = {
  'data-changed': changed(({ data }) => ({ data: data.replace('{', '{ ') })),
  'line-torn': changed(({ data }) => ({ data: data.slice(0, data.length / 2) })),
  'envelope-changed': changed(({ envelope }) => ({
    envelope: envelope.replace('"actor":"', '"actor":"x'),
  })),
  'checksum-changed': changed(({ checksum }) => ({ checksum: checksum + 1 })),
  'salt-changed': changed(() => ({ salt: new Uint8Array(16) })),
  'hash-changed': changed(() => ({ hash: '0'.repeat(64) })),
  'row-missing': (rows, place) => rows.filter((_, index) => index !== place),
  'rows-swapped': (rows, place) => {
    const [one, other] = [rows[place], rows[(place + 1) % rows.length]]
    if (one === undefined || other === undefined) return rows
    return rows.map((row) => (row === one ? other : row === other ? one : row))
  },
  'end-cut': (rows, place) => rows.slice(0, place),
}
