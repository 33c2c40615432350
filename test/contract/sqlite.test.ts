/** The promises of a store, held with every SQLite library that can be had on this Node. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { findDrivers, openSqliteLog } from '../../src/store/sqlite/open.ts'
import { storeConformance } from '../../src/testing/store/conformance.ts'

const drivers = await findDrivers()

it('there is a SQLite to test with', () => {
  expect(drivers.filter((found) => 'driver' in found)).not.toEqual([])
})

for (const found of drivers) {
  if ('missing' in found) {
    describe.skip(`a log in ${found.name}: skipped, ${found.missing}`, () => it('is not here', () => {}))
    continue
  }
  const { driver } = found
  const open = async () => {
    const home = await mkdtemp(join(tmpdir(), 'waymark-contract-'))
    const folder = join(home, 'sessions')
    const openIn = async (place: string) => openSqliteLog({ path: join(place, 'waymark.db'), driver })
    return {
      log: await openIn(folder),
      openAgain: async () => openIn(folder),
      files: { folder, newest: () => 'waymark.db-wal', open: openIn },
      remove: async () => rm(home, { recursive: true, force: true }),
    }
  }
  describe(`a log in ${driver.name} (SQLite ${driver.sqliteVersion})`, () => {
    for (const { name, run } of storeConformance(open, { tearsMax: 40 })) it(name, run)
  })
}
