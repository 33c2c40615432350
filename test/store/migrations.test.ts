/**
 * Goal: a home that an earlier Waymark wrote opens, reads the same, and goes on.
 * Method: a file as schema 1 was written, kept compressed; its sessions and their states are known.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { stateHash } from '../../src/fold/fold.ts'
import { foldVersion } from '../../src/fold/state.ts'
import { loadState } from '../../src/replay/load.ts'
import { unpackSnapshot } from '../../src/replay/snapshot/snapshot.ts'
import { Waymark } from '../../src/session/waymark.ts'
import type { Database } from '../../src/store/sqlite/database.ts'
import { schemaVersion, takeSteps } from '../../src/store/sqlite/migrations.ts'
import { connect, openSqliteLog } from '../../src/store/sqlite/open.ts'
import { tables } from '../../src/store/sqlite/tables.ts'
import { projectRoot } from '../support/processes.ts'
import { standardDriver, type TestFolder, temporaryLog } from './files.ts'

/** Sessions of the file: the second is a fork of the first at version 15. The states are those of fold version 3. */
const sessions = [
  {
    sessionId: 'sess_0965ea47-2099-4006-ae06-830671c54696',
    version: 17,
    hash: '085e689de1b61c97b1f6ed26b304993f414e7bd9c0090a3eafc2f3e410960b00',
  },
  {
    sessionId: 'sess_535cc005-37fa-444a-8ae5-59d311413ab5',
    version: 18,
    hash: 'f2e643d16807deb79f779ddb0c9ac6d35ac7b6da6b10b2d5bfa516e1bf02cff0',
  },
]

let place: TestFolder

beforeEach(async () => {
  place = await temporaryLog()
  const packed = await readFile(join(projectRoot, 'test/fixtures/homes/schema-1.db.gz'))
  place = { ...place, path: join(place.folder, 'waymark.db') }
  await writeFile(place.path, gunzipSync(packed), { mode: 0o600 })
})

afterEach(async () => place.remove())

describe('a home of schema 1', () => {
  it('is what it is called: nothing has brought the file up to date', async () => {
    const connection = (await standardDriver()).open(place.path, 'read-only')
    expect(connection.prepare('PRAGMA user_version').get()).toEqual({ user_version: 1 })
    connection.close()
    expect(schemaVersion).toBeGreaterThan(1)
  })

  it('opens with the same sessions, states and snapshots, and is sound', async () => {
    const log = await openSqliteLog({ path: place.path })
    const waymark = await Waymark.open({ store: log })
    expect(await waymark.verify()).toMatchObject({ ok: true })
    for (const { sessionId, version, hash } of sessions) {
      const loaded = await loadState(log, sessionId)
      expect(loaded.state.version).toBe(version)
      if (foldVersion === 3) expect([loaded.from, stateHash(loaded.state)]).toEqual(['snapshot', hash])
    }
    await waymark.close()
  })

  it('has snapshots that are the whole state: they are used as long as the fold is theirs', async () => {
    const log = await openSqliteLog({ path: place.path })
    const versions: number[] = []
    for await (const snapshot of log.snapshots(sessions[0]?.sessionId ?? '')) {
      versions.push(snapshot.version)
      expect(snapshot).toMatchObject({ parts: [], timeMax: null })
      expect(unpackSnapshot(snapshot, snapshot.sessionId).ok).toBe(snapshot.foldVersion === foldVersion)
    }
    expect(versions).toEqual([15, 1])
    await log.close()
  })

  it('goes on: new events, checkpoints beside the old ones, forks', async () => {
    const waymark = await Waymark.open({ store: await openSqliteLog({ path: place.path }) })
    const session = await waymark.openSession(sessions[0]?.sessionId ?? '')
    await session.send({ type: 'task.add', taskId: 'T-new', title: 'of today' })
    await session.checkpoint({ reason: 'by hand' })
    const before = stateHash(await session.at(15))
    const fork = await session.fork({ at: 16 })
    expect(stateHash(await fork.at(15))).not.toBe(before)
    expect(stateHash({ ...(await fork.at(15)), sessionId: session.id })).toBe(before)
    expect(await waymark.verify()).toMatchObject({ ok: true })
    await waymark.close()
  })
})

describe('a new file', () => {
  it('law: has the tables, columns and indexes that all steps lead to', async () => {
    const made = await schemaAfter('new.db', (database) => database.exec(tables))
    expect(made.length).toBeGreaterThan(40)
    expect(await schemaAfter('stepped.db', (database) => takeSteps(database, 0))).toEqual(made)
  })

  it('has no page that an older table has left empty', async () => {
    const path = join(place.folder, 'fresh.db')
    await (await openSqliteLog({ path })).close()
    const database = connect(await standardDriver(), path, 'read-only')
    expect(database.get('PRAGMA freelist_count')).toEqual({ freelist_count: 0 })
    expect(database.get('PRAGMA user_version')).toEqual({ user_version: schemaVersion })
    database.close()
  })
})

/** Every column and index of a file, but for the words of its schema. */
async function schemaAfter(name: string, make: (database: Database) => void): Promise<readonly unknown[]> {
  const database = connect(await standardDriver(), join(place.folder, name), 'read-write')
  make(database)
  const columns = `SELECT t.name AS "table", t.wr, t.strict, c.cid, c.name, c.type, c."notnull", c.dflt_value, c.pk
    FROM pragma_table_list t, pragma_table_xinfo(t.name) c WHERE t.schema = 'main' ORDER BY t.name, c.cid`
  const indexes = `SELECT t.name AS "table", i.name, i."unique", i.origin, c.seqno, c.name AS column
    FROM pragma_table_list t, pragma_index_list(t.name) i, pragma_index_info(i.name) c
    WHERE t.schema = 'main' ORDER BY t.name, i.name, c.seqno`
  const found = [columns, indexes].flatMap((sql) => database.all(sql))
  database.close()
  return found
}
