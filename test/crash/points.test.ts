/**
 * Goal: at whatever call of the system a process is killed while it records, brings an old home up to date or imports, what was
 * acknowledged is there once, nothing is there by half, and whoever comes next goes on. Method: one run is left alone and tells its
 * calls on the store's files; then a process is killed with SIGKILL before a write, in the middle of one, between write and fsync, after
 * the fsync, at truncations and where the helper files end, each in a home of its own.
 */
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { LoggedEvent } from '../../src/events/envelope.ts'
import { stateHash } from '../../src/fold/fold.ts'
import { loadState } from '../../src/replay/load.ts'
import { storePathOf } from '../../src/session/home.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { schemaVersion } from '../../src/store/sqlite/migrations.ts'
import { bestDriver } from '../../src/store/sqlite/open.ts'
import { fixture, imported, storyOf } from '../import/support.ts'
import { killedAtPoints, storeFiles } from '../support/crash-points.ts'
import { eventsOf } from '../support/events.ts'
import { missing, titled } from '../support/interposer.ts'
import { projectRoot, startWorkerWith, temporaryHome } from '../support/processes.ts'

const count = 5
const commandOf = (n: number) => ({ type: 'task.add', taskId: `t-${n}`, title: `task ${n}` }) as const

describe.skipIf(missing !== null)(titled('kill -9 at a named point'), () => {
  it('of recording: what was acknowledged is there once, and sending all of it again repeats nothing', {
    timeout: 1_800_000,
  }, async () => {
    const { home: original, remove } = await temporaryHome()
    const made = await Waymark.open({ home: original, memoryFiles: false })
    const { id } = await made.createSession({ title: 'killed at points' })
    await made.close()
    const found = { acknowledged: 0, only: 0, lost: 0 }
    const deaths = await killedAtPoints(
      { original, files: storeFiles, perNameMax: 2 },
      (home, environment) => startWorkerWith(environment, 'record.mjs', home, id, 't', String(count)),
      async ({ home, lines }) => {
        const told = new Map(
          lines
            .slice(1)
            .map((line) => line.split(' '))
            .map(([task = '', version]) => [task, version]),
        )
        const waymark = await Waymark.open({ home, memoryFiles: false })
        expect(await waymark.recover(id)).toMatchObject({ damage: null })
        const before = tasksIn(await eventsOf(waymark.log, id))
        for (const [commandId, version] of told) expect(before.get(commandId)).toEqual([Number(version)])
        expect(before.size - told.size).toBeLessThanOrEqual(1)
        found.acknowledged += told.size
        found.only += before.size - told.size
        found.lost += count - before.size
        const session = await waymark.openSession(id)
        for (let n = 0; n < count; n++) await session.send(commandOf(n), { commandId: `t-${n}` })
        const events = await eventsOf(waymark.log, id)
        expect(events.map(({ version }) => version)).toEqual(events.map((_, index) => index + 1))
        const after = tasksIn(events)
        expect([...after.values()].map((versions) => versions.length)).toEqual(Array(count).fill(1))
        for (const [commandId, versions] of before) expect(after.get(commandId)).toEqual(versions)
        expect(await waymark.verify()).toMatchObject({ ok: true })
        await waymark.close()
      },
    )
    expect(deaths.length).toBeGreaterThan(7)
    // Some died with everything unsaid, some after it was on disk and before they could say so.
    expect(Object.values(found).every((sum) => sum > 0)).toBe(true)
    await remove()
  })

  it('of a migration: the file is of the old schema or of the new one, and the next open ends it', {
    timeout: 1_800_000,
  }, async () => {
    const { home: original, remove } = await temporaryHome()
    const packed = await readFile(join(projectRoot, 'test/fixtures/homes/schema-1.db.gz'))
    await mkdir(dirname(storePathOf(original)), { recursive: true })
    await writeFile(storePathOf(original), gunzipSync(packed), { mode: 0o600 })
    const whole = join(dirname(original), 'whole')
    await cp(original, whole, { recursive: true })
    const expected = await storyIn(whole)
    const [sessionId = ''] = Object.keys(expected)
    const schemas = new Set<number>()
    await killedAtPoints(
      { original, files: storeFiles, perNameMax: 1 },
      (home, environment) => startWorkerWith(environment, 'record.mjs', home, sessionId, 'x', '0'),
      async ({ home }) => {
        schemas.add(await schemaOf(home))
        expect(await storyIn(home)).toEqual(expected)
        expect(await schemaOf(home)).toBe(schemaVersion)
      },
    )
    expect([...schemas].sort((a, b) => a - b)).toEqual([1, schemaVersion])
    await remove()
  })

  it('of an import: it goes on, and ends with the same events', { timeout: 1_800_000 }, async () => {
    const { home: original, remove } = await temporaryHome()
    await (await Waymark.open({ home: original, memoryFiles: false })).close()
    const file = fixture('claude-code/12-tasks.jsonl')
    const expected = await storyOf((await imported([file])).log)
    const appended = new Set<number>()
    await killedAtPoints(
      { original, files: storeFiles, perNameMax: 1 },
      (home, environment) => startWorkerWith(environment, 'import.mjs', home, file),
      async ({ home }) => {
        const waymark = await Waymark.open({ home, memoryFiles: false })
        const { result } = await imported([file], waymark.log)
        appended.add(result.appended)
        expect(await storyOf(waymark.log)).toEqual(expected)
        expect((await imported([file], waymark.log)).result.appended).toBe(0)
        expect(await waymark.verify()).toMatchObject({ ok: true })
        await waymark.close()
      },
    )
    expect(appended.size).toBeGreaterThan(1)
    await remove()
  })
})

/** The versions at which each command added a task. */
function tasksIn(events: readonly LoggedEvent[]): ReadonlyMap<string, readonly number[]> {
  const tasks = new Map<string, number[]>()
  for (const { type, commandId, version } of events) {
    if (type === 'task.added') tasks.set(commandId, [...(tasks.get(commandId) ?? []), version])
  }
  return tasks
}

/** The events of each session of a home and the state they lead to, once the home has been brought up to date. */
async function storyIn(home: string): Promise<Readonly<Record<string, unknown>>> {
  const waymark = await Waymark.open({ home, memoryFiles: false })
  const story: Record<string, unknown> = {}
  for await (const { sessionId } of waymark.sessions()) {
    const { state } = await loadState(waymark.log, sessionId)
    story[sessionId] = [await eventsOf(waymark.log, sessionId), stateHash(state)]
  }
  expect(await waymark.verify()).toMatchObject({ ok: true })
  await waymark.close()
  return story
}

/** The schema of a home's file; what it says must be what its tables are. */
async function schemaOf(home: string): Promise<number> {
  const connection = (await bestDriver()).open(storePathOf(home), 'read-write')
  const schema = Number(connection.prepare('PRAGMA user_version').get()?.user_version)
  const names = connection.prepare(`SELECT name FROM sqlite_schema WHERE name IN ('batches', 'blocks')`).all()
  connection.close()
  expect(names).toEqual([{ name: schema === 1 ? 'batches' : 'blocks' }])
  return schema
}
