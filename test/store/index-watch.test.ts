/**
 * Goal: verification looks at a stream's indexes while it reads the events anyway, and misses nothing that going through them one by one finds.
 * Method: a real file with blocks and rows; entries are taken out, changed and added behind Waymark's back.
 */
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { IndexProblem } from '../../src/log/port.ts'
import { verifyLog } from '../../src/replay/verify/verify.ts'
import { Waymark } from '../../src/session/waymark.ts'
import type { SqliteDriver } from '../../src/store/sqlite/driver.ts'
import type { SqliteLog } from '../../src/store/sqlite/log.ts'
import { openSqliteLog } from '../../src/store/sqlite/open.ts'
import { lengthen } from '../support/long-session.ts'
import { standardDriver } from './files.ts'

let folder: string
let original: string
let driver: SqliteDriver
let sessionId: string

const usage = (n: number) =>
  ({
    type: 'usage.record',
    callId: `call-${n}`,
    model: 'm',
    inputTokens: n,
    outputTokens: 1,
    cacheReadTokens: 2,
    cacheCreationTokens: 3,
  }) as const

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waymark-index-watch-'))
  original = join(folder, 'original.db')
  driver = await standardDriver()
  const waymark = await Waymark.open({ store: await openSqliteLog({ path: original, driver }), policies: [] })
  const session = await waymark.createSession({ title: 'long' })
  sessionId = session.id
  await lengthen(session, 2_700, (n) =>
    n % 3 === 0 ? usage(n) : { type: 'observation.record', kind: 'note', detail: `number ${n}` },
  )
  const other = await waymark.createSession({ title: 'other' })
  await other.send(usage(1_000_000))
  await waymark.close()
}, 120_000)

afterAll(async () => rm(folder, { recursive: true, force: true }))

/** Opens a copy of the home after statements that Waymark knows nothing of. */
async function withLog<T>(statements: readonly string[], look: (log: SqliteLog) => Promise<T>): Promise<T> {
  const path = join(await mkdtemp(join(folder, 'copy-')), 'waymark.db')
  await copyFile(original, path)
  const connection = driver.open(path, 'read-write')
  for (const statement of statements) connection.exec(statement)
  connection.close()
  const log = await openSqliteLog({ path, driver })
  try {
    return await look(log)
  } finally {
    await log.close()
  }
}

/** What the watch says of a session after seeing its events, and what going through the indexes finds. */
async function compared(
  log: SqliteLog,
): Promise<{ readonly agrees: boolean; readonly problems: readonly IndexProblem[] }> {
  const stream = await log.stream(sessionId)
  const watch = log.watchIndexes(sessionId, stream?.version ?? 0)
  for await (const { events } of log.rowsToCheck(sessionId))
    for (const event of events ?? []) watch.see(event)
  for await (const page of log.read(sessionId, { after: await sealedEnd(log) }))
    for (const event of page) watch.see(event)
  const problems: IndexProblem[] = []
  for await (const problem of log.auditIndexes(sessionId)) problems.push(problem)
  return { agrees: watch.agrees(), problems }
}

/** The last version that comes with its event from a block. */
async function sealedEnd(log: SqliteLog): Promise<number> {
  let last = 0
  for await (const { events } of log.rowsToCheck(sessionId)) last = events?.at(-1)?.version ?? last
  return last
}

const damages: readonly { readonly name: string; readonly sql: string }[] = [
  { name: 'a command that is not there', sql: 'DELETE FROM commands WHERE place = 4294967296 + 500' },
  { name: 'a command of the newest events', sql: 'DELETE FROM commands WHERE place = 4294967296 + 2600' },
  {
    name: 'a command that leads elsewhere',
    sql: 'UPDATE commands SET place = place + 1 WHERE place = 4294967296 + 700',
  },
  { name: 'a report that is not there', sql: `DELETE FROM reports WHERE call_id = 'call-300'` },
  {
    name: 'a report with other figures',
    sql: `UPDATE reports SET output_tokens = 9 WHERE call_id = 'call-300'`,
  },
  {
    name: 'a report that nobody made',
    sql: `INSERT INTO reports VALUES ('call-x', 4294967296 + 10, 1, 1, 1, 1)`,
  },
  {
    name: 'a block with another checksum',
    sql: 'UPDATE blocks SET checksum = checksum + 1 WHERE place = 4294967297',
  },
]

describe('watching the indexes', () => {
  it('agrees where going through them finds nothing', async () => {
    await withLog([], async (log) => {
      expect(await sealedEnd(log)).toBeGreaterThan(1_000)
      expect(await compared(log)).toEqual({ agrees: true, problems: [] })
    })
  })

  for (const { name, sql } of damages) {
    it(`does not agree where there is ${name}, and going through them finds it`, async () => {
      await withLog([sql], async (log) => {
        const { agrees, problems } = await compared(log)
        expect(problems.length).toBeGreaterThan(0)
        expect(agrees).toBe(false)
        const { ok, sessions } = await verifyLog(log, sessionId)
        expect(ok).toBe(false)
        const found = sessions[0]?.problems.filter(({ kind }) => kind === 'damaged-index')
        expect(found?.map(({ version, detail }) => ({ version, detail }))).toEqual(problems)
      })
    })
  }

  it('is not sure where a command has given way to another, and then nothing is wrong', async () => {
    const moved = 'UPDATE commands SET key = key + 1 WHERE place = 4294967296 + 500'
    const taken =
      'INSERT INTO commands SELECT key - 1, 3 * 4294967296 + 1 FROM commands WHERE place = 4294967296 + 500'
    await withLog([moved, taken], async (log) => {
      expect(await compared(log)).toEqual({ agrees: false, problems: [] })
      expect(await verifyLog(log, sessionId)).toMatchObject({ ok: true })
    })
  })

  it('is of one moment: reports that come meanwhile change nothing', async () => {
    await withLog([], async (log) => {
      const stream = await log.stream(sessionId)
      const version = stream?.version ?? 0
      const watch = log.watchIndexes(sessionId, version)
      const waymark = await Waymark.open({ store: log, policies: [] })
      const session = await waymark.openSession(sessionId)
      await session.send(usage(2_000_000))
      for await (const page of log.read(sessionId, { to: version }))
        for (const event of page) watch.see(event)
      expect(watch.agrees()).toBe(true)
    })
  })

  it('is the way that verification takes: it does not go through the indexes of a sound session', async () => {
    await withLog([], async (log) => {
      let audits = 0
      let eventsInPages = 0
      const counting = new Proxy(log, {
        get: (target, name) => {
          const value: unknown = Reflect.get(target, name)
          if (typeof value !== 'function') return value
          if (name === 'auditIndexes') audits += 1
          if (name !== 'rowsToCheck') return value.bind(target)
          return async function* (...given: Parameters<SqliteLog['rowsToCheck']>) {
            for await (const page of target.rowsToCheck(...given)) {
              eventsInPages += page.events?.length ?? 0
              yield page
            }
          }
        },
      })
      const { ok, sessions } = await verifyLog(counting, sessionId)
      expect({ ok, audits }).toEqual({ ok: true, audits: 0 })
      expect(eventsInPages).toBeGreaterThanOrEqual((sessions[0]?.events ?? 0) - 1_300)
    })
  })
})
