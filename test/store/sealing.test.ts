/**
 * Goal: a home seals old events by itself, and nobody can tell by what is read. Method: a real file with several thousand events, compared
 * with what each command answered when it was sent; bytes of its blocks changed behind Waymark's back.
 */
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LoggedEvent } from '../../src/events/envelope.ts'
import { foldInto, frozen, stateHash } from '../../src/fold/fold.ts'
import { initialState } from '../../src/fold/state.ts'
import { limits } from '../../src/kernel/limits.ts'
import { redactInHome } from '../../src/redaction/in-home.ts'
import { verifyLog } from '../../src/replay/verify/verify.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { blockAt } from '../../src/store/sqlite/blocks.ts'
import type { SqliteDriver } from '../../src/store/sqlite/driver.ts'
import { connect, findDrivers, openSqliteLog } from '../../src/store/sqlite/open.ts'
import { prepareBlock, putPrepared, unseal } from '../../src/store/sqlite/seal.ts'
import { eventsOf } from '../support/events.ts'
import { lengthen } from '../support/long-session.ts'

const secret = 'ghp_0123456789abcdefghijABCDEFGHIJ012345'
const length = 3 * limits.blockEventsMax + limits.unsealedEventsMin

let folder: string
let original: string
let driver: SqliteDriver
let sessionId: string
let forkId: string
/** What each command answered. */
const answered: LoggedEvent[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waymark-sealing-'))
  original = join(folder, 'original.db')
  for (const found of await findDrivers()) if ('driver' in found) driver ??= found.driver
  const waymark = await Waymark.open({ store: await openSqliteLog({ path: original, driver }) })
  const session = await waymark.createSession({ title: 'long' })
  sessionId = session.id
  answered.push(...(await eventsOf(waymark.log, sessionId)))
  answered.push(...(await lengthen(session, length, commandAt)))
  const fork = await session.fork({ at: 1_500 })
  forkId = fork.id
  await fork.send({ type: 'observation.record', kind: 'fork', detail: 'of its own' })
  await waymark.close()
}, 120_000)

afterAll(async () => rm(folder, { recursive: true, force: true }))

function commandAt(n: number): Parameters<Awaited<ReturnType<Waymark['openSession']>>['send']>[0] {
  const kind = n % 4
  if (kind === 0) return { type: 'tool.call', toolCallId: `t${n}`, name: 'Read', target: `src/file-${n}.ts` }
  if (kind === 1) return { type: 'tool.return', toolCallId: `t${n - 1}`, outcome: 'ok' }
  if (kind === 2) {
    const tokens = { inputTokens: n, outputTokens: 1, cacheReadTokens: 2, cacheCreationTokens: 3 }
    return { type: 'usage.record', callId: `call-${n}`, model: 'm', ...tokens }
  }
  const detail = n === 7 ? `a key: ${secret}` : `number ${n} 🦊`
  return { type: 'observation.record', kind: 'note', detail }
}

/** Around the ends of blocks and of pages. */
const ranges: readonly (readonly [number, number])[] = [
  [0, 1],
  [998, 1_003],
  [1_000, 2_000],
  [1_999, 2_001],
  [2_990, 3_100],
]

/** Hands a copy of the home to `look`. */
async function copied<T>(look: (path: string) => Promise<T>): Promise<T> {
  const place = await mkdtemp(join(folder, 'copy-'))
  const path = join(place, 'waymark.db')
  await copyFile(original, path)
  return look(path)
}

function sql(path: string, ...statements: readonly string[]): void {
  const connection = driver.open(path, 'read-write')
  for (const statement of statements) connection.exec(statement)
  connection.close()
}

function count(path: string, what: string): number {
  const connection = driver.open(path, 'read-write')
  const row = connection.prepare(`SELECT ${what} AS n`).get()
  connection.close()
  return Number(row?.n)
}

async function reading<T>(path: string, look: (waymark: Waymark) => Promise<T>): Promise<T> {
  const waymark = await Waymark.open({ store: await openSqliteLog({ path, driver }) })
  try {
    return await look(waymark)
  } finally {
    await waymark.close()
  }
}

describe('a long session', () => {
  it('is sealed by itself, but for its newest events', async () => {
    await copied(async (path) => {
      const own = 'place < 2 * 4294967296'
      expect(count(path, `(SELECT count(*) FROM blocks)`)).toBeGreaterThanOrEqual(2)
      const rows = count(path, `(SELECT count(*) FROM events WHERE ${own})`)
      expect(rows).toBeGreaterThanOrEqual(limits.unsealedEventsMin)
      expect(rows).toBeLessThan(limits.unsealedEventsMin + limits.blockEventsMax)
      const sealed = count(path, `(SELECT sum(last - place + 1) FROM blocks)`)
      expect(rows + sealed).toBe(count(path, `(SELECT version FROM streams WHERE key = 1)`))
    })
  })

  it('reads as it was recorded: whole, from any version, in the order of the log, and by command', async () => {
    await copied((path) =>
      reading(path, async (waymark) => {
        const { log } = waymark
        const events = await eventsOf(log, sessionId)
        const byId = new Map(events.map((event) => [event.id, event]))
        for (const event of answered) expect(byId.get(event.id)).toEqual(event)
        for (const [after, to] of ranges) {
          const found: LoggedEvent[] = []
          for await (const page of log.read(sessionId, { after, to })) found.push(...page)
          expect(found).toEqual(events.slice(after, to))
        }
        const inOrder: LoggedEvent[] = []
        for await (const page of log.readAll(0)) inOrder.push(...page)
        expect(inOrder.map(({ position }) => position)).toEqual(
          inOrder.map(({ position }) => position).sort((a, b) => a - b),
        )
        expect(inOrder.filter((event) => event.sessionId === sessionId)).toEqual(events)
        const session = await waymark.openSession(sessionId)
        const again = await session.send(commandAt(41), { commandId: 'c-42' })
        expect(again.events).toEqual(answered.filter(({ commandId }) => commandId === 'c-42'))
        await expect(session.send(commandAt(42), { commandId: 'c-42' })).rejects.toMatchObject({
          code: 'COMMAND_ID_REUSED',
        })
      }),
    )
  })

  it('folds to the same state at every version, and a fork shares its blocks', async () => {
    await copied((path) =>
      reading(path, async (waymark) => {
        const events = await eventsOf(waymark.log, sessionId)
        const session = await waymark.openSession(sessionId)
        const state = initialState(sessionId)
        for (const event of events) {
          foldInto(state, [event])
          if (event.version % 333 !== 0) continue
          expect(stateHash(await session.at(event.version))).toBe(stateHash(frozen(structuredClone(state))))
        }
        const fork = await eventsOf(waymark.log, forkId)
        expect(fork.slice(0, 1_500)).toEqual(events.slice(0, 1_500))
        expect(await verifyLog(waymark.log)).toMatchObject({ ok: true })
      }),
    )
  })

  it('counts a call once that was reported before it was sealed', async () => {
    await copied((path) =>
      reading(path, async (waymark) => {
        const session = await waymark.openSession(sessionId)
        const { calls } = session.state.usage
        await session.send(commandAt(42))
        expect(session.state.usage.calls).toBe(calls)
      }),
    )
  })

  it('gives up a secret for good, and is sealed again', async () => {
    await copied(async (path) => {
      const blocks = count(path, '(SELECT count(*) FROM blocks)')
      await reading(path, async (waymark) => {
        await redactInHome(waymark, sessionId, { patterns: ['github-token'] })
        await waymark.log.compact({ dropSnapshot: () => false, scrub: true })
      })
      await reading(path, async (waymark) => {
        expect(JSON.stringify(await eventsOf(waymark.log, sessionId))).not.toContain(secret)
        expect(await verifyLog(waymark.log)).toMatchObject({ ok: true })
      })
      expect(count(path, '(SELECT count(*) FROM blocks)')).toBe(blocks)
      expect(
        count(path, `(SELECT count(*) FROM blocks WHERE instr(CAST(hot AS TEXT), '${secret}') > 0)`),
      ).toBe(0)
    })
  })
})

/** A driver that calls back before a statement whose text has a word in it is run. */
function watched(word: string, before: () => void): SqliteDriver {
  const open: SqliteDriver['open'] = (path, mode) => {
    const connection = driver.open(path, mode)
    const prepare: typeof connection.prepare = (text) => {
      const statement = connection.prepare(text)
      if (!text.includes(word)) return statement
      return {
        run: (...values) => statement.run(...values),
        get: (...values) => {
          before()
          return statement.get(...values)
        },
        all: (...values) => {
          before()
          return statement.all(...values)
        },
      }
    }
    return { exec: (text) => connection.exec(text), prepare, close: () => connection.close() }
  }
  return { ...driver, open }
}

describe('a reader between two of whose statements another one seals, or opens a block', () => {
  it.each<[string, 'seal' | 'unseal', string]>([
    ['rows are looked for', 'seal', 'group_concat'],
    ['a block is read', 'unseal', 'SELECT hot'],
    ['rows are read one by one', 'seal', 'ORDER BY e.place LIMIT 250'],
  ])('misses nothing: %s', async (_when, what, word) => {
    await copied(async (path) => {
      const other = connect(driver, path, 'read-write')
      const open = (): void => {
        const block = blockAt(other, 1, 1)
        if (block !== null) unseal(other, sessionId, block)
      }
      if (what === 'seal') await other.writing(open)
      const prepared = prepareBlock(other, sessionId)
      const seal = (): void => {
        if (typeof prepared !== 'string') putPrepared(other, prepared)
      }
      let changes = 0
      const change = (): void => {
        if (changes++ > 0) return
        other.run('BEGIN IMMEDIATE')
        if (what === 'seal') seal()
        else open()
        other.run('COMMIT')
      }
      const log = await openSqliteLog({ path, driver: watched(word, change), readOnly: true })
      const versions: number[] = []
      for await (const page of log.readToFold(sessionId)) {
        for (const { version } of page) versions.push(version)
      }
      const whole = (await eventsOf(log, sessionId)).map(({ version }) => version)
      const rows: number[] = []
      for await (const page of log.rows(sessionId)) rows.push(...page.map(({ version }) => version))
      await log.close()
      other.close()
      expect(changes).toBeGreaterThan(0)
      const all = Array.from({ length: whole.length }, (_, index) => index + 1)
      expect(whole.length).toBeGreaterThanOrEqual(length)
      expect([versions, whole, rows]).toEqual([all, all, all])
    })
  })
})

/** One statement for each part of the second block, and whether reading it whole must fail. */
const damages: readonly (readonly [string, string])[] = [
  [
    'a text in what folding looks at',
    `hot = CAST(replace(CAST(hot AS TEXT), 'number 1203 ', 'number 1X03 ') AS BLOB)`,
  ],
  ['all that folding looks at', 'hot = zeroblob(length(hot))'],
  ['what was set apart', 'cold = substr(cold, 1, length(cold) / 2)'],
  ['the hashes', 'hashes = zeroblob(length(hashes))'],
  ['the salts', 'salts = substr(salts, 2)'],
  ['the checksum of one half', 'hot_checksum = hot_checksum + 1'],
  ['the checksum of the rest', 'checksum = checksum + 1'],
  ['the position of its first event', 'first_position = 2900'],
  ['the position of its last event', 'last_position = 1002'],
  ['its end, before its beginning', 'last = place - 5'],
  ['its end, far away', 'last = 9223372036854775807'],
]

describe('a block that was changed', () => {
  it.each(damages)('is found by verification, with versions of that block: %s', async (_part, change) => {
    await copied(async (path) => {
      sql(path, `UPDATE blocks SET ${change} WHERE place % 4294967296 = 1001`)
      await reading(path, async (waymark) => {
        const { ok, sessions } = await verifyLog(waymark.log)
        const problems = sessions.find((session) => session.sessionId === sessionId)?.problems ?? []
        expect(ok).toBe(false)
        const versions = problems.map(({ version }) => version)
        expect(versions.some((version) => version > 1_000 && version <= 2_001)).toBe(true)
        expect(versions.every((version) => version > 1_000)).toBe(true)
      })
    })
  })

  it.each<[string, string]>([
    [
      'a row beside the block that holds it',
      `INSERT INTO events SELECT 4294967296 + 1500, 1000000, checksum, salt, hash, envelope, data FROM events LIMIT 1`,
    ],
    [
      'a block over another one',
      `INSERT INTO blocks SELECT place + 500, last + 500, first_position, last_position, hot_checksum, checksum, hot, cold, hashes,
        salts FROM blocks WHERE place % 4294967296 = 1`,
    ],
  ])('is found, and holds up nobody: %s', async (_what, change) => {
    await copied(async (path) => {
      sql(path, change)
      await reading(path, async (waymark) => {
        expect(await verifyLog(waymark.log)).toMatchObject({ ok: false })
        const session = await waymark.openSession(sessionId)
        await lengthen(session, session.version + limits.blockEventsMax, commandAt, 'more')
      })
    })
  })

  it('is told by its version when it is read, and what lies before it still reads', async () => {
    await copied(async (path) => {
      const [, change] = damages[0] ?? ['', '']
      sql(path, `UPDATE blocks SET ${change} WHERE place % 4294967296 = 1001`)
      await reading(path, async (waymark) => {
        await expect(eventsOf(waymark.log, sessionId)).rejects.toMatchObject({
          code: 'DAMAGED_RECORD',
          details: { sessionId },
        })
        const events: LoggedEvent[] = []
        for await (const page of waymark.log.read(sessionId, { to: 1_000 })) events.push(...page)
        expect(events).toHaveLength(1_000)
      })
    })
  })
})
