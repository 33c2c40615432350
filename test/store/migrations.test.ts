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
import { unpackSnapshot } from '../../src/replay/snapshot.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { schemaVersion } from '../../src/store/sqlite/migrations.ts'
import { openSqliteLog } from '../../src/store/sqlite/open.ts'
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
