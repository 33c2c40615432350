/**
 * Goal: a place in time is found by a bounded search, and is the one that reading from the first event finds.
 * Method: events with times that step back and forth, keyframes at random versions, forks; compared with the plain scan.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LoggedEvent } from '../../src/events/envelope.ts'
import { stateHash } from '../../src/fold/fold.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { EventLog, VersionRange } from '../../src/log/port.ts'
import { stateAt, versionAt } from '../../src/replay/at.ts'
import { loadState } from '../../src/replay/load.ts'
import { latestTime } from '../../src/replay/snapshot/latest-time.ts'
import { packSnapshot } from '../../src/replay/snapshot/snapshot.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { eventsOf } from '../support/events.ts'

const start = Date.parse('2026-01-01T00:00:00.000Z')

function timeOf(minute: number): string {
  return new Date(start + minute * 60_000).toISOString()
}

/** What `versionAt` means, said plainly. */
function plainVersionAt(events: readonly LoggedEvent[], time: string): number {
  let version = 0
  for (const event of events) {
    if (event.index === 0 && Date.parse(event.time) > Date.parse(time)) return version
    version = event.version
  }
  return version
}

async function putKeyframe(log: EventLog, sessionId: string, version: number): Promise<void> {
  const { state } = await loadState(log, sessionId, version)
  const hash = (await log.chainHash(sessionId, version)) ?? ''
  await log.transact((transaction) =>
    transaction.putSnapshot(packSnapshot(state, hash, null, latestTime(transaction, sessionId, version))),
  )
}

/** A session whose events have the times of these minutes, one after the other. */
async function sessionOf(log: EventLog, minutes: readonly number[]): Promise<string> {
  // It begins before any of them.
  const waymark = await Waymark.open({ store: log, clock: { now: () => timeOf(-10) } })
  const session = await waymark.createSession()
  for (const [n, minute] of minutes.entries()) {
    const command = { type: 'observation.record', kind: 'k', detail: String(n) } as const
    await session.send(command, { time: timeOf(minute) })
  }
  return session.id
}

/** Counts the events that are read. */
class CountingLog extends MemoryLog {
  count = 0

  override async *read(
    sessionId: string,
    range?: VersionRange,
  ): AsyncGenerator<readonly LoggedEvent[], void, undefined> {
    for await (const page of super.read(sessionId, range)) {
      this.count += page.length
      yield page
    }
  }

  override readToFold(
    sessionId: string,
    range?: VersionRange,
  ): AsyncGenerator<readonly LoggedEvent[], void, undefined> {
    return this.read(sessionId, range)
  }
}

describe('versionAt', () => {
  it('refuses a session that is not there, and a time that is none', async () => {
    const log = new MemoryLog()
    await expect(stateAt(log, 'sess_none', timeOf(1))).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' })
    await expect(versionAt(log, 'sess_none', 'at noon')).rejects.toMatchObject({
      code: 'USAGE',
      message: '"at noon" is no time',
      hint: 'write it as 2026-01-31T12:00:00Z',
    })
  })

  it('law: finds the version that a scan of all events finds, however times step back and wherever keyframes are', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 150 }),
        fc.array(fc.nat(), { maxLength: 6 }),
        fc.array(fc.integer({ min: -15, max: 320 }), { minLength: 4, maxLength: 8 }),
        async (jitter, places, wanted) => {
          const log = new MemoryLog()
          // Times rise on the whole, and step back now and then.
          const sessionId = await sessionOf(
            log,
            jitter.map((step, n) => n * 2 + (step > 300 ? -step / 10 : step / 50)),
          )
          const events = await eventsOf(log, sessionId)
          for (const place of places) await putKeyframe(log, sessionId, 1 + (place % events.length))
          for (const minute of wanted) {
            const time = timeOf(minute)
            expect(await versionAt(log, sessionId, time)).toBe(plainVersionAt(events, time))
          }
        },
      ),
      { numRuns: 40 },
    )
  })

  it('finds it in a fork, through its parent’s keyframes and its own', async () => {
    const log = new MemoryLog()
    const waymark = await Waymark.open({ store: log })
    const parent = await sessionOf(
      log,
      Array.from({ length: 200 }, (_, n) => n),
    )
    for (const version of [50, 120, 190]) await putKeyframe(log, parent, version)
    const fork = await (await waymark.openSession(parent)).fork({ at: 150 })
    for (let n = 0; n < 150; n++) {
      await fork.send({ type: 'observation.record', kind: 'k' }, { time: timeOf(1_000_000 + n) })
    }
    await putKeyframe(log, fork.id, 230)
    const events = await eventsOf(log, fork.id)
    for (const minute of [-1, 0, 30, 60, 149, 500, 1_000_010, 1_000_100, 1_000_149, 2_000_000]) {
      expect(await versionAt(log, fork.id, timeOf(minute))).toBe(plainVersionAt(events, timeOf(minute)))
    }
  })

  it('reads a bounded tail, not the session, and believes no time that was changed', async () => {
    const log = new CountingLog()
    const sessionId = await sessionOf(
      log,
      Array.from({ length: 600 }, (_, n) => n),
    )
    for (let version = 50; version < 600; version += 50) await putKeyframe(log, sessionId, version)
    const events = await eventsOf(log, sessionId)
    log.count = 0
    expect(await versionAt(log, sessionId, timeOf(500))).toBe(plainVersionAt(events, timeOf(500)))
    expect(log.count).toBeLessThan(300)
    log.stored.snapshots = log.stored.snapshots.map((snapshot) => ({ ...snapshot, timeMax: timeOf(-20) }))
    expect(await versionAt(log, sessionId, timeOf(100))).toBe(plainVersionAt(events, timeOf(100)))
    expect(stateHash(await stateAt(log, sessionId, timeOf(100)))).toBe(
      stateHash((await loadState(log, sessionId, plainVersionAt(events, timeOf(100)))).state),
    )
  })
})
