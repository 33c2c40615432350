/**
 * Blocks that are opened for checking.
 *
 * Goal: verification reads sealed events a fast way, and finds what it would find row by row. Method: random histories are played, cut at
 * random places and sealed; pages of each block are compared with its rows and their events, and the chain is followed over both ways,
 * also where a row was changed.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rowsWithEvents } from '../../src/log/block/check.ts'
import type { SealedBlock } from '../../src/log/block/format.ts'
import { type ReadRow, sealedBlock } from '../../src/log/block/seal.ts'
import { ChainCheck } from '../../src/log/chain.ts'
import { chainHash, checksumOf, decodeRow } from '../../src/log/codec.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { ReadRows, RowTexts, StoredRow } from '../../src/log/port.ts'
import { Waymark } from '../../src/session/waymark.ts'
import { historyArbitrary } from '../../src/testing/arbitrary/history.ts'
import { play } from '../../src/testing/play.ts'

async function playedRows(
  commands: Parameters<typeof play>[1],
): Promise<{ readonly sessionId: string; readonly rows: readonly StoredRow[] }> {
  const log = new MemoryLog()
  const { sessionId } = await play(log, commands)
  return { sessionId, rows: await rowsOf(log, sessionId) }
}

async function rowsOf(log: MemoryLog, sessionId: string): Promise<readonly StoredRow[]> {
  const rows: StoredRow[] = []
  for await (const page of log.rows(sessionId)) rows.push(...page)
  return rows
}

function read(sessionId: string, rows: readonly StoredRow[]): readonly ReadRow[] {
  return rows.map((row) => ({ row, event: decodeRow(sessionId, row) }))
}

function sealed(sessionId: string, rows: readonly StoredRow[]): SealedBlock {
  const block = sealedBlock(read(sessionId, rows))
  if (block === null) throw new Error('rows of a session can be sealed')
  return block
}

/** All pages of a block as one. */
function opened(block: SealedBlock, from = 0, to = Number.POSITIVE_INFINITY): ReadRows {
  const pages = [...rowsWithEvents(block, from, to)]
  return { rows: pages.flatMap(({ rows }) => rows), events: pages.flatMap(({ events }) => events) }
}

function withoutChecksum({ checksum, salt, ...row }: StoredRow): RowTexts {
  expect(checksum).toBe(checksumOf(row.position, row.envelope, row.data))
  return { ...row, salt: Buffer.from(salt) }
}

const share = fc.double({ min: 0, max: 1, noNaN: true })

describe('a block that is opened for checking', () => {
  it('law: gives the rows that were sealed and the events of their texts, from any row to any other', async () => {
    let events = 0
    await fc.assert(
      fc.asyncProperty(historyArbitrary(), share, share, async (commands, a, b) => {
        const { sessionId, rows } = await playedRows(commands)
        const [from, to] = [a, b].map((part) => Math.round(part * rows.length)).sort((x, y) => x - y)
        const part = rows.slice(from, to)
        const page = opened(sealed(sessionId, rows), from, to)
        // The fast way is taken, for all of them.
        expect(page.rows.map((row) => ({ ...row, salt: Buffer.from(row.salt) }))).toEqual(
          part.map(withoutChecksum),
        )
        expect(page.events).toEqual(part.map((row) => decodeRow(sessionId, row)))
        events += page.events.length
      }),
    )
    expect(events).toBeGreaterThan(100)
  })

  it('law: following the chain over its pages finds what following it over its rows finds, whatever row was changed', async () => {
    let problems = 0
    await fc.assert(
      fc.asyncProperty(
        historyArbitrary(),
        share,
        fc.constantFrom(...changes),
        async (commands, at, change) => {
          const { sessionId, rows } = await playedRows(commands)
          const { rows: texts, events } = opened(sealed(sessionId, rows))
          const place = Math.min(Math.floor(at * rows.length), rows.length - 1)
          const changed = texts.map((row, index) => (index === place ? change(row) : row))
          const fast = new ChainCheck(sessionId, 0, '').checkPage({ rows: changed, events })
          const check = new ChainCheck(sessionId, 0, '')
          const plain = changed.map((row) =>
            check.check({ ...row, checksum: checksumOf(row.position, row.envelope, row.data) }),
          )
          expect(fast.map((one) => one.problems)).toEqual(plain.map((one) => one.problems))
          expect(fast.map(({ event }) => event)).toEqual(plain.map(({ event }) => event))
          problems += fast.flatMap((one) => one.problems).length
        },
      ),
    )
    expect(problems).toBeGreaterThan(50)
  })

  it('ends before a row of which only the plain way can tell', async () => {
    const { sessionId, rows } = await longSession()
    const unusual = rows.map((row, index) => (index === 200 ? unknownType(row) : row))
    const { rows: texts } = opened(sealed(sessionId, unusual))
    expect(texts.length).toBe(200)
    expect(opened(sealed(sessionId, rows)).rows.length).toBe(rows.length)
  })

  it('takes no data that its schema refuses, also in a block that is sound', async () => {
    const { sessionId, rows } = await longSession()
    const [first] = rows
    if (first === undefined) throw new Error('a session has events')
    const event = decodeRow(sessionId, first)
    // What a schema accepted when it was sealed stands there in another type.
    const data = first.data.replace('"title":"of many"', '"title":17')
    expect(data).not.toBe(first.data)
    const altered = { ...first, data, checksum: checksumOf(first.position, first.envelope, data) }
    const block = sealedBlock([{ row: altered, event: { ...event, data: JSON.parse(data) } }])
    if (block === null) throw new Error('it can be sealed')
    expect(opened(block).rows).toEqual([])
  })

  it('reads envelopes that need escapes', async () => {
    const log = new MemoryLog()
    const waymark = await Waymark.open({ store: log, policies: [] })
    const session = await waymark.createSession()
    await session.send({ type: 'task.add', taskId: 'T', title: 'one' }, { actor: 'someone "quoted" 🦊' })
    const rows = await rowsOf(log, session.id)
    const { events } = opened(sealed(session.id, rows))
    expect(events).toEqual(rows.map((row) => decodeRow(session.id, row)))
    expect(events.at(-1)?.actor).toContain('🦊')
  })
})

/** Ways in which a row may not be what was written. */
const changes: readonly ((row: RowTexts) => RowTexts)[] = [
  (row) => row,
  (row) => ({ ...row, version: row.version + 1 }),
  (row) => ({ ...row, version: row.version - 1 }),
  (row) => ({ ...row, position: 0 }),
  (row) => ({ ...row, hash: row.hash.replace(/^./, (digit) => (digit === '0' ? '1' : '0')) }),
  (row) => ({ ...row, salt: Buffer.alloc(16, 1) }),
  (row) => ({ ...row, hash: chainHash('', row.envelope, row.data, row.salt) }),
]

async function longSession() {
  const log = new MemoryLog()
  const waymark = await Waymark.open({ store: log, policies: [] })
  const session = await waymark.createSession({ title: 'of many' })
  for (let n = 0; n < 400; n++)
    await session.send({ type: 'observation.record', kind: 'note', detail: `${n}` })
  return { sessionId: session.id, rows: await rowsOf(log, session.id) }
}

/** A row of a type that a newer Waymark may write. */
function unknownType(row: StoredRow): StoredRow {
  const envelope = row.envelope
    .replace('"type":"observation.recorded"', '"type":"observation.foreseen"')
    .replace('"index":', '"ignorable":true,"index":')
  return { ...row, envelope, checksum: checksumOf(row.position, envelope, row.data) }
}
