/**
 * Goal: whatever was changed in a store, repair gives a sound one beside it that holds all that can be known to be right, says what it could
 * not save, and leaves the damaged one as it is.
 * Method: a real home is damaged in each way that verification knows, and in torn pages; the new home is verified and compared.
 */
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stateHash } from '../../src/fold/fold.ts'
import { seeded } from '../../src/kernel/clock.ts'
import { sha256 } from '../../src/kernel/hash.ts'
import { redactSession } from '../../src/redaction/redact.ts'
import { type RepairReport, repairHome } from '../../src/repair/repair.ts'
import { Waymark } from '../../src/session/waymark.ts'
import type { SqliteDriver } from '../../src/store/sqlite/driver.ts'
import { findDrivers } from '../../src/store/sqlite/open.ts'
import { withSalvage } from '../../src/store/sqlite/salvage.ts'
import { type RowPlace, storeDamage } from '../../src/testing/arbitrary/store-damage.ts'
import { temporaryFolder } from '../bundle/support.ts'

let driver: SqliteDriver
let original: string
let sessionId: string
let forkId: string
const newest = 40
const states = new Map<number, string>()
const text = 'a text of some length, '.repeat(20)

beforeAll(async () => {
  for (const found of await findDrivers()) if ('driver' in found) driver ??= found.driver
  original = join(mkdtempSync(join(tmpdir(), 'waymark-repair-')), '.moai')
  const waymark = await Waymark.open({ home: original, policies: [], memoryFiles: false })
  const session = await waymark.createSession({ title: 'to be damaged', nativeId: 'native-1' })
  sessionId = session.id
  await session.send({
    type: 'usage.record',
    callId: 'msg_1',
    model: 'claude-sonnet-4-5',
    inputTokens: 10,
    outputTokens: 5,
    cacheReadTokens: 3,
    cacheCreationTokens: 2,
  })
  await session.send({ type: 'prompt.submit', content: text })
  for (let n = 0; session.version < newest; n++) {
    if (session.version === 19 || session.version === 29) await session.checkpoint({ reason: 'by hand' })
    else {
      const command = { type: 'task.add', taskId: `T-${n}`, title: `task number ${n}` } as const
      await session.send(command, { commandId: `c-${n}` })
    }
  }
  for (let version = 0; version <= newest; version++)
    states.set(version, stateHash(await session.at(version)))
  const fork = await waymark.fork(sessionId, { at: 25 })
  forkId = fork.id
  await fork.send({ type: 'task.add', taskId: 'F', title: 'in the fork' })
  await waymark.log.compact({ dropSnapshot: () => false })
  await waymark.close()
}, 60_000)

afterAll(() => rmSync(dirname(original), { recursive: true, force: true }))

interface Repaired {
  readonly report: RepairReport
  readonly home: string
}

async function repaired(damage: (path: string) => void): Promise<Repaired> {
  const home = join(temporaryFolder(), '.moai')
  cpSync(original, home, { recursive: true })
  const path = join(home, 'sessions', 'waymark.db')
  damage(path)
  const before = readFileSync(path)
  const report = await repairHome({ home })
  expect(readFileSync(path).equals(before)).toBe(true)
  return { report, home }
}

const bySql = (sql: string) => (path: string) => {
  const connection = driver.open(path, 'read-write')
  connection.exec('PRAGMA foreign_keys = OFF')
  connection.exec(sql)
  connection.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  connection.close()
}

const at = (version: number): string => `place = 4294967296 + ${version}`
const row = (version: number): RowPlace => ({ key: 1, version })

/** What is changed, the statement, and the newest version that can be saved. */
const changes: readonly (readonly [what: string, sql: string, saved: number])[] = [
  ['nothing', 'SELECT 1', 40],
  ['data', `UPDATE events SET data = replace(data, 'task number', 'task Number') WHERE ${at(12)}`, 11],
  ['data that is JSON no more', `UPDATE events SET data = substr(data, 2) WHERE ${at(12)}`, 11],
  ['envelope', `UPDATE events SET envelope = replace(envelope, '"user"', '"usex"') WHERE ${at(7)}`, 6],
  ['position', `UPDATE events SET position = position + 1000000 WHERE ${at(40)}`, 40],
  ['position of an early event', `UPDATE events SET position = -1 WHERE ${at(3)}`, 40],
  ['checksum', storeDamage['checksum-changed'](row(9)), 40],
  ['salt', storeDamage['salt-changed'](row(15)), 14],
  ['hash', storeDamage['hash-changed'](row(16)), 40],
  ['hash of the newest event', `UPDATE events SET hash = zeroblob(32) WHERE ${at(40)}`, 40],
  ['version', `UPDATE events SET place = place + 5 WHERE ${at(40)}`, 39],
  ['a row taken out of the middle', storeDamage['row-missing'](row(20)), 19],
  ['the first row', `DELETE FROM events WHERE ${at(1)}`, 0],
  ['the last row', storeDamage['row-missing'](row(40)), 39],
  ['the head’s version', storeDamage['head-version-changed'](row(40)), 40],
  ['the head’s hash', `UPDATE streams SET hash = replace(hash, substr(hash, 1, 1), 'z')`, 40],
  ['the list entry', `UPDATE streams SET summary = replace(summary, 'damaged', 'sound')`, 40],
  ['the list entry, no JSON any more', `UPDATE streams SET summary = 'x'`, 40],
  ['the lineage, no JSON any more', `UPDATE streams SET lineage = 'x'`, 40],
  ['an event moved far ahead', `UPDATE events SET place = place + 100 WHERE ${at(33)}`, 32],
  ['a snapshot’s body', 'UPDATE snapshots SET body = zeroblob(80) WHERE version = 29', 40],
  ['a snapshot’s place in the chain', 'UPDATE snapshots SET chain_hash = body_hash WHERE version = 19', 40],
  ['a snapshot’s version', 'UPDATE snapshots SET version = 25 WHERE version = 19', 40],
  ['the index of commands', 'UPDATE commands SET key = key + 1 WHERE place % 4294967296 = 9', 40],
  ['the index of calls', 'UPDATE reports SET output_tokens = 50', 40],
  ['the index of calls, a call gone', 'DELETE FROM reports', 40],
  [
    'the fork point of the fork',
    "UPDATE streams SET parent = NULL, fork_version = NULL, lineage = '[]' WHERE key = 2",
    40,
  ],
  [
    'all streams gone',
    'DELETE FROM commands; DELETE FROM reports; DELETE FROM snapshots; DELETE FROM streams',
    40,
  ],
  ['a text', 'UPDATE contents SET body = zeroblob(20)', 40],
]

describe('repair', () => {
  it.each(changes)(
    'saves what is sound after a change to: %s',
    { timeout: 30_000 },
    async (what, sql, saved) => {
      const { report } = await repaired(bySql(sql))
      expect(report.verified).toBe(true)
      const of = new Map(report.sessions.map((session) => [session.sessionId, session]))
      expect(of.get(sessionId)?.savedVersion).toBe(saved)
      expect(of.get(forkId)?.savedVersion).toBe(saved >= 25 ? 27 : 0)
      if (saved < 40) {
        expect(of.get(sessionId)?.problem).toMatchObject({ version: saved + 1 })
        expect(report.complete).toBe(false)
        expect(report.bookmarksKept).toBe(false)
      }
      expect(report.contents).toMatchObject({
        saved: what === 'a text' ? 0 : 1,
        lostCount: what === 'a text' ? 1 : 0,
      })
      const waymark = await Waymark.open({ home: report.out, readOnly: true })
      try {
        if (saved > 0) {
          const session = await waymark.openSession(sessionId)
          expect(stateHash(session.state)).toBe(states.get(saved))
        }
        if (what !== 'a text') expect(await waymark.content(sha256(text))).toBe(text)
      } finally {
        await waymark.close()
      }
    },
  )

  it('writes down what it could read and not save, with the reason', async () => {
    const { report } = await repaired(bySql(`UPDATE events SET data = '{}' WHERE ${at(35)}`))
    expect(report.sessions[0]).toMatchObject({
      savedVersion: 34,
      version: 40,
      lostEvents: 6,
      lostVersions: [35, 36, 37, 38, 39, 40],
      problem: { version: 35 },
    })
    const lines = readFileSync(join(report.out, report.lostAndFound ?? ''), 'utf8')
      .trimEnd()
      .split('\n')
    expect(lines.map((line) => JSON.parse(line).version)).toEqual([35, 36, 37, 38, 39, 40])
    expect(JSON.parse(lines[1] ?? '')).toMatchObject({
      session_id: sessionId,
      reason: report.sessions[0]?.problem?.reason,
    })
  })

  it('saves a whole store whole, and says so', async () => {
    const { report } = await repaired(() => {})
    expect(report).toMatchObject({ complete: true, verified: true, lostAndFound: null, snapshotsSaved: 2 })
  })

  it('works out a hash again that was changed', async () => {
    const { report } = await repaired(bySql(`UPDATE events SET hash = zeroblob(32) WHERE ${at(16)}`))
    expect(report.sessions[0]).toMatchObject({ healedHashes: 1, problem: null })
  })

  it('keeps what was redacted, as redacted', async () => {
    const home = join(temporaryFolder(), '.moai')
    cpSync(original, home, { recursive: true })
    const waymark = await Waymark.open({ home, memoryFiles: false })
    await redactSession(waymark.log, waymark.environment, sessionId, {
      patterns: ['task number 3', 'text of'],
    })
    await waymark.close()
    const again = await repairHome({ home })
    expect(again).toMatchObject({ complete: true, verified: true })
    const cut = join(temporaryFolder(), '.moai')
    cpSync(home, cut, { recursive: true })
    bySql(`DELETE FROM events WHERE ${at(41)}`)(join(cut, 'sessions', 'waymark.db'))
    const without = await repairHome({ home: cut })
    expect(without.verified).toBe(true)
    expect(without.sessions[0]?.problem?.reason).toContain('was replaced')
  })

  it('refuses to write over anything', async () => {
    const { home } = await repaired(() => {})
    await expect(repairHome({ home })).rejects.toMatchObject({ code: 'ALREADY_EXISTS' })
    await expect(repairHome({ home: join(home, 'nowhere') })).rejects.toMatchObject({
      code: 'HOME_NOT_FOUND',
    })
  })
})

describe('torn pages', () => {
  const pageBytes = 4096

  it('take only what lay on them', { timeout: 120_000 }, async () => {
    const size = readFileSync(join(original, 'sessions', 'waymark.db')).length
    const pages = size / pageBytes
    expect(pages).toBeGreaterThan(10)
    let savedSomething = 0
    for (let page = 1; page < pages; page++) {
      const { report } = await repaired((path) => {
        const bytes = readFileSync(path)
        bytes.fill(0xa5, page * pageBytes, (page + 1) * pageBytes)
        writeFileSync(path, bytes)
      })
      expect(report.verified, `page ${page}`).toBe(true)
      if (report.sessions.some(({ savedVersion }) => savedVersion > 0)) savedSomething += 1
    }
    expect(savedSomething).toBeGreaterThan(pages / 2)
  })

  it('a file that is cut off gives what is left of it', { timeout: 60_000 }, async () => {
    const { report } = await repaired((path) => {
      const bytes = readFileSync(path)
      writeFileSync(path, bytes.subarray(0, Math.floor(bytes.length / pageBytes / 2) * pageBytes))
    })
    expect(report.verified).toBe(true)
  })

  it('a file of which nothing can be read is told as that, and nothing is made', async () => {
    const home = join(temporaryFolder(), '.moai')
    cpSync(original, home, { recursive: true })
    writeFileSync(join(home, 'sessions', 'waymark.db'), Buffer.alloc(20_000, 0x5a))
    await expect(repairHome({ home })).rejects.toMatchObject({ code: 'DAMAGED_RECORD' })
    await expect(repairHome({ home })).rejects.toMatchObject({ code: 'DAMAGED_RECORD' })
  })
})

describe('single bits that flipped', () => {
  /** Flips so many bits behind the header, each run of a seed the same. */
  const flipped = (seed: number, count: number) => (path: string) => {
    const bytes = readFileSync(path)
    const { ids } = seeded(seed)
    for (let n = 0; n < count; n++) {
      const chance = Buffer.from(ids.salt())
      const at = 100 + (chance.readUInt32LE(0) % (bytes.length - 100))
      bytes[at] = (bytes[at] ?? 0) ^ (1 << (chance.readUInt8(4) % 8))
    }
    writeFileSync(path, bytes)
  }

  it.each(Array.from({ length: 48 }, (_, seed) => [seed + 1, 4 + seed] as const))(
    'of seed %i: repair of %i flips ends, and the new home verifies',
    async (seed, count) => {
      const result = await repaired(flipped(seed, count)).catch((error: unknown) => error)
      if (result instanceof Error) {
        expect(result).toMatchObject({ code: 'DAMAGED_RECORD' })
        return
      }
      const { report } = result as Repaired
      expect(report.verified).toBe(true)
      const waymark = await Waymark.open({ home: report.out, readOnly: true })
      expect((await waymark.verify()).ok).toBe(true)
      await waymark.close()
    },
    30_000,
  )
})

describe('a torn tree', () => {
  /** Turns a byte of the key of a row that lies in the middle of the file: SQLite then finds it where it was not asked for. */
  it.each([
    ['smaller', 1, 3],
    ['larger', 1, 0x40],
  ])(
    'with a key that has become %s',
    async (_how, offset, value) => {
      const { report } = await repaired((path) => {
        const bytes = readFileSync(path)
        // Keys of the first stream's events: five bytes, 0x90 0x80 0x80 0x80 and the version.
        const key = Buffer.from([0x90, 0x80, 0x80, 0x80, 20])
        for (let at = bytes.indexOf(key); at >= 0; at = bytes.indexOf(key, at + 1)) {
          bytes[at + offset] = 0x80 | value
          bytes[at] = 0x80 | value
        }
        writeFileSync(path, bytes)
      })
      expect(report.verified).toBe(true)
      expect(report.sessions.find((session) => session.sessionId === sessionId)?.savedVersion).toBeLessThan(
        40,
      )
    },
    30_000,
  )
})

describe('a file without a log', () => {
  it.each([
    ['an empty one', Buffer.alloc(0)],
    ['one that is no database', Buffer.from('hello world')],
  ])('%s is said to be damaged, with what to do', async (_what, bytes) => {
    const home = join(temporaryFolder(), '.moai')
    cpSync(original, home, { recursive: true })
    const path = join(home, 'sessions', 'waymark.db')
    writeFileSync(path, bytes)
    await expect(repairHome({ home })).rejects.toMatchObject({
      code: 'DAMAGED_RECORD',
      message: expect.stringContaining(path),
      hint: expect.stringContaining('restore a backup'),
    })
    expect(existsSync(`${home}-repaired`)).toBe(false)
  })
})

describe('a store that may only be read', () => {
  it('is read from a copy that may be written', async () => {
    const folder = temporaryFolder()
    const path = join(folder, 'waymark.db')
    cpSync(join(original, 'sessions', 'waymark.db'), path)
    chmodSync(path, 0o444)
    const modes = await withSalvage(path, folder, async () =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.startsWith('copy-') && name.endsWith('waymark.db'))
        .map((name) => statSync(join(folder, name)).mode & 0o777),
    )
    expect(modes).toEqual([0o600])
    expect(statSync(path).mode & 0o777).toBe(0o444)
  })
})
