/**
 * Goal: several processes on one log lose nothing, repeat nothing and leave no gap, and nothing acknowledged is lost when one is
 * killed. Method: real processes that append batches of two, some killed with SIGKILL at any moment.
 */
import { spawnSync } from 'node:child_process'
import { chmod } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { LoggedEvent } from '../../src/events/envelope.ts'
import type { EventLog } from '../../src/log/port.ts'
import { openSqliteLog } from '../../src/store/sqlite/open.ts'
import { read, sessionOf, streamWith } from '../../src/testing/store/samples.ts'
import { projectRoot, startWorker, until, type Worker } from '../support/processes.ts'
import { ensureBuilt, type TestFolder, temporaryLog } from './files.ts'

const a = sessionOf('a')
const appender = '../../store/workers/append.mjs'
let place: TestFolder
let log: EventLog

beforeAll(() => ensureBuilt(), 120_000)
beforeEach(async () => {
  place = await temporaryLog()
  log = await openSqliteLog({ path: place.path })
  await streamWith(log, a, 'first')
})
afterEach(async () => {
  await log.close()
  await place.remove()
})

/** Versions of the first event of each acknowledged command. */
function acknowledgedBy(worker: Worker): Map<string, number> {
  const lines = worker.lines.filter((line) => line !== 'ready')
  return new Map(lines.map((line) => [line.split(' ')[0] ?? '', Number(line.split(' ')[1])]))
}

function expectSound(events: readonly LoggedEvent[], acknowledged: Map<string, number>): void {
  expect(events.map(({ version }) => version)).toEqual(events.map((_, index) => index + 1))
  const firsts = new Map(
    events.filter(({ index }) => index === 0).map((event) => [event.commandId, event.version]),
  )
  for (const [commandId, version] of acknowledged) expect(firsts.get(commandId), commandId).toBe(version)
  for (const event of events.filter(({ index }) => index === 1)) {
    expect(events[event.version - 2]).toMatchObject({ commandId: event.commandId, index: 0 })
  }
  const ids = events.map(({ commandId, index }) => `${commandId}/${index}`)
  expect(new Set(ids).size).toBe(ids.length)
  const positions = events.map(({ position }) => position)
  expect(positions).toEqual([...positions].sort((x, y) => x - y))
}

describe('several processes', () => {
  it('append to one stream without loss, repetition, gap or mixed batches, while this one reads and appends', async () => {
    const workers = ['x', 'y', 'z'].map((prefix) => startWorker(appender, place.path, a, prefix, '80'))
    for (let n = 0; n < 20; n++) {
      await streamWith(log, a, `own-${n}`)
      await read(log, a)
    }
    const ends = await Promise.all(workers.map(({ ended }) => ended))
    expect(ends.map(({ code, stderr }) => [code, stderr])).toEqual([
      [0, ''],
      [0, ''],
      [0, ''],
    ])
    const events = await read(log, a)
    expect(events.length).toBe(1 + 20 + 3 * 80 * 2)
    expectSound(events, new Map(workers.flatMap((worker) => [...acknowledgedBy(worker)])))
  }, 60_000)

  it('make a log at the same time: one makes the tables, all write', async () => {
    const fresh = await temporaryLog()
    const workers = Array.from({ length: 5 }, () =>
      startWorker('../../store/workers/look.mjs', fresh.path, a),
    )
    for (const worker of workers) {
      expect(await worker.ended).toMatchObject({ code: 0, stderr: '' })
      expect(worker.lines[1]).toBe('written')
    }
    await fresh.remove()
  }, 60_000)

  it('killed with SIGKILL at any moment lose no acknowledged event and leave no half batch', async () => {
    const acknowledged = new Map<string, number>()
    for (let round = 0; round < 12; round++) {
      const worker = startWorker(appender, place.path, a, `round-${round}`, '100000')
      const wanted = 1 + ((round * 7) % 23)
      await until(() => worker.lines.length > wanted, `${wanted} acknowledgements`)
      await new Promise((resolve) => setTimeout(resolve, (round * 3) % 5))
      worker.child.kill('SIGKILL')
      expect(await worker.ended).toMatchObject({ signal: 'SIGKILL', stderr: '' })
      for (const [commandId, version] of acknowledgedBy(worker)) acknowledged.set(commandId, version)
      await streamWith(log, a, `after-${round}`)
    }
    expect(acknowledged.size).toBeGreaterThan(100)
    expectSound(await read(log, a), acknowledged)
  }, 60_000)
})

describe('a folder that may not be written to', () => {
  const nobody = 65_534
  /** Whether this process may become another user, and that one may run this Node and read the built package. */
  const canBecomeNobody =
    process.getuid?.() === 0 &&
    spawnSync(process.execPath, ['--check', join(projectRoot, 'dist/src/index.js')], {
      uid: nobody,
      gid: nobody,
    }).status === 0
  const why = canBecomeNobody ? '' : ': skipped, this process cannot become a user who may not write'

  it.skipIf(!canBecomeNobody)(`can be read and not written${why}`, async () => {
    await log.close()
    await chmod(place.path, 0o444)
    await chmod(dirname(place.path), 0o555)
    await chmod(place.folder, 0o555)
    const worker = join(projectRoot, 'test/store/workers/look.mjs')
    const { stdout, stderr } = spawnSync(process.execPath, [worker, place.path, a], {
      uid: nobody,
      gid: nobody,
      encoding: 'utf8',
    })
    expect([...stdout.trim().split('\n'), stderr]).toEqual(['1 events', 'HOME_NOT_WRITABLE', ''])
    await chmod(place.folder, 0o755)
    await chmod(dirname(place.path), 0o755)
    log = await openSqliteLog({ path: place.path })
  })
})
