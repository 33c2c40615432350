/**
 * Goal: where batches end is the same by every way of asking, at every version. Method: sessions whose batches are made as long as wanted,
 * longer than what is looked ahead too; each question is asked at each version, and held against the list of all events.
 */
import { describe, expect, it } from 'vitest'
import type { Command } from '../../src/events/commands.ts'
import type { LoggedEvent } from '../../src/events/envelope.ts'
import { MemoryLog } from '../../src/log/memory.ts'
import { batchEndAt, batchEndingAt, batchEndUpTo, eventAt } from '../../src/replay/batch-ends.ts'
import { play } from '../../src/testing/play.ts'
import { eventsOf } from '../support/events.ts'
import { forge } from '../support/forge.ts'

/** A session whose batches have so many events. */
async function batched(lengths: readonly number[]) {
  const log = new MemoryLog()
  const indexes = lengths.flatMap((length) => Array.from({ length }, (_, index) => index))
  const others = indexes
    .slice(1)
    .map((index): Command => ({ type: 'observation.record', kind: `kind-${index}` }))
  const { sessionId } = await play(log, [{ type: 'session.start' }, ...others], { policies: [] })
  forge(log, sessionId, ({ envelope, data }) => [
    { envelope: { ...envelope, index: indexes[Number(envelope.version) - 1] }, data },
  ])
  const events = await eventsOf(log, sessionId)
  expect(events.map(({ index }) => index)).toEqual(indexes)
  return { log, sessionId, events, newest: events.length }
}

/** The same log, and the versions that were read of it. */
function watched(log: MemoryLog): { readonly log: MemoryLog; readonly read: () => readonly number[] } {
  let versions: number[] = []
  const read: MemoryLog['read'] = async function* (sessionId, range) {
    for await (const page of log.read(sessionId, range)) {
      versions.push(...page.map(({ version }) => version))
      yield page
    }
  }
  const seen = new Proxy(log, {
    get: (target, name) => {
      if (name === 'read') return read
      const value: unknown = Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
  return {
    log: seen,
    read: () => {
      const taken = versions
      versions = []
      return taken
    },
  }
}

/** The batch that a version belongs to. */
function batchOf(events: readonly LoggedEvent[], version: number): readonly LoggedEvent[] {
  const first = events.findLastIndex((event) => event.version <= version && event.index === 0)
  const next = events.findIndex((event, at) => at > first && event.index === 0)
  return events.slice(first, next < 0 ? events.length : next)
}

describe.each([
  ['short and long ones', [1, 1, 3, 1, 9, 2, 30, 1, 8, 10, 1]],
  ['one that goes on to the newest', [1, 2, 25]],
  ['a single one', [20]],
  ['only of one event', [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]],
])('batches, %s', (_, lengths) => {
  it('end where the next one begins, from each version on', async () => {
    const { log, sessionId, events, newest } = await batched(lengths)
    const { log: counted, read } = watched(log)
    expect(await batchEndAt(counted, sessionId, 0, newest)).toBe(0)
    expect(read()).toEqual([])
    for (let version = 1; version <= newest; version += 1) {
      const end = batchOf(events, version).at(-1)?.version ?? 0
      expect([version, await batchEndAt(counted, sessionId, version, newest)]).toEqual([version, end])
      const seen = read()
      // What lies before is not read, nor is any event twice, and not much of what lies behind the end.
      expect(seen).toEqual(Array.from(seen, (_event, at) => version + 1 + at))
      expect(seen.length).toBeLessThanOrEqual(end - version + 8)
    }
  })

  it('are looked at no further than is asked for', async () => {
    const { log, sessionId, events, newest } = await batched(lengths)
    for (let limit = 1; limit <= newest; limit += 3) {
      for (let version = 1; version <= limit; version += 1) {
        const end = Math.min(limit, batchOf(events, version).at(-1)?.version ?? 0)
        expect([version, limit, await batchEndAt(log, sessionId, version, limit)]).toEqual([
          version,
          limit,
          end,
        ])
      }
    }
  })

  it('up to a version: the version itself where one ends there, else the one before', async () => {
    const { log, sessionId, events, newest } = await batched(lengths)
    for (let version = 0; version <= newest; version += 1) {
      const batch = version === 0 ? [] : batchOf(events, version)
      const isEnd = version === 0 || batch.at(-1)?.version === version
      const expected = isEnd ? version : (batch[0]?.version ?? 0) - 1
      expect([version, await batchEndUpTo(log, sessionId, version, newest)]).toEqual([version, expected])
    }
  })

  it('are read up to the version asked for, and nothing else is', async () => {
    const { log, sessionId, events, newest } = await batched(lengths)
    const { log: counted, read } = watched(log)
    for (let version = 1; version <= newest; version += 1) {
      const upTo = batchOf(events, version).filter((event) => event.version <= version)
      expect(await batchEndingAt(counted, sessionId, version)).toEqual(upTo)
      expect(read()).toEqual([version, ...upTo.map((event) => event.version)])
      expect(await eventAt(counted, sessionId, version)).toEqual(events[version - 1])
      expect(read()).toEqual([version])
    }
    for (const none of [-1, 0, newest + 1]) {
      expect(await eventAt(counted, sessionId, none)).toBeNull()
      expect(await batchEndingAt(counted, sessionId, none)).toEqual([])
    }
    expect(read()).toEqual([])
  })
})

describe('where an event is damaged', () => {
  it('what lies before it can be looked at, as if a batch ended there', async () => {
    const { log, sessionId, newest } = await batched([1, 5, 5])
    const row = log.stored.streams.get(sessionId)?.rows[3]
    if (row === undefined) throw new Error('no fourth row')
    Object.assign(row, { data: `${row.data} ` })
    expect(await batchEndUpTo(log, sessionId, 3, newest)).toBe(3)
    expect(await batchEndUpTo(log, sessionId, 2, newest)).toBe(1)
    await expect(batchEndUpTo(log, sessionId, 4, newest)).rejects.toMatchObject({ code: 'DAMAGED_RECORD' })
  })

  it('a store that fails says nothing about batches', async () => {
    const { log, sessionId, newest } = await batched([1, 5])
    await log.close()
    await expect(batchEndUpTo(log, sessionId, 2, newest)).rejects.toMatchObject({ code: 'STORE_CLOSED' })
  })
})
