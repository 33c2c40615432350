/**
 * Sealed blocks.
 *
 * Goal: sealing old events changes nothing that anybody can see, and reading them the fast way gives what the plain way gives. Method: random
 * histories are played, cut at random places and sealed; each block is compared with its rows byte by byte, with their events, and with
 * the state that folding them gives.
 */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LoggedEvent } from '../../src/events/envelope.ts'
import { foldInto, stateHash } from '../../src/fold/fold.ts'
import { initialState } from '../../src/fold/state.ts'
import { wholeEvents } from '../../src/log/block/events.ts'
import { packedPage } from '../../src/log/block/page.ts'
import { unsealedRows } from '../../src/log/block/rows.ts'
import { type ReadRow, sealedBlock } from '../../src/log/block/seal.ts'
import { decodeRow } from '../../src/log/codec.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import type { StoredRow } from '../../src/log/port.ts'
import { historyArbitrary } from '../../src/testing/arbitrary/history.ts'
import { play } from '../../src/testing/play.ts'

async function rowsOf(commands: Parameters<typeof play>[1]): Promise<readonly ReadRow[]> {
  const log = new MemoryLog()
  const { sessionId } = await play(log, commands)
  const rows: StoredRow[] = []
  for await (const page of log.rows(sessionId)) rows.push(...page)
  return rows.map((row) => ({ row, event: decodeRow(sessionId, row) }))
}

function cutIn<T>(items: readonly T[], places: readonly number[]): readonly (readonly T[])[] {
  const cuts = [0, ...places.map((place) => Math.floor(place * items.length)), items.length]
  const sorted = [...new Set(cuts)].sort((a, b) => a - b)
  return sorted.slice(1).map((end, index) => items.slice(sorted[index], end))
}

const places = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 3 })

describe('a sealed block', () => {
  it('law: gives back the very rows that were sealed', async () => {
    await fc.assert(
      fc.asyncProperty(historyArbitrary(), places, async (commands, cuts) => {
        for (const part of cutIn(await rowsOf(commands), cuts)) {
          const block = sealedBlock(part)
          expect(block).not.toBeNull()
          if (block === null) continue
          const rows = unsealedRows(block)
          expect(rows.map((row) => ({ ...row, salt: Buffer.from(row?.salt ?? []) }))).toEqual(
            part.map(({ row }) => ({ ...row, salt: Buffer.from(row.salt) })),
          )
        }
      }),
    )
  })

  it('law: its events, read the fast way, are those of its rows', async () => {
    let blocks = 0
    let fast = 0
    await fc.assert(
      fc.asyncProperty(historyArbitrary(), places, async (commands, cuts) => {
        for (const part of cutIn(await rowsOf(commands), cuts)) {
          const block = sealedBlock(part)
          const events = block === null ? null : wholeEvents(block)
          blocks += 1
          if (events === null) continue
          fast += 1
          expect(events).toEqual(part.map(({ event }) => event))
        }
      }),
    )
    // The fast way is taken: a generator that avoided it would prove nothing.
    expect(fast).toBe(blocks)
  })

  it('law: folding it, without the fields that no recipe looks at, leads to the same state', async () => {
    const types = new Set<string>()
    await fc.assert(
      fc.asyncProperty(historyArbitrary(), places, async (commands, cuts) => {
        const read = await rowsOf(commands)
        const [first] = read
        if (first === undefined) return
        const plain = initialState(first.event.sessionId)
        const sealed = initialState(first.event.sessionId)
        const listed = initialState(first.event.sessionId)
        for (const part of cutIn(read, cuts)) {
          for (const { event } of part) types.add(event.type)
          foldInto(
            plain,
            part.map(({ event }): LoggedEvent => event),
          )
          const block = sealedBlock(part)
          const page = block === null ? null : packedPage(block.hot)
          expect(page).not.toBeNull()
          foldInto(sealed, page ?? [])
          expect(stateHash(sealed)).toBe(stateHash(plain))
          foldInto(listed, [...(page ?? [])])
          expect(listed).toEqual(sealed)
        }
      }),
      { numRuns: 200 },
    )
    for (const type of [
      'usage.recorded',
      'tool.called',
      'tool.returned',
      'reply.recorded',
      'prompt.submitted',
    ])
      expect(types).toContain(type)
  })
})
