/**
 * Goal: whatever byte of a stored session is changed, `verify` says so and says where; recovery goes on from what is sound.
 * Method: a real SQLite file is copied, one column of one row is changed behind Waymark's back, and the copy is verified.
 */
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { stateHash } from '../../src/fold/fold.ts'
import { sha256 } from '../../src/kernel/hash.ts'
import type { Verification } from '../../src/replay/verify/verify.ts'
import type { RecoveryReport } from '../../src/session/recover.ts'
import { Waymark } from '../../src/session/waymark.ts'
import type { SqliteDriver } from '../../src/store/sqlite/driver.ts'
import { findDrivers, openSqliteLog } from '../../src/store/sqlite/open.ts'
import { type RowPlace, storeDamage } from '../../src/testing/arbitrary/store-damage.ts'

let folder: string
let original: string
let driver: SqliteDriver
let sessionId: string
let hashAt: (version: number) => Promise<string>
const newest = 40
const text = 'a text of some length, '.repeat(20)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waymark-damage-'))
  original = join(folder, 'original.db')
  for (const found of await findDrivers()) if ('driver' in found) driver ??= found.driver
  const log = await openSqliteLog({ path: original, driver })
  const waymark = await Waymark.open({ store: log })
  const session = await waymark.createSession({ title: 'to be damaged', nativeId: 'native-1' })
  sessionId = session.id
  await log.transact((transaction) => transaction.putContent(sha256(text), Buffer.from(text)))
  await session.send({
    type: 'usage.record',
    callId: 'msg_1',
    model: 'claude-sonnet-4-5',
    inputTokens: 10,
    outputTokens: 5,
    cacheReadTokens: 3,
    cacheCreationTokens: 2,
  })
  for (let n = 0; session.version < newest; n++) {
    if (session.version === 19 || session.version === 29) await session.checkpoint({ reason: 'by hand' })
    else
      await session.send(
        { type: 'task.add', taskId: `T-${n}`, title: `task number ${n}` },
        { commandId: `c-${n}` },
      )
  }
  const states = new Map<number, string>()
  for (let version = 0; version <= newest; version++)
    states.set(version, stateHash(await session.at(version)))
  hashAt = async (version) => states.get(version) ?? ''
  await waymark.close()
})

afterAll(async () => rm(folder, { recursive: true, force: true }))

/** Changes a copy of the store with one statement, and hands it to `look`. */
async function damaged<T>(sql: string, look: (waymark: Waymark) => Promise<T>): Promise<T> {
  const path = join(folder, 'copy.db')
  for (const suffix of ['', '-wal', '-shm']) await rm(`${path}${suffix}`, { force: true })
  await copyFile(original, path)
  const connection = driver.open(path, 'read-write')
  connection.exec('PRAGMA foreign_keys = OFF')
  connection.exec(sql)
  connection.close()
  const waymark = await Waymark.open({ store: await openSqliteLog({ path, driver }) })
  try {
    return await look(waymark)
  } finally {
    await waymark.close()
  }
}

const verify = async (waymark: Waymark): Promise<Verification> => waymark.verify()
const recover = async (waymark: Waymark): Promise<RecoveryReport> => waymark.recover(sessionId)
const at = (version: number): string => `place % 4294967296 = ${version}`
const row = (version: number): RowPlace => ({ key: 1, version })

const newestPart = 'key = (SELECT max(key) FROM parts)'

/** Column, the change to it, and the version at which it must be found. */
const changes: readonly (readonly [column: string, sql: string, version: number])[] = [
  ['data', `UPDATE events SET data = replace(data, 'task number', 'task Number') WHERE ${at(12)}`, 12],
  ['data that is JSON no more', `UPDATE events SET data = substr(data, 2) WHERE ${at(12)}`, 12],
  ['envelope', `UPDATE events SET envelope = replace(envelope, '"user"', '"usex"') WHERE ${at(7)}`, 7],
  ['position', `UPDATE events SET position = position + 1000000 WHERE ${at(40)}`, 40],
  ['position of an early event', `UPDATE events SET position = -1 WHERE ${at(3)}`, 3],
  ['checksum', storeDamage['checksum-changed'](row(9)), 9],
  ['salt', storeDamage['salt-changed'](row(15)), 15],
  ['hash', storeDamage['hash-changed'](row(16)), 16],
  ['version', `UPDATE events SET place = place + 5 WHERE ${at(40)}`, 40],
  ['a row taken out of the middle', storeDamage['row-missing'](row(20)), 20],
  ['the last row', storeDamage['row-missing'](row(40)), 40],
  ['the head’s version', storeDamage['head-version-changed'](row(40)), 40],
  ['the head’s hash', storeDamage['head-hash-changed'](row(40)), 40],
  ['the list entry', `UPDATE streams SET summary = replace(summary, 'damaged', 'sound')`, 40],
  ['the list entry, no JSON any more', storeDamage['list-entry-torn'](row(40)), 40],
  ['the lineage, no JSON any more', storeDamage['lineage-torn'](row(40)), 1],
  ['an event moved far ahead', `UPDATE events SET place = place + 100 WHERE ${at(33)}`, 33],
  ['a snapshot’s body', 'UPDATE snapshots SET body = zeroblob(80) WHERE version = 29', 29],
  [
    'a snapshot’s hash',
    `UPDATE snapshots SET body_hash = replace(body_hash, substr(body_hash, 1, 1), 'z') WHERE version = 19`,
    19,
  ],
  ['a snapshot’s place in the chain', `UPDATE snapshots SET chain_hash = body_hash WHERE version = 19`, 19],
  ['a snapshot’s version', 'UPDATE snapshots SET version = 25 WHERE version = 19', 25],
  ['a part of a snapshot', `UPDATE parts SET body = zeroblob(80) WHERE ${newestPart}`, 29],
  ['a part of a snapshot, gone', `DELETE FROM parts WHERE ${newestPart}`, 29],
  ['a part’s hash', `UPDATE parts SET hash = zeroblob(32) WHERE ${newestPart}`, 29],
  ['the list of a snapshot’s parts', 'UPDATE snapshots SET parts = substr(parts, 33) WHERE version = 29', 29],
  ['a snapshot’s time', `UPDATE snapshots SET time_max = '2020-01-01T00:00:00.000Z' WHERE version = 19`, 19],
  ['the index of commands', 'UPDATE commands SET key = key + 1 WHERE place % 4294967296 = 9', 9],
  [
    'the index of commands, a version',
    'UPDATE commands SET place = place + 1 WHERE place % 4294967296 = 9',
    9,
  ],
  ['the index of calls', 'UPDATE reports SET output_tokens = 50', 3],
  ['the index of calls, a call gone', 'DELETE FROM reports', 3],
]

describe('verify', () => {
  it('finds nothing wrong with what nobody changed', async () => {
    const verification = await damaged('SELECT 1', verify)
    expect(verification).toMatchObject({ ok: true, sessions: [{ sessionId, events: newest, problems: [] }] })
  })

  it.each(changes)('finds a change to %s', async (_column, sql, version) => {
    const { ok, sessions } = await damaged(sql, verify)
    expect(ok).toBe(false)
    expect(sessions[0]?.problems.map((problem) => problem.version)).toContain(version)
  })

  it('finds events whose session is gone', async () => {
    const { ok, orphanedEvents } = await damaged(
      'DELETE FROM commands; DELETE FROM reports; DELETE FROM snapshots; DELETE FROM streams',
      verify,
    )
    expect({ ok, orphanedEvents }).toEqual({ ok: false, orphanedEvents: newest })
  })

  it('finds a changed text in the content store', async () => {
    const { ok, contents } = await damaged('UPDATE contents SET body = zeroblob(20)', verify)
    expect(ok).toBe(false)
    expect(contents.problems).toMatchObject([{ hash: sha256(text) }])
  })
})

describe('recovery', () => {
  it('takes the newest snapshot and replays what came after it', async () => {
    const report = await damaged('SELECT 1', recover)
    expect(report).toMatchObject({
      from: 'snapshot',
      snapshotVersion: 29,
      replayedEvents: 11,
      damage: null,
      recorded: true,
    })
  })

  it('takes an older snapshot when the newest is damaged', async () => {
    const report = await damaged('UPDATE snapshots SET body = zeroblob(80) WHERE version = 29', recover)
    expect(report).toMatchObject({
      from: 'older-snapshot',
      snapshotVersion: 19,
      replayedEvents: 21,
      damage: null,
    })
    expect(report.passedOver).toMatchObject([{ version: 29, kind: 'damaged-snapshot' }])
  })

  it('takes an older snapshot when a part is gone that only the newest holds', async () => {
    // Modules of their own, which have no parts at hand.
    vi.resetModules()
    const { planRecovery } = await import('../../src/replay/recover.ts')
    const recovery = await damaged(`DELETE FROM parts WHERE ${newestPart}`, async ({ log }) =>
      planRecovery(log, sessionId),
    )
    expect(recovery).toMatchObject({
      from: 'older-snapshot',
      snapshotVersion: 19,
      version: newest,
      damage: null,
    })
    expect(recovery.passedOver).toMatchObject([{ version: 29, kind: 'damaged-snapshot' }])
    expect(stateHash(recovery.state)).toBe(await hashAt(newest))
  })

  it('replays all events when no snapshot is sound, and when there is none', async () => {
    const report = await damaged('UPDATE snapshots SET chain_hash = body_hash', recover)
    expect(report).toMatchObject({ from: 'full-replay', replayedEvents: newest, damage: null })
    expect(await damaged('DELETE FROM snapshots', recover)).toMatchObject({
      from: 'full-replay',
      passedOver: [],
    })
  })

  it('is not hindered by damage that lies before a sound snapshot', async () => {
    const report = await damaged(`UPDATE events SET data = '{}' WHERE ${at(12)}`, recover)
    expect(report).toMatchObject({ from: 'snapshot', damage: null, version: newest + 7 })
  })

  it('stops before damage in the tail, says where it is, and appends nothing', async () => {
    const report = await damaged(`UPDATE events SET data = '{}' WHERE ${at(35)}`, recover)
    expect(report).toMatchObject({
      version: 34,
      damage: { version: 35, kind: 'damaged-event' },
      recorded: false,
    })
    expect(stateHash(report.state)).toBe(await hashAt(34))
  })

  it('stops before a gap that an event left which stands elsewhere now', async () => {
    const report = await damaged(`UPDATE events SET place = place + 100 WHERE ${at(33)}`, recover)
    expect(report).toMatchObject({
      version: 32,
      damage: { version: 33, kind: 'missing-events' },
      recorded: false,
    })
  })

  it('notices a cut-off end', async () => {
    const report = await damaged(`DELETE FROM events WHERE ${at(40)}`, recover)
    expect(report).toMatchObject({
      version: 39,
      damage: { version: 40, kind: 'missing-events' },
      recorded: false,
    })
    expect(stateHash(report.state)).toBe(await hashAt(39))
  })

  it('writes nothing to a stream whose head is damaged, though its events are sound', async () => {
    for (const sql of [
      `UPDATE streams SET lineage = '[{"key":1,"to":3}]'`,
      'UPDATE streams SET version = 39',
    ]) {
      const report = await damaged(sql, recover)
      expect(report).toMatchObject({ damage: { kind: 'damaged-head' }, recorded: false })
    }
  })

  it('refuses to append to a stream whose end is gone', async () => {
    await damaged(`DELETE FROM events WHERE ${at(40)}`, async (waymark) => {
      await expect(waymark.openSession(sessionId)).rejects.toMatchObject({ code: 'DAMAGED_RECORD' })
    })
  })

  it('a session can be forked at its last sound version, and goes on there', async () => {
    await damaged(`UPDATE events SET data = '{}' WHERE ${at(35)}`, async (waymark) => {
      const fork = await waymark.fork(sessionId, { at: 34 })
      await fork.send({ type: 'session.describe', title: 'saved' })
      expect(fork.state.title).toBe('saved')
    })
  })
})
