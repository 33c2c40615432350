/**
 * Goal: a damaged parent is told with its place, forks nothing wrong, and what lies before the damage still forks and merges.
 * Method: a real SQLite file in which one row of the shared past is changed behind Waymark's back.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Waymark } from '../../src/session/waymark.ts'
import type { SqliteDriver } from '../../src/store/sqlite/driver.ts'
import { findDrivers, openSqliteLog } from '../../src/store/sqlite/open.ts'

describe('branches of a damaged session', () => {
  it('a fork of a fork of it is told to be damaged, at its place; one from before the damage works', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'waymark-branch-'))
    const path = join(folder, 'waymark.db')
    let driver: SqliteDriver | undefined
    for (const found of await findDrivers()) if ('driver' in found) driver ??= found.driver
    if (driver === undefined) throw new Error('no SQLite here')
    const made = await Waymark.open({ store: await openSqliteLog({ path, driver }), policies: [] })
    const parent = await made.createSession()
    for (let n = 2; n <= 12; n++)
      await parent.send({ type: 'task.add', taskId: `T-${n}`, title: `number ${n}` })
    const deeper = await (await parent.fork()).fork()
    await deeper.send({ type: 'task.add', taskId: 'deep', title: 'deep' })
    await made.close()
    const connection = driver.open(path, 'read-write')
    connection.exec(
      `UPDATE events SET data = replace(data, 'number 8', 'number 9') WHERE place % 4294967296 = 8`,
    )
    connection.close()

    const waymark = await Waymark.open({ store: await openSqliteLog({ path, driver }), policies: [] })
    const position = await waymark.log.position()
    const damage = { code: 'DAMAGED_RECORD', details: { version: 8 } }
    await expect(waymark.fork(deeper.id)).rejects.toMatchObject(damage)
    await expect(waymark.fork(parent.id, { at: 9 })).rejects.toMatchObject(damage)
    await expect(waymark.openSession(deeper.id)).rejects.toMatchObject(damage)
    const sound = await waymark.fork(deeper.id, { at: 7 })
    const other = await waymark.fork(parent.id, { at: 7 })
    await sound.send({ type: 'task.add', taskId: 'new', title: 'new' })
    expect(await other.merge(sound)).toMatchObject({ recorded: true, conflicts: [] })
    await expect(other.merge(deeper.id)).rejects.toMatchObject(damage)
    await expect(other.rewind({ to: 3 })).resolves.toMatchObject({ recorded: true })
    expect(await waymark.log.position()).toBe(position + 2 + 1 + 2 + 1)
    await waymark.close()
    await rm(folder, { recursive: true, force: true })
  })
})
