/** The contract against every SQLite library that can be had on this Node. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { findDrivers, openSqliteLog } from '../../src/store/sqlite/open.ts'
import { describeLog } from './log-contract.ts'

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
  describeLog(`${driver.name} (SQLite ${driver.sqliteVersion})`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'waymark-contract-'))
    const open = async () => openSqliteLog({ path: join(folder, 'sessions', 'waymark.db'), driver })
    return {
      log: await open(),
      openAgain: open,
      remove: async () => rm(folder, { recursive: true, force: true }),
    }
  })
}
