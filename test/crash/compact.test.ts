/**
 * Goal: a compaction that is killed at any moment leaves a sound log, and so does one beside processes that write.
 * Method: a real process compacts a copy of a file with much to give back, and is killed with SIGKILL after a part of the time
 * that a whole compaction takes; the parts go over all of it.
 */
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { stateHash } from '../../src/fold/fold.ts'
import { sha256 } from '../../src/kernel/hash.ts'
import type { StoredSnapshot } from '../../src/log/port.ts'
import { loadState } from '../../src/replay/load.ts'
import { planRecovery } from '../../src/replay/recover.ts'
import { packSnapshot } from '../../src/replay/snapshot/snapshot.ts'
import { verifyLog } from '../../src/replay/verify/verify.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { openSqliteLog } from '../../src/store/sqlite/open.ts'
import { listed, rowsOf } from '../../src/testing/store/samples.ts'
import { ensureBuilt, standardDriver, temporaryLog } from '../store/files.ts'
import { startWorker, temporaryHome, until } from '../support/processes.ts'

const events = 40
const contents = 12

/** Text that compression cannot make small. */
const noise = (seed: number, characters: number): string =>
  Array.from({ length: Math.ceil(characters / 64) }, (_, index) => sha256(`${seed} ${index}`)).join('')

const kills = 24
const compactor = '../../store/workers/compact.mjs'

beforeAll(() => ensureBuilt(), 120_000)

/** A log whose session has a snapshot at each version, many of them large. */
async function prepare(path: string): Promise<string> {
  const log = await openSqliteLog({ path })
  const waymark = await Waymark.open({ store: log, policies: [] })
  const session = await waymark.createSession()
  const tasks = Array.from({ length: events }, (_, n) => n)
  await Promise.all(
    tasks.map(async (n) =>
      session.send({ type: 'task.add', taskId: `T-${n}`, title: 'a task', description: noise(n, 16_000) }),
    ),
  )
  const rows = await rowsOf(log, session.id)
  const snapshots: StoredSnapshot[] = []
  for (let version = 1; version <= session.version; version++) {
    const { state } = await loadState(log, session.id, version)
    snapshots.push(packSnapshot(state, rows[version - 1]?.hash ?? '', null))
  }
  await log.transact((transaction) => {
    for (const snapshot of snapshots) transaction.putSnapshot(snapshot)
    for (let n = 0; n < contents; n++) {
      const text = noise(-n - 1, 1_500_000)
      transaction.putContent(sha256(text), Buffer.from(text))
    }
  })
  // Everything into the one file that is going to be copied.
  await log.compact({ dropSnapshot: () => false })
  await log.close()
  return session.id
}

it('killed at any moment of a compaction, the log holds every event, verifies, and recovers to the same state', {
  timeout: 180_000,
}, async () => {
  const place = await temporaryLog()
  const id = await prepare(place.path)
  const original = await openSqliteLog({ path: place.path, readOnly: true })
  const rows = await rowsOf(original, id)
  const hash = stateHash((await planRecovery(original, id)).state)
  await original.close()
  const driver = await standardDriver()
  let killed = 0
  let droppedBeforeTheKill = 0
  let wholeMs = 0
  for (let round = 0; round <= kills; round++) {
    const path = join(place.folder, `copy-${round}.db`)
    await copyFile(place.path, path)
    const worker = startWorker(compactor, path, String(events))
    await until(() => worker.lines.length > 0 || worker.child.exitCode !== null, 'the compaction to begin')
    const start = performance.now()
    if (round === 0) {
      // The first one is not killed: it tells how long a whole compaction takes.
      await until(() => worker.lines.length > 1, 'a whole compaction')
      wholeMs = performance.now() - start
    } else {
      await new Promise((resolve) => setTimeout(resolve, (wholeMs * round) / kills))
      worker.child.kill('SIGKILL')
    }
    const { signal, stderr } = await worker.ended
    expect(stderr).toBe('')
    const log = await openSqliteLog({ path })
    const left = await listed(log.snapshots(id))
    if (signal === 'SIGKILL') {
      killed += 1
      if (left.length === 1) droppedBeforeTheKill += 1
    }
    expect([1, events + 1]).toContain(left.length)
    expect(await rowsOf(log, id)).toEqual(rows)
    expect(await verifyLog(log)).toMatchObject({ ok: true })
    expect(stateHash((await planRecovery(log, id)).state)).toBe(hash)
    const whole = await log.compact({ dropSnapshot: ({ version }) => version <= events, scrub: true })
    expect(whole.bytesFree).toBe(0)
    await log.close()
    const connection = driver.open(path, 'read-only')
    expect(connection.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
    connection.close()
  }
  // How many of each depends on how busy the machine is; without any of them the test would have shown nothing.
  expect(killed).toBeGreaterThan(kills / 4)
  expect(droppedBeforeTheKill).toBeGreaterThan(0)
  await place.remove()
})

it('beside processes that write, compaction after compaction takes nothing of what they were told is there', {
  timeout: 120_000,
}, async () => {
  const { home, remove } = await temporaryHome()
  const waymark = await Waymark.open({ home })
  const { id } = await waymark.createSession({ title: 'compacted while it is written to' })
  const writers = ['left', 'right'].map((side) => startWorker('record.mjs', home, id, side, '150', '3'))
  let rounds = 0
  let ended = 0
  for (const { ended: end } of writers) void end.then(() => (ended += 1))
  while (ended < writers.length) {
    // Something to give back each time, so that the file is copied under the writers.
    await waymark.log.transact((transaction) => {
      const stream = transaction.stream(id)
      if (stream === null) throw new Error('the session is there')
      const body = Buffer.alloc(3_000_000, rounds)
      const place = { sessionId: id, version: stream.version, kind: 'keyframe', checkpointId: null } as const
      const rest = { foldVersion: -1, timeMax: null, parts: [], bodyHash: '', chainHash: stream.hash }
      transaction.putSnapshot({ ...place, ...rest, body })
    })
    // The first time, the snapshot of the session's start too.
    const snapshotsDropped = rounds === 0 ? 2 : 1
    expect(await waymark.log.compact({ dropSnapshot: () => true })).toMatchObject({ snapshotsDropped })
    rounds += 1
    // Gives the writers' lines and ends a turn to be heard.
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  for (const writer of writers) expect(await writer.ended).toMatchObject({ code: 0, stderr: '' })
  expect(rounds).toBeGreaterThan(2)
  const printed = writers.flatMap(({ lines }) => lines.slice(1).map((line) => Number(line.split(' ')[1])))
  expect(printed.toSorted((x, y) => x - y)).toEqual(Array.from({ length: 300 }, (_, n) => n + 3))
  expect(await waymark.verify()).toMatchObject({ ok: true })
  await waymark.close()
  await remove()
})
