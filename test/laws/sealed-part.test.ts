/**
 * Parts of sealed blocks.
 *
 * Goal: whoever needs a few events of a block reads those, and they are the ones that reading the whole block gives. Method: random histories
 * are sealed, and random parts of the blocks are compared with the same part of all their events; then columns that a part does not need
 * are made unreadable.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { wholeEvents } from '../../src/log/block/events.ts'
import type { SealedBlock } from '../../src/log/block/format.ts'
import { packedPage } from '../../src/log/block/page.ts'
import { sealedBlock } from '../../src/log/block/seal.ts'
import { decodeRow } from '../../src/log/codec.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { StoredRow } from '../../src/log/port.ts'
import { historyArbitrary } from '../../src/testing/arbitrary/history.ts'
import { play } from '../../src/testing/play.ts'

async function blockOf(commands: Parameters<typeof play>[1]): Promise<SealedBlock> {
  const log = new MemoryLog()
  const { sessionId } = await play(log, commands)
  const rows: StoredRow[] = []
  for await (const page of log.rows(sessionId)) rows.push(...page)
  const block = sealedBlock(rows.map((row) => ({ row, event: decodeRow(sessionId, row) })))
  if (block === null) throw new Error('it can be sealed')
  return block
}

describe('a part of a sealed block', () => {
  it('law: has the events that the whole block has there, whole and for folding', async () => {
    let within = 0
    await fc.assert(
      fc.asyncProperty(historyArbitrary(), fc.nat(), fc.nat(), async (commands, begin, length) => {
        const block = await blockOf(commands)
        const all = wholeEvents(block) ?? []
        const from = begin % all.length
        const to = from + 1 + (length % (all.length - from))
        if (to - from < all.length) within += 1
        const part = { from, to }
        expect(wholeEvents(block, part)).toEqual(all.slice(from, to))
        const page = packedPage(block.hot, part)
        const listed = [...(packedPage(block.hot) ?? [])].slice(from, to)
        expect(page?.length).toBe(to - from)
        expect([...(page ?? [])]).toEqual(listed)
        const counts = page?.types.map(() => true) ?? []
        const latest = listed
          .map(({ time }) => time)
          .sort()
          .at(-1)
        expect(page?.latestTime(counts)).toBe(latest)
        expect(page?.kinds.map((kind) => page.types[kind])).toEqual(listed.map(({ type }) => type))
      }),
    )
    // Parts that are the whole block would prove nothing.
    expect(within).toBeGreaterThan(20)
  })

  it('does not read the columns that only other events have', async () => {
    const block = await blockOf([
      { type: 'session.start' },
      { type: 'task.add', taskId: 'A', title: 'Log in' },
      { type: 'task.add', taskId: 'B', title: 'Log out' },
      { type: 'context.measure', contextTokens: 7_654_321 },
    ])
    const text = Buffer.from(block.hot).toString('utf8')
    const hot = Buffer.from(text.replace('7654321', '7654x21'))
    expect(packedPage(hot)).toBeNull()
    const events = wholeEvents(block) ?? []
    const part = { from: 1, to: events.findIndex(({ type }) => type === 'context.measured') }
    const types = [...(packedPage(hot, part) ?? [])].map(({ type }) => type)
    expect(types).toContain('task.added')
    expect(types).toEqual(events.slice(part.from, part.to).map(({ type }) => type))
    expect(wholeEvents({ ...block, hot }, part)).toEqual(events.slice(part.from, part.to))
  })
})
