/**
 * Goal: what is sound of a home with damaged blocks is saved, up to the last event that follows from the one before it. Method: a real home with
 * sealed blocks, one column of one block changed behind Waymark's back, then repaired beside it.
 */
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stateHash } from '../../src/fold/fold.ts'
import { limits } from '../../src/kernel/limits.ts'
import { repairHome } from '../../src/repair/repair.ts'
import { storePathOf } from '../../src/session/home.ts'
import { Waymark } from '../../src/session/waymark.ts'
import type { SqliteDriver } from '../../src/store/sqlite/driver.ts'
import { findDrivers } from '../../src/store/sqlite/open.ts'
import { temporaryFolder } from '../bundle/support.ts'
import { eventsOf } from '../support/events.ts'
import { lengthen } from '../support/long-session.ts'

let driver: SqliteDriver
let original: string
let sessionId: string
const length = 2 * limits.blockEventsMax + limits.unsealedEventsMin

beforeAll(async () => {
  for (const found of await findDrivers()) if ('driver' in found) driver ??= found.driver
  original = join(mkdtempSync(join(tmpdir(), 'waymark-repair-')), '.moai')
  const waymark = await Waymark.open({ home: original, memoryFiles: false })
  const session = await waymark.createSession({ title: 'long' })
  sessionId = session.id
  await lengthen(session, length)
  await waymark.close()
}, 120_000)

afterAll(() => rmSync(dirname(original), { recursive: true, force: true }))

/** Changes the block that begins at a version, repairs the home, and hands both to `look`. */
async function repaired(
  change: string,
  look: (before: Waymark, after: Waymark) => Promise<void>,
): Promise<void> {
  const home = join(temporaryFolder(), '.moai')
  cpSync(original, home, { recursive: true })
  const connection = driver.open(storePathOf(home), 'read-write')
  connection.exec(`${change} WHERE place % 4294967296 = 1001`)
  connection.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  connection.close()
  const report = await repairHome({ home })
  const before = await Waymark.open({ home: original, readOnly: true })
  const after = await Waymark.open({ home: report.out, readOnly: true })
  await look(before, after)
  await before.close()
  await after.close()
}

describe('repair of a home with sealed blocks', () => {
  it.each<readonly [string, string, number]>([
    ['nothing', 'UPDATE blocks SET checksum = checksum', length],
    [
      'a text of one event',
      `UPDATE blocks SET hot = CAST(replace(CAST(hot AS TEXT), '"number 1300"', '"number 13X0"') AS BLOB)`,
      1_301,
    ],
    ['what is set apart', 'UPDATE blocks SET cold = zeroblob(30)', 1_000],
    ['all of a block', 'DELETE FROM blocks', 1_000],
    ['a checksum alone', 'UPDATE blocks SET hot_checksum = hot_checksum + 1', length],
  ])('saves what lies before the damage: %s', async (_what, change, saved) => {
    await repaired(change, async (before, after) => {
      const events = await eventsOf(after.log, sessionId)
      expect(events.length).toBeGreaterThanOrEqual(saved)
      // Repair records nothing of its own in the session.
      expect(events.slice(0, saved)).toEqual((await eventsOf(before.log, sessionId)).slice(0, saved))
      expect(await after.verify()).toMatchObject({ ok: true })
      const stateIn = async (waymark: Waymark) => (await waymark.openSession(sessionId)).at(saved)
      expect(stateHash(await stateIn(after))).toBe(stateHash(await stateIn(before)))
    })
  })
})
