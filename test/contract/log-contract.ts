/**
 * What every log must do, whatever it is made of: the promises of src/log/port.ts as tests.
 * `describeLog` runs them against one adapter; each test opens an empty log of its own.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isKnown } from '../../src/events/envelope.ts'
import { WaymarkError } from '../../src/kernel/errors.ts'
import { sha256 } from '../../src/kernel/hash.ts'
import { limits } from '../../src/kernel/limits.ts'
import type { EventLog } from '../../src/log/port.ts'
import { compactTests } from './compaction-contract.ts'
import {
  batchOfTasks,
  collected,
  listed,
  pending,
  read,
  rowsOf,
  sessionOf,
  snapshotOf,
  streamWith,
  summary,
  taskAdded,
  usageRecorded,
  word,
} from './samples.ts'
import { travelTests } from './travel-contract.ts'

export interface OpenedLog {
  readonly log: EventLog
  /** Another log on the same events, as another process would have; `null` where there is no such thing. */
  readonly openAgain: (() => Promise<EventLog>) | null
  readonly remove: () => Promise<void>
}

const a = sessionOf('a')
const b = sessionOf('b')
const c = sessionOf('c')

export function describeLog(name: string, open: () => Promise<OpenedLog>): void {
  describe(`a log in ${name}`, () => {
    let opened: OpenedLog
    let log: EventLog
    beforeEach(async () => {
      opened = await open()
      log = opened.log
    })
    afterEach(async () => {
      await opened.log.close()
      await opened.remove()
    })
    const current = () => opened

    describe('appends', () => appendTests(current))
    describe('reads', () => readTests(current))
    describe('finds commands and calls again', () => lookupTests(current))
    describe('forks', () => forkTests(current))
    describe('keeps beside the events', () => besideTests(current))
    describe('wakes and closes', () => lifeTests(current))
    describe('compacts', () => compactTests(current))
    describe('takes rows in and data out', () => travelTests(current))

    it('is empty at first', async () => {
      expect(await log.position()).toBe(0)
      expect(await log.stream(a)).toBeNull()
      expect(await collected(log.streams())).toEqual([])
      expect(await read(log, a)).toEqual([])
      expect(await collected(log.readAll(0))).toEqual([])
    })
  })
}

type Current = () => OpenedLog

function appendTests(current: Current): void {
  it('gives a stream the versions 1, 2, 3 … and the log positions that rise', async () => {
    const { log } = current()
    await streamWith(log, a, 'A1', 'A2')
    await streamWith(log, b, 'B1')
    await streamWith(log, a, 'A3')
    expect((await read(log, a)).map(({ version }) => version)).toEqual([1, 2, 3])
    expect((await read(log, b)).map(({ version }) => version)).toEqual([1])
    const all = await collected(log.readAll(0))
    expect(all.map(word)).toEqual(['A1', 'A2', 'B1', 'A3'])
    const positions = all.map(({ position }) => position)
    expect(positions).toEqual([...positions].sort((x, y) => x - y))
    expect(new Set(positions).size).toBe(4)
    expect(await log.position()).toBe(positions[3])
  })

  it('returns events as they read back, with all that their command said', async () => {
    const { log } = current()
    const event = { ...taskAdded('A'), causationId: 'cause-1', correlationId: 'whole.2', actor: 'policy:"ü"' }
    const returned = await log.transact((transaction) => {
      transaction.create(a, null)
      return transaction.append(a, [event, ...batchOfTasks('other', 'B', 'C')], summary)
    })
    expect(await read(log, a)).toEqual(returned)
    expect(returned[0]).toMatchObject({
      sessionId: a,
      version: 1,
      type: 'task.added',
      data: { taskId: 'A', title: 'task A' },
      actor: 'policy:"ü"',
      causationId: 'cause-1',
      correlationId: 'whole.2',
      ignorable: false,
    })
    expect(returned[2]).toMatchObject({
      commandId: 'other',
      index: 1,
      causationId: null,
      correlationId: null,
    })
  })

  it('keeps all of a transaction or nothing of it', async () => {
    const { log } = current()
    await streamWith(log, a, 'A1')
    const before = await log.stream(a)
    const failing = log.transact((transaction) => {
      transaction.append(a, batchOfTasks('lost', 'X', 'Y'), { ...summary, title: 'lost' })
      transaction.append(a, [usageRecorded('call-lost', 5)], summary)
      transaction.create(b, null)
      transaction.append(b, [taskAdded('Z')], summary)
      transaction.putContent(sha256('lost'), Buffer.from('lost'))
      transaction.putSnapshot(snapshotOf(a, 2))
      transaction.putBookmark('import', 'lost')
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    expect(await log.stream(a)).toEqual(before)
    expect(await log.stream(b)).toBeNull()
    expect((await read(log, a)).map(word)).toEqual(['A1'])
    expect(await log.content(sha256('lost'))).toBeNull()
    expect(await listed(log.snapshots(a))).toEqual([])
    expect(await log.bookmark('import')).toBeNull()
    await log.transact((transaction) => {
      expect(transaction.batchOf(a, 'lost')).toBeNull()
      expect(transaction.countedCall(a, 'call-lost', 'home')).toBeNull()
      expect(transaction.bookmark('import')).toBeNull()
    })
    await streamWith(log, a, 'A2')
    expect((await read(log, a)).map(({ version }) => version)).toEqual([1, 2])
  })

  it('shows a transaction what it has done itself, and others nothing of it before it is committed', async () => {
    const { log } = current()
    await streamWith(log, a, 'A1')
    await log.transact((transaction) => {
      transaction.append(a, [taskAdded('A2', 'second'), usageRecorded('call', 7)], {
        ...summary,
        title: 'new',
      })
      expect(transaction.stream(a)).toMatchObject({ version: 3, summary: { title: 'new' } })
      expect([...transaction.read(a, { after: 1 })].flat().map(word)).toEqual(['A2', 'call'])
      expect(transaction.batchOf(a, 'second')?.map(word)).toEqual(['A2'])
      expect(transaction.countedCall(a, 'call', 'session')).toMatchObject({ outputTokens: 7 })
      transaction.putBookmark('import', 'line 7')
      expect(transaction.bookmark('import')).toBe('line 7')
    })
    expect(await log.stream(a)).toMatchObject({ version: 3, summary: { title: 'new' } })
  })

  it('runs many transactions asked for at once one after the other, in that order', async () => {
    const { log } = current()
    await streamWith(log, a)
    const names = Array.from({ length: 40 }, (_, index) => `T${index}`)
    await Promise.all(names.map((name) => streamWith(log, a, name)))
    expect((await read(log, a)).map(word)).toEqual(names)
  })

  it('keeps the head: version, hash of the newest row, bytes since the newest snapshot', async () => {
    const { log } = current()
    await streamWith(log, a)
    expect(await log.stream(a)).toMatchObject({
      version: 0,
      hash: '',
      forkedFrom: null,
      bytesSinceSnapshot: 0,
    })
    await streamWith(log, a, 'A1', 'A2')
    const rows = await rowsOf(log, a)
    const bytes = rows.reduce((sum, { envelope, data }) => sum + envelope.length + data.length, 0)
    expect(await log.stream(a)).toMatchObject({
      version: 2,
      hash: rows[1]?.hash,
      bytesSinceSnapshot: bytes,
      summary,
    })
    await log.transact((transaction) => transaction.putSnapshot(snapshotOf(a, 2)))
    expect(await log.stream(a)).toMatchObject({ version: 2, bytesSinceSnapshot: 0 })
  })

  it('refuses to make a stream twice, and to append to one that is not there', async () => {
    const { log } = current()
    await streamWith(log, a, 'A1')
    await expectCode(() => log.transact((transaction) => transaction.create(a, null)), 'ALREADY_EXISTS')
    const append = () => log.transact((transaction) => transaction.append(b, [taskAdded('B')], summary))
    await expectCode(append, 'SESSION_NOT_FOUND')
    expect(await log.position()).toBe(1)
  })

  it('refuses a second batch of one command in a stream, and keeps nothing of that transaction', async () => {
    const { log } = current()
    await streamWith(log, a, 'A1')
    await log.transact((transaction) => transaction.append(a, batchOfTasks('once', 'X', 'Y'), summary))
    const again = () =>
      log.transact((transaction) => {
        transaction.append(a, [taskAdded('Z')], summary)
        transaction.append(a, batchOfTasks('once', 'X', 'Y'), summary)
      })
    await expectCode(again, 'ALREADY_EXISTS')
    expect((await read(log, a)).map(word)).toEqual(['A1', 'X', 'Y'])
  })

  it('lists all streams, oldest first', async () => {
    const { log } = current()
    const ids = Array.from({ length: 300 }, (_, index) => sessionOf(`stream ${index}`))
    await log.transact((transaction) => {
      for (const id of ids) transaction.create(id, null)
    })
    expect((await collected(log.streams())).map(({ sessionId }) => sessionId)).toEqual(ids)
  })
}

function readTests(current: Current): void {
  it('by range: after a version, up to one, neither beyond what there is', async () => {
    const { log } = current()
    await streamWith(log, a, 'A1', 'A2', 'A3', 'A4')
    expect((await read(log, a, { after: 1, to: 3 })).map(word)).toEqual(['A2', 'A3'])
    expect((await read(log, a, { after: 3 })).map(word)).toEqual(['A4'])
    expect((await read(log, a, { to: 99 })).map(word)).toEqual(['A1', 'A2', 'A3', 'A4'])
    expect(await read(log, a, { after: 4 })).toEqual([])
    expect(await read(log, a, { after: 3, to: 2 })).toEqual([])
    expect((await rowsOf(log, a, { after: 1, to: 3 })).map(({ version }) => version)).toEqual([2, 3])
    expect((await rowsOf(log, a)).map(({ version }) => version)).toEqual([1, 2, 3, 4])
  })

  it('in pages that never hold more than the bound, whatever the length', async () => {
    const { log } = current()
    const count = limits.pageEventsMax + 600
    const names = Array.from({ length: count }, (_, index) => `T${index}`)
    await streamWith(log, a, ...names)
    const seen: string[] = []
    for await (const page of log.read(a)) {
      expect(page.length).toBeGreaterThan(0)
      expect(page.length).toBeLessThanOrEqual(limits.pageEventsMax)
      seen.push(...page.map(word))
    }
    expect(seen).toEqual(names)
    let rows = 0
    for await (const page of log.rows(a)) {
      expect(page.length).toBeLessThanOrEqual(limits.pageEventsMax)
      rows += page.length
    }
    expect(rows).toBe(count)
    let all = 0
    for await (const page of log.readAll(0)) {
      expect(page.length).toBeLessThanOrEqual(limits.pageEventsMax)
      all += page.length
    }
    expect(all).toBe(count)
    await log.transact((transaction) => {
      let inside = 0
      for (const page of transaction.read(a, { after: 3 })) {
        expect(page.length).toBeLessThanOrEqual(limits.pageEventsMax)
        inside += page.length
      }
      expect(inside).toBe(count - 3)
    })
  })

  it('all events after a position, over all streams', async () => {
    const { log } = current()
    await streamWith(log, a, 'A1')
    await streamWith(log, b, 'B1', 'B2')
    const [, second] = await collected(log.readAll(0))
    expect((await collected(log.readAll(second?.position ?? 0))).map(word)).toEqual(['B2'])
    expect(await collected(log.readAll(await log.position()))).toEqual([])
  })

  it('texts of every language and of any length, and events that only later versions will know', async () => {
    const { log } = current()
    const title = 'größer ≥ 日本 \u{1F9ED} "quoted" \\ \u0001 \n'
    await log.transact((transaction) => {
      transaction.create(a, null)
      transaction.append(a, [pending('task.added', { taskId: 'U', title })], summary)
      const description = 'x\n'.repeat(limits.textCharactersMax / 2)
      transaction.append(a, [pending('task.added', { taskId: 'V', title: 'long', description })], summary)
      const older = { ...pending('observation.recorded', { kind: 'later' }), type: 'later.noted' }
      transaction.append(a, [older as unknown as ReturnType<typeof pending>], summary)
    })
    const events = await read(log, a)
    expect(events[0]?.data).toEqual({ taskId: 'U', title })
    expect(events.map(isKnown)).toEqual([true, true, false])
    expect(events[2]).toMatchObject({
      type: 'later.noted',
      unknown: true,
      data: { kind: 'later' },
      version: 3,
    })
  })
}

function lookupTests(current: Current): void {
  it('the batch of a command, whole, and null for a command that was not sent', async () => {
    const { log } = current()
    await streamWith(log, a, 'A1')
    await log.transact((transaction) => transaction.append(a, batchOfTasks('three', 'X', 'Y', 'Z'), summary))
    await streamWith(log, a, 'A2')
    await log.transact((transaction) => {
      const batch = transaction.batchOf(a, 'three')
      expect(batch?.map(({ version, index }) => [version, index])).toEqual([
        [2, 0],
        [3, 1],
        [4, 2],
      ])
      expect(transaction.batchOf(a, 'four')).toBeNull()
      expect(transaction.batchOf(b, 'three')).toBeNull()
    })
  })

  it('a command of an inherited event, but none of what the parent did after the fork', async () => {
    const { log } = current()
    await log.transact((transaction) => {
      transaction.create(a, null)
      transaction.append(a, batchOfTasks('first', 'X', 'Y'), summary)
      transaction.create(b, { sessionId: a, version: 2 })
      transaction.append(a, batchOfTasks('later', 'Z'), summary)
      transaction.append(b, batchOfTasks('own', 'O'), summary)
      transaction.create(c, { sessionId: b, version: 3 })
    })
    await log.transact((transaction) => {
      expect(transaction.batchOf(c, 'first')).toEqual(transaction.batchOf(a, 'first'))
      expect(transaction.batchOf(c, 'own')?.map(word)).toEqual(['O'])
      expect(transaction.batchOf(c, 'later')).toBeNull()
      expect(transaction.batchOf(a, 'own')).toBeNull()
    })
  })

  it('of a batch that a fork cuts in two, the part that was inherited', async () => {
    const { log } = current()
    await log.transact((transaction) => {
      transaction.create(a, null)
      transaction.append(a, batchOfTasks('three', 'X', 'Y', 'Z'), summary)
      transaction.create(b, { sessionId: a, version: 2 })
    })
    await log.transact((transaction) =>
      expect(transaction.batchOf(b, 'three')?.map(word)).toEqual(['X', 'Y']),
    )
  })

  it('the highest counters of a call: in the session with what it inherited, or in the whole home', async () => {
    const { log } = current()
    await log.transact((transaction) => {
      transaction.create(a, null)
      transaction.append(a, [usageRecorded('call', 5)], summary)
      transaction.append(a, [usageRecorded('call', 9)], summary)
      transaction.create(b, { sessionId: a, version: 1 })
      transaction.create(c, null)
      transaction.append(c, [usageRecorded('call', 20)], summary)
    })
    await log.transact((transaction) => {
      const output = (sessionId: string, scope: 'session' | 'home') =>
        transaction.countedCall(sessionId, 'call', scope)?.outputTokens ?? null
      expect(output(a, 'session')).toBe(9)
      expect(output(b, 'session')).toBe(5)
      expect(output(c, 'session')).toBe(20)
      expect(output(a, 'home')).toBe(20)
      expect(output(sessionOf('nobody'), 'session')).toBeNull()
      expect(transaction.countedCall(a, 'other', 'home')).toBeNull()
    })
  })

  it('of one call reported twice, the highest figure of each kind', async () => {
    const { log } = current()
    const report = (inputTokens: number, outputTokens: number) => {
      const event = usageRecorded('call', outputTokens)
      const data = { ...event.data, inputTokens }
      return { ...event, data } as ReturnType<typeof usageRecorded>
    }
    await log.transact((transaction) => {
      transaction.create(a, null)
      transaction.append(a, [report(100, 1)], summary)
      transaction.append(a, [report(50, 2)], summary)
      expect(transaction.countedCall(a, 'call', 'session')).toEqual({
        inputTokens: 100,
        outputTokens: 2,
        cacheReadTokens: 0,
        cacheCreationTokens: 0,
      })
    })
  })
}

function forkTests(current: Current): void {
  it('share the past, word for word, and nothing of either future; no event is copied', async () => {
    const { log } = current()
    await streamWith(log, a, 'A1', 'A2', 'A3')
    await log.transact((transaction) => transaction.create(b, { sessionId: a, version: 2 }))
    const rows = await rowsOf(log, a)
    expect(await log.stream(b)).toMatchObject({
      version: 2,
      hash: rows[1]?.hash,
      forkedFrom: { sessionId: a, version: 2 },
      bytesSinceSnapshot: 0,
    })
    expect(await rowsOf(log, b)).toEqual([])
    expect(await log.position()).toBe(3)
    await streamWith(log, b, 'B3')
    await streamWith(log, a, 'A4')
    expect((await read(log, b)).map(word)).toEqual(['A1', 'A2', 'B3'])
    expect((await read(log, b)).slice(0, 2)).toEqual((await read(log, a)).slice(0, 2))
    expect((await read(log, a)).map(word)).toEqual(['A1', 'A2', 'A3', 'A4'])
    expect((await rowsOf(log, b)).map(({ version }) => version)).toEqual([3])
    expect((await read(log, b, { after: 1, to: 2 })).map(word)).toEqual(['A2'])
    expect((await read(log, b, { after: 2 })).map(word)).toEqual(['B3'])
  })

  it('of forks, at a version their parent only inherited, read from where it lies', async () => {
    const { log } = current()
    await streamWith(log, a, 'A1', 'A2', 'A3')
    await log.transact((transaction) => transaction.create(b, { sessionId: a, version: 3 }))
    await streamWith(log, b, 'B4')
    await log.transact((transaction) => transaction.create(c, { sessionId: b, version: 2 }))
    await streamWith(log, c, 'C3')
    expect((await read(log, c)).map(word)).toEqual(['A1', 'A2', 'C3'])
    expect(await log.stream(c)).toMatchObject({ forkedFrom: { sessionId: b, version: 2 } })
  })

  it('fifty deep read their whole past, and a fork of an empty stream nothing', async () => {
    const { log } = current()
    const ids = Array.from({ length: 50 }, (_, index) => sessionOf(`deep ${index}`))
    await log.transact((transaction) => {
      for (const [index, id] of ids.entries()) {
        const parent = ids[index - 1]
        transaction.create(id, parent === undefined ? null : { sessionId: parent, version: index })
        transaction.append(id, [taskAdded(`T${index}`)], summary)
      }
    })
    const last = ids[49] ?? ''
    expect((await read(log, last)).map(word)).toEqual(ids.map((_, index) => `T${index}`))
    await log.transact((transaction) => {
      transaction.create(a, null)
      transaction.create(b, { sessionId: a, version: 0 })
      transaction.append(b, [taskAdded('B1')], summary)
    })
    expect((await read(log, b)).map(word)).toEqual(['B1'])
  })

  it('are refused at a version that is not there, of a session that is not there, and beyond the bound of ancestors', async () => {
    const { log } = current()
    await streamWith(log, a, 'A1')
    const fork = (parent: string, version: number) =>
      log.transact((transaction) => transaction.create(b, { sessionId: parent, version }))
    await expectCode(() => fork(a, 2), 'VERSION_NOT_FOUND')
    await expectCode(() => fork(c, 1), 'VERSION_NOT_FOUND')
    expect(await log.stream(b)).toBeNull()
    const tooDeep = log.transact((transaction) => {
      let parent = a
      for (let depth = 1; depth <= limits.lineageDepthMax + 1; depth++) {
        const id = sessionOf(`line ${depth}`)
        transaction.create(id, { sessionId: parent, version: depth })
        transaction.append(id, [taskAdded(`T${depth}`)], summary)
        parent = id
      }
    })
    await expectCode(() => tooDeep, 'LIMIT_REACHED')
  })
}

function besideTests(current: Current): void {
  it('texts once by their hash, small and large', async () => {
    const { log } = current()
    const texts = ['', 'short', 'long '.repeat(10_000)]
    await log.transact((transaction) => {
      for (const text of [...texts, ...texts]) transaction.putContent(sha256(text), Buffer.from(text))
    })
    for (const text of texts) {
      expect(Buffer.from((await log.content(sha256(text))) ?? 'missing').toString()).toBe(text)
    }
    expect(await log.content(sha256('unknown'))).toBeNull()
    const audit = await listed(log.auditContents())
    expect(audit.map(({ hash }) => hash).sort()).toEqual(texts.map((text) => sha256(text)).sort())
    expect(audit.map(({ problem }) => problem)).toEqual([null, null, null])
  })

  it('snapshots, newest first, the newest of a version, up to a version, with those a fork inherits', async () => {
    const { log } = current()
    await streamWith(log, a, 'A1', 'A2', 'A3', 'A4')
    await log.transact((transaction) => {
      transaction.putSnapshot(snapshotOf(a, 1))
      transaction.putSnapshot(snapshotOf(a, 4))
      const facts = { kind: 'checkpoint', checkpointId: 'ckpt_1' } as const
      transaction.putSnapshot(snapshotOf(a, 3))
      transaction.putSnapshot(snapshotOf(a, 3, facts))
      transaction.create(b, { sessionId: a, version: 3 })
      transaction.append(b, [taskAdded('B4'), taskAdded('B5')], summary)
      transaction.putSnapshot(snapshotOf(b, 5))
    })
    const places = async (sessionId: string, atMost?: number) =>
      (await listed(log.snapshots(sessionId, atMost))).map((snapshot) => [
        snapshot.sessionId,
        snapshot.version,
      ])
    expect(await places(a)).toEqual([
      [a, 4],
      [a, 3],
      [a, 1],
    ])
    expect(await places(a, 3)).toEqual([
      [a, 3],
      [a, 1],
    ])
    expect(await places(b)).toEqual([
      [b, 5],
      [a, 3],
      [a, 1],
    ])
    expect(await places(b, 2)).toEqual([[a, 1]])
    expect(await places(c)).toEqual([])
    const [, checkpoint] = await listed(log.snapshots(a))
    const wanted = snapshotOf(a, 3, { kind: 'checkpoint', checkpointId: 'ckpt_1' })
    expect({ ...checkpoint, body: Buffer.from(checkpoint?.body ?? '') }).toEqual(wanted)
  })

  it('bookmarks, committed with the events they speak of', async () => {
    const { log } = current()
    await log.transact((transaction) => {
      transaction.create(a, null)
      transaction.append(a, [taskAdded('A1')], summary)
      transaction.putBookmark('import/x', '17')
    })
    await log.transact((transaction) => transaction.putBookmark('import/x', '18'))
    expect(await log.bookmark('import/x')).toBe('18')
    expect(await log.bookmark('import/y')).toBeNull()
  })
}

function lifeTests(current: Current): void {
  it('a waiting reader at once when something was appended before, and when this log appends', async () => {
    const { log } = current()
    const never = new AbortController().signal
    await streamWith(log, a, 'A1')
    await log.changed(0, never)
    const waiting = log.changed(await log.position(), never)
    await streamWith(log, a, 'A2')
    await waiting
  })

  it('no reader for what it has seen, until it gives up', async () => {
    const { log } = current()
    await streamWith(log, a, 'A1')
    const giveUp = new AbortController()
    let woken = false
    const waiting = log.changed(await log.position(), giveUp.signal).then(() => {
      woken = true
    })
    await new Promise((resolve) => setTimeout(resolve, limits.pollIntervalMs * 3))
    expect(woken).toBe(false)
    giveUp.abort()
    await waiting
    await log.changed(99, AbortSignal.abort())
  })

  it('a reader of another connection when this one appends', async () => {
    const { log, openAgain } = current()
    if (openAgain === null) return
    const other = await openAgain()
    const never = new AbortController().signal
    for (const task of ['A1', 'A2', 'A3']) {
      const waiting = other.changed(await other.position(), never)
      await streamWith(log, a, task)
      await waiting
    }
    expect((await read(other, a)).map(word)).toEqual(['A1', 'A2', 'A3'])
    await other.close()
  })

  it('for good: every use afterwards says so, and closing twice is fine', async () => {
    const { log } = current()
    await streamWith(log, a, 'A1')
    await log.close()
    await log.close()
    const uses: readonly (() => Promise<unknown>)[] = [
      () => log.transact(() => 1),
      () => log.stream(a),
      () => collected(log.streams()),
      () => read(log, a),
      () => rowsOf(log, a),
      () => collected(log.readAll(0)),
      () => log.position(),
      () => log.changed(0, new AbortController().signal),
      () => listed(log.snapshots(a)),
      () => log.content(sha256('x')),
      () => listed(log.auditContents()),
      () => log.bookmark('x'),
      () => log.compact({ dropSnapshot: () => false }),
    ]
    for (const use of uses) await expectCode(use, 'STORE_CLOSED')
  })
}

async function expectCode(use: () => Promise<unknown>, code: string): Promise<void> {
  const error = await use().then(
    () => null,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(WaymarkError)
  expect(error).toMatchObject({ code })
}
