/**
 * Goal: damage that the kit does is damage: it is found, or nothing depends on it.
 * Method: a real SQLite store is copied and damaged at random; rows of a log in memory likewise.
 */
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stateHash } from '../../src/fold/fold.ts'
import { WaymarkError } from '../../src/kernel/errors.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { loadState } from '../../src/replay/load.ts'
import { verifyLog } from '../../src/replay/verify/verify.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { openSqliteLog } from '../../src/store/sqlite/open.ts'
import {
  damageArbitrary,
  damageKinds,
  damageRows,
  damageStore,
  rowDamageKinds,
} from '../../src/testing/arbitrary/damage.ts'
import { legalHistoryArbitrary } from '../../src/testing/arbitrary/legal-history.ts'
import { storeDamage } from '../../src/testing/arbitrary/store-damage.ts'
import { play } from '../../src/testing/play.ts'

let folder: string
let original: string
let before: ReadonlyMap<string, string>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'waymark-kit-damage-'))
  original = join(folder, 'original.db')
  const waymark = await Waymark.open({ store: await openSqliteLog({ path: original }), policies: [] })
  const session = await waymark.createSession({ title: 'to be damaged', nativeId: 'native-1' })
  await session.send({ type: 'prompt.submit', content: 'a text of some length, '.repeat(20) })
  for (let n = 0; n < 4; n++) {
    const callId = `msg_${n}`
    const counters = { inputTokens: 10, outputTokens: 5, cacheReadTokens: 3, cacheCreationTokens: 2 }
    await session.send({ type: 'usage.record', callId, model: 'claude-sonnet-4-5', ...counters })
    await session.send({ type: 'task.add', taskId: `T-${n}`, title: `task number ${n}` })
    await session.checkpoint({ reason: 'by hand' })
  }
  const fork = await waymark.fork(session.id, { at: 9 })
  await fork.send({ type: 'task.add', taskId: 'F', title: 'in the fork' })
  await waymark.close()
  before = await statesIn(original)
})

afterAll(async () => rm(folder, { recursive: true, force: true }))

async function statesIn(path: string): Promise<ReadonlyMap<string, string>> {
  const log = await openSqliteLog({ path })
  const states = new Map<string, string>()
  try {
    for await (const page of log.streams()) {
      for (const { sessionId } of page)
        states.set(sessionId, stateHash((await loadState(log, sessionId)).state))
    }
  } finally {
    await log.close()
  }
  return states
}

/** Whether verification says that something is wrong; a store that cannot be read is found too. */
async function isFound(path: string): Promise<boolean> {
  try {
    const waymark = await Waymark.open({ store: await openSqliteLog({ path }) })
    try {
      return !(await waymark.verify()).ok
    } finally {
      await waymark.close()
    }
  } catch (error) {
    if (error instanceof WaymarkError) return true
    throw error
  }
}

async function copied(): Promise<string> {
  const path = join(folder, 'copy.db')
  for (const suffix of ['', '-wal', '-shm']) await rm(`${path}${suffix}`, { force: true })
  await copyFile(original, path)
  return path
}

describe('damage to a store', () => {
  it('law: it is found by verification, or every state is as it was', async () => {
    await fc.assert(
      fc.asyncProperty(damageArbitrary(), async (damage) => {
        const path = await copied()
        const done = await damageStore(path, damage)
        const found = await isFound(path)
        if (done === null) expect(found, 'nothing was done').toBe(false)
        if (found) return
        expect(await statesIn(path), done ?? 'nothing').toEqual(before)
      }),
      { numRuns: 40 },
    )
  })

  /** Caches that may be deleted at any time, and a bit that may lie where nothing is. */
  const harmless: ReadonlySet<string> = new Set(['snapshot-gone', 'bit-flipped'])

  it.each(damageKinds.filter((kind) => !harmless.has(kind)))(
    'of the kind %s is found wherever it is done',
    async (kind) => {
      const [damage] = fc.sample(damageArbitrary([kind]), 1)
      if (damage === undefined) throw new Error('a sample of one')
      const path = await copied()
      const done = await damageStore(path, damage)
      expect(done).not.toBeNull()
      expect(await isFound(path), done ?? 'nothing').toBe(true)
    },
  )

  it('is not found where there is none', async () => {
    expect(await isFound(await copied())).toBe(false)
  })

  it('is null, and no damage, where there is nothing to damage in that way', async () => {
    const path = join(folder, 'bare.db')
    const waymark = await Waymark.open({ store: await openSqliteLog({ path }), policies: [] })
    await waymark.createSession()
    await waymark.close()
    const kinds = ['snapshot-gone', 'snapshot-changed', 'call-index-row-gone', 'text-changed'] as const
    for (const kind of kinds) expect(await damageStore(path, { kind, pick: 3 }), kind).toBeNull()
    expect(await isFound(path)).toBe(false)
    expect(await damageStore(path, { kind: 'salt-changed', pick: 3 })).toMatch(/^UPDATE events/)
    expect(await damageStore(path, { kind: 'salt-changed', pick: 3 })).toBeNull()
    expect(await isFound(path)).toBe(true)
  })

  it('comes in all kinds, whatever the seed', () => {
    const kinds = new Set(fc.sample(damageArbitrary(), 1_000).map(({ kind }) => kind))
    expect(kinds.size).toBe(Object.keys(storeDamage).length + 1)
  })
})

describe('damage to rows', () => {
  it('law: it is found by verification', async () => {
    await fc.assert(
      fc.asyncProperty(
        legalHistoryArbitrary({ lengthMax: 8 }),
        damageArbitrary(rowDamageKinds),
        async (history, damage) => {
          const log = new MemoryLog()
          const { sessionId } = await play(log, history, { policies: [] })
          const stream = log.stored.streams.get(sessionId)
          if (stream === undefined) throw new Error('it has been played into this log')
          const rows = damageRows(stream.rows, damage)
          // A single row has no other to change places with.
          fc.pre(damage.kind !== 'rows-swapped' || rows.length > 1)
          Object.assign(stream, { rows })
          expect((await verifyLog(log)).ok).toBe(false)
        },
      ),
      { numRuns: 40 },
    )
  })
})
