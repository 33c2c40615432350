/** `waymark maintain` as it is typed: on homes of every kind, in repositories and out of them, beside a process that writes. */
import { chmodSync, existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { gitVersion } from '../../src/session/git.ts'
import { writesLayers } from '../../src/session/pack-index.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { findBetterSqlite3 } from '../../src/store/sqlite/better-sqlite3.ts'
import { findNodeSqlite } from '../../src/store/sqlite/node-sqlite.ts'
import { makeRepository } from '../support/repository.ts'
import { checkpointShape, checkpointsShape, errorShape, verifyShape } from './shapes.ts'
import { built, makePlace, type Place } from './support.ts'

beforeAll(built, 180_000)

const count = z.int().min(0)
const maintainShape = z.strictObject({
  dryRun: z.boolean(),
  checkpointsArchived: count,
  store: z.strictObject({
    bytesBefore: count,
    bytesAfter: count.nullable(),
    bytesFree: count.nullable(),
    snapshotsDropped: count,
    snapshotBytes: count,
  }),
  git: z.discriminatedUnion('done', [
    z.strictObject({ folder: z.string(), done: z.literal(true), renewed: z.boolean() }),
    z.strictObject({ folder: z.string(), done: z.literal(false), failed: z.boolean(), reason: z.string() }),
  ]),
})

const long = (n: number): string =>
  Array.from({ length: 150 }, (_, index) => Math.sin(n * 151 + index).toString(36))
    .join('')
    .slice(0, 1_900)

/** A session with several keyframes, all but the newest as another version of the fold made them. */
async function worked(place: Place): Promise<string> {
  const keyframed = await place.session({ title: 'long' })
  const observations = Array.from({ length: 2_700 }, (_, n) => ({
    type: 'observation.record',
    kind: 'long',
    detail: long(n),
  }))
  await place.send(keyframed, ...observations)
  await makeOlder(place)
  return keyframed
}

async function makeOlder(place: Place): Promise<void> {
  const found = [findNodeSqlite(), await findBetterSqlite3()].find((one) => 'driver' in one)
  if (found === undefined || !('driver' in found)) throw new Error('no SQLite to make snapshots older with')
  const connection = found.driver.open(join(place.home, 'sessions/waymark.db'), 'read-write')
  connection.exec(
    'UPDATE snapshots SET fold_version = 1 WHERE version < (SELECT max(version) FROM snapshots)',
  )
  connection.close()
}

describe('maintain', () => {
  it('makes the store smaller, and says what it did; a second time there is nothing to do', async () => {
    const place = await makePlace()
    const id = await worked(place)
    const before = await place.library(async (waymark) => (await waymark.openSession(id)).version)
    const planned = await place.json(maintainShape, 'maintain', '--dry-run')
    expect(planned).toMatchObject({ dryRun: true, store: { bytesAfter: null, bytesFree: null } })
    expect(planned.store.snapshotsDropped).toBeGreaterThan(1)
    const done = await place.json(maintainShape, 'maintain')
    expect(done).toMatchObject({ dryRun: false, store: { snapshotsDropped: planned.store.snapshotsDropped } })
    expect(done.store.bytesAfter).toBe(statSync(join(place.home, 'sessions/waymark.db')).size)
    // What SQLite learns of the tables takes a page or two the first time.
    expect(done.store.bytesAfter).toBeLessThanOrEqual(done.store.bytesBefore + 8_192)
    expect(done.store.snapshotBytes).toBeGreaterThan(0)
    expect((await place.json(maintainShape, 'maintain')).store).toMatchObject({ snapshotsDropped: 0 })
    expect(await place.json(verifyShape, 'verify')).toMatchObject({ ok: true })
    expect(await place.library(async (waymark) => (await waymark.openSession(id)).version)).toBe(before)
  })

  it('says it to people in lines, and of a dry run that nothing was changed', async () => {
    const place = await makePlace()
    await place.session()
    const { code, stdout, stderr } = await place.run(['maintain'])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/^store\t[\d,]+ bytes before, [\d,]+ bytes now$/m)
    expect(stdout).toMatch(/^dropped\t0 snapshots$/m)
    expect(stdout).toMatch(/^archived\t0 checkpoints$/m)
    expect(stdout).toMatch(/^git\t\S+project is in no git repository$/m)
    const dry = await place.run(['maintain', '--dry-run'])
    expect(dry.stdout).toMatch(/^would drop\t0 snapshots$/m)
    expect(dry.stderr).toBe('nothing was changed\n')
  })

  it('archives checkpoints that are old, and drops their snapshots', async () => {
    const place = await makePlace()
    const id = await place.session()
    const day = 24 * 60 * 60 * 1_000
    const at = (days: number) => new Date(Date.now() - days * day).toISOString()
    // What recorded in the past is a home whose clock stood then.
    for (const days of [30, 20, 1]) {
      const clock = { now: () => at(days) }
      const waymark = await Waymark.open({ home: place.home, clock, policies: [] })
      const session = await waymark.openSession(id)
      await session.send({ type: 'task.add', taskId: `T-${days}`, title: 'a task' })
      await session.checkpoint({ reason: `${days} days ago` })
      await waymark.close()
    }
    const planned = await place.json(maintainShape, 'maintain', '--dry-run')
    expect(planned).toMatchObject({ checkpointsArchived: 2, store: { snapshotsDropped: 2 } })
    expect(await place.json(maintainShape, 'maintain')).toMatchObject({
      checkpointsArchived: 2,
      store: { snapshotsDropped: 2, snapshotBytes: planned.store.snapshotBytes },
    })
    expect(await place.json(maintainShape, 'maintain')).toMatchObject({ checkpointsArchived: 0 })
    expect((await place.run(['recover', id])).stdout).toMatch(/^came back from\tcheckpoint ckpt_/m)
    expect(await place.json(verifyShape, 'verify')).toMatchObject({ ok: true })
  })

  it('leaves memory files as the log says, the current session current, and a second run nothing to do', async () => {
    const place = await makePlace()
    const day = 24 * 60 * 60 * 1_000
    const options = { home: place.home, clock: { now: () => new Date(Date.now() - 30 * day).toISOString() } }
    const waymark = await Waymark.open(options)
    const old = await waymark.createSession({ title: 'old' })
    for (let n = 0; n < 3; n++) {
      await old.send({ type: 'task.add', taskId: `T-${n}`, title: 'a task' })
      await old.checkpoint()
    }
    await waymark.close()
    const ids = old.state.checkpoints.map(({ id }) => id)
    const aside = (id: string | undefined) =>
      existsSync(join(place.home, `sessions/checkpoints/archive/${id}.json`))
    const versionOf = (id: string) => place.library(async (home) => (await home.openSession(id)).version)
    const planned = await place.json(maintainShape, 'maintain', '--dry-run')
    expect(planned.checkpointsArchived).toBe(ids.length - 1)
    expect(await place.json(maintainShape, 'maintain')).toMatchObject({ checkpointsArchived: ids.length - 1 })
    expect(await place.run(['sync', '--check'])).toMatchObject({ code: 0 })
    expect(ids.map(aside)).toEqual(ids.map((_, index) => index < ids.length - 1))
    const version = await versionOf(old.id)
    expect(version).toBe(old.version + 1)
    const listed = await place.run(['checkpoints', old.id])
    expect(listed.stdout.split('\n').filter((line) => line.includes('\tarchived\t'))).toHaveLength(
      ids.length - 1,
    )
    const current = await place.session({ title: 'current' })
    for (let time = 0; time < 2; time++) {
      expect(await place.json(maintainShape, 'maintain')).toMatchObject({ checkpointsArchived: 0 })
      expect((await place.run(['sync'])).code).toBe(0)
    }
    expect(await versionOf(old.id)).toBe(version)
    const shown = await place.json(z.object({ session_id: z.string() }), 'debug', '--show-session-state')
    expect(shown.session_id).toBe(current)
  })

  it('works on a home without sessions, and says where there is no home', async () => {
    const place = await makePlace()
    expect(await place.json(maintainShape, 'maintain')).toMatchObject({ store: { snapshotsDropped: 0 } })
    const bare = await makePlace({ bare: true })
    const { code, stderr } = await bare.run(['maintain', '--json'])
    expect(code).toBe(2)
    expect(errorShape.parse(JSON.parse(stderr)).error.code).toBe('HOME_NOT_FOUND')
  })

  // Who is root may write everywhere.
  it.skipIf(process.getuid?.() === 0)('refuses a home that may not be written to', async () => {
    const place = await makePlace()
    const sessions = join(place.home, 'sessions')
    chmodSync(join(sessions, 'waymark.db'), 0o400)
    chmodSync(sessions, 0o500)
    const { code, stderr } = await place.run(['maintain', '--json'])
    chmodSync(sessions, 0o700)
    expect(code).toBe(1)
    expect(errorShape.parse(JSON.parse(stderr)).error.code).toBe('HOME_NOT_WRITABLE')
  })

  it('beside a process that records, both do what they were asked', async () => {
    const place = await makePlace()
    const id = await worked(place)
    const commands = Array.from({ length: 300 }, (_, n) =>
      JSON.stringify({ type: 'task.add', taskId: `beside-${n}`, title: 'a task' }),
    )
    const recording = place.run(['send', id, '-', '--json'], { input: `${commands.join('\n')}\n` })
    const done = await place.json(maintainShape, 'maintain')
    expect(done.store.snapshotsDropped).toBeGreaterThan(0)
    const { code, stdout } = await recording
    expect(code).toBe(0)
    expect(stdout.trim().split('\n').length).toBe(300)
    expect(await place.json(verifyShape, 'verify')).toMatchObject({ ok: true })
  })
})

describe('in a git repository', () => {
  it('writes the multi-pack index, or says why this git cannot; not when it is told to leave it', async () => {
    const place = await makePlace()
    const repository = makeRepository('git', place.folder)
    repository.write('file', 'text')
    repository.commit('first')
    repository.git('repack', '-d', '--quiet')
    const version = await gitVersion()
    const { git } = await place.json(maintainShape, 'maintain')
    const older = {
      done: false,
      failed: false,
      reason: expect.stringContaining(`git ${version?.text} is older than 2.47`),
    }
    const expected = version !== null && writesLayers(version) ? { done: true, renewed: false } : older
    expect(git).toEqual({ folder: place.folder, ...expected })
    expect((await place.json(maintainShape, 'maintain', '--no-git')).git).toEqual({
      folder: place.folder,
      done: false,
      failed: false,
      reason: 'left alone, as --no-git says',
    })
  })

  it('that git cannot read: the store is compacted all the same, the reason told, the exit code 1', async () => {
    const place = await makePlace()
    const repository = makeRepository('git', place.folder)
    repository.write('.git/config', 'no configuration [')
    const { code, stdout } = await place.run(['maintain', '--json'])
    expect(code).toBe(1)
    const report = maintainShape.parse(JSON.parse(stdout))
    expect(report.git).toMatchObject({ done: false, failed: true, reason: expect.stringContaining('config') })
    expect(report.store.bytesAfter).not.toBeNull()
  })

  it('is the one of the folder above the home, and for a home of another name the one that is stood in', async () => {
    const place = await makePlace()
    const elsewhere = makeRepository().folder
    const above = await place.run(['maintain', '--dry-run', '--json', '--home', place.home], {
      cwd: elsewhere,
    })
    expect(maintainShape.parse(JSON.parse(above.stdout)).git.folder).toBe(place.folder)
    const named = join(place.folder, 'sessions-of-all')
    await place.run(['init', '--home', named])
    const stood = await place.run(['maintain', '--dry-run', '--json', '--home', named], { cwd: elsewhere })
    expect(maintainShape.parse(JSON.parse(stood.stdout)).git.folder).toBe(elsewhere)
  })
})

describe('checkpoint', () => {
  it('notes commit, branch and whether there was work not committed', async () => {
    const place = await makePlace()
    const id = await place.session()
    const none = { gitHead: null, gitBranch: null, gitDirty: null }
    expect(await place.json(checkpointShape, 'checkpoint', id)).toMatchObject(none)
    const repository = makeRepository('git', place.folder)
    const gitHead = repository.commit('first')
    const clean = { gitHead, gitBranch: 'main', gitDirty: false }
    expect(await place.json(checkpointShape, 'checkpoint', id)).toMatchObject(clean)
    repository.write('new', 'text')
    const dirty = { ...clean, gitDirty: true }
    expect(await place.json(checkpointShape, 'checkpoint', id)).toMatchObject(dirty)
    const { stderr } = await place.run(['checkpoint', id])
    expect(stderr).toContain(`git ${gitHead.slice(0, 12)} on main, with changes that are not committed`)
    const listed = await place.json(checkpointsShape, 'checkpoints', id)
    expect(listed.map(({ gitDirty }) => gitDirty).slice(-4)).toEqual([null, false, true, true])
  })
})
