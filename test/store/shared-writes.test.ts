/**
 * Goal: transactions that wait together share one commit, and each is still whole, in order, and fails alone.
 * Method: real files; a driver that counts what is committed, and can refuse to commit.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { limits } from '../../src/kernel/limits.ts'
import type { LogTransaction } from '../../src/log/port.ts'
import { Waymark } from '../../src/session/waymark.ts'
import type { SqliteDriver } from '../../src/store/sqlite/driver.ts'
import { openSqliteLog } from '../../src/store/sqlite/open.ts'
import { collected, read, sessionOf, summary, taskAdded, word } from '../../src/testing/store/samples.ts'
import { standardDriver, type TestFolder, temporaryLog, wrapped } from './files.ts'

let place: TestFolder
let driver: SqliteDriver
let commits: number
let refusals: number

beforeEach(async () => {
  place = await temporaryLog()
  commits = 0
  refusals = 0
  driver = wrapped(await standardDriver(), { executing })
})
afterEach(async () => place.remove())

/** Counts commits, and refuses as many as a test asks for, as a full disk would. */
function executing(sql: string): void {
  if (sql !== 'COMMIT') return
  if (refusals > 0) {
    refusals -= 1
    throw new Error('the disk is full')
  }
  commits += 1
}

/** One, unless the machine is so slow that a commit is not held up for all of them. */
const fewCommits = 4
const names = Array.from({ length: 16 }, (_, n) => `S${n}`)

function appends(name: string): (transaction: LogTransaction) => number {
  return (transaction) => {
    if (transaction.stream(sessionOf(name)) === null) transaction.create(sessionOf(name), null)
    const [event] = transaction.append(sessionOf(name), [taskAdded(name)], summary)
    return event?.position ?? 0
  }
}

describe('transactions that wait together', () => {
  it('share one commit, and keep their order', async () => {
    const log = await openSqliteLog({ path: place.path, driver })
    commits = 0
    const positions = await Promise.all(names.map((name) => log.transact(appends(name))))
    expect(commits).toBeLessThanOrEqual(fewCommits)
    expect(positions).toEqual(names.map((_, n) => (positions[0] ?? 0) + n))
    expect((await collected(log.readAll(0))).map(word)).toEqual(names)
    await log.close()
  })

  it('one that throws is undone alone, and leaves no gap', async () => {
    const log = await openSqliteLog({ path: place.path, driver })
    commits = 0
    const outcomes = await Promise.allSettled(
      names.map((name, n) =>
        log.transact((transaction) => {
          appends('shared')(transaction)
          const position = appends(name)(transaction)
          if (n % 3 === 1) throw new Error(`no ${name}`)
          return position
        }),
      ),
    )
    expect(commits).toBeLessThanOrEqual(fewCommits)
    const good = names.filter((_, n) => n % 3 !== 1)
    expect(outcomes.flatMap((outcome, n) => (outcome.status === 'fulfilled' ? [names[n]] : []))).toEqual(good)
    expect(outcomes[1]).toMatchObject({ status: 'rejected', reason: { message: 'no S1' } })
    const events = await read(log, sessionOf('shared'))
    expect(events.map(({ version }) => version)).toEqual(good.map((_, n) => n + 1))
    expect(await log.stream(sessionOf('S1'))).toBeNull()
    for (const name of good) expect((await read(log, sessionOf(name))).map(word)).toEqual([name])
    await log.close()
    const again = await openSqliteLog({ path: place.path })
    await again.transact((transaction) => {
      expect(transaction.stream(sessionOf('shared'))?.version).toBe(good.length)
    })
    await again.close()
  })

  it('are each tried by themselves when the commit they share fails', async () => {
    const log = await openSqliteLog({ path: place.path, driver })
    commits = 0
    refusals = 3
    let runs = 0
    const outcomes = await Promise.allSettled(
      names.map((name) =>
        log.transact((transaction) => {
          runs += 1
          return appends(name)(transaction)
        }),
      ),
    )
    const failed = outcomes.filter(({ status }) => status === 'rejected')
    expect(failed).toHaveLength(2)
    expect(runs).toBeGreaterThan(names.length)
    expect((await collected(log.readAll(0))).map(word)).toEqual(names.slice(2))
    await log.close()
  })

  it('none is told before it is on disk: another connection reads it then', async () => {
    const log = await openSqliteLog({ path: place.path, driver })
    const other = await openSqliteLog({ path: place.path })
    await Promise.all(
      names.map(async (name) => {
        await log.transact(appends(name))
        expect((await read(other, sessionOf(name))).map(word)).toEqual([name])
      }),
    )
    await other.close()
    await log.close()
  })

  it('are bounded in number and time', async () => {
    const log = await openSqliteLog({ path: place.path, driver })
    commits = 0
    const many = Array.from({ length: limits.sharedWritesMax * 2 + 1 }, () => log.transact(() => null))
    await Promise.all(many)
    expect(commits).toBeGreaterThanOrEqual(3)
    commits = 0
    let slow = false
    const told: string[] = []
    const wait = (): void => {
      const until = performance.now() + limits.sharedWritesMs + 1
      while (performance.now() < until) slow = true
    }
    await Promise.all([
      log.transact(wait).then(() => told.push('slow')),
      log.transact(() => null).then(() => told.push(`next after ${commits}`)),
    ])
    expect([slow, told, commits]).toEqual([true, ['slow', 'next after 2'], 2])
    await log.close()
  })

  it('a compaction or the end comes after what was asked for before it, and nothing after the end', async () => {
    const log = await openSqliteLog({ path: place.path, driver })
    const first = log.transact(appends('A'))
    const compaction = log.compact({ dropSnapshot: () => false })
    const second = log.transact(appends('B'))
    const end = log.close()
    await Promise.all([first, compaction, second, end])
    await expect(log.transact(appends('C'))).rejects.toMatchObject({ code: 'STORE_CLOSED' })
    const again = await openSqliteLog({ path: place.path })
    expect((await collected(again.readAll(0))).map(word)).toEqual(['A', 'B'])
    await again.close()
  })
})

describe('sixteen sessions that send at once', () => {
  it('need far fewer commits than sends, and lose, repeat and interleave nothing', async () => {
    const log = await openSqliteLog({ path: place.path, driver })
    const waymark = await Waymark.open({ store: log, policies: [] })
    const sessions = await Promise.all(names.map((title) => waymark.createSession({ title })))
    commits = 0
    const rounds = 20
    await Promise.all(
      sessions.map(async (session) => {
        for (let n = 0; n < rounds; n++) {
          await session.send({ type: 'observation.record', kind: 'test', detail: `${n}` })
        }
      }),
    )
    expect(commits).toBeGreaterThan(0)
    expect(commits).toBeLessThan((names.length * rounds) / 4)
    for (const { id } of sessions) {
      const details = (await read(log, id)).slice(1).map(({ data }) => Reflect.get(Object(data), 'detail'))
      expect(details).toEqual(Array.from({ length: rounds }, (_, n) => `${n}`))
    }
    await waymark.close()
  })
})
